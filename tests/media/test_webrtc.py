"""ICE and DTLS-SRTP of one leg, over real sockets: two of them with each other, and a peer that moves."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

import pytest
from aioice import stun

from tests.media.peer import until
from xswitch_py.base.sdp import Candidate, Fingerprint
from xswitch_py.media.aiortc_compat import Certificate, parse_stun
from xswitch_py.media.mux import MuxPort
from xswitch_py.media.negotiate import Remote
from xswitch_py.media.rtp_out import HEADER, Send
from xswitch_py.media.webrtc import WebRtc

LOOPBACK = "127.0.0.1"


class User:
    """A leg that keeps what it is given."""

    def __init__(self) -> None:
        self.dropped = 0
        self.allowance = 1e9
        self.heard: list[bytes] = []
        self.reports: list[bytes] = []
        self.ups = 0
        self.downs = 0
        self.steps: list[tuple[str, str]] = []
        self.takes = True
        self.changed = asyncio.Event()

    def receive(self, packet: bytes, now: float) -> bool:
        """Take RTP."""
        self.heard.append(packet)
        self.changed.set()
        return self.takes

    def receive_rtcp(self, packet: bytes, now: float) -> None:
        """Take RTCP."""
        self.reports.append(packet)
        self.changed.set()

    def milestone(self, layer: str, text: str) -> None:
        """Hear how far it is."""
        self.steps.append((layer, text))

    def up(self, send: Send, send_kept: Send, send_rtcp: Send) -> None:
        """Packets can flow."""
        self.ups += 1
        self.send, self.send_kept, self.send_rtcp = send, send_kept, send_rtcp
        self.changed.set()

    def down(self) -> None:
        """They cannot any more."""
        self.downs += 1

    async def hears(self, count: int) -> None:
        """Wait for so many packets in all."""
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self.changed.clear()
                await self.changed.wait()


class End:
    """One end: a port of its own, and a transport on it."""

    def __init__(self, *, offers: bool, candidates: tuple[Candidate, ...] | None = None) -> None:
        self.mux = MuxPort([LOOPBACK])
        self.mux.listen()
        self.user = User()
        self.certificate = Certificate.generateCertificate()
        self.offers = offers
        self.transport = WebRtc(self.mux, self.certificate, self.user, advertised=[LOOPBACK], offers=offers)
        self.candidates = self.transport.candidates if candidates is None else candidates

    @property
    def remote(self) -> Remote:
        """This end, as the other one knows it."""
        t = self.transport
        prints = (Fingerprint("sha-256", self.certificate.sha256()),)
        return Remote(t.ufrag, t.pwd, prints, self.offers, self.candidates)


@contextlib.asynccontextmanager
async def joined(*, candidates: tuple[Candidate, ...] | None = None) -> AsyncIterator[tuple[End, End]]:
    """Two ends that are connected; `candidates` is what the second one tells of itself."""
    one, other = End(offers=False), End(offers=True, candidates=candidates)
    async with asyncio.timeout(10):
        await asyncio.gather(one.transport.connect(other.remote), other.transport.connect(one.remote))
    yield one, other
    for end in (one, other):
        await end.transport.close()
        end.mux.close()


def rtp(seq: int, ssrc: int = 7) -> bytes:
    return HEADER.pack(0x80, 0, seq, seq * 160, ssrc) + b"sound"


async def test_packets_pass_both_ways_and_the_sooner_the_better() -> None:
    start = asyncio.get_running_loop().time()
    async with joined() as (one, other):
        took = asyncio.get_running_loop().time() - start
        for seq in range(3):
            one.user.send(rtp(seq))
            other.user.send_kept(rtp(seq))
        one.user.send_rtcp(b"\x80\xc9\x00\x01\x00\x00\x00\x07")
        await one.user.hears(3)
        await other.user.hears(3)
        assert one.user.heard == other.user.heard == [rtp(seq) for seq in range(3)]
        await until(lambda: bool(other.user.reports))
        assert took < 1


@pytest.mark.parametrize("host", ["", "8f2b3c1e-0000-4444-8888-123456789abc.local"])
async def test_a_peer_without_usable_candidates_is_found_by_its_own_checks(host: str) -> None:
    told = (Candidate("f", 1, "udp", 1, host, 5, "host"),) if host else ()
    async with joined(candidates=told) as (one, other):
        other.user.send(rtp(1))
        await one.user.hears(1)


async def test_what_was_kept_is_sent_again_byte_for_byte() -> None:
    async with joined() as (one, other):
        one.user.send_kept(rtp(5))
        assert one.transport.resend(5)
        assert not one.transport.resend(6)
        await other.user.hears(1)
        other.user.send(rtp(1))
        await one.user.hears(1)
        assert len(other.user.heard) == 1 and other.user.dropped == 1  # who has it already takes it for a replay


async def test_replays_forgeries_and_too_many_packets_are_dropped() -> None:
    """X15, X17."""
    async with joined() as (one, other):
        sock, address = other.transport._pair or pytest.fail("no pair")
        caught: list[bytes] = []
        real = sock.sendto
        sock.sendto = lambda data, to: caught.append(data)  # type: ignore[assignment]
        other.transport._route()
        other.user.send(rtp(1))
        [data] = caught
        forged = data[:-1] + bytes([data[-1] ^ 1])
        for packet in (data, data, forged, b"\x80\x00" + os.urandom(60), b"\x80\xc9" + os.urandom(30)):
            real(packet, address)
        sock.sendto = real
        other.transport._route()
        other.user.send(rtp(2))
        await one.user.hears(2)
        assert one.user.dropped == 4
        one.user.allowance = 1
        for seq in (3, 4, 5):
            other.user.send(rtp(seq))
        await until(lambda: one.user.dropped == 6)
        assert len(one.user.heard) == 3


async def test_a_source_too_many_leaves_nothing_behind() -> None:
    async with joined() as (one, other):
        one.user.takes = False
        other.user.send(rtp(1, ssrc=99))
        await one.user.hears(1)
        one.user.takes = True
        other.user.send(rtp(2, ssrc=99))  # a new source to the SRTP context too
        await one.user.hears(2)


async def test_too_large_a_packet_is_not_sent() -> None:
    async with joined() as (one, _):
        one.user.send(bytes([0x80]) + bytes(1500))
        one.user.send_kept(bytes([0x80]) + bytes(1500))
        one.user.send_rtcp(bytes([0x80]) + bytes(1500))
        assert one.mux.dropped["send"] == 3


async def test_our_packets_follow_the_pair_that_the_peer_nominates_later() -> None:
    async with joined() as (one, other):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as moved:
            moved.bind((LOOPBACK, 0))
            moved.setblocking(False)
            await _nominate(moved, one, other)
            one.user.send(rtp(1))
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(5):
                data = await loop.sock_recv(moved, 2048)
                while not 127 < data[0] < 192:
                    data = await loop.sock_recv(moved, 2048)
            assert one.user.ups == 2
        other.user.send(rtp(1))
        await one.user.hears(1)  # what comes from the old place is still heard


async def _nominate(moved: socket.socket, one: End, other: End) -> None:
    """Do what a peer does that moves to another address: a nominating check, and the answer to the triggered one."""
    loop = asyncio.get_running_loop()
    check = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    check.attributes |= {
        "USERNAME": f"{one.transport.ufrag}:{other.transport.ufrag}",
        "PRIORITY": 1,
        "ICE-CONTROLLING": 1,
        "USE-CANDIDATE": None,
    }
    check.add_message_integrity(one.transport.pwd.encode())
    target = one.mux.sockets[0].address
    await loop.sock_sendto(moved, bytes(check), target)
    async with asyncio.timeout(5):
        while one.user.ups < 2:
            message = parse_stun(await loop.sock_recv(moved, 2048))
            if message is not None and message.message_class is stun.Class.REQUEST:
                reply = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
                reply.attributes["XOR-MAPPED-ADDRESS"] = target
                reply.add_message_integrity(other.transport.pwd.encode())
                await loop.sock_sendto(moved, bytes(reply), target)
                await until(lambda: one.user.ups == 2)


async def test_lost_consent_stops_the_sending() -> None:
    async with joined() as (one, _):
        await one.transport._agent.close()  # what aioice does when six checks in a row were not answered
        assert one.user.downs == 1
        assert not one.mux.ufrags and not one.mux.sockets[0].paths


async def test_closing_in_the_middle_of_connecting_ends_it() -> None:
    end = End(offers=True)
    remote = Remote("nobody", "p" * 22, (), True, ())
    connecting = asyncio.create_task(end.transport.connect(remote))
    await asyncio.sleep(0)
    await end.transport.close()
    with pytest.raises(ConnectionError):
        await connecting
    assert not end.user.ups and not end.user.downs
    end.mux.close()


async def test_a_peer_with_many_addresses_is_known_by_a_few() -> None:
    async with joined() as (one, other):
        sock = one.mux.sockets[0]
        for n in range(30):
            one.transport._know((sock, (LOOPBACK, 40_000 + n)))
            sock.paths[LOOPBACK, 40_000 + n] = one.transport
        assert len(sock.paths) <= 9
        other.user.send(rtp(1))
        await one.user.hears(1)  # the nominated one is not forgotten
