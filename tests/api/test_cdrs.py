"""REST of /cdrs: the row of api.md, who may see what, and tables of any length."""

import asyncio
import csv
import gc
import io
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.api.ported import asked_raw, ported
from tests.bench.cpu import memory_mb
from tests.core.commands.live import Live, live
from xswitch_py.api import cdrs
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.events import CallEnded, CallStarted
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.base.records import Cdr, CdrFilter, Recording
from xswitch_py.base.user import User
from xswitch_py.core.access import Asker
from xswitch_py.core.commands import cdrs as commands
from xswitch_py.store.cdrs import Cdrs
from xswitch_py.store.open import Store

DOMAIN = "example.org"
ANN, BOB = Address("1000", DOMAIN), Address("1001", DOMAIN)  # who asks as a user is Ann
AT = 1_700_000_000.0
WAY = {"lost": 0, "loss": 0.0, "jitter": 1.5, "mos": 4.4, "worst": 4.3}
MANY = 100_000

FILL = """
    INSERT INTO cdrs (call, leg, user, caller_name, caller_number, callee_name, callee_number, door, started, answered,
        ended, cause, quality)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
    SELECT 'c' || i, 'l', 'u' || (i % 1000) || '@x.org', 'Somebody', i % 1000, '', i % 777, 'sip', i, i, i + i % 60,
        'NORMAL_CLEARING', '{"heard": {"lost": 0, "loss": 0.0, "jitter": 1.5, "mos": 4.4, "worst": 4.3}, "rtt": 20.0}'
    FROM n
"""


def ended(call: str, at: float, user: Address | None, to: str, **more: Any) -> CallEnded:
    facts: dict[str, Any] = {"answered": at + 1, "ended": at + 11.5, "cause": Cause.NORMAL_CLEARING} | more
    return CallEnded(
        call=CallId(call), leg=LegId("l"), started=at, caller=Party("", user.user if user else "555"),
        callee=Party("", to), user=user, codec="opus", packets_in=9, packets_out=8, lost=1, **facts,
    )  # fmt: skip


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        store = store_of(made)
        for name in ("1000", "1001"):
            await store.users.add(User(name, DOMAIN, number=name))
        await store.cdrs.finish(
            [
                ended("a", AT, ANN, "1001", reached=BOB, quality={"heard": WAY, "told": None, "rtt": 7.5}),
                ended("b", AT + 100, BOB, "2000", direction="outbound", ended=AT + 400),
                ended("c", AT + 200, None, "1000", direction="inbound", answered=None, cause=Cause.USER_BUSY),
                ended("d", AT + 300, BOB, "1002"),
            ]
        )
        await store.cdrs.begin(
            [CallStarted(CallId("e"), LegId("l"), AT + 400, Party("", "1000"), Party("", "1002"), ANN, "sip")]
        )
        yield made


@pytest.fixture
async def app(at: Live) -> FastAPI:
    return served(at.desk, cdrs.router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as made:
        yield made


def store_of(at: Live) -> Store:
    store = at.desk.stores
    assert isinstance(store, Store)
    return store


def ids(reply: httpx.Response) -> str:
    """The calls that were given, a letter each."""
    assert reply.status_code == 200, reply.text
    return "".join(item["id"].removeprefix("call_") for item in reply.json()["items"])


async def test_a_record_is_shown(client: httpx.AsyncClient) -> None:
    """GET of /cdrs/{id}."""
    reply = await client.get("/cdrs/call_a")
    assert reply.json() == {
        "id": "call_a",
        "caller": {"name": "", "number": "1000"},
        "callee": {"name": "", "number": "1001"},
        "user": "1000@example.org",
        "reached": "1001@example.org",
        "door": "",
        "direction": "internal",
        "started": "2023-11-14T22:13:20Z",
        "answered": "2023-11-14T22:13:21Z",
        "ended": "2023-11-14T22:13:31.500000Z",
        "duration": 11.5,
        "billsec": 10.5,
        "cause": "NORMAL_CLEARING",
        "codec": "opus",
        "packets_in": 9,
        "packets_out": 8,
        "lost": 1,
        "mos": 4.4,
        "quality": {"heard": WAY, "told": None, "rtt": 7.5},
        "recordings": [],
    }
    going_on = (await client.get("/cdrs/call_e")).json()
    assert {going_on[name] for name in ("ended", "duration", "billsec", "cause", "mos", "quality")} == {None}
    assert (await client.get("/cdrs/call_c")).json()["billsec"] == 0


@pytest.mark.parametrize("name", ["call_x", "a", "call_", "call_%00", "%2e%2e", "x" * 80])
async def test_of_no_call_there_is_no_record(client: httpx.AsyncClient, name: str) -> None:
    for method in ("GET", "DELETE"):
        reply = await client.request(method, f"/cdrs/{name}")
        assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_records_are_listed_page_by_page_and_counted(client: httpx.AsyncClient) -> None:
    """GET of /cdrs."""
    first = await client.get("/cdrs", params={"limit": 2, "total": True})
    assert (ids(first), first.json()["total"]) == ("ed", 5)
    second = await client.get("/cdrs", params={"limit": 2, "cursor": first.json()["next_cursor"]})
    assert (ids(second), second.json()["total"]) == ("cb", None)
    third = await client.get("/cdrs", params={"limit": 2, "cursor": second.json()["next_cursor"]})
    assert (ids(third), third.json()["next_cursor"]) == ("a", None)


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({"from": "2023-11-14T22:16:40Z"}, "edc"),
        ({"from": "2023-11-14T22:16:40"}, "edc"),
        ({"from": "2023-11-14T23:16:40+01:00", "to": "2023-11-14T22:18:20Z"}, "c"),
        ({"to": "2023-11-14T22:15:00Z"}, "a"),
        ({"from": "0001-01-01T00:00:00", "to": "9999-12-31T23:59:59+00:00"}, "edcba"),
        ({"party": "2000"}, "b"),
        ({"party": "1001@example.org"}, "db"),
        ({"cause": "USER_BUSY"}, "c"),
        ({"direction": "outbound"}, "b"),
        ({"min_billsec": 299}, "b"),
        ({"party": "1000", "direction": "internal", "min_billsec": 10}, "a"),
        ({"party": "'; DROP TABLE cdrs; --"}, ""),
    ],
)
async def test_filters_say_which_are_wanted(client: httpx.AsyncClient, wish: dict[str, Any], found: str) -> None:
    """GET of /cdrs with from, to, party, cause, direction and min_billsec; a table has the same."""
    assert ids(await client.get("/cdrs", params=wish)) == found
    table = await client.get("/cdrs", params=wish | {"format": "csv"})
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == [f"call_{call}" for call in found]


@pytest.mark.parametrize(
    "wish",
    [
        {"limit": 501}, {"limit": 0}, {"limit": "all"}, {"cursor": "call_a"}, {"cursor": "cdr_"}, {"cursor": "cdr_-1"},
        {"cursor": "cdr_" + "9" * 30}, {"cursor": "x" * 300}, {"from": "yesterday"}, {"cause": "NO_SUCH_CAUSE"},
        {"direction": "sideways"}, {"min_billsec": -1}, {"min_billsec": "nan"}, {"min_billsec": "inf"},
        {"party": "x" * 101}, {"format": "xml"}, {"page": 2}, {"total": "maybe"},
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_refused(client: httpx.AsyncClient, wish: dict[str, Any]) -> None:
    """GET of /cdrs with wrong types, unknown members, huge pages."""
    reply = await client.get("/cdrs", params=wish)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid"), reply.text
    assert next(iter(wish)) in reply.json()["errors"][0]["pointer"]


async def test_a_user_sees_their_own_only(app: FastAPI) -> None:
    """GET of /cdrs and /cdrs/{id} for the role user: calls from, to and reached by them."""
    async with asking(app, "user") as ann:
        reply = await ann.get("/cdrs", params={"total": True})
        assert (ids(reply), reply.json()["total"]) == ("eca", 3)
        assert ids(await ann.get("/cdrs", params={"party": "2000"})) == ""
        table = await ann.get("/cdrs", params={"format": "csv"})
        assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == ["call_e", "call_c", "call_a"]
        assert [(await ann.get(f"/cdrs/call_{call}")).status_code for call in "abcde"] == [200, 404, 200, 404, 200]
        assert (await ann.delete("/cdrs/call_a")).status_code == 403
    async with asking(app, "operator") as operator:
        assert ids(await operator.get("/cdrs")) == "edcba"
        assert (await operator.delete("/cdrs/call_a")).json()["code"] == "forbidden"
    async with asking(app, "") as nobody:
        for path in ("/cdrs", "/cdrs?format=csv", "/cdrs/call_a"):
            assert (await nobody.get(path)).status_code == 401


async def test_a_record_is_removed_unless_the_call_goes_on(client: httpx.AsyncClient, at: Live) -> None:
    """DELETE of /cdrs/{id}."""
    assert (await client.delete("/cdrs/call_a")).status_code == 204
    assert (await client.get("/cdrs/call_a")).status_code == 404
    assert (await client.delete("/cdrs/call_a")).status_code == 404
    refused = await client.delete("/cdrs/call_e")
    assert (refused.status_code, refused.json()["code"], refused.json()["state"]) == (409, "conflict", "going on")
    assert ids(await client.get("/cdrs")) == "edcb"
    removed = [(entry.target, entry.outcome) for entry in at.audit if entry.command == "cdrs.remove"]
    assert removed == [("call_a", "done"), ("call_a", "not_found"), ("call_e", "conflict")]


async def test_a_page_goes_on_though_its_last_record_was_removed(client: httpx.AsyncClient) -> None:
    cursor = (await client.get("/cdrs", params={"limit": 2})).json()["next_cursor"]
    await client.delete("/cdrs/call_d")
    assert ids(await client.get("/cdrs", params={"cursor": cursor})) == "cba"


async def test_a_record_names_the_recordings_one_may_hear(client: httpx.AsyncClient, at: Live, app: FastAPI) -> None:
    for id, users in (("rec_1", (str(ANN),)), ("rec_2", (str(BOB),)), ("rec_3", (str(ANN), str(BOB)))):
        await at.desk.stores.recordings.begin(Recording(id, CallId("a"), LegId("l"), f"{id}.wav", AT, users))
    assert (await client.get("/cdrs/call_a")).json()["recordings"] == ["rec_1", "rec_2", "rec_3"]
    assert (await client.get("/cdrs")).json()["items"][-1]["recordings"] == ["rec_1", "rec_2", "rec_3"]
    async with asking(app, "user") as ann:
        assert (await ann.get("/cdrs/call_a")).json()["recordings"] == ["rec_1", "rec_3"]
    script = Asker("key_1", "user", frozenset({"cdr:read"}), ANN)
    assert (await commands.get(at.desk, script, "call_a")).recordings == []


async def test_a_table_is_a_file_to_be_kept(client: httpx.AsyncClient) -> None:
    """GET of /cdrs?format=csv."""
    reply = await client.get("/cdrs", params={"format": "csv", "limit": 1})
    assert reply.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert reply.headers["content-disposition"].startswith('attachment; filename="cdrs-20')
    assert reply.text.count("\r\n") == 6 and reply.text.startswith("id,started,")


async def test_commands_take_the_words_of_json(at: Live) -> None:
    """As JSON-RPC, flows and the command line ask."""
    admin = at.asker("admin")
    params = {"from": "2023-11-14T22:16:40Z", "direction": "inbound", "total": True}
    found = await commands.list_cdrs.ask(at.desk, admin, params)
    assert ([each["id"] for each in found["items"]], found["total"]) == (["call_c"], 1)
    assert (await commands.get.ask(at.desk, admin, {"call": "call_a"}))["billsec"] == 10.5
    assert await commands.remove.ask(at.desk, admin, {"call": "call_a"}) is None


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_hundred_thousand_records_take_no_memory_and_hold_up_nobody(
    at: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GET of /cdrs?format=csv: what it takes does not grow with the table."""
    await store_of(at).database.run(FILL, (MANY,))
    monkeypatch.setattr(cdrs, "_BREATH", 0)
    longest, run = (0, ""), asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        nonlocal longest
        start = time.thread_time_ns()
        run(handle)
        took = time.thread_time_ns() - start
        if took > longest[0]:
            longest = took, str(handle)

    async with ported(at.desk, cdrs.router) as client:
        assert await streamed(client, {"to": "1970-01-01T01:00:00Z"}) == 3601  # what is loaded once
        gc.collect()
        gc.freeze()  # as the switch does when it starts
        before = most = memory_mb(os.getpid())
        monkeypatch.setattr(asyncio.Handle, "_run", timed)
        lines = 0
        async with client.stream("GET", "/cdrs", params={"format": "csv"}) as reply:
            async for chunk in reply.aiter_raw():
                lines += chunk.count(b"\n")
                most = max(most, memory_mb(os.getpid()))
        monkeypatch.undo()
        gc.unfreeze()
    assert lines == MANY + 5 + 1
    assert most - before < 20
    assert longest < (50e6, "")  # ns of CPU


async def streamed(client: httpx.AsyncClient, wish: dict[str, Any]) -> int:
    async with client.stream("GET", "/cdrs", params={"format": "csv", **wish}) as reply:
        return sum([chunk.count(b"\n") async for chunk in reply.aiter_raw()])


async def test_who_goes_away_ends_the_query(at: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """GET of /cdrs?format=csv: a client that takes nothing is waited for, one that has gone is not."""
    await store_of(at).database.run(FILL, (MANY,))
    pages, over, real = list[int](), asyncio.Event(), Cdrs.pages

    async def watched(self: Cdrs, filter: CdrFilter, size: int) -> AsyncIterator[Sequence[Cdr]]:
        try:
            async for page in real(self, filter, size):
                pages.append(len(page))
                yield page
        finally:
            over.set()

    monkeypatch.setattr(Cdrs, "pages", watched)
    async with ported(at.desk, cdrs.router) as client:
        reader, writer = await asked_raw(client, "GET /cdrs?format=csv")
        assert b" 200 " in await reader.readline()
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
        async with asyncio.timeout(5):
            await over.wait()
        assert sum(pages) < MANY / 2
