"""Ports 8081 and 8082: uvicorn serves HTTP to one ASGI app, and every WebSocket goes straight to a door.

A connection is first a `_Doorway`, which waits for the head of a request, in bounded time and memory, and then becomes
what the head asks for: a `_WebSocket`, which is the `Socket` a door gets, or uvicorn's HTTP/1.1. Plain HTTP is parsed
by h11 and not by httptools, which sets no limit to the size of headers; WebSockets never pay for either.
"""

import asyncio
import contextlib
import functools
import logging
import re
import socket
import ssl
from collections import Counter, deque
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol as Frames
from websockets.protocol import Side, State

from xswitch_py.base.errors import ConfigError
from xswitch_py.handshake import BadOpening, Opening, accepting, client_of, origin_allowed, read_opening, refusing

__all__ = ["Limits", "Listener", "Socket", "SocketDoor", "route"]

log = structlog.get_logger("xswitch.listener")

GOING_AWAY: Final = 1001
ABNORMAL: Final = 1006  # never sent: says that the peer left without a close frame
NOT_UTF8: Final = 1007
OUR_BUG: Final = 1011
TRY_LATER: Final = 1013


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener grants. Sizes in bytes, times in seconds."""

    sockets: int = 10_000  # connections of any kind, all together
    per_address: int = 5_000  # and from one IP address
    head: int = 16_384  # request line and headers
    handshake: float = 10.0  # until the head of the first request is there, and for TLS before it
    message: int = 1_000_000  # one WebSocket message; more is closed with 1009
    ping: float = 15.0
    dead: float = 44.0  # silence after which a peer is taken for dead; only what it sends counts
    buffer: int = 4_000_000  # written and not yet taken by a slow peer
    waiting: int = 5_000  # messages that can wait behind such a buffer, together no bigger than it
    linger: float = 2.0  # for the peer to take a close frame
    tick: float = 1.0  # how often the clock looks at every connection
    stop: int = 5  # for doors and requests to end when the listener stops


class Socket(Protocol):
    """A WebSocket peer, as a door sees it."""

    @property
    def path(self) -> str:
        """The path that was asked for, without the query."""

    @property
    def query(self) -> str:
        """What stood behind `?`, still percent-encoded."""

    @property
    def remote(self) -> tuple[str, int]:
        """IP address and port of the peer; port 0 if a trusted proxy told the address."""

    @property
    def secure(self) -> bool:
        """Whether the peer uses TLS, with us or with a trusted proxy."""

    @property
    def origin(self) -> str | None:
        """The web page's origin, already checked; browsers always send one."""

    @property
    def subprotocol(self) -> str | None:
        """What was agreed in the handshake."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, names in lower case, without those of the handshake itself."""

    @property
    def code(self) -> int | None:
        """The close code, ours or theirs; None while the socket is open."""

    @property
    def reason(self) -> str:
        """The text that came with the close code."""

    async def receive(self) -> str | bytes | None:
        """Wait for the next message: text or binary; None, for ever, once the peer is gone or was closed."""

    def send(self, text: str, *, urgent: bool = True) -> None:
        """Send a text message; never waits, and does nothing once closed.

        What is not `urgent` waits while the peer is slow. A peer too slow for either is closed with 1013.
        """

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye; does nothing once closed."""

    def abort(self) -> None:
        """Drop the connection at once, and all that was not sent yet."""


class SocketDoor(Protocol):
    """All that the WebSocket port needs of a door."""

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol a peer must offer to get in here, on whatever path; None for any peer on the door's paths."""

    async def serve(self, socket: Socket) -> None:
        """Talk to one peer until it leaves; the socket is closed on return."""


def route(path: str, offered: Collection[str], doors: Mapping[str, SocketDoor]) -> SocketDoor | int:
    """Find the door for a WebSocket, or the HTTP status to refuse it with.

    An offered subprotocol chooses its door on any path; offers that nobody knows are ignored.
    """
    for door in doors.values():
        if door.subprotocol is not None and door.subprotocol in offered:
            return door
    found = doors.get(path)
    if found is None:
        return 404
    return found if found.subprotocol is None else 400


class Listener:
    """Serves one ASGI app and a table of WebSocket doors on a plain and a TLS port.

    `http` and `https` are `host:port`; an empty host is all addresses, port 0 any free one, None leaves the port out.
    `doors` says which path belongs to which door; `origins` is as for `origin_allowed`; `proxies` are the addresses
    whose X-Forwarded-* headers are believed.
    """

    def __init__(
        self,
        app: Any,
        doors: Mapping[str, SocketDoor],
        *,
        http: str | None = "127.0.0.1:8081",
        https: str | None = None,
        tls: ssl.SSLContext | None = None,
        origins: frozenset[str] = frozenset(),
        proxies: frozenset[str] = frozenset({"127.0.0.1", "::1"}),
        limits: Limits = Limits(),
    ) -> None:
        self._bind = {"http": http, "https": https}
        self._tls = tls
        house = _House(doors, frozenset(origin.lower() for origin in origins), proxies, limits)
        self._server = _Server(_uvicorn_config(app, house), house)
        self._serving: asyncio.Task[None] | None = None
        self.addresses: dict[str, str] = {}  # "http" and "https" -> host:port, the real ones

    async def start(self) -> None:
        """Bind the ports and serve.

        Raises:
            ConfigError: an address cannot be used.
        """
        with contextlib.ExitStack() as undo:
            for name, text in self._bind.items():
                if text is None:
                    continue
                if name == "https" and self._tls is None:
                    raise ConfigError([f"listen.https = {text!r}: there is no certificate"])
                port = undo.enter_context(_bound(f"listen.{name}", text))
                self._server.ports.append((port, self._tls if name == "https" else None))
                self.addresses[name] = _shown(port)
            undo.pop_all()
        self._serving = asyncio.create_task(self._server.serve(), name="listener")
        await self._server.listening.wait()
        if not self._server.started:
            await self._serving  # tells why

    async def stop(self) -> None:
        """Accept nobody any more, close every socket with 1001, and wait for doors and requests to end."""
        self._server.leave()
        if self._serving is not None:
            await self._serving
        self._server.drop()


class _House:
    """What all connections of a listener share."""

    def __init__(
        self, doors: Mapping[str, SocketDoor], origins: frozenset[str], proxies: frozenset[str], limits: Limits
    ) -> None:
        self.doors, self.origins, self.proxies, self.limits = doors, origins, proxies, limits
        self.state = ServerState()  # uvicorn's: connections to shut down, tasks to wait for
        self.connections = cast("set[_Connection]", self.state.connections)
        self.people: Counter[str] = Counter()  # connections by IP address
        self.total = 0
        self.config: uvicorn.Config = cast(Any, None)
        self.loop: asyncio.AbstractEventLoop = cast(Any, None)

    def enter(self, address: str) -> bool:
        """Count a connection in, unless there are too many already."""
        if self.total >= self.limits.sockets or self.people[address] >= self.limits.per_address:
            return False
        self.total += 1
        self.people[address] += 1
        return True

    def leave(self, address: str) -> None:
        self.total -= 1
        self.people[address] -= 1
        if not self.people[address]:
            del self.people[address]


class _Connection(Protocol):
    """What the server asks of a connection, whatever it is at the moment."""

    transport: asyncio.Transport

    def tick(self, now: float) -> None:
        """Some time has passed."""

    def shutdown(self) -> None:
        """The server stops."""


class _Server(uvicorn.Server):
    """uvicorn's server with two ports in our own loop: no signals, no lifespan, and a clock for the connections."""

    def __init__(self, config: uvicorn.Config, house: _House) -> None:
        super().__init__(config)
        self.server_state = house.state
        self.house = house
        self.ports: list[tuple[socket.socket, ssl.SSLContext | None]] = []
        self.listening = asyncio.Event()
        self.leaving = asyncio.Event()

    def leave(self) -> None:
        self.should_exit = True
        self.leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.house.config, self.house.loop = self.config, asyncio.get_running_loop()
        await self.on_tick(0)  # makes the Date header
        self.servers = []
        try:
            for port, tls in self.ports:
                self.servers.append(await self.serve_port(port, tls))
            self.started = True
        finally:
            self.listening.set()

    async def serve_port(self, port: socket.socket, tls: ssl.SSLContext | None) -> asyncio.Server:
        return await self.house.loop.create_server(
            functools.partial(_Doorway, self.house),
            sock=port,
            ssl=tls,
            backlog=self.config.backlog,
            ssl_handshake_timeout=self.house.limits.handshake if tls else None,
            ssl_shutdown_timeout=self.house.limits.linger if tls else None,
        )

    def drop(self) -> None:
        """End what is still there when all were given time to end by themselves."""
        for connection in tuple(self.house.connections):
            connection.transport.abort()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.leaving.wait(), self.house.limits.tick)
            now = self.house.loop.time()
            for connection in tuple(self.house.connections):
                connection.tick(now)


class _Doorway(asyncio.Protocol):
    """A connection that has not said yet what it wants."""

    def __init__(self, house: _House) -> None:
        self.house = house
        self.head = b""
        self.counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.peer = _peer(self.transport)
        self.since = self.house.loop.time()
        self.counted = self.house.enter(self.peer[0])
        self.house.connections.add(self)
        if not self.counted:
            log.warning("full", remote=self.peer[0])
            self.refuse(503)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self.head += data
        if end := _END.search(self.head):
            self.become(_wanted(self.head[: end.end()]))
        elif len(self.head) > self.house.limits.head:
            self.refuse(431)

    def become(self, kind: "type[_WebSocket | _Http]") -> None:
        self.house.connections.discard(self)
        self.counted = False  # the next one counts on
        protocol = kind(self.house)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(self.head)

    def refuse(self, status: int) -> None:
        self.transport.write(refusing(status))
        self.transport.close()

    def tick(self, now: float) -> None:
        if now - self.since >= self.house.limits.handshake:
            self.transport.abort()

    def shutdown(self) -> None:
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.house.connections.discard(self)
        if self.counted:
            self.house.leave(self.peer[0])


class _Http(H11Protocol):
    """uvicorn's HTTP/1.1, counted."""

    def __init__(self, house: _House) -> None:
        super().__init__(house.config, house.state, {}, house.loop)
        self.house = house

    def tick(self, now: float) -> None:
        """Nothing: idle ones are closed by uvicorn."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.house.leave(_peer(self.transport)[0])


class _WebSocket(asyncio.Protocol):
    """A WebSocket, and the `Socket` that its door holds.

    uvicorn's own class is not used: it hands messages over one at a time through an ASGI queue, pausing and resuming
    the transport for each, and can neither write without waiting nor tell whether the peer is slow.
    """

    def __init__(self, house: _House, **_from_uvicorn: object) -> None:
        self.house = house
        self.conn = Frames(Side.SERVER, max_size=house.limits.message, logger=_QUIET)
        self.opened = False  # the handshake is done
        self.path = self.query = self.reason = ""
        self.origin: str | None = None
        self.subprotocol: str | None = None
        self.secure = False
        self.headers: dict[str, str] = {}
        self.code: int | None = None
        self.heard = self.pinged = house.loop.time()
        self.inbox: deque[str | bytes] = deque()
        self.unread = 0  # characters or bytes in the inbox
        self.full = False  # reading is paused
        self.reader: asyncio.Future[None] | None = None  # set while the door waits
        self.message: tuple[Opcode, bytearray] | None = None  # a fragmented one, so far
        self.slow = False  # the transport's buffer is above its high-water mark
        self.waiting: deque[bytes] | None = None  # not urgent, for a slow peer
        self.behind = 0  # bytes waiting
        self.lingering: asyncio.TimerHandle | None = None

    # What a door calls

    async def receive(self) -> str | bytes | None:
        while not self.inbox:
            if self.code is not None:
                return None
            self.reader = self.house.loop.create_future()
            try:
                await self.reader
            finally:
                self.reader = None
        message = self.inbox.popleft()
        self.unread -= len(message)
        if self.full and not self.inbox:
            self.full = False
            self.heard = self.house.loop.time()
            self.transport.resume_reading()
        return message

    def send(self, text: str, *, urgent: bool = True) -> None:
        if self.code is not None:
            return
        data = text.encode("utf-8", "replace")  # a lone surrogate becomes "?"
        if self.slow and not self.may_wait(data, urgent):
            return
        self.conn.send_text(data)
        self.flush()

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
        self.remote = self.peer = _peer(self.transport)
        self.house.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self.heard = self.house.loop.time()
        if not self.opened:  # all of the head is there: we are made for it
            self.opened = True
            end = cast("re.Match[bytes]", _END.search(data)).end()
            self.open(data[:end])
            data = data[end:]
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
            data = self.waiting.popleft()
            self.behind -= len(data)
            self.conn.send_text(data)
            self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.house.connections.discard(self)
        self.house.leave(self.peer[0])
        self.ended(ABNORMAL, "")
        if self.lingering is not None:
            self.lingering.cancel()
        self.conn.parser.close()  # its frame refers to `conn`: a cycle

    # What the server calls

    def tick(self, now: float) -> None:
        if self.code is not None or self.full:
            return
        if now - self.heard >= self.house.limits.dead:
            log.info("dead", remote=self.remote[0])
            self.close(OUR_BUG, "no answer to ping")
            self.transport.abort()
        elif now - self.pinged >= self.house.limits.ping:
            self.pinged = now
            self.conn.send_ping(b"")
            self.flush()

    def shutdown(self) -> None:
        self.close(GOING_AWAY, "the server is going away")

    # Handshake

    def open(self, head: bytes) -> None:
        try:
            opening = read_opening(head)
            self.know(opening)
            door = self.admit(opening)
        except BadOpening as bad:
            log.info("refused", remote=self.remote[0], path=self.path, origin=self.origin, status=bad.status)
            self.ended(ABNORMAL, "")
            self.transport.write(refusing(bad.status))
            self.transport.close()
            self.linger()
            return
        self.subprotocol = door.subprotocol
        self.transport.write(accepting(opening.key, door.subprotocol))
        task = self.house.loop.create_task(self.serve(door), name=f"socket {self.remote[0]}")
        self.house.state.tasks.add(task)
        task.add_done_callback(self.house.state.tasks.discard)

    def know(self, opening: Opening) -> None:
        self.path, self.query, self.headers = opening.path, opening.query, opening.headers
        self.origin = self.headers.get("origin")
        self.remote = client_of(self.peer, self.headers.get("x-forwarded-for"), self.house.proxies)
        self.secure = self.transport.get_extra_info("sslcontext") is not None or (
            self.peer[0] in self.house.proxies and self.headers.get("x-forwarded-proto") == "https"
        )

    def admit(self, opening: Opening) -> SocketDoor:
        if not origin_allowed(self.origin, self.headers.get("host"), self.house.origins):
            raise BadOpening(403)
        door = route(self.path, opening.offered, self.house.doors)
        if isinstance(door, int):
            raise BadOpening(door)
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
        if not self.full and (len(self.inbox) >= _INBOX or self.unread > self.house.limits.message):
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
            self.lingering = self.house.loop.call_later(self.house.limits.linger, self.transport.abort)

    def may_wait(self, data: bytes, urgent: bool) -> bool:
        """The peer is slow: say whether this may be written all the same; if not, it waits or is lost with the peer."""
        limits = self.house.limits
        if urgent:
            fits = self.transport.get_write_buffer_size() + len(data) <= limits.buffer
        else:
            self.waiting = self.waiting or deque()
            fits = len(self.waiting) < limits.waiting and self.behind + len(data) <= limits.buffer
            if fits:
                self.waiting.append(data)
                self.behind += len(data)
        if not fits:
            log.warning("too slow", remote=self.remote[0])
            self.close(TRY_LATER, "too slow")
        return fits and urgent

    def flush(self) -> None:
        if data := b"".join(self.conn.data_to_send()):
            self.transport.write(data)


_END: Final = re.compile(rb"\n\r?\n")
_UPGRADE: Final = re.compile(rb"\nupgrade:[ \t]*websocket[ \t]*\r?\n", re.IGNORECASE)
_INBOX: Final = 32  # messages a door may be behind before the peer is made to wait
_QUIET: Final = logging.getLogger("uvicorn.error")  # at the level we gave uvicorn


def _uvicorn_config(app: Any, house: _House) -> uvicorn.Config:
    config = uvicorn.Config(
        _refusing_smugglers(app),
        http=H11Protocol,
        ws=cast(Any, functools.partial(_WebSocket, house)),
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        forwarded_allow_ips=",".join(house.proxies),
        timeout_graceful_shutdown=house.limits.stop,
        h11_max_incomplete_event_size=house.limits.head,
    )
    config.load()
    return config


def _refusing_smugglers(app: Any) -> Any:
    """Refuse a request with both lengths (RFC 9112 section 6.3): a proxy before us may have read the other one."""

    async def front(scope: Any, receive: Any, send: Any) -> None:
        names = {name for name, _ in scope["headers"]}
        if b"transfer-encoding" in names and b"content-length" in names:
            headers = [(b"connection", b"close"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 400, "headers": headers})
            await send({"type": "http.response.body"})
        else:
            await app(scope, receive, send)

    return front


def _wanted(head: bytes) -> type[_WebSocket | _Http]:
    return _WebSocket if head.startswith(b"GET ") and _UPGRADE.search(head) else _Http


def _peer(transport: asyncio.Transport) -> tuple[str, int]:
    name = transport.get_extra_info("peername") or ("", 0)  # gone before we looked
    return name[0], name[1]


def _bound(key: str, text: str) -> socket.socket:
    host, _, number = text.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host or not host else socket.AF_INET
    try:
        if not 0 <= (port := int(number)) < 65536:
            raise ValueError("a port is 0 to 65535")
        return socket.create_server((host, port), family=family, dualstack_ipv6=not host, backlog=2048)
    except (OSError, ValueError) as problem:
        raise ConfigError([f"{key} = {text!r}: {problem}"]) from problem


def _shown(port: socket.socket) -> str:
    host, number = port.getsockname()[:2]
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"
