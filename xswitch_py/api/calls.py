"""REST: calls and bridges."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Response
from pydantic import TypeAdapter

from xswitch_py.api.idempotency import Idempotency
from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.base.cause import Cause
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import bridges, calls
from xswitch_py.models import calls as models
from xswitch_py.models.recordings import RecordingShown
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

_PAGE: Final = TypeAdapter(Page[models.Call])
_CALL: Final = "/calls/{call}"
_BRIDGE: Final = "/bridges/{bridge}"
CallId = Annotated[str, Path(max_length=80, description="`call_...`")]
BridgeId = Annotated[str, Path(max_length=80, description="`bridge_...`")]
Nothing = Annotated[models.Holding, Body(default_factory=models.Holding)]


def _on_call(command: Any, *codes: Code, **more: Any) -> dict[str, Any]:
    """Describe something that is done to a call that may be gone, or in another state."""
    return op(command, Code.NOT_FOUND, Code.CONFLICT, *codes, tags=["calls"], **more)


@router.get("/calls", **op(calls.list_calls, tags=["calls"]), response_model=Page[models.Call])
async def list_calls(desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None) -> Response:
    page = await calls.list_calls(desk, who, limit, cursor)
    return Response(_PAGE.dump_json(page), media_type="application/json")  # as it is: it was made by us


@router.post("/calls", **op(calls.originate, Code.CALL_FAILED, Code.CONFLICT, tags=["calls"]), status_code=202)
async def originate(
    desk: AtDesk, who: Who, once: Idempotency, wish: models.Originate, response: Response
) -> models.Call:
    call = await once(wish, lambda: calls.originate(desk, who, wish))
    response.headers["Location"] = f"/api/v1/calls/{call.id}"
    return call


@router.get(_CALL, **op(calls.get, Code.NOT_FOUND, tags=["calls"]))
async def get(desk: AtDesk, who: Who, call: CallId) -> models.Call:
    return await calls.get(desk, who, call)


@router.delete(_CALL, **_on_call(calls.hangup))
async def hangup(desk: AtDesk, who: Who, call: CallId, cause: Cause = models.ENDED_BY_US) -> models.Call:
    return await calls.hangup(desk, who, call, models.Ending(cause=cause))


@router.post(f"{_CALL}/answer", **_on_call(calls.answer))
async def answer(desk: AtDesk, who: Who, call: CallId) -> models.Call:
    return await calls.answer(desk, who, call)


@router.post(f"{_CALL}/bridge", **_on_call(calls.bridge, Code.CALL_FAILED))
async def bridge(desk: AtDesk, who: Who, call: CallId, wish: models.Bridging) -> models.CallBridge:
    return await calls.bridge(desk, who, call, wish)


@router.post(f"{_CALL}/hold", **_on_call(calls.hold))
async def hold(desk: AtDesk, who: Who, call: CallId, wish: Nothing) -> models.Call:
    return await calls.hold(desk, who, call, wish)


@router.post(f"{_CALL}/unhold", **_on_call(calls.unhold))
async def unhold(desk: AtDesk, who: Who, call: CallId, wish: Nothing) -> models.Call:
    return await calls.unhold(desk, who, call, wish)


@router.post(f"{_CALL}/mute", **_on_call(calls.mute))
async def mute(desk: AtDesk, who: Who, call: CallId, wish: models.Mute) -> models.Call:
    return await calls.mute(desk, who, call, wish)


@router.post(f"{_CALL}/transfer", **_on_call(calls.transfer))
async def transfer(desk: AtDesk, who: Who, call: CallId, wish: models.Transfer) -> models.Call:
    return await calls.transfer(desk, who, call, wish)


@router.post(f"{_CALL}/dtmf", **_on_call(calls.dtmf))
async def dtmf(desk: AtDesk, who: Who, call: CallId, wish: models.Digits) -> models.Call:
    return await calls.dtmf(desk, who, call, wish)


@router.post(f"{_CALL}/play", **_on_call(calls.play, Code.CALL_FAILED))
async def play(desk: AtDesk, who: Who, call: CallId, wish: models.Play) -> models.Played:
    return await calls.play(desk, who, call, wish)


@router.post(f"{_CALL}/stop", **_on_call(calls.stop))
async def stop(desk: AtDesk, who: Who, call: CallId) -> models.Stopped:
    return await calls.stop(desk, who, call)


@router.post(f"{_CALL}/record", **_on_call(calls.record, Code.CALL_FAILED), status_code=201)
async def record(desk: AtDesk, who: Who, call: CallId, wish: models.Record) -> RecordingShown:
    return await calls.record(desk, who, call, wish)


@router.post(f"{_CALL}/gather", **_on_call(calls.gather, Code.CALL_FAILED))
async def gather(desk: AtDesk, who: Who, call: CallId, wish: models.Gather) -> models.Gathered:
    return await calls.gather(desk, who, call, wish)


@router.post(f"{_CALL}/supervise", **_on_call(calls.supervise), status_code=202)
async def supervise(desk: AtDesk, who: Who, call: CallId, wish: models.Supervise) -> models.Call:
    return await calls.supervise(desk, who, call, wish)


@router.patch(f"{_CALL}/variables", **_on_call(calls.set_variables))
async def set_variables(desk: AtDesk, who: Who, call: CallId, wish: models.Variables) -> models.Call:
    return await calls.set_variables(desk, who, call, wish)


@router.get("/bridges", **op(bridges.list_bridges, tags=["bridges"]))
async def list_bridges(desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None) -> Page[models.Bridge]:
    return await bridges.list_bridges(desk, who, limit, cursor)


@router.post("/bridges", **op(bridges.make, Code.NOT_FOUND, Code.CONFLICT, tags=["bridges"]), status_code=201)
async def make(desk: AtDesk, who: Who, wish: models.NewBridge) -> models.Bridge:
    return await bridges.make(desk, who, wish)


@router.post(f"{_BRIDGE}/add", **op(bridges.add, Code.NOT_FOUND, Code.CONFLICT, tags=["bridges"]))
async def add(desk: AtDesk, who: Who, bridge: BridgeId, wish: models.BridgeMember) -> models.Bridge:
    return await bridges.add(desk, who, bridge, wish)


@router.post(f"{_BRIDGE}/remove", **op(bridges.remove, Code.NOT_FOUND, Code.CONFLICT, tags=["bridges"]))
async def remove(desk: AtDesk, who: Who, bridge: BridgeId, wish: models.BridgeMember) -> models.Bridge:
    return await bridges.remove(desk, who, bridge, wish)
