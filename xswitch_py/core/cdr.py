"""Call detail records: a listener on the bus that writes one row a call."""

import asyncio
import time
from typing import Protocol

import structlog

from xswitch_py.base.errors import StoreError
from xswitch_py.base.events import CallAnswered, CallEnded, CallStarted, Event
from xswitch_py.core.bus import Bus

__all__ = ["Cdrs", "keep_records", "pulse"]

log = structlog.get_logger("xswitch.core")

_PULSE = 10.0  # seconds between signs of life


class Cdrs(Protocol):
    """What the records need of the store."""

    async def begin(self, event: CallStarted) -> None:
        """Open a call's row."""

    async def answered(self, event: CallAnswered) -> None:
        """Note when it was answered."""

    async def finish(self, event: CallEnded) -> None:
        """Complete it."""

    async def beat(self, now: float) -> None:
        """Note that the switch lives: rows that a crash leaves open are taken to end at the last such moment."""


async def keep_records(bus: Bus, cdrs: Cdrs) -> None:
    """Write what happens to calls, until the bus closes. A row that cannot be written is logged whole."""
    async for event in bus.listen(size=100_000):
        try:
            await _write(event, cdrs)
        except Exception:  # one record that cannot be written must not cost those that follow
            log.exception("call record not written", record=repr(event))


async def pulse(cdrs: Cdrs) -> None:
    """Give a sign of life for ever."""
    while True:
        try:
            await cdrs.beat(time.time())
        except StoreError as error:
            log.error("the database cannot be written", error=str(error))
        await asyncio.sleep(_PULSE)


async def _write(event: Event, cdrs: Cdrs) -> None:
    match event:
        case CallStarted():
            await cdrs.begin(event)
        case CallAnswered():
            await cdrs.answered(event)
        case CallEnded():
            await cdrs.finish(event)
        case _:
            pass
