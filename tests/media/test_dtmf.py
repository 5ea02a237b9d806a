"""Digits in RTP: RFC 4733, once a press, whatever is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.base.errors import ProtocolError
from xswitch_py.media.dtmf import DIGITS, DigitReader, DigitSender, EventPacket, Press, rescale


def event(digit: str, duration: int, *, end: bool = False) -> bytes:
    return bytes((DIGITS.index(digit), 0x8A if end else 0x0A)) + duration.to_bytes(2, "big")


def drained(sender: DigitSender) -> list[list[EventPacket]]:
    """Tick until nothing is left."""
    ticks = []
    while sender.busy:
        ticks.append(sender.tick())
        assert len(ticks) < 10_000
    return ticks


# reading


def test_a_press_is_told_at_its_end_and_once() -> None:
    reader = DigitReader()
    told = [reader.feed(event("5", n * 160, end=n >= 5), 1000, n * 0.02) for n in (1, 2, 3, 4, 5, 5, 5)]
    assert told == [None, None, None, None, Press("5", 800), None, None]
    assert reader.expire(99) is None


def test_a_press_without_an_end_is_told_after_60_ms() -> None:
    reader = DigitReader()
    reader.feed(event("#", 160), 1000, 0.0)
    reader.feed(event("#", 320), 1000, 0.02)
    assert reader.expire(0.08) is None
    assert reader.expire(0.081) == Press("#", 320)
    assert reader.expire(0.2) is None
    assert reader.feed(event("#", 480, end=True), 1000, 0.21) is None


def test_a_press_whose_end_is_lost_is_told_when_the_next_begins() -> None:
    reader = DigitReader()
    reader.feed(event("1", 160), 1000, 0.0)
    assert reader.feed(event("2", 160), 2000, 0.02) == Press("1", 160)
    assert reader.feed(event("2", 320, end=True), 2000, 0.04) == Press("2", 320)


def test_two_presses_that_end_in_one_packet_are_both_told() -> None:
    reader = DigitReader()
    reader.feed(event("1", 160), 1000, 0.0)
    assert reader.feed(event("2", 320, end=True), 2000, 0.02) == Press("1", 160)
    assert reader.feed(event("2", 320, end=True), 2000, 0.02) == Press("2", 320)
    assert reader.feed(event("2", 320, end=True), 2000, 0.02) is None


def test_the_second_of_two_is_told_by_the_timer_if_no_packet_follows() -> None:
    reader = DigitReader()
    reader.feed(event("1", 160), 1000, 0.0)
    reader.feed(event("2", 320, end=True), 2000, 0.02)
    assert reader.expire(0.02) == Press("2", 320)


def test_only_the_last_end_packet_is_enough() -> None:
    assert DigitReader().feed(event("D", 800, end=True), 7, 0.0) == Press("D", 800)


def test_the_same_digit_twice_is_two_presses() -> None:
    reader = DigitReader()
    assert reader.feed(event("1", 800, end=True), 1000, 0.0) == Press("1", 800)
    assert reader.feed(event("1", 800, end=True), 3000, 0.2) == Press("1", 800)


def test_packets_out_of_order_do_not_press_again_nor_shorten() -> None:
    reader = DigitReader()
    reader.feed(event("1", 320), 1000, 0.0)
    reader.feed(event("1", 160), 1000, 0.01)
    assert reader.feed(event("1", 480, end=True), 1000, 0.02) == Press("1", 480)
    assert reader.feed(event("2", 160), 2000, 0.1) is None
    assert reader.feed(event("1", 400), 1000, 0.11) is None
    assert reader.feed(event("2", 320, end=True), 2000, 0.12) == Press("2", 320)


def test_a_long_press_in_segments_is_one_press() -> None:
    """RFC 4733 section 2.5.1.3: each segment has the timestamp at which the one before it ended."""
    reader = DigitReader()
    start = 0xFFFFFF00  # so that the timestamp wraps
    assert reader.feed(event("9", 960), start, 0.0) is None
    assert reader.feed(event("9", 0xFFFF), start, 0.02) is None
    assert reader.feed(event("9", 960), (start + 0xFFFF) & 0xFFFFFFFF, 0.04) is None
    assert reader.feed(event("9", 1920, end=True), (start + 0xFFFF) & 0xFFFFFFFF, 0.06) == Press("9", 0xFFFF + 1920)
    assert reader.feed(event("9", 0xFFFF), start, 0.08) is None
    assert reader.expire(9.0) is None


def test_another_digit_right_after_is_not_a_segment() -> None:
    reader = DigitReader()
    reader.feed(event("9", 960), 1000, 0.0)
    assert reader.feed(event("8", 960), 1960, 0.02) == Press("9", 960)


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01\x8a\x03", b"\x11\x8a\x03\x20", b"\xff\x8a\x03\x20"])
def test_malformed_payloads_and_other_events_are_ignored(payload: bytes) -> None:
    reader = DigitReader()
    reader.feed(event("1", 160), 1000, 0.0)
    assert reader.feed(payload, 5000, 0.02) is None
    assert reader.feed(event("1", 320, end=True), 1000, 0.04) == Press("1", 320)


@given(st.lists(st.tuples(st.binary(max_size=6), st.integers(0, 3), st.integers(0, 100))))
def test_no_packets_press_more_often_than_timestamps_change(packets: list[tuple[bytes, int, int]]) -> None:
    reader, now, told, changes, last = DigitReader(), 0.0, 0, 0, -1
    for payload, timestamp, ms in packets:
        now += ms / 1000
        changes, last = changes + (timestamp != last), timestamp
        told += reader.feed(payload, timestamp, now) is not None
        told += reader.expire(now) is not None
    told += reader.expire(now + 1) is not None
    assert told <= changes


# sending


def test_a_digit_takes_100_ms_and_its_end_is_sent_three_times() -> None:
    sender = DigitSender(8000)
    sender.push("5")
    assert drained(sender) == [
        [EventPacket(event("5", 160), True, False)],
        [EventPacket(event("5", 320), False, False)],
        [EventPacket(event("5", 480), False, False)],
        [EventPacket(event("5", 640), False, False)],
        [EventPacket(event("5", 800, end=True), False, True)],
        [EventPacket(event("5", 800, end=True), False, True)],
        [EventPacket(event("5", 800, end=True), False, True)],
        [],
    ]


def test_between_two_digits_are_at_least_50_ms() -> None:
    sender = DigitSender(48000)
    sender.push("12")
    ticks = drained(sender)
    starts = [n for n, packets in enumerate(ticks) if packets and packets[0].start]
    assert starts == [0, 8]
    assert ticks[4][0].payload == event("1", 4800, end=True)  # sound is over at the end of step 4
    assert (starts[1] - 5) * 20 >= 50


def test_audio_may_flow_in_gaps_and_pauses_but_not_under_a_digit() -> None:
    sender = DigitSender(8000)
    sender.push("1w2")
    assert not sender.sounding
    flags = []
    while sender.busy:
        sender.tick()
        flags.append(sender.sounding)
    assert flags[:8] == [True] * 6 + [False] * 2  # as seen after the tick: the last end packet is out
    assert not any(flags[8:33])
    assert flags[33] is True


@pytest.mark.parametrize(("text", "empty"), [("w", 25), ("W", 50), ("wW", 75)])
def test_pauses_last_half_a_second_or_one(text: str, empty: int) -> None:
    sender = DigitSender(8000)
    sender.push(text)
    assert drained(sender) == [[]] * empty


@pytest.mark.parametrize(
    ("text", "clock", "ticks"),
    [("1@250", 8000, 260 * 8), ("1@40", 8000, 800), ("1@2000", 48000, 68 * 960), ("1@8000", 8000, 8000 * 8)],
)
def test_a_length_is_in_ms_at_least_100_and_at_most_16_bits(text: str, clock: int, ticks: int) -> None:
    sender = DigitSender(clock)
    sender.push(text)
    last = [packet for packets in drained(sender) for packet in packets][-1]
    assert int.from_bytes(last.payload[2:4], "big") == ticks


@pytest.mark.parametrize("text", ["x", "1 2", "1@", "1@0", "1@8001", "1@99999", "1@-5", "1@²", "1@2@3", "é", "5\n"])
def test_what_is_no_digit_is_refused_and_nothing_is_queued(text: str) -> None:
    sender = DigitSender(8000)
    with pytest.raises(ProtocolError):
        sender.push(text)
    assert not sender.busy
    assert sender.tick() == []


def test_letters_may_be_small_and_nothing_is_no_error() -> None:
    sender = DigitSender(8000)
    sender.push("")
    assert not sender.busy
    sender.push("a")
    assert sender.tick() == [EventPacket(event("A", 160), True, False)]


def test_32_digits_and_as_many_pauses_are_queued_and_no_more() -> None:
    sender = DigitSender(8000)
    sender.push("w1" * 32)
    for more in ("1", "w"):
        with pytest.raises(ProtocolError, match="too many"):
            sender.push(more)
    assert sum(packet.start for packets in drained(sender) for packet in packets) == 32


@given(st.text("0123456789ABCD*#F", max_size=32), st.sampled_from([8000, 48000]), st.integers(1, 1300))
def test_what_is_sent_is_read_again(text: str, clock: int, ms: int) -> None:
    sender, reader = DigitSender(clock), DigitReader()
    sender.push(f"{text}@{ms}")
    timestamp, heard = 0, []
    for n, packets in enumerate(drained(sender)):
        for packet in packets:
            timestamp = n * clock // 50 if packet.start else timestamp
            heard.append(reader.feed(packet.payload, timestamp, n * 0.02))
    presses = [press for press in heard if press]
    assert "".join(press.digit for press in presses) == text
    assert all(press.duration >= clock // 10 for press in presses)


# between clocks


@pytest.mark.parametrize(
    ("duration", "clocks", "out"),
    [(160, (8000, 48000), 960), (960, (48000, 8000), 160), (0xFFFF, (8000, 48000), 0xFFFF), (5, (8000, 8000), 5)],
)
def test_durations_are_scaled_between_clocks(duration: int, clocks: tuple[int, int], out: int) -> None:
    assert rescale(event("7", duration, end=True), *clocks) == event("7", out, end=True)


@given(st.binary(max_size=8))
def test_scaling_keeps_everything_else(payload: bytes) -> None:
    scaled = rescale(payload, 8000, 48000)
    assert len(scaled) == len(payload)
    assert (scaled[:2], scaled[4:]) == (payload[:2], payload[4:])
    if len(payload) < 4:
        assert scaled == payload
