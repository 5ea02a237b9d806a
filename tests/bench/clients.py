"""1,000 clients that are logged in and do nothing: memory, CPU, and what coming in costs."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from tests.bench.cpu import Spent, memory_mb
from tests.bench.table import Figure
from tests.peers.server import Server, running
from tests.peers.wire import VertoSocket

__all__ = ["clients"]

CLIENTS: Final = 1000
_AT_ONCE: Final = 25
_USERS: Final = 20
_IDLE_S: Final = 20.0


async def clients() -> list[Figure]:
    """Log them all in the stock way, then wait."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as server, AsyncExitStack() as stack:
            await stack.enter_async_context(await _client(server, 0))  # pays for what is loaded late
            before, spent = memory_mb(server.pid), Spent.begin(server.pid)
            for start in range(0, CLIENTS, _AT_ONCE):
                batch = await asyncio.gather(*(_client(server, start + number) for number in range(_AT_ONCE)))
                for client in batch:
                    stack.push_async_exit(client)
            cpu, wall = spent.cpu(), spent.wall()
            each = (memory_mb(server.pid) - before) / CLIENTS
            await asyncio.sleep(1)
            idle = Spent.begin(server.pid)
            await asyncio.sleep(_IDLE_S)
            share = 100 * idle.cpu() / idle.wall()
    return [
        Figure(f"{CLIENTS} clients, memory of one", 1000 * each, "kB"),
        Figure(
            f"{CLIENTS} clients idle, CPU", share, "% of a core", note=f"over {_IDLE_S:.0f} s, WebSocket pings included"
        ),
        Figure("logins", CLIENTS / cpu, "a CPU second", note=f"{CLIENTS / wall:.0f} a second here; TCP to clientReady"),
    ]


async def _client(server: Server, number: int) -> VertoSocket:
    client = await VertoSocket.open(server.ws, compression=None)
    await client.stock_login(f"{1000 + number % _USERS}")
    return client
