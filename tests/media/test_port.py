"""What one leg hears: its sources and their counts, its reports, its digits, and wishes for pictures."""

import struct

import pytest
from aiortc import rtp as far

from xswitch_py.base.ids import LegId
from xswitch_py.media import bridge, rtcp
from xswitch_py.media.api import Connected, Digit, Measured, MediaEvent, Milestone
from xswitch_py.media.negotiate import Agreed, Format, Remote, Stream
from xswitch_py.media.port import Port
from xswitch_py.media.rtcp import Bye, Feedback, Report
from xswitch_py.media.rtp_out import payload_of

AUDIO = Stream("audio", "0", (Format(0, "PCMU", 8000),), Format(101, "telephone-event", 8000))
VIDEO = Stream("video", "1", (Format(96, "VP8", 90000),))
REMOTE = Remote("u", "p", (), True, ())


class Wire:
    """A port that is up, and what it sends and tells."""

    def __init__(self, *streams: Stream) -> None:
        self.sent: list[bytes] = []
        self.reports: list[bytes] = []
        self.events: list[MediaEvent] = []
        self.resent: list[int] = []
        self.port = Port(LegId("leg"), self._hear_of)
        self.port.agree(Agreed(REMOTE, streams or (AUDIO,)))
        self.port.allow_resend(self._resend)
        self.port.up(self.sent.append, self.sent.append, self.reports.append)

    def _hear_of(self, event: MediaEvent) -> None:
        if not isinstance(event, Measured | Milestone):
            self.events.append(event)

    def _resend(self, seq: int) -> bool:
        self.resent.append(seq)
        return seq % 2 == 0

    def hear(
        self, seq: int, *, ssrc: int = 7, pt: int = 0, ts: int | None = None, now: float = 1.0, data: bytes = b"x" * 160
    ) -> bool:
        """Let a packet come."""
        stamp = seq * 160 if ts is None else ts
        return self.port.receive(struct.pack("!BBHII", 0x80, pt, seq & 0xFFFF, stamp & 0xFFFFFFFF, ssrc) + data, now)

    def wishes(self) -> list[Feedback]:
        """What was asked of the peer."""
        return [item for data in self.reports for item in rtcp.parse(data) if isinstance(item, Feedback)]


def test_loss_is_counted_from_gaps_over_the_wrap_and_late_packets_fill_them() -> None:
    wire = Wire()
    for seq in (65_533, 65_534, 0, 1, 65_535, 5):
        wire.hear(seq)
    stats = wire.port.stats()
    assert (stats.packets_in, stats.lost) == (6, 3)
    assert stats.bytes_in == 6 * 172


def test_jitter_is_that_of_rfc_3550() -> None:
    wire = Wire()
    expected, before = 0.0, None
    for n, late in enumerate((0, 0.004, 0.001, 0.010, 0.0)):
        transit = (n * 0.02 + late) * 8000 - n * 160
        if before is not None:
            expected += (abs(transit - before) - expected) / 16
        before = transit
        wire.hear(n, now=50 + n * 0.02 + late)
    assert wire.port.stats().jitter == pytest.approx(expected / 8)


def test_jitter_survives_the_wrap_of_the_timestamps() -> None:
    wire = Wire()
    for n in range(100):
        wire.hear(n, ts=0xFFFFFFFF - 5000 + n * 160, now=9 + n * 0.02)
    assert wire.port.stats().jitter < 1


def test_four_sources_are_heard_and_a_silent_one_makes_room() -> None:
    wire = Wire()
    assert all(wire.hear(1, ssrc=n, now=10.0 + n) for n in range(4))
    assert not wire.hear(1, ssrc=9, now=14.0)
    assert wire.port.dropped == 1
    assert wire.hear(1, ssrc=9, now=16.0)  # the first has been silent for six seconds
    assert wire.port.stats().packets_in == 5
    assert wire.port.heard_at == 16.0


def test_payload_types_that_were_not_agreed_on_are_dropped() -> None:
    wire = Wire()
    assert not wire.hear(1, pt=96)
    assert wire.port.stats().dropped == 1


def test_a_peer_that_may_not_send_is_not_heard() -> None:
    wire = Wire(Stream("audio", "0", AUDIO.formats, hears=False))
    assert not wire.hear(1)


def test_to_a_peer_that_only_sends_nothing_is_sent() -> None:
    wire = Wire(Stream("audio", "0", AUDIO.formats, sends=False))
    wire.port.audio.out.write(b"x", 160)
    assert not wire.sent


def test_a_press_is_told_once_by_its_end_or_by_silence() -> None:
    wire = Wire()
    for seq, payload in enumerate([b"\x05\x0a\x03\x20", b"\x05\x8a\x06\x40", b"\x05\x8a\x06\x40", b"\x05\x8a\x06\x40"]):
        wire.hear(seq, pt=101, ts=100, data=payload)
    wire.hear(9, pt=101, ts=9000, data=b"\x0b\x0a\x03\x20", now=2.0)
    wire.port.tick(2.05)
    assert wire.events == [Connected(), Digit("5", 200)]
    wire.port.tick(2.1)
    assert wire.events[2:] == [Digit("#", 100)]


def test_reports_say_what_was_heard_and_sent() -> None:
    """RFC 3550 section 6.4; read by another parser."""
    wire = Wire()
    for seq in (1, 2, 4, 5):
        wire.hear(seq)
    wire.port.audio.out.write(b"x" * 160, 160)
    wire.port.receive_rtcp(rtcp.sender_report(7, 0x0102030405060708, 0, 0, 0), 1000.0)
    wire.port.tick(1e12)
    [data] = wire.reports
    report, description = far.RtcpPacket.parse(data)
    assert isinstance(report, far.RtcpSrPacket) and isinstance(description, far.RtcpSdesPacket)
    assert (report.sender_info.packet_count, report.sender_info.octet_count) == (1, 160)
    [heard] = report.reports
    assert (heard.ssrc, heard.packets_lost, heard.fraction_lost, heard.highest_sequence) == (7, 1, 256 // 5, 5)
    assert heard.lsr == 0x03040506
    assert description.chunks[0].ssrc == wire.port.audio.out.ssrc


def test_reports_come_at_intervals_and_not_while_the_peer_is_away() -> None:
    wire = Wire()
    wire.port.tick(1e12)
    wire.port.tick(1e12 + 2.4)
    assert len(wire.reports) == 1
    wire.port.tick(1e12 + 7.6)
    assert len(wire.reports) == 2
    wire.port.down()
    wire.port.tick(1e12 + 100)
    assert len(wire.reports) == 2


def test_a_source_that_says_bye_is_forgotten_and_its_counts_stay() -> None:
    wire = Wire()
    wire.hear(1)
    wire.port.receive_rtcp(rtcp.bye([7, 8]), 2.0)
    assert wire.port.stats().packets_in == 1 and not wire.port.audio.sources
    assert wire.port.heard_at >= 1.0


def test_at_the_end_we_say_bye() -> None:
    wire = Wire(AUDIO, VIDEO)
    wire.port.say_bye()
    [data] = wire.reports
    *_, bye = rtcp.parse(data)
    assert bye == Bye((wire.port.audio.out.ssrc, wire.port.video.out.ssrc))


def test_a_wish_for_a_key_frame_goes_to_who_is_seen_and_not_too_often() -> None:
    one, other = Wire(AUDIO, VIDEO), Wire(AUDIO, VIDEO)
    one.hear(1, ssrc=50, pt=96)
    bridge.join(one.port, other.port)
    [first] = one.wishes()  # joining asks for one
    assert (first.what, first.media) == ("pli", 50)
    one.port.video.refreshed_at = -1e9
    ours = other.port.video.out.ssrc
    for wish in (rtcp.picture_loss(1, ours), rtcp.full_intra_request(1, ours, 1)):
        other.port.receive_rtcp(wish, 2.0)
    assert [wish.what for wish in one.wishes()] == ["pli", "pli"]
    bridge.part(one.port, other.port)
    one.port.video.refreshed_at = -1e9
    other.port.receive_rtcp(rtcp.picture_loss(1, other.port.video.out.ssrc), 3.0)
    assert len(one.wishes()) == 2


def test_a_lost_picture_packet_is_sent_again_or_asked_for_in_its_own_number() -> None:
    one, other = Wire(AUDIO, VIDEO), Wire(AUDIO, VIDEO)
    bridge.join(one.port, other.port)
    one.hear(1000, ssrc=50, pt=96)
    sent = other.port.video.out.seq
    asked = [sent + 1 & 0xFFFF, sent + 2 & 0xFFFF]
    other.port.receive_rtcp(rtcp.nack(1, other.port.video.out.ssrc, asked), 2.0)
    assert other.resent == asked
    [wish] = [wish for wish in one.wishes() if wish.what == "nack"]
    assert wish.media == 50
    assert list(rtcp.lost_packets(wish.fci)) == [1000 + seq - sent for seq in asked if seq % 2]


def test_who_asks_for_packets_again_and_again_spends_what_it_may_send() -> None:
    wire = Wire(VIDEO)
    missed = b"\0\0\xff\xff" * 360  # 17 packets each
    nack = struct.pack("!BBHII", 0x81, 205, 362, 1, wire.port.video.out.ssrc) + missed
    for _ in range(3):
        wire.port.receive_rtcp(nack, 1.0)
    assert len(wire.resent) == 3000  # of a second


def test_the_bandwidth_of_a_receiver_is_told_to_the_sender() -> None:
    one, other = Wire(AUDIO, VIDEO), Wire(AUDIO, VIDEO)
    bridge.join(one.port, other.port)
    one.hear(1, ssrc=50, pt=96)
    other.port.receive_rtcp(rtcp.remb(1, 256_000, [other.port.video.out.ssrc]), 2.0)
    [wish] = [wish for wish in one.wishes() if wish.what == "remb"]
    assert rtcp.receive_bandwidth(wish.fci) == (256_000, (50,))


def test_feedback_travels_behind_a_report() -> None:
    """RFC 4585 section 3.1."""
    wire = Wire(AUDIO, VIDEO)
    wire.hear(1, ssrc=50, pt=96)
    wire.port.ask_refresh()
    first, _ = rtcp.parse(wire.reports[0])
    assert isinstance(first, Report)


@pytest.mark.parametrize(
    ("packet", "payload"),
    [
        (b"\x80" + bytes(11) + b"abc", b"abc"),
        (b"\x82" + bytes(11) + bytes(8) + b"abc", b"abc"),
        (b"\x90" + bytes(11) + b"\xbe\xde\x00\x01" + bytes(4) + b"abc", b"abc"),
        (b"\xa0" + bytes(11) + b"abc\x00\x02", b"abc"),
        (b"\xa0" + bytes(11) + b"\xff", b""),
        (b"\x8f" + bytes(11) + b"abc", b""),
        (b"\x90" + bytes(11) + b"\xbe", b""),
        (b"\x90" + bytes(11) + b"\xbe\xde\xff\xff", b""),
    ],
)
def test_the_payload_is_found_or_there_is_none(packet: bytes, payload: bytes) -> None:
    """X15: padding, sources or extensions longer than the packet."""
    assert payload_of(packet) == payload
