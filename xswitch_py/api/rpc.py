"""JSON-RPC over HTTP, for scripts: `POST /rpc`, outside of /api."""

import json
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from xswitch_py.api.operation import Who, problems
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.jsonrpc import BadJson, Refusals, RpcError, error_reply, parse

__all__ = ["router"]

router = APIRouter()

_KINDS: Final = frozenset({"application/json", "application/json-rpc", "application/jsonrequest"})
_UNREADABLE: Final = RpcError(*Refusals().json, data={"code": Code.MALFORMED.value})
_DESCRIPTION: Final = """\
A request of JSON-RPC 2.0, or a batch of at most 32 of them, which are answered in order. `GET /openrpc.json` lists the
methods. Errors of JSON-RPC come with the status 200; 204 answers notifications. The reply to a method that waits comes
when it is done, after an hour at most. What happens is told on the WebSocket `/ws` only."""


@router.post(
    "/rpc",
    operation_id="rpc",
    summary="Do anything by JSON-RPC",
    description=_DESCRIPTION,
    tags=["rpc"],
    responses={
        204: {"description": "Nothing is to be said: there were notifications only."},
        **problems(
            Code.NOT_AUTHENTICATED, Code.FORBIDDEN, Code.UNSUPPORTED, Code.TOO_LARGE, Code.TOO_MANY, Code.UNAVAILABLE
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": ["object", "array"]}}},
        }
    },
)
async def rpc(request: Request, who: Who) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise Refused(Code.UNSUPPORTED, "the body must be application/json")
    try:
        message = parse(await request.body())
    except BadJson:
        return _said(error_reply(None, _UNREADABLE))
    reply = await request.app.state.rpc.answer(message, who)
    return Response(status_code=204) if reply is None else _said(reply)


def _said(reply: Any) -> Response:
    text = json.dumps(reply, ensure_ascii=True, separators=(",", ":"), default=str)
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})
