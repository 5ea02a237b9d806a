"""The states of a Verto dialog: an event comes in, what must now be done comes out, in order.

A *dialog* is one call of one session. It outlives its socket once it is answered: it is then *detached*, and
*attaching* when the client is back and was offered new media (verto.md section 10).

An event that cannot follow raises `ProtocolError` and changes nothing; what comes after the end is absorbed.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import ProtocolError
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.wire import Json

__all__ = [
    "Answer",
    "Answered",
    "Arm",
    "Attached",
    "Bye",
    "Dialog",
    "Disarm",
    "Display",
    "Effect",
    "End",
    "Event",
    "Expired",
    "HangUp",
    "Invite",
    "Kept",
    "Left",
    "Lost",
    "Media",
    "Rang",
    "Renewed",
    "Send",
    "State",
    "Suspend",
    "Unhold",
    "Update",
    "Watch",
]


class State(Enum):
    """How far a dialog has come."""

    NEW = "new"
    RINGING = "ringing"  # we invited, the client has not answered
    EARLY = "early"  # the client invited and has our SDP
    ACTIVE = "active"
    DETACHED = "detached"  # answered, and the socket is gone
    ATTACHING = "attaching"  # the client is back and has our new offer
    ENDED = "ended"


# What happens to a dialog: the core asks...


@dataclass(frozen=True, slots=True)
class Invite:
    """Offer the call to the client."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Media:
    """Give the client our answer SDP early."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell the client that the call is answered."""

    sdp: str | None


@dataclass(frozen=True, slots=True)
class Display:
    """Show the client whom it talks to."""

    shown: Party


@dataclass(frozen=True, slots=True)
class Update:
    """Offer the client other media."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Bye:
    """The call is over on our side."""

    cause: Cause


# ... the client does...


@dataclass(frozen=True, slots=True)
class Answered:
    """The client answered, and its SDP is taken; `own` is who answered."""

    own: Party


@dataclass(frozen=True, slots=True)
class Attached:
    """The client answered our new offer, and its SDP is taken."""


@dataclass(frozen=True, slots=True)
class Left:
    """The client ended the call."""

    cause: Cause


# ... or the socket and the clock.


@dataclass(frozen=True, slots=True)
class Lost:
    """The socket is gone; the media of a client that `keeps` it may go on all the same."""

    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Renewed:
    """The client is back, and new media was made for it."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The client is back, and its media went on."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The client did not come back in time."""


Event = (
    Invite | Media | Answer | Display | Update | Bye | Answered | Attached | Left | Lost | Renewed | Kept | Expired
)  # fmt: skip


# What must be done for a dialog.


@dataclass(frozen=True, slots=True)
class Send:
    """Send the client a request."""

    method: str
    params: Json


@dataclass(frozen=True, slots=True)
class Rang:
    """Tell the core that the client is alerted."""


@dataclass(frozen=True, slots=True)
class End:
    """Tell the core that the client ended the call."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call on our side."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class Suspend:
    """Stop the media for the moment."""


@dataclass(frozen=True, slots=True)
class Watch:
    """See whether the client is heard from now on, or do not."""

    on: bool


@dataclass(frozen=True, slots=True)
class Arm:
    """Start waiting for the client to come back."""


@dataclass(frozen=True, slots=True)
class Disarm:
    """Stop waiting."""


@dataclass(frozen=True, slots=True)
class Unhold:
    """Take the call off hold: a fresh page has no memory of it."""


Effect = Send | Rang | End | HangUp | Suspend | Watch | Arm | Disarm | Unhold

_LIVE: Final = tuple(state for state in State if state is not State.ENDED)
_UNANSWERED: Final = (State.NEW, State.RINGING, State.EARLY)

NEXT: Final[dict[tuple[State, type[Event]], State]] = {
    (State.NEW, Invite): State.RINGING,
    (State.NEW, Media): State.EARLY,
    (State.NEW, Answer): State.ACTIVE,
    (State.EARLY, Answer): State.ACTIVE,
    (State.RINGING, Answered): State.ACTIVE,
    (State.ACTIVE, Update): State.ACTIVE,
    (State.ACTIVE, Lost): State.DETACHED,
    (State.ATTACHING, Lost): State.DETACHED,
    (State.DETACHED, Lost): State.DETACHED,
    (State.DETACHED, Renewed): State.ATTACHING,
    (State.DETACHED, Kept): State.ACTIVE,
    (State.ATTACHING, Attached): State.ACTIVE,
    (State.DETACHED, Expired): State.DETACHED,
    (State.ATTACHING, Expired): State.ATTACHING,
    **{(state, Display): state for state in _LIVE},
    **{(state, Bye): State.ENDED for state in _LIVE},
    **{(state, Left): State.ENDED for state in _LIVE},
}


@dataclass(slots=True)
class Dialog:
    """One call of one session. `own` is the client's side of it, `other` whom the client sees."""

    call_id: str
    outbound: bool  # we invite
    own: Party
    other: Party
    variables: Json  # those the client may see
    extra: Json  # `verto_h_*`, verbatim
    recover: bool = True
    state: State = State.NEW
    shown: bool = False  # the client was told whom it talks to
    flows: bool = False  # the socket was lost, and the media goes on

    def receive(self, event: Event) -> list[Effect]:
        """Take one event; return what must now be done, in order.

        Raises:
            ProtocolError: the event cannot follow here; nothing has changed.
        """
        if self.state is State.ENDED:
            return []
        before, event = self.state, self._final(event)
        after = NEXT.get((before, type(event)))
        if after is None or (isinstance(event, Kept) and not self.flows):
            raise ProtocolError(f"{type(event).__name__} in {before.value}")
        self.state = after
        return self._effects(before, event)

    def _final(self, event: Event) -> Event:
        """A lost socket ends calls that cannot wait for another."""
        if isinstance(event, Lost) and self.state in _UNANSWERED:
            return Left(Cause.DESTINATION_OUT_OF_ORDER)
        if isinstance(event, Lost) and not self.recover:
            return Left(Cause.NORMAL_CLEARING)
        return event

    def _effects(self, before: State, event: Event) -> list[Effect]:
        match event:
            case Invite(sdp=sdp):
                return [self._send("verto.invite", sdp, self._faces()), Rang()]
            case Media(sdp=sdp):
                return [self._send("verto.media", sdp)]
            case Answer(sdp=sdp):
                return [self._send("verto.answer", sdp)]
            case Display(shown=shown):
                return self._display(shown)
            case Bye(cause=cause):
                return [*self._forget(before), *self._bye(before, cause)]
            case Left(cause=cause):
                return [*self._forget(before), End(cause)]
            case Answered(own=own):
                self.own = own
                return []
            case Lost(keeps=keeps):
                return self._lost(before, keeps)
            case Update(sdp=sdp):
                return [Send("verto.modify", {"callID": self.call_id, "action": "updateMedia", "sdp": sdp})]
            case Renewed(sdp=sdp):
                self.flows = False
                return [self._send("verto.attach", sdp, self._faces())]
            case Attached():
                return [Disarm(), Unhold(), *(self._display(self.other) if self.shown else [])]
            case Kept():
                self.flows = False
                return [Disarm(), Watch(True), *(self._display(self.other) if self.shown else [])]
            case Expired():
                return [HangUp(Cause.RECOVERY_ON_TIMER_EXPIRE)]
            case _:
                assert_never(event)

    def _lost(self, before: State, keeps: bool) -> list[Effect]:
        if before is State.DETACHED:
            return []
        self.flows = keeps and before is State.ACTIVE
        return [*self._forget(before), Watch(False) if self.flows else Suspend(), Arm()]

    def _forget(self, before: State) -> list[Effect]:
        return [Disarm()] if before in (State.DETACHED, State.ATTACHING) else []

    def _bye(self, before: State, cause: Cause) -> list[Effect]:
        """A client that was not invited yet, or is not there, is not told; some break on a call they do not know."""
        unknown = before is State.DETACHED or (before is State.NEW and self.outbound)
        return [] if unknown else [Send("verto.bye", wire.bye(self.call_id, cause))]

    def _display(self, shown: Party) -> list[Effect]:
        self.other, self.shown = shown, True
        if self.state in (State.DETACHED, State.ATTACHING):
            return []
        return [Send("verto.display", wire.display(self.call_id, self.outbound, self.own, shown))]

    def _faces(self) -> Json:
        return {**wire.faces(self.outbound, self.own, self.other), **self.extra}

    def _send(self, method: str, sdp: str | None, more: Json | None = None) -> Send:
        said = {} if sdp is None else {"sdp": sdp}
        return Send(method, {"callID": self.call_id, **said, "variables": self.variables, **(more or {})})
