"""What a peer asks while its call is up: hold, new media, digits, messages, the end (RFC 3261 sections 12 to 15)."""

import random
import re
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError, ProtocolError
from xswitch_py.core.leg import State
from xswitch_py.endpoints.sip.abilities import ABILITIES, ALLOW, EXTENSIONS
from xswitch_py.endpoints.sip.calls import refreshing, transfer
from xswitch_py.endpoints.sip.calls.body import SDP, sdp_in
from xswitch_py.endpoints.sip.calls.identity import party_in
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.endpoints.sip.calls.reasons import cause_in
from xswitch_py.pysip.dialog import dialog_id
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.invite_server import Acked, End, Ended, Finish, Invited, InvitedState
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.offers import OfferEvent, OfferState
from xswitch_py.pysip.reliable import Provisionals
from xswitch_py.pysip.session_timer import Agreed, accept
from xswitch_py.pysip.usage import Fields, GotBye, GotPrack, Refused

__all__ = ["asked"]

log = structlog.get_logger("xswitch.sip")

_RELAY: Final = re.compile(r"^[ \t]*signal[ \t]*=[ \t]*([0-9A-D*#]|1[0-6])[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_DURATION: Final = re.compile(r"^[ \t]*duration[ \t]*=[ \t]*([0-9]{1,5})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_DIRECTION: Final = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)[ \t]*\r?$", re.MULTILINE)
_EVENTS: Final = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D", "16": "F"}
_USUAL: Final = 160  # ms of a digit that does not say
_LONGEST: Final = 5000
_BUSY: Final = 305  # Warning: incompatible media format (RFC 3261 section 20.43)


def asked(line: Line, request: Request) -> None:
    """Take a request inside one of the line's dialogs; it is answered here."""
    dialog = line.dialogs[dialog_id(request)]
    try:
        dialog.check(request)
        if unknown := [tag for tag in request.tokens("Require") if tag.lower() not in EXTENSIONS]:
            raise Refused(420, "", (("Unsupported", ", ".join(sorted(unknown))),))
        if line.dialog is None:
            line.dialog = dialog
        handler = _METHODS.get(request.method)
        if handler is None:
            raise Refused(405, "", (ALLOW,))
        handler(line, request)
    except Refused as refused:
        response = dialog.response(request, refused.status, refused.reason, fields=refused.fields)
        line.house.stack.reply(request, response)
    except BadMessage as bad:
        line.house.stack.reply(request, dialog.response(request, bad.status or 400, bad.text))


def _ok(line: Line, request: Request, fields: Fields = (), sdp: str = "") -> None:
    dialog = line.dialogs[dialog_id(request)]
    line.house.stack.reply(request, dialog.response(request, 200, "", sdp.encode(), SDP, fields))


def _bye(line: Line, request: Request) -> None:
    line.left = cause_in(request)
    line.last(GotBye(request))


def _invite(line: Line, request: Request) -> None:
    """A re-INVITE: hold, new media, a refresh; or no SDP, which asks for our offer (RFC 3261 section 14.2)."""
    sdp = sdp_in(request)
    terms, fields = accept(request, line.policy)
    line.offers.they_invite(random.random())
    if sdp is not None:
        line.offers.receive(OfferEvent.THEY_OFFER)
    assert line.dialog is not None
    settings = line.house.settings
    provisionals = Provisionals(request, secrets.randbelow(2**31 - 2**16) + 1, settings.times)
    machine = Invited(request, line.dialog, line.via, provisionals, settings.times, first=False)
    line.invited(machine, partial(_tell, line, machine))
    line.after("re-INVITE", _reanswer(line, machine, sdp, Agreed(terms), fields))


async def _reanswer(line: Line, machine: Invited, sdp: str | None, timer: Agreed, fields: Fields) -> None:
    request, dialog = machine.invite, machine.dialog
    tell = partial(_tell, line, machine)
    try:
        ours = await _agree(line, sdp)
        if machine.state is not InvitedState.PROCEEDING:
            raise Refused(487)  # it is answered: the call has ended meanwhile
    except Refused as refused:
        line.offers.settled()
        if sdp is not None:
            line.offers.receive(OfferEvent.WE_REFUSE)
        if machine.state is InvitedState.PROCEEDING:
            line.feed(machine, Finish(dialog.response(request, refused.status, fields=refused.fields)), tell)
        return
    dialog.refresh(request)
    _shown(line, request)
    line.offers.settled()
    line.offers.receive(OfferEvent.WE_OFFER if sdp is None else OfferEvent.WE_ANSWER)
    line.feed(machine, Finish(dialog.response(request, 200, "", ours.encode(), SDP, (*ABILITIES, *fields))), tell)
    refreshing.start(line, timer)


async def _agree(line: Line, sdp: str | None) -> str:
    """Answer a new offer, or make one.

    Raises:
        Refused: 488, nothing has changed; 481, the call is over.
    """
    leg, media = line.leg, line.house.switch.services.media
    if leg.cause is not None:
        raise Refused(481)
    try:
        if sdp is None:
            return await media.reoffer(leg.id)
        taken = await media.take_offer(leg.id, sdp)
    except MediaError as error:
        if leg.cause is not None:
            raise Refused(481) from None
        log.info("offer not usable", leg=leg.id, why=str(error))
        raise Refused(
            488, "", (("Warning", f'{_BUSY} {line.house.settings.domain} "Incompatible media format"'),)
        ) from None
    if leg.state is State.ACTIVE:
        leg.hold(taken.held)
    return taken.sdp


def _update(line: Line, request: Request) -> None:
    """An UPDATE, with or without an offer (RFC 3311). Before the call is answered there is no second offer."""
    sdp = sdp_in(request)
    terms, fields = accept(request, line.policy)
    if sdp is not None and line.leg.state is not State.ACTIVE:
        raise Refused(504)
    if sdp is not None:
        _let_offer(line)
        line.after("UPDATE", _updated(line, request, sdp, Agreed(terms), fields))
        return
    line.dialogs[dialog_id(request)].refresh(request)
    _shown(line, request)
    _ok(line, request, (*ABILITIES, *(fields if line.is_up else ())))
    if line.is_up:
        refreshing.start(line, Agreed(terms))


def _let_offer(line: Line) -> None:
    """Take an offer in an UPDATE, unless an INVITE is under way (RFC 3311 section 5.2).

    Raises:
        Refused: ours is (491), or theirs (500).
    """
    line.offers.they_invite(random.random())
    line.offers.settled()
    line.offers.receive(OfferEvent.THEY_OFFER)


async def _updated(line: Line, request: Request, sdp: str, timer: Agreed, fields: Fields) -> None:
    try:
        ours = await _agree(line, sdp)
    except Refused as refused:
        line.offers.receive(OfferEvent.WE_REFUSE)
        line.refuse(request, refused)
        return
    line.offers.receive(OfferEvent.WE_ANSWER)
    line.dialogs[dialog_id(request)].refresh(request)
    _ok(line, request, (*ABILITIES, *fields), ours)
    refreshing.start(line, timer)


def _prack(line: Line, request: Request) -> None:
    machine = next((machine for machine, _ in line.machines if isinstance(machine, Invited)), None)
    if machine is None:
        raise Refused(481)
    tell = next(tell for each, tell in line.machines if each is machine)
    line.feed(machine, GotPrack(request), tell)


def _info(line: Line, request: Request) -> None:
    """Digits, and requests for a key frame; other packages are not for us (RFC 6086)."""
    if "Info-Package" in request.headers:
        raise Refused(469, "", (("Recv-Info", ""),))
    kind, text = request.content_type, request.body.decode("ascii", "replace")
    if kind in ("application/dtmf-relay", "application/dtmf"):
        digit, ms = _digit(kind, text)
        _pressed(line, digit, ms)
    elif kind == "application/media_control+xml":
        if "picture_fast_update" in text and line.leg.bridged is not None:
            line.house.switch.services.media.refresh_video(line.leg.bridged.id)
    elif request.body:
        raise Refused(415, "", (("Accept", "application/dtmf-relay, application/dtmf"),))
    _ok(line, request)


def _digit(kind: str, text: str) -> tuple[str, int]:
    if kind == "application/dtmf" and "=" not in text:
        said, ms = text.strip().upper(), str(_USUAL)
        signal = said if re.fullmatch(r"[0-9A-D*#]|1[0-6]", said) else ""
    else:
        found, long = _RELAY.search(text), _DURATION.search(text)
        signal, ms = found[1].upper() if found else "", long[1] if long else str(_USUAL)
    if not signal:
        raise Refused(400, "Bad Signal")
    return _EVENTS.get(signal, signal), max(40, min(int(ms), _LONGEST))


def _pressed(line: Line, digit: str, ms: int) -> None:
    leg = line.leg
    if leg.peer_pressed(digit, ms, "info") and leg.bridged is not None:
        try:
            leg.bridged.send_digits(digit, ms)
        except ProtocolError as error:
            log.info("digit dropped", leg=leg.id, why=str(error))


def _message(line: Line, request: Request) -> None:
    line.house.chat.receive_inside(request, line.leg)


def _options(line: Line, request: Request) -> None:
    _ok(line, request, (*ABILITIES, ("Accept", SDP)))


def _notify(line: Line, request: Request) -> None:
    raise Refused(481)  # inside of calls nobody subscribes to anything, but by a REFER


def _refer(line: Line, request: Request) -> None:
    if not line.is_up:
        raise Refused(403)
    transfer.refer(line, request)


def _shown(line: Line, request: Request) -> None:
    """A trusted peer may tell that somebody else is at its end now."""
    party = party_in(request, line.leg.party) if line.trusted else None
    if party is not None:
        line.leg.party = party
        if line.leg.bridged is not None:
            line.leg.bridged.display(party)


def _tell(line: Line, machine: Invited, effect: Any) -> None:
    """What becomes of a re-INVITE of theirs."""
    match effect:
        case Acked(request=ack):
            line.keep(machine)
            if line.offers.state is OfferState.OURS:
                line.after("late answer", _confirmed(line, ack))
        case Ended(why=End.REFUSED | End.CANCELLED):
            line.drop(machine)
        case Ended(why=why):
            line.leg.peer_left(
                line.left or (Cause.RECOVERY_ON_TIMER_EXPIRE if why is End.NO_ACK else Cause.NORMAL_CLEARING)
            )
            line.close()


async def _confirmed(line: Line, ack: Request) -> None:
    """The answer to the offer that a re-INVITE without SDP asked us for."""
    try:
        sdp = sdp_in(ack)
    except Refused:
        sdp = None
    line.offers.receive(OfferEvent.THEY_ANSWER if sdp is not None else OfferEvent.THEY_REFUSE)
    if sdp is not None and line.leg.cause is None:
        try:
            await line.house.switch.services.media.read_answer(line.leg.id, sdp)
            line.leg.hold(_holds(sdp))
        except CallError as error:
            log.info("answer not usable", leg=line.leg.id, why=str(error))


def _holds(sdp: str) -> bool:
    """Whether an answer to our offer, which holds nobody, says that its sender does not want to hear us."""
    before_audio, _, audio = sdp.partition("m=audio")
    audio = audio.partition("\nm=")[0]
    said = _DIRECTION.findall(audio) or _DIRECTION.findall(before_audio.partition("\nm=")[0])
    return said[:1] in (["sendonly"], ["inactive"])


_METHODS: Final[Mapping[str, Callable[[Line, Request], None]]] = {
    "BYE": _bye,
    "INVITE": _invite,
    "UPDATE": _update,
    "PRACK": _prack,
    "INFO": _info,
    "MESSAGE": _message,
    "OPTIONS": _options,
    "NOTIFY": _notify,
    "SUBSCRIBE": _notify,
    "REFER": _refer,
}
