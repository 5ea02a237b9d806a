"""Measuring sound: which frequencies are in it, how loud it is, where it is silent; and writing WAV files to play."""

import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["dominant", "has_tone", "is_silent", "level", "power", "sine", "sounding", "tone_wav", "write_wav"]

Pcm = NDArray[np.int16]


def sine(hz: float, seconds: float, rate: int, amplitude: float = 8000) -> Pcm:
    """Make a sine."""
    at = np.arange(int(seconds * rate)) / rate
    return np.asarray(np.rint(amplitude * np.sin(2 * np.pi * hz * at)), dtype=np.int16)


def power(samples: Pcm, rate: int, hz: float) -> float:
    """Say how much of the whole power is at this frequency, 0 to 1 (Goertzel's sum, windowed against leakage)."""
    windowed = samples.astype(np.float64) * np.hanning(len(samples))
    total = float(np.sum(windowed**2))
    if total == 0:
        return 0.0
    wave_ = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate)
    # A pure sine gives 1: the window's mean square is 3/8, its mean 1/2.
    return min(1.0, float(np.abs(windowed @ wave_) ** 2) * 3 / (len(samples) * total))


def has_tone(samples: Pcm, rate: int, hz: float, share: float = 0.25) -> bool:
    """Say whether a sound that is not silent has at least this share of its power at the frequency."""
    return not is_silent(samples) and power(samples, rate, hz) >= share


def dominant(samples: Pcm, rate: int, candidates: Iterable[float]) -> float | None:
    """Give the candidate with most power, or nothing if the sound is silent or mostly something else."""
    best = max(candidates, key=lambda hz: power(samples, rate, hz))
    return best if has_tone(samples, rate, best) else None


def level(samples: Pcm) -> float:
    """Give the loudness in dB below a sine at full scale; -200 for digital silence."""
    mean = float(np.mean(samples.astype(np.float64) ** 2)) if len(samples) else 0.0
    return 10 * float(np.log10(mean / (32768**2 / 2))) if mean else -200.0


def is_silent(samples: Pcm, below: float = -50) -> bool:
    """Say whether nobody would hear it."""
    return level(samples) < below


def sounding(samples: Pcm, rate: int, below: float = -50, ms: int = 20) -> list[tuple[bool, float]]:
    """Tell sound from silence, as (whether it sounds, for how many seconds), in steps of `ms`."""
    step = rate * ms // 1000
    runs: list[tuple[bool, float]] = []
    for at in range(0, len(samples) - step + 1, step):
        sounds = not is_silent(samples[at : at + step], below)
        before = runs.pop() if runs and runs[-1][0] == sounds else (sounds, 0.0)
        runs.append((sounds, round(before[1] + ms / 1000, 3)))
    return runs


def write_wav(path: Path, samples: Pcm, rate: int, channels: int = 1) -> Path:
    """Write 16-bit samples, interleaved if there are two channels."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def tone_wav(path: Path, hz: float, seconds: float, rate: int = 8000) -> Path:
    """Write a sine."""
    return write_wav(path, sine(hz, seconds, rate), rate)
