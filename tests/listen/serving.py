"""A listener on a free port with doors made for tests, and peers that say what they like, byte by byte."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from xswitch_py.listen.door import Socket, SocketDoor
from xswitch_py.listen.gate import Limits
from xswitch_py.listen.listener import Listener

HANDSHAKE: Final = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Echo:
    """A door that keeps what it hears and says it again."""

    def __init__(self, subprotocol: str | None = None) -> None:
        self.subprotocol = subprotocol
        self.sockets: list[Socket] = []
        self.heard: list[str | bytes] = []
        self.left: asyncio.Queue[tuple[int | None, str]] = asyncio.Queue()
        self.came: asyncio.Queue[Socket] = asyncio.Queue()

    async def serve(self, socket: Socket) -> None:
        self.came.put_nowait(socket)
        while (message := await socket.receive()) is not None:
            self.heard.append(message)
            socket.send(message if isinstance(message, str) else f"{len(message)} bytes")
        self.left.put_nowait((socket.code, socket.reason))


class Hold:
    """A door that reads only when it is told to, and fails if told so."""

    subprotocol = None

    def __init__(self) -> None:
        self.came: asyncio.Queue[Socket] = asyncio.Queue()
        self.leave = asyncio.Event()
        self.failure: Exception | None = None

    async def serve(self, socket: Socket) -> None:
        self.came.put_nowait(socket)
        await self.leave.wait()
        if self.failure is not None:
            raise self.failure


async def page(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI app that says who asks."""
    body = f"{scope['method']} {scope['path']} {scope['client'][0]}".encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def serving(doors: Mapping[str, SocketDoor], limits: Limits | None = None, **options: Any) -> AsyncIterator[str]:
    """Run a listener on a free port; yields its `host:port`."""
    listener = Listener(page, doors, http="127.0.0.1:0", limits=limits or Limits(), **options)
    await listener.start()
    try:
        yield listener.addresses["http"]
    finally:
        await listener.stop()


@contextlib.asynccontextmanager
async def raw(address: str, first: bytes = b"") -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a TCP connection and send something."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(first)
        yield reader, writer
    finally:
        writer.transport.abort()


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    """Write a frame as a client does."""
    return Frame(opcode, data, fin).serialize(mask=True)


async def closing(peer: ClientConnection) -> tuple[int, str]:
    """Read until the peer was closed; gives code and reason."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await peer.recv()
    await peer.wait_closed()
    assert peer.close_code is not None
    return peer.close_code, peer.close_reason or ""
