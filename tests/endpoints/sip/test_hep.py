"""HEP packets, read by hand after the HEP3 paper: "HEP3", a length, and chunks of vendor, type, length and value."""

import asyncio
import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from tests.endpoints.sip.door_world import world
from xswitch_py.core.trace import Traces
from xswitch_py.endpoints.sip.flow import HostPort
from xswitch_py.endpoints.sip.hep import Hep, packet

PAYLOAD = b"OPTIONS sip:pbx.test SIP/2.0\r\n\r\n"


class Server(asyncio.DatagramProtocol):
    """A capture server."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.got.put_nowait(data)


class Way:
    """A flow that is only looked at."""

    transport, alive = "UDP", True
    remote: HostPort = ("198.51.100.7", 5070)
    near: HostPort = ("192.0.2.1", 5060)

    def send(self, data: bytes) -> None:
        raise AssertionError


def chunks(data: bytes) -> dict[int, bytes]:
    """Read a packet: its chunks by type."""
    assert data[:4] == b"HEP3"
    assert int.from_bytes(data[4:6], "big") == len(data)
    return dict(_each(data[6:]))


def _each(rest: bytes) -> Iterator[tuple[int, bytes]]:
    while rest:
        assert rest[:2] == b"\0\0"  # the vendor of all generic chunks
        length = int.from_bytes(rest[4:6], "big")
        assert 6 <= length <= len(rest)
        yield int.from_bytes(rest[2:4], "big"), rest[6:length]
        rest = rest[length:]


def test_a_packet_says_who_sent_what_to_whom_and_when() -> None:
    data = packet(
        ("192.0.2.1", 5060), ("198.51.100.7", 5070), PAYLOAD, at=1.25, node=2001, key=b"myHep", call="c1", protocol=6
    )
    assert chunks(data) == {
        1: b"\x02",
        2: b"\x06",
        3: bytes([192, 0, 2, 1]),
        4: bytes([198, 51, 100, 7]),
        7: (5060).to_bytes(2, "big"),
        8: (5070).to_bytes(2, "big"),
        9: (1).to_bytes(4, "big"),
        10: (250_000).to_bytes(4, "big"),
        11: b"\x01",
        12: (2001).to_bytes(4, "big"),
        14: b"myHep",
        17: b"c1",
        15: PAYLOAD,
    }


def test_ipv6_has_chunks_of_its_own_and_what_is_not_known_is_left_out() -> None:
    read = chunks(packet(("2001:db8::1", 5060), ("[2001:db8::2]", 5061), PAYLOAD, at=0))
    assert read[1] == b"\x0a" and read[2] == b"\x11"
    assert (ip_address(read[5]), ip_address(read[6])) == (ip_address("2001:db8::1"), ip_address("2001:db8::2"))
    assert not {3, 4, 14, 17} & set(read)


@pytest.mark.parametrize("near", ["pbx.example.org", "2001:db8::1", ""])
def test_an_address_of_no_use_is_written_as_none(near: str) -> None:
    read = chunks(packet(("198.51.100.7", 5070), (near, 5060), PAYLOAD, at=0))
    if ":" in near:  # of one family with the other, which is first
        assert read[1] == b"\x02"
    assert (read[3], read[4]) == (bytes([198, 51, 100, 7]), bytes(4))


def test_a_huge_message_is_cut_to_what_a_packet_takes() -> None:
    assert len(chunks(packet(("192.0.2.1", 1), ("192.0.2.2", 2), bytes(100_000), at=0))[15]) == 60_000


async def test_a_port_where_nobody_listens_is_no_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    hep = Hep("127.0.0.1", port)
    hep.send("in", Way(), PAYLOAD)  # not begun yet: lost
    await hep.start()
    for _ in range(10):
        hep.send("in", Way(), PAYLOAD)
        await asyncio.sleep(0)
    assert hep.lost > 0
    hep.close()
    hep.send("in", Way(), PAYLOAD)


async def test_a_host_that_is_not_there_is_said_at_the_start() -> None:
    with pytest.raises(OSError):
        await Hep("no-such-host.invalid", 9060).start()


async def test_every_message_of_a_call_is_copied_both_ways_without_its_secrets() -> None:
    server = Server()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, ("127.0.0.1", 0))
    hep = Hep("127.0.0.1", transport.get_extra_info("sockname")[1], node=7, password="open sesame")
    await hep.start()
    try:
        async with world() as made:
            traces = Traces()
            made.sip.stack.trace.traces, made.sip.stack.trace.hep = traces, hep
            (phone,) = await made.registered("1000")
            running = asyncio.create_task(traces.run(made.bus))
            call = await phone.calls("9196")
            await call.answered()
            await call.bye()
            await made.quiet()
            running.cancel()
        read = [chunks(server.got.get_nowait()) for _ in range(server.got.qsize())]
    finally:
        hep.close()
        transport.close()
    starts = [each[15].partition(b"\r\n")[0].split(b" ")[0:2] for each in read]
    assert [b"REGISTER", b"INVITE", b"BYE"] == [
        method for method in (b"REGISTER", b"INVITE", b"BYE") if any(start[0] == method for start in starts)
    ]
    assert [b"SIP/2.0", b"200"] in starts and [b"SIP/2.0", b"407"] in starts
    texts = b"".join(each[15] for each in read)
    assert b"Authorization: ***" in texts and b"response=" not in texts and b"nonce=" not in texts
    incoming = next(each for each in read if each[15].startswith(b"INVITE"))
    assert ip_address(incoming[3]) == ip_address(phone.remote[0]) and incoming[8] == (5060).to_bytes(2, "big")
    bye = next(each for each in read if each[15].startswith(b"BYE"))
    (trace,) = traces._over.values()
    assert bye[17] == trace.call.encode()
    assert all(each[12] == (7).to_bytes(4, "big") and each[14] == b"open sesame" for each in read)
