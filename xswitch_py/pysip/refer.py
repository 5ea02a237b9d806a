"""What a REFER and a Replaces ask for, and the status lines that NOTIFYs of a REFER carry (RFC 3515, 3891, 3420)."""

import re
from dataclasses import dataclass, replace
from typing import Final

from xswitch_py.pysip.dialog import DialogId
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.grammar import parse_params
from xswitch_py.pysip.message import Request, reason_phrase
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import Refused

__all__ = ["SIPFRAG", "Replaces", "Transfer", "read_refer", "read_replaces", "read_sipfrag", "sipfrag"]

SIPFRAG: Final = "message/sipfrag;version=2.0"
_STATUS_LINE: Final = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2}) ?([^\r\n]*)(?:[\r\n].*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Replaces:
    """A dialog that a call shall take the place of; the tags as the one who gets the INVITE sees them."""

    dialog: DialogId
    early_only: bool = False

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.dialog.call_id};to-tag={self.dialog.local_tag};from-tag={self.dialog.remote_tag}{early}"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where a REFER sends the call."""

    target: Uri  # without headers: only Replaces is heard of them
    replaces: Replaces | None
    referred_by: str
    notify: bool  # whether the sender wants to know how it goes on (RFC 4488)


def read_refer(request: Request) -> Transfer:
    """Read a REFER.

    Raises:
        Refused: it has not one Refer-To (400), or wants another method than INVITE (403).
        BadMessage: its Refer-To cannot be read.
    """
    addresses = request.addresses("Refer-To")
    if len(addresses) != 1:
        raise Refused(400, "Bad Refer-To")
    uri = addresses[0].uri
    parameters = dict(uri.parameters)
    if (parameters.pop("method", None) or "INVITE").upper() != "INVITE":
        raise Refused(403)
    said = uri.header("Replaces")
    return Transfer(
        target=replace(uri, parameters=parameters, headers=()),
        replaces=None if said is None else _replaces(said),
        referred_by=request.headers.get("Referred-By") or "",
        notify=(request.headers.get("Refer-Sub") or "").partition(";")[0].strip().lower() != "false",
    )


def read_replaces(invite: Request) -> Replaces | None:
    """Read the Replaces of an INVITE, if there is one.

    Raises:
        Refused: there are several, or it is broken (400, RFC 3891 section 3).
    """
    values = invite.headers.all("Replaces")
    if len(values) > 1:
        raise Refused(400, "Bad Replaces")
    return _replaces(values[0]) if values else None


def sipfrag(status: int, reason: str = "") -> bytes:
    """Write a status line as body. It ends with CRLF: without, JsSIP cannot read it."""
    return f"SIP/2.0 {status} {reason or reason_phrase(status)}\r\n".encode("utf-8", "replace")


def read_sipfrag(body: bytes) -> tuple[int, str] | None:
    """Read the status line at the start of a body; nothing if there is none."""
    match = _STATUS_LINE.fullmatch(body)
    return (int(match[1]), match[2].decode("utf-8", "replace")) if match else None


def _replaces(text: str) -> Replaces:
    call_id, semicolon, rest = text.partition(";")
    try:
        params = parse_params(semicolon + rest)
    except BadMessage:
        params = {}
    to_tag, from_tag = params.get("to-tag"), params.get("from-tag")
    if not (call_id.strip() and to_tag and from_tag):
        raise Refused(400, "Bad Replaces")
    return Replaces(DialogId(call_id.strip(), to_tag, from_tag), "early-only" in params)
