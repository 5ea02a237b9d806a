"""Transactions: together or not at all, and nobody in between."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from xswitch_py.base.errors import StoreError
from xswitch_py.store.database import MOST, Database, Statements, open_database, page
from xswitch_py.store.open import Store

PUT = "INSERT INTO pulse VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at"


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[list[Database]]:
    """Open one file twice, as two processes would; both give up at once where another one writes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("xswitch_py.store.database.BUSY", 0.05)
        opened = [await open_database(tmp_path / "x.db") for _ in range(2)]
    yield opened
    for database in opened:
        await database.close()


async def pulse(database: Database | Statements) -> list[float]:
    return [row[0] for row in await database.rows("SELECT at FROM pulse")]


async def test_a_transaction_takes_effect_as_a_whole(store: Store) -> None:
    async with store.database.transaction() as work:
        await work.run(PUT, (1.0,))
        await work.run_all(PUT, [(2.0,), (3.0,)])
        assert await pulse(work) == [3.0]
    assert await pulse(store.database) == [3.0]


async def test_an_error_undoes_it(store: Store) -> None:
    with pytest.raises(StoreError, match="syntax error"):
        async with store.database.transaction() as work:
            await work.run(PUT, (1.0,))
            await work.run("nonsense")
    assert await pulse(store.database) == []


async def test_others_wait_for_its_end_and_see_all_or_nothing(store: Store) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with store.database.transaction() as work:
            await work.run(PUT, (1.0,))
            begun.set()
            await go_on.wait()
            await work.run(PUT, (2.0,))

    task = asyncio.create_task(slow())
    await begun.wait()
    others = [
        asyncio.create_task(pulse(store.database)),
        asyncio.create_task(store.database.run("UPDATE pulse SET at = at + 10")),
        asyncio.create_task(store.database.run_all("UPDATE pulse SET at = at + ?", [(100.0,)])),
    ]
    for _ in range(20):
        await asyncio.sleep(0)
    assert not any(other.done() for other in others)
    go_on.set()
    assert (await asyncio.gather(task, *others))[1] == [2.0]
    assert await pulse(store.database) == [112.0]


async def test_transactions_wait_for_each_other(store: Store) -> None:
    await store.database.run(PUT, (0.0,))

    async def count() -> None:
        async with store.database.transaction() as work:
            (seen,) = await pulse(work)
            await asyncio.sleep(0)
            await work.run(PUT, (seen + 1,))

    await asyncio.gather(*(count() for _ in range(50)))
    assert await pulse(store.database) == [50.0]


@pytest.mark.parametrize("steps", range(12))
async def test_whenever_it_is_cancelled_it_is_whole_or_undone(both: list[Database], steps: int) -> None:
    """Also while it begins or ends: no transaction stays open, and another process can write at once."""
    mine, other = both

    async def work() -> None:
        async with mine.transaction() as statements:
            await statements.run("INSERT INTO pulse VALUES (1, 1.0)")
            await statements.run("UPDATE pulse SET at = 2.0")

    task = asyncio.create_task(work())
    for _ in range(steps):
        await asyncio.sleep(0.0002)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    left = await pulse(mine)
    assert left in ([], [2.0])
    assert await pulse(other) == left
    await other.run(PUT, (3.0,))
    await mine.run(PUT, (4.0,))
    assert await pulse(other) == [4.0]


async def test_a_transaction_that_cannot_begin_is_an_error_and_holds_up_nobody(both: list[Database]) -> None:
    mine, other = both
    async with other.transaction() as work:
        await work.run(PUT, (1.0,))
        with pytest.raises(StoreError, match="locked"):
            async with mine.transaction():
                pytest.fail("it has begun")
        assert await pulse(mine) == []
    async with mine.transaction() as work:
        assert await pulse(work) == [1.0]


@pytest.mark.parametrize("value", ["\ud800", 1 << 63])
async def test_what_cannot_be_kept_is_an_error_of_ours(store: Store, value: object) -> None:
    with pytest.raises(StoreError, match="cannot be kept"):
        await store.database.rows("SELECT ?", (value,))


def test_a_list_is_never_too_long() -> None:
    assert [page(limit) for limit in (-1, 0, 7, MOST, MOST + 1)] == [0, 0, 7, MOST, MOST]
