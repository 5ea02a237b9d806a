"""The audit over HTTP."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.lodge import Lodge, lodge
from xswitch_py.base.records import AuditEntry


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Lodge]:
    async with lodge(tmp_path) as made:
        for number in range(5):
            who = "olga" if number % 2 else "admin"
            entry = AuditEntry(0, time.time(), who, "admin", "192.0.2.1", "users.create", f"100{number}", "done")
            await made.store.audit.add(entry)
        yield made


@pytest.fixture
async def admin(at: Lodge) -> httpx.AsyncClient:
    return at.client(await at.key())


def targets(reply: httpx.Response) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [entry["target"] for entry in reply.json()["items"]]


async def test_the_newest_comes_first(admin: httpx.AsyncClient) -> None:
    reply = await admin.get("/audit")
    assert targets(reply) == ["1004", "1003", "1002", "1001", "1000"]
    first: dict[str, Any] = reply.json()["items"][0]
    assert first["id"].startswith("audit_") and first["at"].endswith("Z")
    assert {name: first[name] for name in ("who", "role", "host", "command", "outcome", "detail")} == {
        "who": "admin",
        "role": "admin",
        "host": "192.0.2.1",
        "command": "users.create",
        "outcome": "done",
        "detail": "",
    }


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"by": "olga"}, ["1003", "1001"]),
        ({"target": "1002"}, ["1002"]),
        ({"command": "users.create", "limit": 1}, ["1004"]),
        ({"command": "users.remove"}, []),
        ({"by": "olga", "target": "1000"}, []),
    ],
)
async def test_what_is_wanted_can_be_said(admin: httpx.AsyncClient, wanted: dict[str, Any], found: list[str]) -> None:
    assert targets(await admin.get("/audit", params=wanted)) == found


async def test_it_comes_in_pages(admin: httpx.AsyncClient) -> None:
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        reply = await admin.get("/audit", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += targets(reply)
        cursor, pages = reply.json()["next_cursor"], pages + 1
    assert seen == ["1004", "1003", "1002", "1001", "1000"] and pages == 3


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"limit": 501}, {"cursor": "x"}, {"cursor": "audit_" + "9" * 30}, {"by": "x" * 101}]
)
async def test_what_cannot_be_is_refused(admin: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    reply = await admin.get("/audit", params=wrong)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("name", ["olga", "1000"])
async def test_only_administrators_see_it(at: Lodge, name: str) -> None:
    reply = await (await at.page(name)).get("/audit")
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
