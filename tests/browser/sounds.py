"""Capture files for the fake microphone, and what is in the sound that a page heard."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tests.sound import Pcm, is_silent, level, power, tone_wav, write_wav

__all__ = ["RATE", "Heard", "heard", "write_speech", "write_tone"]

RATE: Final = 48_000  # Hz
_CLEAR: Final = 0.5  # of all power: a tone that passed two coders and a jitter buffer is not a pure one
_GONE: Final = 0.05
_FORMANTS: Final = ((600, 180), (1200, 220), (2500, 300))  # Hz: centre, width


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of sound."""

    samples: Pcm

    def is_silent(self) -> bool:
        """Nobody would hear it, or there was no call to hear."""
        return is_silent(self.samples)

    def has(self, hz: float) -> bool:
        """Loud, and `hz` above all."""
        return not self.is_silent() and power(self.samples, RATE, hz) > _CLEAR

    def lacks(self, hz: float) -> bool:
        """Silent, or full of something else."""
        return self.is_silent() or power(self.samples, RATE, hz) < _GONE

    def __repr__(self) -> str:
        if self.is_silent():
            return "silence"
        spectrum = np.abs(np.fft.rfft(self.samples * np.hanning(self.samples.size)))
        peak = int(np.argmax(spectrum)) * RATE / self.samples.size
        return f"{level(self.samples):.0f} dB at {peak:.0f} Hz ({power(self.samples, RATE, peak):.2f} of it)"


def heard(text: str | None) -> Heard:
    """Read what the page's ear returned: float32 samples at 48 kHz in base64, or nothing at all."""
    samples = np.frombuffer(base64.b64decode(text or ""), dtype="<f4")
    return Heard(np.clip(samples * 32767, -32768, 32767).astype(np.int16))


def write_tone(path: Path, hz: int) -> Path:
    """Write a steady tone of one second: a whole number of periods, so that it loops without a click."""
    return tone_wav(path, hz, 1.0, RATE)


def write_speech(path: Path) -> Path:
    """Write four seconds of something that suppression of noise and echo takes for a voice.

    Harmonics of a gliding pitch under three formants, four syllables a second, with pauses.
    """
    t = np.arange(4 * RATE) / RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.75 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = np.zeros_like(t)
    for n in range(1, 30):
        gain = sum(np.exp(-(((n * pitch - centre) / width) ** 2)) for centre, width in _FORMANTS)
        voice += gain * np.sin(n * phase)
    voice *= np.clip(np.sin(2 * np.pi * 4 * t), 0, None) * (np.sin(2 * np.pi * 0.5 * t) > -0.6)
    return write_wav(path, np.rint(16_000 * voice / np.max(np.abs(voice))).astype(np.int16), RATE)
