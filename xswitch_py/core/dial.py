"""Ring several places at once and keep the first that answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.core.leg import Leg, State

__all__ = ["first_answer"]

# When everybody refused, the caller is told the cause that says most; any other ranks below these.
_TELLING: Final = (
    Cause.CALL_REJECTED,
    Cause.USER_BUSY,
    Cause.NO_ANSWER,
    Cause.NO_USER_RESPONSE,
    Cause.INCOMPATIBLE_DESTINATION,
)


async def first_answer(legs: Sequence[Leg], ring_for: float, ringing: Callable[[], None]) -> Leg:
    """Offer the call to all legs; give the first that answers and end the others with LOSE_RACE.

    `ringing` is called when a peer is alerted. Given up by cancellation, all end with ORIGINATOR_CANCEL.

    Raises:
        CallError: nobody answered within `ring_for` seconds (NO_ANSWER), or all refused (what says most).
    """
    winner, lost = None, Cause.ORIGINATOR_CANCEL
    try:
        async with asyncio.timeout(ring_for):
            winner = await _race(legs, ringing)
        lost = Cause.LOSE_RACE
        return winner
    except TimeoutError:
        lost = Cause.NO_ANSWER
        raise CallError(Cause.NO_ANSWER) from None
    finally:
        for leg in legs:
            if leg is not winner:
                leg.hangup(lost)


async def _race(legs: Sequence[Leg], ringing: Callable[[], None]) -> Leg:
    settled: asyncio.Queue[Leg] = asyncio.Queue()
    for leg in legs:
        leg.watch(ringing, settled.put_nowait)
        try:
            await leg.place()
        except MediaError as error:
            leg.hangup(error.cause)
    refusals: list[Cause] = []
    while len(refusals) < len(legs):
        leg = await settled.get()
        if leg.state is State.ACTIVE:
            return leg
        refusals.append(leg.cause or Cause.NORMAL_UNSPECIFIED)
    raise CallError(min(refusals, key=lambda cause: _TELLING.index(cause) if cause in _TELLING else len(_TELLING)))
