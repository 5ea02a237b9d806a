"""The pages and the sign of life, as they come through the listener."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import Request
from websockets.asyncio.client import connect

from tests.core.commands.live import live
from tests.listen.serving import Echo
from xswitch_py import assets
from xswitch_py.api.app import http_app
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.listen.listener import Listener

VERSION = "1.2.3"


class Nobody:
    """Lets nobody in."""

    async def asker(self, request: Request) -> Asker:
        raise Refused(Code.NOT_AUTHENTICATED)


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Where the app is served beside a WebSocket."""
    door = Echo()
    async with live(tmp_path) as at:
        app = http_app(at.desk, Nobody(), assets.web())
        listener = Listener(app, {"/": door, "/ws": door}, http="127.0.0.1:0")
        await listener.start()
        yield listener.addresses["http"]
        await listener.stop()


async def ask(address: str, target: str, method: str = "GET", more: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send a request with this very target, which no client library would leave as it is; status, headers, body."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n".encode() + more + b"\r\n")
    async with asyncio.timeout(5):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


async def test_pages_a_sign_of_life_and_sockets_share_a_port(address: str) -> None:
    """V1, V62."""
    status, headers, body = await ask(address, "/healthz")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {"status": "ok", "version": VERSION}
    for page, script in (("/", b"/static/admin/admin.js"), ("/demo/", b"demo.js"), ("/docs/", b"docs.js")):
        status, headers, body = await ask(address, page)
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert script in body
    for folder in ("/demo", "/docs", "/static"):
        status, headers, _ = await ask(address, folder)
        assert (status, headers["location"]) == (307, f"{folder}/")
    for path in ("/", "/ws"):
        async with connect(f"ws://{address}{path}", proxy=None) as peer:
            await peer.send("hello")
            assert await peer.recv() == "hello"


@pytest.mark.parametrize(
    ("target", "status"), [("/healthz", 200), ("/", 200), ("/demo", 307), ("/demo/", 200), ("/nothing", 404)]
)
async def test_a_head_has_the_status_and_no_body(address: str, target: str, status: int) -> None:
    assert (await ask(address, target, "HEAD"))[::2] == (status, b"")


@pytest.mark.parametrize("target", ["/healthz", "/", "/demo/", "/demo/demo.js", "/docs/problems", "/nothing"])
async def test_no_other_page_may_frame_ours(address: str, target: str) -> None:
    """X5."""
    _, headers, _ = await ask(address, target)
    assert "frame-ancestors 'none'" in headers["content-security-policy"].split("; ")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PUT", "DELETE", "TRACE", "NONSENSE"])
@pytest.mark.parametrize("target", ["/healthz", "/demo/"])
async def test_other_methods_are_told_which_are_allowed(address: str, target: str, method: str) -> None:
    status, headers, _ = await ask(address, target, method)
    assert status == 405
    assert set(headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "target",
    [
        "/demo/../../pyproject.toml",
        "/demo/../demo.toml",
        "/demo/%2e%2e/%2e%2e/pyproject.toml",
        "/demo/..%2f..%2fpyproject.toml",
        "/demo/..%5c..%5cpyproject.toml",
        "/demo//etc/passwd",
        "/demo/%2fetc%2fpasswd",
        "/demo/%00",
        "/demo/index.html%00.js",
        "/demo/" + "a" * 5000,
        "/docs/../../pyproject.toml",
        "/static/../pyproject.toml",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/static/",
        "/redoc",
        "*",
    ],
)
async def test_nothing_but_the_pages_is_there(address: str, target: str) -> None:
    """V62: also not by a way out of the folder."""
    status, _, body = await ask(address, target)
    assert (status, json.loads(body)["code"]) == (404, "not_found")


async def test_a_body_has_its_bounds(address: str) -> None:
    """X4: what is announced as too long is not even read."""
    status, headers, body = await ask(address, "/healthz", "POST", b"Content-Length: 1048577\r\n")
    assert (status, headers["connection"], json.loads(body)["code"]) == (413, "close", "too_large")
    assert (await ask(address, "/healthz", "POST", b"Content-Length: 9999999999999999\r\n"))[0] == 413
    assert (await ask(address, "/healthz", "POST", b"Content-Length: 1048576\r\n"))[0] == 405
    for odd in (b"-1", b"x", b"9" * 5000):
        assert (await ask(address, "/healthz", "POST", b"Content-Length: " + odd + b"\r\n"))[0] == 400
