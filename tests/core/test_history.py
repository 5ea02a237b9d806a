"""How the last hour went: calls fall into their minutes, and memory does not grow."""

import time
from typing import Any

import pytest

from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.base.records import mos_of
from xswitch_py.core.history import MINUTES, History

NOON = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))  # Unix seconds, by local time
LEG, WHO = LegId("l"), Party("", "1000")


def started(at: float) -> events.CallStarted:
    return events.CallStarted(CallId("c"), LEG, at, WHO, WHO, None, "sip")


def answered(at: float) -> events.CallAnswered:
    return events.CallAnswered(CallId("c"), at)


def ended(at: float, since: float | None = None, *, heard: float | None = None, told: float | None = None) -> Any:
    quality = {name: None if mos is None else {"mos": mos} for name, mos in (("heard", heard), ("told", told))}
    cause = Cause.NORMAL_CLEARING
    return events.CallEnded(CallId("c"), LEG, at, since, at, cause, WHO, WHO, None, "", 0, 0, 0, quality=quality)


def test_calls_fall_into_the_minutes_in_which_they_happen() -> None:
    history = History(NOON)
    history.started(started(NOON + 1))
    history.started(started(NOON + 2))
    history.answered(answered(NOON + 5))
    history.ended(ended(NOON + 59.9))
    history.ended(ended(NOON + 185, NOON + 5, heard=4.0, told=3.0))
    minutes = history.minutes(NOON + 190)
    facts = [(one.at - NOON, one.started, one.answered, one.ended, one.failed, one.busiest) for one in minutes]
    assert facts == [(0, 2, 1, 1, 1, 2), (60, 0, 0, 0, 0, 1), (120, 0, 0, 0, 0, 1), (180, 0, 0, 1, 0, 1)]
    assert [one.mos for one in minutes] == [None, None, None, 3.0], "the worse way counts"
    assert history.minutes(NOON + 240)[-1].busiest == 0


def test_a_mean_is_of_the_calls_that_were_measured() -> None:
    history = History(NOON)
    for heard in (4.4, None, 3.5):
        history.started(started(NOON))
        history.ended(ended(NOON, NOON, heard=heard))
    assert history.minutes(NOON)[0].mos == 3.95
    assert (history.today(NOON).mos, history.today(NOON).ended) == (3.95, 3)


def test_an_hour_is_kept_and_no_more_whatever_the_pause() -> None:
    history = History(NOON)
    history.started(started(NOON))
    for later in (3600, 3661, 10 * 86_400, 1e9):
        minutes = history.minutes(NOON + later)
        assert len(minutes) == MINUTES
        assert [one.at for one in minutes] == [minutes[-1].at - 60 * (59 - index) for index in range(60)]
        assert minutes[-1].at <= NOON + later < minutes[-1].at + 60
        assert all((one.started, one.busiest) == (0, 1) for one in minutes), "it goes on"


def test_a_clock_that_was_put_back_changes_nothing() -> None:
    history = History(NOON)
    history.started(started(NOON - 7200))
    assert [(one.at, one.started) for one in history.minutes(NOON - 7200)] == [(NOON, 1)]


def test_an_end_without_a_beginning_makes_no_negative_calls() -> None:
    history = History(NOON)
    history.ended(ended(NOON))
    history.started(started(NOON))
    assert history.minutes(NOON)[0].busiest == 1


def test_today_begins_at_the_start_and_then_at_midnight() -> None:
    history = History(NOON)
    history.started(started(NOON + 1))
    assert (history.today(NOON + 2).at, history.today(NOON + 2).started) == (NOON, 1)
    history.ended(ended(NOON + 12 * 3600 + 5))
    today = history.today(NOON + 12 * 3600 + 6)
    assert (today.at - NOON, today.started, today.ended, today.failed, today.busiest) == (12 * 3600, 0, 1, 1, 1)


@pytest.mark.parametrize(
    ("quality", "mos"),
    [
        ({}, None),
        ({"heard": None, "told": None}, None),
        ({"heard": {"mos": 4.1}, "told": None, "rtt": 3}, 4.1),
        ({"heard": {"mos": 4.1}, "told": {"mos": 2}}, 2),
        ({"heard": "odd", "told": {"mos": "odd"}}, None),
    ],
)
def test_the_worse_way_says_how_a_call_sounded(quality: dict[str, object], mos: float | None) -> None:
    assert mos_of(quality) == mos
