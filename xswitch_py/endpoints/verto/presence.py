"""Who is on a call: what happens to legs, as the events of the `presence` channels (verto.md 11.5)."""

from dataclasses import dataclass
from typing import Final

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.verto.wire import Json

__all__ = ["Presence", "channel_of"]

_EARLY: Final = ("EARLY", "CS_EXECUTE")  # the media of a caller is up before its call is, if only for a moment

# What each event makes of an inbound and of an outbound leg, in FreeSWITCH's words: call state, channel state.
_STATES: Final[dict[type[events.Event], tuple[tuple[str, str], tuple[str, str]]]] = {
    events.LegStarted: (("RINGING", "CS_ROUTING"), ("DIALING", "CS_ROUTING")),
    events.LegRinging: (_EARLY, ("RINGING", "CS_CONSUME_MEDIA")),
    events.LegAnswered: (("ACTIVE", "CS_EXECUTE"), ("ACTIVE", "CS_EXCHANGE_MEDIA")),
    events.LegHeld: (("HELD", "CS_EXECUTE"), ("HELD", "CS_EXCHANGE_MEDIA")),
    events.LegUnheld: (("UNHELD", "CS_EXECUTE"), ("UNHELD", "CS_EXCHANGE_MEDIA")),
    events.LegEnded: (("HANGUP", "CS_HANGUP"), ("HANGUP", "CS_HANGUP")),
}


@dataclass(slots=True)
class _Seen:
    user: Address
    outbound: bool
    caller: Party
    callee: Party
    before: str = "DOWN"
    now: str = "DOWN"
    channel: str = "CS_NEW"

    def step(self, leg: LegId, state: str, channel: str) -> Json:
        """Go on to a state, and say so."""
        self.before, self.now, self.channel = self.now, state, channel
        return _data(leg, self)


class Presence:
    """The legs of users that are up."""

    def __init__(self) -> None:
        self._seen: dict[LegId, _Seen] = {}
        self.total = 0  # legs since the start, of users or not
        self.peak = 0
        self.since: dict[LegId, float] = {}  # when each leg that is up began

    def take(self, event: events.Event) -> list[tuple[Address, Json]]:
        """Take an event of the bus; list whose presence changed, and what to tell."""
        if isinstance(event, events.LegStarted):
            self._start(event)
        elif isinstance(event, events.LegEnded):
            self.since.pop(event.leg, None)
        states = _STATES.get(type(event))
        leg = getattr(event, "leg", None)
        if states is None or leg is None or (seen := self._seen.get(leg)) is None:
            return []
        if isinstance(event, events.LegEnded):
            del self._seen[event.leg]
        steps = [states[seen.outbound]]
        if isinstance(event, events.LegAnswered) and (seen.outbound, seen.now) == (False, "RINGING"):
            steps.insert(0, _EARLY)
        return [(seen.user, seen.step(leg, *step)) for step in steps]

    def now(self, user: str = "") -> list[tuple[Address, Json]]:
        """List what is up now: all of it, or that of one user."""
        return [(seen.user, _data(leg, seen)) for leg, seen in self._seen.items() if user in ("", str(seen.user))]

    def _start(self, event: events.LegStarted) -> None:
        self.total += 1
        self.since[event.leg] = event.at
        self.peak = max(self.peak, len(self.since))
        if event.user is not None:
            self._seen[event.leg] = _Seen(event.user, event.outbound, event.caller, event.callee)


def channel_of(user: Address) -> str:
    """Name the channel of a user's presence."""
    return f"presence.{user}"


def _data(leg: LegId, seen: _Seen) -> Json:
    return {
        "channelCallState": seen.now,
        "originalChannelCallState": seen.before,
        "channelState": seen.channel,
        "callerUserName": str(seen.user),
        "callerIDName": seen.caller.name,
        "callerIDNumber": seen.caller.number,
        "calleeIDName": seen.callee.name or "Outbound Call",
        "calleeIDNumber": seen.callee.number,
        "channelUUID": leg,
        "presenceCallDirection": "outbound" if seen.outbound else "inbound",
        "channelPresenceID": str(seen.user),
    }
