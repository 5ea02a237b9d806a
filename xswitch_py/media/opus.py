"""Opus through libopus and ctypes (RFC 6716, RFC 7587)."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from xswitch_py.base.errors import MediaError, ProtocolError

__all__ = ["OpusDecoder", "OpusEncoder", "load_libopus"]

Pcm = NDArray[np.int16]

# Bit/s by rate; and with forward error correction, of which libopus adds none at all with less of these, or of loss.
_OPUS_BITRATES: Final = {8000: 16000, 12000: 20000, 16000: 24000, 24000: 28000, 48000: 32000}
_SAFE_BITRATES: Final = {8000: 20000, 12000: 24000, 16000: 24000, 24000: 28000, 48000: 32000}
_EXPECTED_LOSS: Final = 10  # per cent
_APPLICATION_VOIP: Final = 2048
_ENCODER_SETTINGS: Final = (
    (4010, 5),  # complexity: half of the default's CPU, and no difference to be heard in speech
    (4024, 3001),  # the signal is voice
    (4012, 0),  # no forward error correction, until it is asked for: it costs a third of the encoding
    (4016, 0),  # no DTX: silence is sent too, so that address translators keep the path open
)
_SET_BITRATE: Final = 4002
_SET_CORRECTION: Final = 4012
_SET_LOSS: Final = 4014
_LARGEST: Final = 1275  # bytes of one Opus frame, RFC 6716 section 3.2.1
_LONGEST: Final = 120  # ms of one Opus packet


class OpusEncoder:
    """Mono voice, 20 ms a packet."""

    def __init__(self, rate: int) -> None:
        """Raise `MediaError` for a rate that Opus does not have."""
        self.rate = _checked_rate(rate)
        self._lib = load_libopus()
        # State in memory of ours: it goes when the object goes, without a finalizer.
        self._state = ctypes.create_string_buffer(self._lib.opus_encoder_get_size(1))
        _checked(self._lib.opus_encoder_init(self._state, rate, 1, _APPLICATION_VOIP))
        self._set(*_ENCODER_SETTINGS, (_SET_BITRATE, _OPUS_BITRATES[rate]))
        self._out = ctypes.create_string_buffer(_LARGEST)
        self._view = memoryview(self._out)

    def encode(self, pcm: Pcm) -> bytes:
        pcm = np.ascontiguousarray(pcm, np.int16)
        size = self._lib.opus_encode(self._state, pcm.ctypes.data, pcm.size, self._out, _LARGEST)
        return bytes(self._view[: _checked(size)])

    def correct(self, wanted: bool) -> None:
        """Let each packet hold the one before it once more, in short, so that a lost one can be mended; or not."""
        bitrates = _SAFE_BITRATES if wanted else _OPUS_BITRATES
        loss = _EXPECTED_LOSS if wanted else 0
        self._set((_SET_CORRECTION, int(wanted)), (_SET_LOSS, loss), (_SET_BITRATE, bitrates[self.rate]))

    def _set(self, *settings: tuple[int, int]) -> None:
        for request, value in settings:
            _checked(self._lib.opus_encoder_ctl(self._state, ctypes.c_int(request), ctypes.c_int(value)))


class OpusDecoder:
    """Mono, whatever the sender chose (RFC 6716 section 4)."""

    def __init__(self, rate: int) -> None:
        """Raise `MediaError` for a rate that Opus does not have."""
        self.rate = _checked_rate(rate)
        self._lib = load_libopus()
        self._state = ctypes.create_string_buffer(self._lib.opus_decoder_get_size(1))
        _checked(self._lib.opus_decoder_init(self._state, rate, 1))
        self._pcm = np.zeros(rate * _LONGEST // 1000, np.int16)
        self._at = self._pcm.ctypes.data
        self._frame = rate // 50

    def decode(self, payload: bytes) -> Pcm:
        if not payload:  # libopus would take it for a loss
            raise ProtocolError("empty Opus payload")
        return self._run(payload, self._pcm.size, fec=0)

    def lost(self, following: bytes = b"") -> Pcm:
        return self._run(following or None, self._frame, fec=1 if following else 0)

    def _run(self, payload: bytes | None, room: int, *, fec: int) -> Pcm:
        count = self._lib.opus_decode(self._state, payload, len(payload or b""), self._at, room, fec)
        if count < 0:
            raise ProtocolError(f"malformed Opus payload ({count})")
        return np.array(self._pcm[:count])


@cache
def load_libopus() -> ctypes.CDLL:
    """Load the system's libopus, else the one inside PyAV's wheel.

    Raises:
        MediaError: there is neither.
    """
    for candidate in _libopus_candidates():
        try:
            return _declare(ctypes.CDLL(candidate))
        except OSError:
            continue
    raise MediaError("libopus was found neither in the system nor beside PyAV: install libopus0 or the wheel of av")


def _checked_rate(rate: int) -> int:
    if rate not in _OPUS_BITRATES:
        raise MediaError(f"Opus has no rate of {rate} Hz")
    return rate


def _libopus_candidates() -> list[str]:
    package = Path(av.__file__).parent
    inside = (*package.parent.glob("av.libs/*opus*"), *package.glob(".dylibs/*opus*"))
    return ["libopus.so.0", "libopus.0.dylib", "opus.dll", *map(str, inside)]


def _declare(lib: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number = ctypes.c_void_p, ctypes.c_int
    lib.opus_encoder_init.argtypes = [pointer, ctypes.c_int32, number, number]
    lib.opus_decoder_init.argtypes = [pointer, ctypes.c_int32, number]
    lib.opus_encode.argtypes = [pointer, pointer, number, pointer, ctypes.c_int32]
    lib.opus_decode.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int32, pointer, number, number]
    return lib


def _checked(result: int) -> int:
    """Pass on a count that libopus gave; a negative one is its error, and here always our own mistake."""
    if result < 0:
        raise ValueError(f"libopus: error {result}")
    return int(result)
