"""REST: `/calls/{id}/trace` and `/calls/{id}/quality`."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from tests.core.commands.live import Live, live
from xswitch_py.api import problems, trace
from xswitch_py.core.access import Asker


class Gate:
    """Believes what the header `X-Test-User` says."""

    def __init__(self, at: Live) -> None:
        self.at = at

    async def asker(self, request: Request) -> Asker:
        """See `Gatekeeping`."""
        role, _, name = request.headers["X-Test-User"].partition(" ")
        return self.at.asker(role, name)


class Made:
    """A switch with one call, of 1000, and clients of it."""

    def __init__(self, at: Live) -> None:
        self.at = at
        self.app = FastAPI()
        self.app.state.desk, self.app.state.gatekeeper = at.desk, Gate(at)
        problems.install(self.app)
        self.app.include_router(trace.router, prefix="/api/v1")
        self.leg = at.world.call("1000", "9196")
        self.call = f"/calls/call_{self.leg.call}"

    def client(self, user: str = "admin admin") -> httpx.AsyncClient:
        """Make a client."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://pbx.test/api/v1", headers={"X-Test-User": user})

    async def get(self, path: str, user: str = "admin admin") -> Any:
        """Read something."""
        async with self.client(user) as client:
            return await client.get(path)

    async def post(self, json: Any, user: str = "user 1000", path: str = "/quality") -> httpx.Response:
        """Report something."""
        async with self.client(user) as client:
            return await client.post(self.call + path, json=json)


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Made]:
    async with live(tmp_path) as at:
        running = asyncio.create_task(at.desk.traces.run(at.world.bus))
        await asyncio.sleep(0)
        made = Made(at)
        at.desk.traces.note(made.leg.id, "verto", "<", "verto.invite", lambda: '{"method":"verto.invite"}')
        async with asyncio.timeout(2):
            while not any("answer" in line for line in at.world.scene):
                await asyncio.sleep(0)
        yield made
        await at.world.switch.drain(0)
        running.cancel()


async def test_get_trace(made: Made) -> None:
    reply = await made.get(f"{made.call}/trace")
    assert reply.status_code == 200
    body = reply.json()
    assert body["call"] == made.call.removeprefix("/calls/") and body["missing"] == 0 and body["ended"] is None
    assert body["legs"] == [
        {"id": made.leg.id, "side": "caller", "door": "door", "party": {"name": "User 1000", "number": "1000"}}
    ]
    (entry,) = (entry for entry in body["entries"] if entry["layer"] == "verto")
    assert entry["message"] == '{"method":"verto.invite"}' and entry["way"] == "<" and entry["at"].endswith("Z")


async def test_get_trace_without_messages(made: Made) -> None:
    body = (await made.get(f"{made.call}/trace?messages=false")).json()
    assert body["entries"] and all(entry["message"] is None for entry in body["entries"])
    assert (await made.get(f"{made.call}/trace?messages=perhaps")).status_code == 422


@pytest.mark.parametrize("what", ["trace", "quality"])
async def test_a_user_sees_only_their_own(made: Made, what: str) -> None:
    assert (await made.get(f"{made.call}/{what}", "user 1000")).status_code == 200
    assert (await made.get(f"{made.call}/{what}", "operator olga")).status_code == 200
    reply = await made.get(f"{made.call}/{what}", "user 1001")
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("what", ["trace", "quality"])
@pytest.mark.parametrize("call", ["call_none", "none", "call_" + "x" * 500, "call_%00", "%2e%2e"])
async def test_there_is_no_such_call(made: Made, what: str, call: str) -> None:
    reply = await made.get(f"/calls/{call}/{what}")
    assert reply.status_code in (404, 422)


async def test_get_quality(made: Made) -> None:
    body = (await made.get(f"{made.call}/quality")).json()
    assert body["reported"] == [] and [leg["leg"] for leg in body["legs"]] == [made.leg.id]
    assert body["legs"][0]["last"] is None


async def test_post_quality(made: Made) -> None:
    reply = await made.post({"rtt": 12.5, "jitter": 3, "loss": 0, "mos": 4.2, "level": 0.5, "network": "wifi"})
    assert (reply.status_code, reply.content) == (204, b"")
    (reported,) = (await made.get(f"{made.call}/quality")).json()["reported"]
    assert reported["by"] == "1000@example.org" and reported["figures"]["network"] == "wifi"


@pytest.mark.parametrize(
    "json",
    [
        {"rtt": -1},
        {"rtt": "soon"},
        {"rtt": 1e308},
        {"loss": 101},
        {"mos": 0.5},
        {"level": 2},
        {"codec": "x" * 100},
        {"network": "a\nb"},
        {"leg": "x" * 1000},
        {"leg": "not of it"},
        {"unknown": 1},
        [],
        None,
    ],
)
async def test_figures_that_cannot_be_are_refused_and_not_kept(made: Made, json: Any) -> None:
    reply = await made.post(json)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert (await made.get(f"{made.call}/quality")).json()["reported"] == []


async def test_post_quality_needs_the_call_to_be_ones_own(made: Made) -> None:
    assert (await made.post({"rtt": 1}, "user 1001")).status_code == 404
    assert (await made.get(f"{made.call}/quality")).json()["reported"] == []
