"""REST of /gateways: api.md's row, and what is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.core.commands.live import live
from tests.core.commands.test_gateways import ACCOUNT, Carriers, laid
from xswitch_py.api import gateways


@pytest.fixture
def carriers() -> Carriers:
    return Carriers()


@pytest.fixture
async def app(tmp_path: Path, carriers: Carriers) -> AsyncIterator[FastAPI]:
    async with live(tmp_path) as made:
        yield served(await laid(made.desk, carriers), gateways.router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as made:
        yield made


async def test_a_gateway_is_made_shown_listed_changed_and_removed(client: httpx.AsyncClient) -> None:
    """GET, POST, PATCH, DELETE of /gateways and /gateways/{id}; the password never comes out."""
    made = await client.post("/gateways", json=ACCOUNT)
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/gateways/carrier")
    gateway = made.json()
    assert (gateway["register"], gateway["has_password"], gateway["origin"]) == (True, True, "database")
    assert (gateway["expire"], gateway["transport"], gateway["deny"]) == (600, "udp", [])
    assert gateway["status"] == {
        "state": "REGED",
        "up": True,
        "code": 200,
        "text": "",
        "since": "2001-09-09T01:46:40Z",
        "inbound": 1,
        "outbound": 2,
        "target": "udp:192.0.2.1:5060",
    }
    shown = await client.get("/gateways/carrier")
    assert (shown.json(), shown.headers["etag"]) == (gateway, made.headers["etag"])
    changed = await client.patch("/gateways/carrier", json={"expire": 120, "register": False})
    assert (changed.status_code, changed.json()["expire"], changed.json()["register"]) == (200, 120, False)
    assert changed.json()["has_password"] and changed.headers["etag"] != made.headers["etag"]
    listed = await client.get("/gateways", params={"total": True})
    assert [each["name"] for each in listed.json()["items"]] == ["backup", "carrier"] and listed.json()["total"] == 2
    assert all("horse" not in answer.text and '"password"' not in answer.text for answer in (made, shown, listed))
    assert (await client.delete("/gateways/carrier")).status_code == 204
    assert (await client.get("/gateways/carrier")).json()["code"] == "not_found"


async def test_how_it_stands_is_no_change_and_what_is_set_is(client: httpx.AsyncClient, carriers: Carriers) -> None:
    made = await client.post("/gateways", json=ACCOUNT)
    carriers.configs.clear()  # it stands another way
    shown = await client.get("/gateways/carrier")
    assert shown.json()["status"] != made.json()["status"] and shown.headers["etag"] == made.headers["etag"]
    old = {"If-Match": shown.headers["etag"]}
    assert (await client.patch("/gateways/carrier", json={"password": "another"}, headers=old)).status_code == 200
    for answer in (
        await client.patch("/gateways/carrier", json={"proxy": "lost.example"}, headers=old),
        await client.delete("/gateways/carrier", headers=old),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert answer.json()["state"]["proxy"] == ACCOUNT["proxy"] and "another" not in answer.text
    assert carriers.configs["carrier"].password == "another"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"proxy": 5060}, "/proxy"),
        ({"proxy": "a:b:c"}, "/proxy"),
        ({"register": "perhaps"}, "/register"),
        ({"expire": 86_401}, "/expire"),
        ({"password_file": "/etc/passwd"}, "/password_file"),
        ({"rewrite": [{"match": "(", "replace": ""}]}, "/rewrite"),
        ({"rewrite": [{"match": "1"}]}, "/rewrite/0/replace"),
        ({"allow": ["anywhere"]}, "/allow/0"),
        ({"status": {}}, "/status"),
        ({"name": "x/y"}, "/name"),
    ],
)
async def test_what_cannot_be_a_gateway_is_refused(client: httpx.AsyncClient, body: Any, pointer: str) -> None:
    answer = await client.post("/gateways", json={**ACCOUNT, **body})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == pointer and "horse" not in answer.text
    assert (await client.get("/gateways/carrier")).status_code == 404


async def test_those_of_the_file_are_changed_there(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.patch("/gateways/backup", json={"expire": 120}),
        await client.delete("/gateways/backup"),
    ):
        assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (409, "conflict", "file")
    again = await client.post("/gateways", json={**ACCOUNT, "name": "backup"})
    assert (again.status_code, again.json()["code"]) == (409, "taken")


async def test_a_gateway_is_told_what_to_do(client: httpx.AsyncClient, carriers: Carriers) -> None:
    """POST /gateways/{id}/register, /unregister, /ping; GET /gateways/{id}/status."""
    await client.post("/gateways", json=ACCOUNT)
    for what in ("register", "unregister", "ping"):
        answer = await client.post(f"/gateways/carrier/{what}")
        assert (answer.status_code, answer.json()["state"]) == (202, "REGED")
    assert carriers.told == ["register carrier", "unregister carrier", "ping carrier"]
    assert (await client.get("/gateways/carrier/status")).json()["target"] == "udp:192.0.2.1:5060"
    assert (await client.post("/gateways/backup/register")).json()["code"] == "conflict"
    assert (await client.post("/gateways/nowhere/ping")).status_code == 404
    assert (await client.get("/gateways/nowhere/status")).status_code == 404


async def test_a_page_has_bounds_and_an_end(client: httpx.AsyncClient) -> None:
    await client.post("/gateways", json=ACCOUNT)
    first = (await client.get("/gateways", params={"limit": 1})).json()
    assert (first["items"][0]["name"], first["next_cursor"]) == ("backup", "backup")
    rest = (await client.get("/gateways", params={"cursor": "backup"})).json()
    assert ([each["name"] for each in rest["items"]], rest["next_cursor"]) == (["carrier"], None)
    assert (await client.get("/gateways", params={"limit": 501})).status_code == 422


async def test_documents_promise_no_defaults_for_changes(app: FastAPI) -> None:
    shapes = app.openapi()["components"]["schemas"]
    assert [name for name, member in shapes["GatewayChange"]["properties"].items() if "default" in member] == []
    assert "required" not in shapes["GatewayChange"] and shapes["NewGateway"]["properties"]["expire"]["default"] == 600


@pytest.mark.parametrize(("role", "reads"), [("operator", 200), ("user", 403), ("", 401)])
async def test_operators_look_and_only_administrators_change(app: FastAPI, role: str, reads: int) -> None:
    async with asking(app, role) as client:
        for path in ("/gateways", "/gateways/backup", "/gateways/backup/status"):
            assert (await client.get(path)).status_code == reads
        for answer in (
            await client.post("/gateways", json=ACCOUNT),
            await client.patch("/gateways/backup", json={}),
            await client.delete("/gateways/backup"),
            await client.post("/gateways/backup/ping"),
        ):
            assert answer.status_code == max(reads, 401 if not role else 403)
