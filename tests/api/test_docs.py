"""The documents: what scripts read, the page for people, and the table of problems."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.core.commands.live import live
from xswitch_py import assets
from xswitch_py.api import config, routes, status
from xswitch_py.base.problem import PROBLEMS

PAGES = ("index.html", "docs.js", "docs.css")


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with live(tmp_path) as made:
        yield served(made.desk, routes.router, config.router, status.router, web=assets.web())


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app, "", "192.0.2.1", "http://localhost") as made:
        yield made


class Page(HTMLParser):
    """What stands in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "style" or (tag == "script" and "src" not in dict(attrs)):
            self.inline.append(tag)
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]


async def test_the_openrpc_document_is_what_the_application_makes(client: httpx.AsyncClient) -> None:
    """GET /openrpc.json."""
    answer = await client.get("/openrpc.json")
    assert (answer.status_code, answer.json()) == (200, {"openrpc": "1.3.2", "methods": []})


async def test_the_page_is_there_for_everybody(client: httpx.AsyncClient) -> None:
    """GET /docs."""
    answer = await client.get("/docs")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs/")
    kinds = {"": "text/html", "docs.js": "text/javascript", "docs.css": "text/css"}
    for name, kind in kinds.items():
        answer = await client.get(f"/docs/{name}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    assert (await client.get("/docs/none")).status_code == 404
    assert (await client.head("/docs/problems")).status_code == 200


async def test_pages_run_nothing_inline_and_load_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    """X5."""
    for path in ("/docs/", "/docs/problems"):
        page = Page((await client.get(path)).text)
        assert page.inline == []
        policy = next(at["content"] for tag, at in page.tags if at.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None and policy.startswith("default-src 'none'") and "unsafe" not in policy
        for tag, at in page.tags:
            assert not re.match(r"\w+:|//", at.get("src") or (at.get("href") if tag == "link" else "") or "") or (
                at["href"] == "data:,"
            )
    script = (assets.web("docs") / "docs.js").read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|https?://", script)
    assert len(script.splitlines()) < 250


async def test_every_problem_is_explained_where_its_type_points(client: httpx.AsyncClient) -> None:
    page = Page((await client.get("/docs/problems")).text)
    assert [at["id"] for tag, at in page.tags if tag == "tr" and "id" in at] == [code.value for code in PROBLEMS]
    async with asking(client._transport.app, "") as stranger:  # type: ignore[attr-defined]  # httpx has no public name for it
        kind = (await stranger.get("/status")).json()["type"]
    assert kind == "/docs/problems#not_authenticated"


async def test_making_a_document_keeps_no_call_waiting(app: FastAPI, client: httpx.AsyncClient) -> None:
    """X25: it is made once, in a thread."""
    made: list[threading.Thread] = []

    def document() -> dict[str, str]:
        made.append(threading.current_thread())
        return {"openrpc": "1"}

    app.state.openrpc = document
    answers = await asyncio.gather(*[client.get("/openrpc.json") for _ in range(5)])
    assert [answer.json() for answer in answers] == [{"openrpc": "1"}] * 5
    assert len(made) == 1 and made[0] is not threading.main_thread()


async def test_operations_are_named_after_their_commands(client: httpx.AsyncClient) -> None:
    """GET /openapi.json: what the page shows of it is there."""
    document = (await client.get("/openapi.json")).json()
    operations = {about["operationId"]: about for verbs in document["paths"].values() for about in verbs.values()}
    assert {"routes.explain", "routes.move", "config.reload", "status.get"} <= set(operations)
    for about in operations.values():
        assert about["summary"] and about["tags"] and re.search(r"Needs the scope `\w+:\w+`", about["description"])
        assert "401" in about["responses"] and "`forbidden`" in about["responses"]["403"]["description"]
    assert "/docs/problems" not in document["paths"]
