"""The media plane with aiortc's own peer connections as far ends, over loopback."""

import asyncio
import os
import socket

import pytest

from tests.media.peer import AUDIO, Events, Peer, answered, offered, running, until
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.media.api import Connected, Digit, Failed, LegStats, Media, Transport
from xswitch_py.media.plane import Plane
from xswitch_py.media.player import Sounds

pytestmark = pytest.mark.timeout(30)


async def test_a_leg_joined_to_itself_hears_its_own_echo() -> None:
    async with running() as plane, Peer(440) as peer:
        leg, _ = await offered(plane, "a", peer)
        plane.bridge(leg, leg)
        await peer.hears(440)
        stats = plane.stats(leg)
        assert stats.codec == "PCMU" == plane.codec(leg)
        assert stats.packets_in >= 8 and stats.packets_out >= 8 and stats.lost == 0 == stats.dropped


async def test_opus_passes_as_it_is() -> None:
    async with running() as plane, Peer(440) as peer:
        leg, _ = await offered(plane, "a", peer, Wish(("opus",)))
        plane.bridge(leg, leg)
        await peer.hears(440)


async def test_two_legs_hear_each_other_and_no_more_once_parted() -> None:
    async with running() as plane, Peer(440) as one, Peer(620) as other:
        a, _ = await offered(plane, "a", one)
        b, _ = await answered(plane, "b", other)
        bridge = plane.bridge(a, b)
        await one.hears(620)
        await other.hears(440)
        plane.unbridge(bridge)
        sent = plane.stats(a).packets_out
        came = plane.stats(a).packets_in
        await until(lambda: plane.stats(a).packets_in >= came + 5)
        assert plane.stats(a).packets_out == sent
        plane.unbridge(bridge)  # nothing is left to part


async def test_a_bridge_made_before_the_answer_flows_after_it() -> None:
    async with running() as plane, Peer(440) as one, Peer(620) as other:
        a, _ = await offered(plane, "a", one)
        b, events = LegId("b"), Events()
        plane.open(b, Transport.WEBRTC, events)
        plane.bridge(a, b)
        await plane.read_answer(b, await other.answer(await plane.make_offer(b, AUDIO)))
        await one.hears(620)
        await other.hears(440)


async def test_the_bridge_joined_last_counts_and_parting_an_older_one_changes_nothing() -> None:
    async with running() as plane, Peer(440) as one, Peer(620) as other, Peer(880) as third:
        a, _ = await offered(plane, "a", one)
        b, _ = await offered(plane, "b", other)
        c, _ = await offered(plane, "c", third)
        older = plane.bridge(a, b)
        await one.hears(620)
        plane.bridge(a, c)
        await one.hears(880)
        await third.hears(440)
        plane.unbridge(older)
        await one.hears_frames(10)
        await one.hears(880)


async def test_what_is_played_replaces_what_was_heard_and_only_for_that_leg() -> None:
    async with running() as plane, Peer(440) as one, Peer(620) as other:
        a, _ = await offered(plane, "a", one)
        b, _ = await offered(plane, "b", other)
        plane.bridge(a, b)
        await one.hears(620)
        music = asyncio.create_task(plane.play(a, "music", loop=True))
        await one.hears_none_of(440, 620)
        await other.hears(440)
        plane.bridge(a, b)
        await music  # returns, as something else is heard now
        await one.hears(620)


async def test_playing_ends_by_itself_and_when_it_is_cancelled() -> None:
    async with running() as plane, Peer() as peer:
        leg, _ = await offered(plane, "a", peer)
        await plane.play(leg, "silence:100")
        assert 5 <= plane.stats(leg).packets_out <= 6
        task = asyncio.create_task(plane.play(leg, "music", loop=True))
        await peer.hears_frames(10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(MediaError):
            await plane.play(leg, "tone:nothing")


async def test_closing_a_leg_ends_what_is_played_to_it() -> None:
    async with running() as plane, Peer() as peer:
        leg, _ = await offered(plane, "a", peer)
        task = asyncio.create_task(plane.play(leg, "music", loop=True))
        await peer.hears_frames(5)
        assert plane.close(leg).packets_out > 0
        await task


async def test_on_hold_nothing_passes_and_the_partner_hears_music() -> None:
    async with running() as plane, Peer(440) as one, Peer(620) as other:
        a, _ = await offered(plane, "a", one)
        b, _ = await offered(plane, "b", other)
        plane.bridge(a, b)
        await one.hears(620)
        plane.hold(a, True)
        await other.hears_none_of(440, 620)
        silent_since = plane.stats(a).packets_out
        await other.hears_frames(10)
        assert plane.stats(a).packets_out == silent_since
        plane.hold(a, False)
        await one.hears(620)
        await other.hears(440)


async def test_hold_lasts_through_a_transfer() -> None:
    async with running() as plane, Peer(440) as one, Peer(620) as other, Peer(880) as third:
        a, _ = await offered(plane, "a", one)
        b, _ = await offered(plane, "b", other)
        c, _ = await offered(plane, "c", third)
        plane.bridge(a, b)
        plane.hold(a, True)
        await other.hears_none_of(440, 620)
        plane.bridge(a, c)
        await third.hears_none_of(440, 880)
        plane.hold(a, False)
        await third.hears(440)
        await one.hears(880)


async def test_a_leg_goes_on_after_its_peer_starts_anew() -> None:
    async with running() as plane, Peer(440) as one, Peer(620) as other, Peer(880) as again:
        a, events = await offered(plane, "a", one)
        b, _ = await offered(plane, "b", other)
        plane.bridge(a, b)
        await other.hears(440)
        ssrc = plane._legs[a].port.audio.out.ssrc
        await one.pc.close()
        plane.suspend(a)
        await plane.read_answer(a, await again.answer(await plane.renew(a)))
        await events.wait(Connected, 2)
        await other.hears(880)
        await again.hears(620)
        assert [receiver.getSynchronizationSources()[0].source for receiver in again.pc.getReceivers()] == [ssrc]
        assert plane.stats(a).packets_in > 16


@pytest.mark.parametrize(("codec", "another"), [("PCMU", "opus"), ("G722", "opus"), ("PCMU", "PCMA")])
async def test_legs_of_different_codecs_hear_each_other(codec: str, another: str) -> None:
    async with running() as plane, Peer(440) as one, Peer(620) as other:
        a, _ = await offered(plane, "a", one, Wish((codec,)))
        b, _ = await offered(plane, "b", other, Wish((another,)))
        plane.bridge(a, b)
        await other.hears(440)
        await one.hears(620)
        assert (plane.codec(a), plane.codec(b)) == (codec, another)
        assert plane.stats(a).dropped == plane.stats(b).dropped == 0
        plane.bridge(b, b)
        await other.hears(620)


async def test_digits_arrive_once_each_while_the_call_is_relayed() -> None:
    """`send_digits` of one plane, heard by another: RFC 4733 both ways."""
    async with running() as plane, running() as far:
        a, b, here, there = LegId("a"), LegId("b"), Events(), Events()
        plane.open(a, Transport.WEBRTC, here)
        far.open(b, Transport.WEBRTC, there)
        far.read_offer(b, await plane.make_offer(a, AUDIO))
        await plane.read_answer(a, await far.make_answer(b, AUDIO))
        await here.wait(Connected)
        await there.wait(Connected)
        far.bridge(b, b)
        plane.send_digits(a, "12#")
        assert [(await there.wait(Digit, n)).digit for n in (1, 2, 3)] == ["1", "2", "#"]
        assert [(await here.wait(Digit, n)).digit for n in (1, 2, 3)] == ["1", "2", "#"]  # the echo
        assert all(80 <= event.ms <= 120 for event in there.seen if isinstance(event, Digit))
        assert far.stats(b).lost == 0


async def test_strangers_change_nothing() -> None:
    """X13, X14, X15: STUN, DTLS, RTP and nonsense from elsewhere while a call goes on."""
    async with running() as plane, Peer(440) as peer:
        leg, events = await offered(plane, "a", peer)
        plane.bridge(leg, leg)
        await peer.hears(440)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for junk in _junk(plane):
                for address in plane.addresses:
                    stranger.sendto(junk, address)
            frames = peer.frames
            await peer.hears_frames(20)
            stranger.setblocking(False)
            with pytest.raises(BlockingIOError):
                stranger.recv(2048)  # nobody answered
        await peer.hears(440)
        assert peer.frames >= frames + 20
        assert events.seen == [Connected()]
        assert {"stranger", "size", "stun", "unknown"} <= plane.dropped.keys()
        assert plane.stats(leg).dropped == 0


def _junk(plane: Plane) -> list[bytes]:
    name = next(iter(plane._transports.mux.ufrags)).encode() if plane._transports.mux else b""
    check = b"\x00\x01\x00\x10\x21\x12\xa4\x42" + os.urandom(12) + b"\x00\x06\x00\x0c" + name + b":abc"
    hello = b"\x16\xfe\xff" + bytes(8) + b"\x00\x10" + b"\x01" + os.urandom(15)
    return [
        b"",
        b"\x00",
        check,
        b"\x01\x01\x00\x00\x21\x12\xa4\x42" + os.urandom(12),
        hello,
        b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28",
        b"\x80\x00" + os.urandom(170),
        b"\x80\xc9" + os.urandom(30),
        b"\xff" + os.urandom(20),
        b"\x80" + os.urandom(1900),
        b"\x80\x00",
    ]


async def test_a_peer_that_never_comes_fails_in_time() -> None:
    async with running(setup_limit=0.2) as plane, Peer() as peer:
        leg, events = LegId("a"), Events()
        plane.open(leg, Transport.WEBRTC, events)
        plane.read_offer(leg, await peer.offer())
        await plane.make_answer(leg, AUDIO)
        assert (await events.wait(Failed)).cause is Cause.MEDIA_TIMEOUT
        assert plane.close(leg) == LegStats(codec="PCMU")


async def test_a_peer_with_another_certificate_is_refused() -> None:
    async with running() as plane, Peer() as peer:
        leg, events = LegId("a"), Events()
        plane.open(leg, Transport.WEBRTC, events)
        lines = [line for line in (await peer.offer()).splitlines() if not line.startswith("a=fingerprint")]
        plane.read_offer(leg, "\r\n".join([*lines, "a=fingerprint:sha-256 " + ":".join(["00"] * 32), ""]))
        await peer.take_answer(await plane.make_answer(leg, AUDIO))
        assert (await events.wait(Failed)).cause is Cause.DESTINATION_OUT_OF_ORDER
        assert Connected() not in events.seen


async def test_silence_fails_a_leg_once() -> None:
    async with running(media_timeout=0.3) as plane, Peer() as peer:
        leg, events = await offered(plane, "a", peer)
        await peer.sender.stop()
        assert (await events.wait(Failed)).cause is Cause.MEDIA_TIMEOUT
        await asyncio.sleep(0.3)
        assert len(events.seen) == 2
        plane.close(leg)


async def test_on_hold_or_suspended_a_leg_may_be_silent() -> None:
    """V31, V39."""
    async with running(media_timeout=0.2) as plane, Peer() as one, Peer() as other:
        a, quiet = await offered(plane, "a", one)
        b, gone = await offered(plane, "b", other)
        plane.hold(a, True)
        plane.suspend(b)
        await one.sender.stop()
        await other.pc.close()
        await asyncio.sleep(0.6)
        assert quiet.seen == gone.seen == [Connected()]
        plane.hold(a, False)
        await quiet.wait(Failed)


async def test_a_leg_that_is_not_open_is_an_error_but_to_close_it_is_not() -> None:
    async with running() as plane:
        nobody = LegId("nobody")
        assert plane.close(nobody) == LegStats()
        for ask in (plane.stats, plane.codec, plane.has_video, plane.suspend, plane.refresh_video):
            with pytest.raises(MediaError):
                ask(nobody)
        with pytest.raises(MediaError):
            await plane.make_offer(nobody, AUDIO)


async def test_what_does_not_fit_is_refused_and_the_leg_stays_usable() -> None:
    async with running() as plane, Peer() as peer:
        leg = LegId("a")
        plane.open(leg, Transport.WEBRTC, Events())
        with pytest.raises(MediaError):
            plane.open(leg, Transport.WEBRTC, Events())
        for text in ("", "nonsense", "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"):
            with pytest.raises(MediaError):
                plane.read_offer(leg, text)
        with pytest.raises(MediaError):
            await plane.make_answer(leg, AUDIO)
        with pytest.raises(MediaError):
            await plane.read_answer(leg, await peer.offer())
        with pytest.raises(MediaError):
            await plane.renew(leg)
        plane.read_offer(leg, await peer.offer())
        with pytest.raises(MediaError):
            await plane.make_answer(leg, Wish(("nothing",)))
        await peer.take_answer(await plane.make_answer(leg, AUDIO))
        with pytest.raises(MediaError):
            await plane.make_answer(leg, AUDIO)


async def test_pictures_pass_and_key_frames_are_asked_for() -> None:
    both = Wish(("PCMU",), ("VP8",))
    async with running() as plane, Peer(440, video=True) as one, Peer(620, video=True) as other:
        a, _ = await offered(plane, "a", one, both)
        b, _ = await answered(plane, "b", other, both)
        assert plane.has_video(a) and plane.has_video(b)
        plane.bridge(a, b)
        await one.sees(3)
        await other.sees(3)


async def test_closing_frees_what_a_leg_used() -> None:
    async with running() as plane, Peer() as peer:
        leg, _ = await offered(plane, "a", peer)
        plane.bridge(leg, leg)
        plane.close(leg)
        assert plane._transports.mux is not None
        while plane._tasks:
            await asyncio.wait(plane._tasks)
        assert not plane._transports.mux.ufrags and not plane._transports.mux.transactions and not plane._patch._bridges
        assert not any(sock.paths or sock._rtp or sock._rtcp for sock in plane._transports.mux.sockets)


async def test_a_public_address_is_told_in_place_of_our_own() -> None:
    plane = Plane(Sounds({}), addresses=["127.0.0.1"], public_address="203.0.113.7")
    await plane.start()
    try:
        plane.open(LegId("a"), Transport.WEBRTC, Events())
        offer = await plane.make_offer(LegId("a"), AUDIO)
        assert "203.0.113.7" in offer and "127.0.0.1 " not in offer.partition("a=candidate")[2]
        assert [host for host, _ in plane.addresses] == ["203.0.113.7"]
    finally:
        await plane.stop()


def test_the_plane_is_what_the_core_expects() -> None:
    plane: Media = Plane()
    assert plane is not None
