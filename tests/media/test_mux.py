"""The shared UDP port: whose packet is whose, over real sockets on loopback."""

import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from aioice import stun

from tests.media.peer import until
from xswitch_py.media.aiortc_compat import Address, StunMessage
from xswitch_py.media.mux import MuxPort, MuxSocket, advertised

RTP = b"\x80\x00" + bytes(20)
RTCP = b"\x80\xc9\x00\x01" + bytes(8)
DTLS = b"\x16\xfe\xfd" + bytes(20)


class Leg:
    """Takes everything, and counts it."""

    def __init__(self, genuine: bool = True) -> None:
        self.genuine = genuine
        self.got: list[str] = []

    def check(self, message: StunMessage, address: Address, sock: MuxSocket) -> bool:
        """Answer a check."""
        self.take("check")
        return self.genuine

    def dtls(self, data: bytes) -> bool:
        """Take DTLS."""
        self.take("dtls")
        return True

    def take(self, what: str) -> None:
        """Count."""
        self.got.append(what)


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[tuple[MuxPort, MuxSocket, socket.socket]]:
    mux = MuxPort(["127.0.0.1"])
    mux.listen()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.connect(mux.sockets[0].address)
        yield mux, mux.sockets[0], far
    mux.close()


def check(name: str = "leg:peer") -> bytes:
    """A connectivity check, unsigned."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = name
    return bytes(message)


async def seen(mux: MuxPort, **counts: int) -> None:
    """Wait until these were dropped, and nothing else."""
    await until(lambda: sum(mux.dropped.values()) >= sum(counts.values()))
    assert mux.dropped == counts


async def test_strangers_packets_are_dropped_and_counted_by_reason() -> None:
    """X13, X14, X15."""
    async with opened() as (mux, _, far):
        for data in (b"", RTP, RTCP, DTLS, check(), b"\x00", b"\x01\x01" + bytes(30), b"\xff" * 30, RTP + bytes(1600)):
            far.send(data)
        await seen(mux, size=1, stranger=4, stun=3, unknown=1)


async def test_a_check_reaches_the_leg_it_names_and_makes_its_sender_known() -> None:
    async with opened() as (mux, _, far):
        leg = mux.ufrags["leg"] = Leg()
        far.send(check("other:peer"))
        far.send(check())
        far.send(DTLS)
        await until(lambda: leg.got == ["check", "dtls"])
        far.send(RTP)  # no pair is nominated yet
        await seen(mux, stun=1, stranger=1)


async def test_a_check_that_is_not_genuine_makes_nobody_known() -> None:
    async with opened() as (mux, _, far):
        leg = mux.ufrags["leg"] = Leg(genuine=False)
        far.send(check())
        far.send(DTLS)
        await seen(mux, stun=1, stranger=1)
        assert leg.got == ["check"]


async def test_rtp_and_rtcp_of_a_nominated_address_go_to_their_receivers_until_it_is_forgotten() -> None:
    async with opened() as (mux, sock, far):
        leg = Leg()
        address: Address = far.getsockname()
        sock.admit(address, leg, lambda data, now: leg.take("rtp"), lambda data, now: leg.take("rtcp"))
        for data in (RTP, RTCP, b"\x80\x80" + bytes(20), DTLS):
            far.send(data)
        await until(lambda: len(leg.got) == 4)
        assert leg.got == ["rtp", "rtcp", "rtp", "dtls"]
        sock.forget(address, Leg())  # not its own
        assert sock.paths
        sock.forget(address, leg)
        far.send(RTP)
        await seen(mux, stranger=1)


async def test_a_flood_of_false_checks_is_not_read_and_leaves_known_peers_alone() -> None:
    """X13: the budget of a source."""
    async with opened() as (mux, sock, far):
        leg = mux.ufrags["leg"] = Leg()
        sock.admit(far.getsockname(), leg)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
            for _ in range(120):
                flood.sendto(check("nobody:x"), sock.address)
        await until(lambda: sum(mux.dropped.values()) >= 120)
        assert mux.dropped["budget"] >= 20
        far.send(check())
        await until(lambda: leg.got == ["check"])


async def test_answers_are_found_by_their_transaction() -> None:
    async with opened() as (mux, _, far):
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)
        found: list[stun.Message] = []

        class Transaction:
            def response_received(self, message: stun.Message, address: Address) -> None:
                found.append(message)

        mux.transactions[answer.transaction_id] = Transaction()  # type: ignore[assignment]
        far.send(bytes(answer))
        far.send(bytes(stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)))
        await seen(mux, stun=1)
        assert [message.transaction_id for message in found] == [answer.transaction_id]


async def test_the_port_number_is_the_same_on_all_addresses() -> None:
    mux = MuxPort(["127.0.0.2", "127.0.0.1", "127.0.0.2"])
    try:
        assert [sock.address for sock in mux.sockets] == [("127.0.0.2", mux.port), ("127.0.0.1", mux.port)]
        with pytest.raises(OSError):
            MuxPort(["127.0.0.3"], mux.port)  # taken on loopback
    finally:
        mux.listen()
        mux.close()


async def test_the_receive_buffer_is_as_large_as_the_system_lets_it_be() -> None:
    async with opened() as (mux, sock, _):
        assert 0 < mux.receive_buffer == sock._sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def test_an_address_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(OSError):
        MuxPort(["203.0.113.1"])


def test_the_unspecified_address_is_refused_and_without_any_there_is_one() -> None:
    for wrong in ("0.0.0.0", "::", "localhost"):
        with pytest.raises(ValueError):
            advertised([wrong])
    assert advertised(["192.0.2.1"]) == ["192.0.2.1"]
    assert advertised(None)


async def test_an_ipv6_peer_is_known_by_its_address_too() -> None:
    try:
        mux = MuxPort(["::1"])
    except OSError:
        pytest.skip("no IPv6 here")
    mux.listen()
    leg, sock = Leg(), mux.sockets[0]
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as far:
        far.bind(("::1", 0))
        sock.admit(far.getsockname()[:2], leg, lambda data, now: leg.take("rtp"), lambda data, now: leg.take("rtcp"))
        for data in (RTP, RTCP):
            far.sendto(data, sock.address)
        await until(lambda: len(leg.got) == 2)
    mux.close()
    assert leg.got == ["rtp", "rtcp"]
