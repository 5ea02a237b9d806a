"""SIP over WebSockets: who gets in, a message for a message, and peers that are slow, gone or up to something."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Opcode
from websockets.typing import Subprotocol

from tests.endpoints.sip.transport.world import SOON, Hearer, options, place, until, wires
from tests.listen.serving import HANDSHAKE, Echo, closing, frame, raw, serving
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.transport import websocket
from xswitch_py.endpoints.sip.transport.links import Wires
from xswitch_py.listen.gate import Limits
from xswitch_py.pysip.message import Request

SIP: Final = Subprotocol("sip")
PATHS: Final = ("/", "/sip", "/ws-sip")  # of a port that is SIP's alone


def message(number: int = 1, body: bytes = b"", **fields: str) -> bytes:
    return options(number, body, "WS df7jal23ls0d.invalid", **fields)


@contextlib.asynccontextmanager
async def port(
    hearer: Hearer, limits: Limits | None = None, settings: Settings | None = None, **options: Any
) -> AsyncIterator[tuple[str, Wires]]:
    """Serve SIP, and nothing else, on a WebSocket port; yields its `host:port`, and the transports."""
    async with wires(hearer, settings=settings) as made:
        async with serving(dict.fromkeys(PATHS, made), limits, **options) as address:
            yield address, made


@contextlib.asynccontextmanager
async def phone(address: str, path: str = "/", **options: Any) -> AsyncIterator[ClientConnection]:
    """Connect as a browser's phone does."""
    async with connect(f"ws://{address}{path}", subprotocols=[SIP], **options) as socket, asyncio.timeout(SOON):
        yield socket


@pytest.mark.item("S18")
@pytest.mark.parametrize("path", PATHS)
async def test_who_offers_sip_is_answered_exactly_sip(path: str) -> None:
    async with port(Hearer()) as (address, _):
        for offered in ([SIP], [Subprotocol("xmpp"), SIP]):
            async with connect(f"ws://{address}{path}", subprotocols=offered) as socket:
                assert socket.subprotocol == "sip"


@pytest.mark.item("S18")
@pytest.mark.parametrize("offered", [None, [Subprotocol("xmpp")], [Subprotocol("SIP")]])
async def test_who_does_not_offer_sip_is_refused(offered: list[Subprotocol] | None) -> None:
    async with port(Hearer()) as (address, _):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://{address}/sip", subprotocols=offered):
                pass
        assert refused.value.response.status_code == 400


@pytest.mark.item("S18")
async def test_the_subprotocol_decides_before_the_path_on_a_port_shared_with_verto() -> None:
    hearer, verto = Hearer(), Echo()
    async with wires(hearer) as made, serving({"/": verto, "/ws": verto, "/sip": made}) as address:
        async with phone(address, "/ws") as socket:
            await socket.send(message().decode())
            await hearer.next()
        async with connect(f"ws://{address}/ws") as socket:
            await socket.send("hello")
            assert (await socket.recv(), socket.subprotocol) == ("hello", None)


@pytest.mark.item("S19")
@pytest.mark.parametrize("kind", ["text", "binary", "fragments"])
async def test_a_message_is_a_websocket_message_of_whatever_kind(kind: str) -> None:
    hearer = Hearer()
    data = message(1, "v=0 é".encode())
    async with port(hearer) as (address, _), phone(address) as socket:
        match kind:
            case "text":
                await socket.send(data.decode())
            case "binary":
                await socket.send(data)
            case "fragments":
                await socket.send([data[:50].decode(), data[50:60].decode(), data[60:].decode()])
        request, flow = await hearer.next()
        assert isinstance(request, Request)
        assert request.body == "v=0 é".encode()
        assert (request.vias[0].host, request.vias[0].received) == ("df7jal23ls0d.invalid", "127.0.0.1")
        assert (flow.transport, flow.remote, flow.near) == ("WS", socket.local_address, place(address))
        answer = await socket.recv()
        assert isinstance(answer, str)
        assert answer.startswith("SIP/2.0 200 ")


@pytest.mark.item("S7")
@pytest.mark.item("S19")
async def test_what_follows_a_message_is_ignored_and_a_length_that_is_too_long_refused() -> None:
    hearer = Hearer()
    async with port(hearer) as (address, _), phone(address) as socket:
        await socket.send(message(1, b"hello") + message(2))
        assert (await hearer.next())[0].body == b"hello"
        assert b"call-1" in (await socket.recv(decode=False))
        await socket.send(message(3, Content_Length="5"))
        assert (await socket.recv(decode=False)).startswith(b"SIP/2.0 400 ")
        await socket.send(message(4, b"rest", Content_Length=""))
        assert (await hearer.next())[0].body == b"rest"


@pytest.mark.item("S19")
async def test_text_is_sent_as_text_and_other_bytes_as_binary() -> None:
    hearer = Hearer()
    async with port(hearer) as (address, made), phone(address) as socket:
        await socket.send(message())
        _, flow = await hearer.next()
        await socket.recv()
        for body, kind in ((b"plain", str), ("é".encode(), str), (b"\xff\xfe", bytes)):
            flow.send(message(2, body))
            got = await socket.recv()
            assert isinstance(got, kind)
            assert (got.encode() if isinstance(got, str) else got) == message(2, body)
        assert made.counts["out WS"] == 4


@pytest.mark.item("S25")
async def test_a_ping_in_line_ends_is_answered_and_a_pong_is_not() -> None:
    hearer = Hearer()
    async with port(hearer) as (address, _), phone(address) as socket:
        for junk in ("\r\n", "\r\n\r\n", "\0\0", b"\r\n\r\n", "\r\n\r\n\r\n"):
            await socket.send(junk)
        await socket.send(message())
        assert [await socket.recv() for _ in range(2)] == ["\r\n", "\r\n"]
        assert (await socket.recv(decode=False)).startswith(b"SIP/2.0 200 ")
        assert hearer.bad.empty()


@pytest.mark.item("S20")
@pytest.mark.item("S21")
async def test_a_socket_that_is_gone_is_lost_at_once_and_nobody_dials_out() -> None:
    hearer = Hearer()
    async with port(hearer) as (address, made):
        async with phone(address) as socket:
            await socket.send(message())
            _, flow = await hearer.next()
            flow.send(message(5))
            assert flow.alive
        async with asyncio.timeout(SOON):
            assert await hearer.gone.get() is flow
        assert not flow.alive
        with pytest.raises(ConnectionError):
            flow.send(message(6))
        for transport in ("WS", "WSS"):
            with pytest.raises(ConnectionError):
                made.open(transport, *flow.remote)
    assert hearer.gone.empty()


@pytest.mark.item("S21")
async def test_a_socket_that_is_dead_is_found_in_the_time_that_was_set() -> None:
    """A ping after 25 seconds, and no answer in 20: here a thousand times sooner."""
    hearer = Hearer()
    limits = Limits(ping=0.1, dead=0.3, tick=0.02)
    async with port(hearer, limits) as (address, _):
        offer = HANDSHAKE[:-2] + b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        async with raw(address, offer) as (reader, writer), phone(address) as healthy:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(frame(Opcode.TEXT, message()))
            _, dead = await hearer.next()
            assert await hearer.loss() is dead
            assert b"\x89\x00" in await reader.read(4096)  # it was asked
            await healthy.send(message(2))
            assert "call-2" in str(await healthy.recv())


@pytest.mark.item("S108")
async def test_what_is_too_big_gets_513_and_1009() -> None:
    hearer = Hearer()
    async with port(hearer) as (address, _), phone(address) as socket:
        await socket.send(message(1, b"x" * 65_000))
        assert len((await hearer.next())[0].body) == 65_000
        await socket.recv()
        await socket.send(message(2, b"x" * 70_000))
        assert (await socket.recv(decode=False)).startswith(b"SIP/2.0 513 ")
        assert (await closing(socket))[0] == 1009


@pytest.mark.item("S107")
@pytest.mark.item("S108")
async def test_a_peer_that_does_not_read_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "BUFFER", 200_000)
    hearer = Hearer()
    async with port(hearer, Limits(linger=0.1)) as (address, _), phone(address) as healthy:
        async with raw(address, HANDSHAKE[:-2] + b"Sec-WebSocket-Protocol: sip\r\n\r\n") as (reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(frame(Opcode.TEXT, message()))
            _, slow = await hearer.next()
            with pytest.raises(ConnectionError):
                for _ in range(2_000):
                    slow.send(b"x" * 50_000)
            assert not slow.alive
            assert await hearer.loss() is slow
            await healthy.send(message(2))
            assert "call-2" in str(await healthy.recv())


@pytest.mark.item("S101")
async def test_who_is_banned_is_not_even_read() -> None:
    hearer = Hearer(banned={"127.0.0.1"})
    async with port(hearer) as (address, made), phone(address) as socket:
        await socket.send(message())
        await until(lambda: made.counts["dropped WS"] == 1)
        hearer.banned.clear()
        await socket.send(message(2))
        assert "call-2" in str(await socket.recv())
        assert made.counts["dropped WS"] == 1


@pytest.mark.item("S94")
async def test_what_we_tell_of_ourselves_behind_a_proxy() -> None:
    hearer = Hearer()
    told = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
    settings = Settings(external="pbx.example.org")
    async with port(hearer, settings=settings) as (address, _), phone(address, additional_headers=told) as socket:
        await socket.send(message())
        request, flow = await hearer.next()
        assert isinstance(request, Request)
        assert (flow.transport, flow.remote) == ("WSS", ("198.51.100.7", 0))
        assert flow.near == ("pbx.example.org", place(address)[1])
        assert request.vias[0].received == "198.51.100.7"


async def test_when_the_port_stops_its_phones_are_told_and_lost() -> None:
    hearer = Hearer()
    async with contextlib.AsyncExitStack() as stack:
        async with port(hearer) as (address, _):
            socket = await stack.enter_async_context(connect(f"ws://{address}/", subprotocols=[SIP]))
            await socket.send(message())
            _, flow = await hearer.next()
            left = asyncio.create_task(closing(socket))
        assert (await left)[0] == 1001
        assert hearer.gone.get_nowait() is flow


@pytest.mark.item("S107")
@hypothesis(max_examples=40)
@given(st.lists(st.binary(max_size=200) | st.text(max_size=200), max_size=5))
async def test_any_message_is_answered_or_dropped_and_others_are_served(junk: list[str | bytes]) -> None:
    with capture_logs() as logged:
        async with port(Hearer()) as (address, _), phone(address) as bad, phone(address) as good:
            with contextlib.suppress(ConnectionClosed):
                for one in junk:
                    await bad.send(one)
            await good.send(message(7))
            assert "call-7" in str(await good.recv())
            await bad.send(message(8))
            while "call-8" not in str(await bad.recv()):
                pass
    assert [entry for entry in logged if entry["log_level"] == "error"] == []
