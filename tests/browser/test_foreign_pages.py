"""Pages of others in the browser of somebody who is logged in: what such a page can do, which is nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.api.conftest import Api, settings
from xswitch_py import app
from xswitch_py.cli.serve import accounts

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOGIN: Final = """async () => {
    const body = JSON.stringify({user: 'admin', password: 'secret-word'});
    const headers = {'Content-Type': 'application/json'};
    const answer = await fetch('/api/v1/auth/login', {method: 'POST', headers, body});
    const said = await answer.json();
    const who = await fetch('/api/v1/auth/me');
    return [answer.status, who.status, said.csrf];
}"""
# Everything that a page may send to another origin, and what can be read of the answers.
ATTACK: Final = """async ([base, target]) => {
    const found = {};
    const kinds = ['text/plain', 'application/x-www-form-urlencoded', 'application/json'];
    const wish = JSON.stringify({jsonrpc: '2.0', id: 1, method: 'users.create', params: {name: 'eve'}});
    for (const kind of kinds) {
        for (const path of ['/rpc', '/api/v1/users']) {
            for (const mode of ['cors', 'no-cors']) {
                const body = path === '/rpc' ? wish : JSON.stringify({name: 'eve'});
                const asked = {method: 'POST', body, mode, credentials: 'include', headers: {'Content-Type': kind}};
                try { found[[path, kind, mode]] = (await fetch(base + path, asked)).status; } catch { }
            }
        }
    }
    try { found.read = await (await fetch(base + '/api/v1/users', {credentials: 'include'})).text(); } catch { }
    try { found.blob = (await fetch(base + '/rpc', {method: 'POST', mode: 'no-cors', credentials: 'include',
        body: new Blob([wish])})).status; } catch { }
    const told = await new Promise((resolve) => {
        const socket = new WebSocket(base.replace('http', 'ws') + '/api/v1/events');
        socket.onmessage = () => resolve('heard');
        socket.onclose = (event) => resolve(`closed ${event.code}`);
        setTimeout(() => resolve('open'), 3000);
    });
    found.socket = told;
    const form = document.createElement('form');
    Object.assign(form, {action: base + '/api/v1/auth/logout', method: 'POST', target});
    document.body.append(form);
    form.submit();
    return found;
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def at() -> AsyncIterator[Api]:
    """A switch of its own."""
    made = app.build(settings(), demo=accounts("secret-word"))
    await made.start()
    try:
        yield Api(made)
    finally:
        made.stop()
        await made.run()


@pytest_asyncio.fixture(loop_scope="session")
async def context(alice_browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await alice_browser.new_context()
    yield context
    await context.close()


async def names(at: Api) -> set[str]:
    async with at.client() as admin:
        return {user["name"] for user in (await admin.get("/users")).json()["items"]}


async def logged_in(at: Api, context: BrowserContext) -> tuple[str, Page, str]:
    """Log in on a page of ours; gives our origin, the page, and what its changes must bring."""
    base = str(at.facts["http"]).replace("127.0.0.1", "localhost")
    ours = await context.new_page()
    await ours.goto(f"{base}/healthz")
    login, who, csrf = await ours.evaluate(LOGIN)
    assert (login, who) == (200, 200)
    return base, ours, csrf


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_a_foreign_page_does_nothing_with_the_cookie(
    at: Api, context: BrowserContext, site: str, name: str
) -> None:
    """X5: of another site, to which no cookie goes; and of another port of ours, to which it does."""
    base, ours, csrf = await logged_in(at, context)
    before = await names(at)
    foreign = await context.new_page()
    await foreign.goto(f"{site.replace('127.0.0.1', name)}/stock.html")
    frame = await foreign.evaluate("document.body.appendChild(Object.assign(document.createElement('iframe'), "
                                   "{name: 'there'})).name")  # fmt: skip
    found: dict[str, Any] = await foreign.evaluate(ATTACK, [base, frame])
    assert found.pop("socket").startswith("closed ")
    assert set(found.values()) <= {0}, found  # nothing could be read: 0 is all that is told without CORS
    await asyncio.sleep(0.3)
    assert await names(at) == before
    assert await ours.evaluate("fetch('/api/v1/auth/me').then(answer => answer.status)") == 200
    made = await ours.evaluate(
        """csrf => fetch('/api/v1/users', {method: 'POST', body: JSON.stringify({name: 'mine'}),
            headers: {'Content-Type': 'application/json', 'X-CSRF-Token': csrf}}).then(answer => answer.status)""",
        csrf,
    )
    assert made == 201  # what a page of ours may do, so that nothing else kept the other one from it


async def test_a_page_of_ours_hears_what_happens(at: Api, context: BrowserContext) -> None:
    """The same cookie, the same socket: what is refused above is the origin alone."""
    _, ours, _ = await logged_in(at, context)
    told = await ours.evaluate(
        """() => new Promise((resolve) => {
            const socket = new WebSocket(location.origin.replace('http', 'ws') + '/api/v1/events');
            socket.onclose = (event) => resolve(`closed ${event.code}`);
            socket.onopen = () => setTimeout(() => resolve('open'), 500);
        })"""
    )
    assert told == "open"


async def test_nobody_frames_a_page_of_ours(at: Api, context: BrowserContext, site: str) -> None:
    """X5."""
    foreign = await context.new_page()
    await foreign.goto(f"{site}/stock.html")
    await foreign.evaluate(
        "url => document.body.append(Object.assign(document.createElement('iframe'), {src: url}))",
        f"{at.facts['http']}/docs/",
    )
    await asyncio.sleep(0.5)
    frames = [frame for frame in foreign.frames if frame is not foreign.main_frame]
    assert all("/docs/" not in frame.url for frame in frames), [frame.url for frame in frames]
