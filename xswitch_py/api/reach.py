"""Beside the API: whether a page may have a phone here, asked by the page itself before anybody logs in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from xswitch_py.api.operation import AtDesk

__all__ = ["NOWHERE", "Reach", "router"]

router = APIRouter(include_in_schema=False)

_FOR_ALL: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store",
    "Vary": "Origin",
}
_HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_USUAL: Final = 443


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known of the sockets. `origin_allowed` judges the headers Origin and Host, as it does for a socket."""

    origin_allowed: Callable[[str | None, str | None], bool]
    secure_port: Callable[[], int | None]  # of wss, if there is one


NOWHERE: Final = Reach(lambda origin, host: False, lambda: None)  # there are no sockets


@router.api_route("/phone/reach", methods=["GET", "HEAD"])
async def reach(desk: AtDesk, request: Request) -> Response:
    """Say whether a socket would be let in from the page that asks, and where there is a secure one.

    It needs no login, and tells no more than a try would.
    """
    known: Reach = request.app.state.reach
    origins, host = request.headers.getlist("origin"), request.headers.get("host")
    origin = ", ".join(origins) if origins else None  # an empty one is one
    answer: dict[str, Any] = {
        "origin_allowed": known.origin_allowed(origin, host),
        "wss": _wss(host or "", secure=request.url.scheme == "https", port=known.secure_port()),
        "version": desk.version,
    }
    return JSONResponse(answer, headers=_FOR_ALL)


def _wss(host: str, *, secure: bool, port: int | None) -> str | None:
    """Give the address of the socket by the name that was asked for; None if it is not known."""
    found = _HOST.fullmatch(host)
    if found is None:
        return None
    if secure:
        return f"wss://{host}/ws"
    if port is None:
        return None
    return f"wss://{found['name']}/ws" if port == _USUAL else f"wss://{found['name']}:{port}/ws"
