"""Verto's words: JSON values to typed messages, and what we say as the parameters of our own requests.

Clients send odd types in odd places (a DOM element as `{}`, numbers for digits, `"true"` for true), so what they say is
coerced here and nowhere else. Nothing a peer puts into its parameters fails a request that makes sense without it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import Any, Final

from xswitch_py.base.cause import CAUSES, Cause
from xswitch_py.base.cause import heard as heard_cause
from xswitch_py.base.offer import Party

__all__ = [
    "Bad",
    "Code",
    "DialogParams",
    "Digits",
    "Json",
    "Reply",
    "Request",
    "bye",
    "called",
    "cause_members",
    "chat",
    "chat_address",
    "client_cause",
    "dialog",
    "digits",
    "display",
    "faces",
    "flag",
    "mapping",
    "may_be_shown",
    "names",
    "number",
    "read",
    "safe_id",
    "sdp",
    "text",
    "variables",
]

Json = dict[str, Any]


class Code(IntEnum):
    """Error codes and what each is for; clients log in when they see `LOGIN`, so nothing else may use it."""

    INVALID = -32600
    METHOD = -32601
    REFUSED = -32602  # jsapi and fsapi
    LOGIN = -32000
    AUTH = -32001
    CALL = -32002


@dataclass(frozen=True, slots=True)
class Request:
    """The peer asks for something; it wants no reply if it gave no id. `params` is None if there was no object."""

    method: str
    params: Json | None
    id: str | int | float | None = None
    wants_reply: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """The peer's reply to a request of ours. It proves nothing, and needs nothing."""


@dataclass(frozen=True, slots=True)
class Bad:
    """Not a message at all."""

    id: str | int | float | None = None


@dataclass(frozen=True, slots=True)
class DialogParams:
    """What a client says about a call, as far as anybody uses it."""

    destination: str
    remote: Party  # the client's idea of the peer
    callee: Party  # who really answered
    caller_name: str
    recover: bool  # keep the call when the socket is lost
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits to play: `0-9A-D*#`, the flash `F` and the pauses `w` and `W`; each `ms` long."""

    tones: str
    ms: int

    @property
    def pressed(self) -> str:
        """The digits without the pauses."""
        return self.tones.replace("w", "").replace("W", "")


_SAFE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TONES: Final = re.compile(r"[^0-9A-DF*#wW]")
_MS: Final = (40, 8000, 250)  # shortest, longest, usual
_DIGITS: Final = 128  # at once
# What other peers may be told: numbers, and names of users in letters of any language; no other door must escape it.
_CALLED: Final = re.compile(r"[\w*#+.~!'-]{1,64}")
_SPACED: Final = re.compile(r"\+?[0-9*#(). -]+")  # a number as people write it (RFC 3966 section 5.1.1)
_SEPARATORS: Final = re.compile(r"[(). -]")
_SHOWN: Final = 128  # characters of a name
_DIALLED: Final = 256  # characters of a number or name that are looked at
_MEMBERS: Final = 64  # variables taken from one object
_VALUE: Final = 1024  # characters of one
_PLACEHOLDER: Final = "Outbound Call"  # what clients call a peer they know nothing of
_CHAT: Final = frozenset({"verto", "conf", "sip"})  # never one that executes commands (FreeSWITCH has such)
_AUDIO: Final = ("echoCancellation", "noiseSuppression", "autoGainControl")
# A transferred leg is simply over for its client; FreeSWITCH says so too.
_TOLD: Final = {Cause.BLIND_TRANSFER: Cause.NORMAL_CLEARING, Cause.ATTENDED_TRANSFER: Cause.NORMAL_CLEARING}


def read(value: object) -> Request | Reply | Bad:
    """Judge one message that was JSON."""
    if not isinstance(value, dict):
        return Bad()
    if value.get("jsonrpc") != "2.0" or not _is_id(value.get("id")):
        return Bad(value["id"] if _is_id(value.get("id")) and "id" in value else None)
    if "method" not in value and ("result" in value or "error" in value):
        return Reply()
    method, params = value.get("method"), value.get("params")
    return Request(
        method if isinstance(method, str) else "",
        params if isinstance(params, dict) else None,
        value.get("id"),
        "id" in value,
    )


def text(value: object) -> str:
    """Read text, or a number or truth value written as one; anything else is empty."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return ""


def flag(value: object) -> bool | None:
    """Read a truth value, also written as text or number; None if it is neither."""
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text(value).lower())


def number(value: object, default: int) -> int:
    """Read a whole number, also written as text; `default` for anything else."""
    written = text(value).strip()
    return int(written) if re.fullmatch(r"-?[0-9]{1,9}", written) else default


def mapping(value: object) -> Json:
    """Read an object; anything else is empty."""
    return value if isinstance(value, dict) else {}


def names(value: object) -> list[str]:
    """Read one name or a list of them; members that are not text are skipped."""
    listed = value if isinstance(value, list) else [value]
    return [name for name in listed if isinstance(name, str) and name]


def variables(value: object, prefix: str = "") -> dict[str, str]:
    """Read an object's text and boolean members."""
    found = ((key, text(member)) for key, member in mapping(value).items() if isinstance(member, str | bool))
    return {prefix + key: member[:_VALUE] for key, member in islice(found, _MEMBERS) if len(key) <= _DIALLED}


def safe_id(value: object) -> str:
    """Read an id that a client chose; empty if it is missing or not one we take."""
    return value if isinstance(value, str) and _SAFE.fullmatch(value) else ""


def sdp(params: Json) -> str | None:
    """Find the client's SDP; the one inside dialogParams is the server's own (V23)."""
    value = params.get("sdp")
    return value if isinstance(value, str) else None


def dialog(params: Json) -> DialogParams:
    """Read `dialogParams`, whatever they hold (V22)."""
    said = mapping(params.get("dialogParams"))
    remote = _said(said, "remote_caller_id_name")
    return DialogParams(
        destination=_said(said, "destination_number"),
        remote=Party("" if remote == _PLACEHOLDER else remote, _said(said, "remote_caller_id_number")),
        callee=Party(_said(said, "callee_id_name"), _said(said, "callee_id_number")),
        caller_name=_said(said, "caller_id_name"),
        recover=flag(said.get("recoverCall")) is not False,
        variables={
            **variables(said.get("userVariables"), "verto_dvar_"),
            **_audio(mapping(said.get("audio"))),
            **({"video_screen_share": "true"} if flag(said.get("screenShare")) else {}),
        },
    )


def called(destination: str) -> str | None:
    """Give a number or user as it is to be called, without what only helps to read it; None if nobody may be so."""
    plain = _SEPARATORS.sub("", destination) if _SPACED.fullmatch(destination) else destination
    return plain if not plain or _CALLED.fullmatch(plain) else None


def may_be_shown(*names: str) -> bool:
    """Say whether these names can be shown to other peers."""
    return all(len(name) <= _SHOWN and not _CONTROLS.search(name) for name in names)


def digits(value: object) -> Digits:
    """Read `123@200`: digits, and how long each is in ms; what is no digit is left out."""
    tones, _, ms = text(value).partition("@")
    low, high, usual = _MS
    upper = re.sub("[a-df]", lambda found: found[0].upper(), tones[:_DIGITS])
    return Digits(_TONES.sub("", upper), min(max(number(ms, usual), low), high))


def client_cause(params: Json, usual: Cause) -> Cause:
    """Read why a client ends a call; `usual` if it does not say (V29)."""
    name, code = params.get("cause"), params.get("causeCode")
    if name is None and code is None:
        return usual
    return heard_cause(name, code) or Cause.NORMAL_CLEARING


def chat_address(to: str) -> tuple[str, str]:
    """Split `proto+address`; the protocol is empty if it is none we serve (V33)."""
    protocol, plus, address = to.partition("+")
    return (protocol if protocol in _CHAT else "", address) if plus else ("verto", to)


def cause_members(cause: Cause) -> Json:
    """Write a cause as clients expect it."""
    told = _TOLD.get(cause, cause)
    return {"causeCode": CAUSES[told].code, "cause": told.value}


def bye(call_id: str, cause: Cause) -> Json:
    """Write the parameters of our `verto.bye`."""
    return {"callID": call_id, **cause_members(cause)}


def faces(outbound: bool, own: Party, other: Party) -> Json:
    """Write who calls whom: `own` is the client's side; the client shows the other one (V24)."""
    caller, callee = (other, own) if outbound else (own, other)
    return {
        "caller_id_name": caller.name or caller.number,
        "caller_id_number": caller.number,
        "callee_id_name": callee.name or _PLACEHOLDER,
        "callee_id_number": callee.number,
        "display_direction": "outbound" if outbound else "inbound",
    }


def display(call_id: str, outbound: bool, own: Party, other: Party) -> Json:
    """Write the parameters of `verto.display`."""
    shown = faces(outbound, own, other)
    side = "caller" if outbound else "callee"
    return {
        "callID": call_id,
        "display_name": shown[f"{side}_id_name"],
        "display_number": shown[f"{side}_id_number"],
        **shown,
    }


def chat(sender: str, to: str, body: str, extra: Mapping[str, str]) -> Json:
    """Write a chat message; who sent it is ours to say."""
    user, _, host = sender.partition("@")
    ours = {"from": sender, "to": to, "body": body, "from_user": user, "from_host": host, "from_full": user}
    return {"msg": {**extra, **ours}}


def _is_id(value: object) -> bool:
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


def _audio(said: Json) -> dict[str, str]:
    """Read how the client hears; other names are not its to set (`verto_user`, `verto_h_...`)."""
    return variables({name: said[name] for name in _AUDIO if name in said}, "verto_")


def _said(params: Json, name: str) -> str:
    return text(params.get(name))[:_DIALLED]
