"""Joining legs of different codecs: the sound, the numbers, and what becomes of loss, disorder and nonsense."""

import gc
import struct
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.sound import dominant, level, power, sine
from xswitch_py.base.ids import LegId
from xswitch_py.media import bridge, codecs, rtcp
from xswitch_py.media.codecs import decoder, encoder
from xswitch_py.media.negotiate import Agreed, Format, Remote, Stream
from xswitch_py.media.opus import OpusEncoder
from xswitch_py.media.port import Port
from xswitch_py.media.rtp_out import HEADER
from xswitch_py.media.transcode import RATES, Order, Transcoder

Pcm = NDArray[np.int16]

FORMATS: Final = {
    "opus": Format(111, "opus", 48000, 2), "G722": Format(9, "G722", 8000), "PCMU": Format(0, "PCMU", 8000),
    "PCMA": Format(8, "PCMA", 8000),
}  # fmt: skip
REMOTE: Final = Remote("u", "p", (), True, ())
NOTES: Final = (440, 620, 1004, 1400)
PAIRS: Final = [(one, other) for one in FORMATS for other in FORMATS if one != other]


@dataclass
class Journey:
    """Two joined legs; what the one is given comes out of the other, `came` packet by packet."""

    heard: tuple[str, ...]
    told: str
    digits: tuple[int, int] | None = None  # clocks of telephone-event at both ends
    came: list[bytes] = field(default_factory=list)
    now: float = 1000.0

    def __post_init__(self) -> None:
        theirs, ours = self.digits or (0, 0)
        self.one, self.other = self._port(self.heard, theirs, 101), self._port((self.told,), ours, 126)
        bridge.join(self.one, self.other)

    def _port(self, names: tuple[str, ...], events: int, pt: int) -> Port:
        digits = Format(pt, "telephone-event", events) if events else None
        made = Port(LegId(names[0]), lambda _: None)
        made.agree(Agreed(REMOTE, (Stream("audio", "0", tuple(FORMATS[name] for name in names), digits),)))
        made.up(self.came.append, lambda _: None, lambda _: None)
        return made

    def send(self, payload: bytes, seq: int, ts: int, *, pt: int | None = None, after: float = 0.02) -> None:
        """Let the one peer send a packet, a while after the one before."""
        self.now += after
        header = HEADER.pack(0x80, FORMATS[self.heard[0]].pt if pt is None else pt, seq & 0xFFFF, ts & 0xFFFFFFFF, 7)
        self.one.receive(header + payload, self.now)

    def headers(self) -> list[tuple[int, int, int]]:
        """What came: second byte, and number and timestamp less those of the first packet."""
        found = [HEADER.unpack_from(packet) for packet in self.came]
        _, _, seq, ts, _ = found[0]
        return [(header[1], header[2] - seq & 0xFFFF, header[3] - ts & 0xFFFFFFFF) for header in found]

    def steps(self) -> list[tuple[int, int]]:
        """What came: by how much number and timestamp grew, in packets and ms."""
        ms = FORMATS[self.told].clock // 1000
        marks = self.headers()
        return [(b[1] - a[1], (b[2] - a[2]) // ms) for a, b in pairwise(marks)]

    def sound(self, rate: int) -> Pcm:
        """What the other peer hears."""
        far = decoder(self.told, rate)
        return np.concatenate([far.decode(packet[12:]) for packet in self.came])


def payloads(name: str, hz: float = 440, seconds: float = 0.6, ms: int = 20) -> list[bytes]:
    """Give a tone as the payloads of a codec; of other lengths than 20 ms only where an octet is a sample."""
    coder = encoder(name)
    size = coder.rate // 50
    pcm = sine(hz, seconds, coder.rate)
    made = [coder.encode(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]
    if ms == 20:
        return made
    octets = b"".join(made)
    return [octets[at : at + 8 * ms] for at in range(0, len(octets), 8 * ms)]


def ticks(name: str, ms: int = 20) -> int:
    return FORMATS[name].clock * ms // 1000


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_tone_passes_between_all_codecs(one: str, other: str) -> None:
    journey = Journey((one,), other)
    for n, payload in enumerate(payloads(one, 1004)):
        journey.send(payload, 65_530 + n, 0xFFFFFF00 + n * ticks(one))
    heard = journey.sound(RATES[other.upper()])[RATES[other.upper()] // 10 :]
    assert dominant(heard, RATES[other.upper()], NOTES) == 1004
    assert power(heard, RATES[other.upper()], 1004) > 0.9
    assert level(heard) == pytest.approx(level(sine(1004, 1, 48000)), abs=2)
    assert journey.steps() == [(1, 20)] * 29
    assert {packet[0] for packet in journey.came} == {0x80}
    assert [b1 for b1, _, _ in journey.headers()] == [FORMATS[other].pt | 0x80] + [FORMATS[other].pt] * 29
    assert journey.one.stats().dropped == 0


@pytest.mark.parametrize("ms", [5, 10, 30, 40, 60])
@pytest.mark.parametrize(("one", "other"), [("PCMU", "opus"), ("G722", "PCMA"), ("PCMA", "G722")])
def test_packets_of_other_lengths_become_such_of_20_ms(one: str, other: str, ms: int) -> None:
    journey = Journey((one,), other)
    for n, payload in enumerate(payloads(one, 1004, ms=ms)):
        journey.send(payload, n, n * ticks(one, ms), after=ms / 1000)
    assert journey.steps() == [(1, 20)] * 29
    rate = RATES[other.upper()]
    assert power(journey.sound(rate)[rate // 10 :], rate, 1004) > 0.9


@pytest.mark.parametrize("ms", [10, 30])
def test_one_law_of_g711_becomes_the_other_with_the_lengths_it_came_in(ms: int) -> None:
    journey = Journey(("PCMU",), "PCMA")
    for n, payload in enumerate(payloads("PCMU", ms=ms)):
        journey.send(payload, n, n * ticks("PCMU", ms), after=ms / 1000)
    assert {len(packet) for packet in journey.came} == {12 + 8 * ms}
    assert set(journey.steps()) == {(1, ms)}


def test_a_translated_payload_is_without_extension_and_padding() -> None:
    journey = Journey(("PCMU",), "PCMA")
    packet = b"\x10\x00\x00\x01\x10\x00\x00\x00" + payloads("PCMU")[0] + b"\0\0\0\4"
    journey.one.receive(HEADER.pack(0xB0, 0, 1, 0, 7) + packet, 1.0)
    journey.send(payloads("PCMU")[1], 2, 160)
    assert {len(packet) for packet in journey.came} == {172}
    assert {packet[0] for packet in journey.came} == {0x80}


def test_a_transcoded_payload_is_without_extension_and_padding() -> None:
    journey = Journey(("PCMU",), "G722")
    packet = b"\x10\x00\x00\x01\x10\x00\x00\x00" + payloads("PCMU")[0] + b"\0\0\0\4"
    journey.one.receive(HEADER.pack(0xB0, 0, 1, 0, 7) + packet, 1.0)
    assert [len(packet) for packet in journey.came] == [172]


# Which packets come, in order; what comes out: numbers and ms that each step advances. G.711 at 20 ms.
ARRIVALS: Final[dict[str, tuple[list[int], Sequence[tuple[int, int] | None]]]] = {
    "in order": ([0, 1, 2, 3], [(1, 20)] * 3),
    "twice": ([0, 1, 1, 2, 2, 3], [(1, 20)] * 3),
    "exchanged": ([0, 2, 1, 3], [(1, 20)] * 3),
    "three exchanged": ([0, 3, 2, 1, 4], [(1, 20)] * 4),
    "twice while it waits": ([0, 2, 2, 1, 3], [(1, 20)] * 3),
    "one lost": ([0, 1, 3, 4, 5, 6], [(1, 20)] * 6),
    "the last lost": ([0, 1, 3], [(1, 20)]),
    "one late beyond hope": ([0, 2, 3, 4, 1, 5], [(1, 20)] * 5),
    "two gaps": ([0, 2, 4, 6, 7, 8, 9], [(1, 20)] * 9),
    "five lost": ([0, 6, 7, 8], [(1, 20)] * 8),
    "six lost": ([0, 7, 8, 9], [(1, 20)] * 5 + [(1, 40)] + [(1, 20)] * 2),
    "a thousand lost": ([0, 1001, 1002, 1003], [(1, 20)] * 5 + [(1, 996 * 20)] + [(1, 20)] * 2),
    "begun anew": ([20_000, 20_001, 100, 101], [(1, 20), None, (1, 20)]),
}


@pytest.mark.parametrize("one", ["PCMU", "opus"])
@pytest.mark.parametrize("name", ARRIVALS)
def test_loss_is_mended_and_disorder_undone(one: str, name: str) -> None:
    arrivals, expected = ARRIVALS[name]
    journey = Journey((one,), "G722")
    payload = payloads(one)
    for n in arrivals:
        journey.send(payload[n % len(payload)], n, n * ticks(one))
    assert len(journey.steps()) == len(expected)
    assert all(want is None or step == want for step, want in zip(journey.steps(), expected, strict=True))
    assert [step for step, _ in journey.steps()] == [1] * len(expected)


@pytest.mark.parametrize("one", ["opus", "PCMU", "G722"])
def test_every_tenth_packet_may_be_lost_and_the_tone_is_still_there(one: str) -> None:
    journey = Journey((one,), "opus" if one == "PCMU" else "PCMA")
    for n, payload in enumerate(payloads(one, 1000, 2.0)):
        if n % 10 != 5:
            journey.send(payload, n, n * ticks(one))
    assert len(journey.came) == 100
    assert power(journey.sound(8000)[800:], 8000, 1000) > 0.7


def test_a_lost_opus_packet_is_mended_from_the_next() -> None:
    """Forward error correction: a step in loudness that only the lost packet had is heard."""
    coder = OpusEncoder(8000)
    coder.correct(True)
    pcm = np.concatenate((np.zeros(1600, np.int16), sine(440, 0.02, 8000, 12_000), np.zeros(1600, np.int16)))
    sent = [coder.encode(pcm[at : at + 160]) for at in range(0, len(pcm), 160)]
    journey = Journey(("opus",), "PCMU")
    for n, payload in enumerate(sent):
        if n != 10:
            journey.send(payload, n, 960 * n)
    assert level(journey.sound(8000)[1600:1760]) > -40


def test_a_packet_waits_40_ms_at_most() -> None:
    journey = Journey(("PCMU",), "opus")
    sent = payloads("PCMU")
    journey.send(sent[0], 0, 0)
    journey.send(sent[2], 2, 320)
    assert len(journey.came) == 1
    journey.send(sent[3], 3, 480, after=0.041)
    assert journey.steps() == [(1, 20)] * 3


def test_loss_of_short_packets_leaves_silence() -> None:
    journey = Journey(("PCMU",), "opus")
    for n, payload in enumerate(payloads("PCMU", ms=10)[:12]):
        if n != 3:
            journey.send(payload, n, 80 * n, after=0.01)
    assert journey.steps() == [(1, 20)] * 5


@pytest.mark.parametrize(("one", "other"), [("opus", "PCMU"), ("PCMU", "opus"), ("G722", "opus")])
def test_a_pause_between_two_spurts_of_talk_stays_as_long_as_it_was(one: str, other: str) -> None:
    journey = Journey((one,), other)
    sent = payloads(one)
    for n in range(3):
        journey.send(sent[n], n, n * ticks(one))
    journey.send(sent[3], 3, 3 * ticks(one, 1000), after=2.96, pt=FORMATS[one].pt | 0x80)
    journey.send(sent[4], 4, 3 * ticks(one, 1000) + ticks(one))
    assert journey.steps() == [(1, 20), (1, 20), (1, 2960), (1, 20)]
    assert [b1 >> 7 for b1, _, _ in journey.headers()] == [1, 0, 0, 1, 0]


def test_a_pause_in_the_middle_of_a_frame_fills_it_with_silence() -> None:
    journey = Journey(("PCMU",), "opus")
    sent = payloads("PCMU", ms=30)
    journey.send(sent[0], 0, 0)
    journey.send(sent[1], 1, 8000)
    assert journey.steps() == [(1, 20), (1, 980)]
    assert len(journey.came) == 3


@pytest.mark.parametrize(("theirs", "ours"), [(48000, 8000), (8000, 48000), (8000, 8000), (48000, 48000)])
@pytest.mark.parametrize(("one", "other"), [("opus", "PCMU"), ("PCMU", "opus")])
def test_digits_pass_by_the_side_of_the_sound(one: str, other: str, theirs: int, ours: int) -> None:
    journey = Journey((one,), other, digits=(theirs, ours))
    sent, tick = payloads(one), ticks(one)
    for n in range(3):
        journey.send(sent[n], n, n * tick)
    for n in range(3, 9):
        event = struct.pack("!BBH", 5, 0x8A if n > 5 else 10, min(n - 2, 4) * theirs // 50)
        journey.send(event, n, 3 * tick, pt=101 | (0x80 if n == 3 else 0))
    for n in range(9, 11):
        journey.send(sent[n], n, n * tick)
    headers = journey.headers()
    pt = FORMATS[other].pt
    assert [b1 & 0x7F for b1, _, _ in headers] == [pt] * 3 + [126] * 6 + [pt] * 2
    assert [number for _, number, _ in headers] == list(range(11))
    assert len({stamp for _, _, stamp in headers[3:9]}) == 1
    ms = [stamp // ticks(other, 1) for _, _, stamp in headers]
    assert ms[3] == pytest.approx(60, abs=1) and ms[9] == pytest.approx(180, abs=1) and ms[10] - ms[9] == 20
    assert journey.came[8][12:] == struct.pack("!BBH", 5, 0x8A, 4 * ours // 50)
    assert journey.one.stats().dropped == 0


def test_digits_that_the_other_end_cannot_take_are_no_loss() -> None:
    journey = Journey(("PCMU",), "opus", digits=(8000, 0))
    sent = payloads("PCMU")
    journey.send(sent[0], 0, 0)
    for n in range(1, 4):
        journey.send(b"\x05\x0a\x00\xa0", n, 160, pt=101)
    journey.send(sent[4], 4, 640)
    assert journey.steps() == [(1, 80)]


def test_what_did_not_fill_a_frame_goes_before_a_digit() -> None:
    journey = Journey(("PCMU",), "opus", digits=(8000, 48000))
    journey.send(payloads("PCMU", ms=30)[0], 0, 0)
    journey.send(b"\x05\x0a\x00\xa0", 1, 240, pt=101)
    assert [b1 & 0x7F for b1, _, _ in journey.headers()] == [111, 111, 126]


NONSENSE: Final = {
    ("opus", "PCMU"): [b"", b"\xff\xff", b"\x03", b"\x00" * 1400],
    ("PCMU", "opus"): [b""],
    ("G722", "opus"): [b""],
}


@pytest.mark.parametrize(("pair", "bad"), [(pair, bad) for pair, all_ in NONSENSE.items() for bad in all_])
def test_nonsense_is_counted_and_the_sound_goes_on(pair: tuple[str, str], bad: bytes) -> None:
    journey = Journey((pair[0],), pair[1])
    sent = payloads(pair[0])
    for n in range(6):
        journey.send(bad if n == 3 else sent[n], n, n * ticks(pair[0]))
    assert journey.one.stats().dropped == 1
    assert journey.steps() == [(1, 20)] * 5  # concealed as if it had been lost


@given(st.sampled_from([("opus", "PCMU"), ("PCMU", "opus"), ("G722", "opus")]), st.text("+-x", max_size=40))
def test_whatever_is_lost_or_malformed_the_sound_after_it_has_its_own_time(pair: tuple[str, str], fates: str) -> None:
    journey = Journey((pair[0],), pair[1])
    sent, bad = payloads(pair[0], seconds=0.04)[1], {"opus": b"\xff\xff"}.get(pair[0], b"")
    fates = f"+{fates}++++"
    for n, fate in enumerate(fates):
        if fate != "-":
            journey.send(sent if fate == "+" else bad, n, n * ticks(pair[0]))
    assert journey.headers()[-1][2] == ticks(pair[1]) * (len(fates) - 1)
    assert journey.one.stats().dropped >= fates.count("x")


def test_a_payload_type_that_was_not_agreed_on_is_counted() -> None:
    journey = Journey(("PCMU",), "opus")
    journey.send(payloads("PCMU")[0], 0, 0)
    journey.send(b"\x40", 1, 160, pt=13)
    assert (journey.one.stats().dropped, len(journey.came)) == (1, 1)


def test_a_codec_that_fails_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(codecs.G711Encoder):
        def encode(self, pcm: Pcm) -> bytes:
            raise ValueError("libopus: error -3")

    monkeypatch.setitem(codecs._ENCODERS, "G722", lambda rate: Broken(codecs._ULAW_ENCODING))
    journey = Journey(("PCMU",), "G722")
    journey.send(payloads("PCMU")[0], 0, 0)
    assert (journey.one.stats().dropped, journey.came) == (1, [])


def test_a_peer_may_change_among_the_codecs_it_agreed_on() -> None:
    journey = Journey(("PCMU", "opus"), "G722")
    for n, payload in enumerate(payloads("PCMU", 1004)):
        journey.send(payload, n, n * 160)
    for n, payload in enumerate(payloads("opus", 1004), 30):
        journey.send(payload, n, n * 960, pt=111)
    assert [step for step, _ in journey.steps()] == [1] * 59
    assert [ms for _, ms in journey.steps()] == pytest.approx([20] * 59, abs=1)
    heard = journey.sound(16000)
    assert power(heard[1600:9000], 16000, 1004) > 0.9
    assert power(heard[11_000:], 16000, 1004) > 0.9


def test_another_source_of_the_peer_is_joined_on() -> None:
    journey = Journey(("PCMU",), "opus")
    sent = payloads("PCMU")
    journey.send(sent[0], 0, 0)
    journey.one.receive(HEADER.pack(0x80, 0, 9_000, 77_000, 8) + sent[1], journey.now + 0.04)
    assert journey.steps()[0] == (1, 40)
    assert journey.headers()[1][0] == 111 | 0x80


def test_nobody_makes_us_work_faster_than_speech() -> None:
    journey = Journey(("PCMU",), "opus")
    flood = bytes(1280)  # 160 ms
    for n in range(500):
        journey.send(flood, n, 1280 * n, after=0.002)
    assert 100 <= len(journey.came) <= 160
    assert journey.one.stats().dropped == 4000 - len(journey.came)
    journey.send(flood, 500, 1280 * 500, after=1)
    assert [step for step, _ in journey.steps()] == [1] * (len(journey.came) - 1)


def test_parted_legs_keep_no_codec() -> None:
    journey = Journey(("PCMU",), "opus")
    journey.send(payloads("PCMU")[0], 0, 0)
    held = [found for found in gc.get_objects() if type(found) is Transcoder]  # isinstance would ask dead proxies
    [work] = [found for found in held if found._lane is journey.one.audio]
    del held
    alive = weakref.ref(work)
    del work
    bridge.part(journey.one, journey.other)
    gc.collect()
    assert alive() is None
    assert journey.one.audio.event_sink is None


def test_sound_is_joined_on_to_what_the_other_leg_heard_before() -> None:
    journey = Journey(("PCMU",), "opus")
    sent = payloads("PCMU")
    journey.send(sent[0], 0, 0)
    bridge.part(journey.one, journey.other)
    journey.send(sent[1], 1, 160)
    bridge.join(journey.one, journey.other)
    journey.send(sent[2], 2, 320)
    assert journey.steps() == [(1, 40)]


@given(st.lists(st.integers(0, 0xFFFF), max_size=60))
def test_whatever_the_order_nothing_passes_twice_in_a_row_and_little_waits(numbers: list[int]) -> None:
    order: Order[int] = Order(0)
    for now, number in enumerate(numbers):
        passed = [item for _, item in order.put(number, now / 100, number)]
        assert len(order.held) <= 2
        assert len(passed) == len(set(passed))
        assert not passed or order.next == (passed[-1] + 1) & 0xFFFF


@given(
    st.sampled_from([pair for pair in PAIRS if {*pair} != {"PCMU", "PCMA"}]),
    st.lists(st.tuples(st.binary(max_size=200), st.integers(0, 9), st.integers()), max_size=8),
)
def test_any_payload_in_any_order_does_no_harm(pair: tuple[str, str], packets: list[tuple[bytes, int, int]]) -> None:
    journey = Journey((pair[0],), pair[1], digits=(8000, 8000))
    for payload, seq, ts in packets:
        journey.send(payload, seq, ts, pt=101 if ts % 7 == 0 else None)
    if journey.came:
        assert [step for step, _ in journey.steps()] == [1] * (len(journey.came) - 1)


def test_opus_is_sent_with_error_correction_only_while_the_peer_reports_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(OpusEncoder, "correct", lambda self, wanted: asked.append(wanted))
    journey = Journey(("PCMU",), "opus")
    said = payloads("PCMU", seconds=2)

    def report(fraction: int, ssrc: int) -> None:
        block = rtcp.Block(ssrc, fraction, 0, 0, 0)
        journey.other.receive_rtcp(rtcp.receiver_report(9, [block]), journey.now)

    ours = journey.other.audio.out.ssrc
    for n, payload in enumerate(said[:60]):
        if n == 10:
            report(200, ours ^ 1)
        if n == 20:
            assert not asked
            report(26, ours)
        if n > 30:
            report(0, ours)
        journey.send(payload, n, n * 160)
        if n in (20, 31):
            assert asked == [True]
    assert asked == [True, False]
