"""How long a flow has its call: what it waits for ends with it."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, XSwitchError
from xswitch_py.flow.ended import CallEnded

__all__ = ["Life"]

T = TypeVar("T")

_UNWIND: Final = 1.0  # seconds that the switch's own work has to leave
_OFTEN: Final = 10  # times a flow may ask for more after the end before it is slowed down
_PAUSE: Final = 0.05  # seconds


class Life:
    """The stretch of a call in which a flow has it."""

    def __init__(self, over: Callable[[], bool]) -> None:
        """`over` says whether the call has ended, which the flow's task may learn a moment later."""
        self.cause: Cause | None = None  # why it is over
        self.left: asyncio.Future[XSwitchError] = asyncio.get_running_loop().create_future()
        self._over = over
        self._busy: list[asyncio.Task[Any]] = []  # those that wait for something of the call
        self._quiet = asyncio.Event()
        self._late = 0

    async def during(self, work: Coroutine[Any, Any, T], *, vital: bool = False) -> T:
        """Wait for something of the call; if it is `vital`, its failure is the end of the call.

        Raises:
            CallEnded: the call is over, before or meanwhile.
        """
        if self.cause is not None:
            work.close()
            await self._refuse(self.cause)
        task = asyncio.current_task()
        assert task is not None
        self._busy.append(task)
        try:
            return await self._through(work, vital)
        except asyncio.CancelledError as error:
            if self.cause is None or isinstance(error, CallEnded):
                raise
            raise CallEnded(self.cause) from None
        finally:
            self._busy.remove(task)
            if not self._busy:
                self._quiet.set()

    async def leave(self, why: XSwitchError) -> NoReturn:
        """Let the call go, with what it is to end or go on by."""
        await self.during(self._leave(why))
        raise AssertionError  # nobody comes back from there

    async def end(self, cause: Cause, flow: asyncio.Task[Any]) -> None:
        """The flow has the call no longer: cancel it, and all that it waits for; return when the switch's part left."""
        self.cause = cause
        self._quiet.clear()
        if self._busy:
            for task in {*self._busy, flow}:
                task.cancel(cause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_UNWIND):
                    await self._quiet.wait()
        else:
            flow.cancel(cause)

    async def _through(self, work: Coroutine[Any, Any, T], vital: bool) -> T:
        try:
            result = await work
            if not self._over():
                return result
        except XSwitchError as error:
            if vital and isinstance(error, CallError):
                await self._leave(error)
            if not self._over():
                raise
        await asyncio.Event().wait()  # the end is on its way, and finds us here
        raise AssertionError

    async def _leave(self, why: XSwitchError) -> NoReturn:
        if not self.left.done():
            self.left.set_result(why)
        await asyncio.Event().wait()
        raise AssertionError

    async def _refuse(self, cause: Cause) -> NoReturn:
        """Say that it is over, but never without a chance for others: a flow may ask in a circle."""
        self._late += 1
        await asyncio.sleep(0 if self._late < _OFTEN else _PAUSE)
        raise CallEnded(cause)
