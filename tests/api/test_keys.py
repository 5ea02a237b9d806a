"""API keys: made, listed, removed, and never more than who makes them."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.lodge import Lodge, lodge

WISH: dict[str, Any] = {"name": "billing", "scopes": ["cdr:read"]}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Lodge]:
    async with lodge(tmp_path) as made:
        yield made


@pytest.fixture
async def admin(at: Lodge) -> httpx.AsyncClient:
    return at.client(await at.key())


@pytest.fixture
async def olga(at: Lodge) -> httpx.AsyncClient:
    return await at.page("olga")


async def test_a_key_is_made_and_its_secret_shown_once(at: Lodge, admin: httpx.AsyncClient) -> None:
    expires = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    wish = WISH | {"expires": expires.isoformat(), "networks": ["192.0.2.0/24"]}
    reply = await admin.post("/api-keys", json=wish)
    made = reply.json()
    assert reply.status_code == 201 and reply.headers["location"] == f"/api/v1/api-keys/{made['id']}"
    assert made["secret"].startswith("xs_") and len(made["secret"]) > 40
    assert (made["name"], made["owner"], made["scopes"], made["networks"], made["used"]) == (
        "billing", "admin", ["cdr:read"], ["192.0.2.0/24"], None,
    )  # fmt: skip
    assert datetime.fromisoformat(made["expires"]) == expires
    listed = await admin.get("/api-keys")
    assert made["secret"] not in listed.text
    assert [key["id"] for key in listed.json()["items"]][1:] == [made["id"]]
    row = (await at.store.keys.list())[1]
    assert row.hash == hashlib.sha256(made["secret"].encode()).hexdigest()


async def test_a_key_that_may_read_cannot_write(at: Lodge) -> None:
    """The keys of a dashboard do not place calls, nor make keys."""
    reader = at.client(await at.key("calls:read", "keys:read", "me:read"))
    assert (await reader.get("/api-keys")).status_code == 200
    for reply in (
        await reader.post("/api-keys", json=WISH),
        await reader.delete("/api-keys/key_1"),
        await reader.post("/auth/password", json={"old_password": "x", "new_password": "y" * 8}),
        await reader.post("/phone/token"),
        await reader.get("/audit"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


async def test_a_made_key_works_and_a_removed_one_does_not(at: Lodge, admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/api-keys", json=WISH | {"scopes": ["me:read"]})).json()
    client = at.client(made["secret"])
    assert (await client.get("/auth/me")).json()["name"] == made["id"]
    assert (await admin.delete(f"/api-keys/{made['id']}")).status_code == 204
    assert (await client.get("/auth/me")).status_code == 401
    reply = await admin.delete(f"/api-keys/{made['id']}")
    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"scopes": ["cdr:read"]}, "/name"),
        ({"name": "x"}, "/scopes"),
        (WISH | {"name": ""}, "/name"),
        (WISH | {"name": "a\nb"}, "/name"),
        (WISH | {"name": "x" * 201}, "/name"),
        (WISH | {"scopes": []}, "/scopes"),
        (WISH | {"scopes": ["cdr:read"] * 101}, "/scopes"),
        (WISH | {"scopes": "cdr:read"}, "/scopes"),
        (WISH | {"scopes": ["cdr:read", "cdr:erase"]}, "/scopes/1"),
        (WISH | {"scopes": ["x" * 41]}, "/scopes/0"),
        (WISH | {"networks": ["192.0.2.1/24"]}, "/networks/0"),
        (WISH | {"networks": ["192.0.2.0/33"]}, "/networks/0"),
        (WISH | {"networks": ["example.org"]}, "/networks/0"),
        (WISH | {"networks": ["192.0.2.1"] * 33}, "/networks"),
        (WISH | {"expires": "2020-01-01T00:00:00Z"}, "/expires"),
        (WISH | {"expires": "2099-01-01T00:00:00"}, "/expires"),
        (WISH | {"expires": "soon"}, "/expires"),
        (WISH | {"owner": "1000"}, "/owner"),
        (WISH | {"role": "admin"}, "/role"),
        (WISH | {"secret": "xs_mine"}, "/secret"),
    ],
)
async def test_what_is_no_key_is_refused(admin: httpx.AsyncClient, wish: dict[str, Any], pointer: str) -> None:
    reply = await admin.post("/api-keys", json=wish)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert pointer in [error["pointer"] for error in reply.json()["errors"]]


async def test_nobody_makes_a_key_that_may_do_more_than_they(olga: httpx.AsyncClient) -> None:
    for scope in ("users:write", "keys:read", "config:read"):
        reply = await olga.post("/api-keys", json=WISH | {"scopes": ["cdr:read", scope]})
        assert reply.status_code == 422, scope
        assert reply.json()["errors"] == [{"pointer": "/scopes/1", "detail": "you may not do this"}]
    wish = WISH | {"scopes": ["calls:read", "calls:read:own", "keys:write:own"]}
    assert (await olga.post("/api-keys", json=wish)).status_code == 201


async def test_all_that_an_operator_may_is_not_all(at: Lodge, olga: httpx.AsyncClient) -> None:
    made = (await olga.post("/api-keys", json=WISH | {"scopes": ["__ANY__"]})).json()
    said = (await at.client(made["secret"]).get("/auth/me")).json()
    assert "__ANY__" not in said["scopes"] and "users:write" not in said["scopes"] and "calls:write" in said["scopes"]


async def test_a_key_with_few_rights_makes_none_with_more(at: Lodge) -> None:
    maker = at.client(await at.key("keys:write", "calls:read"))
    assert (await maker.post("/api-keys", json=WISH | {"scopes": ["__ANY__"]})).status_code == 422
    assert (await maker.post("/api-keys", json=WISH | {"scopes": ["calls:write"]})).status_code == 422
    assert (await maker.post("/api-keys", json=WISH | {"scopes": ["calls:read"]})).status_code == 201


@pytest.mark.parametrize("bounds", [{"expires": datetime.now(UTC) + timedelta(days=1)}, {"networks": ["192.0.2.0/24"]}])
async def test_a_key_with_bounds_makes_none_without(at: Lodge, bounds: dict[str, Any]) -> None:
    maker = at.client(await at.key("keys:write", "calls:read", **bounds))
    reply = await maker.post("/api-keys", json=WISH | {"scopes": ["calls:read"]})
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


async def test_operators_see_and_remove_their_own_keys_only(
    at: Lodge, admin: httpx.AsyncClient, olga: httpx.AsyncClient
) -> None:
    theirs = (await at.store.keys.list())[0].id
    mine = (await olga.post("/api-keys", json=WISH)).json()["id"]
    assert [key["id"] for key in (await olga.get("/api-keys")).json()["items"]] == [mine]
    assert [key["id"] for key in (await admin.get("/api-keys")).json()["items"]] == [theirs, mine]
    foreign, unknown = await olga.delete(f"/api-keys/{theirs}"), await olga.delete("/api-keys/key_0")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert (await admin.delete(f"/api-keys/{mine}")).status_code == 204
    assert [key.id for key in await at.store.keys.list()] == [theirs]


async def test_users_have_no_keys(at: Lodge) -> None:
    page = await at.page("1000")
    for reply in (
        await page.get("/api-keys"),
        await page.post("/api-keys", json=WISH | {"scopes": ["calls:read:own"]}),
        await page.delete("/api-keys/key_0"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


async def test_a_list_comes_in_pages(at: Lodge, admin: httpx.AsyncClient) -> None:
    for _ in range(4):
        await at.key("me:read")
    seen, cursor = [], None
    for _ in range(3):
        page = (await admin.get("/api-keys", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [key["id"] for key in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None and seen == [key.id for key in await at.store.keys.list()]
    assert (await admin.get("/api-keys", params={"cursor": "key_gone"})).json() == {
        "items": [],
        "next_cursor": None,
        "total": None,
    }


@pytest.mark.parametrize("limit", [0, -1, 501, 10**30, "many"])
async def test_a_page_has_bounds(admin: httpx.AsyncClient, limit: object) -> None:
    reply = await admin.get("/api-keys", params={"limit": str(limit)})
    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/query/limit")


async def test_nobody_has_more_keys_than_anybody_needs(
    at: Lodge, olga: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xswitch_py.core.commands.keys.MOST", 2)
    seen = [(await olga.post("/api-keys", json=WISH)).status_code for _ in range(3)]
    assert seen == [201, 201, 409]
    assert (await (await at.page()).post("/api-keys", json=WISH)).status_code == 201


async def test_what_was_done_is_in_the_audit_without_secrets(at: Lodge, admin: httpx.AsyncClient) -> None:
    at.audit.clear()
    made = (await admin.post("/api-keys", json=WISH)).json()
    await admin.delete(f"/api-keys/{made['id']}")
    await (await at.page("1000")).post("/api-keys", json=WISH)
    found = [(entry.command, entry.target, entry.outcome) for entry in at.audit if entry.command.startswith("keys")]
    assert found == [
        ("keys.create", "billing", "done"),
        ("keys.remove", made["id"], "done"),
        ("keys.create", "billing", "forbidden"),
    ]
    assert made["secret"] not in repr((at.audit, await at.store.keys.list(), at.gate._known))
