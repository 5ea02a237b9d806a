"""REST of /routes: api.md's row, and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.core.commands.live import live
from tests.core.commands.test_routes import FILE, FLOW, read_rule, renewing
from xswitch_py.api import routes

OUT = {"name": "out", "number": "0(\\d+)", "steps": ["bridge gateway/berlin/$1"]}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with live(tmp_path) as made:
        renew = renewing(made.desk)
        await renew()
        desk = replace(made.desk, file_rules=lambda: FILE, flow_rules=lambda: FLOW)
        yield served(replace(desk, read_rule=read_rule, renew_rules=renew), routes.router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as made:
        yield made


async def test_a_route_is_made_shown_listed_changed_moved_and_removed(client: httpx.AsyncClient) -> None:
    """GET, POST, PATCH, DELETE of /routes, and POST /routes/{id}/move."""
    made = await client.post("/routes", json=OUT)
    route = made.json()
    assert (made.status_code, made.headers["location"]) == (201, f"/api/v1/routes/{route['id']}")
    assert route | OUT | {"origin": "database", "position": 1, "context": "default"} == route
    assert route["created"].endswith("Z")
    shown = await client.get(f"/routes/{route['id']}")
    assert (shown.status_code, shown.json(), shown.headers["etag"]) == (200, route, made.headers["etag"])
    changed = await client.patch(f"/routes/{route['id']}", json={"caller": "1..."})
    assert (changed.status_code, changed.json()["caller"], changed.json()["number"]) == (200, "1...", "0(\\d+)")
    assert changed.headers["etag"] != made.headers["etag"]
    second = (await client.post("/routes", json={**OUT, "position": 1})).json()
    moved = await client.post(f"/routes/{second['id']}/move", json={"position": 2})
    assert (moved.status_code, moved.json()["position"]) == (200, 2)
    listed = (await client.get("/routes", params={"total": True})).json()
    origins = ["database", "database", "flow", "file", "file"]
    assert ([each["origin"] for each in listed["items"]], listed["total"], listed["next_cursor"]) == (origins, 5, None)
    assert (await client.delete(f"/routes/{route['id']}")).status_code == 204
    assert (await client.get(f"/routes/{route['id']}")).json()["code"] == "not_found"


async def test_pages_lead_on(client: httpx.AsyncClient) -> None:
    first = (await client.get("/routes", params={"limit": 2})).json()
    assert [each["id"] for each in first["items"]] == ["flow_1", "file_1"]
    second = (await client.get("/routes", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert ([each["id"] for each in second["items"]], second["next_cursor"]) == (["file_2"], None)


async def test_who_has_seen_an_older_one_changes_nothing(client: httpx.AsyncClient) -> None:
    made = await client.post("/routes", json=OUT)
    path, old = f"/routes/{made.json()['id']}", {"If-Match": made.headers["etag"]}
    assert (await client.patch(path, json={"name": "new"}, headers=old)).status_code == 200
    for answer in (
        await client.patch(path, json={"name": "lost"}, headers=old),
        await client.delete(path, headers=old),
        await client.post(f"{path}/move", json={"position": 1}, headers=old),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["state"]["name"]) == (412, "precondition_failed", "new")
    now = (await client.get(path)).headers["etag"]
    assert (await client.delete(path, headers={"If-Match": f'"other", {now}'})).status_code == 204


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/steps"),
        ({"steps": []}, "/steps"),
        ({"steps": "echo"}, "/steps"),
        ({"steps": [7]}, "/steps/0"),
        ({"steps": ["echo"] * 51}, "/steps"),
        ({"steps": ["echo " + "x" * 400]}, "/steps/0"),
        ({"steps": ["echo"], "number": "x" * 201}, "/number"),
        ({"steps": ["echo"], "number": None}, "/number"),
        ({"steps": ["echo"], "number": "("}, "/number"),
        ({"steps": ["echo\nhangup"]}, "/steps/0"),
        ({"steps": ["fly"]}, "/steps"),
        ({"steps": ["echo"], "colour": "red"}, "/colour"),
        ({"steps": ["echo"], "enabled": "perhaps"}, "/enabled"),
        ({"steps": ["echo"], "position": 0}, "/position"),
        ({"steps": ["echo"], "position": 10**30}, "/position"),
        ({"steps": ["echo"], "context": "a b"}, "/context"),
        ([], ""),
    ],
)
async def test_what_cannot_be_used_is_pointed_at(client: httpx.AsyncClient, body: Any, pointer: str) -> None:
    answer = await client.post("/routes", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["code"] == "invalid"
    assert pointer in [each["pointer"] for each in answer.json()["errors"]]
    assert len((await client.get("/routes")).json()["items"]) == 3


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"limit": 501}, "/query/limit"), ({"limit": 0}, "/query/limit"), ({"cursor": "x" * 201}, "/query/cursor")],
)
async def test_huge_pages_are_refused(client: httpx.AsyncClient, query: dict[str, Any], pointer: str) -> None:
    answer = await client.get("/routes", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_rules_of_files_are_read_only(client: httpx.AsyncClient) -> None:
    assert (await client.get("/routes/file_1")).json()["steps"] == ["answer", "echo"]
    for answer in (
        await client.patch("/routes/file_1", json={"name": "x"}),
        await client.delete("/routes/file_1"),
        await client.post("/routes/flow_1/move", json={"position": 1}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_explaining_says_which_rule_and_why(client: httpx.AsyncClient) -> None:
    """POST /routes:explain."""
    route = (await client.post("/routes", json=OUT)).json()
    answer = await client.post("/routes:explain", json={"number": "030", "at": "2026-11-23T12:00:00Z"})
    found = answer.json()
    assert (answer.status_code, found["route"], found["at"]) == (200, route["id"], "2026-11-23T12:00:00Z")
    assert found["looked_at"][0] | {"origin": "database", "fits": True, "misfits": []} == found["looked_at"][0]
    (step,) = found["steps"]
    assert (step["action"], step["argument"]) == ("bridge", "gateway/berlin/30")
    assert step["reaches"][0] | {"kind": "gateway", "reachable": False, "why": "unknown"} == step["reaches"][0]
    nothing = (await client.post("/routes:explain", json={"number": "x", "context": "none"})).json()
    assert (nothing["route"], nothing["steps"], nothing["cause"]) == (None, [], "NO_ROUTE_DESTINATION")
    assert len(nothing["looked_at"]) == 4


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"number": ""},
        {"number": "1" * 65},
        {"number": 7},
        {"number": "1", "at": "2026-11-23T12:00:00"},
        {"number": "1", "at": "noon"},
        {"number": "1", "at": "0001-01-01T00:00:00Z"},
        {"number": "1", "at": "9999-12-31T23:59:59-12:00"},
        {"number": "1", "at": 1e300},
        {"number": "1", "callee": "2"},
        {"number": "1", "context": "a b"},
    ],
)
async def test_what_cannot_be_explained_is_refused(client: httpx.AsyncClient, body: Any) -> None:
    answer = await client.post("/routes:explain", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(("role", "status"), [("", 401), ("user", 403), ("operator", 200), ("admin", 200)])
async def test_who_may_see_routes(app: FastAPI, role: str, status: int) -> None:
    async with asking(app, role) as client:
        assert (await client.get("/routes")).status_code == status
        assert (await client.get("/routes/file_1")).status_code == status
        assert (await client.post("/routes:explain", json={"number": "1"})).status_code == status


@pytest.mark.parametrize(("role", "status"), [("", 401), ("user", 403), ("operator", 403)])
async def test_who_may_not_change_them(app: FastAPI, client: httpx.AsyncClient, role: str, status: int) -> None:
    path = f"/routes/{(await client.post('/routes', json=OUT)).json()['id']}"
    async with asking(app, role) as other:
        for answer in (
            await other.post("/routes", json=OUT),
            await other.patch(path, json={"name": "x"}),
            await other.delete(path),
            await other.post(f"{path}/move", json={"position": 1}),
        ):
            assert answer.status_code == status
    assert (await client.get(path)).status_code == 200


async def test_a_body_that_is_not_json_is_malformed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/routes", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
