"""The database file: made, opened again, brought up to date, or refused with a clear word."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from xswitch_py.base.address import Address
from xswitch_py.base.errors import StoreError
from xswitch_py.base.records import CdrFilter
from xswitch_py.base.user import User
from xswitch_py.store import database
from xswitch_py.store.migrations import MIGRATIONS
from xswitch_py.store.open import open_store


def schema(path: Path) -> list[str]:
    with sqlite3.connect(path) as plain:
        rows = plain.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
        found = [row[0] for row in rows] + [str(plain.execute("PRAGMA user_version").fetchone()[0])]
    plain.close()
    return found


def make_version(path: Path, version: int) -> None:
    with sqlite3.connect(path) as plain:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                plain.execute(statement)
        plain.execute(f"PRAGMA user_version = {version}")
    plain.close()


async def test_the_file_is_made_with_its_folder_and_for_the_owner_only(tmp_path: Path) -> None:
    """X22."""
    path = tmp_path / "new" / "deep" / "xswitch.db"
    store = await open_store(path)
    await store.users.add(User("1000", "example.org"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    await store.close()
    assert modes == dict.fromkeys(("xswitch.db", "xswitch.db-wal", "xswitch.db-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "xswitch.db"
    for name in ("1000", "1001"):
        store = await open_store(str(path))
        await store.users.add(User(name, "example.org"))
        await store.close()
    store = await open_store(path)
    assert [user.name for user in await store.users.list("example.org")] == ["1000", "1001"]
    await store.close()


async def test_a_database_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = await open_store(":memory:")
    await store.users.add(User("1000", "example.org"))
    assert await store.users.get("1000", "example.org")
    await store.close()
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
async def test_every_older_version_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    """X27."""
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    make_version(old, version)
    for path in (old, new):
        await (await open_store(path)).close()
    assert schema(old) == schema(new)


async def test_users_survive_a_migration(tmp_path: Path) -> None:
    """X27."""
    path = tmp_path / "xswitch.db"
    make_version(path, 1)
    with sqlite3.connect(path) as plain:
        plain.execute(
            "INSERT INTO users VALUES ('example.org', '1000', 'Ann', '', 'admin', 1, 'default', '{}', '', '', '')"
        )
    plain.close()
    store = await open_store(path)
    user = await store.users.get("1000", "example.org")
    await store.close()
    assert user is not None and user.display_name == "Ann"


async def test_calls_survive_a_migration_and_of_two_users_with_one_number_the_first_keeps_it(tmp_path: Path) -> None:
    """X27."""
    path = tmp_path / "xswitch.db"
    make_version(path, 3)
    with sqlite3.connect(path) as plain:
        for domain, name, number in (
            ("a", "2", "7"), ("a", "1", "7"), ("a", "3", "7"), ("a", "4", "8"), ("a", "5", ""), ("a", "6", ""),
            ("b", "2", "7"),
        ):  # fmt: skip
            plain.execute(
                "INSERT INTO users (domain, name, display_name, number, role, enabled, context, variables) "
                "VALUES (?, ?, 'x', ?, 'user', 1, 'default', '{}')",
                (domain, name, number),
            )
        plain.execute(
            "INSERT INTO cdrs (call, leg, door, user, caller_name, caller_number, callee_name, callee_number, started) "
            "VALUES ('c1', 'l1', 'verto', '1@a', 'Ann', '7', 'Bo', '8', 5.0)"
        )
    plain.close()
    store = await open_store(path)
    numbers = {(user.domain, user.name): user.number for domain in "ab" for user in await store.users.list(domain)}
    (record,) = await store.cdrs.list(filter=CdrFilter(user=Address("1", "a")))
    await store.close()
    assert numbers == {
        ("a", "1"): "7", ("a", "2"): "", ("a", "3"): "", ("a", "4"): "8", ("a", "5"): "", ("a", "6"): "",
        ("b", "2"): "7",
    }  # fmt: skip
    assert (record.call, record.direction, record.quality) == ("c1", "internal", {})


async def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X27."""
    path = tmp_path / "xswitch.db"
    await (await open_store(path)).close()
    before = schema(path)
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE more (x)", "nonsense")))
    with pytest.raises(StoreError, match="syntax error"):
        await open_store(path)
    assert schema(path) == before


async def test_a_newer_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    """X27."""
    path = tmp_path / "xswitch.db"
    make_version(path, len(MIGRATIONS))
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA user_version = 99")
    plain.close()
    before = schema(path)
    with pytest.raises(StoreError, match="newer version of xswitch"):
        await open_store(path)
    assert schema(path) == before


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as plain:
        plain.execute("CREATE TABLE theirs (x)")
    plain.close()
    with pytest.raises(StoreError, match="another program"):
        await open_store(path)


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 1000)
    with pytest.raises(StoreError, match=r"letter\.txt: file is not a database"):
        await open_store(path)
    assert path.read_text() == "Dear reader, " * 1000


async def test_a_path_that_cannot_be_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Is a directory"):
        await open_store(tmp_path)
    with pytest.raises(StoreError, match=r"file.x\.db: (Not a directory|File exists)"):
        await open_store(tmp_path / "file" / "x.db")


async def test_two_may_have_the_file_open(tmp_path: Path) -> None:
    """The command line works beside a running server."""
    path = tmp_path / "xswitch.db"
    one, other = await open_store(path), await open_store(path)
    await one.users.add(User("1000", "example.org"))
    await other.users.add(User("1001", "example.org"))
    assert len(await one.users.list("example.org")) == len(await other.users.list("example.org")) == 2
    await one.close()
    await other.close()


async def test_a_locked_file_is_an_error_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X24."""
    monkeypatch.setattr(database, "BUSY", 0.05)
    path = tmp_path / "xswitch.db"
    store = await open_store(path)
    plain = sqlite3.connect(path, isolation_level=None)
    plain.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        await store.users.add(User("1000", "example.org"))
    plain.execute("ROLLBACK")
    plain.close()
    await store.users.add(User("1000", "example.org"))
    await store.close()
