"""One SQLite file: opened, brought up to date, and asked; whatever goes wrong is a `StoreError`."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiosqlite

from xswitch_py.base.errors import StoreError, Taken
from xswitch_py.store.migrations import MIGRATIONS

__all__ = ["MEMORY", "MOST", "Database", "Statements", "open_database", "page", "taken"]

MEMORY: Final = ":memory:"
BUSY: Final = 5.0  # seconds to wait for another process that writes
MOST: Final = 1000  # rows in one list


class Statements:
    """What can be asked of a connection. Without a transaction around it, every statement is one of its own."""

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
        """Execute one query, or a statement that gives back what it changed; returns all its rows."""
        with _explained(self._name):
            return list(await self._connection.execute_fetchall(sql, values))


class Database:
    """An open database. Statements go one by one, unless they come in a transaction."""

    def __init__(self, connection: aiosqlite.Connection, name: str) -> None:
        self._connection = connection
        self._statements = Statements(connection, name)
        self._turn = asyncio.Lock()  # of transactions among each other
        self._free = asyncio.Event()  # no transaction goes on
        self._free.set()

    async def run(self, sql: str, values: Iterable[Any] = ()) -> int:
        """Execute one statement; returns how many rows it changed."""
        await self._gap()
        return await self._statements.run(sql, values)

    async def run_all(self, sql: str, rows: Iterable[Iterable[Any]]) -> None:
        """Execute one statement once for each row of values."""
        await self._gap()
        await self._statements.run_all(sql, rows)

    async def rows(self, sql: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """Execute one query, or a statement that gives back what it changed; returns all its rows."""
        await self._gap()
        return await self._statements.rows(sql, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """Let statements take effect together or, after an error or cancellation, not at all; nobody gets in between.

        In the body ask only the statements that this gives: the database itself waits for the end of it.
        """
        async with self._turn:
            self._free.clear()
            try:
                await self._statements.run("BEGIN IMMEDIATE")
                yield self._statements
                await self._statements.run("COMMIT")
            except BaseException:
                # Even if we are cancelled here too, this is in the connection's queue, before whatever comes next.
                with suppress(StoreError):  # it had not begun, or was over
                    await self._statements.run("ROLLBACK")
                raise
            finally:
                self._free.set()

    async def version(self) -> int:
        """Give a number that changes when another process has written."""
        return int((await self.rows("PRAGMA data_version"))[0][0])

    async def close(self) -> None:
        """Finish what was begun, and close."""
        await self._connection.close()

    async def _gap(self) -> None:
        """Wait until no transaction goes on. Who comes back from this puts a statement into the queue at once."""
        while not self._free.is_set():
            await self._free.wait()


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


def page(limit: int) -> int:
    """Return how many rows a list of at most `limit` may have."""
    return max(0, min(limit, MOST))


@contextmanager
def taken(what: str) -> Iterator[None]:
    """Say `Taken` if `what` is there already."""
    try:
        yield
    except sqlite3.IntegrityError as problem:
        raise Taken(f"{what} exists already") from problem


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a question of what was asked, not of the database
    except sqlite3.Error as problem:
        raise StoreError(f"{name}: {problem}") from problem
    except (UnicodeEncodeError, OverflowError) as problem:  # half a surrogate pair, or a number of more than 64 bits
        raise StoreError(f"{name}: a value that cannot be kept") from problem
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
    async with database.transaction() as work:  # from here on no other process migrates
        done = await _version(work)
        if done > len(MIGRATIONS):
            raise StoreError(f"{name}: made by a newer version of xswitch (schema {done}, we know {len(MIGRATIONS)})")
        if done == 0 and await work.rows("SELECT 1 FROM sqlite_master"):
            raise StoreError(f"{name}: a database of another program")
        for statements in MIGRATIONS[done:]:
            for statement in statements:
                await work.run(statement)
        await work.run(f"PRAGMA user_version = {len(MIGRATIONS)}")


async def _version(database: Database | Statements) -> int:
    return int((await database.rows("PRAGMA user_version"))[0][0])
