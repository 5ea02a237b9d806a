"""The page of a shop that comes with the server: two phones of ours in it, and how it was done."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import ALICE_HZ
from tests.browser.server import PASSWORD, Server, start_demo
from tests.browser.webphone import ALLOWED, WebPhone, prepare

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


class Demo:
    """The page, its phone in the corner (1000) and the one on the desk (1001)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.customer, self.desk = WebPhone.at(page, "dock"), WebPhone.at(page, "inline")
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    async def begin(self) -> None:
        """Go through what comes first in both phones."""
        await self.customer.open()
        await self.desk.checked()

    async def sent(self) -> list[dict[str, Any]]:
        """What all phones of the page sent so far."""
        found = "watch.events.filter(each => each.what === 'out').map(each => each.text)"
        return [json.loads(text) for text in await self.page.evaluate(found) if text.startswith("{")]


@pytest_asyncio.fixture(loop_scope="session")
async def context(alice_browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh English-speaking browser profile with an ear in every page."""
    made = await alice_browser.new_context(locale="en-GB", permissions=ALLOWED, ignore_https_errors=True)
    yield await prepare(made)
    await made.close()


async def open_demo(
    context: BrowserContext, server: Server, given: str = f"#password={PASSWORD}", door: str = "http"
) -> Demo:
    """Open the page in a tab of its own."""
    demo = Demo(await context.new_page())
    address = server.url(door).replace("127.0.0.1", "localhost")
    await demo.page.goto(f"{address}/demo{given}")
    return demo


async def test_two_phones_on_one_page_hear_each_other(context: BrowserContext, server: Server) -> None:
    """What one of them says is heard at the other, and only while it may be."""
    demo = await open_demo(context, server)
    await demo.begin()
    await demo.page.get_by_role("button", name="Call the workshop").click()
    await demo.desk.rings()
    await demo.desk.answer()
    await demo.customer.shows("active")
    await demo.customer.hear(ALICE_HZ)
    await demo.desk.hear(ALICE_HZ)
    await demo.customer.press("mute")
    await demo.desk.lose(ALICE_HZ)
    await demo.customer.hear(ALICE_HZ)
    await demo.customer.press("mute")
    await demo.desk.hear(ALICE_HZ)
    await demo.customer.press("hold")
    await demo.customer.shows("held")
    await demo.desk.lose(ALICE_HZ)
    await demo.desk.hangup()
    await demo.customer.idle()
    assert demo.errors == []


async def test_the_echo_answers_and_takes_digits(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server)
    await demo.begin()
    await demo.page.get_by_role("button", name="9196: your own echo").click()
    await demo.customer.shows("active")
    await demo.customer.hear(ALICE_HZ)
    await demo.customer.press("keypad")
    await demo.customer.element.get_by_role("button", name="5", exact=True).click()
    await expect(demo.customer.element.locator("output")).to_have_text("5")
    await demo.page.keyboard.press("7")
    await expect(demo.customer.element.locator("output")).to_have_text("57")
    await demo.customer.hangup()
    assert demo.errors == []


async def test_each_phone_has_a_password_of_its_own(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server, f"#1000={PASSWORD}&1001=wrong")
    await demo.customer.ready()
    await demo.desk.says("The user or the password is wrong.")


async def test_without_a_password_the_phones_ask_for_it(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server, "")
    await demo.desk.element.get_by_label("User").fill("1001")
    await demo.desk.element.get_by_label("Password").fill(PASSWORD)
    await demo.desk.element.get_by_label("Password").press("Enter")
    await demo.desk.ready()
    assert PASSWORD not in demo.page.url
    await demo.customer.part("launcher").click()
    await expect(demo.customer.part("login")).to_be_visible()


async def test_one_phone_a_tab_and_the_caller_is_told_of_a_decline(context: BrowserContext, server: Server) -> None:
    first = await open_demo(context, server, f"?user=1000&password={PASSWORD}")
    await first.customer.open()
    assert await first.page.locator("xswitch-phone").count() == 1
    second = await open_demo(context, server, f"#user=1001&password={PASSWORD}")
    await second.customer.ready()
    await expect(first.page.get_by_role("link", name="Open 1001 in another tab")).to_be_visible()
    await first.customer.dial("1001")
    await second.customer.rings()
    await second.customer.part("decline").click()
    await first.customer.idle()
    await first.customer.says("declined")
    assert first.errors == second.errors == []


async def test_a_wrong_password_is_said_in_words(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server, "#user=1000&password=wrong")
    await demo.customer.part("launcher").click()
    await demo.customer.says("The user or the password is wrong.")


async def test_a_refused_microphone_is_said_in_words(context: BrowserContext, server: Server) -> None:
    await context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    demo = await open_demo(context, server, f"#user=1000&password={PASSWORD}")
    await demo.customer.part("launcher").click()
    await demo.customer.says("The microphone is blocked for this page.")


async def test_an_insecure_origin_is_said_in_words(context: BrowserContext, server: Server) -> None:
    await context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    demo = await open_demo(context, server)
    alert = demo.page.locator("main > [role=alert]")
    await expect(alert).to_contain_text("only to secure pages")
    await expect(alert).to_contain_text("http://localhost:")


async def test_a_server_that_goes_away_and_comes_back_is_noticed(context: BrowserContext, tmp_path: Path) -> None:
    """The phone says that the connection is lost, keeps trying, and is ready again by itself."""
    gone = await start_demo(tmp_path)
    demo = await open_demo(context, gone, f"#user=1000&password={PASSWORD}")
    await demo.customer.open()
    gone.terminate()
    assert await gone.stopped() == 0
    await demo.customer.says("The connection to the server is lost.")
    assert await demo.customer.element.evaluate("element => element.state") == "lost"
    port = gone.url("http").rpartition(":")[2]
    again = await start_demo(tmp_path, f"listen.http=127.0.0.1:{port}")
    await demo.customer.ready()
    again.terminate()
    assert await again.stopped() == 0


async def test_the_page_and_its_phones_speak_chinese_to_those_who_do(alice_browser: Browser, server: Server) -> None:
    context = await alice_browser.new_context(locale="zh-CN", permissions=ALLOWED)
    demo = await open_demo(context, server)
    heading = demo.page.get_by_role("heading", level=1)
    await expect(heading).to_contain_text("您的爱车")
    await demo.customer.part("launcher").click()
    await expect(demo.customer.part("ready")).to_contain_text("麦克风")
    await demo.customer.part("launcher").click()  # the panel is above the button
    await demo.page.get_by_role("button", name="English").click()
    await expect(heading).to_have_text("Your bicycle, back by Friday")
    await demo.customer.part("launcher").click()
    await expect(demo.customer.part("ready")).to_contain_text("Microphone")
    await demo.page.reload()
    await expect(heading).to_have_text("Your bicycle, back by Friday")
    await context.close()


async def test_the_lines_to_copy_name_this_server(context: BrowserContext, server: Server) -> None:
    await context.grant_permissions([*ALLOWED, "clipboard-read"])
    demo = await open_demo(context, server)
    await demo.page.get_by_role("button", name="Copy these lines").click()
    await expect(demo.page.get_by_text("Copied.")).to_be_visible()
    shown = await demo.page.locator("#guide pre").first.text_content()
    assert await demo.page.evaluate("navigator.clipboard.readText()") == shown
    host = server.url("http").replace("127.0.0.1", "localhost")
    assert shown is not None
    assert re.findall(r'(?:src|server)="([^"]+)"', shown) == [
        f"{host}/static/phone.js",
        f"{host.replace('http', 'ws', 1)}/ws",
    ]


async def test_the_page_works_over_tls(context: BrowserContext, server: Server) -> None:
    demo = await open_demo(context, server, f"#user=1000&password={PASSWORD}", door="https")
    await demo.customer.open()
    await demo.customer.call("9196")
    await demo.customer.hear(ALICE_HZ)
    await demo.customer.hangup()
