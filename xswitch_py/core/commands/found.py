"""Finding what a program names, and showing it: calls, their sides, their bridges."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from xswitch_py.base.errors import Refused
from xswitch_py.base.ids import CallId
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.call import Call
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.leg import Leg, State
from xswitch_py.models import calls as models

__all__ = ["call_of", "legs_by_call", "seen", "shown", "side_of", "state_of"]

_PREFIX = "call_"


def call_of(desk: Desk, who: Asker, name: str, scope: str = "calls:write") -> Call:
    """Find a call by what programs call it. To change one is to mind it: see the action `control`.

    Raises:
        Refused: there is none, or it is not theirs: who may not see it does not learn that it is there.
    """
    call = desk.switch.calls.get(CallId(name.removeprefix(_PREFIX))) if name.startswith(_PREFIX) else None
    if call is None or not seen(desk, who, call, scope):
        raise missing("call", name)
    if scope == "calls:write":
        call.minded.set()
    return call


def seen(desk: Desk, who: Asker, call: Call, scope: str) -> bool:
    """Say whether a call is one that they may see, or change."""
    user = who.only(scope)
    if user is None:
        return True
    legs = [call.calling, *(leg for leg in desk.switch.legs.values() if leg.call == call.id)]
    return call.offer.user == user or any(leg is not None and leg.offer.user == user for leg in legs)


def side_of(desk: Desk, call: Call, side: str) -> Leg:
    """Give a call's leg on one side.

    Raises:
        Refused: nobody is there (CONFLICT, with the call's state).
    """
    leg = call.calling
    if leg is not None and side == "callee":
        leg = leg.bridged
    if leg is None or leg.cause is not None:
        raise Refused(Code.CONFLICT, f"the call has no {side} now", state=state_of(call))
    return leg


def state_of(call: Call) -> models.CallState:
    """Say how far a call is."""
    leg = call.calling
    if leg is None:
        return "dialing"
    if leg.held or (leg.bridged is not None and leg.bridged.held):
        return "held"
    if leg.bridged is not None:
        return "bridged"
    return _STATES.get(leg.state, "answered")


def legs_by_call(legs: Iterable[Leg]) -> dict[CallId, list[Leg]]:
    """Sort legs by their calls."""
    found: dict[CallId, list[Leg]] = {}
    for leg in legs:
        if leg.call is not None:
            found.setdefault(leg.call, []).append(leg)
    return found


def shown(desk: Desk, call: Call, legs: Iterable[Leg] | None = None) -> models.Call:
    """Show a call as programs see it; `legs` are those that take part, where the caller knows them."""
    if legs is None:
        legs = [leg for leg in desk.switch.legs.values() if leg.call == call.id]
    offer, media = call.offer, desk.switch.services.media
    return models.Call(
        id=f"{_PREFIX}{call.id}",
        state=state_of(call),
        direction=call.direction,
        caller=offer.caller,
        callee=offer.callee,
        user=None if offer.user is None else str(offer.user),
        context=offer.context,
        started=_moment(call.started),
        answered=None if call.answered is None else _moment(call.answered),
        legs=[_leg(leg, call, media.codec(leg.id)) for leg in legs],
        variables=dict(call.variables),
    )


def _leg(leg: Leg, call: Call, codec: str) -> models.Leg:
    return models.Leg(
        id=leg.id,
        side="caller" if leg is call.calling else "callee",
        door=leg.wire.door,
        direction="outbound" if leg.outbound else "inbound",
        state=leg.state.value,
        party=leg.party,
        user=None if leg.offer.user is None else str(leg.offer.user),
        codec=codec,
        held=leg.held,
        muted=leg.muted,
    )


_moment = lru_cache(4096)(models.moment)  # calls that are up are listed over and over
_STATES: Final[dict[State, models.CallState]] = {State.NEW: "ringing", State.RINGING: "ringing", State.EARLY: "early"}
