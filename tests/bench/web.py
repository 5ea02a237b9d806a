"""Our phone and our site in a real Chromium: what they cost those who use them, and how soon they are there."""

import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from playwright.async_api import Browser, Page, async_playwright

from tests.bench.table import Figure
from tests.browser.chromium import launch
from tests.browser.embed import bare_sizes, fetched_from, open_embedded
from tests.browser.measure import LONG_TASKS, first_paint, long_tasks, press_to_invite, reload_to_sound
from tests.browser.server import PASSWORD, Server, start_demo
from tests.browser.site import serve_pages
from tests.browser.sounds import write_tone
from tests.browser.webphone import ALLOWED, WebPhone, prepare
from tests.peers.wire import VertoSocket

__all__ = ["web"]

_CALLS: Final = 20
_TALK_S: Final = 10
_RELOADS: Final = 5
_PAINTS: Final = 5
_HZ: Final = 620
_PROMISED: Final = "promised"


async def web() -> list[Figure]:
    """Load, call, talk, reload."""
    with tempfile.TemporaryDirectory() as folder:
        server = await start_demo(Path(folder))
        try:
            async with async_playwright() as playwright:
                browser = await launch(playwright, write_tone(Path(folder) / "tone.wav", _HZ))
                figures = [*await _loaded(browser, server), *await _painted(browser, server)]
                figures += await _called(browser, server)
                await browser.close()
        finally:
            server.terminate()
            await server.stopped()
    return figures


async def _loaded(browser: Browser, server: Server) -> list[Figure]:
    """What comes before anybody touches the phone."""
    context = await browser.new_context(permissions=ALLOWED)
    with serve_pages() as site:
        _, kept = await open_embedded(context, server, site)
        found = await fetched_from(server, kept)
    sizes = await bare_sizes(found)
    await context.close()
    files = f"{len(found)} files"
    return [
        Figure("phone before its panel, packed, no comments", sum(sizes.values()), "bytes", 25_000, _PROMISED, files),
        Figure("the same as it travels", sum(each.size for each in found), "bytes"),
    ]


async def _painted(browser: Browser, server: Server) -> list[Figure]:
    """Each time by a browser that has seen nothing before."""
    paints = []
    for _ in range(_PAINTS):
        context = await browser.new_context()
        paints.append(await first_paint(await context.new_page(), f"{server.url('http')}/"))
        await context.close()
    return [Figure("site, first paint: the slowest", max(paints), "ms", 1000, _PROMISED, f"{_PAINTS} loads")]


async def _called(browser: Browser, server: Server) -> list[Figure]:
    context = await prepare(await browser.new_context(permissions=ALLOWED))
    await context.add_init_script(LONG_TASKS)
    page = await context.new_page()
    phone = await WebPhone.on_demo(page, server, f"#user=1000&password={PASSWORD}")
    await phone.open()
    async with await VertoSocket.open(server.url()) as far:
        await far.login("1001", PASSWORD)
        rings = await press_to_invite(phone, far, "1001", _CALLS)
    figures = [
        Figure("press of the button to INVITE there: median", median(rings), "ms", 300, _PROMISED),
        Figure("the slowest of them", max(rings), "ms", 300, _PROMISED, f"{_CALLS} calls"),
        await _talked(phone, page),
    ]
    await phone.call("9196")
    backs = [await reload_to_sound(phone, _HZ) for _ in range(_RELOADS)]
    await context.close()
    note = f"{_RELOADS} reloads, with 0.7 s of listening"
    return [*figures, Figure("reload in a call to sound: the slowest", max(backs), "s", 3.0, _PROMISED, note)]


async def _talked(phone: WebPhone, page: Page) -> Figure:
    before = len(await long_tasks(page))
    await phone.call("9196")
    await phone.hear(_HZ)
    await page.wait_for_timeout(1000 * _TALK_S)
    await phone.hangup()
    late = (await long_tasks(page))[before:]
    note = f"{len(late)} over 50 ms in {_TALK_S} s"
    return Figure("longest task of the page in a call", max(late, default=0.0), "ms", 50, _PROMISED, note)
