"""One call from one make of phone to another, judged by what each end hears."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from tests.matrix.phones import CALLEE, CALLER, KINDS, Desk, Phone

__all__ = ["Outcome", "call", "tried"]

_LIMIT_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pairing went."""

    ms: float = 0.0  # from the call to the answer, as both ends see it
    failure: str = ""  # empty: each heard the other

    def cell(self) -> str:
        """It, in a table."""
        return "FAILED" if self.failure else f"{self.ms:.0f} ms"


async def call(desk: Desk, caller_kind: str, callee_kind: str) -> float:
    """Call, hear each other, hang up; gives the ms from the call to the answer."""
    async with AsyncExitStack() as phones:
        caller = await KINDS[caller_kind](desk, CALLER)
        phones.push_async_callback(caller.close)
        callee = await KINDS[callee_kind](desk, CALLEE)
        phones.push_async_callback(callee.close)
        return await _call(caller, callee)


async def tried(desk: Desk, caller_kind: str, callee_kind: str) -> Outcome:
    """The same, with a failure as an outcome."""
    try:
        async with asyncio.timeout(_LIMIT_S):
            return Outcome(await call(desk, caller_kind, callee_kind))
    except Exception as failure:
        return Outcome(failure=f"{type(failure).__name__}: {failure}")


async def _call(caller: Phone, callee: Phone) -> float:
    start = time.monotonic()
    await caller.call(callee.part.user)
    await callee.rung()
    await asyncio.gather(callee.answer(), caller.up())
    ms = 1000 * (time.monotonic() - start)
    await asyncio.gather(_hear(caller, callee), _hear(callee, caller))
    ends, waits = (caller, callee) if caller.hangs_up else (callee, caller)
    if ends.hangs_up:
        await ends.hangup()
        await waits.over()
    return ms


async def _hear(ear: Phone, mouth: Phone) -> None:
    """A mouth that does not speak sends back what the ear says."""
    await ear.hear((mouth if mouth.speaks else ear).part.hz)
