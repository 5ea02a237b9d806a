"""JSON-RPC 2.0: a request and a table of methods give a reply; exception texts never leave.

The only importer of jsonrpcserver, which calls the methods. What it does with text, batches and errors is not what our
peers expect (its errors tell the text of exceptions and cannot carry members of their own, and the members of a batch
run all at once), so texts are read, requests judged and errors written here. A method leaves what shall happen *after*
its reply in its `Context`; whoever sent the reply then calls `Context.settle`.
"""

import json
import math
import re
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Any, Final, NamedTuple, NoReturn, cast

import structlog

from xswitch_py.base.errors import ProtocolError, XSwitchError

with warnings.catch_warnings():  # its way to read its schema is deprecated in Python 3.11 and 3.12, and kept in 3.13
    warnings.filterwarnings("ignore", "(read|open)_text is deprecated", DeprecationWarning)
    from jsonrpcserver import Error, Result, Success
    from jsonrpcserver.async_dispatcher import dispatch_request
    from jsonrpcserver.dispatcher import to_response
    from jsonrpcserver.request import Request
    from jsonrpcserver.response import to_serializable_one

__all__ = [
    "BATCH",
    "BadJson",
    "Context",
    "Handler",
    "Refusal",
    "Refusals",
    "RpcError",
    "answer",
    "call",
    "dump",
    "error_reply",
    "is_reply",
    "parse",
]

log = structlog.get_logger("xswitch.jsonrpc")

SIZE: Final = 1_000_000  # bytes of a text
DEPTH: Final = 32  # arrays and objects within each other
DIGITS: Final = 100  # of a number
MEMBERS: Final = 5_000  # of all arrays and objects together: a megabyte of brackets takes half a second to read
BATCH: Final = 32  # members


class BadJson(ProtocolError):
    """A text that is not JSON, or not within our limits."""


class RpcError(XSwitchError):
    """The reply is an error; these words reach the peer. Further keywords become members beside `code`, not `data`."""

    def __init__(self, code: int | None, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.extra = code, message, extra

    def as_json(self) -> dict[str, Any]:
        """Return the error object; one without a code has no member of that name."""
        code = {} if self.code is None else {"code": self.code}
        return {**code, "message": self.message, **self.extra}


class Refusal(NamedTuple):
    """An error that the protocol itself gives."""

    code: int
    message: str


class Refusals(NamedTuple):
    """How the protocol's own errors read; the defaults are those of the JSON-RPC specification."""

    json: Refusal = Refusal(-32700, "Parse error")
    request: Refusal = Refusal(-32600, "Invalid Request")
    version: Refusal = Refusal(-32600, "Invalid Request")  # `jsonrpc` is not "2.0"
    method: Refusal = Refusal(-32601, "Method not found")
    params: Refusal = Refusal(-32602, "Invalid params")
    internal: Refusal = Refusal(-32603, "Internal error")


@dataclass(slots=True)
class Context:
    """What the methods called for one message share; doors derive their own."""

    effects: list[Callable[[], object]] = field(default_factory=list, kw_only=True)

    def after(self, effect: Callable[[], object]) -> None:
        """Let something happen once the reply has left."""
        self.effects.append(effect)

    def settle(self) -> None:
        """Let all of it happen, in order. One that fails is our bug and does not keep back the others."""
        while self.effects:
            effect = self.effects.pop(0)
            try:
                effect()
            except Exception:
                log.exception("effect failed")


Handler = Callable[..., Awaitable[dict[str, Any]]]  # (context, /, **params) -> result
Json = dict[str, Any]

STANDARD: Final = Refusals()


def parse(text: str | bytes) -> Any:
    """Read a JSON text strictly and within limits. Of members with the same name the last one counts.

    Raises:
        BadJson: always, and never anything else.
    """
    if len(text) > SIZE:
        raise BadJson("too long")
    try:
        text = text if isinstance(text, str) else text.decode()
        if len(text) > MEMBERS and sum(map(text.count, "[{,")) > MEMBERS:
            raise BadJson("too many members")
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as problem:
        raise BadJson("not JSON") from problem
    if text.count("[") + text.count("{") > DEPTH and _deep(value):
        raise BadJson("too deep")
    if _SURROGATE.search(text) and not _encodable(value):
        raise BadJson("lone surrogate")
    return value


def dump(value: Any) -> str:
    """Write a value as compact JSON.

    Raises:
        ValueError: it holds NaN or an infinity. TypeError: it holds what JSON has no word for. Both are our bugs.
    """
    return _ENCODER.encode(value)


def is_reply(message: Any) -> bool:
    """Tell a reply to one of our own requests: it must not be answered."""
    return isinstance(message, dict) and "method" not in message and ("result" in message or "error" in message)


def error_reply(request_id: Any, error: Refusal | RpcError) -> Json:
    """Write the reply that refuses a request."""
    said = error.as_json() if isinstance(error, RpcError) else error._asdict()
    return {"jsonrpc": "2.0", "id": request_id, "error": said}


async def answer(
    message: Any, methods: Mapping[str, Handler], context: Any, refusals: Refusals = STANDARD
) -> Json | list[Json] | None:
    """Answer what `parse` gave: a request, or a batch of them, one after the other and in order.

    Returns None where nothing must be said: to a notification, a reply, or a batch of nothing else.
    """
    if not isinstance(message, list):
        return await call(message, methods, context, refusals)
    if not 0 < len(message) <= BATCH:
        return error_reply(None, refusals.request)
    replies = [await call(member, methods, context, refusals) for member in message]
    return [reply for reply in replies if reply is not None] or None


async def call(
    request: Any, methods: Mapping[str, Handler], context: Any, refusals: Refusals = STANDARD
) -> Json | None:
    """Answer one request; None if it is a notification or itself a reply.

    A method is called as `handler(context, **params)` and returns the result, or raises `RpcError`. Whatever else it
    raises is our bug: it is logged, and the peer is told no more than `refusals.internal`.
    """
    if is_reply(request):
        return None
    wrong = _judge(request, refusals)
    if wrong is not None:
        return error_reply(_id(request), wrong)
    reply = await _dispatch(request, methods, context, refusals)
    return reply if "id" in request else None


async def _dispatch(request: Json, methods: Mapping[str, Handler], context: Any, refusals: Refusals) -> Json:
    name, params, request_id = request["method"], request.get("params"), request.get("id")
    params = {} if params is None else params
    if not isinstance(params, dict):
        return error_reply(request_id, refusals.params)
    # One level below the library's own `async_dispatch`, which makes a task for every request: here a method runs in
    # the caller's task, so it sees its context variables and is cancelled with it.
    done = await dispatch_request(
        {name: _run} if name in methods else {},
        _Call(methods.get(name), context, refusals),
        Request(name, params, request_id),
    )
    reply = cast(Json, to_serializable_one(to_response(*done)))
    if "error" not in reply:
        return reply
    ours = reply["error"].get("data")  # the library's own data is a text, and stays here
    return error_reply(request_id, ours if isinstance(ours, RpcError) else refusals.method)


class _Call(NamedTuple):
    """What `_run` needs to know beside the parameters."""

    handler: Handler | None
    context: Any
    refusals: Refusals


async def _run(call: _Call, /, **params: Any) -> Result:
    """Call a method for jsonrpcserver, which binds parameters as keywords."""
    assert call.handler is not None
    try:
        return Success(await call.handler(call.context, **params))
    except RpcError as refusal:
        return Error(0, "", refusal)
    except Exception:
        log.exception("method failed", method=getattr(call.handler, "__qualname__", None))
        return Error(0, "", RpcError(*call.refusals.internal))


# jsonrpcserver asks for the signature at every call; made here once, it need not be worked out.
_run.__signature__ = Signature(  # type: ignore[attr-defined]
    [Parameter("call", Parameter.POSITIONAL_ONLY), Parameter("params", Parameter.VAR_KEYWORD)]
)


def _judge(request: Any, refusals: Refusals) -> Refusal | None:
    if not isinstance(request, dict):
        return refusals.request
    if request.get("jsonrpc") != "2.0":
        return refusals.version
    if not isinstance(request.get("method"), str) or not _is_id(request.get("id")):
        return refusals.request
    return None


def _is_id(value: Any) -> bool:
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


def _id(request: Any) -> Any:
    value = request.get("id") if isinstance(request, dict) else None
    return value if _is_id(value) else None


def _int(text: str) -> int:
    return int(_short(text))


def _float(text: str) -> float:
    value = float(_short(text))
    if not math.isfinite(value):
        raise ValueError("out of range")
    return value


def _short(text: str) -> str:
    if len(text) > DIGITS:
        raise ValueError("too many digits")
    return text


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
    return bool(level)


def _children(node: dict[str, Any] | list[Any]) -> Any:
    return node.values() if isinstance(node, dict) else node


def _encodable(value: Any) -> bool:
    try:
        dump(value).encode()
    except UnicodeEncodeError:
        return False
    return True


_DECODER: Final = json.JSONDecoder(parse_int=_int, parse_float=_float, parse_constant=_constant)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
