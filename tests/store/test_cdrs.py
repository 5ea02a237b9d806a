"""Call detail records: written as a call goes on, whole after it, and not lost by a crash."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.events import CallAnswered, CallEnded, CallStarted
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.base.records import Cdr
from xswitch_py.store.database import MOST
from xswitch_py.store.open import Store, open_store

ANN, BO = Party("Ann \u00c5", "1000"), Party("", "9196")
USER = Address("1000", "example.org")
STARTED = CallStarted(CallId("c1"), LegId("l1"), 100.25, ANN, BO, USER, "verto")
ENDED = CallEnded(
    CallId("c1"), LegId("l1"), 100.25, 101.5, 160.75, Cause.NORMAL_CLEARING, ANN, BO, USER, "opus", 3000, 2999, 4
)
OPEN = Cdr(1, CallId("c1"), LegId("l1"), "verto", USER, ANN, BO, 100.25, None, None, None, "", 0, 0, 0)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    opened = await open_store(":memory:")
    yield opened
    await opened.close()


def started(number: int) -> CallStarted:
    return replace(STARTED, call=CallId(f"c{number}"), at=float(number))


async def test_a_record_grows_with_its_call(store: Store) -> None:
    await store.cdrs.begin([STARTED])
    assert await store.cdrs.list() == [OPEN]
    await store.cdrs.answered([CallAnswered(CallId("c1"), 101.5)])
    assert await store.cdrs.list() == [replace(OPEN, answered=101.5)]
    await store.cdrs.finish([ENDED])
    whole = replace(
        OPEN, answered=101.5, ended=160.75, cause=Cause.NORMAL_CLEARING, codec="opus", packets_in=3000,
        packets_out=2999, lost=4,
    )  # fmt: skip
    assert await store.cdrs.list() == [whole]


async def test_an_unanswered_call_of_a_stranger_is_kept(store: Store) -> None:
    await store.cdrs.begin([replace(STARTED, user=None)])
    await store.cdrs.finish([replace(ENDED, user=None, answered=None, cause=Cause.USER_BUSY)])
    (record,) = await store.cdrs.list()
    assert (record.user, record.answered, record.cause) == (None, None, Cause.USER_BUSY)


async def test_a_call_whose_beginning_got_lost_is_still_recorded(store: Store) -> None:
    await store.cdrs.finish([ENDED])
    (record,) = await store.cdrs.list()
    assert (record.started, record.ended, record.door, record.caller) == (100.25, 160.75, "", ANN)


async def test_a_beginning_told_twice_is_one_record(store: Store) -> None:
    await store.cdrs.begin([STARTED])
    await store.cdrs.begin([STARTED])
    assert await store.cdrs.list() == [OPEN]


async def test_records_are_listed_newest_first_page_by_page(store: Store) -> None:
    for number in range(7):
        await store.cdrs.begin([started(number)])
    pages: list[list[str]] = []
    before: int | None = None
    while page := await store.cdrs.list(3, before):
        pages.append([record.call for record in page])
        before = page[-1].id
    assert pages == [["c6", "c5", "c4"], ["c3", "c2", "c1"], ["c0"]]
    assert await store.cdrs.list(-1) == []
    assert len(await store.cdrs.list(MOST * 10)) == 7


async def test_direction_and_quality_are_kept(store: Store) -> None:
    quality = {"heard": {"mos": 4.3, "lost": 2}, "told": None, "codec": "opus"}
    await store.cdrs.begin([STARTED])
    await store.cdrs.finish([replace(ENDED, direction="outbound", quality=quality)])
    record = await store.cdrs.get(CallId("c1"))
    assert record is not None and (record.direction, record.quality) == ("outbound", quality)
    assert await store.cdrs.get(CallId("c2")) is None


async def test_only_a_call_that_is_over_can_be_removed(store: Store) -> None:
    await store.cdrs.begin([STARTED])
    assert not await store.cdrs.remove(CallId("c1"))
    await store.cdrs.finish([ENDED])
    assert await store.cdrs.remove(CallId("c1"))
    assert not await store.cdrs.remove(CallId("c1"))
    assert await store.cdrs.list() == []


async def test_a_list_goes_on_where_the_page_before_ended_though_that_call_was_removed(store: Store) -> None:
    for number in range(5):
        await store.cdrs.finish([replace(ENDED, call=CallId(f"c{number}"), started=float(number))])
    page = await store.cdrs.list(2)
    await store.cdrs.remove(page[-1].call)
    assert [record.call for record in await store.cdrs.list(2, page[-1].id)] == ["c2", "c1"]
    assert await store.cdrs.list(2, 0) == []


async def test_a_call_that_was_written_late_is_listed_where_it_began(store: Store) -> None:
    for number in (1, 3, 2):
        await store.cdrs.begin([started(number)])
    assert [record.call for record in await store.cdrs.list()] == ["c3", "c2", "c1"]


async def test_open_calls_are_ended_at_the_last_beat(store: Store) -> None:
    for number in (1, 2, 3, 30):
        await store.cdrs.begin([started(number)])
    await store.cdrs.answered([CallAnswered(CallId("c2"), 25.0)])
    await store.cdrs.finish([replace(ENDED, call=CallId("c3"), ended=9.0)])
    await store.cdrs.beat(10.0)
    await store.cdrs.beat(20.0)
    assert await store.cdrs.recover() == 3
    ends = {record.call: (record.ended, record.cause) for record in await store.cdrs.list()}
    assert ends == {
        "c1": (20.0, Cause.CRASH),
        "c2": (25.0, Cause.CRASH),  # answered after the last beat
        "c3": (9.0, Cause.NORMAL_CLEARING),
        "c30": (30.0, Cause.CRASH),
    }
    assert await store.cdrs.recover() == 0


async def test_without_a_beat_open_calls_end_where_they_were_last_seen(store: Store) -> None:
    await store.cdrs.begin([STARTED])
    assert await store.cdrs.recover() == 1
    assert [record.ended for record in await store.cdrs.list()] == [100.25]


VICTIM = """
import asyncio, sys
from xswitch_py.base.events import CallAnswered, CallStarted
from xswitch_py.base.offer import Party
from xswitch_py.store.open import open_store

async def main():
    store = await open_store(sys.argv[1])
    await store.cdrs.beat(5.0)
    number = 0
    while True:
        number += 1
        call = f"c{number}"
        await store.cdrs.begin([CallStarted(call, call, number / 1e6, Party("", "1"), Party("", "2"), None, "verto")])
        await store.cdrs.answered([CallAnswered(call, number / 1e6)])
        print(number, flush=True)

asyncio.run(main())
"""


async def test_a_killed_switch_loses_no_record_it_has_written(tmp_path: Path) -> None:
    path = tmp_path / "xswitch.db"
    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM, path, stdout=asyncio.subprocess.PIPE)
    assert victim.stdout is not None
    while int(await victim.stdout.readline()) < 50:
        pass
    victim.send_signal(signal.SIGKILL)
    said = [int(line) for line in (await victim.stdout.read()).split(b"\n") if line.isdigit()]
    assert await victim.wait() == -signal.SIGKILL
    least = max(said, default=50)
    store = await open_store(path)
    crashed = await store.cdrs.recover()
    records = await store.cdrs.list(MOST)
    await store.close()
    assert least <= crashed <= least + 1
    assert {f"c{number}" for number in range(1, least + 1)} <= {record.call for record in records}
    assert {(record.ended, record.cause) for record in records} == {(5.0, Cause.CRASH)}
