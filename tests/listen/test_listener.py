"""The listener over real sockets: what a connection becomes, how many there may be, leaving, addresses and TLS."""

import asyncio
import contextlib
import socket as sockets
import ssl
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Opcode
from websockets.typing import Subprotocol

from tests.listen.serving import HANDSHAKE, Echo, Hold, closing, frame, page, raw, serving
from xswitch_py.base.errors import ConfigError
from xswitch_py.listen.certificate import make, ssl_context, temporary_context
from xswitch_py.listen.gate import Limits
from xswitch_py.listen.listener import Listener
from xswitch_py.listen.websocket import WebSocket

SIP: Final = Subprotocol("sip")


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


@pytest.mark.parametrize("upgrade", [b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"])
async def test_what_asks_for_no_websocket_goes_to_the_app(upgrade: bytes) -> None:
    request = b"GET /ws HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n"
    async with serving({"/ws": Echo()}) as address, raw(address, request) as (reader, _):
        assert (await reader.readuntil(b"GET /ws 127.0.0.1")).startswith(b"HTTP/1.1 200 ")


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


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /again HTTP/1.1\r\nHost:"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", b"slow"),
    ],
)
async def test_who_never_ends_a_later_request_is_dropped(request_: bytes, more: bytes) -> None:
    """X2: neither the head of the next one, nor a body that nobody asked for."""
    limits = Limits(handshake=0.1, tick=0.02)
    async with serving({}, limits) as address, raw(address, request_) as (reader, writer):
        await reader.readuntil(b"/ 127.0.0.1")
        writer.write(more)
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(3):
                assert await reader.read() == b""


async def swallow(scope: Any, receive: Any, send: Any) -> None:
    """An app that reads the body before it says anything."""
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass
    await page(scope, receive, send)


async def test_a_body_that_comes_too_slowly_is_not_waited_for() -> None:
    """X2, X4: a byte now and then keeps no connection."""
    limits = Limits(handshake=0.2, tick=0.02)
    listener = Listener(swallow, {}, http="127.0.0.1:0", limits=limits)
    await listener.start()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    try:
        async with raw(listener.addresses["http"], head) as (reader, writer), asyncio.timeout(5):
            trickle = asyncio.create_task(trickled(writer, b"x", 0.02))
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            trickle.cancel()
    finally:
        await listener.stop()


async def test_a_large_body_may_take_longer_than_the_head() -> None:
    limits = Limits(handshake=0.1, tick=0.02, slowest=10_000)
    listener = Listener(swallow, {}, http="127.0.0.1:0", limits=limits)
    await listener.start()
    size = 2000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (20 * size)
    try:
        async with raw(listener.addresses["http"], head) as (reader, writer), asyncio.timeout(5):
            await trickled(writer, b"x" * size, 0.02, 20)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    finally:
        await listener.stop()


async def trickled(writer: asyncio.StreamWriter, piece: bytes, pause: float, times: int = 1000) -> None:
    for _ in range(times):
        writer.write(piece)
        await asyncio.sleep(pause)


async def test_who_takes_nothing_of_the_answer_is_dropped() -> None:
    """X2: however much they asked for."""
    gone = asyncio.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        async def tell() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})

        await receive()
        telling = asyncio.create_task(tell())
        assert (await receive())["type"] == "http.disconnect"
        telling.cancel()
        gone.set()

    listener = Listener(endless, {}, http="127.0.0.1:0", limits=Limits(handshake=5, dead=0.2, tick=0.02))
    await listener.start()
    try:
        async with raw(listener.addresses["http"], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), asyncio.timeout(8):
            await gone.wait()
    finally:
        await listener.stop()


async def test_a_request_that_takes_its_time_is_waited_for() -> None:
    ready = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await ready.wait()
        await page(scope, receive, send)

    listener = Listener(slow, {}, http="127.0.0.1:0", limits=Limits(handshake=0.05, tick=0.01))
    await listener.start()
    try:
        async with httpx.AsyncClient() as client:
            asyncio.get_running_loop().call_later(0.2, ready.set)
            assert (await client.get(f"http://{listener.addresses['http']}/")).status_code == 200
    finally:
        await listener.stop()


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


async def test_two_listeners_live_beside_each_other() -> None:
    """One for all the world's WebSockets, and one with doors of its own."""
    first, second = Echo(), Echo("sip")
    async with serving({"/": first}) as one:
        async with serving({"/": second}) as other:
            assert one != other
            async with connect(f"ws://{one}/") as peer, connect(f"ws://{other}/", subprotocols=[SIP]) as phone:
                await peer.send("a")
                await phone.send("b")
                assert (await peer.recv(), await phone.recv()) == ("a", "b")
            assert (first.heard, second.heard) == (["a"], ["b"])
        with pytest.raises(OSError):
            await connect(f"ws://{other}/")
        async with connect(f"ws://{one}/") as peer:
            await peer.send("c")
            assert await peer.recv() == "c"


async def test_a_port_for_all_addresses_knows_whom_ipv4_brings() -> None:
    """Such a socket sees IPv4 addresses as IPv6 ones, which nobody has listed as proxies."""
    door = Echo()
    listener = Listener(page, {"/ws": door}, http=":0")
    await listener.start()
    port = listener.addresses["http"].rpartition(":")[2]
    forwarded = HANDSHAKE[:-2] + b"X-Forwarded-For: 192.0.2.7\r\n\r\n"
    try:
        async with raw(f"127.0.0.1:{port}", HANDSHAKE) as (_, writer):
            socket = await door.came.get()
            assert socket.remote == writer.get_extra_info("sockname")
            assert socket.local == ("127.0.0.1", int(port))
        async with raw(f"127.0.0.1:{port}", forwarded):
            assert (await door.came.get()).remote == ("192.0.2.7", 0)
        for more, host in ((b"", b"127.0.0.1"), (b"X-Forwarded-For: 192.0.2.7\r\n", b"192.0.2.7")):
            async with raw(f"127.0.0.1:{port}", b"GET / HTTP/1.1\r\nHost: a\r\n" + more + b"\r\n") as (reader, _):
                await reader.readuntil(b"GET / " + host)
    finally:
        await listener.stop()


async def test_a_tls_connection_takes_no_more_memory_than_it_needs() -> None:
    """asyncio would keep 256 KiB for each."""
    context, public = temporary_context()
    trusting = ssl.create_default_context(cadata=public)
    door = Echo()
    listener = Listener(page, {"/ws": door}, http=None, https="127.0.0.1:0", tls=context)
    await listener.start()
    try:
        async with connect(f"wss://{listener.addresses['https']}/ws", ssl=trusting) as peer:
            await peer.send("x" * 100_000)
            assert await peer.recv() == "x" * 100_000
            socket = await door.came.get()
            assert isinstance(socket, WebSocket)
            assert len(socket.transport._ssl_protocol._ssl_buffer) == 16_384  # type: ignore[attr-defined]
    finally:
        await listener.stop()
