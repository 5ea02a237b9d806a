"""Who did what reaches the database, whatever happens to it meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from xswitch_py.base.errors import StoreError
from xswitch_py.base.records import AuditEntry
from xswitch_py.core.audit import Auditor
from xswitch_py.store.open import Store, open_store


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    made = await open_store(":memory:")
    yield made
    await made.close()


def entry(target: str, at: float | None = None) -> AuditEntry:
    return AuditEntry(
        0, time.time() if at is None else at, "admin", "admin", "192.0.2.1", "users.create", target, "done"
    )


async def targets(store: Store) -> list[str]:
    return [each.target for each in await store.audit.list()]


async def test_what_is_noted_is_written_at_the_end(store: Store) -> None:
    auditor = Auditor(store.audit)
    for number in range(20):
        auditor.note(entry(str(number)))
    auditor.close()
    await auditor.run()
    assert await targets(store) == [str(number) for number in reversed(range(20))]


async def test_what_is_noted_is_written_soon(store: Store) -> None:
    auditor = Auditor(store.audit)
    running = asyncio.create_task(auditor.run())
    for round in ("1", "2"):
        auditor.note(entry(round))
        async with asyncio.timeout(2):
            while (await targets(store))[:1] != [round]:
                await asyncio.sleep(0)
    auditor.close()
    await running


class Failing:
    """A database that works again after some failures."""

    def __init__(self, store: Store, failures: float) -> None:
        self.store, self.failures = store, failures

    async def add(self, entry: AuditEntry) -> int:
        self.failures -= 1
        if self.failures >= 0:
            raise StoreError("locked")
        return await self.store.audit.add(entry)

    async def trim(self, most: int, before: float) -> int:
        raise StoreError("locked")

    async def list(
        self, limit: int = 100, before: int | None = None, *, who: str = "", command: str = "", target: str = ""
    ) -> list[AuditEntry]:
        raise AssertionError


async def test_a_locked_database_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.core.audit.PAUSE", 0.001)
    auditor = Auditor(Failing(store, 5))
    running = asyncio.create_task(auditor.run())
    auditor.note(entry("1"))
    auditor.note(entry("2"))
    async with asyncio.timeout(2):
        while len(await targets(store)) < 2:
            await asyncio.sleep(0)
    auditor.close()
    await running
    assert await targets(store) == ["2", "1"] and auditor.lost == 0


async def test_a_database_that_stays_broken_does_not_keep_us_from_stopping(store: Store) -> None:
    auditor = Auditor(Failing(store, float("inf")))
    running = asyncio.create_task(auditor.run())
    for number in range(3):
        auditor.note(entry(str(number)))
    await asyncio.sleep(0)
    auditor.close()
    await asyncio.wait_for(running, 2)
    assert auditor.lost == 3


async def test_what_waits_is_bounded_and_the_latest_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.core.audit.WAITING", 10)
    auditor = Auditor(store.audit)
    for number in range(25):
        auditor.note(entry(str(number)))
    auditor.close()
    await auditor.run()
    assert await targets(store) == [str(number) for number in reversed(range(15, 25))]
    assert auditor.lost == 15


async def test_old_entries_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.core.audit.TRIM", 4)
    await store.audit.add(entry("old", at=1.0))
    auditor = Auditor(store.audit, most=2)
    for number in range(4):
        auditor.note(entry(str(number)))
    auditor.close()
    await auditor.run()
    assert await targets(store) == ["3", "2"]
