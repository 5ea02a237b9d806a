"""Symmetric RTP: who is heard, who may take over, and when nobody may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.media.latch import Latch

pytestmark = pytest.mark.item("S93")

NAMED = ("10.0.0.1", 4000)
ONE, OTHER, THIRD = ("192.0.2.1", 4000), ("192.0.2.2", 5000), ("192.0.2.3", 6000)


def latched(now: float = 100.0) -> Latch:
    """One that hears ONE since `now`."""
    latch = Latch()
    latch.aim(NAMED, any_host=True, now=now)
    assert put(latch, ONE, now)
    return latch


def put(latch: Latch, address: tuple[str, int], now: float, ssrc: bytes = b"same") -> bool:
    """Let a packet come, as the transport does."""
    if address != latch.source:
        if not latch.allows(address, ssrc, now):
            return False
        latch.take(address, now)
    latch.heard_at, latch.last = now, bytes(8) + ssrc
    return True


def test_the_first_who_speaks_is_heard_wherever_the_sdp_points() -> None:
    assert latched().source == ONE


def test_one_change_is_allowed_within_five_seconds_and_no_second() -> None:
    latch = latched()
    assert put(latch, OTHER, 104.9)
    assert not put(latch, THIRD, 104.95)
    assert not put(latch, ONE, 105.0)
    assert latch.source == OTHER


def test_after_five_seconds_nobody_takes_over() -> None:
    latch = latched()
    put(latch, ONE, 105.0)
    assert not put(latch, OTHER, 105.1)
    assert latch.source == ONE


@pytest.mark.parametrize(
    ("silence", "ssrc", "taken"), [(2.0, b"other", True), (1.9, b"other", False), (9.0, b"same", False)]
)
def test_after_two_seconds_of_silence_another_stream_takes_over(silence: float, ssrc: bytes, taken: bool) -> None:
    latch = latched()
    put(latch, ONE, 110.0)
    assert put(latch, OTHER, 110.0 + silence, ssrc) is taken


def test_a_new_offer_lets_another_source_take_over_once() -> None:
    latch = latched()
    put(latch, ONE, 200.0)
    latch.aim(NAMED, any_host=True, now=200.0)
    assert put(latch, ONE, 200.1)
    assert put(latch, OTHER, 200.2)
    assert not put(latch, THIRD, 200.3)


def test_a_peer_that_says_it_moves_is_not_followed_back_by_its_late_packets() -> None:
    latch = latched()
    latch.aim(("10.0.0.1", 4002), any_host=True, now=200.0)
    assert latch.allows(ONE, b"same", 200.5) and latch.is_late(ONE, 200.5)
    assert not latch.is_late(OTHER, 200.5)
    assert not latch.is_late(ONE, 201.0)  # it speaks from there still, whatever it said


def test_the_late_packets_of_one_that_moved_end_when_it_speaks_from_elsewhere() -> None:
    latch = latched()
    latch.aim(("10.0.0.1", 4002), any_host=True, now=200.0)
    assert put(latch, OTHER, 200.2)
    assert not latch.allows(ONE, b"same", 200.3)


def test_nobody_takes_over_from_where_the_sdp_points() -> None:
    latch = latched()
    assert put(latch, OTHER, 100.1)  # the one change
    assert put(latch, NAMED, 100.2) and latch.settles_at == 100.2
    for now in (100.3, 101.0, 104.0):
        assert not put(latch, ONE, now) and not put(latch, OTHER, now)
        assert put(latch, NAMED, now)
    assert put(latch, OTHER, 106.0, b"other")


def test_without_address_translators_only_the_host_of_the_sdp_is_heard() -> None:
    latch = Latch()
    latch.aim(("192.0.2.1", 4004), any_host=False, now=0.0)
    assert not put(latch, OTHER, 1.0)
    assert put(latch, ONE, 1.1)
    assert put(latch, ("192.0.2.1", 4002), 1.2)
    assert not put(latch, OTHER, 9.0, b"other")


def test_without_address_translators_nobody_is_heard_where_the_sdp_names_none() -> None:
    latch = Latch()
    latch.aim(("", 0), any_host=False, now=0.0)
    assert not put(latch, ONE, 1.0)


@given(st.lists(st.tuples(st.sampled_from((ONE, OTHER, THIRD)), st.floats(0, 1.5))))
def test_who_never_pauses_cannot_be_displaced_twice(packets: list[tuple[tuple[str, int], float]]) -> None:
    latch, now, sources = latched(0.0), 0.0, [ONE]
    for address, pause in packets:
        now += pause
        put(latch, latch.source or ONE, now)  # type: ignore[arg-type]
        put(latch, address, now, b"other")
        if latch.source != sources[-1]:
            sources.append(latch.source)  # type: ignore[arg-type]
    assert len(sources) <= 2
