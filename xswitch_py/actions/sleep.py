"""The action `sleep`."""

import asyncio

from xswitch_py.core.call import Call, action

__all__ = ["sleep"]


@action("sleep")
async def sleep(call: Call, argument: str) -> None:
    """sleep MS: wait some milliseconds."""
    await asyncio.sleep(int(argument) / 1000 if argument.isascii() and argument.isdigit() else 0)
