"""What every HTTP request passes first: a number for its problems, bounds for its body, headers for its answer."""

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xswitch_py.api import problems
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.jsonrpc import BadJson, parse

__all__ = ["Front"]

_BODY: Final = 1 << 20  # bytes of a request's body
_UPLOAD: Final = 52 << 20  # of a sound's: the door for it counts more exactly
_API: Final = "/api/"
# What no page can say of itself: nobody may frame it, nor take it for something else.
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Front:
    """Stands before the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, with a body that can be read; what is too long or no JSON is refused here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = uuid4().hex
        answer = _dressed(scope, send)
        try:
            request = await _readable(scope, receive)
        except ClientDisconnect:
            return  # in the middle of it: nothing of it counts
        except Refused as refused:
            close = {"Connection": "close"} if refused.code is Code.TOO_LARGE else None
            refusal = problems.problem(Request(scope), refused.code, refused.detail, headers=close)
            await refusal(scope, receive, answer)
            return
        await self._app(scope, request, answer)


async def _readable(scope: Scope, receive: Receive) -> Receive:
    """Give a request's body, within bounds.

    Raises:
        Refused: it cannot be taken. ClientDisconnect: it did not come to its end.
    """
    headers, most = Headers(scope=scope), _UPLOAD if _is_upload(scope) else _BODY
    if int(headers.get("content-length", 0)) > most:
        raise Refused(Code.TOO_LARGE)
    if not scope["path"].startswith(_API) or not _is_json(headers):
        return _bounded(receive, most)
    body = await _whole(receive, most)
    _judge(body)
    return _again(body, receive)


def _dressed(scope: Scope, send: Send) -> Send:
    """Give the answer the headers that all have."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = scope["request_id"]
            if scope["path"].startswith(_API):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return dressed


def _bounded(receive: Receive, left: int) -> Receive:
    """Count the bytes of a body whose length was not announced."""

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise problems.too_large()
        return message

    return bounded


async def _whole(receive: Receive, most: int) -> bytes:
    pieces, more = list[bytes](), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        most -= len(pieces[-1])
        if most < 0:
            raise Refused(Code.TOO_LARGE)
        more = message.get("more_body", False)
    return b"".join(pieces)


def _judge(body: bytes) -> None:
    """Refuse what is not JSON within the limits that JSON-RPC has."""
    try:
        parse(body or b"null")
    except BadJson as bad:
        raise Refused(
            Code.TOO_LARGE if str(bad) == "too long" else Code.MALFORMED, f"the body cannot be read: {bad}"
        ) from None


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read, and then what comes after it."""
    left = [body]

    async def again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again


def _is_upload(scope: Scope) -> bool:
    found: bool = scope["method"] == "POST" and scope["path"] == "/api/v1/media"
    return found


def _is_json(headers: Headers) -> bool:
    """Say whether the application would take a body for JSON."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
