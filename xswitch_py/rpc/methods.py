"""All methods there are, in the open; and why others are not."""

import asyncio
from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import PROBLEMS, Code
from xswitch_py.core.commands import COMMANDS
from xswitch_py.core.commands.command import Command, pointer
from xswitch_py.jsonrpc import RpcError
from xswitch_py.models.shape import Model
from xswitch_py.models.xcc import Subscribe, Subscribed
from xswitch_py.rpc import xcc, xcc_seen
from xswitch_py.rpc.discover import document
from xswitch_py.rpc.method import Asking, Listener, Method, of, of_xcc

__all__ = ["LATER", "METHODS", "NEVER", "described", "refusal"]


class Nothing(Model):
    """No members."""


async def _discover(asking: Asking, params: Mapping[str, Any]) -> Any:
    _read(Nothing, params)
    return await asyncio.to_thread(described, asking.desk.version)


async def _subscribe(asking: Asking, params: Mapping[str, Any]) -> Any:
    wish = _read(Subscribe, params)
    return {"types": _listener(asking).subscribe(asking.who, wish)}


async def _unsubscribe(asking: Asking, params: Mapping[str, Any]) -> Any:
    _read(Nothing, params)
    _listener(asking).unsubscribe()
    return {"types": []}


_OWN: Final = (
    Method(
        "rpc.discover",
        "Describe all methods.",
        "The result is an OpenRPC document; `GET /openrpc.json` has the same.",
        "",
        False,
        lambda: Nothing,
        lambda: TypeAdapter(dict[str, Any]),
        _discover,
    ),
    Method(
        "events.subscribe",
        "Hear what happens, on this socket.",
        "What happens comes as notifications: `Event.Channel`, `Event.DTMF` and `Event.Record` in XCC's words, "
        "all else as `event`. `POST /rpc` is no socket, and is refused.",
        "events:read",
        True,
        lambda: Subscribe,
        lambda: TypeAdapter(Subscribed),
        _subscribe,
    ),
    Method(
        "events.unsubscribe",
        "Hear nothing more.",
        "",
        "",
        False,
        lambda: Nothing,
        lambda: TypeAdapter(Subscribed),
        _unsubscribe,
    ),
)


def _commands(*modules: Any) -> list[Command[..., Any]]:
    return [each for module in modules for each in vars(module).values() if isinstance(each, Command)]


METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {method.name: method for method in chain(_OWN, map(of_xcc, _commands(xcc, xcc_seen)), map(of, COMMANDS.values()))}
)
"""By name."""

NEVER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "XNode.NativeApp": "applications of FreeSWITCH are not offered: they run whatever their text says",
        "XNode.NativeAPI": "there is no command line to reach from here: use the methods of rpc.discover",
        "XNode.NativeJSAPI": "there is no command line to reach from here: use the methods of rpc.discover",
        "XNode.Lua": "scripts are not run for callers: call flows are installed by the operator",
        "XNode.HttAPI": "documents from addresses that a caller names are not fetched",
        "XNode.AI": "addresses that a caller names are not asked",
        "XNode.Shutdown": "the switch is stopped by its operating system",
        "XNode.Register": "gateways are registered by gateways.register",
    }
)
"""What XCC has and we do not offer, and why."""

LATER: Final = frozenset(
    f"XNode.{name}"
    for name in (
        "Broadcast Callcenter Conference ConferenceInfo ConferenceList Consult DetectFace DetectSpeech "
        "DetectSpeechFeedTTS Echo2 FIFO Intercept RingBackDetection StopDetectSpeech UnBridge2"
    ).split()
)
"""What XCC has and we have not built."""

_LATER: Final = "it is not built"


def described(version: str) -> dict[str, Any]:
    """Return the OpenRPC document; what XCC has and we have not is in it, too, with the reasons."""
    return {**document(METHODS, version), "x-not-offered": {**NEVER, **dict.fromkeys(sorted(LATER), _LATER)}}


def refusal(name: str) -> RpcError:
    """Say why a name is no method."""
    if name in NEVER:
        return _no_method(Code.METHOD_NOT_ALLOWED, "This is never offered", NEVER[name])
    why = _LATER if name in LATER else "rpc.discover lists all methods"
    return _no_method(Code.NOT_FOUND, "There is no such method", why)


def _no_method(code: Code, message: str, why: str) -> RpcError:
    return RpcError(PROBLEMS[Code.METHOD_NOT_ALLOWED].rpc, message, data={"code": code.value, "reason": why})


def _listener(asking: Asking) -> Listener:
    if asking.listener is None:
        raise Refused(Code.METHOD_NOT_ALLOWED, "this needs a socket", reason="events are told on the WebSocket /ws")
    return asking.listener


def _read(shape: Any, params: Mapping[str, Any]) -> Any:
    try:
        return shape.model_validate(dict(params))
    except ValidationError as error:
        errors = [{"pointer": pointer(one["loc"]), "detail": one["msg"]} for one in error.errors()]
        raise Refused(Code.INVALID, "some members cannot be used", errors=errors) from None
