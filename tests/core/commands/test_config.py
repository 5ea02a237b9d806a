"""The configuration: shown as plain JSON, judged, and read again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.core.commands.live import Live, live
from xswitch_py.base.errors import ConfigError, Refused
from xswitch_py.base.problem import Code
from xswitch_py.config import HostPort, problems_of
from xswitch_py.core.access import SYSTEM
from xswitch_py.core.commands import config
from xswitch_py.models.config import ConfigText, Judgement, Reloaded

ROWS: Final[dict[str, dict[str, Any]]] = {
    "domain": {"value": "example.org", "origin": "default"},
    "listen.http": {"value": HostPort("127.0.0.1", 8081), "origin": "file"},
    "listen.origins": {"value": ("a", "b"), "origin": "environment"},
    "store.path": {"value": Path("/var/x.db"), "origin": "set"},
    "call.ring_timeout": {"value": 60.0, "origin": "default"},
    "x": {"value": {"y": frozenset({"b", "a"}), "z": None}, "origin": "default"},
}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        made.desk = replace(made.desk, config=lambda: ROWS, check_config=problems_of)
        yield made


async def test_what_is_in_force_is_shown_as_json(office: Live) -> None:
    shown = (await config.get(office.desk, SYSTEM)).model_dump(mode="json")["settings"]
    assert {key: row["origin"] for key, row in shown.items()} == {key: row["origin"] for key, row in ROWS.items()}
    assert [row["value"] for row in shown.values()] == [
        "example.org", "127.0.0.1:8081", ["a", "b"], "/var/x.db", 60.0, {"y": ["a", "b"], "z": None},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ""),
        ("[call]\nring_timeout = 30", ""),
        ("[call]\nring_timeout = 'soon'", "call.ring_timeout"),
        ("[call", "Expected"),
        ("colour = 'red'", "colour"),
        ("x = " + "[" * 100_000, "nested too deeply"),
    ],
)
async def test_a_configuration_is_judged(office: Live, text: str, problem: str) -> None:
    judged = await config.validate(office.desk, SYSTEM, ConfigText(toml=text))
    assert judged.good is (not problem)
    assert problem in "\n".join(judged.problems)
    assert judged == Judgement(good=not judged.problems, problems=judged.problems)


async def test_a_reload_tells_what_waits_for_a_restart(office: Live) -> None:
    async def reload() -> list[str]:
        return ["listen", "tones"]

    desk = replace(office.desk, reload=reload)
    assert await config.reload(desk, SYSTEM) == Reloaded(needs_restart=["listen", "tones"])
    assert [entry.command for entry in office.audit] == ["config.reload"]


async def test_bad_files_are_no_fault_of_the_request(office: Live) -> None:
    async def reload() -> list[str]:
        raise ConfigError(["dialplan.toml: bad", "tones.toml: worse"])

    with pytest.raises(Refused) as error:
        await config.reload(replace(office.desk, reload=reload), SYSTEM)
    assert error.value.code is Code.CONFLICT
    assert error.value.facts["problems"] == ["dialplan.toml: bad", "tones.toml: worse"]


@pytest.mark.parametrize("role", ["user", "operator"])
async def test_the_configuration_is_for_administrators(office: Live, role: str) -> None:
    who = office.asker(role)
    for work in (
        config.get(office.desk, who),
        config.validate(office.desk, who, ConfigText(toml="")),
        config.reload(office.desk, who),
    ):
        with pytest.raises(Refused) as error:
            await work
        assert error.value.code is Code.FORBIDDEN
