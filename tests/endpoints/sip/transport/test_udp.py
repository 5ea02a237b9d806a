"""SIP over UDP: datagrams, where replies go, what comes back undelivered, and whatever bytes anybody sends."""

import asyncio
import socket
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.endpoints.sip.transport.world import SOON, Hearer, closed_port, datagrams, options, place, wires
from xswitch_py.base.errors import ConfigError
from xswitch_py.endpoints.sip.flow import Links, via_of
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.transport.links import Wires
from xswitch_py.endpoints.sip.transport.udp import UdpFlow
from xswitch_py.pysip.message import Request, Response, parse


@pytest.mark.item("S14")
async def test_a_request_is_answered_to_where_it_came_from_by_the_socket_it_came_to() -> None:
    hearer = Hearer()
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as phone:
        phone.send(options())
        request, flow = await hearer.next()
        assert isinstance(request, Request)
        via = request.vias[0]
        assert (via.host, via.received, via.rport) == ("192.0.2.9", "127.0.0.1", phone.address[1])
        assert (flow.transport, flow.remote, flow.near) == ("UDP", phone.address, place(made.addresses["udp"]))
        assert (await phone.next()).startswith(b"SIP/2.0 200 ")  # the peer's socket hears nobody else


@pytest.mark.item("S13")
async def test_flows_of_one_remote_are_equal_and_of_others_are_not() -> None:
    hearer = Hearer()
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as one:
        async with datagrams(made.addresses["udp"]) as other:
            for phone in (one, other, one):
                phone.send(options())
                await phone.next()
            first, second, third = [(await hearer.next())[1] for _ in range(3)]
            assert (first == third, hash(first) == hash(third), first == second) == (True, True, False)
            assert made.open("UDP", *one.address) == first
        first.send(b"hello")
        assert await one.next() == b"hello"


async def test_flows_that_were_forgotten_come_back_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who forges ten thousand addresses fills no memory."""
    monkeypatch.setattr("xswitch_py.endpoints.sip.transport.udp._FLOWS", 100)
    async with wires(Hearer(), "udp") as made:
        first = made.open("UDP", "192.0.2.1", 5060)
        assert made.open("UDP", "192.0.2.1", 5060) is first
        for port in range(1, 300):
            made.open("UDP", "192.0.2.2", port)
        again = made.open("UDP", "192.0.2.1", 5060)
        assert (again == first, again is first) == (True, False)
        assert isinstance(again, UdpFlow)
        assert len(again.socket._flows) <= 100


@pytest.mark.item("S25")
@pytest.mark.parametrize("junk", [b"\r\n\r\n", b"\r\n", b"\0", b"\0" * 12, b"jaK", b"\xff\xfe\xfd\xfc", b""])
async def test_keep_alives_are_ignored_in_silence(junk: bytes) -> None:
    hearer = Hearer()
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as phone:
        phone.send(junk)
        phone.send(options())
        assert (await phone.next()).startswith(b"SIP/2.0 200 ")
        assert (hearer.bad.empty(), phone.came.empty()) == (True, True)


@pytest.mark.item("S7")
@pytest.mark.parametrize(
    ("length", "body"), [("9", b""), ("3", b"hel"), ("", b"hello"), ("0", b"")], ids=["longer", "shorter", "none", "0"]
)
async def test_a_wrong_length_is_refused_or_cut(length: str, body: bytes) -> None:
    hearer = Hearer()
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as phone:
        phone.send(options(body=b"hello", Content_Length=length))
        answer = await phone.next()
        if length == "9":
            assert answer.startswith(b"SIP/2.0 400 ")
            assert (await hearer.bad.get())[0].status == 400
            assert made.counts["malformed Bad Content-Length"] == 1
        else:
            assert (await hearer.next())[0].body == body


@pytest.mark.item("S4")
@pytest.mark.parametrize("junk", [b"hello, who is there?", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01" * 99])
async def test_what_is_no_sip_is_dropped_in_silence(junk: bytes) -> None:
    hearer = Hearer()
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as phone:
        phone.send(junk)
        phone.send(options())
        assert (await phone.next()).startswith(b"SIP/2.0 200 ")
        bad, flow = hearer.bad.get_nowait()
        assert (bad.status, flow.remote) == (0, phone.address)


@pytest.mark.item("S108")
async def test_the_longest_datagram_is_read_whole() -> None:
    hearer = Hearer()
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as phone:
        head = len(options(Content_Length="60000"))
        phone.send(options(body=b"x" * (65_507 - head)))
        assert len((await hearer.next())[0].body) == 65_507 - head


@pytest.mark.item("S101")
async def test_who_is_banned_is_not_even_read() -> None:
    hearer = Hearer(banned={"127.0.0.1"})
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as phone:
        phone.send(options())
        phone.send(b"junk that is longer")
        while made.counts["dropped UDP"] < 2:
            await asyncio.sleep(0)
        assert (hearer.came.empty(), hearer.bad.empty(), phone.came.empty()) == (True, True, True)


@pytest.mark.item("S36")
async def test_a_failure_above_costs_no_other_message() -> None:
    hearer = Hearer(failure=RuntimeError("a bug"))
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as phone:
        phone.send(options())
        while not made.counts["in UDP"]:
            await asyncio.sleep(0)
        hearer.failure = None
        phone.send(options(2))
        assert b"call-2" in await phone.next()


async def test_a_peer_that_is_not_there_is_a_loss_and_nobody_elses() -> None:
    """ICMP says that the port is closed; the next datagram to somebody else passes all the same."""
    hearer = Hearer()
    async with wires(hearer, "udp") as made, datagrams(made.addresses["udp"]) as phone:
        phone.send(options())
        _, healthy = await hearer.next()
        await phone.next()
        for _ in range(3):
            dead = made.open("UDP", "127.0.0.1", closed_port(socket.SOCK_DGRAM))
            dead.send(options())
            healthy.send(b"hello")
            assert await phone.next() == b"hello"
            assert await hearer.loss() == dead
            assert dead.alive
            phone.send(options(2))
            assert b"call-2" in await phone.next()  # reading goes on
        assert hearer.gone.empty()


def test_a_loss_does_not_stop_the_other_event_loop_from_reading() -> None:
    """The loop of libuv stops to watch a socket that had an error."""
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_a_peer_that_is_not_there_is_a_loss_and_nobody_elses())


async def test_what_cannot_be_sent_is_said_at_once() -> None:
    async with wires(Hearer(), "udp") as made:
        flow = made.open("UDP", "127.0.0.1", 9)
        with pytest.raises(ConnectionError):
            flow.send(b"x" * 65_536)


@pytest.mark.item("S94")
@pytest.mark.item("S92")
async def test_strangers_are_told_the_address_outside_and_the_near_ones_ours() -> None:
    settings = Settings(external="203.0.113.5", local_nets=(ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")))
    async with wires(Hearer(), "udp", settings=settings) as made:
        host, port = place(made.addresses["udp"])
        assert made.open("UDP", "192.0.2.1", 5060).near == ("203.0.113.5", port)
        assert made.open("UDP", "127.0.0.1", 5060).near == (host, port)
        assert made.open("UDP", "10.1.2.3", 5060).near == (host, port)
        via = via_of(made.open("UDP", "192.0.2.1", 5060))
        assert (via.transport, via.host, via.port, via.rport) == ("UDP", "203.0.113.5", port, 0)


async def test_an_outside_address_of_the_other_ip_version_is_not_told() -> None:
    async with wires(Hearer(), "udp", settings=Settings(external="2001:db8::5")) as made:
        assert made.open("UDP", "192.0.2.1", 5060).near == place(made.addresses["udp"])
    async with wires(Hearer(), "udp", settings=Settings(external="pbx.example.org")) as made:
        assert made.open("UDP", "192.0.2.1", 5060).near[0] == "pbx.example.org"


async def test_a_wildcard_is_a_socket_for_every_address() -> None:
    """A reply leaves from the address that the request came to."""
    hearer = Hearer()
    async with wires(hearer, "udp", host="0.0.0.0") as made:
        host, port = place(made.addresses["udp"])
        assert host == "0.0.0.0"
        async with datagrams(f"127.0.0.1:{port}") as phone:
            phone.send(options())
            assert (await hearer.next())[1].near == ("127.0.0.1", port)
            await phone.next()
            assert made.open("UDP", *phone.address).near == ("127.0.0.1", port)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_ipv6_goes_both_ways() -> None:
    hearer = Hearer()
    async with wires(hearer, "udp", host="[::1]") as made, datagrams(made.addresses["udp"]) as phone:
        phone.send(options())
        request, flow = await hearer.next()
        assert isinstance(request, Request)
        assert (request.vias[0].received, flow.remote) == ("::1", phone.address)
        answer = parse(await phone.next())
        assert isinstance(answer, Response)
        assert answer.vias[0].received == "::1"
        assert made.open("UDP", *phone.address) == flow
        with pytest.raises(ConnectionError):
            made.open("UDP", "127.0.0.1", 5060)


@pytest.mark.item("S21")
@pytest.mark.parametrize("transport", ["WS", "WSS", "SCTP", "TCP", "TLS"])
async def test_what_we_do_not_speak_is_not_opened(transport: str) -> None:
    async with wires(Hearer(), "udp") as made:
        links: Links = made
        with pytest.raises(ConnectionError):
            links.open(transport, "127.0.0.1", 5060)
    with pytest.raises(ConnectionError):
        made.open("UDP", "127.0.0.1", 5060)


async def test_all_addresses_that_cannot_be_used_are_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        made = Wires(Settings(), udp=address, tcp="127.0.0.1:70000", tls="127.0.0.1:0")
        with pytest.raises(ConfigError) as told:
            await made.start(Hearer())
    udp, tcp, tls = told.value.problems
    assert udp.startswith(f"listen.sip_udp = '{address}': ")
    assert tcp.startswith("listen.sip_tcp = '127.0.0.1:70000': ")
    assert tls == "listen.sip_tls = '127.0.0.1:0': there is no certificate"
    await made.stop()


async def test_stopping_frees_the_port() -> None:
    async with wires(Hearer(), "udp", "tcp") as made:
        addresses = dict(made.addresses)
    again = Wires(Settings(), udp=addresses["udp"], tcp=addresses["tcp"])
    await again.start(Hearer())
    assert again.addresses == addresses
    await again.stop()


GOOD = options()


@st.composite
def damaged(draw: Any) -> bytes:
    """A message with some bytes changed, dropped or doubled."""
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 9))] = draw(st.binary(max_size=9) | st.sampled_from([b"\r\n", b";", b'"']))
    return bytes(data)


@pytest.mark.item("S107")
@settings(max_examples=60)
@given(st.lists(st.binary(max_size=200) | damaged(), max_size=5))
async def test_any_bytes_are_answered_or_dropped_and_others_are_served(junk: list[bytes]) -> None:
    with capture_logs() as logged:
        async with wires(Hearer(), "udp") as made, datagrams(made.addresses["udp"]) as bad:
            async with datagrams(made.addresses["udp"]) as good, asyncio.timeout(SOON):
                for one in junk:
                    bad.send(one)
                good.send(options(7))
                assert b"\r\nCall-ID: call-7\r\n" in await good.next()
                assert good.came.empty()
    assert [entry for entry in logged if entry["log_level"] == "error"] == []
