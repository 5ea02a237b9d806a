"""`verto.modify`: what a client does with a call that is up (verto.md 8.7)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from xswitch_py.base.errors import CallError
from xswitch_py.core.leg import Leg
from xswitch_py.core.leg import State as LegState
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.calls import call_id_of, dialog_of
from xswitch_py.endpoints.verto.session import Asked, Session
from xswitch_py.endpoints.verto.updates import answer_update, update
from xswitch_py.endpoints.verto.wire import Code, Json
from xswitch_py.jsonrpc import RpcError

__all__ = ["modify"]


class _Refused(Exception):
    """An action cannot be done; the text is for the peer."""


async def modify(asked: Asked, /, **params: Any) -> Json:
    """Do one action; every success tells the true hold state, which drives the client (V30)."""
    call_id = call_id_of(asked, params)
    action = wire.text(params.get("action"))
    if not action:
        raise RpcError(Code.CALL, "action missing")
    said = {"callID": call_id, "action": action}
    dialog = dialog_of(asked.session, call_id, **said)
    leg = dialog.leg
    if (negotiate := _OFFERS.get(action.lower())) is not None:
        more = await negotiate(asked.session.house.switch.updates, dialog, params, said)
        return {**said, **more, "holdState": "held" if leg.held else "active"}
    try:
        more = _ACTIONS.get(action.lower(), _unknown)(asked.session, leg, params)
    except _Refused as refused:
        raise RpcError(Code.CALL, str(refused), **said) from None
    return {**said, **more, "holdState": "held" if leg.held else "active"}


def _hold(wanted: Callable[[Leg], bool]) -> "_Action":
    def act(session: Session, leg: Leg, params: Json) -> Json:
        if leg.state is not LegState.ACTIVE:
            raise _Refused("Call is not answered")
        leg.hold(wanted(leg))
        return {}

    return act


def _transfer(session: Session, leg: Leg, params: Json) -> Json:
    if not (destination := wire.text(params.get("destination"))):
        raise _Refused("destination missing")
    if not (number := wire.called(destination)):
        raise _Refused("destination invalid")
    try:
        session.house.switch.transfer(leg, number)
    except CallError:
        raise _Refused("call is not bridged") from None
    return {"message": "CALL TRANSFERRED"}


def _replace(session: Session, leg: Leg, params: Json) -> Json:
    if not (other := wire.text(params.get("replaceCallID"))):
        raise _Refused("replaceCallID missing")
    dialog = session.calls.dialogs.get(other)
    if dialog is None or dialog.leg is leg:
        raise _Refused("invalid transfer leg")
    try:
        session.house.switch.replace(leg, dialog.leg)
    except CallError:
        raise _Refused("invalid transfer leg") from None
    return {}


def _refresh(session: Session, leg: Leg, params: Json) -> Json:
    if leg.bridged is not None:
        session.house.switch.services.media.refresh_video(leg.bridged.id)
    return {}


def _unknown(session: Session, leg: Leg, params: Json) -> Json:
    raise _Refused("Invalid action")


_Action = Callable[[Session, Leg, Json], Json]
_ACTIONS: Final[Mapping[str, _Action]] = {
    "hold": _hold(lambda leg: True),
    "unhold": _hold(lambda leg: False),
    "togglehold": _hold(lambda leg: not leg.held),
    "transfer": _transfer,
    "replace": _replace,
    "videorefresh": _refresh,
}
_OFFERS: Final = {"updatemedia": update, "updatemediaanswer": answer_update}
