"""A peer sends its call on: REFER, blind and attended, and INVITE with Replaces (RFC 3515, RFC 5589, RFC 3891)."""

from functools import partial
from typing import Any

import structlog

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.core.leg import State
from xswitch_py.core.switch import Progress
from xswitch_py.endpoints.sip.calls.line import House, Line
from xswitch_py.endpoints.sip.calls.reasons import status_of
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.refer import Replaces, Transfer, read_refer
from xswitch_py.pysip.subscription import Begin, Concluded, Lapsed, Referral, ReferralEvent, Told, Went
from xswitch_py.pysip.transaction import Failure
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import Refused

__all__ = ["refer", "replaced"]

log = structlog.get_logger("xswitch.sip")


def refer(line: Line, request: Request) -> None:
    """Take a REFER inside a call.

    Raises:
        Refused: it is not in order, or leads elsewhere than to us.
    """
    assert line.dialog is not None
    wanted = read_refer(request)
    if line.gateway:
        raise Refused(403)  # carriers have no numbers of ours to dial
    if not _leads_to_us(line.house, wanted.target):
        raise Refused(403)
    ours = str(request.cseq.number) if line.referred else ""  # the first of a dialog needs no id (RFC 3515 2.4.6)
    line.referred += 1
    referral = Referral(request, line.dialog, line.via, wanted.notify, ours)
    tell = partial(_tell, line, referral)
    line.feed(referral, Begin(), tell)
    try:
        if wanted.replaces is not None:
            _attended(line, referral, wanted.replaces)
        else:
            _blind(line, referral, wanted)
    except CallError as error:
        log.info("transfer refused", leg=line.leg.id, why=str(error))
        line.feed(referral, Concluded(status_of(error.cause)), tell)


def replaced(house: House, replaces: Replaces, user: Address | None, may_pick_up: bool) -> Line:
    """Find whose place an INVITE shall take.

    Raises:
        Refused: there is no such call (481), it is answered and only a ringing one was meant (486), or it is not
            this user's to take (403).
    """
    line = house.dialogs.get(replaces.dialog)
    if line is None or line.leg.cause is not None:
        raise Refused(481)
    parties = {each.offer.user for each in (line.leg, line.leg.bridged or line.leg.placed_for) if each is not None}
    if user is None or (user not in parties and not may_pick_up):
        raise Refused(403)
    if replaces.early_only and line.leg.state is State.ACTIVE:
        raise Refused(486)
    return line


def _blind(line: Line, referral: Referral, wanted: Transfer) -> None:
    def told(progress: Progress) -> None:
        event: ReferralEvent
        match progress:
            case State.RINGING:
                event = Went(180)
            case Cause():
                event = Concluded(status_of(progress))
            case _:
                event = Concluded(200)
        line.feed(referral, event, partial(_tell, line, referral))

    line.house.switch.refer(line.leg, wanted.target.name, told)


def _attended(line: Line, referral: Referral, replaces: Replaces) -> None:
    """Both calls are ours: whom the two talk to are joined, and both lines end, told of it first."""
    other = line.house.dialogs.get(replaces.dialog)
    if other is None or other.user != line.user or other.leg is line.leg:
        raise CallError(Cause.INVALID_CALL_REFERENCE, "no such call")
    if line.leg.bridged is None or other.leg.bridged is None:
        raise CallError(Cause.WRONG_CALL_STATE, "nobody to join")
    line.feed(referral, Concluded(200), partial(_tell, line, referral))
    line.house.switch.replace(line.leg, other.leg)


def _tell(line: Line, referral: Referral, effect: Any) -> None:
    """The answers to our NOTIFYs come back here; nothing else of a referral is for the core."""
    match effect:
        case Response(status=status) if status >= 200:
            line.feed(referral, Told(status), partial(_tell, line, referral))
        case Failure():
            line.feed(referral, Lapsed(), partial(_tell, line, referral))


def _leads_to_us(house: House, target: Uri) -> bool:
    """Whether what a REFER names is for our dialplan; no call of ours is sent to strangers (S106)."""
    return bool(target.name) and (target.scheme == "tel" or house.is_ours(target))
