"""What is played to a leg, and what its peer presses then: for actions, flows and programs alike."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from xswitch_py.base import events
from xswitch_py.base.errors import MediaError
from xswitch_py.core.call import Call
from xswitch_py.core.leg import Leg

__all__ = ["Digits", "Wanted", "gather", "play", "stop"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be pressed. Times in seconds."""

    most: int = 1
    least: int = 1
    timeout: float = 5.0  # for the first digit, from the end of what is played
    between: float = 3.0  # for each further one
    terminators: str = "#"
    sources: tuple[str, ...] = ()  # played first, until a digit comes
    tries: int = 1
    secret: bool = False  # whether nobody else is told what was pressed


@dataclass(frozen=True, slots=True)
class Digits:
    """What was pressed: `why` it is all is "count", "terminator" or "timeout"."""

    text: str
    why: str
    terminator: str = ""


async def play(call: Call, leg: Leg, source: str, *, loop: bool = False) -> str:
    """Let a leg hear a source; give why it is over: "done", "stopped", or "hangup".

    Raises:
        MediaError: there is no such source.
    """
    task = asyncio.ensure_future(call.services.media.play(leg.id, source, loop=loop))
    call.sounds.add(task)
    started, why, bus = False, "stopped", call.services.bus
    try:
        await asyncio.wait((task,), timeout=0)  # what there is not fails at once, and was never played
        if not task.done() or task.cancelled() or task.exception() is None:
            started = True
            bus.publish(events.PlaybackStarted(call.id, leg.id, time.time(), source))
        await asyncio.wait((task,))
        if not task.cancelled():
            task.result()
            why = "done"
    except MediaError:
        why = "failed"
        if leg.cause is None:
            raise
    finally:
        task.cancel()
        call.sounds.discard(task)
        why = why if leg.cause is None else "hangup"
        if started:
            bus.publish(events.PlaybackEnded(call.id, leg.id, time.time(), source, why))
    return why


def stop(call: Call) -> int:
    """End all that is played to a call by `play`; returns how many there were."""
    sounds = [task for task in call.sounds if not task.done()]
    for task in sounds:
        task.cancel()
    return len(sounds)


async def gather(call: Call, leg: Leg, wanted: Wanted) -> Digits:
    """Wait for digits, and tell the bus what came; what was pressed before counts only if nothing is played.

    Raises:
        MediaError: there is no such source.
    """
    if wanted.sources:
        while not leg.digits.empty():
            leg.digits.get_nowait()
    heard, leg.secret = Digits("", "timeout"), wanted.secret
    try:
        for _ in range(wanted.tries):
            heard = await _attempt(call, leg, wanted)
            if len(heard.text) >= wanted.least:
                break
    finally:
        leg.secret = False
    shown = "" if wanted.secret else heard.text
    call.services.bus.publish(events.DigitsGathered(call.id, leg.id, time.time(), shown, heard.why))
    return heard


async def _attempt(call: Call, leg: Leg, wanted: Wanted) -> Digits:
    text = ""
    async with _prompt(call, leg, wanted.sources) as over:
        first = await _next(leg, over, wanted.timeout)
    digit = first
    while digit is not None:
        if digit in wanted.terminators:
            return Digits(text, "terminator", digit)
        text += digit
        if len(text) >= wanted.most:
            return Digits(text, "count")
        digit = await _within(leg, wanted.between)
    return Digits(text, "timeout")


@contextlib.asynccontextmanager
async def _prompt(call: Call, leg: Leg, sources: tuple[str, ...]) -> AsyncIterator[asyncio.Task[None]]:
    """Play one after the other, until the block is left."""

    async def all_of_them() -> None:
        for source in sources:
            await play(call, leg, source)

    task = asyncio.create_task(all_of_them(), name=f"prompt {call.id}")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait((task,))
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _next(leg: Leg, over: asyncio.Task[None], patience: float) -> str | None:
    """Wait for a digit while something is played, and then for some seconds more."""
    digit = asyncio.ensure_future(leg.digits.get())
    try:
        await asyncio.wait((digit, over), return_when=asyncio.FIRST_COMPLETED)
        if not digit.done() and not (over.done() and not over.cancelled() and over.exception() is not None):
            await asyncio.wait((digit,), timeout=patience)
        return digit.result() if digit.done() else None
    finally:
        digit.cancel()


async def _within(leg: Leg, seconds: float) -> str | None:
    try:
        async with asyncio.timeout(seconds):
            return await leg.digits.get()
    except TimeoutError:
        return None
