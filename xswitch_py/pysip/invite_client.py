"""An INVITE of ours above its transaction: forks, the ACK of each 2xx, giving up, the end (RFC 3261 section 13.2).

One machine serves one INVITE, the first of a dialog or a later one. Of several that answer the first wins; each other
gets ACK and BYE. The last INVITE's machine of a dialog is the one to be told of a BYE, and to be asked to hang up.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, assert_never

from xswitch_py.pysip.dialog import Dialog, dialog_of_response
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.headers import Via
from xswitch_py.pysip.message import Request, Response, response_to
from xswitch_py.pysip.reliable import Acknowledgements, is_reliable
from xswitch_py.pysip.transaction import Failure
from xswitch_py.pysip.usage import Ask, CancelInvite, Fields, GotBye, GotResponse, HangUp, Reply, SendAck

__all__ = [
    "Accepted",
    "Confirm",
    "Early",
    "GotNothing",
    "Inviting",
    "InvitingEffect",
    "InvitingEvent",
    "InvitingState",
    "Over",
]

_FORKS: Final = 20  # dialogs that one INVITE may begin


class InvitingState(Enum):
    """How far our INVITE has come."""

    CALLING = "calling"
    CANCELLED = "cancelled"  # by us, and not refused yet
    ANSWERED = "answered"  # and our ACK waits for the SDP that it shall carry
    CONFIRMED = "confirmed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class GotNothing:
    """The transaction failed."""

    why: Failure


@dataclass(frozen=True, slots=True)
class Confirm:
    """Answer the offer that `response` carried: in its PRACK, or in its ACK."""

    response: Response
    body: bytes
    content_type: str = "application/sdp"


@dataclass(frozen=True, slots=True)
class Early:
    """Tell the core of a provisional answer above 100. With `unanswered`, it carries an offer, to `Confirm`."""

    dialog: Dialog | None  # none: it had no tag
    response: Response
    unanswered: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """Tell the core that the call is answered. With `unanswered`, the 2xx carries an offer, to `Confirm`."""

    dialog: Dialog
    response: Response
    unanswered: bool


@dataclass(frozen=True, slots=True)
class Over:
    """Tell the core that it is over, and with the first INVITE, or by BYE, the dialog.

    `refusal` is the final answer, if one was the reason; `failure` the lack of one.
    """

    refusal: Response | None = None
    failure: Failure | None = None


InvitingEvent = GotResponse | GotNothing | GotBye | Confirm | HangUp
InvitingEffect = Ask | CancelInvite | Reply | SendAck | Early | Accepted | Over


@dataclass(slots=True)
class Fork:
    """What one of those who answer has got from us."""

    dialog: Dialog
    acknowledgements: Acknowledgements = field(default_factory=Acknowledgements)
    has_sdp: bool = False  # their offer is answered, or their answer is here
    ack: Request | None = None


@dataclass(slots=True)
class Inviting:
    """One INVITE of ours. `via` gives a Via with a new branch each time; `dialog` is that of a later INVITE."""

    invite: Request
    via: Callable[[], Via]
    dialog: Dialog | None = None
    state: InvitingState = InvitingState.CALLING
    hang_up: HangUp | None = None
    forks: dict[str, Fork] = field(default_factory=dict)  # by their tag
    later: bool = field(init=False)

    def __post_init__(self) -> None:
        self.later = self.dialog is not None
        if self.dialog is not None:
            self.forks[self.dialog.id.remote_tag] = Fork(self.dialog)

    def receive(self, event: InvitingEvent) -> list[InvitingEffect]:
        """Take one event; return what must now be done, in order.

        Raises:
            SipError: the event cannot follow here; nothing has changed.
        """
        match event:
            case GotResponse(response=response):
                return self._response(response)
            case GotNothing(why=why):
                return self._end(Over(failure=why)) if self._is_open() else []
            case GotBye(request=bye):
                return self._bye(bye)
            case Confirm(response=response, body=body, content_type=content_type):
                return self._confirm(response, body, content_type)
            case HangUp():
                return self._hang_up(event)
            case _:
                assert_never(event)

    def _response(self, response: Response) -> list[InvitingEffect]:
        if response.status < 200:
            return self._provisional(response) if response.status > 100 and self._is_open() else []
        if response.status < 300:
            return self._success(response)
        return self._end(Over(refusal=response)) if self._is_open() else []

    def _provisional(self, response: Response) -> list[InvitingEffect]:
        fork = self._fork(response) if response.to.tag else None
        if fork is None:
            return [] if response.to.tag else [Early(None, response, False)]
        rack = fork.acknowledgements.take(response)
        if is_reliable(response) and rack is None:
            return []  # repeated, or out of order
        unanswered = bool(rack and response.body and not self.invite.body and not fork.has_sdp)
        told: list[InvitingEffect] = [Early(fork.dialog, response, unanswered)]
        if rack is None or unanswered:
            return told
        fork.has_sdp = fork.has_sdp or bool(response.body)
        return [Ask(fork.dialog.request("PRACK", self.via(), fields=(("RAck", str(rack)),))), *told]

    def _success(self, response: Response) -> list[InvitingEffect]:
        fork = self._fork(response)
        if fork is None:
            return []  # more forks than anybody has: they end without an ACK
        if fork.ack is not None:  # section 13.2.2.4: the ACK is sent for each 2xx that arrives
            return [SendAck(fork.ack)]
        if self.state is not InvitingState.CALLING:
            return self._late(fork, response)
        self.dialog = fork.dialog
        self._settle(fork, response)
        if response.body and not self.invite.body and not fork.has_sdp:
            self.state = InvitingState.ANSWERED
            return [Accepted(fork.dialog, response, True)]
        self.state = InvitingState.CONFIRMED
        return [self._ack(fork), Accepted(fork.dialog, response, False)]

    def _settle(self, fork: Fork, response: Response) -> None:
        """A 2xx confirms a new dialog, and moves the target of an old one."""
        if self.later:
            fork.dialog.refresh(response)
        else:
            fork.dialog.confirm(response)

    def _late(self, fork: Fork, response: Response) -> list[InvitingEffect]:
        """ACK, then BYE: somebody else was faster, or we have given up."""
        if self.state is InvitingState.ANSWERED and self._is_winner(fork):
            return []  # the ACK waits for its SDP
        if self.later:
            return [self._ack(fork)]
        fork.dialog = dialog_of_response(self.invite, response)
        fork.dialog.confirm(response)
        done: list[InvitingEffect] = [self._ack(fork), self._goodbye(fork, self.hang_up or HangUp())]
        return [*done, *(self._end(Over()) if self.state is InvitingState.CANCELLED else [])]

    def _confirm(self, response: Response, body: bytes, content_type: str) -> list[InvitingEffect]:
        fork = self.forks.get(response.to.tag)
        if fork is None or fork.has_sdp:
            raise SipError("there is no offer to answer")
        if response.status >= 200:
            if self.state is not InvitingState.ANSWERED or not self._is_winner(fork):
                raise SipError(f"an ACK while {self.state.value}")
            self.state, fork.has_sdp = InvitingState.CONFIRMED, True
            return [self._ack(fork, body, content_type)]
        if not self._is_open():
            raise SipError(f"a PRACK while {self.state.value}")
        rack = f"{response.headers.get('RSeq')} {response.cseq}"
        prack = fork.dialog.request("PRACK", self.via(), body, content_type, (("RAck", rack),))
        fork.has_sdp = True
        return [Ask(prack)]

    def _bye(self, bye: Request) -> list[InvitingEffect]:
        """A BYE is always honoured; before the answer it ends one fork."""
        fork = self.forks.get(bye.from_.tag)
        if self.state is InvitingState.ENDED or fork is None:
            return [Reply(bye, response_to(bye, 481))]
        ok = Reply(bye, response_to(bye, 200))
        fork.dialog.end()
        if not (self.later or self._is_winner(fork)):
            return [ok]
        return [ok, *self._end(Over())]

    def _hang_up(self, event: HangUp) -> list[InvitingEffect]:
        fork = self._winner()
        match self.state:
            case InvitingState.CALLING if not self.later:
                self.state, self.hang_up = InvitingState.CANCELLED, event
                return [CancelInvite(self.invite, event.reason)]
            case InvitingState.ANSWERED if fork:  # section 15: the ACK leaves first
                return [self._ack(fork), self._goodbye(fork, event), *self._end(Over())]
            case InvitingState.CALLING | InvitingState.CONFIRMED if fork:
                return [self._goodbye(fork, event), *self._end(Over())]
            case _:
                return []

    def _fork(self, response: Response) -> Fork | None:
        """The fork that this answer is of; a new one if there is room."""
        tag = response.to.tag
        if tag not in self.forks and len(self.forks) < _FORKS and not self.later:
            self.forks[tag] = Fork(dialog_of_response(self.invite, response))
        return self.forks.get(tag)

    def _winner(self) -> Fork | None:
        return self.forks.get(self.dialog.id.remote_tag) if self.dialog else None

    def _is_winner(self, fork: Fork) -> bool:
        return self.dialog is fork.dialog

    def _is_open(self) -> bool:
        return self.state in (InvitingState.CALLING, InvitingState.CANCELLED)

    def _ack(self, fork: Fork, body: bytes = b"", content_type: str = "application/sdp") -> SendAck:
        fork.ack = fork.dialog.ack(self.invite.cseq.number, self.via(), body, content_type)
        return SendAck(fork.ack)

    def _goodbye(self, fork: Fork, event: HangUp) -> Ask:
        fields: Fields = (("Reason", event.reason),) if event.reason else ()
        bye = fork.dialog.request("BYE", self.via(), fields=fields)
        fork.dialog.end()
        return Ask(bye)

    def _end(self, over: Over) -> list[InvitingEffect]:
        """It is over once; a later INVITE that fails leaves the dialog as it was (section 14.1)."""
        self.state = InvitingState.ENDED
        for fork in self.forks.values():
            if not self.later:
                fork.dialog.end()
        return [over]
