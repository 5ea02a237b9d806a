"""What our pages cost those who open them: bytes, time to the first paint, and how long their thread is held up."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.conftest import ALICE_HZ
from tests.browser.embed import bare_sizes, fetched_from, open_embedded
from tests.browser.measure import LONG_TASKS, first_paint, long_tasks, press_to_invite
from tests.browser.server import PASSWORD, Server
from tests.browser.webphone import ALLOWED, WebPhone, prepare
from tests.peers.wire import VertoSocket

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_BYTES: Final = 25_000
_COMMENTS: Final = 2.0  # at most so many times that: comments, which travel too
_FIRST_PAINT_MS: Final = 1000
_LONG_MS: Final = 50
_INVITE_MS: Final = 300
_BUSY: Final = 2  # this computer may have more to do


@pytest_asyncio.fixture(loop_scope="session")
async def context(alice_browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh profile."""
    made = await alice_browser.new_context(locale="en-GB", permissions=ALLOWED)
    await (await prepare(made)).add_init_script(LONG_TASKS)
    yield made
    await made.close()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_closed_phone_costs_its_page_25_kilobytes(
    language: str, context: BrowserContext, server: Server, site: str
) -> None:
    """Logged in, able to ring and to come back to a call; the panel comes when it is wanted."""
    _, kept = await open_embedded(context, server, site, language=language)
    found = await fetched_from(server, kept)
    sizes = await bare_sizes(found)
    told = "\n".join(f"{size:6} {path}" for path, size in sorted(sizes.items(), key=lambda each: -each[1]))
    other = "zh" if language == "en" else "en"
    assert not [path for path in sizes if path.endswith((f"/{other}.js", f".{other}.js"))], "one language"
    assert sum(sizes.values()) <= _BYTES, f"{sum(sizes.values())} bytes:\n{told}"
    assert {each.path for each in found} == set(sizes), "nothing but scripts"
    assert sum(each.size for each in found) <= _COMMENTS * _BYTES


@pytest.mark.parametrize("path", ["/", "/demo/", "/docs/"])
async def test_a_page_is_painted_soon(path: str, context: BrowserContext, server: Server) -> None:
    page = await context.new_page()
    assert await first_paint(page, server.url("http") + path) < _BUSY * _FIRST_PAINT_MS


async def test_a_call_never_holds_its_page_up(context: BrowserContext, server: Server) -> None:
    page = await context.new_page()
    phone = await WebPhone.on_demo(page, server, f"#user=1000&password={PASSWORD}")
    await phone.open()
    worst = [await _longest_of_a_call(page, phone) for _ in range(3)]
    assert min(worst) < _BUSY * _LONG_MS, worst  # what the page does itself, it does in each of them


async def _longest_of_a_call(page: Page, phone: WebPhone) -> float:
    before = len(await long_tasks(page))
    await phone.dial("9196")
    await phone.hear(ALICE_HZ)
    await phone.press("keypad")
    await phone.hangup()
    await phone.idle()
    return max((await long_tasks(page))[before:], default=0)


async def test_the_other_phone_rings_at_once(context: BrowserContext, server: Server) -> None:
    """Candidates are gathered in that time, too."""
    phone = await WebPhone.on_demo(await context.new_page(), server, f"#user=1000&password={PASSWORD}")
    await phone.open()
    async with await VertoSocket.open(server.url()) as far:
        await far.login("1001", PASSWORD)
        took = await press_to_invite(phone, far, "1001", 3)
    assert sorted(took)[1] < _BUSY * _INVITE_MS, took
