"""`jsapi` and `fsapi`: what operators' pages ask about the switch; nothing is allowed unless granted (verto.md 14)."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from xswitch_py import __version__
from xswitch_py.base.cause import Cause, by_name
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.core.leg import Leg
from xswitch_py.core.leg import State as LegState
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.house import Guest, House
from xswitch_py.endpoints.verto.session import Asked, Session
from xswitch_py.endpoints.verto.wire import Code, Json
from xswitch_py.jsonrpc import RpcError

__all__ = ["fsapi", "jsapi"]

_NONE: Final[Json] = {"response": "Session does not exist"}
_STATES: Final[dict[LegState, str]] = {
    LegState.NEW: "DOWN",
    LegState.RINGING: "RINGING",
    LegState.EARLY: "EARLY",
    LegState.ACTIVE: "ACTIVE",
    LegState.ENDED: "HANGUP",
}
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}  # of `uptime`, in seconds


async def jsapi(asked: Asked, /, **params: Any) -> Json:
    """Do a JSON command."""
    session, command, data = asked.session, params.get("command"), params.get("data")
    if not isinstance(command, str) or not isinstance(data, dict) or command not in _JSAPI:
        raise _refused()
    if not session.permissions.allows("jsapi", command):
        raise _refused()
    return _JSAPI[command](session, data)


async def fsapi(asked: Asked, /, **params: Any) -> Json:
    """Do a text command."""
    return _text_command(asked.session, params)


def _text_command(session: Session, data: Json) -> Json:
    command = wire.text(data.get("cmd"))
    if not command:
        return {"message": "INVALID CALL"}
    if not session.permissions.allows("fsapi", command):
        raise _refused()
    run = _FSAPI.get(command)
    return {"message": run(session.house, wire.text(data.get("arg")).strip()) if run else "INVALID CALL"}


def _refused() -> RpcError:
    return RpcError(Code.REFUSED, "Permission Denied")


# Commands that answer with an object


def _status(session: Session, data: Json) -> Json:
    house = session.house
    seen = house.presence
    return {
        "systemStatus": "ready",
        "uptime": _span(time.time() - house.since),
        "version": __version__,
        # FreeSWITCH also tells rates, limits and the idle CPU: we have no such figures, and invent none.
        "sessions": {"count": {"total": seen.total, "active": len(house.switch.legs), "peak": seen.peak}},
    }


def _media_stats(session: Session, data: Json) -> Json:
    leg = _leg(session.house, data.get("uuid"))
    if leg is None:
        return _NONE
    try:
        return {"audio": asdict(session.house.switch.services.media.stats(leg.id))}
    except MediaError:
        return _NONE


def _channel_data(session: Session, data: Json) -> Json:
    leg = _leg(session.house, data.get("uuid"))
    return _NONE if leg is None else {"channelData": {**_row(session.house, leg), **leg.offer.variables}}


# Commands that answer with text


def _status_text(house: House, arg: str) -> str:
    span, seen = _span(time.time() - house.since), house.presence
    return (
        f"UP {', '.join(f'{number} {unit}' for unit, number in span.items())}\n"
        f"xswitch-py (Version {__version__}) is ready\n"
        f"{seen.total} session(s) since startup\n"
        f"{len(house.switch.legs)} session(s) - peak {seen.peak}\n"
    )


def _uptime(house: House, arg: str) -> str:
    return f"{int((time.time() - house.since) / _UNITS.get(arg, 1.0))}\n"


def _version(house: House, arg: str) -> str:
    return f"xswitch-py Version {__version__}\n"


def _show(house: House, arg: str) -> str:
    words = arg.split()
    rows = _SHOWN.get(words[0]) if words else None
    if rows is None:
        return "-USAGE: show channels|calls|registrations [as json]\n"
    found = rows(house)
    if words[1:] == ["as", "json"]:
        return json.dumps({"row_count": len(found), **({"rows": found} if found else {})}) + "\n"
    head = [",".join(found[0])] if found else []
    lines = [*head, *(",".join(row.values()) for row in found)]
    return "".join(f"{line}\n" for line in lines) + f"\n{len(found)} total.\n"


def _verto(house: House, arg: str) -> str:
    if arg != "status":
        return "-USAGE: verto status\n"
    lines = [
        f"{session.contact and session.contact.user}\tclient\t{session.host}\tCONN_REG" for session in _sessions(house)
    ]
    return "".join(f"{line}\n" for line in ["Name\tType\tData\tState", *lines]) + f"{len(lines)} clients\n"


def _kill(house: House, arg: str) -> str:
    words = arg.split()
    leg = _leg(house, words[0] if words else None)
    if leg is None:
        return "-ERR No such channel!\n"
    leg.hangup(by_name(words[1]) or Cause.MANAGER_REQUEST if len(words) > 1 else Cause.MANAGER_REQUEST)
    return "+OK\n"


# Rows


def _row(house: House, leg: Leg) -> dict[str, str]:
    own, other = leg.party, leg.other
    caller, callee = (other, own) if leg.outbound else (own, other)
    since = house.presence.since.get(leg.id, time.time())
    codec = house.switch.services.media.codec(leg.id)
    return {
        "uuid": leg.id,
        "direction": "outbound" if leg.outbound else "inbound",
        "created": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since)),
        "created_epoch": str(int(since)),
        "name": f"{leg.wire.door}/{own.number}",
        "cid_name": caller.name,
        "cid_num": caller.number,
        "dest": callee.number,
        "context": leg.offer.context,
        "read_codec": codec,
        "write_codec": codec,
        "presence_id": str(leg.offer.user or ""),
        "callstate": "HELD" if leg.held else _STATES[leg.state],
    }


def _channels(house: House) -> list[dict[str, str]]:
    return [_row(house, leg) for leg in house.switch.legs.values()]


def _calls(house: House) -> list[dict[str, str]]:
    calling = [call.calling for call in house.switch.calls.values()]
    legs = [leg for leg in calling if leg is not None and leg.cause is None]
    return [{**_row(house, leg), "b_uuid": leg.bridged.id if leg.bridged else ""} for leg in legs]


def _registrations(house: House) -> list[dict[str, str]]:
    return [
        {
            "reg_user": contact.user.user,
            "realm": contact.user.domain,
            "token": contact.key,
            "url": contact.url,
            "expires": str(int(contact.until)) if contact.until is not None else "0",
            "network_ip": contact.host,
            "network_proto": contact.transport,
        }
        for contact in house.switch.services.registry
    ]


def _sessions(house: House) -> list[Guest]:
    return list(house.sessions.values())


def _leg(house: House, uuid: object) -> Leg | None:
    return house.switch.legs.get(LegId(uuid)) if isinstance(uuid, str) else None


def _span(seconds: float) -> dict[str, int]:
    micro = int(seconds * 1_000_000)
    units = {"years": 31_536_000_000_000, "days": 86_400_000_000, "hours": 3_600_000_000, "minutes": 60_000_000,
             "seconds": 1_000_000, "milliseconds": 1000, "microseconds": 1}  # fmt: skip
    span = {}
    for unit, size in units.items():
        span[unit], micro = divmod(micro, size)
    return span


_JSAPI: Final[Mapping[str, Callable[[Session, Json], Json]]] = {
    "status": _status,
    "fsapi": _text_command,
    "mediaStats": _media_stats,
    "channelData": _channel_data,
}
_FSAPI: Final[Mapping[str, Callable[[House, str], str]]] = {
    "status": _status_text,
    "uptime": _uptime,
    "version": _version,
    "show": _show,
    "verto": _verto,
    "uuid_kill": _kill,
}
_SHOWN: Final[Mapping[str, Callable[[House], list[dict[str, str]]]]] = {
    "channels": _channels,
    "calls": _calls,
    "registrations": _registrations,
}
