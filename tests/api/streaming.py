"""A listener with nothing but events behind it, and clients that read them byte by byte."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.types import Receive, Scope, Send

from tests.core.facts import ALICE, BOB
from xswitch_py.api import events, problems
from xswitch_py.api.events import Streams
from xswitch_py.api.events_socket import PATH, EventSocket
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.feed import Feed
from xswitch_py.listen.gate import Limits
from xswitch_py.listen.listener import Listener

PEOPLE: Final = {
    "alice": Asker("1000", "user", frozenset({"events:read:own"}), ALICE),
    "bob": Asker("1001", "user", frozenset({"events:read:own"}), BOB),
    "operator": Asker("op", "operator", frozenset({"events:read"})),
    "admin": Asker("admin", "admin", frozenset({"__ANY__"})),
    "nothing": Asker("key_1", "user", frozenset({"calls:read"}), ALICE),
    "nobody": Asker("key_2", "user", frozenset({"events:read:own"})),  # own things of nobody
}


class Door:
    """Says who asks, by a table that tests change."""

    def __init__(self) -> None:
        self.people = dict(PEOPLE)
        self.asked = 0

    async def identify(self, headers: Mapping[str, str], host: str, *, secure: bool, safe: bool) -> Asker:
        self.asked += 1
        who = self.people.get(headers.get("authorization", "").removeprefix("Bearer "))
        if who is None:
            raise Refused(Code.NOT_AUTHENTICATED)
        return who

    async def asker(self, request: Request) -> Asker:
        return await self.identify(request.headers, "", secure=False, safe=True)


class House:
    """What runs."""

    def __init__(self, streams: Streams, **times: float) -> None:
        self.feed, self.door, self.streams = Feed("n1"), Door(), streams
        self.address = ""
        self.app = FastAPI()
        self.app.state.desk = SimpleNamespace(feed=self.feed)
        self.app.state.gatekeeper, self.app.state.streams = self.door, self.streams
        problems.install(self.app)
        self.app.include_router(events.router, prefix="/api/v1")
        self.socket = EventSocket(self.feed, self.door, **times)

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and let a response drop its connection, as the switch does."""
        cycle: Any = send
        scope["abort"] = cycle.__self__.transport.abort
        await self.app(scope, receive, send)


@contextlib.asynccontextmanager
async def housed(streams: Streams | None = None, limits: Limits | None = None, **times: float) -> AsyncIterator[House]:
    """Run it on a free port."""
    house = House(Streams() if streams is None else streams, **times)
    listener = Listener(house.page, {PATH: house.socket}, http="127.0.0.1:0", limits=limits or Limits())
    await listener.start()
    house.address = listener.addresses["http"]
    try:
        yield house
    finally:
        house.streams.close()
        await listener.stop()


class Stream:
    """One client of an event stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status, self.headers, self.retry = 0, dict[str, str](), 0
        self.beats = 0
        self._text = b""

    async def begin(self) -> None:
        """Read the head, and what comes before any event."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        pairs = (line.partition(": ") for line in lines[1:] if line)
        self.headers = {name.lower(): value for name, _, value in pairs}
        if self.status == 200:
            self.retry = int((await self.message())["retry"])

    async def chunk(self) -> bytes:
        """Read one chunk of a body (RFC 9112 section 7.1)."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def message(self) -> dict[str, str]:
        """Read one message; empty at the end of the stream."""
        while b"\n\n" not in self._text:
            piece = await self.chunk()
            if not piece:
                return {}
            self._text += piece
        text, _, self._text = self._text.partition(b"\n\n")
        return {name: value for name, _, value in (line.partition(": ") for line in text.decode().split("\n"))}

    async def event(self) -> dict[str, Any]:
        """Read the next event; checks that what it is called outside is what it is called inside."""
        while not (found := await self.message()) or "data" not in found:
            if not found:
                return {}
            self.beats += 1
        shown: dict[str, Any] = json.loads(found["data"])
        assert (found["id"], found["event"]) == (shown["id"], shown["type"])
        return shown

    async def problem(self) -> str:
        """Read a refusal's code."""
        code: str = json.loads(await self.reader.readexactly(int(self.headers["content-length"])))["code"]
        return code


@contextlib.asynccontextmanager
async def listening(house: House, who: str = "admin", query: str = "", *headers: str) -> AsyncIterator[Stream]:
    """Open an event stream."""
    host, port = house.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
    head = (f"GET {PATH}{query} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {who}", *headers, "", "")
    writer.write("\r\n".join(head).encode())
    stream = Stream(reader, writer)
    try:
        async with asyncio.timeout(10):
            await stream.begin()
            yield stream
    finally:
        writer.transport.abort()


async def until_left(house: House) -> None:
    """Wait until nobody listens."""
    async with asyncio.timeout(5):
        while len(house.feed):
            await asyncio.sleep(0.01)
