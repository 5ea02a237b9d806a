"""The action `control`."""

import asyncio

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.core.call import Call, action
from xswitch_py.core.meetings import waiting

__all__ = ["control"]

_PATIENCE = 10  # seconds


@action("control")
async def control(call: Call, argument: str) -> None:
    """control [SECONDS]: leave the call to programs; it ends if none does anything with it within 10 seconds."""
    seconds = int(argument) if argument.isascii() and argument.isdigit() else _PATIENCE
    try:
        async with asyncio.timeout(seconds):
            await call.minded.wait()
    except TimeoutError:
        raise CallError(Cause.NO_USER_RESPONSE, "no program has taken the call") from None
    await waiting(call)
