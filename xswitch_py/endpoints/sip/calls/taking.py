"""A call that a SIP peer places with us: provisional answers, the 200 until its ACK, refusal."""

import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.endpoints.sip.abilities import ABILITIES
from xswitch_py.endpoints.sip.calls import refreshing
from xswitch_py.endpoints.sip.calls.body import SDP, sdp_in
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.endpoints.sip.calls.reasons import cause_in, reason_of, refusal_of, status_of
from xswitch_py.pysip.invite_server import Acked, End, Ended, Finish, Invited, InvitedState, Progress
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.offers import OfferEvent, OfferState
from xswitch_py.pysip.reliable import Pracked, Provisionals, must_be_reliable
from xswitch_py.pysip.session_timer import Agreed, accept
from xswitch_py.pysip.transaction import server_key
from xswitch_py.pysip.usage import Fields, GotCancel, HangUp, Refused

__all__ = ["Taking", "answer", "begin", "bye", "cancelled", "early", "ring"]

log = structlog.get_logger("xswitch.sip")

_RSEQ: Final = 2**31 - 2**16  # the first is below (RFC 3262 section 3)
_NOT_ACCEPTABLE: Final = 'SIP;cause=488;text="Not Acceptable Here"'  # what an answer to our offer comes to (S59)
_CAUSES: Final = {  # why it is over, where the peer gave no reason
    End.CANCELLED: Cause.ORIGINATOR_CANCEL,
    End.BYE: Cause.NORMAL_CLEARING,
    End.NO_ACK: Cause.RECOVERY_ON_TIMER_EXPIRE,
    End.NO_PRACK: Cause.RECOVERY_ON_TIMER_EXPIRE,
}


@dataclass(slots=True)
class Taking:
    """One INVITE of theirs that begins a call; the line has its dialog."""

    line: Line
    invite: Request
    machine: Invited = field(init=False)
    reliably: bool = field(init=False)  # whether provisional answers are acknowledged
    told: bool = False  # our SDP has left

    def __post_init__(self) -> None:
        settings, dialog = self.line.house.settings, self.line.dialog
        assert dialog is not None
        self.reliably = must_be_reliable(self.invite, settings.reliable)
        provisionals = Provisionals(self.invite, secrets.randbelow(_RSEQ) + 1, settings.times)
        self.machine = Invited(self.invite, dialog, self.line.via, provisionals, settings.times)


def begin(taking: Taking) -> None:
    """Let what belongs to the call find it; from here on the INVITE is answered by the leg."""
    line, invite = taking.line, taking.invite
    assert line.dialog is not None
    line.invited(taking.machine, partial(_tell, taking))
    line.know(line.dialog)
    line.allow = invite.tokens("Allow")
    line.offers.they_invite()
    if line.leg.offer.sdp is not None:
        line.offers.receive(OfferEvent.THEY_OFFER)
    line.house.inviting[server_key(invite)] = line


def ring(taking: Taking) -> None:
    """Tell the caller that the far end is alerted."""
    _provide(taking, _response(taking, 180))


def early(taking: Taking, sdp: str) -> None:
    """Give the caller our SDP before the answer; an offer would get lost if nobody acknowledged it (section 13.2.1)."""
    if taking.line.leg.offer.sdp is None and not taking.reliably:
        _provide(taking, _response(taking, 183))
        return
    _agreed(taking)
    _provide(taking, _response(taking, 183, sdp=sdp))


def answer(taking: Taking, sdp: str | None) -> None:
    """Answer; the SDP is that which went out early, if one did (S57). An offer is not made twice."""
    line = taking.line
    terms, fields = accept(taking.invite, line.policy)
    offered = taking.told and line.leg.offer.sdp is None
    _agreed(taking)
    line.offers.settled()
    body = sdp if sdp is not None else line.house.switch.services.media.local(line.leg.id)
    line.feed(taking.machine, Finish(_response(taking, 200, fields, "" if offered else body)), partial(_tell, taking))
    refreshing.start(line, Agreed(terms))


def bye(taking: Taking, cause: Cause) -> None:
    """Refuse the call, or end it."""
    line = taking.line
    if taking.machine.state is InvitedState.PROCEEDING:
        response = _response(taking, status_of(cause), refusal_of(cause))
        line.feed(taking.machine, Finish(response), partial(_tell, taking))
    else:
        also = f", {_NOT_ACCEPTABLE}" if cause is Cause.INCOMPATIBLE_DESTINATION else ""
        line.last(HangUp(reason_of(cause) + also))


def cancelled(line: Line, cancel: Request) -> None:
    """The caller gave up."""
    line.left = cause_in(cancel)
    line.last(GotCancel(reason_of(Cause.ORIGINATOR_CANCEL)))


def _provide(taking: Taking, response: Response) -> None:
    if taking.machine.state is InvitedState.PROCEEDING:
        taking.line.feed(taking.machine, Progress(response, taking.reliably), partial(_tell, taking))


def _response(taking: Taking, status: int, fields: Fields = (), sdp: str = "") -> Response:
    assert taking.line.dialog is not None
    body = sdp.encode()
    every = fields if status >= 300 else (*ABILITIES, *fields)
    return taking.line.dialog.response(taking.invite, status, "", body, SDP, every)


def _agreed(taking: Taking) -> None:
    """Note that our SDP leaves: the answer to theirs, or our offer."""
    if not taking.told:
        taking.told = True
        theirs = taking.line.offers.state is OfferState.THEIRS
        taking.line.offers.receive(OfferEvent.WE_ANSWER if theirs else OfferEvent.WE_OFFER)


def _release(taking: Taking) -> None:
    """A CANCEL finds nothing to give up any more."""
    taking.line.house.inviting.pop(server_key(taking.invite), None)


def _tell(taking: Taking, effect: Any) -> None:
    line = taking.line
    match effect:
        case Acked(request=ack):
            _release(taking)
            if line.offers.state is OfferState.OURS:
                line.after("late answer", _confirmed(taking, ack))
        case Pracked(request=prack, unanswered=True):
            line.refuse(prack, Refused(488))  # a second offer before the call is up: nobody needs it
        case Pracked(request=prack) if line.offers.state is OfferState.OURS and prack.body:
            line.after("late answer", _confirmed(taking, prack))
        case Ended(why=why):
            _release(taking)
            if (cause := _CAUSES.get(why)) is not None:
                line.leg.peer_left(line.left or cause)
            line.close()


async def _confirmed(taking: Taking, message: Request) -> None:
    """The answer to our offer is in an ACK or a PRACK; a call without one is no call."""
    line = taking.line
    try:
        sdp = sdp_in(message)
        if sdp is None:
            raise MediaError("no answer to our offer")
        line.offers.receive(OfferEvent.THEY_ANSWER)
        await line.leg.peer_confirmed(sdp)
    except (MediaError, Refused) as error:
        log.info("answer not usable", leg=line.leg.id, why=str(error))
        line.leg.hangup(Cause.INCOMPATIBLE_DESTINATION)
