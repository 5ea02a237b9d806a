"""The table of contacts: where phones could be reached when the switch went down."""

import asyncio
import json
import sqlite3
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import structlog

from xswitch_py.base.address import Address
from xswitch_py.base.contact import KeptContact
from xswitch_py.base.errors import StoreError
from xswitch_py.store.database import Database

__all__ = ["Contacts"]

log = structlog.get_logger("xswitch.store")

WAITING: Final = 20_000  # contacts that may wait to be written; what comes on top is lost
PAUSE: Final = 0.5  # seconds in which changes gather
TOGETHER: Final = 500  # rows at a time: others want to write too

_KEEP: Final = "INSERT OR REPLACE INTO contacts (key, user, since, until, facts) VALUES (?, ?, ?, ?, ?)"
_FACTS: Final = ("url", "transport", "host", "port", "call_id", "cseq", "path", "agent", "outbound")


class Contacts:
    """Keeps contacts over a restart. Changes wait in memory, where a later one takes the place of an earlier."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, KeptContact | None] = {}  # by key; None: to be removed
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self.lost = 0  # changes that were never written

    def keep(self, contact: KeptContact) -> None:
        """Write a contact soon, in place of one of the same key."""
        self._put(contact.key, contact)

    def drop(self, key: str) -> None:
        """Remove a contact soon."""
        self._put(key, None)

    async def run(self) -> None:
        """Write what changes, until `close`; then all is written."""
        while self._waiting or not self._closing.is_set():
            await self._changed.wait()
            self._changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), PAUSE)
            while self._waiting:
                await self._write()

    def close(self) -> None:
        """Let `run` end."""
        self._closing.set()
        self._changed.set()

    async def load(self, now: float) -> list[KeptContact]:
        """Return the contacts that have not expired, the oldest first; the others are removed."""
        await self._database.run("DELETE FROM contacts WHERE until <= ?", (now,))
        rows = await self._database.rows("SELECT key, user, since, until, facts FROM contacts ORDER BY since, key")
        return [_contact(row) for row in rows]

    def _put(self, key: str, contact: KeptContact | None) -> None:
        if len(self._waiting) >= WAITING and key not in self._waiting:
            self._lose(1)
            return
        self._waiting[key] = contact
        self._changed.set()

    async def _write(self) -> None:
        batch = dict(islice(self._waiting.items(), TOGETHER))
        for key in batch:
            del self._waiting[key]
        kept = [_values(each) for each in batch.values() if each is not None]
        gone = [(key,) for key, each in batch.items() if each is None]
        try:
            for sql, rows in ((_KEEP, kept), ("DELETE FROM contacts WHERE key = ?", gone)):
                if rows:
                    await self._database.run_all(sql, rows)
        except StoreError as error:
            self._lose(len(batch), why=str(error))

    def _lose(self, count: int, why: str = "too many are waiting") -> None:
        if self.lost // 1000 < (self.lost + count) // 1000 or not self.lost:  # a storm shall not become one in the log
            log.error("contacts not kept", lost=self.lost + count, why=why)
        self.lost += count


def _values(contact: KeptContact) -> tuple[Any, ...]:
    """Return a contact as a row. What a phone wrote need not be text that the database takes; as JSON it is."""
    facts = {name: getattr(contact, name) for name in _FACTS}
    return contact.key, str(contact.user), contact.since, contact.until, json.dumps(facts)


def _contact(row: sqlite3.Row) -> KeptContact:
    key, user, since, until, facts = row
    known = json.loads(facts)
    path = tuple(known.pop("path"))
    return KeptContact(key=key, user=Address.parse(user), since=since, until=until, path=path, **known)
