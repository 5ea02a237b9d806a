"""Messages out of a stream, and keep-alives apart from messages (RFC 3261 section 18.3, RFC 5626 section 3.5.1)."""

from dataclasses import dataclass, field
from typing import Final

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.fields import Headers
from xswitch_py.pysip.head import RequestLine, StatusLine, content_length, read_head
from xswitch_py.pysip.limits import Limits
from xswitch_py.pysip.model import Request, Response
from xswitch_py.pysip.reader import build, salvaged

__all__ = ["PING", "PONG", "Framer", "Ping", "Received", "is_keep_alive", "is_ping"]

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"  # the answer to a ping, to be sent at once

_END: Final = b"\r\n\r\n"
_IDLE: Final = b"\r\n\0"
_JUNK: Final = 4  # bytes: some phones keep their NAT open with so little


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer wants to know whether we live: answer with `PONG`."""


Received = Request | Response | Ping | BadMessage


@dataclass(frozen=True, slots=True)
class _Head:
    raw: bytes
    start: RequestLine | StatusLine
    headers: Headers
    length: int


@dataclass(slots=True)
class Framer:
    """What one TCP or TLS connection says, cut into messages. Linear in what comes, however it is cut.

    After an error of framing `broken` is set: the rest is noise, and the connection ends after the answer, if any. An
    error inside a message whose end is known breaks nothing.
    """

    broken: bool = False
    _buffer: bytearray = field(default_factory=bytearray, repr=False)
    _searched: int = 0  # bytes of the buffer in which no head ends
    _head: _Head | None = None

    @property
    def waiting(self) -> bool:
        """Whether a message has begun and not ended: it has 15 seconds."""
        return self._head is not None or len(self._buffer) > len(PING) or bool(self._buffer.strip(PING))

    @property
    def in_body(self) -> bool:
        """Whether the head of a message is here and its body is not."""
        return self._head is not None

    def feed(self, data: bytes) -> list[Received]:
        """Take what came; return what it completes, in order."""
        if self.broken:
            return []
        self._buffer += data
        received: list[Received] = []
        try:
            while (one := self._next()) is not None:
                received.append(one)
        except BadMessage as bad:
            received.append(bad)
            self.broken = True
            self._buffer.clear()
        return received

    def _next(self) -> Received | None:
        if self._head is None:
            if ping := self._skip():
                return ping
            self._head = self._read_head()
        if self._head is None or len(self._buffer) < self._head.length:
            return None
        head, self._head = self._head, None
        body = self._take(head.length)
        try:
            return build(head.start, head.headers, body)
        except BadMessage as bad:
            return salvaged(bad, head.raw)

    def _skip(self) -> Ping | None:
        """Skip line ends between messages: two are a ping, one is a pong, or the habit of ending messages with one."""
        if self._buffer.startswith(PING):
            del self._buffer[:4]
            return Ping()
        if self._buffer.startswith(PONG) and bytes(self._buffer[2:3]) not in (b"", b"\r"):
            del self._buffer[:2]
        return None

    def _read_head(self) -> _Head | None:
        end = self._buffer.find(_END, self._searched)
        if (len(self._buffer) if end < 0 else end) > Limits.HEAD:
            raise salvaged(BadMessage(513, "Message Too Large"), bytes(self._buffer[: Limits.HEAD]))
        if end < 0:
            self._searched = max(0, len(self._buffer) - 3)
            return None
        raw = self._take(end + 4)[:-4]
        try:
            start, headers = read_head(raw)
            length = content_length(headers)
            if length is None:
                raise BadMessage(400, "Missing Content-Length")
            if len(raw) + length > Limits.STREAM:
                raise BadMessage(513, "Message Too Large")
        except BadMessage as bad:
            raise salvaged(bad, raw) from None
        return _Head(raw, start, headers, length)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._searched = 0
        return taken


def is_keep_alive(datagram: bytes) -> bool:
    """Say whether a datagram is no message but keeps a NAT open: line ends, NULs, or up to four bytes of anything."""
    return len(datagram) <= _JUNK or not datagram.strip(_IDLE)


def is_ping(message: bytes) -> bool:
    """Say whether a WebSocket message is a ping, to be answered with `PONG` (RFC 7118 section 6)."""
    return message == PING
