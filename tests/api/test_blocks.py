"""REST of /blocks: api.md's row, and what is refused."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.core.commands.live import live
from xswitch_py.api import blocks


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with live(tmp_path) as made:
        yield served(made.desk, blocks.router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as made:
        yield made


@pytest.mark.parametrize(
    ("source", "shown", "path"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:db8::7", "2001:db8::/64", "2001%3Adb8%3A%3A%2F64"),
        ("2001:db8::/64", "2001:db8::/64", "2001:db8::/64"),
    ],
)
async def test_a_source_is_blocked_listed_and_let_in_again(
    client: httpx.AsyncClient, app: FastAPI, source: str, shown: str, path: str
) -> None:
    """GET, POST, DELETE of /blocks."""
    made = await client.post("/blocks", json={"source": source, "seconds": 60, "reason": "noise"})
    assert (made.status_code, made.json()["source"]) == (201, shown)
    assert not app.state.desk.guard.admits(source.partition("/")[0], time.monotonic())
    page = (await client.get("/blocks", params={"total": True})).json()
    assert (page["items"][0]["reason"], page["items"][0]["count"], page["total"]) == ("noise", 0, 1)
    assert (await client.delete(f"/blocks/{path}")).status_code == 204
    assert (await client.get("/blocks")).json()["items"] == []
    gone = await client.delete(made.headers["location"].removeprefix("/api/v1"))
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/source"),
        ({"source": 1}, "/source"),
        ({"source": "example.org"}, "/source"),
        ({"source": "0.0.0.0/0"}, "/source"),
        ({"source": "192.0.2.1", "seconds": 0}, "/seconds"),
        ({"source": "192.0.2.1", "seconds": 1e300}, "/seconds"),
        ({"source": "192.0.2.1", "reason": "two\nlines"}, "/reason"),
        ({"source": "192.0.2.1", "until": "2030-01-01"}, "/until"),
    ],
)
async def test_what_cannot_be_blocked_is_refused(client: httpx.AsyncClient, body: Any, pointer: str) -> None:
    answer = await client.post("/blocks", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await client.get("/blocks")).json()["items"] == []


async def test_pages_have_bounds_and_cursors_are_ours(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.post("/blocks", json={"source": f"192.0.2.{number}"})
    page = (await client.get("/blocks", params={"limit": 2})).json()
    rest = (await client.get("/blocks", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    sources = [each["source"] for each in page["items"] + rest["items"]]
    assert sources == ["192.0.2.2", "192.0.2.1", "192.0.2.0"] and rest["next_cursor"] is None
    for wrong in ({"limit": "501"}, {"cursor": "junk"}):
        assert (await client.get("/blocks", params=wrong)).status_code == 422


@pytest.mark.parametrize(("role", "reads", "changes"), [("operator", 200, 403), ("user", 403, 403), ("", 401, 401)])
async def test_operators_look_and_only_administrators_block(app: FastAPI, role: str, reads: int, changes: int) -> None:
    async with asking(app, role) as client:
        assert (await client.get("/blocks")).status_code == reads
        assert (await client.post("/blocks", json={"source": "192.0.2.1"})).status_code == changes
        assert (await client.delete("/blocks/192.0.2.1")).status_code == changes
