"""Commands about bridges: who hears whom, and joining calls that did not call each other."""

from typing import Final

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.call import Call
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.commands.found import call_of, seen, side_of, state_of
from xswitch_py.core.meetings import MOST, Meeting
from xswitch_py.models.calls import Bridge, BridgeMember, NewBridge
from xswitch_py.models.given import Cursor, Limit
from xswitch_py.models.shape import Page, moment

__all__ = ["add", "list_bridges", "make", "remove"]

_READ: Final = "calls:read"
_WRITE: Final = "calls:write"


@command("bridges.list", _READ, own=True)
async def list_bridges(desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None) -> Page[Bridge]:
    """List who hears whom: calls that reached somebody, and calls that a program joined."""
    meetings = [_shown(meeting) for meeting in desk.switch.meetings.values()]
    joined = {name for bridge in meetings for name in bridge.calls}
    calls = [call for call in desk.switch.calls.values() if f"call_{call.id}" not in joined and _other(call)]
    everything = [*meetings, *map(_as_bridge, calls)]
    if who.only(_READ) is not None:
        mine = {f"call_{call.id}" for call in desk.switch.calls.values() if seen(desk, who, call, _READ)}
        everything = [bridge for bridge in everything if mine.intersection(bridge.calls)]
    start = next((place for place, bridge in enumerate(everything, 1) if bridge.id == cursor), 0) if cursor else 0
    items = everything[start : start + limit]
    more = start + limit < len(everything)
    return Page[Bridge](items=items, next_cursor=items[-1].id if more else None)


@command("bridges.create", _WRITE, own=True)
async def make(desk: Desk, who: Asker, wish: NewBridge) -> Bridge:
    """Join calls: their callers hear each other, and whomever they talked to before is let go."""
    if len(set(wish.calls)) < len(wish.calls):
        raise Refused(Code.INVALID, "a call cannot be joined with itself")
    calls = [call_of(desk, who, name) for name in wish.calls]
    for call in calls:
        side_of(desk, call, "caller")
    meeting = Meeting(lambda: desk.switch.meetings.pop(meeting.id, None))
    meeting.stays = wish.then == "stay"
    for call in calls:
        meeting.add(call)
    desk.switch.meetings[meeting.id] = meeting
    return _shown(meeting)


@command("bridges.add", _WRITE, own=True)
async def add(desk: Desk, who: Asker, bridge: str, wish: BridgeMember) -> Bridge:
    """Bring a call into a bridge that has a place left."""
    meeting = _meeting(desk, who, bridge)
    call = call_of(desk, who, wish.call)
    side_of(desk, call, "caller")
    if call in meeting.calls or len(meeting.calls) >= MOST:
        raise Refused(Code.CONFLICT, "the bridge is full, or has the call already", state=_shown(meeting).calls)
    meeting.add(call)
    return _shown(meeting)


@command("bridges.remove", _WRITE, own=True)
async def remove(desk: Desk, who: Asker, bridge: str, wish: BridgeMember) -> Bridge:
    """Take a call out of a bridge; it then waits for what programs do with it."""
    meeting = _meeting(desk, who, bridge)
    call = call_of(desk, who, wish.call)
    if call not in meeting.calls:
        raise Refused(Code.CONFLICT, "the call is not in this bridge", state=state_of(call))
    meeting.remove(call)
    left = [each for each in meeting.calls if each is not call]
    return _shown(meeting, left)


def _meeting(desk: Desk, who: Asker, name: str) -> Meeting:
    meeting = desk.switch.meetings.get(name)
    if meeting is None or not any(seen(desk, who, call, _WRITE) for call in meeting.calls):
        raise missing("bridge", name)
    return meeting


def _shown(meeting: Meeting, calls: list[Call] | None = None) -> Bridge:
    calls = meeting.calls if calls is None else calls
    return Bridge(
        id=meeting.id,
        calls=[f"call_{call.id}" for call in calls],
        legs=[call.leg.id for call in calls],
        since=moment(meeting.since),
        kind="meeting",
    )


def _other(call: Call) -> bool:
    return call.calling is not None and call.leg.bridged is not None


def _as_bridge(call: Call) -> Bridge:
    leg = call.leg
    assert leg.bridged is not None
    since = moment(call.answered or call.started)
    return Bridge(
        id=f"bridge_{call.id}", calls=[f"call_{call.id}"], legs=[leg.id, leg.bridged.id], since=since, kind="call"
    )
