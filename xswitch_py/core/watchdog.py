"""How late the event loop is: whoever holds it up keeps every call waiting."""

import asyncio
from collections import deque
from typing import Final

import structlog

__all__ = ["Watchdog"]

log = structlog.get_logger("xswitch.core")

_EVERY: Final = 0.1  # seconds between two looks
_WINDOW: Final = 60  # seconds that are remembered
_QUIET: Final = 10.0  # seconds between two lines in the log


class Watchdog:
    """Looks ten times a second how late it is woken up. Times in seconds."""

    def __init__(self, limit: float = 0.05) -> None:
        """Being later than `limit` is worth a warning."""
        self.limit = limit
        self.held_up = 0  # times since the start
        self._seconds: deque[tuple[int, float, int]] = deque()  # of each: the worst, and how often it was too late
        self._silent_until = 0.0
        self._unsaid = 0  # times that the log was not told of

    async def run(self) -> None:
        """Watch for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            self.note(loop.time() - due, loop.time())

    def note(self, late: float, now: float) -> None:
        """Take how late the loop is; `now` is of a clock that never goes back."""
        second, too_late = int(now), int(late > self.limit)
        _, worst, times = self._seconds.pop() if self._seconds and self._seconds[-1][0] == second else (0, 0.0, 0)
        self._seconds.append((second, max(worst, late), times + too_late))
        while self._seconds[0][0] <= second - _WINDOW:
            self._seconds.popleft()
        if too_late:
            self.held_up += 1
            self._warn(late, now)

    @property
    def worst(self) -> float:
        """How late the loop was at most in the last minute."""
        return max((worst for _, worst, _ in self._seconds), default=0.0)

    @property
    def lately(self) -> int:
        """How often it was too late in the last minute."""
        return sum(times for _, _, times in self._seconds)

    def _warn(self, late: float, now: float) -> None:
        self._unsaid += 1
        if now >= self._silent_until:
            log.warning("the loop was held up", ms=round(late * 1000), times=self._unsaid)
            self._silent_until, self._unsaid = now + _QUIET, 0
