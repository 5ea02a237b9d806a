"""The page that comes with the server: two phones side by side."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import ALICE_HZ
from tests.browser.server import PASSWORD, Server, start_demo
from tests.browser.sounds import heard

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_WATCH: Final = Path(__file__).parent / "pages" / "watch.js"
_CALLING: Final = re.compile(r"1000\)? is calling")  # a user may have a name, too
_DIGITS: Final = """
watch.events.filter(e => e.what === "out").map(e => JSON.parse(e.text).params?.dtmf).filter(Boolean)
""".strip()
_KEEP_PEERS: Final = """
window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) { super(...args); peers.push(this); }
};
"""


class Demo:
    """The page, and what the tests do with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    def phone(self, n: int) -> Locator:
        """The phones from left to right."""
        return self.page.locator(".phone").nth(n)

    def button(self, n: int, name: str) -> Locator:
        """A button of a phone by what a screen reader calls it."""
        return self.phone(n).get_by_role("button", name=name, exact=True)

    async def login(self) -> None:
        """Log all phones in."""
        for n in range(await self.page.locator(".phone").count()):
            await self.button(n, "Log in").click()
            await self.shows(n, "ready")

    async def shows(self, n: int, state: str) -> None:
        """Wait until a phone is in a state."""
        await expect(self.phone(n)).to_have_attribute("data-state", state, timeout=10_000)

    async def hear(self, hz: float, peer: int) -> None:
        """Listen to a connection until there is this tone."""
        sounds = []
        for _ in range(10):
            sounds.append(heard(await self.page.evaluate("n => ear.listen(peers[n])", peer)))
            if sounds[-1].has(hz):
                return
        raise AssertionError(f"no {hz} Hz, only {sounds}")


@pytest_asyncio.fixture(loop_scope="session")
async def context(alice_browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh English-speaking browser profile with an ear in every page."""
    made = await alice_browser.new_context(locale="en-GB", permissions=[], ignore_https_errors=True)
    await made.add_init_script(path=_WATCH)
    await made.add_init_script(_KEEP_PEERS)
    yield made
    await made.close()


async def open_demo(context: BrowserContext, server: Server, query: str = f"?password={PASSWORD}") -> Demo:
    """Open the page in a tab of its own."""
    demo = Demo(await context.new_page())
    await demo.page.goto(f"{server.url('http')}/demo{query}")
    return demo


async def test_two_phones_on_one_page_hear_each_other(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server)
    await demo.login()
    await demo.button(0, "Call").click()
    await demo.shows(1, "ringing")
    await expect(demo.phone(1)).to_contain_text(_CALLING)
    await expect(demo.page).to_have_title(_CALLING)
    await demo.button(1, "Answer").click()
    await demo.shows(0, "active")
    await demo.shows(1, "active")
    await demo.hear(ALICE_HZ, peer=0)
    await demo.hear(ALICE_HZ, peer=1)
    await demo.button(0, "Hold").click()
    await demo.shows(0, "held")
    await demo.button(0, "Hold").click()
    await demo.shows(0, "active")
    await demo.button(1, "Hang up").click()
    await expect(demo.phone(0)).to_contain_text("Call ended: hung up")
    await expect(demo.phone(1)).to_contain_text("Call ended: hung up")
    assert demo.errors == []


async def test_the_echo_answers_and_takes_digits(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server)
    await demo.login()
    await demo.button(0, "9196 echo").click()
    await demo.shows(0, "active")
    await demo.hear(ALICE_HZ, peer=0)
    await demo.page.keyboard.press("5")
    await demo.button(0, "#").click()
    assert await demo.page.evaluate(_DIGITS) == ["5", "#"]
    assert demo.errors == []


async def test_one_phone_a_tab_and_the_caller_is_told_of_a_decline(context: BrowserContext, server: Server) -> None:
    first = await open_demo(context, server, f"?user=1000&password={PASSWORD}")
    second = await open_demo(context, server, f"#user=1001&password={PASSWORD}")
    assert await first.page.locator(".phone").count() == 1
    await first.login()
    await second.login()
    await first.page.get_by_label("Number").fill("1001")
    await first.page.get_by_label("Number").press("Enter")
    await second.shows(0, "ringing")
    await second.button(0, "Decline").click()
    await expect(first.phone(0)).to_contain_text("Call ended: declined")
    assert first.errors == second.errors == []


async def test_a_wrong_password_is_said_in_words(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server, "?user=1000&password=wrong")
    await demo.button(0, "Log in").click()
    await expect(demo.phone(0).get_by_role("alert")).to_contain_text("User or password is wrong")


async def test_a_refused_microphone_is_said_in_words(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server, f"?user=1000&password={PASSWORD}")
    await demo.page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    await demo.login()
    await demo.button(0, "9196 echo").click()
    await expect(demo.phone(0).get_by_role("alert")).to_contain_text("The microphone is blocked")


async def test_an_insecure_origin_is_said_in_words(context: BrowserContext, server: Server) -> None:
    await context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    demo = await open_demo(context, server)
    await expect(demo.page.get_by_role("alert").first).to_contain_text("only to secure pages")


async def test_a_server_that_goes_away_and_comes_back_is_noticed(
    context: BrowserContext, tmp_path: Path, server: Server
) -> None:
    """The page says that the connection is lost, keeps trying, and is ready again by itself."""
    gone = await start_demo(tmp_path)
    demo = await open_demo(context, gone, f"?user=1000&password={PASSWORD}")
    late = await open_demo(context, gone, f"?user=1001&password={PASSWORD}")
    await demo.login()
    gone.terminate()
    assert await gone.stopped() == 0
    await late.button(0, "Log in").click()
    await expect(late.phone(0).get_by_role("alert")).to_contain_text("The server cannot be reached")
    await demo.shows(0, "lost")
    await expect(demo.phone(0)).to_contain_text("Connection lost")
    port = gone.url("http").rpartition(":")[2]
    again = await start_demo(tmp_path, f"listen.http=127.0.0.1:{port}")
    await demo.shows(0, "ready")
    again.terminate()
    assert await again.stopped() == 0


async def test_the_page_speaks_chinese_to_those_who_do(alice_browser: Browser, server: Server) -> None:
    context = await alice_browser.new_context(locale="zh-CN", permissions=[])
    demo = await open_demo(context, server)
    await expect(demo.page.get_by_role("heading", level=1)).to_have_text("XSwitch 演示")
    await demo.page.get_by_role("button", name="English").click()
    await expect(demo.page.get_by_role("heading", level=1)).to_have_text("XSwitch demo")
    await demo.page.reload()
    await expect(demo.page.get_by_role("heading", level=1)).to_have_text("XSwitch demo")
    await context.close()


async def test_both_languages_have_the_same_words(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server)
    keys = await demo.page.evaluate(
        "import('./words.js').then(m => [m.WORDS, m.CAUSES].map(t => [Object.keys(t.en), Object.keys(t.zh)]))"
    )
    for english, chinese in keys:
        assert english == chinese


async def test_the_page_works_over_tls(context: BrowserContext, server: Server) -> None:
    demo = Demo(await context.new_page())
    await demo.page.goto(f"{server.url('https')}/demo?user=1000&password={PASSWORD}")
    await demo.login()
    await demo.button(0, "9196 echo").click()
    await demo.hear(ALICE_HZ, peer=0)
