"""The site and the phones through a real nginx on one port with TLS, as `xswitch nginx` writes its site."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from tests.browser import tour
from tests.browser.conftest import ALICE_HZ
from tests.browser.server import PASSWORD, Server, start_demo
from tests.browser.webphone import ALLOWED, WebPhone, prepare
from tests.peers.jssip import JsSipPhone
from tests.peers.nginx import Proxy, proxy
from tests.peers.sip import SIP_PORTS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_PATHS: Final = ("/", "/demo/", "/docs/", "/static/phone.js", "/static/admin/admin.js", "/openapi.json", "/healthz")


@dataclass(frozen=True, slots=True)
class Site:
    """The switch, and nginx before it."""

    server: Server
    proxy: Proxy


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def behind(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A demo behind nginx."""
    folder = tmp_path_factory.mktemp("nginx")
    running = await start_demo(folder, *SIP_PORTS)
    async with proxy(folder, running.url("http")) as made:
        yield Site(running, made)
    running.terminate()
    assert await running.stopped() == 0
    assert running.faults() == []


@pytest_asyncio.fixture(loop_scope="session")
async def context(alice_browser: Browser) -> AsyncIterator[BrowserContext]:
    """A profile that trusts the certificate, as one would that was given a real one."""
    made = await alice_browser.new_context(locale="en-GB", permissions=ALLOWED, ignore_https_errors=True)
    yield await prepare(made)
    await made.close()


async def test_every_page_comes_through(behind: Site) -> None:
    trust: ssl.SSLContext = behind.proxy.tls()
    async with httpx.AsyncClient(verify=trust, base_url=behind.proxy.url, trust_env=False) as client:
        found = {path: (await client.get(path)).status_code for path in _PATHS}
    assert found == dict.fromkeys(_PATHS, 200)


async def test_an_operator_logs_in_and_makes_a_user(behind: Site, context: BrowserContext) -> None:
    """The cookie is kept, the token against forgery is sent, and the origin is taken for our own."""
    page = await context.new_page()
    await tour.log_in(page, behind.proxy.url, "admin", PASSWORD)
    cookies = await context.cookies()
    assert [cookie for cookie in cookies if cookie["httpOnly"] and cookie["secure"]], cookies
    status = await page.evaluate(
        """async () => {
            const me = await (await fetch("/api/v1/auth/me")).json();
            const headers = { "Content-Type": "application/json", "X-CSRF-Token": me.csrf };
            const body = JSON.stringify({ name: "behind" });
            return (await fetch("/api/v1/users", { method: "POST", headers, body })).status;
        }"""
    )
    assert status == 201
    await page.reload()
    await page.locator("#side").wait_for(state="attached")


async def test_a_page_calls_the_echo(behind: Site, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(f"{behind.proxy.url}/demo/#user=1000&password={PASSWORD}")
    phone = WebPhone.at(page, "dock")
    await phone.open()
    await phone.call("9196")
    await phone.hear(ALICE_HZ)
    await phone.hangup()


async def test_the_phone_of_the_site_logs_in_by_itself(behind: Site, context: BrowserContext) -> None:
    page = await context.new_page()
    await tour.log_in(page, behind.proxy.url, "1002", PASSWORD)
    phone = WebPhone.at(page, "dock")
    await phone.part("launcher").wait_for()
    await phone.ready()


@pytest.mark.parametrize("path", ["sip", "sips"])
async def test_a_sip_phone_in_a_page_calls_the_echo(path: str, behind: Site, site: str, alice_browser: Browser) -> None:
    through = behind.proxy.url.replace("https", "wss")
    facts = {**behind.server.facts, "sip": {**behind.server.facts["sip"], "wss": f"{through}/{path}"}}
    server = Server(behind.server.process, facts, behind.server.database, behind.server.log)
    ours = site.replace("127.0.0.1", "localhost")  # a page of the same host
    phone = await JsSipPhone.open(alice_browser, ours, server, door="wss")
    assert await phone.login("1003")
    await phone.call("9196")
    await phone.wait_state("active")
    await phone.hear(ALICE_HZ)
    await phone.hangup()
    await phone.close()
