"""The watchdog: how late the loop was, and when that is worth a line."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from xswitch_py.core.watchdog import Watchdog


async def test_who_holds_up_the_loop_is_noticed() -> None:
    dog = Watchdog()
    task = asyncio.create_task(dog.run())
    await asyncio.sleep(0.01)
    with capture_logs() as lines:
        time.sleep(0.25)  # noqa: ASYNC251 - it is what the test is about
        async with asyncio.timeout(2):
            while not dog.held_up:
                await asyncio.sleep(0)
    task.cancel()
    assert 0.1 < dog.worst < 0.25
    assert [(line["event"], line["log_level"]) for line in lines] == [("the loop was held up", "warning")]
    assert 100 < lines[0]["ms"] < 250


def test_the_worst_of_the_last_minute_is_kept() -> None:
    dog = Watchdog()
    for now, late in ((0.0, 0.2), (0.4, 0.01), (1.0, 0.03), (30.0, 0.04)):
        dog.note(late, now)
    assert (dog.worst, dog.lately, dog.held_up) == (0.2, 1, 1)
    dog.note(0.0, 60.5)
    assert (dog.worst, dog.lately, dog.held_up) == (0.04, 0, 1)
    dog.note(0.0, 1000.0)
    assert (dog.worst, dog.lately, dog.held_up) == (0.0, 0, 1)


def test_what_is_remembered_is_bounded() -> None:
    dog = Watchdog()
    for tick in range(10_000):
        dog.note(0.06, tick / 10)
    assert (dog.lately, dog.held_up) == (600, 10_000)
    assert len(dog._seconds) == 60


@pytest.mark.parametrize(("late", "warned"), [(0.05, False), (0.0501, True), (-0.001, False)])
def test_later_than_the_limit_is_warned_of(late: float, warned: bool) -> None:
    with capture_logs() as lines:
        Watchdog(limit=0.05).note(late, 5.0)
    assert bool(lines) is warned


def test_the_log_is_told_every_ten_seconds_and_of_how_many() -> None:
    dog = Watchdog()
    with capture_logs() as lines:
        for tick in range(250):
            dog.note(0.08, tick / 10)
    assert [(line["ms"], line["times"]) for line in lines] == [(80, 1), (80, 100), (80, 100)]


def test_who_never_looked_knows_of_nothing() -> None:
    assert (Watchdog().worst, Watchdog().lately) == (0.0, 0)
