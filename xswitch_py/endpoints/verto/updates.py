"""Other media for a call that is up: offered by the client, or answered by it (verto.md 8.7)."""

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.core.leg import State as LegState
from xswitch_py.core.updates import Updates
from xswitch_py.endpoints.verto.calls import media_words, sdp_of
from xswitch_py.endpoints.verto.leg import VertoWire
from xswitch_py.endpoints.verto.machine import State
from xswitch_py.endpoints.verto.wire import Code, Json
from xswitch_py.jsonrpc import RpcError

__all__ = ["answer_update", "update"]


async def update(updates: Updates, dialog: VertoWire, params: Json, said: dict[str, str]) -> Json:
    """Answer the client's offer."""
    if dialog.leg.state is not LegState.ACTIVE:
        raise RpcError(Code.CALL, "Cannot update a call that has not been answered.", **said)
    sdp = sdp_of(params, **said)
    try:
        if dialog.dialog.state is not State.ACTIVE:
            raise CallError(Cause.WRONG_CALL_STATE, "our attach is open")
        taken = await updates.take(dialog.leg, sdp)
    except MediaError as error:
        raise RpcError(Code.CALL, media_words(error, "CODEC NEGOTIATION ERROR"), **said) from None
    except CallError:
        raise RpcError(Code.CALL, "Update in progress", **said) from None
    return {"sdp": taken.sdp}


async def answer_update(updates: Updates, dialog: VertoWire, params: Json, said: dict[str, str]) -> Json:
    """Take the client's answer to an offer of ours, or its word that it has none."""
    try:
        if "error" in params:
            await updates.refuse(dialog.leg)
        else:
            await updates.answer(dialog.leg, sdp_of(params, **said))
    except MediaError as error:
        raise RpcError(Code.CALL, media_words(error, "CODEC NEGOTIATION ERROR"), **said) from None
    except CallError:
        raise RpcError(Code.CALL, "No update in progress", **said) from None
    return {}
