"""What a peer may ask: the table of methods, and those that are about nothing but the session."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from xswitch_py.base.errors import AuthError
from xswitch_py.base.user import User
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.calls import answer, attach, bye, info, invite
from xswitch_py.endpoints.verto.events import broadcast, subscribe, unsubscribe
from xswitch_py.endpoints.verto.jsapi import fsapi, jsapi
from xswitch_py.endpoints.verto.modify import modify
from xswitch_py.endpoints.verto.session import Asked
from xswitch_py.endpoints.verto.wire import Code, Json
from xswitch_py.jsonrpc import Handler, RpcError

__all__ = ["METHODS", "echo", "login", "ping"]

_FEATURES: Final = frozenset({"updateMedia", "callState"})
# Variables of a user that the login reply tells as truth values.
_TOLD: Final = {"moderator": "moderator", "superuser": "superuser", "stereo_audio": "stereoAudio"}


async def login(asked: Asked, /, **params: Any) -> Json:
    """Let the user in, or replace the user by another (verto.md 4.1)."""
    session = asked.session
    user = await _authenticated(asked, params)
    session.features = _FEATURES.intersection(wire.names(params.get("features")))
    session.keep = frozenset(wire.names(params.get("keep")) if "updateMedia" in session.features else ())
    if not session.bind(user, wire.safe_id(params.get("sessid"))):
        asked.after(session.end)
        raise RpcError(Code.AUTH, "Session in use")
    session.variables = wire.variables(params.get("userVariables"))
    return {
        "message": "logged in",
        **{word: True for name, word in _TOLD.items() if wire.flag(user.variables.get(name))},
    }


async def ping(asked: Asked, /, **params: Any) -> Json:
    """Show that we are here."""
    return {"message": "PONG"}


async def echo(asked: Asked, /, **params: Any) -> Json:
    """Give back what was sent."""
    if not asked.given:
        raise RpcError(Code.CALL, "Params data missing")
    return params


METHODS: Final[Mapping[str, Handler]] = MappingProxyType(
    {
        "login": login,
        "echo": echo,
        "jsapi": jsapi,
        "fsapi": fsapi,
        "verto.invite": invite,
        "verto.answer": answer,
        "verto.attach": attach,
        "verto.bye": bye,
        "verto.modify": modify,
        "verto.info": info,
        "verto.ping": ping,
        "verto.subscribe": subscribe,
        "verto.unsubscribe": unsubscribe,
        "verto.broadcast": broadcast,
        "Uas.Ping": ping,
    }
)


async def _authenticated(asked: Asked, params: Json) -> User:
    name, password = wire.text(params.get("login")).strip(), wire.text(params.get("passwd"))
    if not asked.given:
        raise RpcError(Code.AUTH, "Missing params")
    if not name:
        raise RpcError(Code.LOGIN, "Authentication Required")  # clients now log in with a password (V14)
    if not password:
        raise RpcError(Code.AUTH, "Missing passwd")
    if not name.partition("@")[0]:
        raise RpcError(Code.AUTH, "Missing or improper credentials")
    directory = asked.session.house.switch.services.directory
    try:
        return await directory.login(name, password, asked.session.host)
    except AuthError:
        raise RpcError(Code.AUTH, "Authentication Failure") from None
