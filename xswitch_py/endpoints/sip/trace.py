"""A trace of SIP messages: a line for each, the whole text of those that somebody wants to see, and those of each call.

Secrets are in none of them.
"""

import re
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from weakref import ReferenceType, ref

import structlog

from xswitch_py.base.ids import LegId
from xswitch_py.core.leg import Leg
from xswitch_py.core.trace import Traces
from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.hep import Hep
from xswitch_py.pysip.message import Request, Response, serialise

__all__ = ["Trace", "masked"]

log = structlog.get_logger("xswitch.sip")

_WANTED: Final = 100  # users, gateways and Call-IDs at once
_CALLS: Final = 40_000  # dialogs and calls whose legs are known; each leg has one or two
_EARLY: Final = 256  # Call-IDs that may become calls
_EACH: Final = 6  # messages of one of them
_LONG: Final = 16_384  # bytes of a message that is kept before we know whose it is
_TEXT: Final = 200  # characters
_HIDDEN: Final = r"\1***"
_SECRET: Final = re.compile(
    r"(?im)^([\w-]{0,64}(?:Authorization|Authenticat\w{1,8}|Cookie|Token|Secret|Password|Api-?Key)[\w-]{0,64})[ \t]*:"
    r"[^\r\n]*"
)
_KEYS: Final = re.compile(r"(?m)^(a=(?:crypto:[0-9]{1,9}[ \t]+[^ \t\r\n]+[ \t]+inline:|ice-pwd:)|k=)[^ \t\r\n]*")
_ICE: Final = re.compile(r"(?m)^(a=ice-ufrag:)[^ \t\r\n]*")
_LOGIN: Final = re.compile(r"""(?i)(\bsips?:[^\s:@;?<>"']{1,128}:)[^\s@<>"']{1,128}(?=@)""")

_Known = tuple[LegId, "ReferenceType[Leg]"]
_Early = tuple[float, str, bytes]


@dataclass(slots=True)
class Trace:
    """What is written down of messages that come and go."""

    lines: bool = False  # one for each
    wanted: set[str] = field(default_factory=set)  # users, hosts or Call-IDs whose messages are seen in full
    traces: Traces | None = None  # keeps those of calls
    hep: Hep | None = None  # takes a copy of all
    _legs: dict[tuple[str, str], _Known] = field(default_factory=dict)  # by Call-ID and our tag
    _early: dict[str, list[_Early]] = field(default_factory=dict)  # by Call-ID: INVITEs that are nobody's yet

    def want(self, what: str) -> None:
        """See all messages of a user, of a host or of a Call-ID in full. Of too many nothing more is taken."""
        if what and len(self.wanted) < _WANTED:
            self.wanted.add(what)

    def forget(self, what: str = "") -> None:
        """See them no longer; nothing at all without a name."""
        self.wanted = self.wanted - {what} if what else set()

    def belongs(self, call_id: str, tag: str, leg: Leg) -> None:
        """Messages with this Call-ID, and this tag of ours, are a leg's: also those that came before it was made."""
        if self.traces is None and self.hep is None:
            return
        known = (leg.id, ref(leg))
        self._legs[call_id, tag] = known
        if not leg.outbound:  # what has no tag of ours yet: their INVITE, and CANCEL
            before = self._legs.get((call_id, ""))
            if before is None or not _is_up(before):
                self._legs[call_id, ""] = known
            for at, way, what in self._early.pop(call_id, ()):
                self._note(leg.id, way, what, at=at)
        while len(self._legs) > _CALLS:
            del self._legs[next(iter(self._legs))]

    def saw(self, way: str, message: Request | Response, flow: Flow, data: bytes = b"") -> None:
        """Take a message that came `in` or went `out`; `data` is what was sent."""
        if self.lines:
            at = "{} {}:{}".format(flow.transport, *flow.remote)
            log.info(
                "message", way=way, flow=at, start=_start(message), call_id=message.call_id, cseq=str(message.cseq)
            )
        if self.wanted and not self.wanted.isdisjoint(_names(message, flow)):
            text = serialise(message).decode("utf-8", "replace")
            log.info("message in full", way=way, text=masked(text, digits=True), call_id=message.call_id)
        if self.traces is not None or self.hep is not None:
            self._keep(way, message, flow, data)

    def _keep(self, way: str, message: Request | Response, flow: Flow, data: bytes) -> None:
        call_id = message.call_id
        theirs = (way == "in") is isinstance(message, Request)  # they asked: our tag is in the To
        legs = self._legs
        known = legs.get((call_id, (message.to if theirs else message.from_).tag))
        if known is None and theirs:
            known = legs.get((call_id, ""))
        early = known is None and theirs and message.cseq.method in ("INVITE", "ACK")
        if known is None and not early and self.hep is None:
            return
        hidden = known is not None and message.body != b"" and _hides(known)
        what = data or serialise(message)  # bytes: a thousand calls' parsed messages would be half a million objects
        if known is not None:
            self._note(known[0], way, what, hidden=hidden)
        elif early:
            self._wait(call_id, (time.time(), way, what))
        if self.hep is not None:
            call = self.traces.call_of(known[0]) if self.traces is not None and known is not None else None
            self.hep.send(way, flow, _shown(what, hidden).encode(), call or "")

    def _wait(self, call_id: str, early: _Early) -> None:
        """Keep a message that may belong to a call that is to come."""
        waiting = self._early.setdefault(call_id, [])
        if len(waiting) < _EACH and len(early[2]) < _LONG:
            waiting.append(early)
        if len(self._early) > _EARLY:
            del self._early[next(iter(self._early))]

    def _note(self, leg: LegId, way: str, what: bytes, *, hidden: bool = False, at: float = 0.0) -> None:
        if self.traces is not None:
            sign, shown = "<" if way == "in" else ">", partial(_shown, what, hidden)
            self.traces.note(leg, "sip", sign, partial(_summary, what), shown, size=len(what), at=at)


def masked(text: str, *, digits: bool = False) -> str:
    """Take the secrets out of a message: credentials, the keys of media, and with `digits` what an INFO says."""
    text = _LOGIN.sub(_HIDDEN, _KEYS.sub(_HIDDEN, _SECRET.sub(r"\1: ***", text)))
    if digits and text.startswith("INFO "):
        head, empty, _ = text.partition("\r\n\r\n")
        return f"{head}{empty}***"
    return text


def _summary(message: bytes) -> str:
    """Give the start line without the version."""
    line = message.partition(b"\r\n")[0].decode("utf-8", "replace")
    return masked(line.removeprefix("SIP/2.0 ").removesuffix(" SIP/2.0"))[:_TEXT]


def _shown(message: bytes, digits: bool) -> str:
    return _ICE.sub(_HIDDEN, masked(message.decode("utf-8", "replace"), digits=digits))


def _hides(known: _Known) -> bool:
    """Say whether nobody is told what is pressed now: what one presses may be sent on to whom it is joined with."""
    leg = known[1]()
    return leg is not None and (leg.secret or (leg.bridged is not None and leg.bridged.secret))


def _is_up(known: _Known) -> bool:
    leg = known[1]()
    return leg is not None and leg.cause is None


def _start(message: Request | Response) -> str:
    if isinstance(message, Request):
        return f"{message.method} {message.uri}"[:_TEXT]
    return f"{message.status} {message.reason}"[:_TEXT]


def _names(message: Request | Response, flow: Flow) -> tuple[str, ...]:
    return message.call_id, message.from_.uri.name, message.to.uri.name, flow.remote[0]
