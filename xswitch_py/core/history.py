"""How the last hour went, minute by minute, and today as a whole: in memory, since the start of the switch."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from xswitch_py.base import events
from xswitch_py.base.records import mos_of

__all__ = ["MINUTES", "STEP", "History", "Span"]

STEP: Final = 60  # seconds
MINUTES: Final = 60  # that are kept


@dataclass(slots=True)
class Span:
    """What happened in a stretch of time; calls count where they began, were answered and ended."""

    at: float  # Unix seconds of its beginning
    started: int = 0
    answered: int = 0
    ended: int = 0
    failed: int = 0  # of those that ended: nobody had answered
    busiest: int = 0  # most calls at once
    measured: int = 0  # of those that ended: how many have a MOS
    mos_sum: float = field(default=0.0, repr=False)

    @property
    def mos(self) -> float | None:
        """Give the mean of the calls that ended; None if none of them was measured."""
        return round(self.mos_sum / self.measured, 2) if self.measured else None


class History:
    """Hears of calls in the order of time; what is late by a moment counts as now."""

    def __init__(self, now: float | None = None) -> None:
        """`now` is in Unix seconds."""
        now = time.time() if now is None else now
        self._calls = 0
        self._minutes = deque([Span(_minute(now))], MINUTES)
        self._today = Span(now)
        self._midnight = _next_midnight(now)

    def started(self, event: events.CallStarted) -> None:
        """Count a call."""
        self._calls += 1
        for span in self._at(event.at):
            span.started += 1
            span.busiest = max(span.busiest, self._calls)

    def answered(self, event: events.CallAnswered) -> None:
        """Count an answer."""
        for span in self._at(event.at):
            span.answered += 1

    def ended(self, event: events.CallEnded) -> None:
        """Count an end, and how it sounded."""
        mos = mos_of(event.quality)
        for span in self._at(event.ended):
            span.ended += 1
            span.failed += event.answered is None
            if mos is not None:
                span.measured += 1
                span.mos_sum += mos
        self._calls = max(0, self._calls - 1)

    def minutes(self, now: float) -> list[Span]:
        """Give the last minutes, the oldest first; the last one goes on."""
        self._go_on(now)
        return list(self._minutes)

    def today(self, now: float) -> Span:
        """Give the day so far, by the local time of the switch; `at` is the start, if that was later."""
        self._go_on(now)
        return self._today

    def _at(self, at: float) -> tuple[Span, Span]:
        self._go_on(at)
        return self._minutes[-1], self._today

    def _go_on(self, now: float) -> None:
        last, minute = self._minutes[-1].at, _minute(now)
        missing = int((minute - last) // STEP)
        for steps in range(min(missing, MINUTES) - 1, -1, -1):  # a clock that was put back changes nothing
            self._minutes.append(Span(minute - steps * STEP, busiest=self._calls))
        if now >= self._midnight:
            self._today = Span(_midnight(now), busiest=self._calls)
            self._midnight = _next_midnight(now)


def _minute(at: float) -> float:
    return at // STEP * STEP


def _midnight(at: float, days: int = 0) -> float:
    year, month, day, *_ = time.localtime(at)
    return time.mktime((year, month, day + days, 0, 0, 0, 0, 0, -1))


def _next_midnight(at: float) -> float:
    return _midnight(at, 1)
