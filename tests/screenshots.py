"""Pictures of all that our pages show, for people to look at: `python -m tests.screenshots [--out DIR] [NAME ...]`.

It starts a demo, fills it with a bit of everything, and goes through every page of the site, every state of the phone
and the pages beside them, in both languages, in the light and in the dark, and the main ones as a telephone shows them.
A name, such as `cdrs` or `active`, is what a picture's file name must contain to be made.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Error, Page, ViewportSize, async_playwright

from tests.browser import tour
from tests.browser.chromium import launch
from tests.browser.seed import fill, talking
from tests.browser.server import PASSWORD, Server, start_demo
from tests.browser.sounds import write_speech

__all__: list[str] = []

_OUT: Final = Path(__file__).parents[1] / "screenshots"
_NARROW: Final = ViewportSize(width=360, height=740)
_PLACES: Final = {"dock": "main", "inline": "desk"}  # what of the demo is to be seen behind a phone or around it
_MAIN: Final = (
    "dashboard",
    "calls",
    "cdrs",
    "cdr",
    "users",
    "wizard",
    "pad",
    "ringing",
    "active",
    "history",
)  # on a telephone, too


@dataclass
class Album:
    """Where the pictures go."""

    folder: Path
    wanted: list[str]
    taken: int = 0
    faults: int = 0

    async def take(self, page: Page, *names: str) -> None:
        """Take one, if it is wanted."""
        name = "-".join(names)
        if not self.wanted or any(each in name for each in self.wanted):
            await page.screenshot(path=self.folder / f"{name}.png", animations="disabled")
            self.taken += 1
            _say(f"{self.taken:4} {name}")


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description="Take pictures of all pages.")
    parser.add_argument("--out", type=Path, default=_OUT, help="where they go (%(default)s)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="what must be in a picture's name")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    album = Album(given.out, given.names)
    asyncio.run(_all(album))
    _say(f"{album.taken} pictures in {album.folder}")
    return 1 if album.faults or not album.taken else 0


async def _all(album: Album) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _say("a demo starts")
        server = await start_demo(Path(folder))
        try:
            await fill(server.facts, PASSWORD)
            async with async_playwright() as playwright:
                browser = await launch(playwright, write_speech(Path(folder) / "voice.wav"))
                for language in tour.LANGUAGES:
                    for theme in tour.THEMES:
                        await _one(album, browser, server, language, theme)
                await browser.close()
        finally:
            server.terminate()
            await server.stopped()


async def _one(album: Album, browser: Browser, server: Server, language: str, theme: str) -> None:
    """One language in one theme; what cannot be shown costs the rest of its part only."""
    for part in (_site, _phone, _beside):
        context = await tour.profile(browser, language, theme)
        try:
            await part(album, await context.new_page(), server, f"{language}-{theme}")
        except (Error, AssertionError) as fault:
            album.faults += 1
            _say(f"the rest of {part.__name__.strip('_')} {language} {theme} is missing: {str(fault).splitlines()[0]}")
        finally:
            await context.close()


async def _site(album: Album, page: Page, server: Server, look: str) -> None:
    await page.goto(f"{_address(server)}/")
    await page.locator("#user").wait_for()
    await album.take(page, "site-login", look)
    async with talking(server.facts, PASSWORD):
        await tour.log_in(page, _address(server), "admin", PASSWORD)
        async for name in tour.site_pages(page):
            await album.take(page, "site", name, look)
            if name in _MAIN:
                await _narrow(album, page, "site", name, look)


async def _phone(album: Album, page: Page, server: Server, look: str) -> None:
    async for name, phone in tour.demo_states(page, _address(server), PASSWORD):
        mode = await phone.element.get_attribute("mode")
        await page.evaluate(
            "id => (document.getElementById(id) ?? document.body).scrollIntoView()", _PLACES[mode or ""]
        )
        await album.take(page, "phone", name, look)
        if name in _MAIN:
            await _narrow(album, page, "phone", name, look)
    async for name, _ in tour.failures(page, _address(server), PASSWORD):
        await album.take(page, "phone", name, look)


async def _beside(album: Album, page: Page, server: Server, look: str) -> None:
    for name, path in (("demo", "/demo/"), ("docs", "/docs/"), ("problems", "/docs/problems")):
        await page.goto(f"{_address(server)}{path}")
        await page.wait_for_load_state("networkidle")
        await album.take(page, name, look)
        await _narrow(album, page, name, look)


def _address(server: Server) -> str:
    return server.url("http").replace("127.0.0.1", "localhost")


async def _narrow(album: Album, page: Page, *names: str) -> None:
    wide = page.viewport_size
    assert wide is not None
    await page.set_viewport_size(_NARROW)
    await page.wait_for_timeout(200)
    await album.take(page, *names, "360")
    await page.set_viewport_size(wide)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(_main())
