"""One outgoing stream: whatever feeds it, its numbers and its clock go on."""

import struct
from collections.abc import Iterable

import pytest

from xswitch_py.media.rtp_out import HEADER, RtpOut, Sink

CLOCK = 8000
SAME = [second if second & 127 in (0, 101) else -1 for second in range(256)]  # payload types 0 and 101 pass as they are


class Wire:
    """What a stream sent, as (sequence, timestamp, marker, payload type, payload) counted from its first packet."""

    def __init__(self, *, marks: bool = True) -> None:
        self.now = 100.0
        self.raw: list[bytes] = []
        self.out = RtpOut(CLOCK, marks=marks, now=lambda: self.now)
        self.out.use(0, CLOCK, 101)
        self.out.connect(self.raw.append)
        self._seq, self._ts = self.out.seq, self.out.timestamp(self.now)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @property
    def sent(self) -> list[tuple[int, int, bool, int, bytes]]:
        """All packets."""
        return [self._read(packet) for packet in self.raw]

    @property
    def numbers(self) -> list[int]:
        """Their sequence numbers, the first is 1."""
        return [packet[0] for packet in self.sent]

    @property
    def times(self) -> list[int]:
        """Their timestamps, in ticks since the beginning."""
        return [packet[1] for packet in self.sent]

    def _read(self, packet: bytes) -> tuple[int, int, bool, int, bytes]:
        _, second, seq, ts, ssrc = HEADER.unpack_from(packet)
        assert ssrc == self.out.ssrc
        return (seq - self._seq) & 0xFFFF, (ts - self._ts) & 0xFFFFFFFF, second > 127, second & 127, packet[12:]


def feed(wire: Wire, sink: Sink, source: object, packets: Iterable[tuple[int, int]], pt: int = 0) -> None:
    """Let a source send packets of these sequence numbers and timestamps, 20 ms apart."""
    for seq, ts in packets:
        wire.wait(0.02)
        seq, ts = seq & 0xFFFF, ts & 0xFFFFFFFF
        sink(source, struct.pack("!BBHII", 0x80, pt, seq, ts, 7) + b"%d" % seq, 0x80, pt, seq, ts, wire.now)


def run(start: int, count: int, ts: int = 0) -> list[tuple[int, int]]:
    """Number packets of 160 ticks each."""
    return [(start + n, ts + 160 * n) for n in range(count)]


def test_generated_frames_count_up_and_the_first_has_the_marker() -> None:
    wire = Wire()
    for _ in range(3):
        wire.wait(0.02)
        wire.out.write(b"x", 160)
    assert wire.sent == [(1, 160, True, 0, b"x"), (2, 320, False, 0, b"x"), (3, 480, False, 0, b"x")]
    assert (wire.out.packets, wire.out.octets) == (3, 3)


def test_after_a_pause_the_timestamp_has_followed_the_clock() -> None:
    wire = Wire()
    wire.out.write(b"x", 160)
    wire.wait(2.0)
    wire.out.write(b"x", 160)
    assert wire.times == [160, 160 + 2 * CLOCK] and wire.sent[1][2]


def test_a_late_frame_of_several_ticks_advances_by_them() -> None:
    wire = Wire()
    wire.out.write(b"x", 160)
    wire.wait(0.1)
    wire.out.write(b"x", 800, marker=True)
    assert wire.times == [160, 960] and wire.sent[1][2]


@pytest.mark.parametrize("start", [0, 65_530, 12_345])
@pytest.mark.parametrize("ts", [0, 0xFFFFFFFF - 300, 99_999])
def test_a_source_is_joined_on_whatever_its_numbers_are_and_when_they_wrap(start: int, ts: int) -> None:
    wire = Wire()
    wire.out.write(b"x", 160)
    feed(wire, wire.out.relay(SAME, None), "a", run(start, 12, ts))
    assert wire.numbers == list(range(1, 14))
    assert wire.times == [160 * n for n in range(1, 14)]
    assert [marker for _, _, marker, _, _ in wire.sent[1:]] == [True] + [False] * 11


def test_our_own_numbers_wrap() -> None:
    wire = Wire()
    wire.out.seq = 65_534
    feed(wire, wire.out.relay(SAME, None), "a", run(0, 4))
    assert [HEADER.unpack_from(packet)[2] for packet in wire.raw] == [65_535, 0, 1, 2]


def test_loss_stays_visible_and_late_packets_keep_their_place() -> None:
    wire = Wire()
    feed(wire, wire.out.relay(SAME, None), "a", [(10, 0), (11, 160), (14, 640), (13, 480), (15, 800)])
    assert wire.numbers == [1, 2, 5, 4, 6]
    assert [time - wire.times[0] for time in wire.times] == [0, 160, 640, 480, 800]


def test_what_came_before_the_switch_or_twice_is_not_sent() -> None:
    """Never two payloads under one number."""
    wire = Wire()
    sink = wire.out.relay(SAME, None)
    feed(wire, sink, "a", run(100, 5))
    feed(wire, sink, "b", [(500, 0), (499, 0), (500, 0), (501, 160)])
    assert wire.numbers == [1, 2, 3, 4, 5, 6, 7]
    assert len(set(wire.numbers)) == len(wire.numbers)


def test_switching_back_and_forth_leaves_no_gap() -> None:
    wire = Wire()
    sink = wire.out.relay(SAME, None)
    feed(wire, sink, "a", run(100, 3))
    wire.wait(1.0)
    feed(wire, sink, "b", run(9, 3, 5_000))
    wire.wait(0.02)
    wire.out.write(b"tone", 160)
    feed(wire, sink, "a", run(103, 3, 80_000))
    assert wire.numbers == list(range(1, 11))
    assert wire.times == sorted(wire.times)
    assert wire.times[3] - wire.times[2] == CLOCK + 160
    assert [number for number, _, marker, _, _ in wire.sent if marker] == [1, 4, 7, 8]


def test_in_video_the_marker_ends_a_picture_and_is_left_alone() -> None:
    wire = Wire(marks=False)
    feed(wire, wire.out.relay(SAME, None), "a", run(1, 2))
    assert not any(marker for _, _, marker, _, _ in wire.sent)


def test_payload_types_are_mapped_and_others_left_out() -> None:
    wire = Wire()
    second = [-1] * 256
    second[96], second[96 | 128] = 0, 128
    feed(wire, wire.out.relay(second, None), "a", run(1, 2), pt=96)
    feed(wire, wire.out.relay(second, None), "a", run(3, 1), pt=13)
    assert [pt for _, _, _, pt, _ in wire.sent] == [0, 0]


def test_an_event_keeps_its_timestamp_and_sound_waits() -> None:
    """RFC 4733 section 2.5.1.2."""
    wire = Wire()
    sink = wire.out.relay(SAME, None)
    feed(wire, sink, "a", run(1, 2))
    for n in range(4):
        wire.wait(0.01)
        wire.out.write_event(b"e%d" % n, start=n == 0)
        feed(wire, sink, "a", run(3 + n, 1, 320 + 160 * n))
        wire.wait(-0.01)
        wire.out.write(b"x", 160)
    wire.wait(0.1)
    feed(wire, sink, "a", run(12, 2, 12 * 160))
    assert wire.numbers == list(range(1, 9))
    events = wire.sent[2:6]
    assert [pt for _, _, _, pt, _ in events] == [101] * 4
    assert len({time for _, time, _, _, _ in events}) == 1
    assert [marker for _, _, marker, _, _ in events] == [True, False, False, False]
    assert wire.times[6] > events[0][1]


def test_sound_between_the_packets_of_a_late_event_does_not_make_two_of_it() -> None:
    wire = Wire()
    sink = wire.out.relay(SAME, None)
    feed(wire, sink, "a", run(1, 2))
    for n in range(3):
        wire.wait(0.2)  # longer than sound waits for an event
        wire.out.write_event(b"e%d" % n, start=n == 0)
        wire.wait(0.1)
        feed(wire, sink, "a", run(10 * n + 20, 1, 1600 * n + 3200))
    assert [pt for _, _, _, pt, _ in wire.sent] == [0, 0, 101, 0, 101, 0, 101, 0]
    assert len({time for _, time, _, pt, _ in wire.sent if pt == 101}) == 1


def test_relayed_events_of_the_same_clock_keep_their_place_in_time() -> None:
    wire = Wire()
    sink, events = wire.out.relay(SAME, None), wire.out.relay_events(None, own_clock=False)
    feed(wire, sink, "a", run(1, 2))
    feed(wire, events, "a", [(3, 320), (4, 320), (5, 320)])
    feed(wire, sink, "a", run(6, 1, 800))
    assert wire.numbers == [1, 2, 3, 4, 5, 6]
    assert [time - wire.times[0] for time in wire.times] == [0, 160, 320, 320, 320, 800]
    assert [pt for _, _, _, pt, _ in wire.sent] == [0, 0, 101, 101, 101, 0]


def test_relayed_events_of_another_clock_get_timestamps_of_ours() -> None:
    wire = Wire()
    sink, events = wire.out.relay(SAME, None), wire.out.relay_events(None, own_clock=True)
    feed(wire, sink, "a", run(1, 2))
    feed(wire, events, "events of a", [(3, 77_777), (4, 77_777), (5, 99_999)])
    feed(wire, sink, "a", run(6, 2, 800))
    assert wire.numbers == [1, 2, 3, 4, 5, 6, 7]
    assert [time - wire.times[0] for time in wire.times] == [0, 160, 320, 320, 640, 800, 960]


def test_sound_between_the_packets_of_a_relayed_event_does_not_make_two_of_it() -> None:
    wire = Wire()
    sink, events = wire.out.relay(SAME, None), wire.out.relay_events(None, own_clock=True)
    for n in range(1, 9):
        if n % 2:
            feed(wire, sink, "a", run(n, 1, 160 * n))
        else:
            feed(wire, events, "events of a", [(n, 77_777)])
    assert [pt for _, _, _, pt, _ in wire.sent] == [0, 101] * 4
    assert len({time for _, time, _, pt, _ in wire.sent if pt == 101}) == 1


@pytest.mark.parametrize("own_clock", [False, True])
def test_a_late_packet_of_an_event_of_ours_does_not_make_two_of_a_relayed_one(own_clock: bool) -> None:
    wire = Wire()
    events = wire.out.relay_events(None, own_clock=own_clock)
    wire.out.write_event(b"ours", start=True)
    wire.wait(0.1)
    feed(wire, events, "a", [(3, 777)])
    wire.out.write_event(b"ours", start=False)
    feed(wire, events, "a", [(4, 777), (5, 777), (6, 777), (7, 777)])
    ours, theirs = (
        {time for _, time, _, _, sent in wire.sent if (sent == b"ours") is is_ours} for is_ours in (True, False)
    )
    assert (len(ours), len(theirs)) == (1, 1)
    assert len(wire.sent) > 4


def test_nothing_is_sent_while_muted_but_events() -> None:
    wire = Wire()
    sink = wire.out.relay(SAME, None)
    wire.out.mute(True)
    feed(wire, sink, "a", run(1, 2))
    wire.out.write(b"x", 160)
    wire.out.write_event(b"e", start=True)
    wire.out.mute(False)
    wire.wait(0.1)
    feed(wire, sink, "a", run(3, 1))
    assert [(number, pt) for number, _, _, pt, _ in wire.sent] == [(1, 101), (2, 0)]


def test_numbers_go_on_over_a_new_way_to_the_peer() -> None:
    wire = Wire()
    sink = wire.out.relay(SAME, None)
    feed(wire, sink, "a", run(1, 2))
    wire.out.connect(None)
    feed(wire, sink, "a", run(3, 5, 320))
    wire.out.connect(wire.raw.append)
    feed(wire, sink, "a", run(8, 1, 1120))
    assert wire.numbers == [1, 2, 3]
    assert wire.times[2] - wire.times[1] == 6 * 160


def test_no_event_is_sent_to_a_peer_that_takes_none() -> None:
    wire = Wire()
    wire.out.use(0, CLOCK)
    wire.out.write_event(b"e", start=True)
    wire.out.relay_events(None, own_clock=False)("a", bytes(16), 0x80, 101, 1, 1, wire.now)
    assert not wire.raw


def test_a_number_of_ours_is_traced_back_to_its_source() -> None:
    wire = Wire()
    feed(wire, wire.out.relay(SAME, None), "a", run(65_535, 3))
    assert wire.out.sent_as(wire.out.seq) == ("a", 1)
