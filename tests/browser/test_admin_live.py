"""The live pages of the site: calls now and then, their ladders, recordings, settings, diagnostics, first steps."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from tests.browser.admin import GUIDED
from tests.browser.conftest import OpenPhone
from tests.browser.phones import Phone
from tests.browser.server import PASSWORD, Server, start_demo, start_server
from xswitch_py.core.first_run import PASSWORD_FILE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]

_AXE: Final = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
_PATIENCE_MS: Final = 10_000
_PAGES: Final = ("dashboard", "calls", "cdrs", "recordings", "settings", "diagnostics", "wizard", "wizard/user")
_RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_JUDGED: Final = """
async rules => (await axe.run(document, {runOnly: rules}))
    .violations.map(each => `${each.id}: ${each.nodes.map(node => node.target).join("; ")}`)
""".strip()


class Admin:
    """The site in one tab, and what the tests do with it."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def login(self, user: str, password: str) -> None:
        """Open the site and log in."""
        await self.page.goto(self.server.url("http").replace("127.0.0.1", "localhost"))
        await self.page.locator("input[autocomplete=username]").fill(user)
        await self.page.locator("input[type=password]").fill(password)
        await self.page.keyboard.press("Enter")
        await self.page.locator("#side").wait_for(state="attached")

    async def show(self, place: str) -> None:
        """Go to a page."""
        await self.page.evaluate("place => { location.hash = `#/${place}`; }", place)
        shown = f"nav a[href='#/{place.partition('/')[0]}'][aria-current=page]"
        if place.startswith("wizard"):
            shown = ".wizard-step"
        await self.page.locator(shown).wait_for(state="attached", timeout=_PATIENCE_MS)

    def figure(self, label: str) -> Locator:
        """The figure of a tile."""
        return self.page.locator(".figure").filter(has_text=label).locator(".figure-value")

    def button(self, name: str) -> Locator:
        """A button by what a screen reader calls it."""
        return self.page.get_by_role("button", name=name, exact=True)

    def rung(self, text: str) -> Locator:
        """The first entry of the ladder with this text."""
        return self.page.get_by_role("option").filter(has_text=text).first


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A demo of our own, with one setting from the command line."""
    running = await start_demo(tmp_path_factory.mktemp("admin"), "call.ring_timeout=45")
    yield running
    running.terminate()
    assert await running.stopped() == 0
    assert running.faults() == []


@pytest_asyncio.fixture(loop_scope="session")
async def context(alice_browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh English-speaking browser profile."""
    made = await alice_browser.new_context(locale="en-GB", permissions=[], ignore_https_errors=True)
    made.set_default_timeout(_PATIENCE_MS)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def admin(context: BrowserContext, demo: Server) -> AsyncIterator[Admin]:
    """The site of the demo, logged in; nothing in it may fail unseen."""
    await context.add_init_script(GUIDED)
    opened = Admin(await context.new_page(), demo)
    await opened.login(demo.facts["admin"]["user"], demo.facts["admin"]["password"])
    yield opened
    assert opened.errors == []


@pytest_asyncio.fixture(loop_scope="session")
async def pair(open_phone: OpenPhone, alice_browser: Browser, demo: Server) -> tuple[Phone, Phone]:
    """Two phones of the demo's users."""
    alice = await open_phone("stock", alice_browser, "1000", server=demo)
    bob = await open_phone("stock", alice_browser, "1001", server=demo)
    return alice, bob


async def test_the_dashboard_counts_a_call_while_it_is_up(admin: Admin, pair: tuple[Phone, Phone]) -> None:
    alice, bob = pair
    await expect(admin.figure("Calls now")).to_have_text("0")
    await expect(admin.figure("Registrations")).not_to_have_text("0")
    await alice.connect(bob)
    await expect(admin.figure("Calls now")).to_have_text("1", timeout=_PATIENCE_MS)
    await alice.hangup()
    await bob.wait_state("ended")
    await expect(admin.figure("Calls now")).to_have_text("0", timeout=_PATIENCE_MS)
    await expect(admin.page.get_by_role("img", name=re.compile("Calls at once in the last hour"))).to_be_visible()


async def test_the_ladder_of_a_finished_call_shows_what_was_sent(admin: Admin, pair: tuple[Phone, Phone]) -> None:
    alice, bob = pair
    await alice.connect(bob)
    await alice.hangup()
    await bob.wait_state("ended")
    await admin.show("cdrs")
    await admin.page.locator(".rows a").first.click()
    for text in ("verto.invite", "verto.answer", "verto.bye"):
        await admin.page.get_by_role("listbox").focus()
        await admin.page.keyboard.press("End" if text == "verto.bye" else "Home")
        await expect(admin.rung(text)).to_be_attached()
    await admin.page.keyboard.press("Home")
    await admin.rung("verto.invite").click()
    message = admin.page.get_by_role("region", name="Message")
    await expect(message).to_contain_text('"method": "verto.invite"')
    await expect(message).to_contain_text("a=fingerprint")
    await expect(message).not_to_contain_text(PASSWORD)


async def test_the_ladder_is_walked_by_keys_and_sifted_by_layer(admin: Admin, pair: tuple[Phone, Phone]) -> None:
    alice, bob = pair
    await alice.connect(bob)
    await alice.hangup()
    await bob.wait_state("ended")
    await admin.show("cdrs")
    await admin.page.locator(".rows a").first.click()
    box = admin.page.get_by_role("listbox")
    await box.focus()
    await admin.page.keyboard.press("ArrowDown")
    await admin.page.keyboard.press("ArrowDown")
    await expect(admin.page.locator("[aria-selected=true]")).to_have_attribute("aria-posinset", "3")
    await admin.page.locator(".chip.layer-dtls").click()
    await expect(admin.page.get_by_role("option").first).to_have_attribute("aria-setsize", re.compile("^[24]$"))
    await expect(admin.page.locator(".rung:not(.layer-dtls)")).to_have_count(0)
    async with admin.page.expect_download() as kept:
        await admin.button("As text").click()
    text = await asyncio.to_thread(Path(await (await kept.value).path()).read_text, "utf-8")
    assert "1000 > xswitch" in text
    assert "verto.bye" in text


async def test_of_a_long_ladder_only_what_is_in_sight_is_drawn(admin: Admin, pair: tuple[Phone, Phone]) -> None:
    alice, _ = pair
    await alice.call("7777")
    await alice.wait_state("ended")
    await admin.page.route("**/api/v1/calls/*/trace", lambda route: route.fulfill(json=_long_trace()))
    await admin.show("cdrs")
    await admin.page.locator(".rows a").first.click()
    await expect(admin.rung("INVITE 0 ")).to_be_visible()
    await expect(admin.page.get_by_text("7 entries in the middle were not kept.")).to_be_visible()
    assert await admin.page.locator(".rung").count() < 60
    await admin.page.get_by_role("listbox").focus()
    await admin.page.keyboard.press("End")
    await expect(admin.rung("INVITE 499 ")).to_be_in_viewport()
    assert await admin.page.locator(".rung").count() < 60
    await admin.page.keyboard.press("Enter")
    await expect(admin.page.get_by_role("region", name="Message")).to_contain_text("INVITE sip:499 SIP/2.0")


async def test_a_call_is_hung_up_from_the_page(admin: Admin, pair: tuple[Phone, Phone]) -> None:
    alice, bob = pair
    await admin.show("calls")
    await alice.connect(bob)
    row = admin.page.locator(".rows tbody tr")
    await expect(row).to_contain_text("talking")
    await row.get_by_role("button", name=re.compile("^Hang up")).click()
    await admin.page.get_by_role("dialog").get_by_role("button", name="Hang up").click()
    assert await alice.cause() == "MANAGER_REQUEST"
    await expect(admin.page.get_by_text("Nobody is in a call.")).to_be_visible()


async def test_a_call_is_recorded_on_its_page_and_the_recording_is_heard(
    admin: Admin, pair: tuple[Phone, Phone]
) -> None:
    alice, bob = pair
    await alice.connect(bob)
    await admin.show("calls")
    await admin.page.locator(".rows a").first.click()
    await admin.button("Record").click()
    await expect(admin.page.get_by_text("being recorded")).to_be_visible()
    await admin.page.wait_for_timeout(1500)  # something to hear
    await admin.button("Stop recording").click()
    await expect(admin.button("Record")).to_be_visible()
    await alice.hangup()
    await bob.wait_state("ended")
    await admin.show("recordings")
    await admin.page.get_by_role("button", name=re.compile("^Play the recording")).first.click()
    await expect(admin.page.locator(".wave")).to_have_count(2)
    await expect(admin.page.get_by_role("slider")).not_to_have_value("0")
    await admin.page.get_by_role("button", name=re.compile("^Remove the recording")).first.click()
    await admin.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(admin.page.get_by_text("The recording is removed.")).to_be_visible()


async def test_one_side_is_muted_and_transferred(admin: Admin, pair: tuple[Phone, Phone]) -> None:
    alice, bob = pair
    await alice.connect(bob)
    await admin.show("calls")
    await admin.page.locator(".rows a").first.click()
    await admin.button("Mute").first.click()
    await expect(admin.button("Let be heard")).to_be_visible()
    await admin.button("Transfer").click()
    dialog = admin.page.get_by_role("dialog")
    await dialog.get_by_label("To which number").fill("9198")
    await dialog.get_by_role("button", name="Transfer").click()
    await bob.wait_state("ended")
    assert await alice.state() == "active"
    await alice.hangup()


async def test_filters_are_kept_in_the_address(admin: Admin, pair: tuple[Phone, Phone]) -> None:
    alice, _ = pair
    await alice.call("7777")
    await alice.wait_state("ended")
    await admin.show("cdrs")
    await admin.page.get_by_label("Number or user").fill("7777")
    await admin.button("Find").click()
    await expect(admin.page).to_have_url(re.compile(r"#/cdrs\?party=7777$"))
    await expect(admin.page.locator(".rows tbody tr")).to_contain_text(["7777"])
    await admin.page.reload()
    await expect(admin.page.get_by_label("Number or user")).to_have_value("7777")
    await expect(admin.page.locator(".rows tbody")).not_to_contain_text("9196")
    link = await admin.page.get_by_role("link", name="As CSV").get_attribute("href")
    assert link == "/api/v1/cdrs?party=7777&format=csv"


async def test_settings_say_where_a_value_comes_from(admin: Admin) -> None:
    await admin.show("settings")
    await admin.page.get_by_label("Find a setting").fill("ring_timeout")
    row = admin.page.locator(".settings li")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("45")
    await expect(row.locator(".origin-set")).to_have_text("set")
    await row.get_by_role("button").click()
    await expect(row.locator("pre")).to_have_text("[call]\nring_timeout = 45")
    await admin.page.get_by_label("Text of the file").fill("[call]\nring_timeout = -1\nnonsense = 1\n")
    await admin.button("Check").click()
    await expect(admin.page.get_by_text("2 problems were found:")).to_be_visible()
    await admin.button("Read the files again").click()
    await expect(admin.page.get_by_text("The files were read again, and all of it is in force.")).to_be_visible()


async def test_diagnostics_follow_the_log_and_end_a_registration(admin: Admin, pair: tuple[Phone, Phone]) -> None:
    alice, _ = pair
    await admin.show("diagnostics")
    await expect(admin.page.locator(".doctor li").first).to_be_visible()
    await admin.page.get_by_role("log").scroll_into_view_if_needed()
    await admin.page.get_by_role("button", name=re.compile("^End the registration of 1001@")).click()
    await admin.page.get_by_role("dialog").get_by_role("button", name="End").click()
    await expect(admin.page.get_by_role("button", name=re.compile("^End the registration of 1001@"))).to_have_count(0)
    await admin.page.get_by_role("log").scroll_into_view_if_needed()
    await alice.call("7778")
    await alice.wait_state("ended")
    await expect(admin.page.get_by_role("log")).to_contain_text("7778")


async def test_a_page_that_cannot_load_says_so_and_tries_again(admin: Admin) -> None:
    await admin.page.route("**/api/v1/config", lambda route: route.abort())
    await admin.show("settings")
    trouble = admin.page.locator(".page .trouble")
    await expect(trouble).to_contain_text("The switch does not answer.")
    await admin.page.unroute("**/api/v1/config")
    await trouble.get_by_role("button", name="Try again").click()
    await expect(admin.page.locator(".settings li").first).to_be_visible()


async def test_a_small_dark_chinese_page_has_room_for_all_and_hinders_nobody(
    alice_browser: Browser, demo: Server, pair: tuple[Phone, Phone]
) -> None:
    alice, bob = pair
    await alice.connect(bob)
    size = ViewportSize(width=360, height=760)
    context = await alice_browser.new_context(locale="zh-CN", color_scheme="dark", viewport=size)
    await context.add_init_script(GUIDED)
    admin = Admin(await context.new_page(), demo)
    await admin.login(demo.facts["admin"]["user"], demo.facts["admin"]["password"])
    call = (await admin.page.evaluate("async () => (await fetch('/api/v1/calls')).json()"))["items"][0]["id"]
    wide, english = {}, set()
    for place in (*_PAGES, f"calls/{call}"):
        await admin.show(place)
        await admin.page.wait_for_timeout(300)  # for what is loaded
        wide[place] = await admin.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        english |= {*await admin.page.locator("main [lang=en]:not(pre)").all_inner_texts()}
    assert {place: more for place, more in wide.items() if more > 0} == {}
    assert {each for each in english if not each.startswith("Python 3.")} == set()  # names of packages
    await admin.page.get_by_role("option").first.click()
    await admin.page.evaluate(_AXE.read_text())
    assert await admin.page.evaluate(_JUDGED, list(_RULES)) == []
    assert admin.errors == []
    await context.close()
    await alice.hangup()


async def test_the_first_steps_lead_through_a_new_switch(
    context: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = await start_server(tmp_path_factory.mktemp("new"), [])
    first = (server.database.parent / PASSWORD_FILE).read_text("utf-8").split()[-1]
    site = Admin(await context.new_page(), server)
    await site.login("admin", first)
    await expect(site.page.get_by_role("heading", name="Choose your own password")).to_be_visible()
    for label, text in (("Password until now", first), ("New password", PASSWORD), ("New password again", PASSWORD)):
        await site.page.get_by_label(label, exact=True).fill(text)
    await site.button("Change password").click()
    await expect(site.page.get_by_text("The first password is not valid any more.")).to_be_visible()
    await site.page.get_by_role("link", name="Next", exact=True).click()
    await expect(site.page.get_by_text("The switch made its certificate itself")).to_be_visible()
    await site.page.get_by_role("link", name="Skip", exact=True).click()
    await expect(site.page.get_by_role("heading", name="Let sound find its way")).to_be_visible()
    await site.page.get_by_role("link", name=re.compile("^(Skip|Next)$")).click()
    await site.page.get_by_label("Name", exact=True).fill("Ada")
    await expect(site.page.get_by_label("Number", exact=True)).to_have_value("1001")
    await site.button("Make user").click()
    await expect(site.page.get_by_text("User 1001 is made.")).to_be_visible()
    secret = await site.page.locator(".first-user code").last.inner_text()
    await site.button("Copy").click()
    await site.page.get_by_role("link", name="Next", exact=True).click()
    await site.page.get_by_role("link", name="Skip", exact=True).click()
    await expect(site.page.get_by_role("heading", name="Good start")).to_be_visible()
    await site.page.get_by_role("link", name="To the dashboard").click()
    await expect(site.figure("Calls now")).to_have_text("0")
    await site.page.goto(site.page.url)
    await expect(site.figure("Calls now")).to_have_text("0")
    assert site.errors == []
    assert len(secret) >= 12
    async with httpx.AsyncClient(base_url=server.url("http")) as client:
        refused = await client.post("/api/v1/auth/login", json={"user": "admin", "password": first})
    assert refused.status_code == 401
    server.terminate()
    await asyncio.wait_for(server.process.wait(), 10)
    assert secret not in server.log.read_text()


def _long_trace() -> dict[str, object]:
    """A trace as long as any that is kept."""
    at = "2026-05-01T08:00:00.000Z"
    entries = [
        {
            "at": at,
            "ms": float(n),
            "leg": "a",
            "layer": "sip",
            "way": "<>"[n % 2],
            "text": f"INVITE {n} ",
            "message": f"INVITE sip:{n} SIP/2.0\r\n",
        }
        for n in range(500)
    ]
    leg = {"id": "a", "side": "caller", "door": "sip", "party": {"name": "", "number": "1001"}}
    return {"call": "call_long", "began": at, "ended": at, "legs": [leg], "entries": entries, "missing": 7}
