"""One WebSocket from its opening handshake to its end: how it reads, writes, waits, pings and leaves.

The handshake and the frames are those of the library websockets, without its input and output.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Collection
from http import HTTPStatus
from typing import Final, cast

import structlog
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader, SecurityError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from xswitch_py.base.errors import ProtocolError
from xswitch_py.listen.admission import client_of, origin_allowed, route, split_target
from xswitch_py.listen.door import SocketDoor
from xswitch_py.listen.gate import Gate, far_end, near_end

__all__ = ["WebSocket", "refusal"]

log = structlog.get_logger("xswitch.listen")

GOING_AWAY: Final = 1001
ABNORMAL: Final = 1006  # never sent: says that the peer left without a close frame
NOT_UTF8: Final = 1007
OUR_BUG: Final = 1011
TRY_LATER: Final = 1013


class WebSocket(asyncio.Protocol):
    """A WebSocket, and the `Socket` that its door holds.

    uvicorn's own class is not used: it hands messages over one at a time through an ASGI queue, pausing and resuming
    the transport for each, and can neither write without waiting nor tell whether the peer is slow.
    """

    def __init__(self, gate: Gate, **_from_uvicorn: object) -> None:
        self.gate = gate
        self.conn = ServerProtocol(max_size=gate.limits.message, logger=_QUIET)
        self.opened = False  # the handshake is done
        self.path = self.query = self.reason = ""
        self.origin: str | None = None
        self.subprotocol: str | None = None
        self.secure = False
        self.headers: dict[str, str] = {}
        self.code: int | None = None
        self.heard = self.pinged = gate.loop.time()
        self.inbox: deque[str | bytes] = deque()
        self.unread = 0  # characters or bytes in the inbox
        self.full = False  # reading is paused
        self.reader: asyncio.Future[None] | None = None  # set while the door waits
        self.message: tuple[Opcode, bytearray] | None = None  # a fragmented one, so far
        self.slow = False  # the transport's buffer is above its high-water mark
        self.waiting: deque[tuple[Opcode, bytes]] | None = None  # not urgent, for a slow peer
        self.behind = 0  # bytes waiting
        self.lingering: asyncio.TimerHandle | None = None

    # What a door calls

    async def receive(self) -> str | bytes | None:
        while not self.inbox:
            if self.code is not None:
                return None
            self.reader = self.gate.loop.create_future()
            try:
                await self.reader
            finally:
                self.reader = None
        message = self.inbox.popleft()
        self.unread -= len(message)
        if self.full and not self.inbox:
            self.full = False
            self.heard = self.gate.loop.time()
            self.transport.resume_reading()
        return message

    def send(self, message: str | bytes, *, urgent: bool = True) -> None:
        if self.code is not None:
            return
        if isinstance(message, str):
            opcode, data = Opcode.TEXT, message.encode("utf-8", "replace")  # a lone surrogate becomes "?"
        else:
            opcode, data = Opcode.BINARY, message
        if not self.slow or self.may_wait(opcode, data, urgent):
            self.write(opcode, data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self.code is not None or self.conn.state is not State.OPEN:
            return
        reason = reason.encode()[:120].decode(errors="ignore")
        self.conn.send_close(code, reason)
        self.ended(code, reason)
        self.flush()
        self.linger()

    def abort(self) -> None:
        self.ended(ABNORMAL, "")
        self.transport.abort()

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.remote = self.peer = far_end(self.transport)
        self.local = near_end(self.transport)
        self.gate.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self.heard = self.gate.loop.time()
        if not self.opened:  # all of the head is there: we are made for it
            self.opened = True
            head, end, data = data.partition(_END)
            self.open(head + end)
        if data and not self.transport.is_closing():
            self.conn.receive_data(data)
            for event in self.conn.events_received():
                self.take(cast(Frame, event))
            if self.conn.parser_exc is not None:
                self.broken()

    def pause_writing(self) -> None:
        self.slow = True

    def resume_writing(self) -> None:
        self.slow = False
        while self.waiting and not self.slow:
            opcode, data = self.waiting.popleft()
            self.behind -= len(data)
            self.write(opcode, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gate.connections.discard(self)
        self.gate.leave(self.peer[0])
        self.ended(ABNORMAL, "")
        if self.lingering is not None:
            self.lingering.cancel()
        self.conn.parser.close()  # its frame refers to `conn`: a cycle

    # What the server calls

    def tick(self, now: float) -> None:
        if self.code is not None or self.full:
            return
        if now - self.heard >= self.gate.limits.dead:
            log.info("dead", remote=self.remote[0])
            self.close(OUR_BUG, "no answer to ping")
            self.transport.abort()
        elif now - self.pinged >= self.gate.limits.ping:
            self.pinged = now
            self.conn.send_ping(b"")
            self.flush()

    def shutdown(self) -> None:
        self.close(GOING_AWAY, "the server is going away")

    # Handshake

    def open(self, head: bytes) -> None:
        try:
            door, response = self.judge(head)
        except _Refused as refused:
            log.info("refused", remote=self.remote[0], path=self.path, origin=self.origin, status=refused.status)
            self.ended(ABNORMAL, "")
            self.transport.write(refusal(refused.status))
            self.transport.close()
            self.linger()
            return
        if door.subprotocol is not None:
            self.subprotocol = response.headers["Sec-WebSocket-Protocol"] = door.subprotocol
        self.conn.send_response(response)
        self.flush()
        task = self.gate.loop.create_task(self.serve(door), name=f"socket {self.remote[0]}")
        self.gate.state.tasks.add(task)
        task.add_done_callback(self.gate.state.tasks.discard)

    def judge(self, head: bytes) -> tuple[SocketDoor, Response]:
        self.conn.receive_data(head)
        events = self.conn.events_received()
        if not events:
            raise _Refused(_status(self.conn.handshake_exc))
        request = cast(Request, events[0])
        offered = _taken(request.headers, "Sec-WebSocket-Protocol")
        self.know(request)
        response = self.conn.accept(request)
        hosts = request.headers.get_all("Host")
        request.headers.clear()  # the parser keeps the request as long as it lives
        if self.conn.handshake_exc is not None:
            raise _Refused(_status(self.conn.handshake_exc))
        if not self.path or len(hosts) != 1:  # RFC 9112 section 3.2: the library leaves these to us
            raise _Refused(HTTPStatus.BAD_REQUEST)
        return self.admit(offered), response

    def know(self, request: Request) -> None:
        self.path, self.query = split_target(request.path) or ("", "")
        names = (name for name in request.headers if not _SPENT.fullmatch(name))
        self.headers = {name: ", ".join(request.headers.get_all(name)) for name in names}
        self.origin = self.headers.get("origin")
        self.remote = client_of(self.peer, self.headers.get("x-forwarded-for"), self.gate.proxies)
        self.secure = self.transport.get_extra_info("sslcontext") is not None or (
            self.peer[0] in self.gate.proxies and self.headers.get("x-forwarded-proto") == "https"
        )

    def admit(self, offered: Collection[str]) -> SocketDoor:
        if not origin_allowed(self.origin, self.headers.get("host"), self.gate.origins):
            raise _Refused(HTTPStatus.FORBIDDEN)
        door = route(self.path, offered, self.gate.doors)
        if isinstance(door, int):
            raise _Refused(door)
        return door

    async def serve(self, door: SocketDoor) -> None:
        try:
            await door.serve(self)
        except Exception:
            log.exception("door failed", remote=self.remote[0])
            self.close(OUR_BUG)
        finally:
            self.close()

    # Frames

    def take(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.PING:
                if self.slow:  # a peer that does not read gets no more answers
                    self.conn.data_to_send()
                self.flush()
            case Opcode.CLOSE:
                assert self.conn.close_rcvd is not None
                self.ended(self.conn.close_rcvd.code, self.conn.close_rcvd.reason)
                self.flush()
                self.transport.close()
                self.linger()
            case Opcode.TEXT | Opcode.BINARY if frame.fin:
                self.deliver(frame.opcode, frame.data)
            case Opcode.TEXT | Opcode.BINARY:
                self.message = frame.opcode, bytearray(frame.data)
            case Opcode.CONT if self.message is not None:
                opcode, data = self.message
                data += frame.data
                if frame.fin:
                    self.message = None
                    self.deliver(opcode, data)

    def deliver(self, opcode: Opcode, data: bytes | bytearray | memoryview) -> None:
        if self.code is not None:
            return
        try:
            message = str(data, "utf-8") if opcode is Opcode.TEXT else bytes(data)
        except UnicodeDecodeError:
            self.close(NOT_UTF8, "text is not UTF-8")
            return
        self.inbox.append(message)
        self.unread += len(message)
        if self.reader is not None and not self.reader.done():
            self.reader.set_result(None)
        if not self.full and (len(self.inbox) >= _INBOX or self.unread > self.gate.limits.message):
            self.full = True
            self.transport.pause_reading()

    def broken(self) -> None:
        """The peer broke the protocol; `conn` has already said so in `writes`, and discards all that comes now."""
        sent = self.conn.close_sent
        assert sent is not None
        if self.code is None:
            log.info("broken", remote=self.remote[0], code=sent.code)
        self.ended(sent.code, sent.reason)
        self.flush()
        # Closing at once, with data unread, would reset the connection before the peer has read why.
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()
        self.linger()

    # Leaving and writing

    def ended(self, code: int, reason: str) -> None:
        if self.code is None:
            self.code, self.reason = code, reason
            self.waiting, self.behind = None, 0
            if self.full and not self.transport.is_closing():
                self.transport.resume_reading()
            if self.reader is not None and not self.reader.done():
                self.reader.set_result(None)

    def linger(self) -> None:
        if self.lingering is None:
            self.lingering = self.gate.loop.call_later(self.gate.limits.linger, self.transport.abort)

    def may_wait(self, opcode: Opcode, data: bytes, urgent: bool) -> bool:
        """The peer is slow: say whether this may be written all the same; if not, it waits or is lost with the peer."""
        limits = self.gate.limits
        if urgent:
            fits = self.transport.get_write_buffer_size() + len(data) <= limits.buffer
        else:
            self.waiting = self.waiting or deque()
            fits = len(self.waiting) < limits.waiting and self.behind + len(data) <= limits.buffer
            if fits:
                self.waiting.append((opcode, data))
                self.behind += len(data)
        if not fits:
            log.warning("too slow", remote=self.remote[0])
            self.close(TRY_LATER, "too slow")
        return fits and urgent

    def write(self, opcode: Opcode, data: bytes) -> None:
        if opcode is Opcode.TEXT:
            self.conn.send_text(data)
        else:
            self.conn.send_binary(data)
        self.flush()

    def flush(self) -> None:
        if data := b"".join(self.conn.data_to_send()):
            self.transport.write(data)


def refusal(status: int) -> bytes:
    """Write a response without a body that ends the connection."""
    headers = Headers([("Connection", "close"), ("Content-Length", "0")])
    if status == HTTPStatus.UPGRADE_REQUIRED:
        headers["Sec-WebSocket-Version"] = "13"  # RFC 6455 section 4.4
    return Response(status, HTTPStatus(status).phrase, headers).serialize()


_END: Final = b"\r\n\r\n"
_SPENT: Final = re.compile("connection|upgrade|sec-.*|accept.*|pragma|cache-control")  # no door asks for them
_INBOX: Final = 32  # messages a door may be behind before the peer is made to wait
_QUIET: Final = logging.getLogger("uvicorn.error")  # at the level we gave uvicorn


class _Refused(ProtocolError):
    """The request cannot become a WebSocket; `status` is what HTTP says of it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


def _status(why: Exception | None) -> int:
    match why:
        case InvalidHeader(name="Sec-WebSocket-Version"):
            return HTTPStatus.UPGRADE_REQUIRED
        case SecurityError():
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        case _:
            return HTTPStatus.BAD_REQUEST


def _taken(headers: Headers, name: str) -> list[str]:
    """Take a list out of the headers, so that an offer that makes no sense fails nothing."""
    words = [word.strip() for value in headers.get_all(name) for word in value.split(",")]
    if words:
        del headers[name]
    return words
