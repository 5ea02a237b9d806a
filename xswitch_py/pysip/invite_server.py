"""An INVITE of theirs above its transaction: progress, the 2xx until its ACK, the end (RFC 3261 section 13.3).

One machine serves one INVITE, the first of a dialog or a later one. The last INVITE's machine of a dialog is the one to
be told of a BYE, and to be asked to hang up.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, assert_never

from xswitch_py.pysip.dialog import Dialog
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.headers import Via
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.reliable import Pracked, Provide, ProvisionalEffect, Provisionals, Unpracked
from xswitch_py.pysip.transaction import Times
from xswitch_py.pysip.usage import (
    Arm,
    Ask,
    Clock,
    Disarm,
    Fired,
    GotAck,
    GotBye,
    GotCancel,
    GotPrack,
    HangUp,
    Reply,
)

__all__ = ["Acked", "End", "Ended", "Finish", "Invited", "InvitedEffect", "InvitedEvent", "InvitedState", "Progress"]


class InvitedState(Enum):
    """How far we are with an INVITE of theirs."""

    PROCEEDING = "proceeding"
    WAITING = "waiting"  # for the PRACK that must come before our 2xx
    ANSWERED = "answered"  # and not acknowledged
    CONFIRMED = "confirmed"
    ENDED = "ended"


class End(Enum):
    """Why it is over."""

    REFUSED = "refused"  # by us
    CANCELLED = "cancelled"
    BYE = "bye"  # of theirs
    HUNG_UP = "hung-up"  # by us
    NO_ACK = "no-ack"
    NO_PRACK = "no-prack"


@dataclass(frozen=True, slots=True)
class Progress:
    """Send this provisional answer."""

    response: Response
    reliably: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """Send this final answer."""

    response: Response


@dataclass(frozen=True, slots=True)
class Acked:
    """Tell the core that its 2xx has arrived. If that carried an offer, the ACK carries the answer."""

    request: Request


@dataclass(frozen=True, slots=True)
class Ended:
    """Tell the core that it is over: with the first INVITE, or by BYE, so is the dialog."""

    why: End


InvitedEvent = Progress | Finish | GotAck | GotBye | GotCancel | GotPrack | HangUp | Fired
InvitedEffect = Arm | Ask | Disarm | Reply | Acked | Ended | Pracked

_UNANSWERED: Final = (InvitedState.PROCEEDING, InvitedState.WAITING)


@dataclass(slots=True)
class Invited:
    """One INVITE of theirs. `via` gives a Via with a new branch each time."""

    invite: Request
    dialog: Dialog
    via: Callable[[], Via]
    provisionals: Provisionals
    times: Times = field(default_factory=Times)
    first: bool = True  # refusing it ends the dialog
    state: InvitedState = InvitedState.PROCEEDING
    final: Response | None = None
    wait: float = 0.0  # until the 2xx is due again
    hang_up: HangUp | None = None  # wanted, and due once the ACK is there

    def receive(self, event: InvitedEvent) -> list[InvitedEffect]:
        """Take one event; return what must now be done, in order.

        Raises:
            SipError: the event cannot follow here; nothing has changed.
        """
        match event:
            case Progress(response=response, reliably=reliably):
                return self._progress(response, reliably)
            case Finish(response=response):
                return self._finish(response)
            case GotPrack():
                return self._went_on(self.provisionals.receive(event))
            case GotAck(request=ack):
                return self._acked(ack)
            case GotCancel(reason=reason):
                return self._refuse(487, End.CANCELLED, reason) if self.state in _UNANSWERED else []
            case GotBye(request=bye):
                return self._bye(bye)
            case HangUp():
                return self._hang_up(event)
            case Fired(clock=clock):
                return self._fired(clock, event)
            case _:
                assert_never(event)

    def _progress(self, response: Response, reliably: bool) -> list[InvitedEffect]:
        if self.state is not InvitedState.PROCEEDING or not 100 <= response.status < 200:
            raise SipError(f"{response.status} as a provisional answer while {self.state.value}")
        return (
            self._went_on(self.provisionals.receive(Provide(response)))
            if reliably and response.status > 100
            else [self._reply(response)]
        )

    def _finish(self, response: Response) -> list[InvitedEffect]:
        if self.state is not InvitedState.PROCEEDING or response.status < 200:
            raise SipError(f"{response.status} as a final answer while {self.state.value}")
        self.final = response
        if response.status >= 300:
            return self._refused(response, End.REFUSED)
        if self.provisionals.holds_offer:  # RFC 3262 section 3
            self.state = InvitedState.WAITING
            return []
        return self._answer(response)

    def _answer(self, response: Response) -> list[InvitedEffect]:
        self.state, self.wait = InvitedState.ANSWERED, self.times.t1
        self.dialog.confirm()
        clocks = [Arm(Clock.RESEND, self.wait), Arm(Clock.NO_ACK, 64 * self.times.t1)]
        return [*self._went_on(self.provisionals.stop()), self._reply(response), *clocks]

    def _went_on(self, effects: list[ProvisionalEffect]) -> list[InvitedEffect]:
        """Pass on what the provisional answers want, and do what now has come due."""
        done: list[InvitedEffect] = [effect for effect in effects if not isinstance(effect, Unpracked)]
        if len(done) < len(effects):
            return [*done, *self._refuse(504, End.NO_PRACK)]
        if self.state is InvitedState.WAITING and self.final and not self.provisionals.holds_offer:
            return [*done, *self._answer(self.final)]
        return done

    def _acked(self, ack: Request) -> list[InvitedEffect]:
        if self.state is not InvitedState.ANSWERED or ack.cseq.number != self.invite.cseq.number:
            return []
        self.state = InvitedState.CONFIRMED
        done: list[InvitedEffect] = [Disarm(Clock.RESEND), Disarm(Clock.NO_ACK), Acked(ack)]
        return [*done, *(self._hang_up(self.hang_up) if self.hang_up else [])]

    def _bye(self, bye: Request) -> list[InvitedEffect]:
        """A BYE is always honoured (section 15.1.2), one before our answer like a CANCEL."""
        ok = Reply(bye, self.dialog.response(bye, 200 if self.state is not InvitedState.ENDED else 481))
        if self.state is InvitedState.ENDED:
            return [ok]
        if self.state in _UNANSWERED:
            refused = self._refuse(487, End.BYE)
            self.dialog.end()
            return [ok, *refused]
        return [ok, *self._over(End.BYE)]

    def _hang_up(self, event: HangUp) -> list[InvitedEffect]:
        match self.state:
            case InvitedState.PROCEEDING | InvitedState.WAITING:
                return self._refuse(480, End.HUNG_UP, event.reason)
            case InvitedState.ANSWERED:  # section 15: no BYE before the ACK
                self.hang_up = event
                return []
            case InvitedState.CONFIRMED:
                return self._say_bye(event, End.HUNG_UP)
            case _:
                return []

    def _fired(self, clock: Clock, event: Fired) -> list[InvitedEffect]:
        match self.state, clock:
            case InvitedState.ANSWERED, Clock.RESEND if self.final:
                self.wait = min(2 * self.wait, self.times.t2)
                return [self._reply(self.final), Arm(Clock.RESEND, self.wait)]
            case InvitedState.ANSWERED, Clock.NO_ACK:  # section 13.3.1.4
                return self._say_bye(self.hang_up or HangUp(), End.NO_ACK)
            case ((InvitedState.PROCEEDING | InvitedState.WAITING), _):
                return self._went_on(self.provisionals.receive(event))
            case _:
                return []

    def _refuse(self, status: int, why: End, reason: str = "") -> list[InvitedEffect]:
        fields = (("Reason", reason),) if reason else ()
        return self._refused(self.dialog.response(self.invite, status, fields=fields), why)

    def _refused(self, response: Response, why: End) -> list[InvitedEffect]:
        self.state = InvitedState.ENDED
        if self.first:
            self.dialog.end()
        return [*self._went_on(self.provisionals.stop()), self._reply(response), Ended(why)]

    def _say_bye(self, event: HangUp, why: End) -> list[InvitedEffect]:
        fields = (("Reason", event.reason),) if event.reason else ()
        bye = Ask(self.dialog.request("BYE", self.via(), fields=fields))
        return [bye, *self._over(why)]

    def _over(self, why: End) -> list[InvitedEffect]:
        running: list[InvitedEffect] = [Disarm(Clock.RESEND), Disarm(Clock.NO_ACK)]
        done = running if self.state is InvitedState.ANSWERED else []
        self.state = InvitedState.ENDED
        self.dialog.end()
        return [*done, Ended(why)]

    def _reply(self, response: Response) -> Reply:
        return Reply(self.invite, response)
