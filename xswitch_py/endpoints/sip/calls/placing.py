"""A call that we place with a SIP peer: the INVITE by one way after another, until somebody answers or refuses."""

import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.sip.abilities import ABILITIES, DEPTH
from xswitch_py.endpoints.sip.calls import refreshing
from xswitch_py.endpoints.sip.calls.body import SDP, sdp_in
from xswitch_py.endpoints.sip.calls.identity import asserted, caller_address, party_in
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.endpoints.sip.calls.reasons import cause_of, reason_of
from xswitch_py.endpoints.sip.flow import contact_of, via_of
from xswitch_py.endpoints.sip.way import Way
from xswitch_py.pysip.dialog import Dialog
from xswitch_py.pysip.headers import Address, parse_number
from xswitch_py.pysip.invite_client import Accepted, Early, Inviting, Over
from xswitch_py.pysip.message import Request, Response, new_call_id, new_tag
from xswitch_py.pysip.offers import OfferEvent
from xswitch_py.pysip.session_timer import ask, raised
from xswitch_py.pysip.transaction import Failure
from xswitch_py.pysip.usage import Fields, HangUp, Refused

__all__ = ["Placing", "bye", "invite", "passed_on"]

log = structlog.get_logger("xswitch.sip")

_ALERTED: Final = (180, 181, 182)
# The next way may do better (sip.md 16); whatever else was answered was meant.
_NEXT: Final = frozenset({408, 500, 502, 503, 504})
_FAILURES: Final = {
    Failure.TIMEOUT: Cause.RECOVERY_ON_TIMER_EXPIRE,
    Failure.TRANSPORT: Cause.NETWORK_OUT_OF_ORDER,
    Failure.FULL: Cause.SWITCH_CONGESTION,
}
_CSEQ: Final = 2**16  # ours begin below
_PASSED: Final = ("Subject", "Priority")  # sip.md 10
_LONGEST: Final = 256  # characters of one


@dataclass(slots=True)
class Placing:
    """One call of ours, while nobody has answered it. `ways` are in the order to be tried."""

    line: Line
    ways: list[Way]
    sdp: str = ""
    passed: Fields = ()  # what the caller says of the call
    call_id: str = field(default_factory=new_call_id)
    tag: str = field(default_factory=new_tag)
    cseq: int = field(default_factory=lambda: random.randrange(1, _CSEQ))
    at: int = 0
    sent: bool = False
    answered: bool = False
    given_up: bool = False

    @property
    def way(self) -> Way:
        """The one that is tried now."""
        return self.ways[self.at]


def invite(placing: Placing, sdp: str) -> None:
    """Offer the call."""
    placing.sdp = sdp
    placing.line.offers.we_invite()
    placing.line.offers.receive(OfferEvent.WE_OFFER)
    _send(placing)


def passed_on(invite: Request) -> Fields:
    """Give what of a caller's INVITE goes into ours."""
    said = [(name, invite.headers.get(name) or "") for name in _PASSED]
    return tuple([(name, value) for name, value in said if 0 < len(value) <= _LONGEST])


def bye(placing: Placing, cause: Cause) -> None:
    """Give the call up, or end it."""
    placing.given_up = True
    placing.line.last(HangUp(reason_of(cause)))
    if placing.answered or not placing.line.machines:
        placing.line.close()


def _send(placing: Placing) -> None:
    """Send the INVITE by the way that is tried now, in place of one that failed."""
    line, way = placing.line, placing.way
    line.flow, line.times = way.flow, way.times
    if way.gateway != line.gateway or not placing.sent:
        line.count(line.house.taken(way.gateway) if way.gateway else _nothing)
    placing.sent = True
    line.gateway, line.trusted = way.gateway, bool(way.gateway) and way.trusted
    base = contact_of(way.flow, way.contact or "gw")
    line.contact = Address(uri=base.uri, params=way.contact_params)
    try:
        request = _request(placing, way)
    except ValueError as error:  # a name or number that cannot be written
        log.warning("call not placed", leg=line.leg.id, why=str(error))
        line.leg.peer_left(Cause.INVALID_NUMBER_FORMAT)
        line.close()
        return
    line.machines.clear()
    line.invite(Inviting(request, line.via), partial(_tell, placing))


def _request(placing: Placing, way: Way) -> Request:
    line = placing.line
    caller = line.leg.offer.caller
    domain = way.domain or line.house.settings.domain
    uri = str(way.uri)
    fields: Fields = (
        *ABILITIES,
        *ask(line.policy),
        *(asserted(caller, domain) if way.trusted else ()),
        *(way.login.fields("INVITE", uri) if way.login else ()),
        *placing.passed,
        (DEPTH, str(line.depth)),
    )
    return Request.new(
        "INVITE",
        way.uri,
        from_=caller_address(caller, domain, way.user).with_tag(placing.tag),
        to=Address(line.leg.offer.callee.name if not way.gateway else "", way.to),
        call_id=placing.call_id,
        cseq=placing.cseq,
        via=via_of(way.flow),
        contact=line.contact,
        routes=way.routes,
        max_forwards=line.hops,
        fields=fields,
        body=placing.sdp.encode(),
        content_type=SDP,
    )


def _tell(placing: Placing, effect: Any) -> None:
    match effect:
        case Early(dialog=dialog, response=response):
            _progress(placing, dialog, response)
        case Accepted(dialog=dialog, response=response):
            _accepted(placing, dialog, response)
        case Over(refusal=refusal, failure=failure) if not placing.answered:
            _failed(placing, refusal, failure)
        case Over():
            placing.line.leg.peer_left(placing.line.left or Cause.NORMAL_CLEARING)
            placing.line.close()


def _progress(placing: Placing, dialog: Dialog | None, response: Response) -> None:
    line = placing.line
    if dialog is not None:
        line.know(dialog)
        line.dialog = dialog  # of several forks the latest is listened to
    if line.leg.cause is not None:
        return
    sdp = _sdp(response)
    if sdp is not None:
        line.after("early media", line.leg.peer_progressed(sdp))
    elif response.status in _ALERTED:
        line.leg.peer_rang()


def _accepted(placing: Placing, dialog: Dialog, response: Response) -> None:
    line = placing.line
    placing.answered = True
    line.settle(dialog)
    line.offers.receive(OfferEvent.THEY_ANSWER)
    line.offers.settled()
    line.allow = response.tokens("Allow")
    if placing.way.login is not None:
        placing.way.login.accepted()
    refreshing.begin(line, response)
    shown = party_in(response, line.leg.party) if line.trusted else None
    line.after("answer", _answer(placing, _sdp(response), shown))


async def _answer(placing: Placing, sdp: str | None, shown: Party | None) -> None:
    """Tell the leg. An answer without SDP stands by the one that came early."""
    line, media = placing.line, placing.line.house.switch.services.media
    leg = line.leg
    if leg.cause is not None:
        return
    if sdp is None and not media.codec(leg.id):
        leg.hangup(Cause.INCOMPATIBLE_DESTINATION)
        return
    try:
        if sdp is not None:
            await leg.peer_answered(sdp, shown)
    except MediaError as error:
        log.info("answer not usable", leg=leg.id, why=str(error))
        return
    except CallError:
        return  # over meanwhile
    leg.peer_is_up()


def _failed(placing: Placing, refusal: Response | None, failure: Failure | None) -> None:
    """Try again with what the peer asked for, or by the next way; else the call has failed."""
    line = placing.line
    gone = placing.given_up or line.leg.cause is not None
    if not gone and refusal is not None and _improves(placing, refusal):
        placing.cseq += 1
        _send(placing)
        return
    if not gone and placing.at + 1 < len(placing.ways) and (refusal is None or refusal.status in _NEXT):
        log.info("next way", leg=line.leg.id, why=refusal.status if refusal else failure)
        _avoid(placing, refusal)
        placing.at += 1
        placing.call_id, placing.tag = new_call_id(), new_tag()
        _send(placing)
        return
    cause = cause_of(refusal) if refusal is not None else _FAILURES[failure] if failure else Cause.NORMAL_CLEARING
    if failure is Failure.TRANSPORT and not placing.way.gateway:
        cause = Cause.USER_NOT_REGISTERED  # the phone has left, and nobody has told us yet (S21)
    line.leg.peer_left(line.left or cause)
    line.close()


def _avoid(placing: Placing, refusal: Response | None) -> None:
    """An address of a carrier that fails, or is too busy, is not tried again for a while."""
    if placing.way.gateway and (refusal is None or refusal.status == 503):
        later = parse_number((refusal.headers.get("Retry-After") or "").partition(";")[0].strip()) if refusal else None
        placing.line.house.avoid(placing.way, float(later or 0))


def _improves(placing: Placing, refusal: Response) -> bool:
    """Whether the same request is sent again with credentials, or with a longer session."""
    login = placing.way.login
    if refusal.status in (401, 407):
        return login is not None and login.challenged(refusal)
    policy = raised(placing.line.policy, refusal) if refusal.status == 422 else None
    if policy is None or policy == placing.line.policy:
        return False
    placing.line.policy = policy
    return True


def _sdp(response: Response) -> str | None:
    try:
        return sdp_in(response)
    except Refused:
        return None


def _nothing() -> None:
    pass
