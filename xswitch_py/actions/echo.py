"""The action `echo`."""

import asyncio

from xswitch_py.core.call import Call, action

__all__ = ["echo"]


@action("echo")
async def echo(call: Call, argument: str) -> None:
    """echo: let the caller hear and see themselves until they hang up."""
    await call.answer()
    media = call.services.media
    joined = media.bridge(call.leg.id, call.leg.id)
    try:
        await asyncio.Event().wait()
    finally:
        media.unbridge(joined)
