"""Speech encoders and decoders by name: Opus, G.711 by tables, G.722 through PyAV, and a small resampler.

Samples are mono int16 arrays. An encoder takes 20 ms at its `rate`; a decoder gives what the payload holds, at its
`rate`. Opus works at any of 8, 12, 16, 24 and 48 kHz, so that Opus and G.711 need no resampler between them.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final, Literal, Protocol, TypeVar

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from xswitch_py.base.errors import MediaError
from xswitch_py.media.opus import OpusDecoder, OpusEncoder

__all__ = [
    "CODECS",
    "PCMA_TO_PCMU",
    "PCMU_TO_PCMA",
    "Decoder",
    "Encoder",
    "Resampler",
    "decoder",
    "encoder",
]

Pcm = NDArray[np.int16]
T = TypeVar("T")


class Encoder(Protocol):
    """Turns sound into payloads; one for each stream that is sent."""

    @property
    def rate(self) -> int:
        """Samples per second that `encode` takes."""

    def encode(self, pcm: Pcm) -> bytes:
        """Encode 20 ms."""


class Decoder(Protocol):
    """Turns payloads into sound; one for each stream that is heard."""

    @property
    def rate(self) -> int:
        """Samples per second that `decode` gives."""

    def decode(self, payload: bytes) -> Pcm:
        """Decode one payload.

        Raises:
            ProtocolError: it is malformed; the stream may go on with the next.
        """

    def lost(self, following: bytes = b"") -> Pcm:
        """Give 20 ms in place of a lost payload; Opus mends it from the payload that follows, where that is at hand."""


def encoder(name: str, rate: int = 0) -> Encoder:
    """Make an encoder for an encoding's SDP name, at its usual rate; only Opus takes another (RFC 6716 section 2).

    Raises:
        MediaError: no such codec, or not at this rate.
    """
    return _make(_ENCODERS, name, rate)


def decoder(name: str, rate: int) -> Decoder:
    """Make a decoder that gives `rate` samples a second, resampling only where the codec cannot.

    Raises:
        MediaError: no such codec, or not at this rate.
    """
    return _make(_DECODERS, name, rate)


# G.711


def _ulaw_encoding() -> NDArray[np.uint8]:
    """Table by sample as uint16 -> octet, by the formula behind ITU-T G.711 tables 2a and 2b."""
    pcm = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(pcm), 32635) + 132
    segment = np.log2(magnitude).astype(np.int32) - 7
    code = np.where(pcm < 0, 0x80, 0) | segment << 4 | (magnitude >> (segment + 3)) & 15
    return np.asarray(~code & 0xFF, dtype=np.uint8)


def _ulaw_decoding() -> NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_encoding() -> NDArray[np.uint8]:
    """Table by sample as uint16 -> octet, by the formula behind ITU-T G.711 tables 1a and 1b."""
    pcm = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 3
    magnitude = np.where(pcm < 0, ~pcm, pcm)
    segment = np.maximum(np.log2(np.maximum(magnitude, 1)).astype(np.int32) - 4, 0)
    code = segment << 4 | (magnitude >> np.maximum(segment, 1)) & 15
    return (code ^ np.where(pcm < 0, 0x55, 0xD5)).astype(np.uint8)  # even bits are inverted


def _alaw_decoding() -> NDArray[np.int16]:
    code = np.arange(256) ^ 0x55
    segment = code >> 4 & 7
    step = (code & 15) << 4
    magnitude = np.where(segment == 0, step + 8, step + 264 << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_ULAW_ENCODING: Final = _ulaw_encoding()
_ULAW_DECODING: Final = _ulaw_decoding()
_ALAW_ENCODING: Final = _alaw_encoding()
_ALAW_DECODING: Final = _alaw_decoding()

# For `bytes.translate`: a G.711 payload in the other law, with no decoding.
PCMU_TO_PCMA: Final = _ALAW_ENCODING.take(_ULAW_DECODING.view(np.uint16)).tobytes()
PCMA_TO_PCMU: Final = _ULAW_ENCODING.take(_ALAW_DECODING.view(np.uint16)).tobytes()


class G711Encoder:
    """One octet a sample at 8 kHz, by a table of 65536 entries."""

    rate: Final = 8000

    def __init__(self, table: NDArray[np.uint8]) -> None:
        self._table = table

    def encode(self, pcm: Pcm) -> bytes:
        return self._table.take(np.ascontiguousarray(pcm, np.int16).view(np.uint16)).tobytes()


class G711Decoder:
    """One sample an octet at 8 kHz, by a table of 256 entries."""

    rate: Final = 8000

    def __init__(self, table: NDArray[np.int16]) -> None:
        self._table = table
        self._fade = _Fade(160)

    def decode(self, payload: bytes) -> Pcm:
        return self._fade.heard(self._table.take(np.frombuffer(payload, np.uint8)))

    def lost(self, following: bytes = b"") -> Pcm:
        return self._fade.lost()


# G.722: 16 kHz of sound, but an RTP clock of 8000 by an old mistake (RFC 3551 section 4.5.2)


class G722Encoder:
    """160 octets for 320 samples."""

    rate: Final = 16000

    def __init__(self) -> None:
        self._context = _g722("w")
        self._context.time_base = Fraction(1, self.rate)

    def encode(self, pcm: Pcm) -> bytes:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm, np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate = self.rate
        return b"".join(bytes(packet) for packet in self._context.encode(frame))


class G722Decoder:
    """320 samples for 160 octets."""

    rate: Final = 16000

    def __init__(self) -> None:
        self._context = _g722("r")
        self._fade = _Fade(320)

    def decode(self, payload: bytes) -> Pcm:
        frames = self._context.decode(av.Packet(payload)) if payload else []  # an empty packet would end the context
        return self._fade.heard(np.concatenate([frame.to_ndarray()[0] for frame in frames] or [np.zeros(0, np.int16)]))

    def lost(self, following: bytes = b"") -> Pcm:
        return self._fade.lost()


class Resampler:
    """Changes the rate of a stream by a whole factor, up or down; as many samples come out as the factor says.

    Fed with frames or a whole recording alike: the filter remembers what went before.

    Raises:
        MediaError: one rate is no multiple of the other.
    """

    _TAPS = 24  # for each sample of the slower side

    def __init__(self, source: int, target: int) -> None:
        if source % target and target % source:
            raise MediaError(f"cannot resample {source} Hz to {target} Hz")
        self._down, self._up = max(source // target, 1), max(target // source, 1)
        kernel = _low_pass(self._TAPS * self._down * self._up, 0.45 / (self._down * self._up)) * self._up
        self._kernel = np.ascontiguousarray(kernel.reshape(-1, self._up)[::-1])
        self._past = np.zeros(len(self._kernel) - 1, np.float32)

    def resample(self, pcm: Pcm) -> Pcm:
        """Give the next samples; going down, their count must be a multiple of the factor."""
        if not len(pcm):
            return pcm
        heard = np.concatenate((self._past, pcm), dtype=np.float32)
        self._past = heard[len(pcm) :].copy()  # not a view, which would keep all of a recording
        windows = np.lib.stride_tricks.sliding_window_view(heard, len(self._kernel))[:: self._down]
        return np.asarray(np.clip(np.rint(windows @ self._kernel), -32768, 32767), dtype=np.int16).reshape(-1)


class _Resampled:
    """A decoder whose codec has another rate than the one asked for."""

    def __init__(self, inner: Decoder, rate: int) -> None:
        self.rate = rate
        self._inner = inner
        self._resampler = Resampler(inner.rate, rate)

    def decode(self, payload: bytes) -> Pcm:
        return self._resampler.resample(self._inner.decode(payload))

    def lost(self, following: bytes = b"") -> Pcm:
        return self._resampler.resample(self._inner.lost(following))


class _Fade:
    """Conceals loss where the codec cannot: the last frame again, ever softer, and silence after 60 ms."""

    def __init__(self, frame: int) -> None:
        self._silence = self._last = np.zeros(frame, np.int16)
        self._losses = 0

    def heard(self, pcm: Pcm) -> Pcm:
        self._last, self._losses = pcm, 0
        return pcm

    def lost(self) -> Pcm:
        self._losses += 1
        if self._losses > 3 or len(self._last) != len(self._silence):
            return self._silence
        return np.right_shift(self._last, self._losses)


def _at_own_rate(make: Callable[[], Encoder]) -> Callable[[int], Encoder]:
    def at(rate: int) -> Encoder:
        made = make()
        if rate not in (0, made.rate):
            raise MediaError(f"cannot encode from {rate} Hz")
        return made

    return at


def _at_any_rate(make: Callable[[], Decoder]) -> Callable[[int], Decoder]:
    def at(rate: int) -> Decoder:
        made = make()
        return made if rate == made.rate else _Resampled(made, rate)

    return at


_ENCODERS: Final[dict[str, Callable[[int], Encoder]]] = {
    "OPUS": lambda rate: OpusEncoder(rate or 48000),
    "PCMU": _at_own_rate(lambda: G711Encoder(_ULAW_ENCODING)),
    "PCMA": _at_own_rate(lambda: G711Encoder(_ALAW_ENCODING)),
    "G722": _at_own_rate(G722Encoder),
}
_DECODERS: Final[dict[str, Callable[[int], Decoder]]] = {
    "OPUS": lambda rate: OpusDecoder(rate),
    "PCMU": _at_any_rate(lambda: G711Decoder(_ULAW_DECODING)),
    "PCMA": _at_any_rate(lambda: G711Decoder(_ALAW_DECODING)),
    "G722": _at_any_rate(G722Decoder),
}

CODECS: Final = ("opus", "G722", "PCMU", "PCMA")  # names as in SDP, the best first


def _make(table: dict[str, Callable[[int], T]], name: str, rate: int) -> T:
    make = table.get(name.upper())  # names do not care for case, RFC 4566 section 6
    if make is None:
        raise MediaError(f"no codec {name}")
    return make(rate)


def _g722(mode: Literal["r", "w"]) -> AudioCodecContext:
    context = av.CodecContext.create("g722", mode)
    context.layout = "mono"
    context.sample_rate = 16000
    if mode == "w":
        context.format = "s16"
    return context


def _low_pass(taps: int, cutoff: float) -> NDArray[np.float32]:
    """Windowed sinc; `cutoff` in cycles a sample of the faster side."""
    at = np.arange(taps) - (taps - 1) / 2
    kernel = np.sinc(2 * cutoff * at) * np.hamming(taps)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)
