"""Who did what, written in the background: whoever does it never waits for the database."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import structlog

from xswitch_py.base.errors import StoreError
from xswitch_py.base.records import AuditEntry
from xswitch_py.core.stores import AuditStore

__all__ = ["Auditor"]

log = structlog.get_logger("xswitch.core")

WAITING: Final = 10_000  # entries; of more the oldest are lost
KEPT: Final = 100_000  # entries in the database
OLDEST: Final = 366 * 86_400.0  # seconds
TRIM: Final = 1000  # entries between looking for old ones
PAUSE: Final = 1.0  # seconds before the database is tried again
TRIES: Final = 3  # once it is to be closed


class Auditor:
    """Keeps entries until they are written."""

    def __init__(self, store: AuditStore, *, most: int = KEPT, oldest: float = OLDEST) -> None:
        """At most so many entries are kept, each for so many seconds."""
        self._store = store
        self._most, self._oldest = most, oldest
        self._queue: deque[AuditEntry] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._written = 0
        self.lost = 0  # entries that were never written

    def note(self, entry: AuditEntry) -> None:
        """Take an entry. Never waits and never fails."""
        if len(self._queue) >= WAITING:
            self._queue.popleft()
            self._lose(1)
        self._queue.append(entry)
        self._news.set()

    async def run(self) -> None:
        """Write what is noted until it is closed, and then what is left."""
        await self._trim()
        async for entry in self._entries():
            await self._write(entry)
            self._written += 1
            if self._written % TRIM == 0:
                await self._trim()

    def close(self) -> None:
        """Let `run` end once all is written."""
        self._closed = True
        self._news.set()

    async def _entries(self) -> AsyncIterator[AuditEntry]:
        while self._queue or not self._closed:
            while self._queue:
                yield self._queue.popleft()
            if not self._closed:
                self._news.clear()
                await self._news.wait()

    async def _write(self, entry: AuditEntry) -> None:
        """Write one entry, however often it takes; at the end only a few times."""
        tries = 0
        while not self._closed or tries < TRIES:
            try:
                await self._store.add(entry)
                return
            except StoreError as error:
                log.error("an audit entry could not be written", error=str(error))
            tries += 1
            await self._pause()
        self._lose(1)

    async def _pause(self) -> None:
        """Wait a little; no longer once it is to be closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE):
                while not self._closed:
                    self._news.clear()
                    await self._news.wait()

    async def _trim(self) -> None:
        try:
            await self._store.trim(self._most, time.time() - self._oldest)
        except StoreError as error:
            log.error("old audit entries could not be removed", error=str(error))

    def _lose(self, count: int) -> None:
        self.lost += count
        if self.lost == count or self.lost % TRIM == 0:
            log.error("audit entries lost", lost=self.lost)
