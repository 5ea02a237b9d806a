"""/api/v1/webhooks over HTTP."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.office import asking, served
from tests.core.commands.live import Live, live
from xswitch_py.api import webhooks
from xswitch_py.base.records import Delivery

URL = "https://hooks.example/x"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        yield made


@pytest.fixture
async def admin(house: Live) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(served(house.desk, webhooks.router)) as client:
        yield client


async def make(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    reply = await client.post("/webhooks", json={"url": URL, **more})
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def test_post_webhooks_shows_the_secret_once(admin: httpx.AsyncClient) -> None:
    reply = await admin.post("/webhooks", json={"url": URL, "events": ["call.*"], "description": "ours"})
    assert reply.status_code == 201
    made = reply.json()
    assert made["secret"].startswith("whsec_")
    assert reply.headers["location"] == f"/api/v1/webhooks/{made['id']}"
    shown = await admin.get(f"/webhooks/{made['id']}")
    assert "secret" not in shown.json()
    assert shown.headers["etag"] == reply.headers["etag"]
    assert (await admin.get("/webhooks")).json()["items"] == [shown.json()]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 5},
        {"url": None},
        {"url": "ftp://hooks.example/"},
        {"url": "https://hooks.example/a b"},
        {"url": "https://hooks.example/" + "x" * 2000},
        {"url": "https://192.168.0.1/"},
        {"url": URL, "more": 1},
        {"url": URL, "events": "call.*"},
        {"url": URL, "events": ["*"]},
        {"url": URL, "events": ["call.ended"] * 51},
        {"url": URL, "enabled": "maybe"},
        {"url": URL, "secret": "word"},
        {"url": URL, "secret": "whsec_" + "A" * 200},
        {"url": URL, "description": "two\nlines"},
    ],
)
async def test_post_webhooks_refuses_what_it_cannot_use(admin: httpx.AsyncClient, body: dict[str, Any]) -> None:
    reply = await admin.post("/webhooks", json=body)
    assert reply.status_code == 422
    assert reply.json()["code"] == "invalid"
    assert reply.json()["errors"]
    assert (await admin.get("/webhooks")).json()["items"] == []


async def test_patch_webhook_changes_what_is_given(admin: httpx.AsyncClient) -> None:
    made = await make(admin, description="before")
    reply = await admin.patch(f"/webhooks/{made['id']}", json={"enabled": False})
    assert (reply.status_code, reply.json()["enabled"], reply.json()["description"]) == (200, False, "before")
    assert "secret" not in (await admin.patch(f"/webhooks/{made['id']}", json={"secret": made["secret"]})).json()
    for body in ({"url": None}, {"enabled": None}, {"id": "hook_2"}, {"events": ["x.y"]}):
        assert (await admin.patch(f"/webhooks/{made['id']}", json=body)).status_code == 422


async def test_a_change_of_what_was_not_seen_is_refused(admin: httpx.AsyncClient) -> None:
    made = await make(admin)
    path = f"/webhooks/{made['id']}"
    seen = {"If-Match": (await admin.get(path)).headers["etag"]}
    assert (await admin.patch(path, json={"description": "a"}, headers=seen)).status_code == 200
    late = await admin.patch(path, json={"description": "b"}, headers=seen)
    assert (late.status_code, late.json()["state"]["description"]) == (412, "a")
    assert (await admin.delete(path, headers=seen)).status_code == 412


async def test_delete_webhook_ends_it(admin: httpx.AsyncClient) -> None:
    made = await make(admin)
    assert (await admin.delete(f"/webhooks/{made['id']}")).status_code == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/deliveries/msg_1/redeliver")):
        reply = await admin.request(method, f"/webhooks/{made['id']}{path}")
        assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_get_webhooks_comes_in_pages(admin: httpx.AsyncClient) -> None:
    made = [(await make(admin))["id"] for _ in range(3)]
    first = (await admin.get("/webhooks", params={"limit": 2})).json()
    rest = (await admin.get("/webhooks", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert sorted(each["id"] for each in first["items"] + rest["items"]) == sorted(made)
    assert rest["next_cursor"] is None
    for limit in ("0", "501", "x", "99999999999999999999"):
        assert (await admin.get("/webhooks", params={"limit": limit})).status_code == 422


async def test_get_deliveries_and_post_redeliver(admin: httpx.AsyncClient, house: Live) -> None:
    made, now = await make(admin), time.time()
    store = house.desk.stores.deliveries
    await store.add([Delivery("msg_1", made["id"], "evt_1", "call.ended", '{"to": "1002"}', now, next_at=now)])
    await store.attempted("msg_1", now, delivered=False, error="no answer in time")
    path = f"/webhooks/{made['id']}/deliveries"
    shown = (await admin.get(path)).json()["items"]
    assert [(each["id"], each["status"], each["attempts"], each["error"]) for each in shown] == [
        ("msg_1", "failed", 1, "no answer in time")
    ]
    assert "1002" not in str(shown)  # what was told is for who may hear it
    reply = await admin.post(f"{path}/msg_1/redeliver")
    assert (reply.status_code, reply.json()["status"]) == (202, "waiting")
    assert (await admin.post(f"{path}/msg_2/redeliver")).status_code == 404


@pytest.mark.parametrize("role", ["user", "operator", ""])
async def test_nobody_but_an_admin_gets_in(house: Live, role: str) -> None:
    async with asking(served(house.desk, webhooks.router), role) as client:
        for method, path in (
            ("GET", ""),
            ("POST", ""),
            ("GET", "/hook_1"),
            ("PATCH", "/hook_1"),
            ("DELETE", "/hook_1"),
            ("GET", "/hook_1/deliveries"),
            ("POST", "/hook_1/deliveries/msg_1/redeliver"),
        ):
            body = {"json": {"url": URL}} if method in ("POST", "PATCH") else {}
            reply = await client.request(method, f"/webhooks{path}", **body)  # type: ignore[arg-type]  # a body or none
            assert reply.status_code == (403 if role else 401), (method, path)
