"""Browsers, pages and the server, started once for all tests of this folder."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.browser.chromium import launch
from tests.browser.phones import MAKES, Phone
from tests.browser.server import Server, start_server
from tests.browser.site import serve_pages
from tests.browser.sounds import write_tone

ALICE_HZ: Final = 620
BOB_HZ: Final = 1130
USERS: Final = ("1000", "1001", "1002", "1019")  # nobody ever logs in as 1019

expect.set_options(timeout=20_000)  # ms: many browsers share few processors here

OpenPhone = Callable[..., Awaitable[Phone]]
OpenPair = Callable[..., Awaitable[tuple[Phone, Phone]]]


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the harness pages."""
    with serve_pages() as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """The server under test."""
    running = await start_server(tmp_path_factory.mktemp("server"), USERS)
    yield running
    running.terminate()
    assert await running.stopped() == 0
    assert running.faults() == []


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the capture files lie."""
    return tmp_path_factory.mktemp("sounds")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def alice_browser(playwright: Playwright, sounds: Path) -> AsyncIterator[Browser]:
    """A Chromium whose microphone hears ALICE_HZ."""
    browser = await launch(playwright, write_tone(sounds / "alice.wav", ALICE_HZ))
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bob_browser(playwright: Playwright, sounds: Path) -> AsyncIterator[Browser]:
    """A Chromium whose microphone hears BOB_HZ."""
    browser = await launch(playwright, write_tone(sounds / "bob.wav", BOB_HZ))
    yield browser
    await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_phone(site: str, server: Server) -> AsyncIterator[OpenPhone]:
    """Open phones: `await open_phone("stock", browser, "1000")`; logs in if a user is given.

    They are closed at the end, and none may have thrown an exception.
    """
    phones: list[Phone] = []

    async def open_one(make: str, browser: Browser, user: str | None = None, **options: object) -> Phone:
        options.setdefault("server", server)
        phone = await MAKES[make].open(browser, site, **options)  # type: ignore[arg-type]
        phones.append(phone)
        if user:
            assert await phone.login(user)
        return phone

    yield open_one
    errors = [error for phone in phones for error in await phone.errors()]
    for phone in phones:
        await phone.close()
    assert not errors


@pytest_asyncio.fixture(loop_scope="session")
async def open_pair(open_phone: OpenPhone, alice_browser: Browser, bob_browser: Browser) -> OpenPair:
    """Open two phones with a tone of their own each: Alice is 1000, Bob is 1001."""

    async def open_both(alice_make: str, bob_make: str, **options: object) -> tuple[Phone, Phone]:
        both = (
            open_phone(alice_make, alice_browser, "1000", **options),
            open_phone(bob_make, bob_browser, "1001", **options),
        )
        alice, bob = await asyncio.gather(*both)
        return alice, bob

    return open_both
