"""Ports 8081 and 8082: uvicorn serves HTTP to one ASGI app, and every WebSocket goes straight to a door.

A connection is first a `_Doorway`, which waits for the head of a request, in bounded time and memory, and then becomes
what the head asks for: a `WebSocket`, which is the `Socket` a door gets, or uvicorn's HTTP/1.1. Plain HTTP is parsed
by h11 and not by httptools, which sets no limit to the size of headers; WebSockets never pay for either.
"""

import asyncio
import contextlib
import functools
import re
import socket
import ssl
from collections.abc import Generator, Mapping
from typing import Any, Final, cast

import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from xswitch_py.base.errors import ConfigError
from xswitch_py.listen.door import SocketDoor
from xswitch_py.listen.gate import Gate, Limits, far_end
from xswitch_py.listen.tls import spare_memory
from xswitch_py.listen.websocket import WebSocket, refusal

__all__ = ["Listener"]

log = structlog.get_logger("xswitch.listen")


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
        gate = Gate(doors, frozenset(origin.lower() for origin in origins), proxies, limits)
        self._server = _Server(_uvicorn_config(app, gate), gate)
        self._serving: asyncio.Task[None] | None = None
        self.addresses: dict[str, str] = {}  # "http" and "https" -> host:port, the real ones

    async def start(self) -> None:
        """Bind the ports and serve.

        Raises:
            ConfigError: an address cannot be used.
        """
        spare_memory()
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


class _Server(uvicorn.Server):
    """uvicorn's server with two ports in our own loop: no signals, no lifespan, and a clock for the connections."""

    def __init__(self, config: uvicorn.Config, gate: Gate) -> None:
        super().__init__(config)
        self.server_state = gate.state
        self.gate = gate
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
        self.gate.config, self.gate.loop = self.config, asyncio.get_running_loop()
        await self.on_tick(0)  # makes the Date header
        self.servers = []
        try:
            for port, tls in self.ports:
                self.servers.append(await self.serve_port(port, tls))
            self.started = True
        finally:
            self.listening.set()

    async def serve_port(self, port: socket.socket, tls: ssl.SSLContext | None) -> asyncio.Server:
        return await self.gate.loop.create_server(
            functools.partial(_Doorway, self.gate),
            sock=port,
            ssl=tls,
            backlog=self.config.backlog,
            ssl_handshake_timeout=self.gate.limits.handshake if tls else None,
            ssl_shutdown_timeout=self.gate.limits.linger if tls else None,
        )

    def drop(self) -> None:
        """End what is still there when all were given time to end by themselves."""
        for connection in tuple(self.gate.connections):
            connection.transport.abort()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.leaving.wait(), self.gate.limits.tick)
            now = self.gate.loop.time()
            for connection in tuple(self.gate.connections):
                connection.tick(now)


class _Doorway(asyncio.Protocol):
    """A connection that has not said yet what it wants."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.head = b""
        self.counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.peer = far_end(self.transport)
        self.since = self.gate.loop.time()
        self.counted = self.gate.enter(self.peer[0])
        self.gate.connections.add(self)
        if not self.counted:
            log.warning("full", remote=self.peer[0])
            self.refuse(503)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        known = len(self.head)
        self.head += data
        if end := _END.search(self.head, max(0, known - 2)):  # who sends single bytes is not searched anew for each
            self.become(_wanted(self.head[: end.end()]))
        elif len(self.head) > self.gate.limits.head:
            self.refuse(431)

    def become(self, kind: "type[WebSocket | _Http]") -> None:
        self.gate.connections.discard(self)
        self.counted = False  # the next one counts on
        protocol = kind(self.gate)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(self.head)

    def refuse(self, status: int) -> None:
        self.transport.write(refusal(status))
        self.transport.close()

    def tick(self, now: float) -> None:
        if now - self.since >= self.gate.limits.handshake:
            self.transport.abort()

    def shutdown(self) -> None:
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gate.connections.discard(self)
        if self.counted:
            self.gate.leave(self.peer[0])


class _Http(H11Protocol):
    """uvicorn's HTTP/1.1, counted and watched."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate.config, gate.state, {}, gate.loop)
        self.gate = gate
        self.seen: RequestResponseCycle | None = None
        self.since = gate.loop.time()  # when the request that was seen last was under way
        self.came = 0  # bytes of it, and of what came before it was seen
        self.left, self.moved = 0, self.since  # bytes of answers that were not taken yet, and when they were less

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self.client = far_end(self.transport)  # who comes by IPv4 to a port for both looks like nobody's proxy

    def data_received(self, data: bytes) -> None:
        self.came += len(data)
        super().data_received(data)

    def tick(self, now: float) -> None:
        """Drop who is slow to send a request, or to take an answer: uvicorn stops its own clock at the first byte."""
        left = self.transport.get_write_buffer_size()
        if left != self.left or not left:
            self.left, self.moved = left, now
        if self.cycle is not self.seen:
            self.seen, self.since, self.came = self.cycle, now, 0
        limits, cycle = self.gate.limits, self.seen
        if left:
            late = now - self.moved >= limits.dead
        elif cycle is None or cycle.response_complete:
            late = now - self.since >= limits.handshake
        elif cycle.more_body and not self.flow.read_paused:
            late = now - self.since >= limits.handshake + self.came / limits.slowest
        else:
            late, self.since = False, now
        if late:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.gate.leave(far_end(self.transport)[0])


_END: Final = re.compile(rb"\n\r?\n")
_UPGRADE: Final = re.compile(rb"\nupgrade:[ \t]*websocket[ \t]*\r?\n", re.IGNORECASE)


def _uvicorn_config(app: Any, gate: Gate) -> uvicorn.Config:
    config = uvicorn.Config(
        _guarded(app),
        http=H11Protocol,
        ws=cast(Any, functools.partial(WebSocket, gate)),
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        forwarded_allow_ips=",".join(gate.proxies),
        timeout_graceful_shutdown=gate.limits.stop,
        h11_max_incomplete_event_size=gate.limits.head,
    )
    config.load()
    return config


def _guarded(app: Any) -> Any:
    """Refuse what no part of the app shall see."""

    async def front(scope: Any, receive: Any, send: Any) -> None:
        if (status := _refused(dict(scope["headers"]))) is not None:
            headers = [(b"connection", b"close"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body"})
        else:
            scope["abort"] = send.__self__.transport.abort  # for who does not read: what is not sent yet never will be
            await app(scope, receive, send)

    return front


def _refused(headers: Mapping[bytes, bytes]) -> int | None:
    """Say with which status a request is refused, if it is.

    With both lengths (RFC 9112 section 6.3) a proxy before us may have read the other one. How long a body may be is
    for the app to say.
    """
    return 400 if b"content-length" in headers and b"transfer-encoding" in headers else None


def _wanted(head: bytes) -> type[WebSocket | _Http]:
    return WebSocket if head.startswith(b"GET ") and _UPGRADE.search(head) else _Http


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
