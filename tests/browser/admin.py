"""The admin site in a browser: a tab with it, and what tests do there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.server import PASSWORD, Server

__all__ = ["GUIDED", "Admin", "admin_of"]

GUIDED: Final = "try { localStorage.setItem('xswitch.wizard', 'over') } catch {}"
_REFUSED: Final = re.compile(r"status of 4\d\d")  # browsers note each refusal


class Admin:
    """A tab with the site, and what the tests do there."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.errors: list[str] = []
        self.offline = False  # while it is, a browser notes each failure
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and not self.offline and not _REFUSED.search(text):
            self.errors.append(text)

    @property
    def heading(self) -> Locator:
        """What the page is called."""
        return self.page.locator("#title")

    def button(self, name: str | re.Pattern[str], *, within: str = "body") -> Locator:
        """By what a screen reader calls it."""
        return self.page.locator(within).get_by_role("button", name=name, exact=isinstance(name, str))

    async def open(self, place: str = "") -> None:
        """Go to a place of the site by its address."""
        await self.page.goto(f"{self.address}/#/{place}")

    async def login(self, user: str = "admin", password: str = PASSWORD) -> None:
        """Fill the door's form and send it."""
        await self.page.locator("#user").fill(user)
        await self.page.locator("#password").fill(password)
        await self.page.keyboard.press("Enter")

    async def enter(self, place: str, user: str = "admin") -> None:
        """Go to a place that only who is logged in can see."""
        await self.open(place)
        await self.login(user)
        await expect(self.page.locator(".frame")).to_be_visible()

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as a program does, with the session of this tab."""
        return await self.page.evaluate(
            """async ([method, path, body]) => {
                const me = await (await fetch("/api/v1/auth/me")).json();
                const headers = {"X-CSRF-Token": me.csrf, "Content-Type": "application/json"};
                const answer = await fetch("/api/v1" + path, {method, headers, body: body && JSON.stringify(body)});
                const text = await answer.text();
                return text ? JSON.parse(text) : null;
            }""",
            [method, path, body],
        )

    async def too_wide(self) -> int:
        """By how much the page would scroll sideways."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@asynccontextmanager
async def admin_of(browser: Browser, demo: Server, *, first: bool = False) -> AsyncIterator[Admin]:
    """Open the site in a fresh English-speaking profile; it must not complain there.

    Unless it is the first visit, the guide of the first steps has been there, and does not open by itself.
    """
    context = await browser.new_context(locale="en-GB", permissions=["clipboard-read", "clipboard-write"])
    if not first:
        await context.add_init_script(GUIDED)
    made = Admin(await context.new_page(), demo.url("http").replace("127.0.0.1", "localhost"))
    yield made
    await context.close()
    assert made.errors == []
