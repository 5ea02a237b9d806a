"""Plays tones, files, music and silence to a stream, as frames that are encoded once for everyone who hears them."""

import asyncio
import wave
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from xswitch_py.base.errors import MediaError
from xswitch_py.media.codecs import Resampler, encoder
from xswitch_py.media.negotiate import Format
from xswitch_py.media.ticker import Ticker
from xswitch_py.media.tones import Tones, music, render

__all__ = ["Output", "Player", "Sounds", "read_wav"]

Pcm = NDArray[np.int16]

_FRAMES: Final = 50  # a second
_CACHE: Final = 32_000_000  # bytes of encoded frames that are kept
_FRAME_COST: Final = 41  # bytes that a frame takes besides its payload
_FILE_LONGEST: Final = 600  # seconds
_FILE_RATES: Final = (8000, 16000, 48000)
_SILENCE_LONGEST: Final = 3_600_000  # ms
_STATELESS: Final = ("PCMU", "PCMA")  # a frame does not depend on those before it


class Output(Protocol):
    """Where payloads go: a stream that numbers and sends them."""

    def write(self, payload: bytes, ticks: int, *, marker: bool = False) -> None:
        """Send a payload whose timestamp is `ticks` after that of the last; `marker` if there was a gap before it."""


@dataclass(frozen=True, slots=True)
class Sounds:
    """What can be played: the tones by name, the folder of the recordings, and other music than ours, if there are."""

    tones: Tones
    folder: Path | None = None
    music: Path | None = None


class Player:
    """Plays sources on the ticks of a plane; a hundred listeners to one source share its frames."""

    def __init__(self, ticker: Ticker, sounds: Sounds) -> None:
        self._ticker = ticker
        self._sounds = sounds
        self._clips: OrderedDict[_Key, _Clip] = OrderedDict()  # the longest unused first
        self._making: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    async def play(self, out: Output, fmt: Format, source: str, *, loop: bool) -> None:
        """Play `tone:NAME`, `file:NAME`, `music` or `silence:MS` once or for ever; return when it is over.

        Cancelling stops it. What `out.write` raises ends it, and is raised here.

        Raises:
            MediaError: there is no such source, or no encoder for the format.
        """
        read = self._reader(source)
        version = await asyncio.to_thread(read.version)
        clip = await self._clip((read.name, version, fmt.name, loop or read.frames is not None), read.pcm)
        frames = len(clip.first) if read.frames is None else read.frames
        playing = _Playing(out, clip, fmt.clock // _FRAMES, None if loop else frames)
        self._ticker.add(playing.tick)
        try:
            await playing.over
        finally:
            self._ticker.remove(playing.tick)

    async def _clip(self, key: "_Key", read: Callable[[int], Pcm]) -> "_Clip":
        """Find a source's frames, or make them in a thread; those who want the same meanwhile wait for it."""
        lock = self._making.setdefault(key, asyncio.Lock())
        async with lock:
            if key not in self._clips:
                self._clips[key] = await asyncio.to_thread(_encode, read, key[2], key[3])
                self._forget()
            self._clips.move_to_end(key)
            return self._clips[key]

    def _forget(self) -> None:
        size = sum(clip.size for clip in self._clips.values())
        while size > _CACHE and len(self._clips) > 1:
            size -= self._clips.popitem(last=False)[1].size

    def _reader(self, source: str) -> "_Reader":
        kind, _, name = source.partition(":")
        match kind:
            case "tone" if name in self._sounds.tones:
                tone = self._sounds.tones[name]
                return _Reader(source, lambda rate: render(tone, rate))
            case "file":
                path = _path(self._sounds.folder, name)
                return _recorded(f"file:{path.name}", path)
            case "music" if source == "music":
                other = self._sounds.music
                return _Reader(source, music) if other is None else _recorded(source, other)
            case "silence":
                return _Reader(kind, lambda rate: np.zeros(rate, np.int16), frames=_silence(name))
            case _:
                raise MediaError(f"there is nothing to play called {source!r}")


_Key = tuple[str, int, str, bool]  # source, version, codec, whether it is to be repeated


@dataclass(frozen=True, slots=True)
class _Reader:
    """How a source is read: `pcm` at a rate; `frames` if its length is not that of its samples."""

    name: str
    pcm: Callable[[int], Pcm]
    version: Callable[[], int] = lambda: 0
    frames: int | None = None


@dataclass(frozen=True, slots=True)
class _Clip:
    """An encoded source: `first` is played once, then `again` as often as wanted."""

    first: list[bytes]
    again: list[bytes]
    size: int  # bytes of memory, about


class _Playing:
    """One listener to a clip."""

    __slots__ = ("_at", "_clip", "_frames", "_last", "_left", "_out", "_ticks", "over")

    def __init__(self, out: Output, clip: _Clip, ticks: int, frames: int | None) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._out = out
        self._clip = clip
        self._ticks = ticks
        self._left = frames  # None: for ever
        self._frames = clip.first
        self._at = 0
        self._last: int | None = None

    def tick(self, n: int) -> None:
        """Send the next frame; the play is over one frame after the last, when it has been heard."""
        if self.over.done():
            return
        if self._left == 0:
            self.over.set_result(None)
            return
        steps = 1 if self._last is None else n - self._last  # more where the ticker skipped some
        try:
            self._out.write(self._next(), self._ticks * steps, marker=steps > 1 or self._last is None)
        except Exception as error:  # the ticker cannot tell who plays
            self.over.set_exception(error)
        self._last = n

    def _next(self) -> bytes:
        payload = self._frames[self._at]
        self._at += 1
        if self._at == len(self._frames):
            self._frames, self._at = self._clip.again, 0
        if self._left is not None:
            self._left -= 1
        return payload


def _encode(read: Callable[[int], Pcm], codec: str, repeated: bool) -> _Clip:
    """Encode a source; for a loop twice, since an encoder that remembers starts otherwise than it goes on."""
    coder = encoder(codec)
    frame = coder.rate // _FRAMES
    pcm = read(coder.rate)
    pcm = np.append(pcm, np.zeros(-len(pcm) % frame if len(pcm) else frame, np.int16))
    parts = pcm.reshape(-1, frame)
    first = [coder.encode(part) for part in parts]
    again = [coder.encode(part) for part in parts] if repeated and codec.upper() not in _STATELESS else first
    kept = first if again is first else first + again
    return _Clip(first, again, sum(map(len, kept)) + _FRAME_COST * len(kept))


def _silence(ms: str) -> int:
    if not (ms.isascii() and ms.isdigit() and len(ms) < 8 and int(ms) <= _SILENCE_LONGEST):
        raise MediaError(f"silence must last from 0 to {_SILENCE_LONGEST} ms")
    return -(-int(ms) * _FRAMES // 1000)


def _path(folder: Path | None, name: str) -> Path:
    """Find a recording; the name must not lead out of the folder, nor to a hidden file."""
    plain = 0 < len(name) <= 100 and name.isprintable() and not name.startswith(".") and not {*"/\\:"} & {*name}
    if folder is None or not plain:
        raise MediaError(f"there is no recording called {name!r}")
    return folder / (name if name.lower().endswith(".wav") else f"{name}.wav")


def _recorded(name: str, path: Path) -> _Reader:
    return _Reader(name, lambda rate: _recording(path, rate), lambda: _version(path))


def _version(path: Path) -> int:
    """Say when a recording was changed."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        raise MediaError(f"there is no recording called {path.name!r}") from None


def read_wav(path: Path, most: int | None = None) -> tuple[int, int, bytes]:
    """Read channels, rate and samples of a WAV file, at most `most` of them.

    Raises:
        MediaError: it cannot be read, or is not of a kind that we play.
    """
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, own, count = file.getparams()[:4]
            if channels not in (1, 2) or width != 2 or own not in _FILE_RATES or count > own * _FILE_LONGEST:
                raise MediaError(f"{path.name}: must be mono or stereo, 16 bit, 8, 16 or 48 kHz, 10 minutes at most")
            return channels, own, file.readframes(count if most is None else most)
    except (OSError, EOFError, wave.Error) as error:
        raise MediaError(f"{path.name}: no WAV file that can be read ({error})") from None


def _recording(path: Path, rate: int) -> Pcm:
    """Read a WAV file, mixed down to mono and resampled."""
    channels, own, data = read_wav(path)
    whole = np.frombuffer(data[: len(data) - len(data) % (2 * channels)], "<i2").reshape(-1, channels)
    pcm = whole[:, 0].astype(np.int16) if channels == 1 else whole.mean(axis=1).astype(np.int16)
    return pcm if own == rate else _resampled(pcm, own, rate)


def _resampled(pcm: Pcm, source: int, target: int) -> Pcm:
    """Change the rate, a second at a time to spare memory."""
    resampler = Resampler(source, target)
    padded = np.append(pcm, np.zeros(-len(pcm) % 6, np.int16))
    seconds = [resampler.resample(padded[i : i + source]) for i in range(0, len(padded), source)]
    return np.concatenate(seconds or [pcm])
