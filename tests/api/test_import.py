"""REST of /users:import: a table of users, as a page brings it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.office import asking, served
from tests.core.commands.live import live
from xswitch_py.api import users
from xswitch_py.base.user import User

PATH = "/users:import"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with live(tmp_path) as made:
        await made.desk.stores.users.add(User("1000", "example.org"), phone_secret="secret")
        async with asking(served(made.desk, users.router)) as client:
            yield client


async def test_a_table_is_tried_out_and_then_brought(client: httpx.AsyncClient) -> None:
    """POST /users:import."""
    rows = [{"name": "ann", "number": "3000"}, {"name": "1000"}, {"name": "bob", "phone_secret": "a"}]
    tried = await client.post(PATH, json={"rows": rows, "dry_run": True})
    assert tried.status_code == 200
    assert tried.json() == {
        "rows": [
            {"row": 1, "name": "ann", "outcome": "would be made", "errors": [], "phone_secret": None},
            {
                "row": 2,
                "name": "1000",
                "outcome": "refused",
                "errors": [{"pointer": "/name", "detail": "user 1000 exists already"}],
                "phone_secret": None,
            },
            {
                "row": 3,
                "name": "bob",
                "outcome": "refused",
                "errors": [{"pointer": "/phone_secret", "detail": "String should have at least 4 characters"}],
                "phone_secret": None,
            },
        ],
        "made": 0,
        "refused": 2,
    }
    assert (await client.get("/users/ann")).status_code == 404
    brought = (await client.post(PATH, json={"rows": rows, "keep": "good"})).json()
    assert (brought["made"], brought["refused"], len(brought["rows"][0]["phone_secret"])) == (1, 2, 16)
    assert (await client.get("/users/ann")).json()["number"] == "3000"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/rows"),
        ({"rows": []}, "/rows"),
        ({"rows": [{"name": f"u{n}"} for n in range(201)]}, "/rows"),
        ({"rows": ["ann"]}, "/rows/0"),
        ({"rows": [{"name": "ann"}], "keep": "some"}, "/keep"),
        ({"rows": [{"name": "ann"}], "dry_run": 1}, "/dry_run"),
        ({"rows": [{"name": "ann"}], "dry-run": True}, "/dry-run"),
    ],
)
async def test_what_is_no_table_is_refused(client: httpx.AsyncClient, body: Any, pointer: str) -> None:
    answer = await client.post(PATH, json=body)
    assert (answer.status_code, [fault["pointer"] for fault in answer.json()["errors"]]) == (422, [pointer])


async def test_two_hundred_rows_that_are_all_wrong_are_each_judged(client: httpx.AsyncClient) -> None:
    """A row is never too odd for the others to be judged, and what is told of it has bounds."""
    row: dict[str, Any] = {f"m{n}": n for n in range(23)}
    answer = await client.post(PATH, json={"rows": [row] * 200})
    found = answer.json()["rows"]
    assert (answer.status_code, len(found), {len(each["errors"]) for each in found}) == (200, 200, {20})


async def test_it_is_for_those_who_may_make_users(client: httpx.AsyncClient) -> None:
    headers = {"Authorization": "Bearer operator"}
    assert (await client.post(PATH, json={"rows": [{"name": "ann"}]}, headers=headers)).status_code == 403
