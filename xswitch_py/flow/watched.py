"""A flow's coroutine, driven step by step: blocking is noticed, and the end of the call arrives as `CallEnded`."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final

from xswitch_py.base.cause import Cause
from xswitch_py.flow.ended import CallEnded

__all__ = ["SLOW", "Slow", "Watched"]

SLOW: Final = 0.05  # seconds that a step may take

Slow = Callable[[float, int, int, int], None]
"""Told the seconds of a step, the line where it began, the one where it was over (0 if the flow was), and how many
there have been: of the first, the second, the fourth..."""


class Watched(Coroutine[Any, Any, None]):
    """What the task of a flow runs instead of the flow itself.

    A task is cancelled by throwing into its coroutine. Here that stops: once the call has ended, what goes on to the
    flow is a `CallEnded`. Any other cancellation, of an `asyncio.timeout` say, passes as it is.
    """

    def __init__(self, inner: Coroutine[Any, Any, None], slow: Slow) -> None:
        self._inner = inner
        self._slow = slow
        self._cause: Cause | None = None
        self._killed = False
        self._slowed = 0

    def end(self, cause: Cause) -> None:
        """The call is over: the cancellation that follows is to say so."""
        self._cause = cause

    def kill(self) -> None:
        """Let the cancellation that follows end the flow, whatever it does about it."""
        self._killed = True

    def send(self, value: Any) -> Any:
        """Go on to where the flow waits next."""
        return self._step(self._inner.send, value)

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None) -> Any:
        """Go on with an exception."""
        error = kind if isinstance(kind, BaseException) else kind() if value is None else value
        if self._killed:
            self.close()
            raise error
        if self._cause is None or type(error) is not asyncio.CancelledError:
            return self._step(self._inner.throw, error)
        waits = self._step(self._inner.throw, CallEnded(self._cause))
        if (task := asyncio.current_task()) is not None:
            task.uncancel()  # the flow has taken note, and what it does now is not cancelled
        return waits

    def close(self) -> None:
        """End the flow; one that does not let itself be ended is left where it is."""
        with contextlib.suppress(Exception):
            self._inner.close()

    def __await__(self) -> Any:
        raise TypeError("a flow is run by a task")

    def _step(self, go_on: Callable[[Any], Any], given: Any) -> Any:
        line, began = self._line(), time.perf_counter()
        try:
            return go_on(given)
        except SystemExit as error:  # a task would hand it on to the loop, and end the switch
            raise RuntimeError("a flow may not exit") from error
        finally:
            took = time.perf_counter() - began
            if took > SLOW:
                self._slowed += 1
                if self._slowed & (self._slowed - 1) == 0:  # a power of two: a loop shall not fill the log
                    self._slow(took, line, self._line(), self._slowed)

    def _line(self) -> int:
        frame = getattr(self._inner, "cr_frame", None)
        return frame.f_lineno if frame is not None else 0
