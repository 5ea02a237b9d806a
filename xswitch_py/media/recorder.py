"""Records legs: packets go to one thread for each recording, which decodes them and writes a stereo WAV file."""

import asyncio
import contextlib
import os
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from xswitch_py.base.errors import MediaError
from xswitch_py.media.api import Recorded, RecordingId
from xswitch_py.media.lane import Lane
from xswitch_py.media.streams import Stream
from xswitch_py.media.tap import Piece, Sound, rate_of

__all__ = ["Recorder", "Timeline", "Track"]

log = structlog.get_logger("xswitch.media")

Pcm = NDArray[np.int16]

_WAITING: Final = 1500  # packets that wait for the thread, at most: 15 s of both directions
_EVERY: Final = 0.2  # seconds between two writes
_BEHIND: Final = 0.5  # seconds for which a packet may be late
_SLACK: Final = 0.02  # seconds by which sound may be away from when it came
_LEAP: Final = 0.5  # seconds of the same, or of a pause, after which the sender's clock is not asked
_WINDOW: Final = 50  # packets of which the quickest shows how the clocks differ
_GROWTH: Final = 8000  # samples by which memory grows
_FRAME: Final = 4  # bytes of both samples
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LARGEST: Final = (1 << 32) - 4096  # bytes that the header can tell


class Timeline:
    """Two channels of sound that are not written yet: what nobody puts there is silence."""

    def __init__(self) -> None:
        self.written = 0  # samples that were taken
        self._sound: Pcm = np.zeros((0, 2), np.int16)

    def put(self, channel: int, at: int, pcm: Pcm) -> None:
        """Put sound from sample `at` on; what would be before the end of what is written is left out."""
        start = at - self.written
        if start < 0:
            pcm, start = pcm[-start:], 0
        end = start + len(pcm)
        if end > len(self._sound):
            more = max(_GROWTH, end - len(self._sound))
            self._sound = np.concatenate((self._sound, np.zeros((more, 2), np.int16)))
        self._sound[start:end, channel] = pcm

    def take(self, until: int) -> bytes:
        """Give the samples up to this one, interleaved."""
        size = max(0, until - self.written)
        taken, self._sound = self._sound[:size], self._sound[size:]
        self.written += size
        return taken.astype("<i2").tobytes() + bytes(_FRAME * (size - len(taken)))


class Track:
    """Where the sound of one direction belongs: as the sender's clock says, and never far from when it came."""

    def __init__(self, rate: int, start: float) -> None:
        self._rate = rate
        self._start = start
        self._end = 0  # sample after the last one
        self._lates: list[int] = []  # how late packets came, in samples

    def place(self, piece: Piece) -> int:
        """Say with which sample a piece of sound begins."""
        came, slack = round((piece.now - self._start) * self._rate), round(_SLACK * self._rate)
        at = came if piece.gap is None else self._end + piece.gap
        late = came - at
        # After a pause both clocks may stand anywhere.
        paused = piece.gap is None or abs(piece.gap) > _LEAP * self._rate
        if paused or late > _LEAP * self._rate or late < -slack:
            at, late = came, 0
            self._lates.clear()
        self._lates.append(late)
        if len(self._lates) == _WINDOW:
            behind = min(self._lates)
            at += behind if behind > slack else 0
            self._lates.clear()
        self._end = at + len(piece.pcm)
        return at


class _Writing:
    """One recording: an ear of a lane on the loop, and the thread that writes."""

    def __init__(self, file: int, lane: Lane, done: Callable[["_Writing"], None]) -> None:
        self.lane = lane
        self.why = ""
        self.lost = 0
        self.failed = ""  # this and the next three are the thread's, until it is done
        self.unread = 0
        self.seconds = 0.0
        self.size = 0
        self._file = file
        self._done = done
        self._rate = rate_of(lane.stream)
        self._start = time.monotonic()
        self._end = self._start
        self._waiting: deque[tuple[int, Stream, bytes, float]] = deque()
        self._stop = threading.Event()
        self._timeline = Timeline()
        self._sounds = Sound(self._rate), Sound(self._rate)
        self._tracks = Track(self._rate, self._start), Track(self._rate, self._start)

    # On the loop.

    def heard(self, stream: Stream, packet: bytes, now: float) -> None:
        """Take what the peer sent."""
        if len(self._waiting) < _WAITING:
            self._waiting.append((0, stream, packet, now))
        else:
            self.lost += 1

    def told(self, stream: Stream, packet: bytes, now: float) -> None:
        """Take what the peer was sent."""
        if len(self._waiting) < _WAITING:
            self._waiting.append((1, stream, packet, now))
        else:
            self.lost += 1

    def begin(self, name: str) -> None:
        """Let packets come, and the thread write."""
        threading.Thread(target=self._run, name=name, daemon=True).start()
        self.lane.tap(self)

    def end(self, why: str) -> None:
        """Let no more come, and the thread finish; the first reason counts."""
        if not self._stop.is_set():
            self.lane.untap(self)
            self.why, self._end = why, time.monotonic()
            self._stop.set()

    # In the thread.

    def _run(self) -> None:
        try:
            self._write_header()
            while not self._stop.wait(_EVERY):
                self._write(time.monotonic() - _BEHIND)
            self._write(self._end)
        except OSError as error:
            self.failed = "disk"
            log.warning("recording failed", why=repr(error))
        except Exception:
            self.failed = "crash"
            log.exception("recording failed")
        finally:
            with contextlib.suppress(OSError):
                self.size = os.fstat(self._file).st_size
            with contextlib.suppress(OSError):
                os.close(self._file)
            self.unread = sum(sound.dropped for sound in self._sounds)
            self._done(self)

    def _write(self, until: float) -> None:
        """Write what was said before this moment, and then say in the header that it is there."""
        for _ in range(len(self._waiting)):
            channel, stream, packet, now = self._waiting.popleft()
            for piece in self._sounds[channel].put(stream, packet, now):
                self._timeline.put(channel, self._tracks[channel].place(piece), piece.pcm)
        before = self._timeline.written
        data = memoryview(self._timeline.take(round((until - self._start) * self._rate)))
        at = _HEADER.size + before * _FRAME
        while data:
            size = os.pwrite(self._file, data, at)
            data, at = data[size:], at + size
        self._write_header()

    def _write_header(self) -> None:
        size = self._timeline.written * _FRAME
        header = _HEADER.pack(
            b"RIFF", size + _HEADER.size - 8, b"WAVE", b"fmt ", 16, 1, 2, self._rate, self._rate * _FRAME, _FRAME, 16,
            b"data", size,
        )  # fmt: skip
        os.pwrite(self._file, header, 0)
        self.seconds = round(self._timeline.written / self._rate, 3)


class Recorder:
    """All recordings of a media plane."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._writings: dict[RecordingId, _Writing] = {}
        self._limits: dict[RecordingId, asyncio.TimerHandle] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def record(self, lane: Lane, path: Path, told: Callable[[Recorded], None], longest: float) -> RecordingId:
        """Record what passes on a lane, to a new file.

        Raises:
            MediaError: the file cannot be made, or is there already.
        """
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise MediaError(f"{path.name}: cannot be written ({error.strerror})") from None
        number, loop = RecordingId(next(self._numbers)), asyncio.get_running_loop()

        def done(writing: _Writing) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to be told
                loop.call_soon_threadsafe(self._over, number, writing, path, told)

        writing = _Writing(file, lane, done)
        try:
            writing.begin(f"recording {number}")
        except RuntimeError as error:
            os.close(file)
            raise MediaError(f"{path.name}: cannot be written ({error})") from None
        self._writings[number] = writing
        self._idle.clear()
        most = min(longest, _LARGEST / _FRAME / 16000)
        self._limits[number] = loop.call_later(most, writing.end, "limit")
        return number

    def stop(self, recording: RecordingId) -> None:
        """End a recording, if it goes on."""
        if recording in self._writings:
            self._writings[recording].end("stopped")

    def leave(self, lane: Lane) -> None:
        """A lane comes to its end, and its recordings."""
        for writing in list(self._writings.values()):
            if writing.lane is lane:
                writing.end("hangup")

    async def finish(self, seconds: float) -> None:
        """Wait until all that were ended are written, or for so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)

    def _over(self, number: RecordingId, writing: _Writing, path: Path, told: Callable[[Recorded], None]) -> None:
        writing.end("")
        self._limits.pop(number).cancel()
        del self._writings[number]
        if not self._writings:
            self._idle.set()
        lost, why = writing.lost + writing.unread, writing.failed or writing.why
        told(Recorded(number, path, writing.seconds, writing.size, lost, why))
