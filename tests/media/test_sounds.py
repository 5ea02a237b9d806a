"""Sounds that people bring: what is taken, what it becomes, and what is refused."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sound import has_tone, sine, tone_wav, write_wav
from xswitch_py.base.errors import MediaError
from xswitch_py.media import sounds
from xswitch_py.media.player import read_wav
from xswitch_py.media.sounds import check_and_convert, facts, list_sounds


def encoded(path: Path, kind: str, codec: str, rate: int, seconds: float = 1.0) -> Path:
    """Write a tone of 440 Hz in stereo."""
    with av.open(str(path), "w", format=kind) as container:
        stream: Any = container.add_stream(codec, rate=rate, layout="stereo")
        tone = np.repeat(sine(440, seconds, rate), 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="stereo")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=rate,
                                      frame_size=stream.codec_context.frame_size or 1024)  # fmt: skip
        for made in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("kind", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 44100), ("wav", "pcm_s24le", 48000), ("wav", "pcm_alaw", 8000), ("flac", "flac", 44100),
        ("mp3", "libmp3lame", 44100), ("ogg", "libopus", 48000),
    ],
)  # fmt: skip
def test_any_usual_audio_becomes_a_sound_that_is_played(tmp_path: Path, kind: str, codec: str, rate: int) -> None:
    source = encoded(tmp_path / "brought", kind, codec, rate)
    (tmp_path / "sounds").mkdir()
    found = check_and_convert(source, tmp_path / "sounds" / "hello.wav")
    assert (found.name, found.rate, found.channels) == ("hello", 16000, 1)
    assert found.seconds == pytest.approx(1.0, abs=0.06)
    channels, own, data = read_wav(tmp_path / "sounds" / "hello.wav")
    assert (channels, own) == (1, 16000)
    assert has_tone(np.frombuffer(data, "<i2")[2000:14000], 16000, 440, 0.9)
    assert list_sounds(tmp_path / "sounds") == [found] and found.size == 44 + len(data)


PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"
SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"OggS" * 50, b"ID3" + bytes(200), PLAYLIST, SDP, CONCAT]
)
def test_what_is_no_sound_is_refused_and_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    source, target = tmp_path / "brought.wav", tmp_path / "kept.wav"
    source.write_bytes(data)
    target.write_text("before")
    with pytest.raises(MediaError):
        check_and_convert(source, target)
    assert sorted(tmp_path.iterdir()) == [source, target] and target.read_text() == "before"


def test_a_sound_has_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tone_wav(tmp_path / "brought.wav", 440, 2.0), tmp_path / "kept.wav"
    monkeypatch.setattr(sounds, "_LONGEST", 1)
    with pytest.raises(MediaError, match="minutes"):
        check_and_convert(source, target)
    monkeypatch.undo()
    monkeypatch.setattr(sounds, "_LARGEST", 1000)
    with pytest.raises(MediaError, match="MB"):
        check_and_convert(source, target)
    monkeypatch.undo()
    with pytest.raises(MediaError, match="samples a second"):
        check_and_convert(write_wav(tmp_path / "slow.wav", sine(1, 5, 100), 100), target)
    with pytest.raises(MediaError):
        check_and_convert(tmp_path / "nothing", target)
    with pytest.raises(MediaError):
        check_and_convert(source, tmp_path / "nowhere" / "kept.wav")
    assert not target.exists()


def test_a_folder_lists_what_can_be_played(tmp_path: Path) -> None:
    assert list_sounds(tmp_path / "nowhere") == []
    tone_wav(tmp_path / "b.wav", 440, 0.5)
    tone_wav(tmp_path / "a.wav", 440, 1.0, 16000)
    tone_wav(tmp_path / ".hidden.wav", 440, 1.0)
    (tmp_path / "c.wav").write_text("no sound")
    (tmp_path / "d.txt").write_text("no sound")
    assert [(found.name, found.seconds, found.rate) for found in list_sounds(tmp_path)] == [
        ("a", 1.0, 16000),
        ("b", 0.5, 8000),
    ]
    with pytest.raises(MediaError):
        facts(tmp_path / "c.wav")


@given(st.binary(max_size=400), st.sampled_from([b"RIFF", b"OggS", b"fLaC", b"ID3\x03", b"\xff\xfb\x90\x00"]))
def test_any_bytes_are_converted_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "brought").write_bytes(head + data)
    try:
        found = check_and_convert(folder / "brought", folder / "kept.wav")
    except MediaError:
        assert not (folder / "kept.wav").exists()
    else:
        assert found.seconds < 60
