"""Call records: each event becomes a row, and what one row costs the others do not pay."""

import asyncio
from collections.abc import Sequence

from structlog.testing import capture_logs

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import StoreError
from xswitch_py.base.events import CallAnswered, CallEnded, CallStarted, Event
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.core.bus import Bus
from xswitch_py.core.cdr import keep_records, pulse

ALICE, BOB = Party("Alice", "1000"), Party("Bob", "1001")


class Rows:
    """A store that remembers, and cannot write the calls named in `broken`."""

    def __init__(self, **broken: Exception) -> None:
        self.written: list[tuple[str, str]] = []
        self.broken = broken
        self.beats: asyncio.Queue[float] = asyncio.Queue()

    async def begin(self, events: Sequence[CallStarted]) -> None:
        self._write("begin", events)

    async def answered(self, events: Sequence[CallAnswered]) -> None:
        self._write("answered", events)

    async def finish(self, events: Sequence[CallEnded]) -> None:
        self._write("finish", events)

    async def beat(self, now: float) -> None:
        self.beats.put_nowait(now)
        raise StoreError("disk full")

    def _write(self, what: str, events: Sequence[CallStarted | CallAnswered | CallEnded]) -> None:
        for event in events:
            if event.call in self.broken:
                raise self.broken[event.call]
            self.written.append((what, event.call))


def life(name: str) -> list[Event]:
    """Everything that is recorded of a call."""
    call, leg = CallId(name), LegId(f"leg of {name}")
    return [
        CallStarted(call, leg, 1.0, ALICE, BOB, None, "verto"),
        CallAnswered(call, 2.0),
        CallEnded(call, leg, 1.0, 2.0, 3.0, Cause.NORMAL_CLEARING, ALICE, BOB, None, "opus", 50, 50, 0),
    ]


async def recorded(rows: Rows, events: list[Event]) -> None:
    """Let all of it happen, and be written."""
    bus = Bus()
    task = asyncio.create_task(keep_records(bus, rows))
    await asyncio.sleep(0)
    for event in events:
        bus.publish(event)
    bus.close()
    await task


async def test_a_call_is_begun_answered_and_finished() -> None:
    rows = Rows()
    await recorded(rows, life("one"))
    assert rows.written == [("begin", "one"), ("answered", "one"), ("finish", "one")]


async def test_a_record_that_cannot_be_written_is_logged_whole_and_costs_no_other() -> None:
    """X24."""
    rows = Rows(one=StoreError("disk full"), two=ZeroDivisionError())
    with capture_logs() as lines:
        await recorded(rows, [*life("one"), *life("two"), *life("three")])
    assert rows.written == [("begin", "three"), ("answered", "three"), ("finish", "three")]
    told = [line["record"] for line in lines if line["event"] == "call record not written"]
    assert len(told) == 6
    assert "NORMAL_CLEARING" in told[-1]


async def test_the_sign_of_life_goes_on_when_the_disk_is_full() -> None:
    rows = Rows()
    with capture_logs() as lines:
        task = asyncio.create_task(pulse(rows))
        await rows.beats.get()
        await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])
    assert lines[0]["event"] == "the database cannot be written"
