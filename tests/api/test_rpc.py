"""JSON-RPC over HTTP: who may ask, and how it is answered."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.lodge import HERE, Lodge, lodge
from xswitch_py.api import rpc
from xswitch_py.core.feed import Feed
from xswitch_py.rpc.answer import Rpc

URL = f"{HERE}/rpc"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "calls.list"}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Lodge]:
    async with lodge(tmp_path) as made:
        made.app.state.rpc = Rpc(replace(made.desk, feed=Feed("test")))
        made.app.include_router(rpc.router)
        yield made


@pytest.fixture
async def client(at: Lodge) -> AsyncIterator[httpx.AsyncClient]:
    """A program with an administrator's key."""
    async with at.client(await at.key()) as made:
        yield made


async def test_a_program_with_a_key_is_answered(client: httpx.AsyncClient) -> None:
    reply = await client.post(URL, json=LIST)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json() == {
        "jsonrpc": "2.0",
        "id": 1,
        "result": {"items": [], "next_cursor": None, "total": None},
    }


async def test_who_is_not_known_gets_problem_details(at: Lodge) -> None:
    async with at.client() as client:
        for reply in (await client.post(URL, json=LIST), await client.post(URL, content=b"{")):
            assert (reply.status_code, reply.headers["content-type"]) == (401, "application/problem+json")
            assert reply.json()["code"] == "not_authenticated"


async def test_a_page_must_prove_that_it_is_ours(at: Lodge) -> None:
    """X5: the cookie alone does nothing."""
    async with aclosing(await at.page()) as page:
        assert (await page.post(URL, json=LIST)).json()["id"] == 1
        del page.headers["X-CSRF-Token"]
        reply = await page.post(URL, json=LIST)
        assert (reply.status_code, reply.json()["code"]) == (403, "csrf")


async def test_a_key_can_do_what_its_scopes_say(at: Lodge) -> None:
    async with at.client(await at.key("status:read")) as client:
        reply = await client.post(URL, json=LIST)
    assert reply.status_code == 200
    assert reply.json()["error"]["data"] == {"code": "forbidden"}


async def test_notifications_have_no_answer(client: httpx.AsyncClient) -> None:
    without_id = {name: value for name, value in LIST.items() if name != "id"}
    for body in (without_id, [without_id, without_id], {"jsonrpc": "2.0", "id": 1, "result": {}}):
        reply = await client.post(URL, json=body)
        assert (reply.status_code, reply.content) == (204, b"")


async def test_a_batch_is_answered_in_order(client: httpx.AsyncClient) -> None:
    reply = await client.post(URL, json=[{**LIST, "id": number} for number in range(32)])
    assert [one["id"] for one in reply.json()] == list(range(32))
    reply = await client.post(URL, json=[LIST] * 33)
    assert (reply.status_code, reply.json()["error"]["code"]) == (200, -32600)


DEEP: Any = 1
for _ in range(40):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        json.dumps({**LIST, "params": {"a": DEEP}}).encode(),
        b'{"jsonrpc":"2.0","id":1,"method":"calls.list","params":{"limit":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"method":"calls.list","params":{"limit":' + b"9" * 200 + b"}}",
        b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}',
        b'"' + b"x" * 1_000_000 + b'"',
    ],
)
async def test_what_is_not_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    """X3: nesting, huge numbers, NaN, lone surrogates, size; and no exception text."""
    reply = await client.post(URL, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200
    error = reply.json()["error"]
    assert error == {"code": -32700, "message": "Parse error", "data": {"code": "malformed"}}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_a_form_could_send_is_not_taken(client: httpx.AsyncClient, kind: str) -> None:
    """X5: what a page of another origin can send without asking first is no request."""
    reply = await client.post(URL, content=json.dumps(LIST).encode(), headers={"Content-Type": kind})
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")


async def test_events_need_a_socket(client: httpx.AsyncClient) -> None:
    reply = await client.post(URL, json={**LIST, "method": "events.subscribe"})
    assert reply.json()["error"]["data"]["code"] == "method_not_allowed"


async def test_a_user_sees_only_their_own(at: Lodge) -> None:
    async with aclosing(await at.page("1000")) as page:
        assert (await page.post(URL, json=LIST)).json()["result"]["items"] == []
        reply = await page.post(URL, json={**LIST, "method": "XNode.ThreeWay"})
    assert reply.json()["error"]["data"]["code"] == "forbidden"
