"""Events behind the real gate: keys, cookies, and what ends when those do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.api.lodge import DOMAIN, Lodge, lodge
from tests.api.streaming import Stream
from tests.core.facts import gateway, started
from tests.listen.serving import closing
from xswitch_py.api import events
from xswitch_py.api.events import Streams
from xswitch_py.api.events_socket import PATH, EventSocket
from xswitch_py.base.address import Address
from xswitch_py.core.feed import Feed
from xswitch_py.listen.listener import Listener


class Tower:
    """The gate, with events behind it on a real port."""

    def __init__(self, lodge: Lodge, feed: Feed, address: str) -> None:
        self.lodge, self.feed, self.address = lodge, feed, address

    @contextlib.asynccontextmanager
    async def stream(self, *headers: str) -> AsyncIterator[Stream]:
        reader, writer = await asyncio.open_connection(*self.address.split(":"), limit=1 << 20)
        writer.write("\r\n".join((f"GET {PATH} HTTP/1.1", "Host: localhost", *headers, "", "")).encode())
        stream = Stream(reader, writer)
        try:
            async with asyncio.timeout(10):
                await stream.begin()
                yield stream
        finally:
            writer.transport.abort()


@pytest.fixture
async def tower(tmp_path: Path) -> AsyncIterator[Tower]:
    async with lodge(tmp_path) as made:
        feed = Feed("n1")
        made.app.state.desk = replace(made.desk, feed=feed)
        streams = made.app.state.streams = Streams(beat=0.05, check=0.1)
        made.app.include_router(events.router, prefix="/api/v1")
        listener = Listener(made.app, {PATH: EventSocket(feed, made.gate, check=0.1)}, http="127.0.0.1:0")
        await listener.start()
        try:
            yield Tower(made, feed, listener.addresses["http"])
        finally:
            streams.close()
            await listener.stop()


async def test_a_key_hears_what_its_scopes_say(tower: Tower) -> None:
    every, none = await tower.lodge.key("events:read"), await tower.lodge.key("calls:read")
    async with tower.stream(f"Authorization: Bearer {every}") as stream:
        tower.feed.publish(gateway())
        assert (await stream.event())["type"] == "gateway.changed"
    async with tower.stream(f"Authorization: Bearer {none}") as stream:
        assert (stream.status, await stream.problem()) == (403, "forbidden")
    async with tower.stream(f"Authorization: Bearer {every}x") as stream:
        assert stream.status == 401
    async with tower.stream() as stream:
        assert stream.status == 401


async def test_a_key_in_the_query_opens_nothing(tower: Tower) -> None:
    key = await tower.lodge.key("events:read")
    async with connect(f"ws://{tower.address}{PATH}?key={key}&token={key}", proxy=None) as peer:
        assert await closing(peer) == (4401, "not_authenticated")


async def test_a_page_hears_by_its_cookie_what_is_its_users(tower: Tower) -> None:
    page = await tower.lodge.page("1000")
    cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    async with tower.stream(f"Cookie: {cookie}") as stream:
        tower.feed.publish(started("c1", Address("1001", DOMAIN)))
        tower.feed.publish(started("c2", Address("1000", DOMAIN)))
        assert (await stream.event())["call_id"] == "call_c2"
    async with connect(f"ws://{tower.address}{PATH}", additional_headers={"Cookie": cookie}, proxy=None) as peer:
        while not len(tower.feed):
            await asyncio.sleep(0.01)
        await page.post("/auth/logout")
        assert await closing(peer) == (4401, "not_authenticated")


async def test_a_stream_ends_with_the_key_that_opened_it(tower: Tower) -> None:
    key = await tower.lodge.key("events:read")
    async with tower.stream(f"Authorization: Bearer {key}") as stream:
        (row,) = await tower.lodge.store.keys.list()
        await tower.lodge.store.keys.remove(row.id)
        assert await stream.event() == {}


async def test_a_stream_ends_when_its_user_is_disabled(tower: Tower) -> None:
    page = await tower.lodge.page("1000")
    cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    async with tower.stream(f"Cookie: {cookie}") as stream:
        user = await tower.lodge.store.users.get("1000", DOMAIN)
        assert user is not None
        await tower.lodge.store.users.change(replace(user, enabled=False))
        assert await stream.event() == {}
