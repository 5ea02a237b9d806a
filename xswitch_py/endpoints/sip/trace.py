"""A trace of SIP messages: a line for each, and the whole text of those that somebody wants to see, without secrets."""

import re
from dataclasses import dataclass, field
from typing import Final

import structlog

from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.pysip.message import Request, Response, serialise

__all__ = ["Trace", "masked"]

log = structlog.get_logger("xswitch.sip")

_WANTED: Final = 100  # users, gateways and Call-IDs at once
_SECRET: Final = re.compile(
    r"(?im)^((?:Proxy-)?(?:Authorization|Authenticate)|WWW-Authenticate|Authentication-Info)[ \t]*:[^\r\n]*"
)
_KEYS: Final = re.compile(r"(?m)^(a=(?:crypto:[0-9]{1,9}[ \t]+[^ \t\r\n]+[ \t]+inline:|ice-pwd:))[^ \t\r\n]*")


@dataclass(slots=True)
class Trace:
    """What is written down of messages that come and go."""

    lines: bool = False  # one for each
    wanted: set[str] = field(default_factory=set)  # users, hosts or Call-IDs whose messages are seen in full

    def want(self, what: str) -> None:
        """See all messages of a user, of a host or of a Call-ID in full. Of too many nothing more is taken."""
        if what and len(self.wanted) < _WANTED:
            self.wanted.add(what)

    def forget(self, what: str = "") -> None:
        """See them no longer; nothing at all without a name."""
        self.wanted = self.wanted - {what} if what else set()

    def saw(self, way: str, message: Request | Response, flow: Flow) -> None:
        """Take a message that came `in` or went `out`."""
        if self.lines:
            at = "{} {}:{}".format(flow.transport, *flow.remote)
            log.info(
                "message", way=way, flow=at, start=_start(message), call_id=message.call_id, cseq=str(message.cseq)
            )
        if self.wanted and not self.wanted.isdisjoint(_names(message, flow)):
            text = serialise(message).decode("utf-8", "replace")
            log.info("message in full", way=way, text=masked(text), call_id=message.call_id)


def masked(text: str) -> str:
    """Take the secrets out of a message: credentials, and the keys of media."""
    return _KEYS.sub(r"\1***", _SECRET.sub(r"\1: ***", text))


def _start(message: Request | Response) -> str:
    return f"{message.method} {message.uri}" if isinstance(message, Request) else f"{message.status} {message.reason}"


def _names(message: Request | Response, flow: Flow) -> tuple[str, ...]:
    return message.call_id, message.from_.uri.name, message.to.uri.name, flow.remote[0]
