"""REST: logging in on web pages, and oneself."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from xswitch_py.api.gatekeeper import COOKIE, Gatekeeper, host_of
from xswitch_py.api.operation import AtDesk, Who, all_known, op, problems
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import me
from xswitch_py.models.me import Login, Me, PasswordChange

__all__ = ["router"]

router = APIRouter()

_TAGS: Final = ["auth"]
_COOKIE: Final[dict[str, Any]] = {"path": "/", "secure": True, "httponly": True, "samesite": "strict"}
_REFUSALS: Final = (Code.MALFORMED, Code.NOT_AUTHENTICATED, Code.FORBIDDEN, Code.CSRF, Code.INVALID, Code.TOO_MANY)


def _gate(request: Request) -> Gatekeeper:
    gatekeeper: Gatekeeper = request.app.state.gatekeeper
    return gatekeeper


AtGate = Annotated[Gatekeeper, Depends(_gate)]


@router.post(
    "/auth/login",
    operation_id="auth.login",
    summary="Log in on a web page",
    description="Sets the session's cookie. Only by TLS, or on the machine itself.",
    responses=problems(*_REFUSALS, Code.UNAVAILABLE),
    tags=[*_TAGS],
    openapi_extra={"security": []},
    dependencies=[Depends(all_known)],
)
async def login(gate: AtGate, desk: AtDesk, request: Request, response: Response, wish: Login) -> Me:
    secure, password = request.url.scheme == "https", wish.password.get_secret_value()
    begun, who = await gate.login(wish.user, password, request.headers, host_of(request), secure=secure)
    response.set_cookie(COOKIE, begun.cookie, **_COOKIE)
    return await me.shown(desk, who)


@router.post(
    "/auth/logout",
    operation_id="auth.logout",
    summary="End the session of a web page",
    responses=problems(*_REFUSALS),
    tags=[*_TAGS],
    status_code=204,
)
async def logout(gate: AtGate, who: Who, request: Request, response: Response) -> None:
    await gate.logout(request.headers)
    response.delete_cookie(COOKIE, **_COOKIE)


@router.get("/auth/me", **op(me.get, tags=_TAGS))
async def get(desk: AtDesk, who: Who) -> Me:
    return await me.get(desk, who)


@router.post("/auth/password", **op(me.change_password, tags=_TAGS), status_code=204)
async def change_password(desk: AtDesk, who: Who, wish: PasswordChange) -> None:
    await me.change_password(desk, who, wish)
