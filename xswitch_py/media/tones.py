"""Tones as data (ITU-T E.180): read from a table, rendered to samples; and a hold melody of our own."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from xswitch_py.base.errors import ConfigError

__all__ = ["Cadence", "Tone", "Tones", "load", "music", "render"]

Pcm = NDArray[np.int16]

_FRAME: Final = 20  # ms
_LONGEST: Final = 60_000  # ms of one period
_STEADY_LONGEST: Final = 10_000  # ms to which a steady tone is prolonged, at most, so that its loop has no seam
_RAMP: Final = 0.003  # seconds in which a burst rises and falls, against clicks
_OVERLOAD: Final = 3.14  # dBm0 of a sine at full scale (ITU-T G.711 section 6, A-law)
_CADENCE_KEYS: Final = {"hz", "level", "on", "off"}


@dataclass(frozen=True, slots=True)
class Cadence:
    """One burst and the pause after it."""

    hz: tuple[float, ...]  # sounding together; none is silence
    level: float  # dBm0 of each of them
    on: int  # ms
    off: int  # ms


@dataclass(frozen=True, slots=True)
class Tone:
    """Cadences, one after the other, then from the start again."""

    cadences: tuple[Cadence, ...]

    @property
    def steady(self) -> bool:
        """Whether it never changes, so that any seam in its loop would be heard."""
        return len(self.cadences) == 1 and not self.cadences[0].off


Tones = Mapping[str, Tone]  # by name


def load(table: Mapping[str, Any]) -> Tones:
    """Read the tones of `tones.toml`: a list of cadences for each name, or the name of another tone.

    Raises:
        ConfigError: with a line for each thing that is wrong.
    """
    problems: list[str] = []
    entries = table.get("tone", {})
    problems += [f"{key}: unknown, only [tone] is expected" for key in table if key != "tone"]
    if not isinstance(entries, dict):
        raise ConfigError([*problems, "tone: must be a table"])
    tones = {name: _tone(name, entry, problems) for name, entry in entries.items() if not isinstance(entry, str)}
    aliases = {name: entry for name, entry in entries.items() if isinstance(entry, str)}
    for name, other in aliases.items():
        if other not in tones:
            problems.append(f"tone.{name}: there is no tone {other!r} with cadences of its own")
    if problems:
        raise ConfigError(problems)
    return tones | {name: tones[other] for name, other in aliases.items()}


def render(tone: Tone, rate: int) -> Pcm:
    """Give one full period at `rate` samples a second; a steady tone's is as long as its loop needs to have no seam."""
    if tone.steady:
        cadence = tone.cadences[0]
        return _pcm(_sines(cadence, _seamless(cadence) * rate // 1000, rate))
    parts = [part for cadence in tone.cadences for part in (_burst(cadence, rate), _silence(cadence.off, rate))]
    return _pcm(np.concatenate(parts))


def music(rate: int) -> Pcm:
    """Give hold music: eight seconds that loop without a seam, quiet, made here and so free of any licence."""
    length, ring = int(_BEAT * _BEATS * rate), int(_RINGS * rate)
    total = np.zeros(length + ring)
    for beat, note, volume in _notes():
        at = int(beat * _BEAT * rate)
        total[at : at + ring] += _pluck(440 * 2 ** ((note - 69) / 12), rate) * volume
    total[:ring] += total[length:]  # what rings on past the end is heard at the beginning: so the loop has no seam
    return _pcm(total[:length] / np.abs(total[:length]).max() * _MUSIC_PEAK)


# The melody: a chord for each two seconds, broken into eighths over a bass note (MIDI numbers).

_BEAT: Final = 0.25  # seconds
_BEATS: Final = 32
_RINGS: Final = 1.6  # seconds a note lasts
_MUSIC_PEAK: Final = 32768 * 10 ** (-15 / 20)
_OVERTONES: Final = (1.0, 0.35, 0.12)
_CHORDS: Final = ((48, 60, 64, 67, 72), (45, 57, 60, 64, 69), (41, 57, 60, 65, 69), (43, 59, 62, 67, 71))
_PATTERN: Final = (1, 2, 3, 4, 3, 2, 4, 3)  # which note of the chord on which eighth


def _notes() -> list[tuple[int, int, float]]:
    """List (beat, note, volume)."""
    bass = [(8 * bar, chord[0], 0.9) for bar, chord in enumerate(_CHORDS)]
    broken = [(8 * bar + i, chord[n], 0.6) for bar, chord in enumerate(_CHORDS) for i, n in enumerate(_PATTERN)]
    return bass + broken


def _pluck(hz: float, rate: int) -> NDArray[np.float64]:
    at = np.arange(int(_RINGS * rate)) / rate
    envelope = np.minimum(at / 0.01, 1) * np.exp(-3 * at) * np.minimum((_RINGS - at) / 0.05, 1)
    wave = sum((weight * np.sin(2 * np.pi * hz * k * at) for k, weight in enumerate(_OVERTONES, 1)), np.zeros(len(at)))
    return envelope * wave


def _sines(cadence: Cadence, count: int, rate: int) -> NDArray[np.float64]:
    at = np.arange(count) / rate
    return sum((_amplitude(cadence.level) * np.sin(2 * np.pi * hz * at) for hz in cadence.hz), np.zeros(count))


def _burst(cadence: Cadence, rate: int) -> NDArray[np.float64]:
    count = cadence.on * rate // 1000
    edge = np.arange(count) / (_RAMP * rate)
    return _sines(cadence, count, rate) * np.minimum(1, np.minimum(edge, edge[::-1]))


def _silence(ms: int, rate: int) -> NDArray[np.float64]:
    return np.zeros(ms * rate // 1000)


def _seamless(cadence: Cadence) -> int:
    """Find the shortest multiple of `on` in ms that holds whole waves and whole frames; `on` itself if that is long."""
    waves = [Fraction(str(hz)) * cadence.on / 1000 for hz in cadence.hz]
    times = lcm(*(wave.denominator for wave in waves), _FRAME // gcd(cadence.on, _FRAME))
    return cadence.on * times if cadence.on * times <= _STEADY_LONGEST else cadence.on


def _amplitude(level: float) -> float:
    return float(32767 * 10 ** ((level - _OVERLOAD) / 20))


def _pcm(wave: NDArray[np.float64]) -> Pcm:
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


def _tone(name: str, entry: object, problems: list[str]) -> Tone:
    if not isinstance(entry, list) or not entry:
        problems.append(f"tone.{name}: must be a list of cadences, or the name of another tone")
        return Tone(())
    tone = Tone(tuple(_cadence(f"tone.{name}[{i}]", cadence, problems) for i, cadence in enumerate(entry)))
    if sum(cadence.on + cadence.off for cadence in tone.cadences) > _LONGEST:
        problems.append(f"tone.{name}: one period must not exceed {_LONGEST} ms")
    return tone


def _cadence(where: str, entry: object, problems: list[str]) -> Cadence:
    if not isinstance(entry, dict):
        problems.append(f"{where}: must be like {{ hz = [440], level = -13, on = 500, off = 500 }}")
        return Cadence((), 0, 0, 0)
    problems += [f"{where}.{key}: unknown" for key in entry.keys() - _CADENCE_KEYS]
    hz, level = entry.get("hz", []), entry.get("level", -13)
    on, off = entry.get("on", 1000), entry.get("off", 0)
    wrong = [
        f"{where}.{what}"
        for what, right in (
            ("hz: must be a list of at most 4 frequencies from 20 to 3800", _is_hz(hz)),
            ("level: must be from -60 to 0 dBm0", _is_number(level, -60, 0)),
            ("on: must be from 1 to 60000 ms", _is_number(on, 1, _LONGEST) and isinstance(on, int)),
            ("off: must be from 0 to 60000 ms", _is_number(off, 0, _LONGEST) and isinstance(off, int)),
        )
        if not right
    ]
    if not wrong and _amplitude(level) * len(hz) > 32767:
        wrong = [f"{where}.level: {len(hz)} frequencies at {level} dBm0 together are too loud"]
    problems += wrong
    return Cadence((), 0, 0, 0) if wrong else Cadence(tuple(hz), level, on, off)


def _is_hz(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 4 and all(_is_number(hz, 20, 3800) for hz in value)


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
