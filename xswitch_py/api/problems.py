"""Refusals as problem details (RFC 9457); the text of an exception that nobody foresaw stays here."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from xswitch_py.base.cause import CAUSES
from xswitch_py.base.errors import CallError, Refused, StoreError, Taken
from xswitch_py.base.problem import PROBLEMS, Code
from xswitch_py.core.commands.command import pointer

__all__ = ["TYPE", "install", "problem", "too_large"]

log = structlog.get_logger("xswitch.api")

TYPE: Final = "/docs/problems#"  # and the code: where a problem is explained

_CODES: Final = {
    400: Code.MALFORMED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.TOO_LARGE,
    415: Code.UNSUPPORTED,
    416: Code.RANGE,
}
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_WORTH: Final = 100  # problems of one request that are told


def install(app: FastAPI) -> None:
    """Let every refusal leave as problem details."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return problem(request, error.code, error.detail, **error.facts)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _invalid(request, error)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, Code.MALFORMED)
        among_others = code is Code.METHOD_NOT_ALLOWED and request.url.path.startswith("/api/")
        return problem(request, code, headers=_allowed(request) if among_others else error.headers)

    async def stored(request: Request, error: Exception) -> Response:
        taken = isinstance(error, Taken)
        if not taken:
            log.error("the database cannot do it", error=str(error))
        return problem(request, Code.TAKEN if taken else Code.UNAVAILABLE, str(error) if taken else "")

    async def call(request: Request, error: Exception) -> Response:
        assert isinstance(error, CallError)
        status = CAUSES[error.cause].http
        return problem(request, Code.CALL_FAILED, str(error), status=status, cause=error.cause.value)

    async def unforeseen(request: Request, error: Exception) -> Response:
        return problem(request, Code.INTERNAL)

    for kind, handler in (
        (Refused, refused),
        (RequestValidationError, invalid),
        (HTTPException, http),
        (StoreError, stored),
        (CallError, call),
        (Exception, unforeseen),
    ):
        app.add_exception_handler(kind, handler)


def too_large() -> HTTPException:
    """Say that a body is longer than it may be."""
    return HTTPException(413)


def problem(
    request: Request,
    code: Code,
    detail: str = "",
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **facts: Any,
) -> Response:
    """Make the reply that refuses a request."""
    row = PROBLEMS[code]
    headers = dict(headers or {})
    if (seconds := facts.pop("retry_after", None)) is not None:
        headers["Retry-After"] = str(max(1, round(seconds)))
    if code is Code.NOT_AUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    body = {
        "type": f"{TYPE}{code}",
        "title": row.title,
        "status": status or row.status,
        "code": code,
        "detail": detail,
        "instance": request.url.path,
        "request_id": request.scope.get("request_id") or uuid4().hex,
        **facts,
    }
    text = json.dumps(body, ensure_ascii=True)
    return Response(text, status or row.status, headers, "application/problem+json")


def _allowed(request: Request) -> dict[str, str]:
    """Name all methods of a path: the route that refused knows only its own."""
    routes = request.app.router.routes
    found = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return {"Allow": ", ".join(found)}


def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()[:_WORTH]
    if any(one["type"] == "json_invalid" for one in found):
        return problem(request, Code.MALFORMED, "the body is not JSON")
    errors = [{"pointer": _where(one["loc"]), "detail": one["msg"]} for one in found]
    return problem(request, Code.INVALID, errors=errors)


def _where(place: tuple[int | str, ...]) -> str:
    """Point into the body; to a parameter by the way it came."""
    return pointer(place[1:] if place and place[0] == "body" else place)
