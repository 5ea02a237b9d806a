"""One SQLite file: opened, brought up to date, and asked; whatever goes wrong is a `StoreError`."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import aiosqlite

from xswitch_py.base.errors import StoreError

__all__ = ["MEMORY", "MIGRATIONS", "Database", "open_database"]

MEMORY: Final = ":memory:"
BUSY: Final = 5.0  # seconds to wait for another process that writes

# One entry a version, of one statement each; `PRAGMA user_version` says how many have been applied. Append only.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE users (
            domain TEXT NOT NULL,
            name TEXT NOT NULL,
            display_name TEXT NOT NULL,
            number TEXT NOT NULL,
            role TEXT NOT NULL,
            enabled INTEGER NOT NULL,
            context TEXT NOT NULL,
            variables TEXT NOT NULL,
            web_hash TEXT,
            ha1_md5 TEXT,
            ha1_sha256 TEXT,
            PRIMARY KEY (domain, name)
        ) WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE cdrs (
            id INTEGER PRIMARY KEY,
            call TEXT NOT NULL UNIQUE,
            leg TEXT NOT NULL,
            door TEXT NOT NULL,
            user TEXT,
            caller_name TEXT NOT NULL,
            caller_number TEXT NOT NULL,
            callee_name TEXT NOT NULL,
            callee_number TEXT NOT NULL,
            started REAL NOT NULL,
            answered REAL,
            ended REAL,
            cause TEXT,
            codec TEXT NOT NULL DEFAULT '',
            packets_in INTEGER NOT NULL DEFAULT 0,
            packets_out INTEGER NOT NULL DEFAULT 0,
            lost INTEGER NOT NULL DEFAULT 0
        )
        """,
        "CREATE INDEX cdrs_open ON cdrs (id) WHERE ended IS NULL",
        "CREATE TABLE pulse (id INTEGER PRIMARY KEY CHECK (id = 1), at REAL NOT NULL)",
    ),
    (
        """
        CREATE TABLE contacts (
            key TEXT NOT NULL PRIMARY KEY,
            user TEXT NOT NULL,
            since REAL NOT NULL,
            until REAL NOT NULL,
            facts TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        "ALTER TABLE users ADD COLUMN long_ha1_md5 TEXT",
        "ALTER TABLE users ADD COLUMN long_ha1_sha256 TEXT",
    ),
)


class Database:
    """An open database. Every statement is a transaction of its own."""

    def __init__(self, connection: aiosqlite.Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    async def run(self, sql: str, values: Iterable[Any] = ()) -> int:
        """Execute one statement; returns how many rows it changed."""
        with _explained(self._name):
            async with self._connection.execute(sql, values) as cursor:
                return cursor.rowcount

    async def run_all(self, sql: str, rows: Iterable[Iterable[Any]]) -> None:
        """Execute one statement once for each row of values."""
        with _explained(self._name):
            async with self._connection.executemany(sql, rows):
                pass

    async def rows(self, sql: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """Execute one query; returns all its rows."""
        with _explained(self._name):
            return list(await self._connection.execute_fetchall(sql, values))

    async def version(self) -> int:
        """Give a number that changes when another process has written."""
        return int((await self.rows("PRAGMA data_version"))[0][0])

    async def close(self) -> None:
        """Finish what was begun, and close."""
        await self._connection.close()


async def open_database(path: Path | str) -> Database:
    """Open or make a database, in a folder that is made too; `:memory:` lives as long as it is open.

    Raises:
        StoreError: the file cannot be opened, is no database of ours, or is newer than we are.
    """
    name = str(path)
    with _explained(name):
        if name != MEMORY:
            _touch(Path(path))
        connection = await aiosqlite.connect(name, timeout=BUSY, isolation_level=None)
    database = Database(connection, name)
    try:
        await _prepare(database)
        await _migrate(database, name)
    except BaseException:
        await database.close()
        raise
    connection.row_factory = sqlite3.Row
    return database


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a question of what was asked, not of the database
    except sqlite3.Error as problem:
        raise StoreError(f"{name}: {problem}") from problem
    except OSError as problem:
        raise StoreError(f"{name}: {problem.strerror}") from problem


def _touch(path: Path) -> None:
    """Make folder and file, for the owner only, before SQLite would make them readable to all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


async def _prepare(database: Database) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        await database.run(f"PRAGMA {pragma}")


async def _migrate(database: Database, name: str) -> None:
    if await _version(database) == len(MIGRATIONS):
        return
    await database.run("BEGIN IMMEDIATE")  # from here on no other process migrates
    try:
        done = await _version(database)
        if done > len(MIGRATIONS):
            raise StoreError(f"{name}: made by a newer version of xswitch (schema {done}, we know {len(MIGRATIONS)})")
        if done == 0 and await database.rows("SELECT 1 FROM sqlite_master"):
            raise StoreError(f"{name}: a database of another program")
        for statements in MIGRATIONS[done:]:
            for statement in statements:
                await database.run(statement)
        await database.run(f"PRAGMA user_version = {len(MIGRATIONS)}")
        await database.run("COMMIT")
    except BaseException:
        await database.run("ROLLBACK")
        raise


async def _version(database: Database) -> int:
    return int((await database.rows("PRAGMA user_version"))[0][0])
