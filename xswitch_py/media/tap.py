"""What passes on a leg as sound, for who writes it down or listens in: packets put in order, decoded, and mended."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xswitch_py.media.codecs import Decoder, decoder
from xswitch_py.media.rtp_out import HEADER, payload_of
from xswitch_py.media.streams import Stream
from xswitch_py.media.transcode import Order

__all__ = ["Piece", "Sound", "rate_of"]

Pcm = NDArray[np.int16]

_CONCEALED: Final = 5  # frames in a row that are made up
_FRAMES: Final = 50  # a second
_NARROW: Final = ("PCMU", "PCMA")


class Piece(NamedTuple):
    """Some sound: how many samples after the end of the one before it begins, or None if that cannot be said."""

    gap: int | None
    pcm: Pcm
    now: float  # when it came


class Sound:
    """One direction of a lane at one rate, whatever comes: other sources, other formats, digits in between."""

    __slots__ = ("_clock", "_decoder", "_expected", "_name", "_order", "_rate", "_ssrc", "dropped")

    def __init__(self, rate: int) -> None:
        self.dropped = 0  # packets that could not be read
        self._rate = rate
        self._ssrc: int | None = None
        self._order: Order[tuple[Stream, bytes, int, int, float]] = Order(0)
        self._name = ""  # of the format; empty: nothing was decoded yet
        self._clock = 0
        self._decoder: Decoder
        self._expected = 0  # timestamp

    def put(self, stream: Stream, packet: bytes, now: float) -> Iterator[Piece]:
        """Take a packet; give the sound whose turn it is."""
        _, b1, seq, ts, ssrc = HEADER.unpack_from(packet)
        if ssrc != self._ssrc:
            self._ssrc, self._order, self._name = ssrc, Order(seq), ""
        for lost, item in self._order.put(seq, now, (stream, packet, b1 & 127, ts, now)):
            try:
                yield from self._play(lost, *item)
            except Exception:  # codec libraries have their own; none of them may end this
                self.dropped += 1

    def _play(self, lost: int, stream: Stream, packet: bytes, pt: int, ts: int, now: float) -> Iterator[Piece]:
        form = next((form for form in stream.formats if form.pt == pt), None)
        if form is None:  # digits
            return
        gap = self._gap(form.name, form.clock, ts)
        payload = payload_of(packet)
        frame = self._rate // _FRAMES
        made = min(lost, _CONCEALED, gap // frame) if gap is not None else 0
        for number in range(1, made + 1):
            # A packet of Opus may hold the one just before it once more.
            pcm = self._decoder.lost(payload if number == made else b"")
            yield Piece(gap - made * frame if gap and number == 1 else 0, pcm, now)
        gap = 0 if made > 0 else gap
        pcm = self._decoder.decode(payload)
        self._expected = ts + len(pcm) * self._clock // self._rate
        yield Piece(gap, pcm, now)

    def _gap(self, name: str, clock: int, ts: int) -> int | None:
        """Say how many samples are missing before a packet, and be ready to decode it."""
        if (name, clock) != (self._name, self._clock):
            self._decoder = decoder(name, self._rate)
            self._name, self._clock = name, clock
            return None
        ticks = (ts - self._expected + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        return ticks * self._rate // clock


def rate_of(stream: Stream | None) -> int:
    """Choose at which rate the sound of a lane is kept: 8 kHz where there is no more in it, else 16."""
    return 8000 if stream is not None and stream.formats[0].name.upper() in _NARROW else 16000
