"""A call that goes on while something else is tried, and must not notice it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tests.peers.server import Server
from tests.peers.verto import Call, VertoPeer
from tests.sound import has_tone

__all__ = ["ECHO", "undisturbed"]

ECHO: Final = "9196"
_HZ: Final = 440.0
_PER_SECOND: Final = 50  # packets of 20 ms


@asynccontextmanager
async def undisturbed(server: Server, user: str = "1019") -> AsyncIterator[Call]:
    """An echo call of `user`; when the block ends, four fifths of its packets must have come, and its tone be clear."""
    async with await VertoPeer.open(server.ws) as peer:
        await peer.login(user)
        call = await peer.invite(ECHO, _HZ)
        await call.answered()
        await call.media.hear(0.1)
        packets, start = call.media.packets, time.monotonic()
        yield call
        await asyncio.sleep(0.5)
        came, due = call.media.packets - packets, _PER_SECOND * (time.monotonic() - start)
        assert came >= 0.8 * due, f"{came} of {due:.0f} packets"
        assert has_tone(*await call.media.hear(0.3), _HZ)
        await call.bye()
