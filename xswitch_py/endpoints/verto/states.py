"""What a call's client does not see by itself: whether the other end holds it, and whether it is recorded."""

from collections.abc import Mapping

from xswitch_py.base import events
from xswitch_py.base.ids import LegId
from xswitch_py.core.leg import Leg
from xswitch_py.endpoints.verto.leg import VertoWire

__all__ = ["CallStates"]

_ABOUT = (
    events.LegAnswered,
    events.LegHeld,
    events.LegUnheld,
    events.CallBridged,
    events.CallUnbridged,
    events.RecordingStarted,
    events.RecordingEnded,
)


class CallStates:
    """Tells the clients of legs, when something happened to those."""

    def __init__(self, legs: Mapping[LegId, Leg]) -> None:
        self._legs = legs
        self._recorded: dict[str, LegId] = {}  # by the recording

    def take(self, event: events.Event) -> None:
        """Take an event of the bus."""
        if not isinstance(event, _ABOUT):
            return
        if isinstance(event, events.RecordingStarted):
            self._recorded[event.recording] = event.leg
        elif isinstance(event, events.RecordingEnded):
            self._recorded.pop(event.recording, None)
        for name in (event.leg, getattr(event, "other", None)):
            leg = self._legs.get(name) if name is not None else None
            for each in (leg, leg.bridged) if leg is not None else ():
                if each is not None:
                    self.tell(each)

    def tell(self, leg: Leg, *, anew: bool = False) -> None:
        """Tell a leg's client how it is, if that is new to it or it has begun `anew`."""
        if isinstance(leg.wire, VertoWire):
            other = leg.bridged
            recorded = any(one is not None and one.id in self._recorded.values() for one in (leg, other))
            state = {"peerHeld": other is not None and other.held, "recording": recorded}
            leg.wire.tell_state(state, anew=anew)
