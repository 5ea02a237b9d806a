"""All TCP and TLS connections of the door: how many there may be, their clock, and which one leads where."""

import asyncio
import contextlib
import functools
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from xswitch_py.endpoints.sip.flow import Flow, HostPort
from xswitch_py.endpoints.sip.transport.addresses import near, source_for, wild
from xswitch_py.endpoints.sip.transport.intake import Intake
from xswitch_py.endpoints.sip.transport.seal import Seal
from xswitch_py.endpoints.sip.transport.stream import Bounds, StreamFlow
from xswitch_py.listen.admission import plain

__all__ = ["Streams"]

log = structlog.get_logger("xswitch.sip")

Key = tuple[str, HostPort, str, bool]  # transport, remote, the name that was verified, whether it was


class Streams:
    """Serves the listening sockets of TCP and TLS, and opens connections of our own; the `Yard` of every flow."""

    def __init__(self, intake: Intake, bounds: Bounds, in_use: Callable[[Flow], bool]) -> None:
        self.intake, self.bounds, self.in_use = intake, bounds, in_use
        self.buffer = bytearray(_BLOCK)
        self._loop = asyncio.get_running_loop()
        self._ports: dict[str, socket.socket] = {}
        self._servers: list[asyncio.Server] = []
        self._flows: set[StreamFlow] = set()
        self._ways: dict[Key, StreamFlow] = {}
        self._keys: dict[StreamFlow, Key] = {}
        self._opened: Counter[str] = Counter()  # connections by the IP address that opened them
        self._strangers: Counter[str] = Counter()  # those of them that never sent an authenticated request
        self._connecting: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._clock = self._loop.call_later(bounds.tick, self._tick)

    def __len__(self) -> int:
        return len(self._flows)

    async def serve(self, port: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Accept connections on a listening socket: of TLS if there is a context for it."""
        self._ports["TCP" if tls is None else "TLS"] = port

        def accept() -> StreamFlow:
            return StreamFlow(self, None if tls is None else Seal(tls))

        self._servers.append(await self._loop.create_server(accept, sock=port, backlog=_QUEUE))

    def open(
        self, transport: str, host: str, port: int, tls: ssl.SSLContext | None = None, name: str = ""
    ) -> StreamFlow:
        """Give a connection to an IP address: one that lives, whoever opened it, or a new one.

        One that the peer has opened proves no name, so it does not do where a name is asked for.

        Raises:
            ConnectionError: we do not listen on this transport and IP version, no way leads there, or there are too
                many connections.
        """
        key = transport, (host, port), name if tls is not None else "", tls is None or tls.check_hostname
        found = self._ways.get(key)
        if found is not None and found.alive:
            return found
        own = self._own(transport, host)
        if len(self._flows) >= self.bounds.connections:
            raise ConnectionError("too many connections")
        seal = None if tls is None else Seal(tls, name=name or host)
        flow = StreamFlow(self, seal, (host, port), near(self.intake.settings, own, host))
        flow.entered()
        self._add(flow, key)
        bound = self._ports[transport].getsockname()[0]
        task = self._loop.create_task(self._connect(flow, None if wild(bound) else (bound, 0)), name=f"connect {host}")
        self._connecting.add(task)
        task.add_done_callback(functools.partial(self._tried, flow))
        return flow

    def trust(self, flow: StreamFlow) -> None:
        """Somebody proved on this connection who they are: it is no stranger's any more."""
        if flow in self._flows and not flow.trusted:
            flow.trusted = True
            _less(self._strangers, flow.remote[0])

    async def stop(self) -> None:
        """Accept nobody any more, end all connections, and give the peers some time to read the last words."""
        self._clock.cancel()
        for server in self._servers:
            server.close()
        for task in self._connecting:
            task.cancel()
        for flow in tuple(self._flows):
            flow.close()
        await self._emptied()
        for flow in tuple(self._flows):
            flow.abort()
        await self._emptied()

    # What a connection calls

    def enter(self, flow: StreamFlow) -> bool:
        host = flow.remote[0]
        bounds = self.bounds
        if (
            len(self._flows) >= bounds.connections
            or self._opened[host] >= bounds.per_address
            or self._strangers[host] >= bounds.strangers
        ):
            self.intake.counts["refused " + flow.transport] += 1
            log.warning("full", remote=host, transport=flow.transport)
            return False
        self._opened[host] += 1
        self._strangers[host] += 1
        self._add(flow, (flow.transport, flow.remote, "", True))
        return True

    def leave(self, flow: StreamFlow) -> None:
        self._flows.discard(flow)
        key = self._keys.pop(flow)
        if self._ways.get(key) is flow:
            del self._ways[key]
        if not flow.ours:
            _less(self._opened, flow.remote[0])
            if not flow.trusted:
                _less(self._strangers, flow.remote[0])
        if not self._flows:
            self._empty.set()

    def near(self, flow: StreamFlow, own: HostPort) -> HostPort:
        return near(self.intake.settings, own, flow.remote[0])

    # Our own connections

    def _own(self, transport: str, host: str) -> HostPort:
        """Say where we listen on a transport, as seen from this remote address."""
        port = self._ports.get(transport)
        if port is None:
            raise ConnectionError(f"we do not speak {transport}")
        bound, number = port.getsockname()[:2]
        if not wild(bound):
            if (":" in bound) != (":" in host):
                raise ConnectionError("no socket of this address family")
            return plain(bound), number
        try:
            return source_for(host), number
        except OSError as problem:
            raise ConnectionError("no way leads there") from problem

    async def _connect(self, flow: StreamFlow, source: HostPort | None) -> None:
        async with asyncio.timeout(self.bounds.connect):
            await self._loop.create_connection(lambda: flow, *flow.remote, local_addr=source)

    def _tried(self, flow: StreamFlow, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        problem = asyncio.CancelledError() if task.cancelled() else task.exception()
        if problem is not None:
            log.info("not connected", remote=flow.remote[0], port=flow.remote[1], why=type(problem).__name__)
            flow.failed()

    def _add(self, flow: StreamFlow, key: Key) -> None:
        self._flows.add(flow)
        self._keys[flow] = key
        self._ways[key] = flow
        self._empty.clear()

    def _tick(self) -> None:
        now = self._loop.time()
        for flow in tuple(self._flows):
            flow.tick(now)
        self._clock = self._loop.call_later(self.bounds.tick, self._tick)

    async def _emptied(self) -> None:
        """Wait until all connections have ended, or long enough."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.bounds.linger):
                await self._empty.wait()


_BLOCK: Final = 16_384  # bytes read at once from one connection, before others of the loop get their turn
_QUEUE: Final = 2_048  # connections accepted at once


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
