"""Sounds that people bring: any audio that can be decoded becomes a file that the player plays."""

import contextlib
import os
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
from av.audio.resampler import AudioResampler

from xswitch_py.base.errors import MediaError
from xswitch_py.media.player import read_wav

__all__ = ["SoundFacts", "check_and_convert", "facts", "list_sounds"]

_RATE: Final = 16000
_LONGEST: Final = 600  # seconds
_LARGEST: Final = 50_000_000  # bytes of a file that is brought
# Containers whose whole content is in the one file: none that names other files or hosts, as playlists do.
_CONTAINERS: Final = {b"RIFF": "wav", b"fLaC": "flac", b"OggS": "ogg"}
_RATES: Final = range(4000, 192_001)
_CODECS: Final = frozenset(
    ("mp3", "mp3float", "flac", "vorbis", "opus", "libopus", "speex", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16le",
     "pcm_s24le", "pcm_s32le", "pcm_f32le", "adpcm_ima_wav", "adpcm_ms", "gsm_ms")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """A sound that can be played as `file:NAME`."""

    name: str  # without `.wav`
    seconds: float
    rate: int  # Hz
    channels: int
    size: int  # bytes
    changed: float  # Unix seconds


def check_and_convert(source: Path, target: Path) -> SoundFacts:
    """Write what can be heard in a file of WAV, MP3, Ogg or FLAC to `target`, as 16 kHz mono; for a thread.

    `target` is there when all of it is, and takes the place of one that was there before.

    Raises:
        MediaError: it is no such file, or is too long, too large or without sound; or `target` cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        if source.stat().st_size > _LARGEST:
            raise MediaError(f"a sound may have {_LARGEST // 1_000_000} MB at most")
        _write(part, _decoded(source))
        os.replace(part, target)
    except OSError as error:
        raise MediaError(f"the sound cannot be kept: {error.strerror or 'no room'}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return facts(target)


def facts(path: Path) -> SoundFacts:
    """Say what there is in a sound that can be played.

    Raises:
        MediaError: it cannot be played.
    """
    read_wav(path, most=0)
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, count = file.getframerate(), file.getnchannels(), file.getnframes()
        stat = path.stat()
    except (OSError, EOFError, wave.Error) as error:
        raise MediaError(f"{path.name}: no WAV file that can be read ({error})") from None
    return SoundFacts(path.stem, round(count / rate, 3), rate, channels, stat.st_size, stat.st_mtime)


def list_sounds(folder: Path) -> list[SoundFacts]:
    """List what can be played of a folder, by name; what cannot is left out, as is a folder that is not there."""
    found = []
    for path in sorted(folder.glob("*.wav")):
        with contextlib.suppress(MediaError):
            if not path.name.startswith("."):
                found.append(facts(path))
    return found


def _decoded(source: Path) -> Iterator[bytes]:
    """Give the samples of the first stream of sound, bit by bit.

    Raises:
        MediaError: it cannot be decoded, or is too long.
    """
    resampler = AudioResampler(format="s16", layout="mono", rate=_RATE)
    count = 0
    try:
        # A file of ours by its descriptor, with the container named: nothing else is opened, whatever it says.
        with source.open("rb") as file, av.open(file, "r", format=_container(source)) as container:
            stream = next(iter(container.streams.audio), None)
            if stream is None or stream.codec_context.name not in _CODECS:
                raise MediaError("there is no sound in it that we can decode")
            for frame in container.decode(stream):
                if frame.sample_rate not in _RATES:
                    raise MediaError(f"it has {frame.sample_rate} samples a second")
                for made in resampler.resample(frame):
                    count += made.samples
                    if count > _LONGEST * _RATE:
                        raise MediaError(f"a sound may last {_LONGEST // 60} minutes at most")
                    yield made.to_ndarray().astype("<i2").tobytes()
            for made in resampler.resample(None):
                count += made.samples
                yield made.to_ndarray().astype("<i2").tobytes()
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise MediaError("it is damaged, or no sound of a kind that we know") from error
    if not count:
        raise MediaError("there is no sound in it")


def _container(source: Path) -> str:
    with source.open("rb") as file:
        head = file.read(4)
    synced = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # the head of a frame of layer III
    found = "mp3" if synced or head[:3] == b"ID3" else _CONTAINERS.get(head)
    if found is None:
        raise MediaError("it is neither WAV, MP3, Ogg nor FLAC")
    return found


def _write(path: Path, parts: Iterator[bytes]) -> None:
    with path.open("wb") as raw, wave.open(raw, "wb") as file:
        file.setparams((1, 2, _RATE, 0, "NONE", ""))
        for part in parts:
            file.writeframesraw(part)
