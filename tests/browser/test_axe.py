"""All that our pages show, judged by axe by day and by night: everybody can use it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Request

from tests.browser import tour
from tests.browser.seed import fill, talking
from tests.browser.server import PASSWORD, Server, start_demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="session"),
]

_AXE: Final = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
_RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_COLOURS: Final = ("color-contrast", "link-in-text-block")  # all that a change of the light can change
_JUDGE: Final = """
only => axe.run(document, { runOnly: only, resultTypes: ["violations"] })
    .then(found => found.violations.map(each => `${each.id}: ${each.help}\\n` + each.nodes.map(node =>
        `    ${node.target.flat().join(" > ")}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ""}`).join("\\n")))
"""


class Judge:
    """Looks at what a page shows, and keeps what is wrong with it."""

    def __init__(self, context: BrowserContext, page: Page, address: str) -> None:
        self.page = page
        self._host = urlsplit(address).netloc
        self.wrong: list[str] = []
        context.on("request", self._asked)
        page.on("pageerror", lambda error: self.wrong.append(f"exception: {error}"))

    async def look(self, name: str) -> None:
        """Ask axe what is wrong here, and then what is wrong with the colours of the night."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(_AXE.read_text())
        await self._ask(name, {"type": "tag", "values": _RULES})
        await self.page.emulate_media(color_scheme="dark")
        await self._ask(f"{name} by night", {"type": "rule", "values": _COLOURS})
        await self.page.emulate_media(color_scheme="light")

    async def _ask(self, name: str, only: dict[str, Any]) -> None:
        found: list[str] = await self.page.evaluate(_JUDGE, only)
        self.wrong += [f"{name}: {each}" for each in found]

    def verdict(self) -> None:
        """Fail if anything was wrong."""
        assert not self.wrong, "\n".join(dict.fromkeys(self.wrong))

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self.wrong.append(f"somebody else was asked: {request.url}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A demo that looks lived in."""
    running = await start_demo(tmp_path_factory.mktemp("axe"))
    await fill(running.facts, PASSWORD)
    yield running
    running.terminate()
    assert await running.stopped() == 0


@pytest_asyncio.fixture(loop_scope="session")
async def judge(alice_browser: Browser, demo: Server, request: pytest.FixtureRequest) -> AsyncIterator[Judge]:
    """Somebody who looks at one page, in English unless told otherwise."""
    context = await tour.profile(alice_browser, getattr(request, "param", "en"), "light")
    page = await context.new_page()
    judge = Judge(context, page, _address(demo))
    yield judge
    await context.close()


async def test_every_page_of_the_site(judge: Judge, demo: Server) -> None:
    await judge.page.goto(f"{_address(demo)}/")
    await judge.page.locator("#user").wait_for()
    await judge.look("login")
    async with talking(demo.facts, PASSWORD):
        await tour.log_in(judge.page, _address(demo), "admin", PASSWORD)
        async for name in tour.site_pages(judge.page):
            await judge.look(name)
    judge.verdict()


@pytest.mark.parametrize("judge", ["zh"], indirect=True)
async def test_every_state_of_the_phone(judge: Judge, demo: Server) -> None:
    async for name, _ in tour.demo_states(judge.page, _address(demo), PASSWORD):
        await judge.look(name)
    async for name, _ in tour.failures(judge.page, _address(demo), PASSWORD):
        await judge.look(name)
    judge.verdict()


async def test_the_documents(judge: Judge, demo: Server) -> None:
    await judge.page.goto(f"{_address(demo)}/docs/")
    await judge.page.locator(".operation").first.wait_for()
    await judge.page.locator(".operation summary").first.click()
    await judge.look("docs")
    await judge.page.goto(f"{_address(demo)}/docs/problems")
    await judge.look("problems")
    judge.verdict()


def _address(server: Server) -> str:
    return server.url("http").replace("127.0.0.1", "localhost")
