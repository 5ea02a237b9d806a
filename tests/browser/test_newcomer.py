"""Somebody who has never seen it: from `xswitch demo` to a call that was transferred, reloaded and looked up."""

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import tour
from tests.browser.conftest import ALICE_HZ
from tests.browser.webphone import ALLOWED, WebPhone, prepare
from tests.peers.baresip import Baresip
from tests.peers.server import ROOT, command_line

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="session"),
]

_PATIENCE_MS: Final = 15_000
_PHONE_HZ: Final = 440  # what the SIP phone says
_TONE: Final = "9197"
_BACK_S: Final = 3.0  # after a reload, sound is to be there again
_BUSY: Final = 2  # this computer may have more to do
_PORTS: Final = ("http", "https", "sip_udp", "sip_tcp", "sip_tls")


@dataclass(frozen=True, slots=True)
class Told:
    """What a person reads on the terminal."""

    site: str
    user: str
    password: str
    sip: str


async def test_a_newcomer_gets_all_the_way(alice_browser: Browser, tmp_path: Path) -> None:
    async with _demo() as told:
        context = await prepare(await alice_browser.new_context(locale="en-GB", permissions=ALLOWED))
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await tour.log_in(page, told.site.rstrip("/"), told.user, told.password)
        number, secret = await _makes_a_user(page)
        phone = await _calls_the_echo(page)
        async with await Baresip.start(tmp_path, number, told.sip, password=secret, hz=_PHONE_HZ) as other:
            await other.register()
            await _calls(phone, other, number)
            await _transfers(phone, other)
            await _calls(phone, other, number)
            await _reloads(page, phone)
            await other.hear(ALICE_HZ)
            await phone.hangup()
            await other.closed()
        await _looks_it_up(page, number)
        assert errors == []
        await context.close()


@asynccontextmanager
async def _demo() -> AsyncIterator[Told]:
    """What `xswitch demo` prints for people, while it runs; the ports are free ones."""
    ports = [word for name in _PORTS for word in ("--set", f"listen.{name}=127.0.0.1:0")]
    process = await asyncio.create_subprocess_exec(
        *command_line(), "demo", *ports, "--set", "media.webrtc_port=0",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    text = ""
    async with asyncio.timeout(30):
        while "Ready in" not in text:
            line = (await process.stdout.readline()).decode()
            assert line, text
            text += line
    site = re.search(r"Site +(\S+) +(\S+) / (\S+)", text)
    sip = re.search(r"SIP +udp (\S+)", text)
    assert site and sip, text
    try:
        yield Told(site[1], site[2], site[3], sip[1])
    finally:
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0


async def _makes_a_user(page: Page) -> tuple[str, str]:
    """Walk through the guide, which is there by itself; gives number and secret of who was made."""
    for step in ("password", "certificate", "address"):
        await expect(page.locator("[aria-current=step]")).to_have_attribute("href", f"#/wizard/{step}")
        await page.locator(".wizard-ways a").last.click()
    await page.locator("#first-name").fill("Somebody New")
    number = await page.locator("#first-number").input_value()
    await page.get_by_role("button", name="Make user").click()
    secret = page.locator(".first-user dd", has=page.get_by_role("button")).locator("code")
    await expect(secret).to_be_visible(timeout=_PATIENCE_MS)
    await page.locator(".first-user").get_by_role("button").click()
    return number, str(await secret.text_content())


async def _calls_the_echo(page: Page) -> WebPhone:
    """The last step of the guide calls it with the phone in the corner."""
    await page.locator(".wizard-ways a").last.click()
    phone = WebPhone.at(page, "dock")
    await expect(phone.part("launcher")).to_be_visible(timeout=_PATIENCE_MS)
    await phone.ready()
    await page.get_by_role("button", name="Call the echo").click()
    await phone.shows("active")
    await phone.hear(ALICE_HZ)
    await phone.hangup()
    await phone.checked()
    return phone


async def _calls(phone: WebPhone, other: Baresip, number: str) -> None:
    await phone.dial(number)
    await other.ringing()
    await other.accept()
    await phone.shows("active")
    await phone.hear(_PHONE_HZ)
    await other.hear(ALICE_HZ)


async def _transfers(phone: WebPhone, other: Baresip) -> None:
    """The other one then hears a tone, and we are free."""
    await phone.press("transfer")
    await phone.part("dialog").locator("input").fill(_TONE)
    await phone.part("dialog").locator("button[type=submit]").click()
    await phone.idle()
    await other.lose(ALICE_HZ)
    await other.hear_something()
    await other.hangup()
    await other.closed()


async def _reloads(page: Page, phone: WebPhone) -> None:
    """The call is there again, and sounds."""
    began = time.monotonic()
    await page.reload()
    await phone.hear(_PHONE_HZ)
    took = time.monotonic() - began
    assert took < _BUSY * _BACK_S, f"{took:.1f} s"
    await phone.open()
    await phone.shows("active")


async def _looks_it_up(page: Page, number: str) -> None:
    """The newest record says who, how it went over the wire, and how it sounded."""
    await page.evaluate("location.hash = '#/cdrs'")
    newest = page.locator("main table tbody tr").first
    await expect(newest).to_contain_text(number, timeout=_PATIENCE_MS)
    await newest.get_by_role("link").click()
    ladder = page.get_by_role("listbox", name="What happened")
    await expect(ladder.get_by_role("option").first).to_be_visible(timeout=_PATIENCE_MS)
    await expect(ladder).to_contain_text("INVITE")
    quality = page.locator("section", has=page.get_by_role("heading", name="Quality"))
    await expect(quality.locator("table, svg").first).to_be_visible()
