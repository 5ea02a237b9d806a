"""The listener over real sockets: handshakes, messages, limits, slow and dead peers, leaving."""

import asyncio
import contextlib
import socket as sockets
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Origin, Subprotocol

from xswitch_py.base.errors import ConfigError
from xswitch_py.certificate import make, ssl_context
from xswitch_py.listener import Limits, Listener, Socket, SocketDoor, route

HANDSHAKE = (
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
    return Frame(opcode, data, fin).serialize(mask=True)


async def closing(peer: ClientConnection) -> tuple[int, str]:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await peer.recv()
    await peer.wait_closed()
    assert peer.close_code is not None
    return peer.close_code, peer.close_reason or ""


async def test_text_and_binary_are_told_apart() -> None:
    door = Echo()
    async with serving({"/ws": door}) as address, connect(f"ws://{address}/ws") as peer:
        await peer.send("h\u00e9")
        assert await peer.recv() == "h\u00e9"
        await peer.send(b"\x00\xff")
        assert await peer.recv() == "2 bytes"
    assert door.heard == ["h\u00e9", b"\x00\xff"]


async def test_the_door_knows_its_peer() -> None:
    door = Echo()
    headers = {"X-Custom": "1", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    async with serving({"/ws": door}) as address:
        async with connect(
            f"ws://{address}/ws?a=b%20c", origin=Origin(f"http://{address}"), additional_headers=headers
        ):
            socket = await door.came.get()
            assert (socket.path, socket.query, socket.origin) == ("/ws", "a=b%20c", f"http://{address}")
            assert (socket.remote, socket.secure, socket.subprotocol) == (("192.0.2.7", 0), True, None)
            assert (socket.code, socket.reason, socket.headers["x-custom"]) == (None, "", "1")
        async with connect(f"ws://{address}/ws") as plain:
            socket = await door.came.get()
            assert (socket.remote, socket.secure, socket.origin) == (plain.local_address, False, None)


@pytest.mark.parametrize("path", ["/", "/ws", "/wss2"])
async def test_every_mounted_path_is_accepted(path: str) -> None:
    """V1."""
    async with (
        serving(dict.fromkeys(("/", "/ws", "/wss2"), Echo())) as address,
        connect(f"ws://{address}{path}?x", subprotocols=[Subprotocol("nobody-knows")]) as peer,
    ):
        assert peer.subprotocol is None
        assert peer.protocol.extensions == []


@pytest.mark.parametrize(
    ("path", "origin", "status"), [("/none", None, 404), ("/sip", None, 400), ("/ws", "null", 403)]
)
async def test_a_stranger_is_refused(path: str, origin: Any, status: int) -> None:
    async with serving({"/ws": Echo(), "/sip": Echo("sip")}) as address:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{address}{path}", origin=origin).__aenter__()
        assert refused.value.response.status_code == status


async def test_a_listed_origin_is_let_in() -> None:
    listed = frozenset({"https://Phone.example.org"})
    async with serving({"/ws": Echo()}, origins=listed) as address:
        async with connect(f"ws://{address}/ws", origin=Origin("https://phone.example.org")):
            pass


async def test_a_subprotocol_chooses_its_door_on_any_path() -> None:
    verto, sip = Echo(), Echo("sip")
    async with (
        serving({"/ws": verto, "/sip": sip}) as address,
        connect(f"ws://{address}/ws", subprotocols=[Subprotocol("x"), Subprotocol("sip")]) as peer,
    ):
        assert peer.subprotocol == "sip"
        assert (await sip.came.get()).subprotocol == "sip"
        assert verto.came.empty()


def test_routes() -> None:
    verto, sip = Echo(), Echo("sip")
    doors = {"/": verto, "/ws": verto, "/sip": sip}
    table = {("/", ""): verto, ("/ws", "x"): verto, ("/ws", "sip"): sip, ("/no", "sip"): sip, ("/sip", "sip"): sip}
    for (path, offered), door in table.items():
        assert route(path, offered.split(), doors) is door
    assert (route("/sip", [], doors), route("/ws/", [], doors)) == (400, 404)


async def test_http_goes_to_the_app_and_keeps_the_connection() -> None:
    """V62."""
    async with serving({"/": Echo()}) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        for path in ("/", "/healthz"):
            response = await client.get(path)
            assert (response.status_code, response.text) == (200, f"GET {path} 127.0.0.1")
            assert "server" not in response.headers
        assert (await client.post("/x", content=b"y" * 100_000)).text == "POST /x 127.0.0.1"


async def test_a_kept_connection_can_still_become_a_websocket() -> None:
    """A proxy in front of us keeps connections."""
    async with (
        serving({"/ws": Echo()}) as address,
        raw(address, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") as (reader, writer),
    ):
        assert b"GET / 127.0.0.1" in await reader.readuntil(b"GET / 127.0.0.1")
        writer.write(HANDSHAKE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        writer.write(frame(Opcode.TEXT, b"hello"))
        assert await reader.readexactly(7) == b"\x81\x05hello"


async def test_a_request_with_two_lengths_is_refused() -> None:
    """X4."""
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    async with serving({}) as address, raw(address, request) as (reader, _):
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"POST" not in answer


async def test_a_handshake_in_single_bytes_with_frames_behind_it_is_understood() -> None:
    async with serving({"/ws": Echo()}) as address, raw(address) as (reader, writer):
        for byte in HANDSHAKE[:-1]:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        writer.write(HANDSHAKE[-1:] + frame(Opcode.TEXT, b"early"))
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(7) == b"\x81\x05early"


@pytest.mark.parametrize("first", [b"", b"GET /ws HTTP/1.1\r\nHost:", b"\x16\x03\x01"])
async def test_who_never_says_what_they_want_is_dropped(first: bytes) -> None:
    """X2."""
    async with serving({}, Limits(handshake=0.1, tick=0.02)) as address, raw(address, first) as (reader, _):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""


async def test_an_endless_head_is_refused() -> None:
    """X2."""
    async with serving({}) as address, raw(address, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000) as (reader, _):
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("limits", [Limits(sockets=2), Limits(per_address=2)])
async def test_there_is_an_end_to_connections(limits: Limits) -> None:
    """X2."""
    door = Echo()
    async with serving({"/ws": door}, limits) as address:
        async with connect(f"ws://{address}/ws"), raw(address):
            with pytest.raises(InvalidStatus, match="503"):
                await connect(f"ws://{address}/ws").__aenter__()
        await door.left.get()
        async with connect(f"ws://{address}/ws") as peer, httpx.AsyncClient() as client:
            assert (await client.get(f"http://{address}/")).status_code == 200  # the raw one is counted out, too
            await peer.send("there is room again")
            assert await peer.recv()


BROKEN = {
    "too big": (1009, frame(Opcode.TEXT, b"x" * 1_000_001)),
    "too big in pieces": (1009, frame(Opcode.TEXT, b"x" * 999_999, False) + frame(Opcode.CONT, b"xx")),
    "not UTF-8": (1007, frame(Opcode.TEXT, b"\xff")),
    "not UTF-8 in pieces": (1007, frame(Opcode.TEXT, b"\xc3", False) + frame(Opcode.CONT, b"\xc3")),
    "not masked": (1002, b"\x81\x01x"),
    "a reserved opcode": (1002, b"\x83\x80\0\0\0\0"),
    "compressed": (1002, b"\xc1\x80\0\0\0\0"),
    "a continuation of nothing": (1002, frame(Opcode.CONT, b"x")),
}


@pytest.mark.parametrize(("code", "data"), BROKEN.values(), ids=BROKEN)
async def test_who_breaks_the_protocol_is_told_and_closed(code: int, data: bytes) -> None:
    door = Echo()
    async with serving({"/ws": door}) as address, raw(address, HANDSHAKE) as (reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        assert (await reader.readexactly(4))[2:] == code.to_bytes(2, "big")
        assert (await door.left.get())[0] == code
        assert door.heard == []


async def test_the_biggest_message_passes_also_in_pieces() -> None:
    door = Echo()
    async with serving({"/ws": door}) as address, connect(f"ws://{address}/ws", max_size=None) as peer:
        await peer.send("x" * 1_000_000)
        assert await peer.recv() == "x" * 1_000_000
        await peer.send(["\u00e9", "", "x" * 10])
        assert await peer.recv() == "\u00e9" + "x" * 10


async def test_a_ping_is_answered() -> None:
    async with serving({"/ws": Echo()}) as address, connect(f"ws://{address}/ws") as peer:
        await (await peer.ping())


async def test_a_peer_that_leaves_is_known_by_its_code() -> None:
    door = Echo()
    async with serving({"/ws": door}) as address:
        async with connect(f"ws://{address}/ws") as peer:
            await peer.close(4000, "bye")
        assert await door.left.get() == (4000, "bye")
        async with raw(address, HANDSHAKE) as (reader, _):
            await reader.readuntil(b"\r\n\r\n")
        assert await door.left.get() == (1006, "")


async def test_messages_before_a_close_are_still_read() -> None:
    door = Echo()
    async with serving({"/ws": door}) as address, raw(address, HANDSHAKE) as (_, writer):
        writer.write(frame(Opcode.TEXT, b"one") + frame(Opcode.TEXT, b"two") + frame(Opcode.CLOSE, b"\x03\xe8"))
        assert await door.left.get() == (1000, "")
        assert door.heard == ["one", "two"]


@pytest.mark.parametrize(("failure", "code"), [(None, 1000), (RuntimeError("secret"), 1011)])
async def test_the_socket_closes_when_the_door_is_done(failure: Exception | None, code: int) -> None:
    door = Hold()
    door.failure = failure
    with capture_logs() as logs:
        async with serving({"/ws": door}) as address, connect(f"ws://{address}/ws") as peer:
            door.leave.set()
            assert await closing(peer) == (code, "")
    assert [entry["event"] for entry in logs] == (["door failed"] if failure else [])


async def test_a_door_can_close_and_abort() -> None:
    door = Hold()
    async with serving({"/ws": door}) as address:
        async with connect(f"ws://{address}/ws") as peer:
            socket = await door.came.get()
            socket.close(4001, "\u00e9" * 100)
            socket.close(4002)
            socket.send("never")
            assert (socket.code, await socket.receive()) == (4001, None)
            assert await closing(peer) == (4001, "\u00e9" * 60)
        async with connect(f"ws://{address}/ws") as peer:
            socket = await door.came.get()
            socket.abort()
            assert await closing(peer) == (1006, "")
            assert (socket.code, await socket.receive()) == (1006, None)
        door.leave.set()


async def test_a_peer_that_never_answers_a_close_is_dropped() -> None:
    door = Hold()
    async with serving({"/ws": door}, Limits(linger=0.05)) as address, raw(address, HANDSHAKE) as (reader, _):
        (await door.came.get()).close(4001)
        await reader.readuntil(b"\x0f\xa1")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        door.leave.set()


async def test_a_dead_peer_is_found_though_much_is_sent_to_it() -> None:
    """V37."""
    door = Hold()
    limits = Limits(ping=0.1, dead=0.4, tick=0.02)
    async with serving({"/ws": door}, limits) as address, raw(address, HANDSHAKE) as (reader, _):
        socket = await door.came.get()
        received = asyncio.create_task(reader.read())
        while socket.code is None:
            socket.send("event", urgent=False)
            await asyncio.sleep(0.01)
        assert socket.code == 1011
        with contextlib.suppress(ConnectionResetError):
            assert b"\x89\x00" in await received  # it was pinged
        door.leave.set()


async def test_a_peer_that_only_answers_pings_lives() -> None:
    """V37."""
    door = Hold()
    async with serving({"/ws": door}, Limits(ping=0.1, dead=0.4, tick=0.02)) as address, connect(f"ws://{address}/ws"):
        socket = await door.came.get()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive(), 1.0)
        assert socket.code is None
        door.leave.set()


async def slow_peer(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = address.split(":")
    sock = sockets.socket()
    sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def read_texts(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield texts, at last the code of a close frame; ends when the connection does."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError):
        while True:
            first, size = await reader.readexactly(2)
            if size >= 126:
                size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
            data = await reader.readexactly(size)
            yield str(int.from_bytes(data[:2], "big")) if first == 0x88 else data.decode()


async def test_events_wait_for_a_slow_peer_and_calls_go_before_them() -> None:
    """V46."""
    door = Hold()
    async with serving({"/ws": door}, Limits(buffer=20_000_000)) as address:
        reader, writer = await slow_peer(address)
        socket = await door.came.get()
        for n in range(1500):
            socket.send(f"event {n} " + "x" * 5000, urgent=False)
        await asyncio.sleep(0)
        for n in range(10):
            socket.send(f"call {n}")
        got: list[str] = []
        async for text in read_texts(reader):
            got.append(" ".join(text.split()[:2]))
            if len(got) == 1510:
                break
        assert [text for text in got if text.startswith("event")] == [f"event {n}" for n in range(1500)]
        assert [text for text in got if text.startswith("call")] == [f"call {n}" for n in range(10)]
        assert got.index("call 9") < got.index("event 1499")
        assert socket.code is None
        writer.transport.abort()
        door.leave.set()


@pytest.mark.parametrize("urgent", [True, False])
async def test_a_peer_too_slow_is_closed_in_bounded_memory(urgent: bool) -> None:
    """V46, X2."""
    door = Hold()
    async with serving({"/ws": door}, Limits(linger=0.2)) as address:
        reader, writer = await slow_peer(address)
        socket = await door.came.get()
        sent = 0
        while socket.code is None:
            socket.send("x" * 1000, urgent=urgent)
            sent += 1000
        assert socket.code == 1013
        assert sent < 20_000_000  # the kernel's buffers come on top of ours
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError):
            while await reader.read(65536):
                pass
        writer.transport.abort()
        door.leave.set()


async def test_no_more_events_wait_than_are_allowed() -> None:
    """V46."""
    door = Hold()
    async with serving({"/ws": door}, Limits(waiting=10, linger=0.2)) as address:
        _, writer = await slow_peer(address)
        socket = await door.came.get()
        while socket.code is None:
            socket.send("x" * 60_000, urgent=False)
        assert socket.code == 1013
        writer.transport.abort()
        door.leave.set()


async def test_a_slow_peer_that_reads_on_gets_1013() -> None:
    """V46."""
    door = Hold()
    async with serving({"/ws": door}, Limits(linger=0.5)) as address:
        reader, writer = await slow_peer(address)
        socket = await door.came.get()
        while socket.code is None:
            socket.send("x" * 50_000)
        assert [text async for text in read_texts(reader)][-1] == "1013"
        writer.transport.abort()
        door.leave.set()


async def test_a_flood_of_pings_fills_no_memory() -> None:
    """X2."""
    door = Hold()
    async with serving({"/ws": door}) as address:
        reader, writer = await slow_peer(address)
        socket: Any = await door.came.get()
        socket.transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4096)
        before = asyncio.get_running_loop().time()
        for _ in range(20):
            writer.write(frame(Opcode.PING, b"x" * 125) * 500)
            await writer.drain()
        writer.write(frame(Opcode.TEXT, b"end"))
        assert await socket.receive() == "end"
        assert socket.heard > before
        assert socket.transport.get_write_buffer_size() < 500_000
        assert socket.code is None
        writer.transport.abort()
        reader.feed_eof()
        door.leave.set()


async def test_a_door_that_does_not_read_makes_the_peer_wait() -> None:
    """X2."""
    door = Hold()
    async with serving({"/ws": door}) as address, raw(address, HANDSHAKE) as (_, writer):
        socket: Any = await door.came.get()
        flood = asyncio.create_task(fill(writer, frame(Opcode.TEXT, b"x" * 10_000)))
        while not socket.full:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert socket.unread < 2_000_000
        for _ in range(1000):
            assert await socket.receive() == "x" * 10_000
        await flood
        door.leave.set()


async def fill(writer: asyncio.StreamWriter, data: bytes) -> None:
    for _ in range(1000):
        writer.write(data)
        await writer.drain()


async def test_stopping_says_1001_to_every_socket_and_lets_doors_finish() -> None:
    door = Echo()
    listener = Listener(page, {"/ws": door}, http="127.0.0.1:0")
    await listener.start()
    address = listener.addresses["http"]
    async with connect(f"ws://{address}/ws") as one, connect(f"ws://{address}/ws") as two, raw(address):
        await asyncio.gather(listener.stop(), *(self_closing(peer) for peer in (one, two)))
    assert [door.left.get_nowait()[0] for _ in range(2)] == [1001, 1001]
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await connect(f"ws://{address}/ws").__aenter__()


async def self_closing(peer: ClientConnection) -> None:
    assert (await closing(peer))[0] == 1001


async def test_a_door_that_never_ends_does_not_keep_the_listener() -> None:
    listener = Listener(page, {"/ws": Hold()}, http="127.0.0.1:0", limits=Limits(linger=0.05, stop=1))
    await listener.start()
    async with raw(listener.addresses["http"], HANDSHAKE) as (reader, _):
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.wait_for(listener.stop(), 5)


async def test_a_request_that_never_ends_does_not_keep_the_listener() -> None:
    asked = asyncio.Event()

    async def stuck(scope: Any, receive: Any, send: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    listener = Listener(stuck, {}, http="127.0.0.1:0", limits=Limits(stop=1))
    await listener.start()
    async with raw(listener.addresses["http"], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as (reader, _):
        await asked.wait()
        await asyncio.wait_for(listener.stop(), 5)
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)


async def test_a_port_in_use_is_said_clearly() -> None:
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=rf"listen\.http = '{address}': .*in use"):
            await Listener(page, {}, http=address).start()


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "192.0.2.1:0", "127.0.0.1:"])
async def test_an_address_that_cannot_be_is_said_clearly(address: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(ConfigError, match=r"listen\.https"):
        await Listener(page, {}, http="127.0.0.1:0", https=address, tls=tls).start()


async def test_a_tls_port_needs_a_certificate() -> None:
    with pytest.raises(ConfigError, match="certificate"):
        await Listener(page, {}, http=None, https="127.0.0.1:0").start()


async def test_a_listener_that_never_started_can_be_stopped() -> None:
    await Listener(page, {}).stop()


async def test_the_tls_port_serves_the_same(tmp_path: Path) -> None:
    door = Echo()
    pem = tmp_path / "wss.pem"
    make(pem)
    tls = ssl_context(pem)
    trust = ssl.create_default_context(cafile=str(pem))
    listener = Listener(page, {"/ws": door}, http="[::1]:0", https="127.0.0.1:0", tls=tls)
    await listener.start()
    try:
        assert listener.addresses["http"].startswith("[::1]:")
        port = listener.addresses["https"].rpartition(":")[2]
        async with connect(f"wss://127.0.0.1:{port}/ws", ssl=trust) as peer:
            await peer.send("x" * 100_000)
            assert await peer.recv() == "x" * 100_000
            assert (await door.came.get()).secure
        async with httpx.AsyncClient(verify=trust) as client:
            assert (await client.get(f"https://localhost:{port}/a")).text == "GET /a 127.0.0.1"
    finally:
        await listener.stop()
