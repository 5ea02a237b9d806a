"""/api/v1/events as a WebSocket."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.api.streaming import PEOPLE, House, housed, until_left
from tests.core.facts import ALICE, OF_CALL, OF_USER, SAMPLES, gateway, started
from tests.listen.serving import closing
from xswitch_py.api.events_socket import PATH
from xswitch_py.base import events as facts
from xswitch_py.core.envelope import told
from xswitch_py.core.feed import Subscription
from xswitch_py.listen.gate import Limits

SEEN = {"alice": (*OF_CALL, *OF_USER), "bob": (), "operator": SAMPLES, "admin": SAMPLES}


@contextlib.asynccontextmanager
async def listening(house: House, who: str = "admin", query: str = "", **more: Any) -> AsyncIterator[ClientConnection]:
    """Open a socket, and wait until it is heard or sent away."""
    headers = {"Authorization": f"Bearer {who}"}
    before = len(house.feed)
    async with connect(
        f"ws://{house.address}{PATH}{query}", additional_headers=headers, proxy=None, compression=None, **more
    ) as peer:
        async with asyncio.timeout(10):
            while len(house.feed) == before and peer.close_code is None:
                await asyncio.sleep(0.001)
            yield peer


def subscribers(house: House) -> list[Subscription]:
    """Give those who listen."""
    return [each for group in house.feed._subscribers.values() for each in group]


async def next_event(peer: ClientConnection) -> dict[str, Any]:
    """Read an event."""
    shown: dict[str, Any] = json.loads(await peer.recv())
    return shown


async def test_an_event_comes_as_a_text_of_json() -> None:
    async with housed() as house, listening(house) as peer:
        house.feed.publish(started())
        text = await peer.recv()
        assert isinstance(text, str)
        assert json.loads(text)["id"] == "evt_n1_1"
        assert json.loads(text)["type"] == "call.created"


@pytest.mark.parametrize("who", SEEN)
async def test_everybody_is_told_what_they_may_see_of_every_type(who: str) -> None:
    async with housed() as house, listening(house, who) as peer:
        for event in (*SAMPLES, facts.ContactAdded(PEOPLE[who].user or ALICE, "last", 1.0)):
            house.feed.publish(event)
        rows = [row[0] for row in map(told, SEEN[who]) if row]
        assert [(await next_event(peer))["type"] for _ in rows] == rows
        assert (await next_event(peer))["data"]["door"] == "last"


@pytest.mark.parametrize(
    ("who", "query", "code", "reason"),
    [
        ("stranger", "", 4401, "not_authenticated"),
        ("nothing", "", 4403, "forbidden"),
        ("nobody", "", 4403, "forbidden"),
        ("admin", "?types=calls.*", 4422, "invalid"),
        ("admin", "?call=c1", 4422, "invalid"),
        ("admin", "?" + "&".join("a=b" for _ in range(30)), 4400, "malformed"),
    ],
)
async def test_who_may_hear_nothing_is_closed_with_the_reason(who: str, query: str, code: int, reason: str) -> None:
    async with housed() as house, listening(house, who, query) as peer:
        assert await closing(peer) == (code, reason)
        assert len(house.feed) == 0


async def test_a_page_of_another_origin_gets_no_socket() -> None:
    async with housed() as house:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{house.address}{PATH}", origin="https://evil.example", proxy=None)  # type: ignore[arg-type]  # a NewType
        assert refused.value.response.status_code == 403


async def test_the_query_chooses_types_call_and_where_to_begin() -> None:
    async with housed() as house:
        for event in (started("c1"), gateway(), started("c2"), started("c1")):
            house.feed.publish(event)
        async with listening(house, "admin", "?types=call.*&call=call_c1&after=evt_n1_1") as peer:
            assert (await next_event(peer))["id"] == "evt_n1_4"


async def test_a_first_text_says_what_is_wanted_and_a_second_says_it_anew() -> None:
    async with housed() as house, listening(house) as peer:
        for number in range(3):
            house.feed.publish(gateway(f"g{number}"))
        await peer.send('{"types": ["gateway.changed"], "after": "evt_n1_1"}')
        ids = [(await next_event(peer))["id"] for _ in range(5)]
        assert ids == ["evt_n1_1", "evt_n1_2", "evt_n1_3", "evt_n1_2", "evt_n1_3"]
        await peer.send('{"types": ["call.*"], "after": "evt_n1_3"}')
        async with asyncio.timeout(5):
            while not any(each._types == {"call.*"} for each in subscribers(house)):
                await asyncio.sleep(0.01)
        house.feed.publish(gateway())
        house.feed.publish(started())
        assert (await next_event(peer))["type"] == "call.created"
        assert len(house.feed) == 1


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "types",
        "[]",
        '{"types": "call.*"}',
        '{"types": ["calls.*"]}',
        '{"type": []}',
        '{"after": 5}',
        '{"types": ' + "[" * 5000 + "}",
        json.dumps({"types": ["call.ended"] * 51}),
        b"\xff\x00",
    ],
)
async def test_a_wish_that_makes_no_sense_closes_the_socket(wish: str | bytes) -> None:
    async with housed() as house, listening(house) as peer:
        await peer.send(wish)
        assert await closing(peer) == (4422, "invalid")
        await until_left(house)


async def test_a_user_cannot_wish_for_what_is_not_theirs() -> None:
    async with housed() as house, listening(house, "bob") as peer:
        house.feed.publish(started())
        await peer.send('{"types": ["call.*"], "call": "call_c1", "after": "evt_n1_0"}')
        house.feed.publish(facts.LegJoined(started().call, started().leg, 1.0, PEOPLE["bob"].user))
        async with asyncio.timeout(5):
            while not any(each._call for each in subscribers(house)):
                await asyncio.sleep(0.01)
        house.feed.publish(facts.CallAnswered(started().call, 1.0))
        assert (await next_event(peer))["type"] == "call.answered"


async def test_a_socket_is_closed_when_its_key_is_no_longer_good() -> None:
    async with housed(check=0.05) as house, listening(house) as peer:
        del house.door.people["admin"]
        assert await closing(peer) == (4401, "not_authenticated")
        await until_left(house)


async def test_a_socket_whose_key_stays_good_goes_on() -> None:
    async with housed(check=0.02) as house, listening(house) as peer:
        while house.door.asked < 4:
            await asyncio.sleep(0.01)
        house.feed.publish(gateway())
        assert (await next_event(peer))["type"] == "gateway.changed"


async def test_who_leaves_is_forgotten() -> None:
    async with housed() as house:
        async with listening(house):
            assert len(house.feed) == 1
        await until_left(house)


async def test_sockets_are_told_that_the_switch_stops() -> None:
    async with housed() as house:
        peer = await connect(f"ws://{house.address}{PATH}", additional_headers={"Authorization": "Bearer admin"})
    assert (await closing(peer))[0] == 1001


async def test_who_does_not_read_is_dropped_in_bounded_memory() -> None:
    limits = Limits(buffer=100_000, waiting=1000)
    async with housed(limits=limits, slow=0.2) as house, listening(house, close_timeout=0.1) as peer:
        peer.transport.pause_reading()
        async with asyncio.timeout(10):
            while len(house.feed):
                for _ in range(500):
                    house.feed.publish(gateway("x" * 2000))
                await asyncio.sleep(0.02)
