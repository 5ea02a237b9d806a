"""A WebSocket over real sockets: the opening handshake, messages, slow and dead peers, closing."""

import asyncio
import contextlib
import gc
import socket as sockets
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.frames import Opcode
from websockets.typing import Origin, Subprotocol

from tests.listen.serving import HANDSHAKE, Echo, Hold, closing, frame, raw, serving
from xswitch_py.listen.gate import Limits

KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD: Final = {
    "Host": "localhost:8081",
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "WebSocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "Origin": "http://localhost:8081",
    "User-Agent": "Test \u00e9",
}


def head(first: str = "GET /ws HTTP/1.1", extra: str = "", **changes: str | None) -> bytes:
    """Write a request for a WebSocket with other headers, or without them."""
    headers = GOOD | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"{first}\r\n{lines}{extra}\r\n".encode("latin-1")


async def test_the_key_is_answered_as_in_the_rfc() -> None:
    """RFC 6455 section 1.3."""
    extensions = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    async with serving({"/ws": Echo(), "/sip": Echo("sip")}) as address:
        async with raw(address, head(extra=extensions)) as (reader, _):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            assert lines[0] == "HTTP/1.1 101 Switching Protocols"
            assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in lines
            assert not any("Protocol:" in line or "Extensions" in line for line in lines)
        async with raw(address, head(Sec_WebSocket_Protocol="x, sip")) as (reader, _):
            assert b"\r\nSec-WebSocket-Protocol: sip\r\n" in await reader.readuntil(b"\r\n\r\n")


async def test_a_good_request_is_read() -> None:
    door = Echo()
    request = head("GET /a%20b?token=x%20y HTTP/1.1", "Cookie: a=1\r\ncookie:b=2 \r\n")
    async with serving({"/a b": door}) as address, raw(address, request):
        socket = await door.came.get()
        assert (socket.path, socket.query) == ("/a b", "token=x%20y")
        assert socket.headers == {
            "host": "localhost:8081",
            "origin": "http://localhost:8081",
            "user-agent": "Test \u00e9",
            "cookie": "a=1, b=2",
        }


async def test_the_request_is_not_kept() -> None:
    """A phone may stay for weeks; what its browser sent besides goes at once."""
    door = Echo()
    async with serving({"/ws": door}) as address, raw(address, head(extra="Accept-Language: sindarin-x\r\n")):
        socket = await door.came.get()
        assert "accept-language" not in socket.headers
        assert [found for found in gc.get_objects() if type(found) is Headers and "Accept-Language" in found] == []


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [
        ("Sec-WebSocket-Protocol: sip,,  x y\r\nSec-WebSocket-Protocol: @\r\n", "sip"),
        ("Sec-WebSocket-Protocol: @\r\nSec-WebSocket-Protocol: x y,sip \r\n", "sip"),
        ("Sec-WebSocket-Protocol: \r\n", None),
        ("Sec-WebSocket-Protocol: x y, @, \u00e9\r\n", None),
    ],
)
async def test_subprotocols_are_read_however_they_are_written(offer: str, chosen: str | None) -> None:
    """V1: an offer that makes no sense fails nothing."""
    verto, sip = Echo(), Echo("sip")
    async with serving({"/ws": verto, "/sip": sip}) as address, raw(address, head(extra=offer)):
        socket = await (verto if chosen is None else sip).came.get()
        assert socket.subprotocol == chosen


BAD: Final = {
    "another method": (400, head("POST /ws HTTP/1.1")),
    "another version of HTTP": (400, head("GET /ws HTTP/1.0")),
    "absolute form": (400, head("GET http://localhost/ws HTTP/1.1")),
    "absolute form for a subprotocol": (400, head("GET http://localhost/ws HTTP/1.1", Sec_WebSocket_Protocol="sip")),
    "a space in the target": (400, head("GET /a b HTTP/1.1")),
    "no connection": (400, head(Connection="close")),
    "two upgrades": (400, head(extra="Upgrade: websocket\r\n")),
    "no host": (400, head(Host=None)),
    "two hosts": (400, head(extra="host: other\r\n")),
    "two origins": (400, head(extra="Origin: http://other\r\n")),
    "a body": (400, head(extra="Content-Length: 5\r\n")),
    "a chunked body": (400, head(extra="Transfer-Encoding: chunked\r\n")),
    "a folded header": (400, head(extra="X-A: 1\r\n 2\r\n")),
    "a space before the colon": (400, head(extra="X-A : 1\r\n")),
    "a header without a colon": (400, head(extra="X-A\r\n")),
    "a control character": (400, head(extra="X-A: a\0b\r\n")),
    "a bare line feed": (400, head(extra="X-A: a\nX-B: b\r\n")),
    "only bare line feeds": (400, head().replace(b"\r", b"")),
    "no key": (400, head(Sec_WebSocket_Key=None)),
    "a short key": (400, head(Sec_WebSocket_Key="dGhl")),
    "two keys": (400, head(extra=f"Sec-WebSocket-Key: {KEY}\r\n")),
    "no version": (426, head(Sec_WebSocket_Version=None)),
    "an old version": (426, head(Sec_WebSocket_Version="8")),
    "a long line": (431, head(extra=f"X-A: {'x' * 10_000}\r\n")),
    "many lines": (431, head(extra="X-A: x\r\n" * 200)),
}


@pytest.mark.parametrize(("status", "request_"), BAD.values(), ids=BAD)
async def test_a_bad_request_is_refused(status: int, request_: bytes) -> None:
    door = Echo()
    async with serving({"/ws": door, "/sip": Echo("sip")}) as address, raw(address, request_) as (reader, _):
        answer = await reader.read()
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"\r\nConnection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\n")  # nobody is told what the library thinks of it
        assert (b"\r\nSec-WebSocket-Version: 13\r\n" in answer) is (status == 426)
        assert door.came.empty()


@given(st.binary() | st.binary().map(lambda junk: head(extra=junk.decode("latin-1"))[4:]))
@settings(max_examples=50, deadline=None)
async def test_any_bytes_open_or_are_refused(junk: bytes) -> None:
    request = b"GET " + junk + b"\r\nUpgrade: websocket\r\n\r\n"
    async with serving({"/ws": Echo()}) as address, raw(address, request) as (reader, _):
        assert (await reader.readline())[:13] in (b"HTTP/1.1 101 ", b"HTTP/1.1 400 ", b"HTTP/1.1 426 ")


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


async def test_text_and_binary_are_told_apart() -> None:
    door = Echo()
    async with serving({"/ws": door}) as address, connect(f"ws://{address}/ws") as peer:
        await peer.send("h\u00e9")
        assert await peer.recv() == "h\u00e9"
        await peer.send(b"\x00\xff")
        assert await peer.recv() == "2 bytes"
    assert door.heard == ["h\u00e9", b"\x00\xff"]


async def test_a_door_sends_text_and_binary_also_to_a_peer_that_is_slow() -> None:
    door = Hold()
    async with serving({"/ws": door}, Limits(buffer=20_000_000)) as address, connect(f"ws://{address}/ws") as peer:
        socket = await door.came.get()
        sent: list[str | bytes] = ["a", b"\xff\xfe"]
        for _ in range(100):
            sent += ["x" * 50_000, b"\xff" * 50_000]
        for message in sent:
            socket.send(message, urgent=len(message) < 50_000)
        assert [await peer.recv() for _ in sent] == sent
        door.leave.set()


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
    async with serving({"/ws": door}, Limits(linger=5)) as address:
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
        while not socket.full:
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
