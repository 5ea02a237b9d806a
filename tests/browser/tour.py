"""A walk through all that our pages show: every page of the site, and every state of the phone."""

from collections.abc import AsyncIterator
from typing import Final, Literal

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser.admin import GUIDED
from tests.browser.webphone import ALLOWED, WebPhone, prepare

__all__ = ["LANGUAGES", "THEMES", "demo_states", "failures", "log_in", "profile", "site_pages"]

LANGUAGES: Final = {"en": "en-GB", "zh": "zh-CN"}
THEMES: Final = ("light", "dark")
_WIDE: Final = ViewportSize(width=1280, height=800)
_PATIENCE_MS: Final = 15_000
_SETTLED_MS: Final = 400  # for what fades in
_FULL: Final = """
() => {
    const page = document.querySelector("main article");
    const heading = page?.querySelector(".heading");
    return heading && page.innerText.length - heading.innerText.length > 20 && !page.querySelector("[aria-busy=true]");
}
"""
_UNASKED: Final = "() => { navigator.permissions.query = async () => ({ state: 'prompt' }); }"  # nobody was asked yet
_OTHERS: Final = (  # pages that the sidebar does not name
    "#/wizard", "#/users?new", "#/users/1001", "#/users?import", "#/users?range", "#/routes?new", "#/gateways?new",
    "#/webhooks?new", "#/keys?new", "#/blocks?new", "#/nowhere",
)  # fmt: skip


async def profile(browser: Browser, language: str, theme: str, size: ViewportSize = _WIDE) -> BrowserContext:
    """A fresh browser profile that speaks a language and likes the light or the dark."""
    scheme: Literal["dark", "light"] = "dark" if theme == "dark" else "light"
    context = await browser.new_context(
        locale=LANGUAGES[language], color_scheme=scheme, viewport=size, permissions=ALLOWED, reduced_motion="reduce"
    )
    await context.add_init_script(GUIDED)
    return await prepare(context)


async def log_in(page: Page, address: str, user: str, password: str) -> None:
    """Open the site and log in."""
    await page.goto(f"{address}/")
    await page.locator("#user").fill(user)
    await page.locator("#password").fill(password)
    await page.locator("button[type=submit]").click()
    await expect(page.locator("#side")).to_be_attached(timeout=_PATIENCE_MS)


async def site_pages(page: Page, *, each_call: bool = True) -> AsyncIterator[str]:
    """Show page by page of the site to whoever is logged in; gives what it is called."""
    links = await page.locator("#side a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    for link in [*links, *_OTHERS]:
        await _go(page, link)
        yield link.removeprefix("#/").replace("/", "-").replace("?", "-")
    if each_call:
        await _go(page, "#/cdrs")
        await page.locator("main table tbody tr a").first.click()
        await _settled(page)
        yield "cdr"


async def demo_states(page: Page, address: str, password: str) -> AsyncIterator[tuple[str, WebPhone]]:
    """Show state by state of the phone on the demo; gives what it is called, and the phone that shows it."""
    await page.goto(f"{address}/demo/")
    customer = WebPhone.at(page, "dock")
    await expect(customer.part("launcher")).to_be_visible(timeout=_PATIENCE_MS)
    yield "closed", customer
    await customer.part("launcher").click()
    await expect(customer.part("login")).to_be_visible(timeout=_PATIENCE_MS)
    yield "login", customer
    async for state in _talking(page, address, password):
        yield state


async def _talking(page: Page, address: str, password: str) -> AsyncIterator[tuple[str, WebPhone]]:
    await page.goto("about:blank")
    await page.goto(f"{address}/demo/#password={password}")
    customer, desk = WebPhone.at(page, "dock"), WebPhone.at(page, "inline")
    await desk.ready()
    await customer.part("launcher").click()
    await expect(customer.part("ready")).to_be_visible(timeout=_PATIENCE_MS)
    await page.wait_for_timeout(_SETTLED_MS)
    yield "ready-check", customer
    await customer.checked()
    await desk.checked()
    yield "pad", customer
    await customer.part("number").fill("1001")
    yield "pad-number", customer
    await customer.part("number").press("Enter")
    await desk.rings()
    yield "calling", customer
    yield "ringing", desk
    await desk.part("reply").click()
    yield "reply", desk
    await desk.element.locator("form.reply button[type=button]").last.click()
    await desk.answer()
    await customer.shows("active")
    await page.wait_for_timeout(2500)  # the quality of a call is known after a while
    yield "active", customer
    async for state in _in_call(page, customer):
        yield state
    for tab in ("history", "chat", "settings"):
        await customer.element.locator(f"#tab-{tab}").click()
        await page.wait_for_timeout(2 * _SETTLED_MS)
        yield tab, customer


async def _in_call(page: Page, customer: WebPhone) -> AsyncIterator[tuple[str, WebPhone]]:
    await customer.press("keypad")
    yield "keypad", customer
    await customer.press("keypad")
    await customer.press("transfer")
    await expect(customer.part("dialog")).to_be_visible()
    yield "transfer", customer
    await page.keyboard.press("Escape")
    await customer.press("quality")
    await expect(customer.part("dialog")).to_be_visible()
    await page.wait_for_timeout(_SETTLED_MS)
    yield "quality", customer
    await page.keyboard.press("Escape")
    await customer.press("hold")
    await customer.shows("held")
    yield "held", customer
    await customer.hangup()
    yield "after", customer


async def failures(page: Page, address: str, password: str) -> AsyncIterator[tuple[str, WebPhone]]:
    """Show what the ready check says of some troubles."""
    good = f"user=1000&password={password}"
    phone = await _afresh(page, f"{address}/demo/#{good}", _UNASKED)
    await expect(phone.part("allow")).to_be_visible(timeout=_PATIENCE_MS)
    yield "ask-microphone", phone
    await page.context.clear_permissions()
    await page.context.grant_permissions([])  # nothing is allowed
    for name, fragment in (("fail-microphone", good), ("fail-password", "user=1000&password=wrong")):
        phone = await _afresh(page, f"{address}/demo/#{fragment}")
        await expect(phone.element.get_by_role("alert").first).to_be_visible(timeout=_PATIENCE_MS)
        yield name, phone


async def _afresh(page: Page, address: str, script: str = "0") -> WebPhone:
    """Open the phone for the first time; the script runs before."""
    await page.goto("about:blank")
    await page.goto(address)
    await page.evaluate("localStorage.clear()")
    await page.reload()
    await page.evaluate(script)
    phone = WebPhone.at(page, "dock")
    await phone.part("launcher").click()
    return phone


async def _go(page: Page, link: str) -> None:
    await page.evaluate("link => { location.hash = link; }", link)
    await _settled(page)


async def _settled(page: Page) -> None:
    """Wait until a page has what it shows."""
    await page.wait_for_function(_FULL, timeout=_PATIENCE_MS)
    await page.wait_for_timeout(_SETTLED_MS)
