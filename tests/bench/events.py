"""1,000 programs that listen to events: how soon one hears, what one event costs, and what one listener costs.

The server is this very file as a process of its own: the feed, the door and the listener, and nothing else.
"""

import asyncio
import contextlib
import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, Final

from fastapi import FastAPI, Request

from tests.bench.cpu import Spent, memory_mb
from tests.bench.table import Figure
from xswitch_py.api import events as door
from xswitch_py.base.events import GatewayChanged, SourceUnblocked
from xswitch_py.core.access import SYSTEM, Asker
from xswitch_py.core.feed import Feed
from xswitch_py.listen.listener import Listener

__all__ = ["events"]

LISTENERS: Final = 1000
FACTS: Final = 40
_AT_ONCE: Final = 50
_PAUSE_S: Final = 0.2
_FACT: Final = re.compile(rb'"(?:name|source)":"(\d+)"')


async def events() -> list[Figure]:
    """Let all listen, then tell one, and then all of them."""
    async with _server() as server, contextlib.AsyncExitStack() as stack:
        alone = await _listen(server, stack, "security.*")
        before, spent = memory_mb(server.pid), Spent.begin(server.pid)
        crowd = list[_Listener]()
        while len(crowd) < LISTENERS:
            crowd += await asyncio.gather(*(_listen(server, stack, "gateway.*") for _ in range(_AT_ONCE)))
        coming = spent.cpu() / LISTENERS
        memory = (memory_mb(server.pid) - before) / LISTENERS
        one = await _told(server, b"one\n", [alone])
        spent = Spent.begin(server.pid)
        each = await _told(server, b"all\n", crowd)
        cpu = spent.cpu() / (FACTS * LISTENERS)
    late = sorted(each)
    return [
        Figure(f"{LISTENERS} event streams, an event to one: median", 1000 * median(one), "ms"),
        Figure("the slowest of them", 1000 * max(one), "ms", 20.0, "promised"),
        Figure("an event to all: median", 1000 * median(late), "ms"),
        Figure("the last of all, 99 % of the time", 1000 * late[int(0.99 * len(late))], "ms"),
        Figure("CPU of one delivered event", 1e6 * cpu, "us"),
        Figure("CPU of coming in", 1e6 * coming, "us"),
        Figure("memory of one stream", 1000 * memory, "kB"),
    ]


@dataclass(frozen=True)
class _Process:
    """The server."""

    process: asyncio.subprocess.Process
    port: int

    @property
    def pid(self) -> int:
        return self.process.pid


class _Listener(asyncio.Protocol):
    """A raw socket that notes how late it hears each fact, in seconds."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.ready = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self.ready.set()
        self.late += [(now - int(began)) / 1e9 for began in _FACT.findall(data)]


async def _listen(server: _Process, stack: contextlib.AsyncExitStack, types: str) -> _Listener:
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_connection(_Listener, "127.0.0.1", server.port)
    stack.callback(transport.abort)
    transport.write(f"GET /api/v1/events?types={types} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await listener.ready.wait()
    return listener


async def _told(server: _Process, whom: bytes, listeners: list[_Listener]) -> list[float]:
    """Let the server tell facts; gives how late each was heard by each."""
    assert server.process.stdin is not None
    for _ in range(FACTS):
        server.process.stdin.write(whom)
        await asyncio.sleep(_PAUSE_S)
    async with asyncio.timeout(10):
        while any(len(each.late) < FACTS for each in listeners):
            await asyncio.sleep(0.05)
    return [late for each in listeners for late in each.late]


@contextlib.asynccontextmanager
async def _server() -> AsyncIterator[_Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.events", stdin=pipe, stdout=pipe, cwd=Path(__file__).parents[2]
    )
    try:
        assert process.stdout is not None
        yield _Process(process, int(await process.stdout.readline()))
    finally:
        process.kill()
        await process.wait()


class _Open:
    """Lets everybody in."""

    async def asker(self, request: Request) -> Asker:
        return SYSTEM


async def _serve() -> None:
    feed, app = Feed(), FastAPI()
    app.state.desk, app.state.gatekeeper = SimpleNamespace(feed=feed), _Open()
    app.state.streams = door.Streams()
    app.include_router(door.router, prefix="/api/v1")
    listener = Listener(app, {}, http="127.0.0.1:0")
    await listener.start()
    sys.stdout.write(f"{listener.addresses['http'].rpartition(':')[2]}\n")
    sys.stdout.flush()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        began = str(time.monotonic_ns())
        fact: Any = SourceUnblocked(began, 0.0) if line == b"one\n" else GatewayChanged(began, 0.0, "REGED", "")
        feed.publish(fact)


if __name__ == "__main__":
    asyncio.run(_serve())
