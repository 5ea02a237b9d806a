"""SIP over TCP: framing, times, limits, slow peers, and which connection leads where."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.endpoints.sip.transport.world import (
    SOON,
    Hearer,
    answering,
    closed_port,
    options,
    peer,
    place,
    quick,
    until,
    wires,
)
from xswitch_py.endpoints.sip.flow import Flow, via_of
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.transport.stream import Bounds, StreamFlow
from xswitch_py.pysip.message import Request

VIA: Final = "TCP 192.0.2.9:5060"


def message(number: int = 1, body: bytes = b"", **fields: str) -> bytes:
    return options(number, body, VIA, **fields)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.item("S13")
@pytest.mark.item("S15")
async def test_many_messages_at_once_are_told_apart_and_answered_where_they_came() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp") as made, peer(made.addresses["tcp"]) as phone:
        phone.send(b"\r\n".join(message(number, b"v=0 " * number) for number in range(1, 40)))
        for number in range(1, 40):
            request, flow = await hearer.next()
            assert isinstance(request, Request)
            assert (request.call_id, request.body) == (f"call-{number}", b"v=0 " * number)
            assert request.vias[0].received == "127.0.0.1"
            assert f"Call-ID: call-{number}\r\n".encode() in await phone.next()
        assert (flow.transport, flow.remote, flow.near) == ("TCP", phone.address, place(made.addresses["tcp"]))


@pytest.mark.item("S15")
async def test_a_message_in_single_bytes_is_put_together() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp") as made, peer(made.addresses["tcp"]) as phone:
        for byte in pieces(message(1, b"hello") + message(2), 1):
            phone.send(byte)
            await asyncio.sleep(0)
        assert (await hearer.next())[0].body == b"hello"
        assert (await hearer.next())[0].call_id == "call-2"


@pytest.mark.item("S25")
async def test_a_ping_is_answered_at_once_and_a_pong_is_not() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp") as made, peer(made.addresses["tcp"]) as phone:
        phone.send(b"\r\n\r\n")
        async with asyncio.timeout(SOON):
            assert await phone.reader.readexactly(2) == b"\r\n"
        phone.send(b"\r\n" + message())
        assert (await phone.next()).startswith(b"SIP/2.0 200 ")


@pytest.mark.item("S7")
@pytest.mark.parametrize(
    ("length", "why"),
    [("", "Missing Content-Length"), ("-1", "Bad Content-Length"), ("x", "Bad Content-Length")],
)
async def test_without_a_good_length_the_connection_ends_after_the_answer(length: str, why: str) -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp", bounds=quick()) as made, peer(made.addresses["tcp"]) as phone:
        phone.send(message(Content_Length=length) + message(2))
        assert (await phone.next()).startswith(f"SIP/2.0 400 {why}".encode())
        assert await phone.rest() == b""
        assert (await hearer.loss()).remote == phone.address
        assert hearer.came.empty()


@pytest.mark.item("S7")
@pytest.mark.item("S15")
async def test_a_length_that_is_too_small_makes_the_rest_no_message() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp", bounds=quick()) as made, peer(made.addresses["tcp"]) as phone:
        phone.send(message(1, b"hello there\r\n\r\n", Content_Length="5"))
        assert (await hearer.next())[0].body == b"hello"
        await phone.next()
        assert await phone.rest() == b""


@pytest.mark.item("S4")
async def test_what_is_no_sip_is_closed() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp", bounds=quick()) as made, peer(made.addresses["tcp"]) as phone:
        phone.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await phone.rest() == b""


@pytest.mark.item("S108")
@pytest.mark.parametrize(
    "data",
    [
        message(Content_Length="70000") + b"x" * 66_000,
        message(X=("y" * 4_000 + "\r\n ") * 10 + "z"),
        message()[:-2] + b"X: " + b"y" * 40_000,
    ],
    ids=["body", "head", "endless head"],
)
async def test_what_is_too_big_gets_513_and_the_end(data: bytes) -> None:
    """The answer can be read, though we have not read all that was sent."""
    hearer = Hearer()
    async with wires(hearer, "tcp", bounds=quick()) as made, peer(made.addresses["tcp"]) as phone:
        phone.send(data)
        assert (await phone.next()).startswith(b"SIP/2.0 513 ")
        assert await phone.rest() == b""


@pytest.mark.item("S108")
async def test_the_biggest_message_passes() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp") as made, peer(made.addresses["tcp"]) as phone:
        phone.send(message(body=b"x" * 65_000) + message(2))
        assert len((await hearer.next())[0].body) == 65_000
        assert (await hearer.next())[0].call_id == "call-2"


@pytest.mark.item("S16")
@pytest.mark.parametrize(
    ("first", "dribble"),
    [(b"", b""), (message() + b"OPTIONS", b" "), (message() + message(2, Content_Length="99"), b"x")],
    ids=["silent", "head", "body"],
)
async def test_a_slow_stream_is_closed(first: bytes, dribble: bytes) -> None:
    """Bytes that come one by one do not prolong it."""
    hearer = Hearer()
    async with (
        wires(hearer, "tcp", bounds=quick(part=0.15, first=0.15)) as made,
        peer(made.addresses["tcp"]) as phone,
        peer(made.addresses["tcp"]) as healthy,
    ):
        healthy.send(message(9))
        assert b"call-9" in await healthy.next()
        phone.send(first)
        async with asyncio.timeout(SOON):
            while hearer.gone.empty():
                phone.send(dribble)
                await asyncio.sleep(0.02)
        assert hearer.gone.get_nowait().remote == phone.address
        assert (b"call-1" in await phone.rest()) is bool(first)
        healthy.send(message(10))
        assert b"call-10" in await healthy.next()


@pytest.mark.item("S16")
async def test_head_and_body_have_their_own_times() -> None:
    hearer = Hearer()
    data = message(1, b"hello")
    async with wires(hearer, "tcp", bounds=quick(part=0.6)) as made, peer(made.addresses["tcp"]) as phone:
        phone.send(data[:20])
        await asyncio.sleep(0.4)
        phone.send(data[20:-3])
        await asyncio.sleep(0.4)
        phone.send(data[-3:])
        assert (await hearer.next())[0].body == b"hello"


@pytest.mark.item("S16")
async def test_an_idle_connection_is_closed_sooner_if_nobody_uses_it() -> None:
    used: set[Flow] = set()
    hearer = Hearer()
    bounds = quick(unused=0.15, idle=0.6)
    async with (
        wires(hearer, "tcp", bounds=bounds, in_use=used.__contains__) as made,
        peer(made.addresses["tcp"]) as one,
        peer(made.addresses["tcp"]) as other,
    ):
        one.send(message())
        used.add((await hearer.next())[1])
        other.send(message())
        begun = asyncio.get_running_loop().time()
        assert (await hearer.loss()).remote == other.address
        assert (await hearer.loss()).remote == one.address
        assert asyncio.get_running_loop().time() - begun >= 0.5


@pytest.mark.item("S16")
async def test_who_only_pings_never_said_anything() -> None:
    async with wires(Hearer(), "tcp", bounds=quick(first=0.15)) as made, peer(made.addresses["tcp"]) as phone:
        phone.send(b"\r\n\r\n")
        assert await phone.rest() == b"\r\n"


@pytest.mark.item("S108")
@pytest.mark.parametrize("bound", ["connections", "per_address", "strangers"])
async def test_there_is_an_end_to_connections(bound: str) -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp", bounds=quick(**{bound: 2})) as made, contextlib.AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(peer(made.addresses["tcp"])) for _ in range(2)]
        flows = []
        for phone in phones:
            phone.send(message())
            flows.append((await hearer.next())[1])
        async with peer(made.addresses["tcp"]) as late:
            late.send(message())
            assert await late.rest() == b""
        assert made.counts["refused TCP"] == 1
        for flow in (flows[0], flows[0]):
            made.trust(flow)
        async with peer(made.addresses["tcp"]) as later:
            later.send(message(3))
            assert (b"call-3" in await later.rest()) is False if bound != "strangers" else await later.next()
        phones[1].writer.close()
        await until(lambda: not flows[1].alive)
        async with peer(made.addresses["tcp"]) as last:
            last.send(message(4))
            assert b"call-4" in await last.next()
        assert hearer.gone.qsize() >= 1


@pytest.mark.item("S101")
async def test_who_is_banned_is_closed_unread() -> None:
    hearer = Hearer(banned={"127.0.0.1"})
    async with wires(hearer, "tcp") as made, peer(made.addresses["tcp"]) as phone:
        phone.send(message())
        assert await phone.rest() == b""
        assert (hearer.came.empty(), made.counts["dropped TCP"]) == (True, 1)


@pytest.mark.item("S107")
@pytest.mark.item("S108")
async def test_a_peer_that_does_not_read_is_dropped_in_bounded_memory() -> None:
    hearer = Hearer()
    async with (
        wires(hearer, "tcp", bounds=quick(buffer=200_000)) as made,
        peer(made.addresses["tcp"]) as slow,
        peer(made.addresses["tcp"]) as healthy,
    ):
        slow.send(message())
        _, flow = await hearer.next()
        with pytest.raises(ConnectionError, match="slow"):
            for _ in range(2_000):
                flow.send(b"x" * 50_000)
        assert not flow.alive
        assert await hearer.loss() is flow
        with pytest.raises(ConnectionError):
            flow.send(b"x")
        healthy.send(message(2))
        assert b"call-2" in await healthy.next()


@pytest.mark.item("S107")
async def test_a_flood_of_pings_from_who_does_not_read_fills_no_memory() -> None:
    hearer = Hearer()
    bounds = quick(buffer=1_000_000)
    async with wires(hearer, "tcp", bounds=bounds) as made, peer(made.addresses["tcp"]) as phone:
        phone.send(message())
        _, flow = await hearer.next()
        assert isinstance(flow, StreamFlow)
        phone.reader._transport.pause_reading()  # type: ignore[attr-defined]
        while flow._unsent() < 900_000:
            flow.send(b"x" * 50_000)
            await asyncio.sleep(0.001)
        flow.send(b"x" * (999_900 - flow._unsent()))
        for _ in range(20):
            phone.send(b"\r\n\r\n" * 5_000)
            async with asyncio.timeout(SOON):
                await phone.writer.drain()
        await until(lambda: phone.writer.transport.get_write_buffer_size() == 0)
        assert 999_900 <= flow._unsent() <= 1_000_001
        assert flow.alive


@pytest.mark.item("S13")
@pytest.mark.item("S20")
async def test_what_we_ask_goes_back_on_the_connection_that_the_peer_opened() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp") as made, peer(made.addresses["tcp"]) as phone:
        phone.send(message())
        _, flow = await hearer.next()
        await phone.next()
        assert made.open("TCP", *phone.address) is flow
        made.open("TCP", *phone.address).send(message(5))
        assert b"call-5" in await phone.next()


@pytest.mark.item("S13")
async def test_a_connection_of_ours_is_opened_once_and_keeps_what_is_sent_meanwhile() -> None:
    hearer = Hearer()
    async with answering() as (address, came), wires(hearer, "tcp") as made:
        flow = made.open("TCP", *address)
        flow.send(message(1))
        flow.send(message(2))
        assert made.open("TCP", *address) is flow
        assert (flow.alive, flow.remote, flow.near) == (True, address, place(made.addresses["tcp"]))
        via = via_of(flow)
        assert (via.transport, via.rport) == ("TCP", None)
        far = await came.get()
        assert (await far.next(), await far.next()) == (message(1), message(2))
        far.send(message(3))
        assert (await hearer.next())[1] is flow
        assert b"call-3" in await far.next()
        far.writer.close()
        assert await hearer.loss() is flow
        assert made.open("TCP", *address) is not flow


async def test_a_connection_that_cannot_be_made_is_lost_once() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp") as made:
        port = closed_port()
        flow = made.open("TCP", "127.0.0.1", port)
        flow.send(message())
        assert await hearer.loss() is flow
        assert not flow.alive
        with pytest.raises(ConnectionError):
            flow.send(message())
        assert made.open("TCP", "127.0.0.1", port) is not flow
    assert hearer.gone.qsize() <= 1  # that of the second try


async def test_a_connection_that_nobody_answers_is_given_up() -> None:
    """A queue of connections that is full takes no more, and says nothing."""
    hearer = Hearer()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, contextlib.ExitStack() as stack:
        address = deaf.getsockname()
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        async with wires(hearer, "tcp", bounds=quick(connect=0.2)) as made:
            flow = made.open("TCP", *address)
            flow.send(message())
            assert await hearer.loss() is flow
        assert hearer.gone.empty()


@pytest.mark.item("S108")
async def test_what_is_kept_for_a_connection_to_come_is_bounded() -> None:
    async with answering() as (address, _), wires(Hearer(), "tcp", bounds=quick(buffer=1000)) as made:
        flow = made.open("TCP", *address)
        flow.send(b"x" * 900)
        with pytest.raises(ConnectionError):
            flow.send(b"x" * 900)
        assert not flow.alive


async def test_our_connections_count_too() -> None:
    async with answering() as (address, _), wires(Hearer(), "tcp", bounds=quick(connections=1)) as made:
        made.open("TCP", *address)
        with pytest.raises(ConnectionError, match="too many"):
            made.open("TCP", "127.0.0.2", 5060)


@pytest.mark.item("S94")
async def test_a_wildcard_tells_the_address_that_the_peer_sees() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp", host="") as made:
        host, port = place(made.addresses["tcp"])
        assert host == "::"
        for near in ("127.0.0.1", "::1"):
            shown = f"[{near}]:{port}" if ":" in near else f"{near}:{port}"
            async with peer(shown) as phone, answering(host=near) as (address, _):
                phone.send(message())
                _, flow = await hearer.next()
                assert (flow.near, flow.remote) == ((near, port), phone.address)
                assert made.open("TCP", *address).near == (near, port)
    external = Settings(external="203.0.113.5")
    async with wires(hearer, "tcp", settings=external) as made, peer(made.addresses["tcp"]) as phone:
        phone.send(message())
        assert (await hearer.next())[1].near == ("203.0.113.5", place(made.addresses["tcp"])[1])
        with pytest.raises(ConnectionError):
            made.open("TCP", "::1", 5060)


async def test_stopping_ends_every_connection_after_what_was_written() -> None:
    hearer = Hearer()
    async with answering() as (address, came), contextlib.AsyncExitStack() as stack:
        async with wires(hearer, "tcp", bounds=quick()) as made:
            phone = await stack.enter_async_context(peer(made.addresses["tcp"]))
            phone.send(message())
            _, flow = await hearer.next()
            ours = made.open("TCP", *address)
            ours.send(message(2))
            far = await came.get()
            assert await far.next() == message(2)
            flow.send(b"goodbye")
            made.open("TCP", "192.0.2.1", 9).send(b"never")  # under way when we stop
        assert (await phone.rest()).endswith(b"goodbye")
        assert await far.rest() == b""
        assert not flow.alive
        with pytest.raises(ConnectionError):
            made.open("TCP", *address)


async def test_a_peer_that_leaves_is_lost_once() -> None:
    hearer = Hearer()
    async with wires(hearer, "tcp", bounds=quick()) as made:
        async with peer(made.addresses["tcp"]) as phone:
            phone.send(message())
            _, flow = await hearer.next()
        assert await hearer.loss() is flow
    assert hearer.gone.empty()


@pytest.mark.item("S107")
@settings(max_examples=40)
@given(st.lists(st.binary(max_size=200) | st.sampled_from([message(), b"\r\n\r\n", message()[:-9]]), max_size=5))
async def test_any_bytes_are_answered_or_closed_and_others_are_served(junk: list[bytes]) -> None:
    with capture_logs() as logged:
        async with (
            wires(Hearer(), "tcp", bounds=quick(linger=0.01)) as made,
            peer(made.addresses["tcp"]) as bad,
            peer(made.addresses["tcp"]) as good,
        ):
            for one in junk:
                bad.send(one)
                await asyncio.sleep(0)
            good.send(message(7))
            assert b"\r\nCall-ID: call-7\r\n" in await good.next()
    assert [entry for entry in logged if entry["log_level"] == "error"] == []


def test_the_other_event_loop_does_the_same() -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_many_messages_at_once_are_told_apart_and_answered_where_they_came())
        runner.run(test_a_connection_of_ours_is_opened_once_and_keeps_what_is_sent_meanwhile())
        runner.run(test_stopping_ends_every_connection_after_what_was_written())


@pytest.mark.item("S16")
@pytest.mark.item("S108")
def test_the_bounds_are_those_of_the_table() -> None:
    bounds = Bounds()
    assert (bounds.connections, bounds.per_address, bounds.strangers) == (20_000, 2_000, 500)
    assert (bounds.part, bounds.first, bounds.handshake) == (15, 30, 10)
    assert (bounds.idle, bounds.unused, bounds.buffer) == (3600, 120, 1 << 20)
    assert 4 <= bounds.connect <= 8
