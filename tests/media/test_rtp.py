"""Plain RTP and SDES-SRTP between the plane and raw sockets: who is heard, where packets go, which ports are used."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from tests.media.peer import Events, running, until
from tests.media.phone import MAPS, PROFILES, Phone, answered, called
from tests.media.test_ports import free
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.media import latch
from xswitch_py.media import ports as ports_module
from xswitch_py.media.api import Connected, Digit, Failed, MediaEvent, Transport
from xswitch_py.media.plane import Plane
from xswitch_py.media.player import Sounds

pytestmark = pytest.mark.timeout(30)

HOST = "127.0.0.1"
RANGE = (31000, 31999)


def report_now(plane: Plane) -> None:
    """Let no leg wait for its first report."""
    for leg in plane._legs.values():
        leg.port._report_at = 0.0


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running(addresses=[HOST], rtp_ports=RANGE) as made:  # type: ignore[arg-type]
        yield made


async def test_two_phones_hear_each_other(plane: Plane) -> None:
    async with Phone(0, 101) as one, Phone(0, 101, hz=620) as other:
        a = await called(plane, "a", one)
        b, events = await answered(plane, "b", other)
        assert events.seen == [Connected()]  # it can be sent to, whether it says something or not
        plane.bridge(a, b)
        one.talk()
        other.talk()
        await one.hears(620)
        await other.hears(440)
        assert plane.stats(a).lost == plane.stats(a).dropped == 0
        assert plane.codec(a) == plane.codec(b) == "PCMU"


@pytest.mark.parametrize("suite", PROFILES)
async def test_srtp_with_keys_of_the_sdp_passes_both_ways(plane: Plane, suite: str) -> None:
    async with Phone(0, 101, suite=suite) as one, Phone(0, 101, hz=620, suite=suite) as other:
        a = await called(plane, "a", one)
        b, _ = await answered(plane, "b", other, transport=Transport.SRTP)
        plane.bridge(a, b)
        one.talk()
        other.talk()
        await one.hears(620)
        await other.hears(440)
        report_now(plane)
        await until(lambda: bool(one.reports and other.reports))  # decrypted: a wrong key would have raised


async def test_what_is_not_authentic_is_dropped_and_moves_nothing(plane: Plane) -> None:
    async with Phone(0, suite="AES_CM_128_HMAC_SHA1_80") as phone:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.bind((HOST, 0))
            for _ in range(3):
                thief.sendto(b"\x80\x00" + os.urandom(180), phone.to)  # type: ignore[arg-type]
            await until(lambda: plane.stats(leg).dropped == 3)
            sent = phone.send()
            await phone.gets(1)
            phone.rtp.sendto(sent, phone.to)  # type: ignore[arg-type]
            await until(lambda: plane.stats(leg).dropped == 4)  # a replay
        assert plane.stats(leg).packets_in == 1


async def test_a_key_identifier_in_packets_is_passed_over(plane: Plane) -> None:
    async with Phone(0, suite="AES_CM_128_HMAC_SHA1_80") as phone:
        leg = LegId("a")
        plane.open(leg, Transport.RTP, Events())
        offer = "\r\n".join(f"{li}|2^20|1:4" if "crypto" in li else li for li in phone.sdp().split("\r\n"))
        plane.read_offer(leg, offer)
        phone.aim(await plane.make_answer(leg, Wish(("PCMU",))))
        plane.bridge(leg, leg)
        assert phone._out is not None
        packet = phone._out.protect(b"\x80\x00\x00\x01" + bytes(8) + b"\xff" * 160)
        phone.rtp.sendto(packet[:-10] + b"\0\0\0\1" + packet[-10:], phone.to)  # type: ignore[arg-type]
        await phone.gets(1)


# S93


@pytest.mark.item("S93")
async def test_a_phone_behind_a_translator_is_heard_and_answered_where_it_speaks_from(plane: Plane) -> None:
    async with Phone(0) as phone, Phone(0) as elsewhere:
        leg = LegId("a")
        plane.open(leg, Transport.RTP, Events())
        plane.read_offer(leg, phone.sdp(address="127.0.0.99", port=elsewhere.port))
        phone.aim(await plane.make_answer(leg, Wish(("PCMU",))))
        plane.bridge(leg, leg)
        phone.talk()
        await phone.hears(440)
        assert not elsewhere.packets


@pytest.mark.item("S93")
async def test_a_second_source_takes_over_once_and_then_strangers_are_dropped_and_counted(plane: Plane) -> None:
    async with Phone(0) as phone, Phone(0) as moved, Phone(0) as thief:
        leg = LegId("a")
        plane.open(leg, Transport.RTP, Events())
        plane.read_offer(leg, phone.sdp(address="10.99.0.1"))
        phone.aim(await plane.make_answer(leg, Wish(("PCMU",))))
        plane.bridge(leg, leg)
        phone.send()
        await phone.gets(1)
        moved.to = thief.to = phone.to
        moved.send()
        await moved.gets(1)
        for _ in range(3):
            thief.send()
        await until(lambda: plane.stats(leg).dropped == 3)
        phone.send()
        await until(lambda: plane.stats(leg).dropped == 4)
        moved.send()
        await moved.gets(1)
        assert not thief.packets and len(phone.packets) == 1


@pytest.mark.item("S93")
async def test_strangers_who_speak_first_or_later_cannot_take_the_sound_of_a_phone_without_a_translator(
    plane: Plane,
) -> None:
    async with Phone(0) as phone, Phone(0) as thief, Phone(0) as other:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        thief.to = other.to = phone.to
        thief.send()
        await thief.gets(1)
        other.send()
        await other.gets(1)
        phone.send()
        await phone.gets(1)
        other.send()
        thief.send()
        await until(lambda: plane.stats(leg).dropped == 2)
        phone.send()
        await phone.gets(1)
        assert len(thief.packets) == len(other.packets) == 1


@pytest.mark.item("S93")
async def test_what_is_no_rtp_of_the_agreed_formats_never_becomes_the_source(plane: Plane) -> None:
    async with Phone(0) as phone, Phone(0) as thief:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        thief.to = phone.to
        thief.send(pt=18)
        thief.rtp.sendto(b"\x80\x00short", phone.to)  # type: ignore[arg-type]
        thief.rtp.sendto(b"\x00\x01" + bytes(40), phone.to)  # type: ignore[arg-type]
        thief.rtp.sendto(b"\x80\x00" + bytes(1600), phone.to)  # type: ignore[arg-type]
        thief.rtp.sendto(b"", phone.to)  # type: ignore[arg-type]
        await until(lambda: plane.stats(leg).dropped == 5)
        phone.send()
        await phone.gets(1)
        assert not thief.packets


@pytest.mark.item("S93")
async def test_without_translators_only_the_host_of_the_sdp_is_heard() -> None:
    async with (
        running(addresses=[HOST], rtp_ports=RANGE, symmetric_rtp=False) as plane,  # type: ignore[arg-type]
        Phone(0) as phone,
        Phone(0, host="127.0.0.2") as other,
    ):
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        other.to = phone.to
        other.send()
        await until(lambda: plane.stats(leg).dropped == 1)
        phone.send()
        await phone.gets(1)


@pytest.mark.item("S93")
async def test_a_settled_source_has_a_socket_of_its_own_and_others_are_still_counted(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latch, "_CHANGE", 0.0)
    monkeypatch.setattr(latch, "_SILENCE", 0.1)
    async with Phone(0, suite="AEAD_AES_128_GCM") as phone, Phone(0) as thief:
        leg = await called(plane, "a", phone, lines=("a=rtcp-mux",))
        plane.bridge(leg, leg)
        for _ in range(5):
            phone.send()
            await phone.gets(1)
        line = plane._legs[leg].bargain.side._transport._lines["audio"]  # type: ignore[attr-defined]
        assert line._narrow is not None
        thief.to = phone.to
        thief.send()
        await until(lambda: plane.stats(leg).dropped == 1)
        assert phone._out is not None
        phone.rtp.sendto(phone._out.protect_rtcp(b"\x80\xc9\0\1" + bytes(4)), phone.to)  # type: ignore[arg-type]
        phone.rtp.sendto(b"\x80\0short", phone.to)  # type: ignore[arg-type]
        await until(lambda: plane.stats(leg).dropped == 2)
        await asyncio.sleep(0.15)
        loop = asyncio.get_running_loop()
        loop.remove_reader(phone.rtp)
        phone.rtp.close()
        phone.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        phone.rtp.bind((HOST, 0))
        phone.rtp.setblocking(False)
        loop.add_reader(phone.rtp, phone._receive)
        phone.ssrc += 1
        phone.send()
        await phone.gets(1)  # it is heard elsewhere, and sent to there
        assert line._narrow is None
        phone.send()
        await phone.gets(1)
        assert line._narrow is not None
        plane.close(leg)
        assert plane._transports.rtp is not None and not plane._transports.rtp._ready


async def test_a_digit_that_ends_the_leg_ends_the_reading_of_its_ports(plane: Plane) -> None:
    failed: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    async with Phone(0, 101) as phone:
        leg, seen = LegId("a"), Events()

        def listen(event: MediaEvent) -> None:
            seen(event)
            if isinstance(event, Digit):
                plane.close(leg)

        plane.open(leg, Transport.RTP, listen)
        plane.read_offer(leg, phone.sdp())
        phone.aim(await plane.make_answer(leg, Wish(("PCMU",))))
        phone.send()
        phone.send(b"\5\x8a\0\xa0", pt=101)
        await seen.wait(Digit)
        await asyncio.sleep(0)
        assert plane._transports.rtp is not None and not plane._transports.rtp._ready and not failed


async def test_an_unreachable_phone_does_not_trouble_the_leg(plane: Plane) -> None:
    """ICMP errors say nothing."""
    async with Phone(0) as phone, Phone(0, hz=620) as other:
        a = await called(plane, "a", phone)
        b = await called(plane, "b", other)
        plane.bridge(a, b)
        loop = asyncio.get_running_loop()
        loop.remove_reader(phone.rtp)
        phone.rtp.close()
        phone.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.talk()
        await until(lambda: plane.stats(a).packets_out > 10)
        phone.rtp.sendto(b"\x80\x00\x00\x01" + bytes(168), phone.to)  # type: ignore[arg-type]
        await until(lambda: plane.stats(a).packets_in == 1)


# RTCP


async def test_reports_have_a_port_of_their_own_or_share_it_if_the_peer_wants_that(plane: Plane) -> None:
    async with Phone(0) as apart, Phone(0) as shared:
        await called(plane, "a", apart)
        await called(plane, "b", shared, lines=("a=rtcp-mux",))
        report_now(plane)
        for phone in (apart, shared):
            await phone.until(lambda phone=phone: bool(phone.reports))  # type: ignore[misc]
        loop = asyncio.get_running_loop()
        loop.remove_reader(apart.rtcp)
        assert apart.to is not None
        report = b"\x80\xc9\x00\x01" + bytes(4)
        before = plane.stats(LegId("a")).dropped
        apart.rtcp.sendto(report, (apart.to[0], apart.to[1] + 1))
        shared.rtp.sendto(report, shared.to)  # type: ignore[arg-type]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.3", 0))
            stranger.sendto(report, (apart.to[0], apart.to[1] + 1))
            await until(lambda: plane.stats(LegId("a")).dropped == before + 1)


async def test_reports_follow_the_host_that_is_heard_and_come_back_from_a_stranger(plane: Plane) -> None:
    async with Phone(0) as phone, Phone(0, host="127.0.0.3") as thief:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        thief.to = phone.to
        thief.send()
        await thief.gets(1)
        phone.send()
        await phone.gets(1)
        report_now(plane)
        await until(lambda: bool(phone.reports))


async def test_reports_to_a_phone_behind_a_translator_go_to_the_port_after_that_of_its_sound(plane: Plane) -> None:
    async with Phone(0) as phone, Phone(0, host="127.0.0.3") as seen:
        low = free(2)
        for port, sock, read in ((low, seen.rtp, seen._receive), (low + 1, seen.rtcp, seen._receive_rtcp)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
                made.bind(("127.0.0.3", port))
                made.setblocking(False)
                asyncio.get_running_loop().remove_reader(sock)
                os.dup2(made.fileno(), sock.fileno())
                asyncio.get_running_loop().add_reader(sock, read)
        leg = LegId("a")
        plane.open(leg, Transport.RTP, Events())
        offer = phone.sdp(address="10.99.0.1").split("\r\n")
        plane.read_offer(leg, "\r\n".join(line for line in offer if not line.startswith("a=rtcp:")))
        seen.aim(await plane.make_answer(leg, Wish(("PCMU",))))
        plane.bridge(leg, leg)
        seen.send()
        await seen.gets(1)
        report_now(plane)
        await until(lambda: bool(seen.reports))


@pytest.mark.item("S76")
async def test_a_phone_that_gives_no_address_at_first_is_heard_and_reported_to(plane: Plane) -> None:
    async with Phone(0) as phone:
        leg = LegId("a")
        plane.open(leg, Transport.RTP, Events())
        plane.read_offer(leg, phone.sdp("a=rtcp-mux", address="0.0.0.0"))
        phone.aim(await plane.make_answer(leg, Wish(("PCMU",))))
        report_now(plane)
        phone.send()
        await until(lambda: plane.stats(leg).packets_in == 1)
        report_now(plane)
        await until(lambda: bool(phone.reports))
        phone.version += 1
        plane.open(LegId("b"), Transport.RTP, Events())
        plane.read_offer(LegId("b"), phone.sdp(address="0.0.0.0"))
        phone.aim(await plane.make_answer(LegId("b"), Wish(("PCMU",))))
        phone.send()
        await until(lambda: plane.stats(LegId("b")).packets_in == 1)


# Digits


@pytest.mark.item("S83")
async def test_a_digit_of_a_phone_is_told_once_and_ours_reach_it(plane: Plane) -> None:
    async with Phone(0, 101) as phone:
        leg, events = await answered(plane, "a", phone)
        assert plane.takes_digits(leg)
        phone.ts += 160
        for end, duration in ((0, 160), (0, 320), (0x80, 480), (0x80, 480), (0x80, 480)):
            phone.ts -= 160
            phone.send(bytes([5, end | 10]) + duration.to_bytes(2, "big"), pt=101)
        digit = await events.wait(Digit)
        assert (digit.digit, digit.ms) == ("5", 60)
        plane.send_digits(leg, "7")
        await phone.until(lambda: sum(p[1] & 127 == 101 and p[13] > 127 for p in phone.packets) == 3)
        assert {p[12] for p in phone.packets} == {7}
        assert len([event for event in events.seen if isinstance(event, Digit)]) == 1


@pytest.mark.item("S83")
async def test_a_phone_without_telephone_events_takes_no_digits(plane: Plane) -> None:
    async with Phone(0) as phone:
        leg = await called(plane, "a", phone)
        assert not plane.takes_digits(leg)
        plane.send_digits(leg, "7")


# Ports and addresses


@pytest.mark.item("S94")
async def test_the_public_address_is_told_where_the_peer_is_not_on_this_host() -> None:
    plane = Plane(Sounds({}), addresses=[HOST], public_address="203.0.113.7", rtp_ports=RANGE)
    await plane.start()
    try:
        assert plane.rtp_range == RANGE
        async with Phone(0) as phone:
            leg = await called(plane, "a", phone)
            assert "c=IN IP4 127.0.0.1" in plane.local(leg)
    finally:
        await plane.stop()


async def test_ipv6_and_ipv4_phones_hear_each_other() -> None:
    async with (
        running(addresses=[HOST, "::1"], rtp_ports=RANGE) as plane,  # type: ignore[arg-type]
        Phone(0, host="::1") as one,
        Phone(0, hz=620) as other,
    ):
        a = await called(plane, "a", one)
        b, _ = await answered(plane, "b", other)
        assert "c=IN IP6 ::1" in plane.local(a) and "o=" in plane.local(a)
        plane.bridge(a, b)
        one.talk()
        other.talk()
        await one.hears(620)
        await other.hears(440)


async def test_a_peer_of_the_other_family_is_refused_where_it_cannot_be_reached(plane: Plane) -> None:
    async with Phone(0, host="::1") as phone, Phone(0) as other:
        leg = LegId("a")
        plane.open(leg, Transport.RTP, Events())
        await plane.make_offer(leg, Wish(("PCMU",)))
        with pytest.raises(MediaError, match="family"):
            await plane.read_answer(leg, phone.sdp())
        await plane.read_answer(leg, other.sdp())


async def test_ports_are_even_and_come_back_when_all_are_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports_module, "_QUARANTINE", 0.05)
    async with (
        running(addresses=[HOST], rtp_ports=(low := free(4), low + 3)) as plane,  # type: ignore[arg-type]
        Phone(0) as one,
        Phone(0) as other,
        Phone(0) as third,
    ):
        a = await called(plane, "a", one)
        await called(plane, "b", other)
        assert {one.to, other.to} == {(HOST, low), (HOST, low + 2)}
        with pytest.raises(MediaError) as refused:
            await called(plane, "c", third)
        assert refused.value.cause is Cause.SWITCH_CONGESTION
        plane.close(a)
        plane.close(LegId("c"))
        with pytest.raises(MediaError):
            await called(plane, "c", third)  # not at once: who had it may still be sending
        plane.close(LegId("c"))
        await asyncio.sleep(0.06)
        await called(plane, "c", third)
        assert third.to == one.to


async def test_closing_frees_what_a_leg_used(plane: Plane) -> None:
    async with Phone(0) as phone:
        leg = await called(plane, "a", phone)
        plane.close(leg)
        assert plane._transports.rtp is not None and not plane._transports.rtp._ready
        await phone.until(lambda: any(b"\xcb" in report for report in phone.reports))  # BYE
        phone.send()


# Time


async def test_a_silent_phone_fails_by_its_silence_only() -> None:
    async with (
        running(addresses=[HOST], rtp_ports=RANGE, setup_limit=0.1, media_timeout=0.6) as plane,  # type: ignore[arg-type]
        Phone(0) as phone,
    ):
        _, events = await answered(plane, "a", phone)
        await asyncio.sleep(0.3)
        assert events.seen == [Connected()]
        assert (await events.wait(Failed)).cause is Cause.MEDIA_TIMEOUT


async def test_a_phone_that_holds_may_be_silent() -> None:
    async with (
        running(addresses=[HOST], rtp_ports=RANGE, media_timeout=0.2) as plane,  # type: ignore[arg-type]
        Phone(0) as phone,
    ):
        leg, events = await answered(plane, "a", phone)
        phone.version += 1
        await plane.take_offer(leg, phone.sdp("a=sendonly"))
        await asyncio.sleep(0.5)
        assert events.seen == [Connected()]


# Between plain legs of other codecs and other packet lengths


@pytest.mark.parametrize("pts", [(8, 101), (9, 101), (96, 101)])
async def test_legs_of_different_codecs_hear_each_other(plane: Plane, pts: tuple[int, ...]) -> None:
    name = MAPS[pts[0]].partition("/")[0]
    async with Phone(0, 101) as one, Phone(*pts, hz=620) as other:
        a = await called(plane, "a", one)
        b = await called(plane, "b", other, name)
        plane.bridge(a, b)
        one.talk()
        other.talk()
        await one.hears(620)
        await other.hears(440)


@pytest.mark.parametrize("ms", [10, 30])
async def test_packets_of_another_length_are_relayed_as_they_are_and_recoded_to_ours(plane: Plane, ms: int) -> None:
    async with Phone(0, ms=ms) as one, Phone(0) as same, Phone(9) as other:
        a, b, c = await called(plane, "a", one), await called(plane, "b", same), await called(plane, "c", other, "G722")
        plane.bridge(a, b)
        one.talk()
        await same.hears(440)
        assert {len(packet) for packet in same.packets} == {12 + 8 * ms}
        plane.bridge(a, c)
        await other.hears(440)
        assert {len(packet) for packet in other.packets} == {172}
        assert [bool(packet[1] & 128) for packet in other.packets][:3] == [True, False, False]


@pytest.mark.parametrize("ms", [10, 30, 60])
async def test_what_we_make_ourselves_comes_in_packets_as_long_as_the_phone_wants(plane: Plane, ms: int) -> None:
    async with Phone(0) as phone, Phone(96, hz=620) as other:
        a, b = await called(plane, "a", phone, lines=(f"a=ptime:{ms}",)), await called(plane, "b", other, "opus")
        music = asyncio.create_task(plane.play(a, "music", loop=True))
        await phone.gets(8)
        other.talk()
        plane.bridge(a, b)
        await phone.hears(620)
        await music
        assert {len(packet) for packet in phone.packets} == {12 + 8 * ms}
        last = [struct.unpack_from("!HI", packet, 2) for packet in phone.packets[-4:]]
        assert [(y[0] - x[0], y[1] - x[1]) for x, y in pairwise(last)] == [(1, 8 * ms)] * 3
