"""A scope: the stretch of one task that works on a leg, and is cancelled when the leg ends.

It is to a leg what `asyncio.timeout` is to the clock: whoever works inside is cancelled, and the cancellation turns
into `LegEnded` where the scope is left. The cause travels as the cancellation's message, so that scopes further in, of
other legs, leave with the same cause.
"""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, LegEnded

__all__ = ["Scope", "cause_of"]


class Scoped(Protocol):
    """What a scope needs of a leg."""

    cause: Cause | None
    scope: "Scope | None"

    @property
    def hangup(self) -> Callable[[Cause], None]: ...


def cause_of(error: BaseException | None) -> Cause:
    """Say with which cause a leg ends when its scope is left by this error, or by none."""
    match error:
        case None:
            return Cause.NORMAL_CLEARING
        case CallError(cause=cause):
            return cause
        case asyncio.CancelledError(args=(Cause() as cause,)):
            return cause
        case asyncio.CancelledError():
            return Cause.NORMAL_CLEARING
        case _:
            return Cause.NORMAL_TEMPORARY_FAILURE


class Scope:
    """An `async with` block that holds a leg."""

    def __init__(self, leg: Scoped) -> None:
        self._leg = leg
        self._cause: Cause | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0

    def end(self, cause: Cause) -> None:
        """Cancel whoever works in the scope; the first cause counts."""
        if self._cause is None and self._task is not None:
            self._cause = cause
            self._task.cancel(cause)

    async def __aenter__(self) -> Self:
        """Hold the leg.

        Raises:
            LegEnded: it is over already.
        """
        if self._leg.cause is not None:
            raise LegEnded(self._leg.cause)
        self._task = asyncio.current_task()
        assert self._task is not None
        self._cancelling = self._task.cancelling()
        self._leg.scope = self
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up the leg if it is still held, and undo our own cancellation.

        Raises:
            LegEnded: the leg ended, or was taken away.
        """
        if self._leg.scope is self:
            self._leg.scope = None
            self._leg.hangup(cause_of(error))
        if self._cause is None:
            return
        assert self._task is not None
        if error is None:  # the body was done before the cancellation reached it: let it arrive
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        others = self._task.uncancel() > self._cancelling
        if others and error is None:
            raise asyncio.CancelledError(self._cause)
        if not others and (error is None or isinstance(error, asyncio.CancelledError)):
            raise LegEnded(self._cause) from None
