"""GET /api/v1/events as server-sent events."""

import asyncio
import socket

import pytest

from tests.api.streaming import PEOPLE, House, housed, listening, until_left
from tests.core.facts import ALICE, OF_CALL, OF_USER, SAMPLES, gateway, started
from xswitch_py.api.events import Streams
from xswitch_py.base import events as facts
from xswitch_py.core.envelope import told
from xswitch_py.listen.gate import Limits

SEEN = {"alice": (*OF_CALL, *OF_USER), "bob": (), "operator": SAMPLES, "admin": SAMPLES}


async def test_an_event_comes_with_its_id_and_type_and_as_json() -> None:
    async with housed() as house, listening(house) as stream:
        house.feed.publish(started())
        shown = await stream.event()
        assert (shown["id"], shown["type"], shown["call_id"]) == ("evt_n1_1", "call.created", "call_c1")
        assert shown["data"]["caller"] == {"name": "Alice", "number": "1000"}


async def test_the_response_is_one_that_nobody_keeps_or_holds_back() -> None:
    async with housed() as house, listening(house) as stream:
        assert (stream.status, stream.retry) == (200, 2000)
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize("who", SEEN)
async def test_everybody_is_told_what_they_may_see_of_every_type(who: str) -> None:
    async with housed() as house, listening(house, who) as stream:
        for event in SAMPLES:
            house.feed.publish(event)
        house.feed.publish(facts.ContactAdded(PEOPLE[who].user or ALICE, "last", 1.0))
        rows = [row[0] for row in map(told, SEEN[who]) if row]
        assert [(await stream.event())["type"] for _ in rows] == rows
        assert (await stream.event())["data"]["door"] == "last"


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("stranger", 401, "not_authenticated"),
        ("nothing", 403, "forbidden"),
        ("nobody", 403, "forbidden"),
    ],
)
async def test_who_may_hear_nothing_is_told_so(who: str, status: int, code: str) -> None:
    async with housed() as house, listening(house, who) as stream:
        assert (stream.status, await stream.problem()) == (status, code)
        assert len(house.feed) == 0


@pytest.mark.parametrize(
    "query",
    [
        "?types=calls.*",
        "?types=call.ended,nonsense",
        "?types=" + ",".join(["call.ended"] * 51),
        "?call=c1",
        "?call=" + "x" * 100,
        "?after=" + "x" * 101,
        "?types=" + "x" * 2001,
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(query: str) -> None:
    async with housed() as house, listening(house, "admin", query) as stream:
        assert (stream.status, await stream.problem()) == (422, "invalid")


async def test_who_accepts_no_events_gets_none() -> None:
    async with housed() as house:
        async with listening(house, "admin", "", "Accept: application/json") as stream:
            assert (stream.status, await stream.problem()) == (406, "not_acceptable")
        async with listening(house, "admin", "", "Accept: text/html, text/event-stream;q=0.9") as stream:
            assert stream.status == 200


async def test_types_and_a_call_are_chosen_by_the_query() -> None:
    async with housed() as house, listening(house, "admin", "?types=call.*,gateway.changed&call=call_c2") as stream:
        for event in (started("c1"), gateway(), started("c2")):
            house.feed.publish(event)
        assert (await stream.event())["call_id"] == "call_c2"


@pytest.mark.parametrize(
    ("query", "headers", "first"),
    [
        ("?after=evt_n1_2", (), "evt_n1_3"),
        ("", ("Last-Event-ID: evt_n1_3",), "evt_n1_4"),
        ("?after=evt_n1_1", ("Last-Event-ID: evt_n1_4",), "evt_n1_5"),  # a browser comes back with its first URL
        ("?after=evt_n0_1", (), "evt_n1_5.gap"),
    ],
)
async def test_who_comes_back_hears_what_was_missed(query: str, headers: tuple[str, ...], first: str) -> None:
    async with housed() as house:
        for number in range(5):
            house.feed.publish(gateway(f"g{number}"))
        async with listening(house, "admin", query, *headers) as stream:
            house.feed.publish(gateway("g5"))
            assert (await stream.event())["id"] == first


async def test_a_long_replay_arrives_whole() -> None:
    async with housed() as house:
        for number in range(5000):
            house.feed.publish(gateway(f"g{number}"))
        async with listening(house, "admin", "?after=evt_n1_0") as stream:
            house.feed.publish(gateway("last"))
            assert [(await stream.event())["seq"] for _ in range(5001)] == list(range(1, 5002))


async def test_silence_is_broken_by_comments() -> None:
    async with housed(Streams(beat=0.02)) as house, listening(house) as stream:
        for _ in range(3):
            assert await stream.message() == {":": ""}
        house.feed.publish(gateway())
        assert (await stream.event())["type"] == "gateway.changed"


async def test_a_stream_ends_when_its_key_is_no_longer_good() -> None:
    async with housed(Streams(beat=0.02, check=0.05)) as house, listening(house) as stream:
        house.feed.publish(gateway())
        assert await stream.event()
        del house.door.people["admin"]
        assert await stream.event() == {}
        await until_left(house)


async def test_a_stream_ends_when_less_may_be_seen_than_before() -> None:
    async with housed(Streams(beat=0.02, check=0.05)) as house, listening(house, "operator") as stream:
        house.door.people["operator"] = PEOPLE["alice"]
        assert await stream.event() == {}


async def test_a_busy_stream_is_looked_after_too() -> None:
    async with housed(Streams(beat=10, check=0.05)) as house, listening(house) as stream:
        del house.door.people["admin"]
        seen = 0
        while True:
            house.feed.publish(gateway())
            if not await stream.event():
                break
            seen += 1
            await asyncio.sleep(0.01)
        assert seen < 20


async def test_who_leaves_is_forgotten() -> None:
    async with housed() as house:
        async with listening(house):
            assert len(house.feed) == len(house.streams) == 1
        await until_left(house)
        assert len(house.streams) == 0


async def test_all_streams_end_when_the_switch_stops() -> None:
    async with housed() as house, listening(house) as stream, listening(house, "alice") as other:
        house.streams.close()
        assert await stream.event() == await other.event() == {}
        async with listening(house) as late:
            assert await late.event() == {}


async def test_a_listener_that_stops_does_not_wait_for_streams_that_were_closed() -> None:
    async with asyncio.timeout(3), housed() as house, listening(house):
        pass


async def flood(house: House, events: int) -> None:
    for _ in range(events):
        house.feed.publish(gateway("x" * 1000))
        if _ % 100 == 0:
            await asyncio.sleep(0)


async def test_who_does_not_read_is_dropped_and_others_are_not_hurt(caplog: pytest.LogCaptureFixture) -> None:
    async with housed(Streams(slow=0.2)) as house, listening(house, "alice") as good:
        host, port = house.address.split(":")
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((host, int(port)))
            deaf.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\n\r\n")
            async with asyncio.timeout(5):
                while len(house.feed) < 2:
                    await asyncio.sleep(0.01)
                while len(house.feed) == 2:
                    await flood(house, 500)
                    await asyncio.sleep(0.02)
            house.feed.publish(started())
            assert (await good.event())["type"] == "call.created"
            deaf.setblocking(False)
            async with asyncio.timeout(5):
                last = b""
                while piece := await asyncio.get_running_loop().sock_recv(deaf, 65536):
                    last = piece
            assert not last.endswith(b"0\r\n\r\n")  # cut off, not ended
    assert "without completing" not in caplog.text


async def test_who_is_slow_but_reads_has_a_gap() -> None:
    async with housed(limits=Limits()) as house, listening(house) as stream:
        await flood(house, 20_000)
        ids = [0]
        while ids[-1] < 20_000:
            shown = await stream.event()
            if shown["type"] == "events.gap":
                break
            assert shown["seq"] == ids[-1] + 1
            ids.append(shown["seq"])
        else:
            raise AssertionError("nothing was missing")
        assert (await stream.event())["seq"] == shown["seq"] + 1


async def test_the_document_tells_of_streams_and_refusals() -> None:
    async with housed() as house:
        shown = house.app.openapi()["paths"]["/api/v1/events"]["get"]
        assert list(shown["responses"]["200"]["content"]) == ["text/event-stream"]
        assert {"401", "403", "406", "422"} <= shown["responses"].keys()
        names = {each["name"] for each in shown["parameters"]}
        assert {"types", "call", "after", "last-event-id"} <= names
