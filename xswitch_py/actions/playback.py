"""The action `playback`."""

from xswitch_py.core.call import Call, action

__all__ = ["playback"]


@action("playback")
async def playback(call: Call, argument: str) -> None:
    """playback SOURCE: play `music` without end, or `file:NAME`, `tone:NAME` or `silence:MS` once."""
    await call.leg.early()
    await call.services.media.play(call.leg.id, argument, loop=argument == "music")
