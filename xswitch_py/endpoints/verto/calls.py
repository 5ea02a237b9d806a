"""The methods that make, answer, end and use a call (verto.md section 8)."""

from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError, ProtocolError
from xswitch_py.base.offer import Offer, Party
from xswitch_py.core.leg import Leg
from xswitch_py.core.leg import State as LegState
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.chat import send_chat
from xswitch_py.endpoints.verto.leg import VertoWire
from xswitch_py.endpoints.verto.machine import Answered, Attached, Left, State
from xswitch_py.endpoints.verto.session import Asked, Session
from xswitch_py.endpoints.verto.wire import Code, DialogParams, Json
from xswitch_py.jsonrpc import RpcError

__all__ = ["answer", "attach", "bye", "call_id_of", "dialog_of", "info", "invite", "media_words", "sdp_of"]

_GONE: Final = "CALL DOES NOT EXIST"
_VARIABLES: Final = 256  # of one leg


async def invite(asked: Asked, /, **params: Any) -> Json:
    """Place a call."""
    session = asked.session
    try:
        call_id, sdp = call_id_of(asked, params), sdp_of(params)
        if not wire.safe_id(call_id) or session.house.is_channel(call_id):
            raise RpcError(Code.CALL, "CallID invalid")
    except RpcError as error:
        members = wire.cause_members(Cause.INVALID_MSG_UNSPECIFIED)
        raise RpcError(Code.CALL, error.message, **members) from None
    said = _said(params)
    if not await session.is_welcome():
        raise RpcError(Code.CALL, "Cannot create channel", **wire.cause_members(Cause.OUTGOING_CALL_BARRED))
    try:
        leg = session.calls.begin(call_id, _offer(session, said, sdp), recover=said.recover)
    except CallError as error:
        raise RpcError(Code.CALL, "Cannot create channel", **wire.cause_members(error.cause)) from None
    asked.after(partial(session.house.switch.accept, leg))
    return {"message": "CALL CREATED", "callID": call_id}


async def answer(asked: Asked, /, **params: Any) -> Json:
    """Answer a call that we placed to the client."""
    call_id, sdp = call_id_of(asked, params), sdp_of(params)
    dialog = dialog_of(asked.session, call_id)
    leg = dialog.leg
    if not leg.outbound:
        raise RpcError(Code.CALL, _GONE)
    if dialog.dialog.state is not State.RINGING:
        raise RpcError(Code.CALL, "Call already answered")
    try:
        await leg.peer_answered(sdp, _who(wire.dialog(params), leg))
    except MediaError as error:
        raise RpcError(Code.CALL, media_words(error, "CODEC ERROR")) from None
    except CallError:
        raise RpcError(Code.CALL, _GONE) from None
    if dialog.dialog.state is not State.RINGING:  # over meanwhile
        raise RpcError(Code.CALL, _GONE)
    dialog.feed(Answered(leg.party))
    asked.after(leg.peer_is_up)
    return {}


async def attach(asked: Asked, /, **params: Any) -> Json:
    """Take up a call again, after a new page was offered it (verto.md section 10)."""
    call_id, sdp = call_id_of(asked, params), sdp_of(params)
    dialog = dialog_of(asked.session, call_id)
    leg, house = dialog.leg, asked.session.house
    updates = house.switch.updates
    if leg.state is not LegState.ACTIVE:
        raise RpcError(Code.CALL, "Cannot attach to a call that has not been answered.")
    if dialog.dialog.state is not State.ATTACHING:
        raise RpcError(Code.CALL, "Call is attached")
    try:
        await updates.agree(leg, sdp)
    except MediaError as error:
        leg.hangup(Cause.BEARERCAPABILITY_NOTAVAIL)
        raise RpcError(Code.CALL, media_words(error, "CODEC NEGOTIATION ERROR")) from None
    if dialog.line is not asked.session or dialog.dialog.state is not State.ATTACHING:  # overtaken, or over
        raise RpcError(Code.CALL, _GONE)
    dialog.feed(Attached())
    house.states.tell(leg, anew=True)
    await updates.follow(leg)
    return {}


async def bye(asked: Asked, /, **params: Any) -> Json:
    """End a call."""
    call_id = call_id_of(asked, params)
    dialog = dialog_of(asked.session, call_id, callID=call_id)
    cause = wire.client_cause(params, _usual(dialog.leg))
    dialog.feed(Left(cause))
    return {"callID": call_id, "message": "CALL ENDED", **wire.cause_members(cause)}


async def info(asked: Asked, /, **params: Any) -> Json:
    """Send digits, text or a chat message; several at once are handled in this order."""
    dialog = _dialog_if_named(asked, params)
    sent = False
    if dialog is not None:
        _refresh(dialog.leg, wire.dialog(params))
    if dialog is not None and "dtmf" in params:
        _press(asked.session, dialog.leg, wire.digits(params["dtmf"]))
        sent = True
    if dialog is not None and (typed := wire.mapping(params.get("txt"))):
        _pass_on(dialog.leg, typed)
    if "msg" in params:
        send_chat(asked.session, wire.mapping(params["msg"]))
        sent = True
    return {"message": "SENT"} if sent else {}


def call_id_of(asked: Asked, params: Json) -> str:
    """Find which call is meant.

    Raises:
        RpcError: it is not said (V25).
    """
    if not asked.given:
        raise RpcError(Code.CALL, "Params data missing")
    if not isinstance(said := params.get("dialogParams"), dict):
        raise RpcError(Code.CALL, "Dialog data missing")
    if not (call_id := said.get("callID")) or not isinstance(call_id, str):
        raise RpcError(Code.CALL, "CallID missing")
    return call_id


def dialog_of(session: Session, call_id: str, **extra: str) -> VertoWire:
    """Find a call of this session; those of others do not exist (V17).

    Raises:
        RpcError: with `extra` members.
    """
    dialog = session.calls.dialogs.get(call_id)
    if dialog is None:
        raise RpcError(Code.CALL, _GONE, **extra)
    return dialog


def sdp_of(params: Json, **extra: str) -> str:
    """Find the client's SDP.

    Raises:
        RpcError: with `extra` members: there is none.
    """
    if (sdp := wire.sdp(params)) is None:
        raise RpcError(Code.CALL, "SDP missing", **extra)
    return sdp


def media_words(error: MediaError, codec: str) -> str:
    """Say why an SDP cannot be used; `codec` if it has nothing in common with us."""
    return codec if error.cause is Cause.INCOMPATIBLE_DESTINATION else "MEDIA ERROR"


def _said(params: Json) -> DialogParams:
    """Read what a client says of a call, as far as others may be told.

    Raises:
        RpcError: some of it they may not: a destination or a name that no door could write (S105).
    """
    said = wire.dialog(params)
    number = wire.called(said.destination)
    if number is None:
        raise RpcError(Code.CALL, "Destination invalid", **wire.cause_members(Cause.INVALID_NUMBER_FORMAT))
    _check_names(said.caller_name, said.remote.name)
    return replace(said, destination=number)


def _check_names(*names: str) -> None:
    if not wire.may_be_shown(*names):
        raise RpcError(Code.CALL, "Name invalid", **wire.cause_members(Cause.INVALID_MSG_UNSPECIFIED))


def _dialog_if_named(asked: Asked, params: Json) -> VertoWire | None:
    call_id = wire.mapping(params.get("dialogParams")).get("callID")
    if not call_id:
        return None
    return dialog_of(asked.session, wire.text(call_id), callID=wire.text(call_id))


def _offer(session: Session, said: DialogParams, sdp: str) -> Offer:
    """Say who calls whom. Who calls is the account's to say: clients may not pass for somebody else."""
    user = session.user
    assert user is not None
    ours = {
        "verto_user": str(user.address),
        "presence_id": str(user.address),
        "verto_host": user.domain,
        "verto_client_address": session.host,
        "jsock_uuid_str": session.sessid,
        "chat_proto": "verto",
    }
    return Offer(
        Party(user.display_name or said.caller_name, user.number or user.name),
        Party(said.remote.name, said.destination),
        user.address,
        user.context,
        sdp,
        variables={**session.variables, **user.variables, **said.variables, **ours},
    )


def _who(said: DialogParams, leg: Leg) -> Party | None:
    """Say who answered: a name the client gives, but the account's number."""
    _check_names(said.callee.name)
    return Party(said.callee.name, leg.party.number) if said.callee.name else None


def _usual(leg: Leg) -> Cause:
    if leg.state is LegState.ACTIVE:
        return Cause.NORMAL_CLEARING
    return Cause.CALL_REJECTED if leg.outbound else Cause.ORIGINATOR_CANCEL


def _refresh(leg: Leg, said: DialogParams) -> None:
    """Keep what the client says anew of itself; of too many names the new ones are left out."""
    if said.variables:
        known = islice({**leg.offer.variables, **said.variables}.items(), _VARIABLES)
        leg.offer = replace(leg.offer, variables=dict(known))


def _press(session: Session, leg: Leg, digits: wire.Digits) -> None:
    """Digits of a message are heard by the call and by whoever is joined; those in RTP pass with the media."""
    if leg.bridged is not None and digits.tones:
        try:
            leg.bridged.send_digits(digits.tones, digits.ms)
        except ProtocolError:
            raise RpcError(Code.CALL, "Too many digits", callID=leg.id) from None
    for digit in digits.pressed:
        leg.peer_pressed(digit, digits.ms, "info")


def _pass_on(leg: Leg, typed: Json) -> None:
    """Hand real-time text to a Verto client at the other end."""
    other = leg.bridged
    if other is not None and isinstance(other.wire, VertoWire) and other.wire.line is not None:
        other.wire.line.tell("verto.info", {"callID": other.id, "txt": typed})
