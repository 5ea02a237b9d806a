"""A door's transports on free ports with ears that remember, and peers that say what they like, byte by byte."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.transport.links import Wires
from xswitch_py.endpoints.sip.transport.stream import Bounds
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.message import Request, Response, refusal, response_to, serialise

SOON: Final = 5.0  # seconds in which everything happens that shall happen


def options(number: int = 1, body: bytes = b"", via: str = "UDP 192.0.2.9:5060", **fields: str) -> bytes:
    """Write a request; its Call-ID is its number. `Content_Length="9"` lies about the body."""
    lines = {
        "Via": f"SIP/2.0/{via};rport;branch=z9hG4bK{number}",
        "From": "<sip:1000@localhost>;tag=a",
        "To": "<sip:localhost>",
        "Call-ID": f"call-{number}",
        "CSeq": f"{number} OPTIONS",
        "Content-Length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"OPTIONS sip:localhost SIP/2.0\r\n{text}\r\n".encode() + body


@dataclass
class Hearer:
    """Ears that keep what they hear, and answer requests with 200 and what is malformed with what it deserves."""

    came: asyncio.Queue[tuple[Request | Response, Flow]] = field(default_factory=asyncio.Queue)
    bad: asyncio.Queue[tuple[BadMessage, Flow]] = field(default_factory=asyncio.Queue)
    gone: asyncio.Queue[Flow] = field(default_factory=asyncio.Queue)
    banned: set[str] = field(default_factory=set)
    failure: Exception | None = None

    def admits(self, host: str) -> bool:
        return host not in self.banned

    def received(self, message: Request | Response, flow: Flow) -> None:
        if self.failure is not None:
            raise self.failure
        self.came.put_nowait((message, flow))
        if isinstance(message, Request):
            self._answer(response_to(message, 200, to_tag="b"), flow)

    def malformed(self, bad: BadMessage, flow: Flow) -> None:
        self.bad.put_nowait((bad, flow))
        if (answer := refusal(bad, "b")) is not None:
            self._answer(answer, flow)

    def lost(self, flow: Flow) -> None:
        self.gone.put_nowait(flow)

    async def next(self) -> tuple[Request | Response, Flow]:
        """Wait for the next message."""
        async with asyncio.timeout(SOON):
            return await self.came.get()

    async def loss(self) -> Flow:
        """Wait for the next flow that is lost."""
        async with asyncio.timeout(SOON):
            return await self.gone.get()

    def _answer(self, response: Response, flow: Flow) -> None:
        with contextlib.suppress(ConnectionError):
            flow.send(serialise(response))


@contextlib.asynccontextmanager
async def wires(
    hearer: Hearer, *names: str, settings: Settings | None = None, host: str = "127.0.0.1", **options: Any
) -> AsyncIterator[Wires]:
    """Run the transports that are named, on free ports."""
    addresses: dict[str, Any] = dict.fromkeys(names, f"{host}:0")
    made = Wires(settings or Settings(), **addresses, **options)
    await made.start(hearer)
    try:
        yield made
    finally:
        await made.stop()


def quick(**bounds: Any) -> Bounds:
    """Make bounds for a test that does not wait."""
    return Bounds(**{"tick": 0.02, "linger": 0.3, **bounds})


def place(address: str) -> tuple[str, int]:
    """Read `host:port`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class Datagrams(asyncio.DatagramProtocol):
    """A UDP peer."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.pipe = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.came.put_nowait(data)

    def send(self, data: bytes) -> None:
        """Send a datagram."""
        self.pipe.sendto(data)

    @property
    def address(self) -> tuple[str, int]:
        """Where it is."""
        host, port = self.pipe.get_extra_info("sockname")[:2]
        return host, port

    async def next(self) -> bytes:
        """Wait for the next datagram."""
        async with asyncio.timeout(SOON):
            return await self.came.get()


@contextlib.asynccontextmanager
async def datagrams(to: str) -> AsyncIterator[Datagrams]:
    """Make a UDP peer that speaks with one address."""
    loop = asyncio.get_running_loop()
    pipe, peer = await loop.create_datagram_endpoint(Datagrams, remote_addr=place(to))
    try:
        yield peer
    finally:
        pipe.close()


@dataclass
class Peer:
    """A TCP or TLS peer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def address(self) -> tuple[str, int]:
        """Where it is."""
        host, port = self.writer.get_extra_info("sockname")[:2]
        return host, port

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    async def next(self) -> bytes:
        """Wait for the next head, with its blank line."""
        async with asyncio.timeout(SOON):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        """Read until the connection ends, in whichever way."""
        found = bytearray()
        async with asyncio.timeout(SOON):
            with contextlib.suppress(ConnectionError):
                while data := await self.reader.read(65_536):
                    found += data
        return bytes(found)


@contextlib.asynccontextmanager
async def peer(to: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Open a connection."""
    async with asyncio.timeout(SOON):
        reader, writer = await asyncio.open_connection(*place(to), ssl=tls)
    try:
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()


@contextlib.asynccontextmanager
async def answering(
    tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[tuple[str, int], asyncio.Queue[Peer]]]:
    """Listen for connections; yields the address, and who comes."""
    came: asyncio.Queue[Peer] = asyncio.Queue()
    kept: list[Peer] = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not server.is_serving():
            writer.transport.abort()
        kept.append(Peer(reader, writer))
        came.put_nowait(kept[-1])

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[:2], came
    finally:
        server.close()
        for one in kept:
            one.writer.transport.abort()


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SOON):
        while not true():
            await asyncio.sleep(0.005)


def closed_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Find a port that nobody listens on."""
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
