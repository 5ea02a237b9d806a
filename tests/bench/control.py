"""Programs at the REST door: what it costs to list calls and to place one, and how soon one hears of it."""

import asyncio
import itertools
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

from tests.bench.cpu import Spent
from tests.bench.register import Phone
from tests.bench.sip_calls import carriers
from tests.bench.table import Figure
from tests.bench.ua import HOST, Ua, rtp_socket, sdp
from tests.peers.server import Server, running
from tests.peers.sip import Door
from xswitch_py.pysip.message import serialise

__all__ = ["control"]

CALLS: Final = 100  # that are up all the time
LISTENERS: Final = 1000
_LISTS: Final = 500
_CLIENTS: Final = 4
_RUNS: Final = 4  # of which the best counts: others have this computer, too
_PLACED: Final = 200
_HEARD: Final = 40
_AT_ONCE: Final = 50
_PAUSE_S: Final = 0.05
_WAIT_S: Final = 20.0
_USER: Final = "1001"
_PROMISED: Final = "promised"
_MAP: Final = "0 PCMU/8000"
_DIALPLAN: Final = """
[[rule]]
context = "public"
number = ".*"
steps = ["answer", "echo"]
"""
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


async def control() -> list[Figure]:
    """List calls while some are up, place some that fail, and hear of that."""
    with tempfile.TemporaryDirectory() as folder, rtp_socket() as at:
        async with Ua() as caller, Ua(status=486) as busy, _serving(Path(folder), caller.port, busy.port) as server:
            here = Door.of(server.facts).udp
            await _register(busy, here)
            for _ in range(CALLS):
                await caller.call(here, sdp(at, _MAP))
            lists = await _listed(server)
            placed = await _placed(server, busy)
            late, crowd = await _late(server), await _late(server, LISTENERS)
    return [
        Figure(f"GET /calls, {CALLS} of them in it", max(lists), "a CPU second", 1000.0, _PROMISED),
        Figure("POST /calls, busy, and its record", max(placed), "a CPU second", 100.0, _PROMISED),
        Figure("from POST /calls to call.created: median", 1000 * median(late), "ms"),
        Figure("the slowest of them", 1000 * max(late), "ms", 20.0, _PROMISED, f"{_HEARD} calls"),
        Figure(f"beside {LISTENERS} other streams: median", 1000 * median(crowd), "ms"),
        Figure("the slowest of them", 1000 * max(crowd), "ms", 20.0, _PROMISED, f"{_HEARD} calls"),
    ]


class Client:
    """One connection that is kept, and asks with the administrator's key."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer
        self._head = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.facts['api_key']}\r\n"

    @classmethod
    @asynccontextmanager
    async def open(cls, server: Server) -> AsyncIterator[Self]:
        """Connect, for as long as the block runs."""
        host, _, port = str(server.facts["http"]).rpartition("/")[2].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
        try:
            yield cls(server, reader, writer)
        finally:
            writer.close()

    def send(self, what: str, body: str = "") -> None:
        """Ask for `GET /path`, or the like, below /api/v1."""
        method, _, path = what.partition(" ")
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        self._writer.write(f"{method} /api/v1{path} {self._head}{length}\r\n{body}".encode())

    async def ask(self, what: str, status: int, body: str = "") -> bytes:
        """Ask, and give the body of the answer."""
        self.send(what, body)
        return await self.answered(status)

    async def answered(self, status: int) -> bytes:
        """Give the body of the answer to what was sent."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length is not None, head
        answer = await self.reader.readexactly(int(length[1]))
        assert head.startswith(b"HTTP/1.1 %d " % status), head + answer
        return answer


@asynccontextmanager
async def _serving(folder: Path, caller: int, callee: int) -> AsyncIterator[Server]:
    """A demo that answers whoever calls from there."""
    settings = carriers(folder, caller, callee)
    (folder / "dialplan.toml").write_text(_DIALPLAN)
    async with running(folder, *settings, "shutdown.drain=0", f'media.addresses=["{HOST}"]') as server:
        yield server


async def _register(ua: Ua, here: str) -> None:
    phone = Phone(_USER, "UDP", f"sip:{_USER}@{HOST}:{ua.port}")
    for expected in (401, 200):
        request = phone.request()
        answer = await ua.exchange(request.vias[0].branch, serialise(request), here)
        assert answer.status == expected, f"{answer.status} {answer.reason}"
        if expected == 401:
            assert phone.login.challenged(answer)


async def _listed(server: Server) -> list[float]:
    """Count how many lists a second of the server's CPU gives."""

    async def once(client: Client) -> None:
        await client.ask(f"GET /calls?limit={CALLS}", 200)

    async with Client.open(server) as client:
        shown = json.loads(await client.ask(f"GET /calls?limit={CALLS}", 200))["items"]
    assert [call["state"] for call in shown] == ["answered"] * CALLS
    return [_LISTS / await _spent(server, _LISTS, once) for _ in range(_RUNS)]


async def _placed(server: Server, busy: Ua) -> list[float]:
    """Count how many calls a second of CPU gives, each written down."""

    async def once(client: Client) -> None:
        await client.ask("POST /calls", 202, json.dumps({"from": _USER, "to": "9196"}))

    async def run() -> float:
        before = await _records(server)
        spent = Spent.begin(server.pid)
        await _spent(server, _PLACED, once)
        async with asyncio.timeout(_WAIT_S):
            while busy.invited < before - CALLS + _PLACED:
                await asyncio.sleep(_PAUSE_S)
        await asyncio.sleep(1)  # what is written late belongs to the calls, too
        cpu = spent.cpu()
        assert await _records(server) == before + _PLACED
        return _PLACED / cpu

    return [await run() for _ in range(_RUNS)]


async def _records(server: Server) -> int:
    async with Client.open(server) as client:
        return int(json.loads(await client.ask("GET /cdrs?limit=1&total=true", 200))["total"])


async def _spent(server: Server, times: int, once: Callable[[Client], Awaitable[None]]) -> float:
    """Do something so many times, by some clients at once; gives the CPU seconds of the server."""
    left = itertools.repeat(None, times)

    async def work(client: Client) -> None:
        for _ in left:
            await once(client)

    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client.open(server)) for _ in range(_CLIENTS)]
        spent = Spent.begin(server.pid)
        await asyncio.gather(*map(work, clients))
        return spent.cpu()


async def _late(server: Server, others: int = 0) -> list[float]:
    """Time how long after a request somebody hears that a call was made; many others wait for something else."""
    async with AsyncExitStack() as stack:
        for _ in range(0, others, _AT_ONCE):
            await asyncio.gather(*(_stream(server, stack, "config.*") for _ in range(_AT_ONCE)))
        heard = await _stream(server, stack, "call.created")
        client = await stack.enter_async_context(Client.open(server))
        return [await _heard(heard, client) for _ in range(_HEARD)]


async def _stream(server: Server, stack: AsyncExitStack, types: str) -> Client:
    client: Client = await stack.enter_async_context(Client.open(server))
    client.send(f"GET /events?types={types}")
    await client.reader.readuntil(b"retry: 2000\n\n")
    return client


async def _heard(heard: Client, client: Client) -> float:
    await asyncio.sleep(_PAUSE_S)
    wish: dict[str, Any] = {"from": _USER, "to": "9196"}
    began = time.perf_counter()
    client.send("POST /calls", json.dumps(wish))
    async with asyncio.timeout(_WAIT_S):
        await heard.reader.readuntil(b"\n\n")
    took = time.perf_counter() - began
    await client.answered(202)
    return took
