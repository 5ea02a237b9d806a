"""The action `tone`."""

import asyncio
import contextlib

from xswitch_py.core.call import Call, action

__all__ = ["tone"]


@action("tone")
async def tone(call: Call, argument: str) -> None:
    """tone NAME [MS]: play a tone of tones.toml, for some milliseconds or until the caller hangs up."""
    name, _, ms = argument.partition(" ")
    await call.leg.early()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(int(ms) / 1000 if ms.isascii() and ms.isdigit() else None):
            await call.services.media.play(call.leg.id, f"tone:{name}", loop=True)
