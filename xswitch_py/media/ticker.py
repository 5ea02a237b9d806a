"""The one 20 ms clock of a media plane: RTP timestamps come from its count, not from the time of day."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

__all__ = ["TICK", "Ticker"]

TICK: Final = 0.020  # seconds

_PATIENCE: Final = 0.060  # seconds of lateness that are caught up with; what exceeds them is skipped
_WATCHED: Final = 50  # ticks: one second

log = structlog.get_logger("xswitch.media")

Ticked = Callable[[int], None]


class Ticker:
    """Calls everyone each 20 ms with the number of the tick; runs only while there is someone to call.

    Numbers only grow, and follow the clock: where ticks are skipped, or the ticker rested, numbers are missing.
    """

    def __init__(self) -> None:
        self._called: dict[Ticked, None] = {}  # a set that keeps its order
        self._handle: asyncio.TimerHandle | None = None
        self._start: float | None = None  # loop time of tick 0
        self._n = 0
        self._late: deque[float] = deque(maxlen=_WATCHED)

    @property
    def lateness(self) -> float:
        """The worst of the last second, in seconds; nothing while at rest."""
        return max(self._late, default=0.0)

    def add(self, fn: Ticked) -> None:
        """Call `fn` from the next tick on, until it is removed or raises. It must not block."""
        self._called[fn] = None
        if self._handle is None:
            self._wake()

    def remove(self, fn: Ticked) -> None:
        """Call `fn` no more, not even in a tick that is under way; one that is not called is no error."""
        self._called.pop(fn, None)
        if not self._called and self._handle is not None:
            self._handle.cancel()
            self._handle = None
            self._late.clear()

    def _wake(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._start is None:
            self._start = now
        self._n = max(self._n, int((now - self._start) / TICK))
        self._next(loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._start is not None
        self._n += 1
        self._handle = loop.call_at(self._start + self._n * TICK, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._start is not None
        fired = self._handle
        late = loop.time() - (self._start + self._n * TICK)
        self._late.append(late)
        if late > _PATIENCE:
            skipped = int(late / TICK)
            self._n += skipped
            log.warning("ticks skipped", count=skipped, late=round(late, 3))
        for fn in tuple(self._called):
            if fn in self._called:  # one called before it may have removed it
                self._call(fn)
        if self._handle is fired:  # nobody stopped it, or stopped and started it anew, in this tick
            self._next(loop)

    def _call(self, fn: Ticked) -> None:
        try:
            fn(self._n)
        except Exception:
            log.exception("tick failed", callback=getattr(fn, "__qualname__", repr(fn)))
            self.remove(fn)
