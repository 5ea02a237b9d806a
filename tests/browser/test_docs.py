"""The page that shows what programs can do."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.api.office import served
from tests.core.commands.live import live
from xswitch_py import assets
from xswitch_py.api import calls, config, routes, status
from xswitch_py.listen.listener import Listener

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_EVIL: Final = "<img src=x onerror=\"document.title = 'owned'\">"
_RPC: Final[dict[str, Any]] = {
    "openrpc": "1.3.2",
    "methods": [
        {
            "name": "calls.hangup",
            "summary": _EVIL,
            "description": "Needs the scope `calls:write`.",
            "params": [{"name": "call", "required": True, "schema": {"type": "string", "description": _EVIL}}],
            "result": {"name": "result", "schema": {"$ref": "#/components/schemas/Call"}},
        }
    ],
    "components": {"schemas": {"Call": {"type": "object", "title": "Call", "properties": {"id": {"type": "string"}}}}},
}


@pytest_asyncio.fixture(loop_scope="session")
async def page(alice_browser: Browser, tmp_path: Path) -> AsyncIterator[Page]:
    """The page, open; it must not complain."""
    async with live(tmp_path) as made:
        routers = calls.router, routes.router, config.router, status.router
        app = served(made.desk, *routers, web=assets.web())
        app.state.openrpc = lambda: _RPC
        listener = Listener(app, {}, http="127.0.0.1:0")
        await listener.start()
        page, errors = await alice_browser.new_page(), list[str]()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        await page.goto(f"http://{listener.addresses['http']}/docs/")
        await expect(page.locator("#count")).to_contain_text("operations")
        yield page
        await page.close()
        await listener.stop()
        assert errors == []


async def test_every_operation_has_its_place(page: Page) -> None:
    paths = await page.evaluate("fetch('/openapi.json').then(answer => answer.json()).then(found => found.paths)")
    names = {about["operationId"] for verbs in paths.values() for about in verbs.values()}
    shown = await page.locator(".operation").evaluate_all("all => all.map(each => each.id)")
    assert set(shown) == names | {"rpc-calls.hangup"}
    move = page.locator('[id="routes.move"]')
    await expect(move.locator("summary")).to_contain_text("/routes/{route}/move")
    await expect(move.locator(".scope")).to_have_text("routes:write")
    await move.locator("summary").click()
    await expect(move.locator("tr", has_text="position").first).to_contain_text("1 to 1000000")
    await expect(move.get_by_role("link", name="412 precondition_failed")).to_be_visible()


async def test_the_filter_leaves_what_is_looked_for(page: Page) -> None:
    await page.locator("#filter").fill("explain ROUTES:read")
    await expect(page.locator(".operation:visible")).to_have_count(1)
    await expect(page.locator("#count")).to_contain_text("1 of")
    await expect(page.locator("#tags a:visible")).to_have_count(1)
    await page.locator("#filter").fill("")
    await expect(page.locator("#count")).to_contain_text("operations")


async def test_an_anchor_opens_its_operation(page: Page) -> None:
    await page.evaluate("location.hash = 'status.get'")
    await expect(page.locator('[id="status.get"] table').first).to_be_in_viewport()
    await expect(page.locator('[id="config.get"]')).not_to_have_attribute("open", "")


async def test_texts_stay_texts(page: Page) -> None:
    """X5."""
    await page.locator('[id="rpc-calls.hangup"] summary').click()
    await expect(page.locator('[id="rpc-calls.hangup"] .says')).to_have_text(_EVIL)
    assert await page.locator("img").count() == 0
    assert await page.title() == "XSwitch: programs"


async def test_shapes_of_shapes_are_shown(page: Page) -> None:
    await page.locator('[id="routes.explain"] summary').click()
    rows = page.locator('[id="routes.explain"] tr')
    await expect(rows.filter(has_text="misfits")).to_contain_text('list of "context" | "hours" | "caller" | "number"')
    await expect(page.locator('[id="routes.explain"] td.d3', has_text="transport")).to_be_visible()
