"""Encoders and decoders: against PyAV as an independent far end, and by the tones they carry."""

import ctypes
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.sound import dominant, has_tone, is_silent, level, power, sine
from xswitch_py.base.errors import MediaError, ProtocolError
from xswitch_py.media import opus
from xswitch_py.media.codecs import CODECS, PCMA_TO_PCMU, PCMU_TO_PCMA, Resampler, decoder, encoder
from xswitch_py.media.opus import OpusEncoder

Pcm = NDArray[np.int16]
ALL = np.arange(-32768, 32768, dtype=np.int16)
NOTES = (440, 620, 1004, 1400, 2000)


def frames(pcm: Pcm, rate: int) -> list[Pcm]:
    return list(pcm[: len(pcm) // (rate // 50) * (rate // 50)].reshape(-1, rate // 50))


def carried(name: str, hz: float, rate: int, *, source: int = 0) -> Pcm:
    """Give a second of sine after a journey through a codec, without its first 100 ms."""
    coder, far = encoder(name, source), decoder(name, rate)
    heard = [far.decode(coder.encode(frame)) for frame in frames(sine(hz, 1, coder.rate), coder.rate)]
    return np.concatenate(heard)[rate // 10 :]


def av_decoded(codec: str, payloads: list[bytes], rate: int) -> Pcm:
    """Decode with ffmpeg's own decoder."""
    context = av.CodecContext.create(codec, "r")
    assert isinstance(context, av.AudioCodecContext)
    context.layout, context.sample_rate = "mono", rate
    resampler = av.AudioResampler("s16", "mono", rate)
    heard = [
        out.to_ndarray()[0]
        for payload in payloads
        for frame in context.decode(av.Packet(payload))
        if isinstance(frame, av.AudioFrame)
        for out in resampler.resample(frame)
    ]
    return np.concatenate(heard)


@pytest.mark.parametrize("hz", [440, 1004, 2000])
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("name", CODECS)
def test_a_tone_survives_every_codec_at_every_rate(name: str, rate: int, hz: int) -> None:
    heard = carried(name, hz, rate)
    assert dominant(heard, rate, NOTES) == hz
    assert power(heard, rate, hz) > 0.9
    assert level(heard) == pytest.approx(level(sine(hz, 1, 48000)), abs=1.5)


@pytest.mark.parametrize("source", [8000, 12000, 16000, 24000, 48000])
def test_opus_encodes_from_every_rate_it_knows(source: int) -> None:
    assert power(carried("opus", 440, 8000, source=source), 8000, 440) > 0.9


@pytest.mark.parametrize("name", CODECS)
def test_a_frame_of_20_ms_comes_out_as_long_as_it_went_in(name: str) -> None:
    coder = encoder(name)
    for rate in (8000, 16000, 48000):
        far = decoder(name, rate)
        assert [len(far.decode(coder.encode(f))) for f in frames(sine(440, 0.1, coder.rate), coder.rate)] == [
            rate // 50
        ] * 5


@pytest.mark.parametrize(("name", "size"), [("PCMU", 160), ("PCMA", 160), ("G722", 160)])
def test_payloads_of_fixed_rate_codecs_have_their_size(name: str, size: int) -> None:
    coder = encoder(name)
    assert {len(coder.encode(frame)) for frame in frames(sine(440, 0.2, coder.rate), coder.rate)} == {size}


def test_opus_is_20_ms_mono_without_dtx_even_in_silence() -> None:
    coder = encoder("opus")
    payloads = [coder.encode(np.zeros(960, np.int16)) for _ in range(50)]
    assert all(len(payload) > 2 for payload in payloads)  # a DTX frame has 1 or 2 octets
    assert all(not payload[0] & 0x04 for payload in payloads)  # RFC 6716 section 3.1: the stereo bit


def test_libav_hears_the_tone_that_we_encode_as_opus() -> None:
    coder = encoder("opus")
    payloads = [coder.encode(frame) for frame in frames(sine(1004, 1, 48000), 48000)]
    assert dominant(av_decoded("opus", payloads, 48000)[9600:], 48000, NOTES) == 1004


@pytest.mark.parametrize(("name", "theirs"), [("PCMU", "pcm_mulaw"), ("PCMA", "pcm_alaw")])
def test_g711_tables_decode_as_libav_does(name: str, theirs: str) -> None:
    octets = bytes(range(256))
    assert np.array_equal(decoder(name, 8000).decode(octets), av_decoded(theirs, [octets], 8000))


@pytest.mark.parametrize("name", ["PCMU", "PCMA"])
def test_g711_encodes_to_the_nearest_value_and_keeps_order(name: str) -> None:
    decoded = decoder(name, 8000).decode(encoder(name).encode(ALL)).astype(int)
    assert np.all(np.diff(decoded) >= 0)
    inside = np.abs(ALL.astype(int)) < 32000
    assert np.all(np.abs(decoded - ALL)[inside] <= np.maximum(np.abs(ALL[inside].astype(int)) / 16, 8))


@pytest.mark.parametrize("name", ["PCMU", "PCMA"])
def test_g711_decoded_and_encoded_is_the_same_octet(name: str) -> None:
    octets = bytes(range(256))
    again = encoder(name).encode(decoder(name, 8000).decode(octets))
    assert [a for a, b in zip(octets, again, strict=True) if a != b] == ([0x7F] if name == "PCMU" else [])  # minus zero


def test_g711_knows_the_well_known_octets() -> None:
    """ITU-T G.711: silence and full scale."""
    assert encoder("PCMU").encode(np.array([0, 32767, -32768], np.int16)) == b"\xff\x80\x00"
    assert encoder("PCMA").encode(np.array([0, 32767, -32768], np.int16)) == b"\xd5\xaa\x2a"


def test_g711_laws_translate_to_each_other_as_by_decoding() -> None:
    payload = encoder("PCMU").encode(sine(440, 0.1, 8000))
    other = payload.translate(PCMU_TO_PCMA)
    assert other == encoder("PCMA").encode(decoder("PCMU", 8000).decode(payload))
    assert has_tone(decoder("PCMU", 8000).decode(other.translate(PCMA_TO_PCMU)), 8000, 440)


def test_libav_hears_the_tone_that_we_encode_as_g722() -> None:
    coder = encoder("G722")
    payloads = [coder.encode(frame) for frame in frames(sine(1004, 1, 16000), 16000)]
    assert power(av_decoded("g722", payloads, 16000), 16000, 1004) > 0.9


@pytest.mark.parametrize("name", CODECS)
def test_a_lost_frame_is_concealed_and_long_loss_is_silence(name: str) -> None:
    coder, far = encoder(name), decoder(name, 16000)
    for frame in frames(sine(440, 1, coder.rate), coder.rate):
        far.decode(coder.encode(frame))
    assert has_tone(far.lost(), 16000, 440, 0.1)
    concealed = [far.lost() for _ in range(25)]
    assert all(len(frame) == 320 for frame in concealed)
    assert level(concealed[-1]) < level(sine(440, 1, 16000)) - 20


@pytest.mark.parametrize("name", ["PCMU", "G722"])
def test_loss_before_anything_was_heard_is_silence(name: str) -> None:
    assert is_silent(decoder(name, 8000).lost())


def test_loss_after_a_frame_of_another_length_is_silence() -> None:
    far = decoder("PCMU", 8000)
    far.decode(encoder("PCMU").encode(sine(440, 0.03, 8000)))
    assert len(far.lost()) == 160


def syllables(rate: int) -> Pcm:
    """Make three seconds of voice-like bursts: an encoder spends forward error correction on speech only."""
    at = np.arange(3 * rate) / rate
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 1.7 * at)) / rate
    voice = sum((np.sin(k * phase) / k for k in range(1, 20)), np.zeros(len(at)))
    voice *= np.clip(np.sin(2 * np.pi * 4 * at) + 0.3, 0, 1)
    return np.asarray(voice / np.abs(voice).max() * 12000, dtype=np.int16)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_opus_mends_a_loss_better_from_the_frame_that_follows(rate: int) -> None:
    """With forward error correction, which costs bits and time as long as it is on: RFC 6716 section 2.1.7."""
    coder = OpusEncoder(rate)
    plain = sum(len(coder.encode(frame)) for frame in frames(syllables(rate), rate))
    coder.correct(True)
    whole, fec, plc = (decoder("opus", 16000) for _ in range(3))
    payloads = [coder.encode(frame) for frame in frames(syllables(rate), rate)]
    mended = guessed = 0.0
    for n, (payload, following) in enumerate(pairwise(payloads)):
        true = whole.decode(payload).astype(float)
        lost = n % 10 == 9
        mended += float(np.sum((true - (fec.lost(following) if lost else fec.decode(payload))) ** 2))
        guessed += float(np.sum((true - (plc.lost() if lost else plc.decode(payload))) ** 2))
    assert mended < guessed / 2
    assert sum(map(len, payloads)) != plain
    coder.correct(False)
    again = [coder.encode(frame) for frame in frames(syllables(rate), rate)]
    far, other = decoder("opus", 16000), decoder("opus", 16000)
    for payload in again[20:40]:
        far.decode(payload)
        other.decode(payload)
    assert np.array_equal(far.lost(again[40]), other.lost())  # nothing in it of the frame before


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x03\xff\xff"])
def test_a_malformed_opus_payload_is_an_error_and_the_stream_goes_on(payload: bytes) -> None:
    far = decoder("opus", 48000)
    with pytest.raises(ProtocolError):
        far.decode(payload)
    assert len(far.decode(encoder("opus").encode(sine(440, 0.02, 48000)))) == 960


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CODECS), st.lists(st.binary(max_size=400), max_size=8))
def test_any_octets_give_sound_or_a_protocol_error(name: str, payloads: list[bytes]) -> None:
    far = decoder(name, 48000)
    for payload in payloads:
        try:
            heard = far.decode(payload)
        except ProtocolError:
            continue
        assert heard.dtype == np.int16
        assert len(heard) <= 48000


def test_what_was_decoded_stays_when_more_is_decoded() -> None:
    coder, far = encoder("opus"), decoder("opus", 48000)
    one, two = frames(sine(440, 0.04, 48000), 48000)
    heard = far.decode(coder.encode(one))
    before = heard.copy()
    far.decode(coder.encode(two))
    assert np.array_equal(heard, before)


def test_names_do_not_care_for_case() -> None:
    assert encoder("OPUS").rate == encoder("opus").rate == 48000
    assert decoder("pcmu", 8000).rate == 8000


@pytest.mark.parametrize("name", ["", "GSM", "telephone-event"])
def test_an_unknown_codec_is_refused(name: str) -> None:
    with pytest.raises(MediaError, match="no codec"):
        encoder(name)
    with pytest.raises(MediaError, match="no codec"):
        decoder(name, 8000)


@pytest.mark.parametrize(("name", "rate"), [("opus", 44100), ("PCMU", 16000), ("G722", 8000)])
def test_a_rate_the_encoder_does_not_have_is_refused(name: str, rate: int) -> None:
    with pytest.raises(MediaError):
        encoder(name, rate)


@pytest.mark.parametrize(("name", "rate"), [("opus", 44100), ("PCMU", 11025), ("G722", 24000)])
def test_a_rate_nobody_can_make_is_refused(name: str, rate: int) -> None:
    with pytest.raises(MediaError):
        decoder(name, rate)


def test_an_opus_frame_of_the_wrong_length_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="libopus"):
        encoder("opus").encode(np.zeros(777, np.int16))


@pytest.mark.parametrize(
    ("source", "target"), [(48000, 8000), (8000, 48000), (16000, 8000), (8000, 16000), (48000, 16000)]
)
def test_resampling_keeps_tone_and_level_and_frames_join(source: int, target: int) -> None:
    pcm = sine(1004, 1, source)
    whole = Resampler(source, target).resample(pcm)
    assert len(whole) == target
    assert power(whole, target, 1004) > 0.99
    assert level(whole[target // 10 :]) == pytest.approx(level(pcm), abs=0.3)
    by_frame = Resampler(source, target)
    assert np.array_equal(np.concatenate([by_frame.resample(frame) for frame in frames(pcm, source)]), whole)


def test_resampling_down_removes_what_would_fold_back() -> None:
    assert level(Resampler(48000, 8000).resample(sine(6000, 1, 48000))) < level(sine(6000, 1, 48000)) - 40


def test_without_any_libopus_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_libopus_candidates", lambda: ["no-such-libopus.so"])
    with pytest.raises(MediaError, match="install libopus"):
        opus.load_libopus.__wrapped__()


def test_the_libopus_inside_pyav_serves_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = [str(path) for path in (Path(av.__file__).parent.parent / "av.libs").glob("*opus*")]
    assert inside, "PyAV's wheel brings none any more"
    assert set(inside) <= set(opus._libopus_candidates())
    lib = opus._declare(ctypes.CDLL(inside[0]))
    monkeypatch.setattr(opus, "load_libopus", lambda: lib)
    assert power(carried("opus", 440, 48000), 48000, 440) > 0.9


def test_an_independent_opus_encoder_is_understood() -> None:
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.format, context.layout, context.sample_rate = "s16", "stereo", 48000
    context.time_base = Fraction(1, 48000)
    far, heard = decoder("opus", 8000), []
    for frame in frames(sine(1004, 1, 48000), 48000):
        sound = av.AudioFrame.from_ndarray(np.repeat(frame, 2).reshape(1, -1), "s16", "stereo")
        sound.sample_rate = 48000
        heard += [far.decode(bytes(packet)) for packet in context.encode(sound)]
    assert power(np.concatenate(heard)[1600:], 8000, 1004) > 0.9
