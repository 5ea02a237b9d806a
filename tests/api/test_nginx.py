"""The API behind a real nginx with the site that `xswitch nginx` prints: who comes is known, nothing is smuggled."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.api.conftest import Api
from tests.peers.nginx import NAME, proxy


@dataclass(frozen=True, slots=True)
class Site:
    """nginx, and the switch behind it."""

    at: Api
    port: int
    trust: ssl.SSLContext

    def client(self, host: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
        """Make a client that comes from an address of this computer."""
        transport = httpx.AsyncHTTPTransport(verify=self.trust, local_address=host, retries=5)
        base = f"https://{NAME}:{self.port}"
        return httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=20)

    @property
    def key(self) -> str:
        """The administrator's."""
        return f"Bearer {self.at.facts['api_key']}"

    @asynccontextmanager
    async def raw(self, text: bytes) -> AsyncIterator[asyncio.StreamReader]:
        """Send bytes, and read what comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.trust, server_hostname=NAME)
        writer.write(text)
        try:
            yield reader
        finally:
            writer.transport.abort()


@pytest.fixture
async def site(switch: Api, tmp_path: Path) -> AsyncIterator[Site]:
    """Run nginx before the switch."""
    async with proxy(tmp_path, str(switch.facts["http"])) as made:
        yield Site(switch, made.port, made.tls())


async def test_a_page_logs_in_and_changes_something(site: Site) -> None:
    """By https, though we are asked by http; of our own origin, though nginx takes the port away; from where it is."""
    async with site.client("127.0.0.5", Origin=f"https://{NAME}:{site.port}") as page:
        login = {"user": "admin", "password": "secret-word"}
        reply = await page.post("/api/v1/auth/login", json=login)
        assert reply.status_code == 200, reply.text
        csrf = {"X-CSRF-Token": reply.json()["csrf"]}
        assert (await page.post("/api/v1/users", json={"name": "eve"}, headers=csrf)).status_code == 201
        evil = csrf | {"Origin": "https://evil.test"}
        assert (await page.post("/api/v1/users", json={"name": "mallory"}, headers=evil)).status_code == 403
        spoofed = csrf | {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Real-IP": "203.0.113.9"}
        assert (await page.post("/api/v1/users", json={"name": "trent"}, headers=spoofed)).status_code == 201
        async with asyncio.timeout(5):
            while len(done := await audit(page)) < 3:
                await asyncio.sleep(0.05)
    assert {each["host"] for each in done} == {"127.0.0.5"}


async def audit(page: httpx.AsyncClient) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await page.get("/api/v1/audit")).json()["items"]
    return found


async def test_nobody_comes_to_the_figures_through_the_proxy(site: Site) -> None:
    async with site.client() as nobody:
        for spoofed in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"Host": "127.0.0.1"}):
            assert (await nobody.get("/metrics", headers=spoofed)).status_code == 401
        assert (await nobody.get("/metrics", headers={"Authorization": site.key})).status_code == 200


async def test_an_event_comes_at_once(site: Site) -> None:
    """nginx keeps nothing back."""
    async with site.client(Authorization=site.key) as client, client.stream("GET", "/api/v1/events") as answer:
        lines = answer.aiter_lines()
        assert await asyncio.wait_for(anext(lines), 5) == "retry: 2000"
        began = time.monotonic()
        block = asyncio.create_task(
            client.post("/api/v1/blocks", json={"source": "192.0.2.9", "seconds": 60, "reason": "a test"})
        )
        async with asyncio.timeout(5):
            async for line in lines:
                if line == "event: security.blocked":
                    break
        assert time.monotonic() - began < 1.0
        assert (await block).status_code == 201


BEHIND: Final = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nX-Smuggled: yes\r\n\r\n"
HEAD: Final = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(BEHIND),
        HEAD + b"Content-Length: +0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        HEAD + b"X: a\rContent-Length: 0\r\n\r\n",
        HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
    ],
)
async def test_no_request_is_smuggled(site: Site, text: bytes) -> None:
    """X4: what one of the two takes for a body is no request to the other."""
    async with site.client() as client:
        await client.get("/healthz")  # nginx listens
    before = b""
    async with site.raw(text + BEHIND) as reader:
        with suppress(TimeoutError, ConnectionResetError):
            before = await asyncio.wait_for(reader.read(65_536), 2)
    assert not before or before.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501", b"HTTP/1.1 100")), before
    assert b'"version"' not in before
    async with site.client() as client:  # nobody else gets the answer to it
        replies = await asyncio.gather(*(client.get("/api/v1/status") for _ in range(4)))
        assert {reply.status_code for reply in replies} == {401}


async def test_a_body_may_have_a_megabyte_and_no_more(site: Site) -> None:
    async with site.client(Authorization=site.key) as client:
        for size, status in ((900_000, 422), (1_200_000, 413)):
            reply = await client.post("/api/v1/config/validate", json={"toml": "x" * size})
            assert reply.status_code == status, reply.text
