"""How many calls a gateway may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.endpoints.sip.gateways.load import Load


@pytest.mark.item("S100")
def test_calls_both_ways_count_until_they_end() -> None:
    load = Load()
    first, second = load.take(0, 1.0, inbound=True), load.take(0, 1.0, inbound=False)
    assert (load.inbound, load.outbound) == (1, 1)
    assert not load.admits(2, 0, 1.0) and load.admits(3, 0, 1.0) and load.admits(0, 0, 1.0)
    first.end()
    first.end()
    assert (load.inbound, load.outbound) == (0, 1) and load.admits(2, 0, 1.0)
    second.end()
    assert (load.inbound, load.outbound) == (0, 0)


@pytest.mark.item("S100")
@given(st.floats(0.1, 50), st.lists(st.floats(0, 2), max_size=100))
def test_no_second_has_more_calls_than_the_rate_and_what_was_saved(rate: float, steps: list[float]) -> None:
    load, now, begun = Load(), 100.0, list[float]()
    for step in steps:
        now += step
        if load.admits(0, rate, now):
            load.take(rate, now, inbound=True)
            begun.append(now)
    for start in begun:
        within = sum(start <= each < start + 1 for each in begun)
        assert within <= max(rate, 1.0) + rate + 1e-6
    assert len(begun) <= max(rate, 1.0) + rate * sum(steps) + 1e-6
    assert begun or not steps


@pytest.mark.item("S100")
def test_a_rate_refills() -> None:
    load = Load()
    for _ in range(2):
        assert load.admits(0, 2.0, 10.0)
        load.take(2.0, 10.0, inbound=False)
    assert not load.admits(0, 2.0, 10.4) and load.admits(0, 2.0, 10.5)
