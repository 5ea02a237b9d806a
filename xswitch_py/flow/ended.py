"""How a flow learns that its call has ended."""

import asyncio

from xswitch_py.base.cause import Cause

__all__ = ["CallEnded"]


class CallEnded(asyncio.CancelledError):
    """The call is over, or is no longer the flow's: raised wherever the flow waits, also in `asyncio.sleep`.

    It is a cancellation, so that libraries treat it as one and `except Exception` does not swallow it. Who catches it
    has 5 seconds for what is left to do; methods of the call then raise it at once.
    """

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause
