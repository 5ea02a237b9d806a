"""How fast our pages are: what is measured of them, once for tests and for the bench."""

import time
from typing import Final

from playwright.async_api import Page

from tests.browser.webphone import WebPhone
from tests.peers.wire import VertoSocket

__all__ = ["LONG_TASKS", "first_paint", "long_tasks", "press_to_invite", "reload_to_sound"]

# What the page's thread did in one piece for more than 50 ms, from the first moment on.
LONG_TASKS: Final = """
window.longTasks = [];
new PerformanceObserver(list => list.getEntries().forEach(each => window.longTasks.push(each.duration)))
    .observe({ type: "longtask", buffered: true });
"""
_PAINT: Final = """
new Promise(done => new PerformanceObserver(list => {
    const [seen] = list.getEntriesByName("first-contentful-paint"); // before that there may be a background
    seen && done(seen.startTime);
}).observe({ type: "paint", buffered: true }))
"""
_PRESSED: Final = """
window.pressed = 0;
addEventListener("keydown", event => { if (event.key === "Enter") window.pressed = Date.now(); }, true);
"""


async def first_paint(page: Page, address: str) -> float:
    """Open a page; gives how many ms after the beginning something was first seen on it."""
    await page.goto(address)
    return float(await page.evaluate(_PAINT))


async def long_tasks(page: Page) -> list[float]:
    """How long each long task took so far, in ms; the page has the script LONG_TASKS."""
    return list(await page.evaluate("window.longTasks"))


async def press_to_invite(phone: WebPhone, far: VertoSocket, number: str, times: int) -> list[float]:
    """Call a Verto phone, which is busy; gives how many ms after the press it heard of each call."""
    await phone.page.evaluate(_PRESSED)
    took = []
    for _ in range(times):
        await phone.dial(number)
        invite = await far.expect("verto.invite")
        heard = 1000 * time.time()
        await far.request("verto.bye", {"dialogParams": {"callID": invite["callID"]}, "cause": "USER_BUSY"})
        took.append(heard - await phone.page.evaluate("window.pressed"))
        await phone.idle()
    return took


async def reload_to_sound(phone: WebPhone, hz: float) -> float:
    """Reload the page in a call with a tone; gives how many seconds later it was heard, at most."""
    began = time.monotonic()
    await phone.page.reload()
    await phone.hear(hz)
    return time.monotonic() - began
