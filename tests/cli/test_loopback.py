"""Measuring what is heard in a call of our own."""

import math
import random

import pytest

from xswitch_py.cli.loopback import pitch


def tone(hz: float, rate: int, amplitude: float = 8000) -> list[int]:
    """Make a second of a tone."""
    return [round(amplitude * math.sin(2 * math.pi * hz * place / rate)) for place in range(rate)]


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("hz", [200, 440, 1004, 3000])
def test_a_tone_is_measured(hz: float, rate: int) -> None:
    found, share, level = pitch(tone(hz, rate), rate)
    assert found == pytest.approx(hz, abs=0.5)
    assert share > 0.98
    assert level == pytest.approx(20 * math.log10(8000 / 32768), abs=0.1)


def test_noise_is_no_tone() -> None:
    noise = random.Random(1)
    assert pitch([noise.randint(-8000, 8000) for _ in range(8000)], 8000)[1] < 0.1


@pytest.mark.parametrize("silence", [[], [0] * 8000, [50, -50] * 4000])
def test_silence_is_no_tone(silence: list[int]) -> None:
    assert pitch(silence, 8000)[:2] == (0.0, 0.0)


def test_what_never_crosses_zero_has_no_pitch() -> None:
    assert pitch([8000] * 8000, 8000)[0] == 0.0
