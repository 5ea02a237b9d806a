"""Packets of one direction as sound: what is in order, what is missing, and what is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sound import has_tone, sine
from xswitch_py.base.sdp import Format
from xswitch_py.media.codecs import encoder
from xswitch_py.media.streams import Stream
from xswitch_py.media.tap import Piece, Sound, rate_of

PCMU, G722, OPUS = Format(0, "PCMU", 8000), Format(9, "G722", 8000), Format(96, "opus", 48000, 2)
EVENT = Format(101, "telephone-event", 8000)
STREAM = Stream("audio", "0", (PCMU, G722, OPUS), EVENT)


def rtp(seq: int, ts: int, payload: bytes, *, pt: int = 0, ssrc: int = 7) -> bytes:
    head = bytes([0x80, pt]) + (seq & 0xFFFF).to_bytes(2, "big") + (ts & 0xFFFFFFFF).to_bytes(4, "big")
    return head + ssrc.to_bytes(4, "big") + payload


def put(sound: Sound, seq: int, now: float = 0.0, **how: int) -> list[Piece]:
    return list(sound.put(STREAM, rtp(seq, 160 * seq, b"\x80" * 160, **how), now))


@pytest.mark.parametrize("form", [PCMU, G722, OPUS])
def test_what_was_sent_is_heard(form: Format) -> None:
    sound, coder = Sound(16000), encoder(form.name)
    tone, frame = sine(440, 1, coder.rate), coder.rate // 50
    pieces = [
        piece
        for n in range(50)
        for piece in sound.put(
            STREAM,
            rtp(n, n * form.clock // 50, coder.encode(tone[n * frame : n * frame + frame]), pt=form.pt),
            0.02 * n,
        )
    ]
    assert [piece.gap for piece in pieces] == [None] + [0] * 49
    assert has_tone(np.concatenate([piece.pcm for piece in pieces])[1600:], 16000, 440, 0.9)


def test_numbers_may_wrap() -> None:
    sound = Sound(8000)
    assert [piece.gap for n in range(65_530, 65_550) for piece in put(sound, n)] == [None] + [0] * 19


def test_what_came_too_soon_waits_and_what_came_twice_counts_once() -> None:
    sound = Sound(8000)
    put(sound, 1)
    assert put(sound, 3) == [] and put(sound, 3) == []
    assert [piece.gap for piece in put(sound, 2)] == [0, 0]
    assert put(sound, 2) == []


def test_what_is_lost_is_made_up_for_a_while_and_then_missing() -> None:
    sound = Sound(8000)
    put(sound, 1)
    assert put(sound, 4) == []
    assert [(piece.gap, len(piece.pcm)) for piece in put(sound, 5, 0.1)] == [(0, 160)] * 4
    put(sound, 26)
    pieces = put(sound, 27, 0.2)
    assert [piece.gap for piece in pieces] == [15 * 160, *[0] * 6]


def test_a_pause_of_the_sender_is_a_gap_and_not_a_loss() -> None:
    sound = Sound(8000)
    put(sound, 1)
    [piece] = sound.put(STREAM, rtp(2, 160 * 100, b"\x80" * 160), 2.0)
    assert piece.gap == 98 * 160


def test_digits_have_their_place_and_no_sound() -> None:
    sound = Sound(8000)
    put(sound, 1)
    assert put(sound, 2, pt=101) == put(sound, 3, pt=101) == []
    [piece] = put(sound, 4)
    assert piece.gap == 2 * 160 and sound.dropped == 0


def test_another_source_or_another_format_begins_anew() -> None:
    sound = Sound(8000)
    put(sound, 1)
    assert [piece.gap for piece in put(sound, 900, ssrc=8)] == [None]
    [piece] = sound.put(STREAM, rtp(901, 5, b"\x80" * 160, pt=9, ssrc=8), 0.0)
    assert piece.gap is None and len(piece.pcm) == 160


def test_the_rate_is_that_of_the_sound() -> None:
    assert [rate_of(Stream("audio", "0", (form,))) for form in (PCMU, G722, OPUS)] == [8000, 16000, 16000]
    assert rate_of(None) == 16000


@given(st.lists(st.binary(min_size=12, max_size=60), max_size=20), st.sampled_from([0, 9, 96, 101, 3]))
def test_any_packets_give_sound_or_are_counted(packets: list[bytes], pt: int) -> None:
    sound = Sound(8000)
    for data in packets:
        for piece in sound.put(STREAM, bytes([data[0], pt]) + data[2:8] + bytes(4) + data[12:], 1.0):
            assert piece.pcm.dtype == np.int16 and len(piece.pcm) <= 960
