"""Tones: what the table may say, and what is heard."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sound import has_tone, is_silent, level, power, sounding
from xswitch_py.base.errors import ConfigError
from xswitch_py.media.tones import Cadence, Tone, Tones, load, music, render

SHIPPED = Path(__file__).parents[2] / "conf" / "tones.toml"


@pytest.fixture(scope="module")
def tones() -> Tones:
    return load(tomllib.loads(SHIPPED.read_text()))


def one(**cadence: Any) -> dict[str, Any]:
    return {"tone": {"x": [cadence]}}


def test_the_shipped_table_has_what_a_switch_needs(tones: Tones) -> None:
    assert {"ringback", "busy", "congestion", "dial", "beep", "sit", "test", "ringback-cn", "busy-eu"} <= tones.keys()
    assert tones["ringback"] is tones["ringback-us"]


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_every_shipped_tone_is_heard_with_all_its_frequencies(tones: Tones, rate: int) -> None:
    for name, tone in tones.items():
        pcm = render(tone, rate)
        at = 0
        for cadence in tone.cadences:
            burst = pcm[at : at + cadence.on * rate // 1000]
            at += (cadence.on + cadence.off) * rate // 1000
            for hz in cadence.hz:
                assert power(burst, rate, hz) == pytest.approx(1 / len(cadence.hz), abs=0.06), (name, hz)


def test_ringback_rings_two_seconds_and_rests_four(tones: Tones) -> None:
    assert sounding(render(tones["ringback-us"], 8000), 8000) == [(True, 2.0), (False, 4.0)]
    assert sounding(render(tones["ringback-uk"], 8000), 8000) == [(True, 0.4), (False, 0.2), (True, 0.4), (False, 2.0)]


def test_the_level_is_in_dbm0() -> None:
    """ITU-T G.711: a sine at full scale is +3.14 dBm0."""
    pcm = render(load(one(hz=[1004], level=-10))["x"], 8000)
    assert level(pcm) == pytest.approx(-13.14, abs=0.05)


@pytest.mark.parametrize("name", ["dial-us", "dial-eu", "test"])
@pytest.mark.parametrize("rate", [8000, 48000])
def test_a_steady_tone_loops_without_a_seam(tones: Tones, name: str, rate: int) -> None:
    pcm = render(tones[name], rate).astype(int)
    twice = np.concatenate((pcm, pcm))
    bend = np.abs(np.diff(twice, 2))
    assert bend[len(pcm) - 3 : len(pcm) + 1].max() <= bend[: len(pcm) - 3].max() + 2


@given(
    st.lists(st.integers(20, 3800), min_size=1, max_size=2),
    st.integers(1, 500),
)
def test_a_steady_tone_is_prolonged_to_whole_waves_and_frames(hz: list[int], on: int) -> None:
    tone = Tone((Cadence(tuple(hz), -20, on, 0),))
    ms = len(render(tone, 8000)) / 8
    assert ms % on == 0
    assert ms <= 10_000
    if ms > on:
        assert ms % 20 == 0
        assert all((ms * f / 1000) % 1 == 0 for f in hz)


def test_a_steady_tone_that_would_grow_too_long_is_left_as_it_is() -> None:
    assert len(render(load(one(hz=[440.123], on=999))["x"], 8000)) == 999 * 8


def test_bursts_begin_and_end_softly(tones: Tones) -> None:
    pcm = render(tones["busy-eu"], 8000).astype(int)
    assert abs(pcm[0]) < 50
    assert abs(pcm[3999]) < 50
    assert np.abs(np.diff(pcm)).max() < np.abs(pcm).max() * 2 * np.pi * 425 / 8000 * 1.1


def test_a_cadence_without_frequencies_is_silence() -> None:
    assert is_silent(render(load(one(on=40))["x"], 8000))
    assert len(render(load(one(on=40))["x"], 8000)) == 320


def test_defaults_are_minus_13_and_one_second() -> None:
    assert load(one(hz=[440]))["x"] == Tone((Cadence((440,), -13, 1000, 0),))


def test_an_empty_table_has_no_tones() -> None:
    assert load({}) == {}


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"tones": {}}, "tones: unknown"),
        ({"tone": []}, "tone: must be a table"),
        ({"tone": {"x": 5}}, "tone.x: must be a list"),
        ({"tone": {"x": []}}, "tone.x: must be a list"),
        ({"tone": {"x": ["440"]}}, r"tone.x\[0\]: must be like"),
        ({"tone": {"x": "y"}}, "tone.x: there is no tone 'y'"),
        ({"tone": {"x": "y", "y": "z", "z": [{"hz": [440]}]}}, "tone.x: there is no tone 'y' with cadences"),
        (one(hz=440), r"tone.x\[0\].hz"),
        (one(hz=[440, "a"]), r"tone.x\[0\].hz"),
        (one(hz=[True]), r"tone.x\[0\].hz"),
        (one(hz=[19]), r"tone.x\[0\].hz"),
        (one(hz=[3801]), r"tone.x\[0\].hz"),
        (one(hz=[300, 400, 500, 600, 700]), r"tone.x\[0\].hz"),
        (one(hz=[440], level=1), r"tone.x\[0\].level"),
        (one(hz=[440], level=float("nan")), r"tone.x\[0\].level"),
        (one(hz=[440, 480], level=0), "together are too loud"),
        (one(hz=[440], on=0), r"tone.x\[0\].on"),
        (one(hz=[440], on=1.5), r"tone.x\[0\].on"),
        (one(hz=[440], off=-1), r"tone.x\[0\].off"),
        (one(hz=[440], of=3), r"tone.x\[0\].of: unknown"),
        (one(hz=[440], on=60000, off=60000), "one period must not exceed"),
    ],
)
def test_what_is_wrong_is_said(table: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        load(table)


def test_all_problems_are_said_at_once() -> None:
    table = {"extra": 1, "tone": {"a": [{"hz": [1], "on": 0}, 7], "b": "none"}}
    with pytest.raises(ConfigError) as caught:
        load(table)
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_music_is_quiet_whole_frames_and_loops_without_a_click(rate: int) -> None:
    pcm = music(rate)
    assert len(pcm) == 8 * rate
    assert len(pcm) % (rate // 50) == 0
    assert -40 < level(pcm) < -15
    assert np.abs(pcm).max() == pytest.approx(32768 * 10 ** (-15 / 20), abs=2)
    steps = np.abs(np.diff(np.concatenate((pcm, pcm)).astype(int)))
    assert steps[len(pcm) - 2 : len(pcm) + 1].max() < steps.max()
    assert not any(is_silent(part) for part in pcm.reshape(-1, rate // 2))


def test_music_is_the_same_tune_at_every_rate() -> None:
    for rate in (8000, 48000):
        first = music(rate)[: rate // 4]
        assert has_tone(first, rate, 261.63, 0.1)  # middle C over its bass
