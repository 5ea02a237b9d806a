"""REST of /users, their devices and passwords: api.md's row, and what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.core.commands.live import live
from xswitch_py.api import registrations, users
from xswitch_py.base.address import Address
from xswitch_py.base.user import User
from xswitch_py.core.registry import Contact

DOMAIN = "example.org"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with live(tmp_path) as made:
        store = made.desk.stores.users
        await store.add(User("boss", DOMAIN, role="admin"), web_password="long enough")
        for name in ("1000", "1001"):
            await store.add(User(name, DOMAIN), phone_secret="secret")
            contact = Contact(Address(name, DOMAIN), "sip", "place", url=f"sip:{name}@192.0.2.1", until=1e9)
            made.desk.switch.services.registry.add(contact)
        yield served(made.desk, users.router, registrations.router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as made:
        yield made


async def test_a_user_is_made_shown_listed_changed_and_removed(client: httpx.AsyncClient) -> None:
    """GET, POST, PATCH, DELETE of /users and /users/{id}."""
    made = await client.post("/users", json={"name": "Jörg", "number": "2000", "role": "operator"})
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/users/J%C3%B6rg")
    assert len(made.json()["phone_secret"]) == 16
    shown = await client.get(made.headers["location"].removeprefix("/api/v1"))
    assert (shown.status_code, shown.headers["etag"]) == (200, made.headers["etag"])
    assert shown.json() == {
        "name": "Jörg",
        "display_name": "",
        "number": "2000",
        "role": "operator",
        "enabled": True,
        "context": "default",
        "variables": {},
        "has_phone_secret": True,
        "has_web_password": False,
    }
    changed = await client.patch("/users/Jörg", json={"display_name": "Jörg O.", "web_password": "long enough"})
    assert (changed.status_code, changed.json()) == (
        200,
        shown.json() | {"display_name": "Jörg O.", "has_web_password": True},
    )
    assert changed.headers["etag"] != made.headers["etag"]
    listed = (await client.get("/users", params={"limit": 2, "total": True})).json()
    assert ([each["name"] for each in listed["items"]], listed["total"]) == (["1000", "1001"], 4)
    rest = (await client.get("/users", params={"cursor": listed["next_cursor"]})).json()
    assert [each["name"] for each in rest["items"]] == ["Jörg", "boss"]
    assert [each["name"] for each in (await client.get("/users", params={"q": "10"})).json()["items"]] == [
        "1000",
        "1001",
    ]
    assert (await client.delete("/users/Jörg")).status_code == 204
    assert (await client.get("/users/Jörg")).json()["code"] == "not_found"


async def test_who_has_seen_an_older_one_changes_nothing(client: httpx.AsyncClient) -> None:
    old = {"If-Match": (await client.get("/users/1001")).headers["etag"]}
    assert (await client.patch("/users/1001", json={"display_name": "new"}, headers=old)).status_code == 200
    for answer in (
        await client.patch("/users/1001", json={"display_name": "lost"}, headers=old),
        await client.delete("/users/1001", headers=old),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (412, "precondition_failed")
        assert problem["state"]["display_name"] == "new" and "ha1" not in answer.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": 1000}, "/name"),
        ({"name": "a b"}, "/name"),
        ({"name": "x" * 65}, "/name"),
        ({"name": "2000", "domain": "example.net"}, "/domain"),
        ({"name": "2000", "ha1_md5": "0" * 32}, "/ha1_md5"),
        ({"name": "2000", "enabled": "perhaps"}, "/enabled"),
        ({"name": "2000", "number": "two thousand"}, "/number"),
        ({"name": "2000", "display_name": "<" * 201}, "/display_name"),
        ({"name": "2000", "role": "king"}, "/role"),
        ({"name": "2000", "web_password": "short"}, "/web_password"),
        ({"name": "2000", "phone_secret": "x" * 129}, "/phone_secret"),
        ({"name": "2000", "variables": {"v": {"nested": 1}}}, "/variables/v"),
        ({"name": "2000", "variables": {f"v{number}": "" for number in range(51)}}, "/variables"),
    ],
)
async def test_what_cannot_be_a_user_is_refused(client: httpx.AsyncClient, body: Any, pointer: str) -> None:
    answer = await client.post("/users", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert "short" not in answer.text.replace("should", "")
    assert (await client.get("/users/2000")).status_code == 404


async def test_null_is_not_what_is_left_out(client: httpx.AsyncClient) -> None:
    assert (await client.patch("/users/1000", json={"number": None})).json()["code"] == "invalid"
    assert (await client.patch("/users/1000", json={"phone_secret": None})).json()["has_phone_secret"] is False


async def test_documents_promise_no_defaults_for_changes(app: FastAPI) -> None:
    """A client made from them would set what it was never told to."""
    shapes = app.openapi()["components"]["schemas"]
    assert [name for name, member in shapes["UserChange"]["properties"].items() if "default" in member] == []
    assert "required" not in shapes["UserChange"] and shapes["NewUser"]["properties"]["role"]["default"] == "user"


@pytest.mark.parametrize("limit", ["0", "501", "many", "99999999999999999999"])
async def test_a_page_has_bounds(client: httpx.AsyncClient, limit: str) -> None:
    answer = await client.get("/users", params={"limit": limit})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/limit")


async def test_names_and_numbers_are_taken_once(client: httpx.AsyncClient) -> None:
    """And it is said which of them, so that a form can say it beside the field."""
    await client.patch("/users/1001", json={"number": "4711"})
    for answer, pointer in (
        (await client.post("/users", json={"name": "1000"}), "/name"),
        (await client.post("/users", json={"name": "1000", "number": "4711"}), "/name"),
        (await client.post("/users", json={"name": "2000", "number": "4711"}), "/number"),
        (await client.patch("/users/1000", json={"number": "4711"}), "/number"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "taken")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
        assert answer.json()["errors"][0]["detail"] == answer.json()["detail"]
    assert (await client.get("/users/2000")).status_code == 404


async def test_the_last_admin_stays(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.delete("/users/boss"),
        await client.patch("/users/boss", json={"enabled": False}),
        await client.patch("/users/boss", json={"role": "user"}),
        await client.delete("/users/1000"),  # who asks
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_a_password_is_reset_and_shown_once(client: httpx.AsyncClient) -> None:
    """POST /users/{id}/reset-password."""
    made = await client.post("/users/1001/reset-password", json={"what": "web"})
    assert made.status_code == 200 and len(made.json()["password"]) == 16
    given = await client.post("/users/1001/reset-password", json={"what": "phone", "password": "4711"})
    assert given.json() == {"what": "phone", "password": None}
    short = await client.post("/users/1001/reset-password", json={"what": "web", "password": "4711"})
    assert (short.status_code, short.json()["errors"][0]["pointer"]) == (422, "/password")
    assert (await client.post("/users/1001/reset-password", json={"what": "all"})).status_code == 422
    assert (await client.post("/users/1002/reset-password", json={"what": "web"})).status_code == 404


async def test_devices_are_listed_and_kicked(client: httpx.AsyncClient) -> None:
    """GET /users/{id}/devices, and DELETE of one."""
    (device,) = (await client.get("/users/1001/devices")).json()["items"]
    assert device["url"] == "sip:1001@192.0.2.1" and device["until"] == "2001-09-09T01:46:40Z"
    assert (await client.delete(f"/users/1001/devices/{device['id']}")).status_code == 204
    assert (await client.delete(f"/users/1000/devices/{device['id']}")).status_code == 404
    assert (await client.get("/users/1002/devices")).status_code == 404


async def test_registrations_are_listed_and_ended(client: httpx.AsyncClient) -> None:
    """GET and DELETE of /registrations."""
    page = (await client.get("/registrations", params={"limit": 1, "total": True, "door": "sip"})).json()
    assert ([each["user"] for each in page["items"]], page["total"]) == ([f"1000@{DOMAIN}"], 2)
    rest = (await client.get("/registrations", params={"cursor": page["next_cursor"]})).json()
    assert [each["user"] for each in rest["items"]] == [f"1001@{DOMAIN}"] and rest["next_cursor"] is None
    assert (await client.delete(f"/registrations/{page['items'][0]['id']}")).status_code == 204
    for wrong in ({"limit": "501"}, {"cursor": "junk"}, {"cursor": "/" * 201}):
        assert (await client.get("/registrations", params=wrong)).status_code == 422
    assert (await client.delete("/registrations/reg_0")).json()["code"] == "not_found"


async def test_a_user_sees_their_own_devices_and_nothing_else(app: FastAPI) -> None:
    async with asking(app, "user") as user:
        assert len((await user.get("/users/1000/devices")).json()["items"]) == 1
        assert [each["user"] for each in (await user.get("/registrations")).json()["items"]] == [f"1000@{DOMAIN}"]
        assert (await user.get("/users/1001/devices")).status_code == 404
        for answer in (
            await user.get("/users"),
            await user.get("/users/1000"),
            await user.post("/users", json={"name": "2000"}),
            await user.patch("/users/1000", json={"role": "admin"}),
            await user.delete("/users/1001"),
            await user.post("/users/1000/reset-password", json={"what": "phone"}),
            await user.delete("/registrations/reg_0"),
            await user.delete("/users/1000/devices/reg_0"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_operators_read_users_and_change_none(app: FastAPI) -> None:
    async with asking(app, "operator") as operator:
        assert (await operator.get("/users/1001")).status_code == 200
        assert (await operator.patch("/users/1001", json={"display_name": "x"})).status_code == 403
        assert (await operator.delete("/users/1001")).status_code == 403


async def test_nobody_is_told_nothing(app: FastAPI) -> None:
    async with asking(app, "") as nobody:
        for path in ("/users", "/users/1000", "/users/1000/devices", "/registrations"):
            assert (await nobody.get(path)).status_code == 401
