"""The E-model: what loss and delay do to how speech sounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.media.emodel import delay, mos


def test_a_good_line_sounds_as_good_as_the_model_knows() -> None:
    assert mos("PCMU", 0, 0) == pytest.approx(4.41, abs=0.01)


@pytest.mark.parametrize(("loss", "expected"), [(1, 4.3), (5, 3.87), (10, 3.37), (30, 2.11)])
def test_loss_costs_what_the_recommendation_says(loss: float, expected: float) -> None:
    """G.711 with concealment: Ie 0 and Bpl 25.1 of G.113 appendix I, and 50 ms of delay."""
    assert mos("PCMA", loss, 50) == pytest.approx(expected, abs=0.05)


def test_delay_hurts_once_it_is_noticed() -> None:
    assert mos("PCMU", 0, 150) > 4.2
    assert mos("PCMU", 0, 400) < 3.8


def test_delay_is_half_the_way_there_and_back_the_buffer_and_the_codec() -> None:
    assert delay("pcmu", 100, 3) == 50 + 20 + 20
    assert delay("opus", 0, 30) == 60 + 26.5


@given(st.floats(0, 100), st.floats(0, 1e6), st.sampled_from(["PCMU", "G722", "opus", "other", ""]))
def test_every_score_is_one(loss: float, ms: float, codec: str) -> None:
    assert 1 <= mos(codec, loss, ms) <= mos(codec, loss, 0) <= 4.5
    assert mos(codec, loss, ms) <= mos(codec, 0, ms)
