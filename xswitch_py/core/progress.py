"""What a caller hears while others are rung for it."""

import asyncio
from collections.abc import Coroutine

import structlog

from xswitch_py.core.call import Call
from xswitch_py.core.leg import Leg, State

__all__ = ["Progress"]

log = structlog.get_logger("xswitch.core")


class Progress:
    """A word or a ringback tone at first, then the media of whoever sends some before the answer, the latest one's."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._rang = False
        self._task: asyncio.Task[None] | None = None

    def hear(self, leg: Leg) -> None:
        """A leg rings, or sends early media."""
        if leg.state is State.EARLY:
            self._play(self._call.preview(leg))
        elif not self._rang and self._task is None and not self._call.ring():
            self._play(self._call.ringback())
        self._rang = True

    def stop(self) -> None:
        """Let the caller hear nothing of it any more."""
        if self._task is not None:
            self._task.cancel()

    def _play(self, sound: Coroutine[None, None, None]) -> None:
        self.stop()
        self._task = asyncio.create_task(sound, name=f"progress {self._call.id}")
        self._task.add_done_callback(_tell_failure)


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("the caller hears nothing", why=str(error))
