"""A leg whose peer offers or answers anew: hold, another address, codec or transport, a refresh, and what fails."""

import asyncio
import struct
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from tests.media.peer import AUDIO, Events, Peer, running, until
from tests.media.peer import answered as peer_answered
from tests.media.peer import offered as peer_offered
from tests.media.phone import Phone, Remote, answered, called
from tests.media.test_webrtc import End, rtp
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Fingerprint, parse, serialise
from xswitch_py.media import negotiate, webrtc
from xswitch_py.media.api import Connected, Digit, Failed, Transport
from xswitch_py.media.negotiate import Local
from xswitch_py.media.plane import Plane

pytestmark = pytest.mark.timeout(30)

RANGE = (32000, 32999)


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running(addresses=["127.0.0.1"], rtp_ports=RANGE) as made:  # type: ignore[arg-type]
        yield made


def went_on(packets: list[bytes]) -> bool:
    """Whether what came is one stream without a gap or a step back."""
    headers = [struct.unpack_from("!BBHII", packet) for packet in packets]
    one = len({header[4] for header in headers}) == 1
    steps = [(b[2] - a[2] & 0xFFFF, b[3] - a[3] & 0xFFFFFFFF) for a, b in pairwise(headers)]
    return one and all(seq == 1 and ts < 0x80000000 for seq, ts in steps)


# Hold


@pytest.mark.item("S76")
@pytest.mark.parametrize(
    ("lines", "address", "ours"),
    [(("a=sendonly",), "", "recvonly"), (("a=inactive",), "", "inactive"), ((), "0.0.0.0", "recvonly")],
)
async def test_a_phone_that_holds_gets_nothing_until_it_resumes(
    plane: Plane, lines: tuple[str, ...], address: str, ours: str
) -> None:
    async with Phone(0) as one, Phone(0, hz=620) as other:
        a, b = await called(plane, "a", one), await called(plane, "b", other)
        plane.bridge(a, b)
        one.talk()
        other.talk()
        await one.hears(620)
        one.version += 1
        taken = await plane.take_offer(a, one.sdp(*lines, address=address))
        assert taken.held and f"a={ours}\r\n" in taken.sdp and taken.sdp == plane.local(a)
        came, heard = len(one.packets), plane.stats(b).packets_in
        await until(lambda: plane.stats(b).packets_in > heard + 10)
        assert len(one.packets) <= came + 1  # one may have been on its way
        one.version += 1
        taken = await plane.take_offer(a, one.sdp())
        assert not taken.held and "a=sendrecv\r\n" in taken.sdp
        came = len(one.packets)
        await one.gets(10)
        await one.hears(620)
        assert went_on(one.packets)
        assert one.packets[came][1] & 128  # a new talk spurt


@pytest.mark.item("S76")
async def test_an_unspecified_address_in_a_webrtc_offer_is_no_hold(plane: Plane) -> None:
    async with Peer() as peer:
        leg, _ = await peer_offered(plane, "a", peer)
        offer = peer.pc.localDescription.sdp
        lines = ["c=IN IP4 0.0.0.0" if line.startswith("c=") else line for line in newer(offer).split("\r\n")]
        assert not (await plane.take_offer(leg, "\r\n".join(lines))).held


@pytest.mark.item("S80")
async def test_a_phone_behind_a_translator_is_still_found_after_a_hold(plane: Plane) -> None:
    async with Phone(0) as phone, Phone(0) as nowhere:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        for lines, address in (((), "127.0.0.99"), ((), "0.0.0.0"), ((), "127.0.0.99")):
            phone.version += 1
            await plane.take_offer(leg, phone.sdp(*lines, address=address, port=nowhere.port))
            phone.send()
        await phone.gets(1)
        phone.version += 1
        await plane.take_offer(leg, phone.sdp("a=sendrecv", address="127.0.0.99", port=nowhere.port))
        sent = plane.stats(leg).packets_out
        phone.send()
        await until(lambda: plane.stats(leg).packets_out > sent)
        assert not nowhere.packets


# Refresh


@pytest.mark.item("S77")
async def test_the_same_version_gets_the_same_answer_and_touches_nothing(plane: Plane) -> None:
    async with Phone(0, 101) as phone, Phone(0) as elsewhere:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        phone.send()
        await phone.gets(1)
        before = plane.local(leg)
        taken = await plane.take_offer(leg, phone.sdp("a=sendonly", port=elsewhere.port))
        assert taken.sdp == before == plane.local(leg) and not taken.held
        phone.send()
        await phone.gets(1)
        assert not elsewhere.packets


@pytest.mark.item("S77")
async def test_our_version_grows_only_with_the_content_and_the_session_stays(plane: Plane) -> None:
    async with Phone(0, 101) as phone:
        leg = await called(plane, "a", phone)
        first = plane.local(leg)
        phone.version += 1
        assert (await plane.take_offer(leg, phone.sdp())).sdp == first
        phone.version += 1
        held = (await plane.take_offer(leg, phone.sdp("a=sendonly"))).sdp
        assert Remote(held).version == Remote(first).version + 1
        assert held.split()[2] == first.split()[2]  # of o=: the session
        again = await plane.reoffer(leg)
        assert await plane.reoffer(leg) == again == plane.local(leg)


@pytest.mark.item("S77")
async def test_a_refresh_after_an_offer_of_ours_is_answered_with_what_was_agreed(plane: Plane) -> None:
    async with Phone(8, 101) as phone:
        leg, _ = await answered(plane, "a", phone, "PCMU", "PCMA", "G722")
        plane.bridge(leg, leg)
        phone.send()
        await phone.gets(1)
        taken = await plane.take_offer(leg, phone.sdp())
        assert Remote(taken.sdp).pts == [8, 101]
        assert (await plane.take_offer(leg, phone.sdp())).sdp == taken.sdp
        phone.send()
        await phone.gets(1)
        assert went_on(phone.packets) and not phone.packets[1][1] & 128


# Another address, number or codec


@pytest.mark.item("S78")
async def test_another_address_counts_at_once(plane: Plane) -> None:
    async with Phone(0) as old, Phone(0) as new, Phone(0, hz=620) as other:
        a, b = await called(plane, "a", old), await called(plane, "b", other)
        plane.bridge(a, b)
        old.talk()
        other.talk()
        await old.hears(620)
        new.version = old.version + 1
        new.aim((await plane.take_offer(a, new.sdp())).sdp)
        await new.gets(5)  # it has said nothing yet, and the old place speaks a little longer
        came = len(old.packets)
        await new.gets(10)
        assert len(old.packets) == came
        assert went_on([*old.packets, *new.packets])


@pytest.mark.item("S78")
async def test_another_number_of_the_codec_counts_at_once(plane: Plane) -> None:
    async with Phone(96, 101) as phone:
        leg = await called(plane, "a", phone, "opus")
        plane.bridge(leg, leg)
        phone.talk()
        await phone.hears(440)
        phone.version += 1
        phone.pts = (97, 101)
        offer = phone.sdp(pts=(101,)).replace(" 101\r\n", " 97 101\r\n", 1) + "a=rtpmap:97 opus/48000/2\r\n"
        taken = await plane.take_offer(leg, offer)
        assert Remote(taken.sdp).pts == [97, 101]
        came = len(phone.packets)
        await phone.gets(8)
        assert {packet[1] & 127 for packet in phone.packets[came + 1 :]} == {97}


@pytest.mark.item("S78")
async def test_another_codec_is_recoded_and_what_is_played_goes_on_in_it(plane: Plane) -> None:
    async with Phone(0) as phone, Phone(0, hz=620) as other:
        a, b = await called(plane, "a", phone), await called(plane, "b", other)
        plane.bridge(a, b)
        other.talk()
        await phone.hears(620)
        phone.version, phone.pts = 2, (96,)
        phone.aim((await plane.take_offer(a, phone.sdp())).sdp)
        assert plane.codec(a) == "opus"
        await phone.gets(10)
        await phone.hears(620)
        music = asyncio.create_task(plane.play(a, "music", loop=True))
        await phone.gets(10)
        phone.version, phone.pts = 3, (8,)
        phone.aim((await plane.take_offer(a, phone.sdp())).sdp)
        await phone.until(lambda: phone.packets[-1][1] & 127 == 8)
        await phone.gets(20)
        assert {packet[1] & 127 for packet in phone.packets[-15:]} == {8}
        assert went_on(phone.packets)
        music.cancel()
        await asyncio.gather(music, return_exceptions=True)


async def test_the_codec_in_use_stays_if_it_is_still_offered(plane: Plane) -> None:
    async with Phone(8) as phone:
        leg = await called(plane, "a", phone, "PCMA")
        phone.version, phone.pts = 2, (96, 0, 8)
        assert Remote((await plane.take_offer(leg, phone.sdp())).sdp).pts == [8]


async def test_other_keys_count_at_once_and_the_same_go_on(plane: Plane) -> None:
    suite = "AES_CM_128_HMAC_SHA1_80"
    async with Phone(0, suite=suite) as one, Phone(0, suite=suite) as other:
        leg = await called(plane, "a", one)
        plane.bridge(leg, leg)
        one.send()
        await one.gets(1)
        one.version += 1
        one.aim((await plane.take_offer(leg, one.sdp("a=ptime:20"))).sdp)
        one.send()
        await one.gets(1)  # decrypted in the context of before
        out = plane._legs[leg].port.audio.out
        out.seq = 0xFFFE
        out.rest()
        for _ in range(3):
            one.send()
        await one.gets(3)  # the numbers of our packets have rolled over
        other.version = 3
        other.aim((await plane.take_offer(leg, other.sdp())).sdp)
        other.send()
        await other.gets(1)  # it knows of no roll-over
        assert went_on([*one.packets[2:], *other.packets])
        assert plane.stats(leg).dropped == 0


@pytest.mark.parametrize("lines", [("a=inactive",), ("a=rtpmap:0 other/8000", "a=rtpmap:8 PCMA/8000")])
async def test_a_late_packet_does_not_make_us_forget_how_often_the_peer_rolled_over(
    plane: Plane, lines: tuple[str, ...]
) -> None:
    async with Phone(0, suite="AES_CM_128_HMAC_SHA1_80") as phone:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        phone.seq = 0xFFFD
        for _ in range(4):
            phone.send()
        await phone.gets(4)
        phone.version += 1
        pts = (0, 8) if "other" in lines[0] else (0,)
        await plane.take_offer(leg, phone.sdp(*lines, pts=pts, maps=False))
        phone.send()  # as if it had been on its way
        await until(lambda: plane.stats(leg).dropped == 1)
        phone.version += 1
        await plane.take_offer(leg, phone.sdp())
        phone.send()
        await phone.gets(1)


async def test_media_that_was_suspended_is_not_agreed_on_by_a_late_answer(plane: Plane) -> None:
    async with Phone(0) as phone, Phone(0) as other, Peer() as peer:
        leg, _ = await answered(plane, "a", phone)
        browser = LegId("b")
        plane.open(browser, Transport.WEBRTC, Events())
        answer = await peer.answer(await plane.make_offer(browser, AUDIO))
        await plane.read_answer(browser, answer)
        for which, late in ((leg, other.sdp()), (browser, newer(answer))):
            plane.suspend(which)
            with pytest.raises(MediaError, match="no transport"):
                await plane.read_answer(which, late)


# What fails


@pytest.mark.item("S66")
async def test_an_offer_that_cannot_be_taken_leaves_all_as_it_was(plane: Plane) -> None:
    async with Phone(0, 101) as phone:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        before = plane.local(leg)
        phone.version += 1
        for bad in (
            "nonsense", phone.sdp(pts=(9,)).replace("G722", "other").replace(" 9\r\n", " 99\r\n"),
            phone.sdp().replace("m=audio", "m=text"), phone.sdp(address="224.0.0.1"), phone.sdp(address="::1"),
            phone.sdp().replace("RTP/AVP", "RTP/SAVP"),
        ):  # fmt: skip
            with pytest.raises(MediaError):
                await plane.take_offer(leg, bad)
        phone.send()
        await phone.gets(1)
        assert plane.local(leg) == before
        assert (await plane.take_offer(leg, phone.sdp())).sdp == before


@pytest.mark.item("S66")
async def test_an_offer_of_ours_that_is_refused_or_badly_answered_changes_nothing(plane: Plane) -> None:
    async with Phone(0, 101) as phone:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        await plane.reoffer(leg)
        with pytest.raises(MediaError):
            await plane.read_answer(leg, phone.sdp(pts=(9,)).replace(" 9\r\n", " 99\r\n"))
        phone.send()
        await phone.gets(1)


async def test_before_an_agreement_there_is_nothing_to_take_or_offer_anew(plane: Plane) -> None:
    plane.open(LegId("a"), Transport.RTP, Events())
    assert plane.local(LegId("a")) == ""
    with pytest.raises(MediaError):
        await plane.reoffer(LegId("a"))
    with pytest.raises(MediaError):
        await plane.take_offer(LegId("a"), "")


# Offers of ours


async def test_we_offer_all_we_can_and_what_is_answered_counts(plane: Plane) -> None:
    async with Phone(0, 101) as phone:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        offer = Remote(await plane.reoffer(leg))
        assert offer.address == phone.to and offer.pts[0] == 0 and {8, 9, 0, 101} <= {*offer.pts}
        phone.pts, phone.version = (8, 101), 2
        await plane.read_answer(leg, phone.sdp())
        assert plane.codec(leg) == "PCMA"
        phone.talk()
        await phone.hears(440)
        phone.pts, phone.version = (0, 101), 3
        with pytest.raises(MediaError):  # the offer that it would answer is none any more
            await plane.take_offer(leg, phone.sdp())
            await plane.read_answer(leg, phone.sdp())


@pytest.mark.item("S59")
@pytest.mark.parametrize("transport", [Transport.RTP, Transport.SRTP])
async def test_a_caller_without_an_offer_gets_ours(plane: Plane, transport: Transport) -> None:
    suite = "AES_CM_128_HMAC_SHA1_80" if transport is Transport.SRTP else ""
    async with Phone(8, 101, suite=suite) as phone:
        leg, _ = await answered(plane, "a", phone, "opus", "PCMA", transport=transport)
        plane.bridge(leg, leg)
        phone.talk()
        await phone.hears(440)
        assert plane.codec(leg) == "PCMA"


@pytest.mark.item("S61")
async def test_the_latest_of_several_answers_counts_and_the_same_again_changes_nothing(plane: Plane) -> None:
    async with Phone(0, 101) as one, Phone(8, 101) as other:
        leg, events = await answered(plane, "a", one, "PCMU", "PCMA")
        plane.bridge(leg, leg)
        one.send()
        await one.gets(1)
        await plane.read_answer(leg, one.sdp())
        one.send()
        await one.gets(1)
        assert not one.packets[1][1] & 128  # nothing was joined anew
        other.aim(plane.local(leg))
        await plane.read_answer(leg, other.sdp())
        assert plane.codec(leg) == "PCMA"
        other.send(b"\xd5" * 160)
        await other.gets(1)
        assert events.seen == [Connected()]


# Other things on the same ports


@pytest.mark.item("S75")
async def test_a_digit_on_either_telephone_event_of_an_answer_is_heard(plane: Plane) -> None:
    async with Phone(0, 101) as phone:
        leg, events = LegId("a"), Events()
        plane.open(leg, Transport.RTP, events)
        phone.aim(await plane.make_offer(leg, Wish(("opus", "PCMU"))))
        answer = phone.sdp("a=rtpmap:111 opus/48000/2", "a=rtpmap:110 telephone-event/48000")
        await plane.read_answer(leg, answer.replace(" 0 101\r\n", " 111 0 110 101\r\n"))
        for pt, digit, clock in ((101, 1, 8000), (110, 2, 48000)):
            phone.send(bytes([digit, 0x8A]) + (clock // 10).to_bytes(2, "big"), pt=pt)
        await events.wait(Digit, 2)
        assert [(e.digit, e.ms) for e in events.seen if isinstance(e, Digit)] == [("1", 100), ("2", 100)]


async def test_pictures_of_plain_phones_pass(plane: Plane) -> None:
    lines = ("m=video {} RTP/AVPF 97", "a=rtpmap:97 VP8/90000", "a=rtcp-fb:97 nack pli")
    both = Wish(("PCMU",), ("VP8",))
    async with Phone(0) as one, Phone(0) as one_video, Phone(0) as other, Phone(0) as other_video:
        legs = []
        for name, phone, video in (("a", one, one_video), ("b", other, other_video)):
            leg = LegId(name)
            plane.open(leg, Transport.RTP, Events())
            plane.read_offer(leg, phone.sdp(lines[0].format(video.port), *lines[1:]))
            answer = await plane.make_answer(leg, both)
            phone.aim(answer)
            port = int(answer.partition("m=video ")[2].split()[0])
            video.to = ("127.0.0.1", port)
            legs.append(leg)
        assert all(map(plane.has_video, legs))
        plane.bridge(*legs)
        one_video.send(b"picture", pt=97)
        await other_video.gets(1)
        seq = struct.unpack_from("!H", other_video.packets[0], 2)[0]
        ssrc = other_video.packets[0][8:12]
        nack = b"\x80\xc9\0\1\0\0\0\7" + b"\x81\xcd\0\3\0\0\0\7" + ssrc + seq.to_bytes(2, "big") + b"\0\0"
        assert other_video.to is not None
        other_video.rtcp.sendto(nack, (other_video.to[0], other_video.to[1] + 1))
        await other_video.gets(1)
        assert other_video.packets[0] == other_video.packets[1]
        one.version += 1
        taken = await plane.take_offer(legs[0], one.sdp("m=video 0 RTP/AVPF 97"))
        assert "m=video 0 " in taken.sdp and not plane.has_video(legs[0])


# WebRTC


def newer(sdp: str) -> str:
    """The same description in the next version."""
    head, origin, rest = sdp.split("\r\n", 2)
    words = origin.split()
    words[2] = str(int(words[2]) + 1)
    return "\r\n".join([head, " ".join(words), rest])


@pytest.mark.item("S72")
async def test_the_offer_says_how_its_packets_travel(plane: Plane) -> None:
    async with Peer() as peer, Phone(0) as phone, Phone(0, suite="AEAD_AES_128_GCM") as secure:
        offer = await peer.offer()
        assert plane.transport_of(offer) is Transport.WEBRTC
        assert plane.transport_of(offer.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF")) is Transport.WEBRTC
        without_ice = "\r\n".join(line for line in offer.split("\r\n") if "ice" not in line)
        assert plane.transport_of(without_ice) is Transport.WEBRTC
        for text in (phone.sdp(), secure.sdp(), secure.sdp("a=fingerprint:sha-256 AB"), phone.sdp(port=0)):
            assert plane.transport_of(text) is Transport.RTP
        with pytest.raises(MediaError):
            plane.transport_of("nonsense")


@pytest.mark.item("S80")
async def test_a_browser_that_holds_gets_nothing_until_it_resumes(plane: Plane) -> None:
    async with Peer(440) as one, Phone(0, hz=620) as other:
        a, b = (await peer_offered(plane, "a", one))[0], await called(plane, "b", other)
        plane.bridge(a, b)
        other.talk()
        await one.hears(620)
        first = newer(one.pc.localDescription.sdp)
        taken = await plane.take_offer(a, first.replace("a=sendrecv", "a=sendonly"))
        assert taken.held and "a=recvonly" in taken.sdp
        frames = one.frames
        await other.gets(20)
        assert one.frames <= frames + 5
        taken = await plane.take_offer(a, newer(first))
        assert not taken.held
        await one.hears_frames(10)
        await one.hears(620)
        await other.hears(440)


@pytest.mark.item("S77")
async def test_a_refresh_of_a_browser_keeps_roles_and_names(plane: Plane) -> None:
    async with Peer() as peer:
        leg, events = await peer_answered(plane, "a", peer)
        plane.bridge(leg, leg)
        await peer.hears(440)
        offer = newer(peer.pc.localDescription.sdp).replace("a=setup:active", "a=setup:actpass")
        taken = await plane.take_offer(leg, offer)
        assert "a=setup:passive" in taken.sdp  # as before: it had begun the handshake
        assert [line for line in taken.sdp.split("\r\n") if "ice-" in line] == [
            line for line in plane.local(leg).split("\r\n") if "ice-" in line
        ]
        await peer.hears_frames(10)
        assert events.seen == [Connected()]


async def test_an_offer_of_ours_to_a_browser_is_answered_and_nothing_breaks(plane: Plane) -> None:
    async with Peer() as peer:
        leg, events = await peer_offered(plane, "a", peer)
        plane.bridge(leg, leg)
        await peer.hears(440)
        offer = await plane.reoffer(leg)
        assert "a=setup:actpass" in offer
        await plane.read_answer(leg, await peer.answer(offer))
        frames = peer.frames
        await peer.hears_frames(10)
        await peer.hears(440)
        assert events.seen == [Connected()] and peer.frames >= frames + 10


async def test_a_fork_that_answers_a_webrtc_offer_later_takes_the_call(plane: Plane) -> None:
    async with Peer(440) as one, Peer(620) as other:
        leg, events = LegId("a"), Events()
        plane.open(leg, Transport.WEBRTC, events)
        offer = await plane.make_offer(leg, AUDIO)
        plane.bridge(leg, leg)
        await plane.read_answer(leg, await one.answer(offer))
        await one.hears(440)
        await plane.read_answer(leg, await other.answer(offer))
        await other.hears(620)
        assert not [event for event in events.seen if isinstance(event, Failed)]


async def test_browser_and_phone_hear_each_other_by_relay_and_recoded(plane: Plane) -> None:
    async with Peer(440) as browser, Phone(0, 101, hz=620) as phone:
        b = await called(plane, "b", phone)
        phone.talk()
        for name, codec in (("same", "PCMU"), ("other", "opus")):
            async with Peer(440) as browser:
                a, _ = await peer_offered(plane, name, browser, Wish((codec,)))
                plane.bridge(a, b)
                await browser.hears(620)
                await phone.hears(440)
                plane.close(a)


class Far:
    """A WebRTC peer that can begin ICE anew, which aiortc's cannot."""

    def __init__(self) -> None:
        self.end = End(offers=True)
        self.version = 0

    def offer(self) -> str:
        """Describe itself."""
        self.version += 1
        transport, prints = self.end.transport, Fingerprint("sha-256", self.end.certificate.sha256())
        local = Local(transport.ufrag, transport.pwd, prints, transport.candidates, {}, 7, self.version)
        self.said = negotiate.make_offer(AUDIO, local)
        return serialise(self.said)

    async def connect(self, answer: str) -> str:
        """Take the answer; give the ufrag of whoever wrote it."""
        remote = negotiate.read_answer(self.said, parse(answer)).remote
        self._task = asyncio.create_task(self.end.transport.connect(remote))
        await until(lambda: self.end.transport.paired)
        return remote.ufrag

    async def echoes(self, seq: int) -> None:
        """Send until something comes back."""
        async with asyncio.timeout(5):
            heard = len(self.end.user.heard)
            while len(self.end.user.heard) == heard:
                if self.end.user.ups:
                    self.end.user.send(rtp(seq := seq + 1))
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Free all."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.end.transport.close()
        self.end.mux.close()


@pytest.mark.item("S78")
async def test_ice_that_begins_anew_runs_beside_the_old_under_the_same_keys(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webrtc, "_OVERLAP", 0.1)
    far, leg, events = Far(), LegId("a"), Events()
    plane.open(leg, Transport.WEBRTC, events)
    plane.read_offer(leg, far.offer())
    plane.bridge(leg, leg)
    first = await far.connect(await plane.make_answer(leg, AUDIO))
    await far.echoes(10)
    keys = far.end.transport._dtls
    assert plane._transports.mux is not None
    far.end.transport.restart(offers=True)
    taken = await plane.take_offer(leg, far.offer())
    assert {*plane._transports.mux.ufrags} >= {first}
    await far.echoes(2000)  # by the old way as long as there is no new one
    second = await far.connect(taken.sdp)
    assert second != first and "a=setup:active" in taken.sdp
    await until(lambda: plane._transports.mux is not None and first not in plane._transports.mux.ufrags)
    await far.echoes(4000)
    assert far.end.transport._dtls is keys
    assert events.seen == [Connected()] and [*plane._transports.mux.ufrags] == [second]
    await far.close()


async def test_ice_that_begins_anew_again_and_again_is_refused_at_last(plane: Plane) -> None:
    far, leg = Far(), LegId("a")
    plane.open(leg, Transport.WEBRTC, Events())
    plane.read_offer(leg, far.offer())
    await far.connect(await plane.make_answer(leg, AUDIO))
    with pytest.raises(MediaError, match="too often"):
        for _ in range(9):
            far.end.transport._agent = far.end.transport._new_agent(True)
            before = plane.local(leg)
            await plane.take_offer(leg, far.offer())
    assert plane.local(leg) == before and plane._transports.mux is not None and len(plane._transports.mux.ufrags) == 8
    await far.close()


@pytest.mark.item("S78")
async def test_another_fingerprint_is_another_handshake(plane: Plane) -> None:
    far, other, leg, events = Far(), Far(), LegId("a"), Events()
    plane.open(leg, Transport.WEBRTC, events)
    plane.read_offer(leg, far.offer())
    plane.bridge(leg, leg)
    await far.connect(await plane.make_answer(leg, AUDIO))
    await far.echoes(10)
    other.version = far.version
    await other.connect((await plane.take_offer(leg, other.offer())).sdp)
    await other.echoes(2000)
    assert not [event for event in events.seen if isinstance(event, Failed)]
    await far.close()
    await other.close()


async def test_ice_that_begins_anew_after_consent_was_lost_uses_the_same_keys(plane: Plane) -> None:
    far, leg, events = Far(), LegId("a"), Events()
    plane.open(leg, Transport.WEBRTC, events)
    plane.read_offer(leg, far.offer())
    plane.bridge(leg, leg)
    await far.connect(await plane.make_answer(leg, AUDIO))
    await far.echoes(10)
    keys = far.end.transport._dtls
    mux = plane._transports.mux
    assert mux is not None
    await mux.ufrags[next(iter(mux.ufrags))]._agent.close()  # type: ignore[attr-defined]  # six checks unanswered
    assert not mux.ufrags and not plane._legs[leg].port.is_up
    far.end.transport.restart(offers=True)
    await far.connect((await plane.take_offer(leg, far.offer())).sdp)
    await events.wait(Connected, 2)
    await far.echoes(2000)
    assert far.end.transport._dtls is keys
    assert not [event for event in events.seen if isinstance(event, Failed)]
    await far.close()


async def test_nobody_is_missed_while_nobody_watches() -> None:
    async with running(media_timeout=0.5) as plane:
        far, leg, events = Far(), LegId("a"), Events()
        plane.open(leg, Transport.WEBRTC, events)
        plane.read_offer(leg, far.offer())
        plane.bridge(leg, leg)
        await far.connect(await plane.make_answer(leg, AUDIO))
        await far.echoes(10)
        plane.watch(leg, False)
        await asyncio.sleep(1.0)
        await far.echoes(2000)  # what flows goes on flowing
        await asyncio.sleep(1.0)
        assert events.seen == [Connected()]
        plane.watch(leg, True)
        await events.wait(Failed)
        await far.close()
