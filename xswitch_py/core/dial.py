"""Ring several places at once and keep the first that answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.core.leg import Leg, State
from xswitch_py.core.scope import cause_of

__all__ = ["EVERYWHERE", "first_answer"]

# Who is called wants no more of it, wherever else they might be rung (RFC 3261 section 21.6).
EVERYWHERE: Final = frozenset(
    {Cause.BUSY_EVERYWHERE, Cause.DECLINE, Cause.DOES_NOT_EXIST_ANYWHERE, Cause.UNWANTED, Cause.REJECT_ALL}
)

# When everybody refused, the caller is told the cause that says most; any other ranks below these.
_TELLING: Final = (
    Cause.CALL_REJECTED,
    Cause.USER_BUSY,
    Cause.NO_ANSWER,
    Cause.NO_USER_RESPONSE,
    Cause.INCOMPATIBLE_DESTINATION,
)
_ELSEWHERE: Final = (Cause.LOSE_RACE, Cause.PICKED_OFF)


async def first_answer(legs: Sequence[Leg], ring_for: float, ringing: Callable[[Leg], None]) -> Leg:
    """Offer the call to all legs; give the first that answers and end the others with LOSE_RACE.

    `ringing` is called when a peer is alerted or sends early media. Given up by cancellation, all end with
    ORIGINATOR_CANCEL, or with LOSE_RACE or PICKED_OFF if that is why: the call goes on elsewhere.

    Raises:
        CallError: nobody answered within `ring_for` seconds (NO_ANSWER), all refused (what says most), or one did for
            all.
    """
    winner, lost = None, Cause.ORIGINATOR_CANCEL
    try:
        async with asyncio.timeout(ring_for):
            winner = await _race(legs, ringing)
        lost = Cause.LOSE_RACE
        return winner
    except asyncio.CancelledError as error:
        if (why := cause_of(error)) in _ELSEWHERE:
            lost = why
        raise
    except TimeoutError:
        lost = Cause.NO_ANSWER
        raise CallError(Cause.NO_ANSWER) from None
    finally:
        for leg in legs:
            if leg is not winner:
                leg.hangup(lost)


async def _race(legs: Sequence[Leg], ringing: Callable[[Leg], None]) -> Leg:
    settled: asyncio.Queue[Leg] = asyncio.Queue()
    for leg in legs:  # all, before the first is waited for: whoever ends meanwhile is heard
        leg.watch(ringing, settled.put_nowait)
        if leg.cause is not None:
            settled.put_nowait(leg)
    for leg in legs:
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
        if leg.cause in EVERYWHERE:
            raise CallError(refusals[-1])
    raise CallError(min(refusals, key=lambda cause: _TELLING.index(cause) if cause in _TELLING else len(_TELLING)))
