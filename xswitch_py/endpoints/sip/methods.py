"""METHODS: what a user or a carrier may ask outside of calls; each answers, or raises what the answer is made of."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.ids import LegId, new_id
from xswitch_py.base.offer import Offer, Party
from xswitch_py.base.user import User
from xswitch_py.core.leg import Leg
from xswitch_py.endpoints.sip.abilities import ABILITIES, DEPTH
from xswitch_py.endpoints.sip.calls import taking, transfer
from xswitch_py.endpoints.sip.calls.body import SDP, sdp_in
from xswitch_py.endpoints.sip.calls.identity import caller_of_user
from xswitch_py.endpoints.sip.calls.leg import SipWire
from xswitch_py.endpoints.sip.calls.line import House, Line
from xswitch_py.endpoints.sip.chat import Chat
from xswitch_py.endpoints.sip.flow import Flow, contact_of
from xswitch_py.endpoints.sip.gateways.gateway import Gateway
from xswitch_py.endpoints.sip.gateways.gateways import Gateways
from xswitch_py.endpoints.sip.location import Location
from xswitch_py.endpoints.sip.register import register
from xswitch_py.endpoints.sip.watching.subscriptions import Subscriptions
from xswitch_py.media.api import Transport
from xswitch_py.pysip.dialog import dialog_of_request
from xswitch_py.pysip.headers import parse_number
from xswitch_py.pysip.message import Request, new_tag, response_to
from xswitch_py.pysip.refer import read_replaces
from xswitch_py.pysip.session_timer import accept
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import Refused

__all__ = ["METHODS", "Door", "Sender"]

_DEEPEST: Final = 5  # times that a call may come back to us
_CSEQ: Final = 2**16


class Door(Protocol):
    """What a method needs of the door."""

    house: House
    location: Location
    gateways: Gateways
    chat: Chat
    subscriptions: Subscriptions

    def is_ours(self, uri: Uri) -> bool:
        """Say whether a URI leads here."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks: a user, or a gateway."""

    flow: Flow
    user: User | None
    gateway: Gateway | None


async def _invite(door: Door, request: Request, sender: Sender) -> None:
    """Take up a call: its answers come from whoever works on it."""
    house = door.house
    _check_room(house, sender)
    replaces = read_replaces(request)
    accept(request, house.settings.session)
    line = _line(door, request, sender)
    try:
        replaced = None
        if replaces is not None:
            may = sender.user is not None and sender.user.variables.get("sip_pickup") == "true"
            replaced = transfer.replaced(house, replaces, line.user, may)
        leg = _leg(door, line, request, sender)
    except BaseException:
        line.close()
        raise
    try:
        if replaced is None:
            house.switch.accept(leg)
        else:
            house.switch.take_over(leg, replaced.leg)
    except CallError as error:
        leg.hangup(error.cause)
    except Exception:
        leg.hangup(Cause.INTERWORKING)  # 500
        raise


def _line(door: Door, request: Request, sender: Sender) -> Line:
    """Begin the dialog of a call that comes in."""
    house, user, gateway = door.house, sender.user, sender.gateway
    depth = _depth(door, request, sender)
    if gateway is not None and not door.gateways.admit(gateway):
        raise CallError(Cause.SWITCH_CONGESTION)
    contact = contact_of(sender.flow, gateway.token) if gateway is not None else contact_of(sender.flow)
    dialog = dialog_of_request(request, new_tag(), contact, secrets.randbelow(_CSEQ) + 1)
    closed = door.gateways.taken(gateway.config.name, inbound=True).end if gateway is not None else _nothing
    line = Line(
        house,
        sender.flow,
        user.address if user is not None else None,
        gateway=gateway.config.name if gateway is not None else "",
        trusted=gateway is not None and gateway.config.trusted,
        contact=dialog.contact,
        closed=closed,
    )
    line.dialog = dialog
    line.depth, line.hops = depth, request.max_forwards
    line.instance = request.contacts[0].params.get("+sip.instance") or ""
    return line


def _leg(door: Door, line: Line, request: Request, sender: Sender) -> Leg:
    house, media = door.house, door.house.switch.services.media
    offer = _offer(door, request, sender)
    if offer.sdp is not None:
        transport = media.transport_of(offer.sdp)
    else:
        transport = Transport.WEBRTC if sender.flow.transport in ("WS", "WSS") else Transport.RTP
    setup = taking.Taking(line, request)
    wire = SipWire(line, setup, transport, offer.callee.number)
    line.leg = house.switch.new_leg(LegId(new_id()), wire, offer)
    taking.begin(setup)
    return line.leg


def _offer(door: Door, request: Request, sender: Sender) -> Offer:
    """Say who calls whom."""
    sdp, user, gateway = sdp_in(request), sender.user, sender.gateway
    if user is not None:
        _check_ours(door, request)
        callee = Party("", request.uri.name)
        return Offer(caller_of_user(request, user), callee, user.address, user.context, sdp, variables=user.variables)
    assert gateway is not None
    name, number = door.gateways.caller(request, gateway)
    callee = Party("", door.gateways.dialled(request, gateway))
    return Offer(Party(name, number), callee, None, gateway.config.context, sdp)


def _check_ours(door: Door, request: Request) -> None:
    """We are no relay to others (S106)."""
    if request.uri.scheme != "tel" and not door.is_ours(request.uri):
        raise Refused(404)


def _depth(door: Door, request: Request, sender: Sender) -> int:
    """See how often the call came back to us; only we ourselves are believed (S70)."""
    host, _ = sender.flow.remote
    if host != sender.flow.near[0]:
        return 0
    depth = parse_number(request.headers.get(DEPTH) or "") or 0
    if depth > _DEEPEST:
        raise Refused(482)
    return depth


def _check_room(house: House, sender: Sender) -> None:
    if len(house.lines) >= house.settings.dialogs:
        raise CallError(Cause.SWITCH_CONGESTION)
    if sender.user is None:
        return
    mine = sum(line.user == sender.user.address for line in house.lines)
    if mine >= house.settings.dialogs_per_user:
        raise CallError(Cause.USER_BUSY)


async def _register(door: Door, request: Request, sender: Sender) -> None:
    assert sender.user is not None
    response = register(request, sender.flow, sender.user, door.location, door.is_ours)
    door.house.stack.reply(request, response)


async def _options(door: Door, request: Request, sender: Sender) -> None:
    if sender.user is not None:
        _check_ours(door, request)
    fields = (*ABILITIES, ("Accept", SDP))
    door.house.stack.reply(request, response_to(request, 200, to_tag=new_tag(), fields=fields))


async def _message(door: Door, request: Request, sender: Sender) -> None:
    if sender.user is None:
        raise Refused(403)  # carriers call, and do not chat
    _check_ours(door, request)
    await door.chat.receive(request, sender.user)


async def _subscribe(door: Door, request: Request, sender: Sender) -> None:
    if sender.user is None:
        raise Refused(403)
    _check_ours(door, request)
    await door.subscriptions.subscribe(request, sender.flow, sender.user)


METHODS: Final[Mapping[str, Callable[[Door, Request, Sender], Awaitable[None]]]] = {
    "INVITE": _invite,
    "REGISTER": _register,
    "OPTIONS": _options,
    "MESSAGE": _message,
    "SUBSCRIBE": _subscribe,
}


def _nothing() -> None:
    pass
