"""`xswitch user`: who may come in."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from xswitch_py.cli.user import command
from xswitch_py.store.open import open_store

RUNNER = CliRunner()


class Shell:
    """Runs `xswitch user` on one database."""

    def __init__(self, folder: Path) -> None:
        self.store = ["--set", f"store.path={folder / 'x.db'}", "--set", "domain=pbx.test"]

    def __call__(self, *arguments: str, code: int = 0, input: str | None = None) -> str:
        """Run it; give everything it said."""
        made = RUNNER.invoke(command, [*arguments, *self.store], input=input)
        assert made.exit_code == code, made.output
        return made.output

    def users(self) -> list[dict[str, Any]]:
        """List the users."""
        read: list[dict[str, Any]] = json.loads(self("list", "--json"))
        return read


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_user_is_added_listed_changed_and_removed(shell: Shell) -> None:
    assert shell.users() == []
    shell("add", "1001", "--password", "secret-word", "--display-name", "张三")
    expected = {
        "name": "1001", "domain": "pbx.test", "display_name": "张三", "number": "", "role": "user",
        "context": "default", "enabled": True,
    }  # fmt: skip
    assert shell.users() == [expected]
    shell("set", "1001", "--number", "88", "--role", "operator", "--disabled")
    assert shell.users() == [expected | {"number": "88", "role": "operator", "enabled": False}]
    assert "1001" in shell("list")
    shell("remove", "1001")
    assert shell.users() == []


def test_a_role_of_the_sites_own_is_kept_and_read_again(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "permissions.toml"
    path.write_text('[sales]\nmethods = ["verto"]\n')
    assert "--role: there is no role sales" in shell("add", "1001", "--password", "x", "--role", "sales", code=2)
    shell("add", "1001", "--password", "x", "--role", "sales", "--set", f"files.permissions={path}")
    assert shell.users()[0]["role"] == "sales"


def test_a_user_exists_once(shell: Shell) -> None:
    shell("add", "1001", "--password", "secret-word")
    assert "1001" in shell("add", "1001", "--password", "secret-word", code=1)


@pytest.mark.parametrize("arguments", [["set", "1001", "--number", "1"], ["remove", "1001"]])
def test_who_is_not_there_cannot_be_changed(shell: Shell, arguments: list[str]) -> None:
    assert "1001" in shell(*arguments, code=1)


def test_a_password_may_come_from_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret-word\n")
    shell("add", "1001", "--password-file", str(tmp_path / "secret"))
    shell("add", "1002", "--password-file", str(tmp_path / "none"), code=2)
    assert [user["name"] for user in shell.users()] == ["1001"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--password", ""],
        ["--password", "a", "--password-file", "b"],
        ["--password", "a", "--role", "king"],
        [],  # there is no terminal to ask
    ],
)
def test_what_is_written_wrong_adds_nobody(shell: Shell, wrong: list[str]) -> None:
    shell("add", "1001", *wrong, code=2)
    assert shell.users() == []


@pytest.mark.parametrize("name", ["", "a b", "a@b", "x" * 65, "sip:1001"])
def test_a_name_must_be_one_that_can_be_dialled(shell: Shell, name: str) -> None:
    made = RUNNER.invoke(command, ["add", *shell.store, "--password", "secret-word", "--", name])
    assert made.exit_code == 1
    assert shell.users() == []


def test_the_password_is_shown_nowhere(shell: Shell, tmp_path: Path) -> None:
    said = shell("add", "1001", "--password", "secret-word") + shell("list") + shell("list", "--json")
    assert "secret-word" not in said
    assert b"secret-word" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


async def opens(folder: Path, password: str, *, web: bool) -> bool:
    """Say whether 1001 comes in with this."""
    store = await open_store(folder / "x.db")
    try:
        user = await store.users.get("1001", "pbx.test")
        assert user is not None
        return await store.passwords.check(user, password) if web else user.check_phone(password)
    finally:
        await store.close()


@pytest.mark.parametrize("web", [False, True])
def test_a_password_is_set_anew(shell: Shell, tmp_path: Path, web: bool) -> None:
    kind = ["--web"] if web else []
    shell("add", "1001", "--password", "first-word")
    said = shell("reset-password", "1001", "--password-file", "-", *kind, input="second-word\n")
    assert said == ""
    assert asyncio.run(opens(tmp_path, "second-word", web=web))
    made_up = shell("reset-password", "1001", "--made-up", *kind).strip()
    assert asyncio.run(opens(tmp_path, made_up, web=web))
    assert not asyncio.run(opens(tmp_path, "second-word", web=web))


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (2, ["1001"]),  # there is no terminal to ask
        (2, ["1001", "--made-up", "--password", "second-word"]),
        (2, ["1001", "--web", "--password", "short"]),
        (1, ["1002", "--made-up"]),
        (1, ["1002", "--web", "--made-up"]),
    ],
)
def test_a_password_that_makes_no_sense_is_not_set(shell: Shell, tmp_path: Path, code: int, wrong: list[str]) -> None:
    shell("add", "1001", "--password", "first-word")
    shell("reset-password", *wrong, code=code)
    assert asyncio.run(opens(tmp_path, "first-word", web=False))
