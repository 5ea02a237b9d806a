"""REST of /logs: the last lines, followed, filtered, and without any secret of a switch at work."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from websockets.asyncio.client import connect

from tests.api.conftest import Api, settings
from tests.api.office import asking, served
from tests.core.commands.live import live
from xswitch_py import app
from xswitch_py.api import logs
from xswitch_py.cli.serve import accounts
from xswitch_py.logs import Ring, setup

SECRET = "s3cr3tW0rd"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def ring() -> Ring:
    made = Ring()
    setup("debug", as_json=True, stream=io.StringIO(), ring=made)
    return made


@pytest.fixture
async def client(tmp_path: Path, ring: Ring) -> AsyncIterator[httpx.AsyncClient]:
    async with live(tmp_path) as at, asking(served(replace(at.desk, lines=ring), logs.router)) as made:
        yield made


async def numbers(client: httpx.AsyncClient, **params: Any) -> tuple[list[int], int]:
    """Ask; gives the fact "n" of each line, and the cursor."""
    answer = await client.get("/logs", params=params)
    assert answer.status_code == 200, answer.text
    return [line["facts"]["n"] for line in answer.json()["items"]], answer.json()["next_cursor"]


async def test_a_line_is_shown_with_all_it_says(client: httpx.AsyncClient) -> None:
    """GET /logs."""
    structlog.get_logger("xswitch.core").warning("odd", call="c1", user="1000", n=1)
    shown = (await client.get("/logs")).json()
    (line,) = shown["items"]
    assert shown["next_cursor"] == line["id"]
    assert line.pop("at").endswith("Z") and line.pop("id") > 1_700_000_000_000
    assert line == {
        "level": "warning",
        "logger": "xswitch.core",
        "event": "odd",
        "call": "call_c1",
        "facts": {"user": "1000", "n": 1},
    }


async def test_they_are_followed_without_a_gap_and_without_repeating(client: httpx.AsyncClient) -> None:
    log = structlog.get_logger("xswitch.core")
    for n in range(10):
        log.info("x", n=n)
    assert (await numbers(client, limit=3))[0] == [7, 8, 9], "the last ones, in order"
    found, cursor = await numbers(client, limit=500)
    assert found == list(range(10))
    assert await numbers(client, after=cursor) == ([], cursor)
    for n in range(10, 15):
        log.info("x", n=n)
    found, cursor = await numbers(client, after=cursor, limit=3)
    assert found == [10, 11, 12]
    found, cursor = await numbers(client, after=cursor, limit=3)
    assert found == [13, 14]
    log.info("x", n=15)
    assert (await numbers(client, after=cursor))[0] == [15]


async def test_only_what_weighs_enough_or_is_of_a_call(client: httpx.AsyncClient) -> None:
    log = structlog.get_logger("xswitch.core")
    for n, (level, call) in enumerate(
        (("debug", "a"), ("info", "a"), ("warning", "b"), ("error", "a"), ("critical", ""))
    ):
        getattr(log, level)("x", n=n, **({"call": call} if call else {}))
    assert (await numbers(client))[0] == [0, 1, 2, 3, 4]
    assert (await numbers(client, level="info"))[0] == [1, 2, 3, 4]
    assert (await numbers(client, level="error"))[0] == [3, 4]
    assert (await numbers(client, call="call_a"))[0] == [0, 1, 3]
    found, cursor = await numbers(client, call="call_a", level="warning", after=0)
    assert found == [3]
    assert await numbers(client, call="call_a", after=cursor) == ([], cursor), (
        "what does not fit is not looked at again"
    )


async def test_nothing_was_logged(client: httpx.AsyncClient) -> None:
    assert await numbers(client) == ([], 0)
    assert await numbers(client, after=7) == ([], 7)


@pytest.mark.parametrize("query", ["after=-1", "after=x", "level=loud", "limit=0", "limit=501", "since=1"])
async def test_what_cannot_be_asked_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/logs?{query}")).status_code == 422


@pytest.mark.parametrize("role", ["user", "operator"])
async def test_they_are_for_admins(tmp_path: Path, role: str) -> None:
    async with live(tmp_path) as at, asking(served(at.desk, logs.router), role) as client:
        assert (await client.get("/logs")).status_code == 403


async def test_no_secret_of_a_switch_at_work_is_ever_there(ring: Ring) -> None:
    """X22: everything is logged, wire traffic too, while secrets go in by every door."""
    made = app.build(settings(), demo=accounts(SECRET), lines=ring)
    await made.start()
    try:
        switch = Api(made)
        async with switch.client() as api:
            await api.post("/auth/login", json={"user": "admin", "password": SECRET})
            await api.post("/auth/password", json={"old_password": SECRET, "new_password": f"{SECRET}2"})
            await api.post("/users", json={"name": "ann", "phone_secret": SECRET, "web_password": SECRET})
            await api.post("/users:import", json={"rows": [{"name": "bob", "web_password": SECRET, "x": SECRET}]})
            await api.post("/gateways", json={"name": "g", "proxy": "127.0.0.1:9", "username": "u", "password": SECRET})
            token = (await api.post("/phone/token")).json()["token"]
            await _log_in_by_verto(switch, "1000@localhost", SECRET)
            await _log_in_by_verto(switch, "1000@localhost", f"not {SECRET}")
            await _log_in_by_verto(switch, "999@localhost", token)
            lines = (await api.get("/logs", params={"limit": 500})).text
        frames = [line for line in json.loads(lines)["items"] if line["event"] in ("<", ">")]
        assert frames, "wire traffic is among them"
        for secret in (SECRET, token, str(switch.facts["api_key"])):
            assert secret not in lines
    finally:
        made.stop()
        await made.run()


async def _log_in_by_verto(switch: Api, login: str, password: str) -> None:
    async with connect(f"{switch.facts['ws']}", proxy=None) as socket, asyncio.timeout(10):
        params = {"login": login, "passwd": password, "sessid": "9a1d6d7e-1111-4222-8333-444455556666"}
        await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "login", "params": params}))
        await socket.recv()
