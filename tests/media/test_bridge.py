"""Joining two legs: payload types, header extensions and events in the other one's numbers."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.base.ids import LegId
from xswitch_py.media import bridge
from xswitch_py.media.negotiate import Agreed, Format, Remote, Stream
from xswitch_py.media.port import Port
from xswitch_py.media.rtp_out import HEADER

OPUS = Format(111, "opus", 48000, 2)
H264 = Format(102, "H264", 90000, 1, "packetization-mode=1")
LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
REMOTE = Remote("u", "p", (), True, ())


def audio(*formats: Format, digits: Format | None = None, extensions: tuple[tuple[int, str], ...] = ()) -> Stream:
    return Stream("audio", "0", formats, digits, extensions)


def port(stream: Stream) -> tuple[Port, list[bytes]]:
    sent: list[bytes] = []
    made = Port(LegId("leg"), lambda _: None)
    made.agree(Agreed(REMOTE, (stream,)))
    made.up(sent.append, sent.append, lambda _: None)
    return made, sent


def rtp(pt: int, payload: bytes, *, seq: int = 1, ts: int = 0, extension: bytes = b"", csrc: int = 0) -> bytes:
    first = 0x80 | csrc | (16 if extension else 0)
    return struct.pack("!BBHII", first, pt, seq, ts, 77) + bytes(4 * csrc) + extension + payload


def block(*elements: tuple[int, bytes]) -> bytes:
    body = b"".join(bytes([number << 4 | len(data) - 1]) + data for number, data in elements)
    body += bytes(-len(body) % 4)
    return b"\xbe\xde" + struct.pack("!H", len(body) // 4) + body


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (OPUS, Format(96, "OPUS", 48000, 2), "relay"),
        (OPUS, Format(0, "PCMU", 8000), "transcode"),
        (Format(9, "G722", 8000), Format(8, "PCMA", 8000), "transcode"),
        (Format(0, "PCMU", 8000), Format(8, "PCMA", 8000), "translate"),
        (Format(8, "pcma", 8000), Format(0, "pcmu", 8000), "translate"),
        (OPUS, Format(99, "speex", 8000), None),
        (H264, Format(99, "H264", 90000, 1, "a=1; packetization-mode=1"), "relay"),
        (H264, Format(99, "H264", 90000), None),
    ],
)
def test_the_first_encodings_of_two_streams_say_how_they_are_joined(
    one: Format, other: Format, expected: str | None
) -> None:
    assert bridge.mode(audio(one), audio(other)) == expected


def test_every_mode_can_be_chosen() -> None:
    assert set(bridge.MODES) == {"relay", "translate", "transcode"}


def test_a_peer_that_may_send_more_than_one_law_is_transcoded() -> None:
    law, other = Format(0, "PCMU", 8000), Format(8, "PCMA", 8000)
    assert bridge.mode(audio(law, OPUS), audio(other)) == "transcode"
    assert bridge.mode(audio(law), audio(other, OPUS)) == "translate"


def test_payload_types_are_mapped_with_their_marker() -> None:
    heard = audio(OPUS, Format(0, "PCMU", 8000), Format(9, "G722", 8000))
    told = audio(Format(96, "opus", 48000, 2), Format(0, "PCMU", 8000))
    second = bridge.table(heard, told)
    assert (second[111], second[111 | 128], second[0], second[128], second[9]) == (96, 96 | 128, 0, 128, -1)


def test_packets_pass_in_the_other_legs_numbers() -> None:
    one, _ = port(audio(OPUS))
    other, sent = port(audio(Format(96, "opus", 48000, 2)))
    bridge.join(one, other)
    for seq in (65_535, 0, 1):
        assert one.receive(rtp(111, b"sound", seq=seq, csrc=2), 1.0)
    assert len(sent) == 3
    first = HEADER.unpack_from(sent[0])
    assert first[0] == 0x82 and first[1] & 127 == 96 and first[4] == other.audio.out.ssrc
    assert all(packet.endswith(bytes(8) + b"sound") for packet in sent)
    bridge.part(one, other)
    one.receive(rtp(111, b"sound", seq=2), 1.0)
    assert len(sent) == 3


@pytest.mark.parametrize(
    ("heard", "told", "came", "left"),
    [
        (((1, LEVEL),), ((3, LEVEL),), block((1, b"L")), block((3, b"L"))),
        (
            ((1, LEVEL), (2, TIME)),
            ((2, LEVEL), (1, TIME)),
            block((1, b"L"), (2, b"abc")),
            block((2, b"L"), (1, b"abc")),
        ),
        (((1, LEVEL), (4, MID)), ((1, LEVEL), (4, MID)), block((4, b"0"), (1, b"L")), block((1, b"L"))),
        (((1, LEVEL),), (), block((1, b"L")), b""),
        (((4, MID),), ((4, MID),), block((4, b"0")), b""),
        (((1, LEVEL),), ((3, LEVEL),), b"\x10\x00\x00\x01\x01\x01L\x00", b""),  # two-byte headers were not agreed on
    ],
)
def test_extensions_are_renumbered_or_left_out(
    heard: tuple[tuple[int, str], ...], told: tuple[tuple[int, str], ...], came: bytes, left: bytes
) -> None:
    change = bridge.remap(heard, told)
    assert change is not None
    packet, first = change(rtp(111, b"sound", extension=came, csrc=1), 0x91)
    assert packet[12:] == bytes(4) + left + b"sound"
    assert first == (0x91 if left else 0x81)


def test_extensions_of_the_same_numbers_need_no_change() -> None:
    assert bridge.remap(((1, LEVEL), (2, TIME)), ((2, TIME), (1, LEVEL), (3, "other"))) is None
    assert bridge.remap((), ((1, LEVEL),)) is None


@pytest.mark.item("S75")
@pytest.mark.parametrize(("pt", "duration"), [(101, 800), (110, 4800)])
def test_events_on_any_clock_that_was_agreed_pass_in_that_of_the_other_end(pt: int, duration: int) -> None:
    events = Format(110, "telephone-event", 48000), Format(101, "telephone-event", 8000)
    heard = Stream("audio", "0", (OPUS, Format(0, "PCMU", 8000)), events[0], events=events[1:])
    one, _ = port(heard)
    other, sent = port(audio(Format(0, "PCMU", 8000), digits=Format(96, "telephone-event", 8000)))
    bridge.join(one, other)
    one.receive(rtp(pt, b"\x05\x8a" + duration.to_bytes(2, "big")), 1.0)
    assert [(packet[1] & 127, packet[14:]) for packet in sent] == [(96, (800).to_bytes(2, "big"))]


@given(st.binary(min_size=12, max_size=120), st.integers(0, 255))
def test_any_packet_survives_the_renumbering(packet: bytes, first: int) -> None:
    change = bridge.remap(((1, LEVEL), (2, TIME)), ((5, LEVEL),))
    assert change is not None
    changed, _ = change(packet, first)
    assert len(changed) <= len(packet) + 3


@pytest.mark.parametrize(("theirs", "ours", "duration"), [(8000, 8000, 800), (8000, 48000, 4800), (48000, 8000, 133)])
def test_events_pass_with_their_duration_in_the_other_clock(theirs: int, ours: int, duration: int) -> None:
    one, _ = port(audio(OPUS, digits=Format(101, "telephone-event", theirs)))
    other, sent = port(audio(OPUS, digits=Format(126, "telephone-event", ours)))
    bridge.join(one, other)
    one.receive(rtp(111, b"sound", seq=1, ts=960), 1.0)
    for seq, b1 in ((2, 0x80 | 101), (3, 101), (4, 101)):
        one.receive(rtp(b1, b"\x05\x0a" + struct.pack("!H", 800), seq=seq, ts=1920, extension=block((1, b"L"))), 1.0)
    one.receive(rtp(111, b"sound", seq=5, ts=4800), 1.1)
    headers = [HEADER.unpack_from(packet) for packet in sent]
    assert [header[1] & 127 for header in headers] == [111, 126, 126, 126, 111]
    assert [(header[2] - headers[0][2]) & 0xFFFF for header in headers] == [0, 1, 2, 3, 4]
    assert len({header[3] for header in headers[1:4]}) == 1
    assert all(packet[-4:] == b"\x05\x0a" + struct.pack("!H", duration) for packet in sent[1:4])


@given(st.binary(min_size=12, max_size=80), st.sampled_from([0, 111, 101, 239]))
def test_any_packet_is_passed_or_dropped_without_an_error(packet: bytes, second: int) -> None:
    """X15: what authenticates may still be nonsense."""
    digits = Format(101, "telephone-event", 8000)
    one, _ = port(audio(OPUS, digits=digits, extensions=((1, LEVEL),)))
    other, sent = port(audio(OPUS, digits=digits, extensions=((2, LEVEL),)))
    bridge.join(one, other)
    one.receive(bytes([packet[0], second]) + packet[2:], 1.0)
    assert all(len(data) >= 12 for data in sent)


def test_legs_joined_again_leave_no_gap_for_what_was_not_heard_meanwhile() -> None:
    one, _ = port(audio(OPUS))
    other, sent = port(audio(OPUS))
    bridge.join(one, other)
    one.receive(rtp(111, b"sound", seq=1), 1.0)
    bridge.part(one, other)
    one.receive(rtp(111, b"sound", seq=2), 1.0)
    bridge.join(one, other)
    one.receive(rtp(111, b"sound", seq=3), 1.0)
    first, second = (HEADER.unpack_from(packet)[2] for packet in sent)
    assert second == (first + 1) & 0xFFFF


def test_events_stay_behind_if_the_other_end_takes_none() -> None:
    one, _ = port(audio(OPUS, digits=Format(101, "telephone-event", 48000)))
    other, sent = port(audio(OPUS))
    bridge.join(one, other)
    one.receive(rtp(101, b"\x05\x0a\x03\x20"), 1.0)
    assert not sent
