"""Call detail records: a listener on the bus that writes one row a call."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from xswitch_py.base.errors import StoreError
from xswitch_py.base.events import CallAnswered, CallEnded, CallStarted, Event
from xswitch_py.core.bus import Bus

__all__ = ["Cdrs", "keep_records", "pulse"]

log = structlog.get_logger("xswitch.core")

_PULSE: Final = 10.0  # seconds between signs of life
_PAUSE: Final = 0.02  # seconds in which what happens gathers: a write costs as much for twenty rows as for one


class Cdrs(Protocol):
    """What the records need of the store. Each writes all of its rows, or raises."""

    async def begin(self, events: Sequence[CallStarted]) -> None:
        """Open the rows of calls."""

    async def answered(self, events: Sequence[CallAnswered]) -> None:
        """Note when they were answered."""

    async def finish(self, events: Sequence[CallEnded]) -> None:
        """Complete them."""

    async def beat(self, now: float) -> None:
        """Note that the switch lives: rows that a crash leaves open are taken to end at the last such moment."""


async def keep_records(bus: Bus, cdrs: Cdrs) -> None:
    """Write what happens to calls, until the bus closes. A row that cannot be written is logged whole."""
    async for events in bus.batches(_PAUSE, size=100_000, only=(CallStarted, CallAnswered, CallEnded)):
        try:
            await _write(events, cdrs)
        except Exception:  # one record that cannot be written must not cost the others: each by itself
            for event in events:
                try:
                    await _write([event], cdrs)
                except Exception:
                    log.exception("call record not written", record=repr(event))


async def pulse(cdrs: Cdrs) -> None:
    """Give a sign of life for ever."""
    while True:
        try:
            await cdrs.beat(time.time())
        except StoreError as error:
            log.error("the database cannot be written", error=str(error))
        await asyncio.sleep(_PULSE)


async def _write(events: list[Event], cdrs: Cdrs) -> None:
    """Write in the order that holds for every call; writing a row twice changes nothing."""
    if begun := [event for event in events if isinstance(event, CallStarted)]:
        await cdrs.begin(begun)
    if answered := [event for event in events if isinstance(event, CallAnswered)]:
        await cdrs.answered(answered)
    if ended := [event for event in events if isinstance(event, CallEnded)]:
        await cdrs.finish(ended)
