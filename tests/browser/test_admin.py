"""The admin site: its door, its frame, and what holds for all pages."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, Route, expect

from tests.browser.admin import Admin, admin_of
from tests.browser.server import PASSWORD, Server, start_demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_PAGES: Final = ("users", "users?new", "users/1001", "users?import", "users?range", "routes", "routes?new", "media",
                 "gateways", "gateways?new", "webhooks", "webhooks?new", "keys", "keys?new", "blocks", "blocks?new",
                 "audit", "nowhere")  # fmt: skip
_OUTSIDE: Final = re.compile(r"[A-Za-z]{3,}")
# Names of ours and of protocols, and what demo users are called: the same in all languages.
_NAMES: Final = re.compile(
    r"(?<![A-Za-z])(?:[a-z-]+\.[a-z_.*-]+|XSwitch|English|demo|Administrator|admin\w*|user\w*|operator|User \d+"
    r"|name|number|display_name|role|enabled|context|variables|phone_secret|web_password|gateway|host|CSV|IPv[46]|SIP|Verto|UDP|TCP|TLS|SRTP|SDES"
    r"|DNS|WAV|Ogg|FLAC|https?|PCM[AU]|Python|[Ww]ebhook|echo|tone|music|test|answer|playback|bridge|default|public|From"
    r"|Contact|realm|localhost|port|group|sleep|hangup|record|control|flow|gather|transfer|busy|file|menu|sdes|udp|tcp"
    r"|tls|whsec|call|recording|quality|registration|security|config|silence|keys|routes|gateways"
    r"|registrations|calls|media|recordings|cdr|events|webhooks|status|blocks|audit|phone|true|false|Cookie|HTTPS?"
    r"|[A-Z_]{3,}|MB)(?![A-Za-z])"
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A switch that keeps its records in memory."""
    running = await start_demo(tmp_path_factory.mktemp("admin"))
    yield running
    running.terminate()
    assert await running.stopped() == 0
    assert running.faults() == []


@pytest_asyncio.fixture(loop_scope="session")
async def admin(alice_browser: Browser, demo: Server) -> AsyncIterator[Admin]:
    """A tab with the site."""
    async with admin_of(alice_browser, demo) as made:
        yield made


async def test_a_wrong_password_is_said_so_and_the_right_one_lets_in(admin: Admin) -> None:
    await admin.open("users")
    await admin.login(password="wrong-password")
    await expect(admin.page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
    await expect(admin.page.locator("#password")).to_be_focused()
    await admin.login()
    await expect(admin.heading).to_have_text("Users")
    await expect(admin.page).to_have_title("Users · XSwitch")
    await admin.page.reload()
    await expect(admin.heading).to_have_text("Users")


async def test_before_anybody_is_logged_in_nobody_is_asked_who_it_is(admin: Admin) -> None:
    """A refusal would stand in the console of each first visit; and after logging out the browser knows nothing."""
    refused: list[str] = []
    admin.page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    await admin.open("users")
    await expect(admin.page.locator("#user")).to_be_visible()
    assert refused == []
    await admin.login()
    await expect(admin.heading).to_have_text("Users")
    held, out = await _hold(admin.page, "**/api/v1/registrations?*")
    await admin.page.reload()
    await expect(admin.heading).to_have_text("Users")
    await held.wait()
    await admin.button(re.compile("account$")).click()
    await admin.page.get_by_role("menuitem", name="Log out").click()
    await expect(admin.page.locator("#user")).to_have_value("")
    out.set()
    kept = await admin.page.evaluate("Object.keys(localStorage).filter(each => each.startsWith('xswitch.'))")
    assert set(kept) <= {"xswitch.language", "xswitch.theme", "xswitch.wizard"}
    await admin.page.reload()
    await expect(admin.page.locator("#user")).to_be_visible()
    assert refused == []


async def _hold(page: Page, pattern: str) -> tuple[asyncio.Event, asyncio.Event]:
    """Let requests wait on their way: gives what says that there is one, and what lets them go on."""
    held, out = asyncio.Event(), asyncio.Event()

    async def wait(route: Route) -> None:
        held.set()
        await out.wait()
        with suppress(Error):  # nobody waits for the answer
            await route.continue_()

    await page.route(pattern, wait)
    return held, out


async def test_the_first_login_to_a_demo_opens_the_guide_once(alice_browser: Browser, demo: Server) -> None:
    async with admin_of(alice_browser, demo, first=True) as admin:
        await admin.enter("")
        await expect(admin.heading).to_have_text("First steps")
        await expect(admin.page.get_by_text("This is a demo")).to_be_visible()
        await admin.page.get_by_role("link", name="Skip", exact=True).click()
        await expect(admin.page.locator("[aria-current=step]")).to_have_attribute("href", "#/wizard/certificate")
        await admin.page.get_by_role("link", name="Dashboard").click()
        await expect(admin.page.get_by_text("Calls now")).to_be_visible()
        async with admin.page.expect_response("**/api/v1/setup"):
            await admin.page.reload()
        await expect(admin.page.get_by_text("Calls now")).to_be_visible()
        await expect(admin.heading).to_have_text("Dashboard")


async def test_the_guide_takes_nobody_away_from_another_page(alice_browser: Browser, demo: Server) -> None:
    async with admin_of(alice_browser, demo, first=True) as admin:
        held, out = await _hold(admin.page, "**/api/v1/setup")
        await admin.enter("")
        await held.wait()
        await admin.page.get_by_role("link", name="Users").click()
        await expect(admin.heading).to_have_text("Users")
        async with admin.page.expect_response("**/api/v1/setup"):
            out.set()
        await admin.page.evaluate("fetch('/api/v1/setup').then(answer => answer.json())")  # what came before is read
        await expect(admin.heading).to_have_text("Users")


async def test_who_failed_too_often_sees_how_long_to_wait(admin: Admin) -> None:
    async def late(route: Any) -> None:
        problem = {"status": 429, "code": "too_many_requests", "title": "Too many requests"}
        await route.fulfill(status=429, json=problem, headers={"Retry-After": "2"})

    await admin.open("users")
    await admin.page.route("**/auth/login", late)
    await admin.login()
    await expect(admin.page.get_by_role("alert")).to_contain_text("Try again in")
    await expect(admin.button("Log in")).to_be_disabled()
    await expect(admin.button("Log in")).to_be_enabled()
    await admin.page.unroute("**/auth/login")
    await admin.login()
    await expect(admin.heading).to_have_text("Users")


async def test_who_is_logged_out_in_the_middle_goes_on_where_they_were(admin: Admin) -> None:
    await admin.enter("users/1006")
    await admin.page.get_by_label("Shown as").fill("Half written")
    await admin.api("POST", "/auth/logout")
    await admin.page.keyboard.press("Enter")  # saves, unless the page knows already
    await expect(admin.page.get_by_text("You were logged out.")).to_be_visible()
    await admin.login()
    await expect(admin.heading).to_have_text("1006")
    await expect(admin.page.get_by_label("Shown as")).to_have_value("Half written")
    await admin.button("Save").click()
    await expect(admin.page.get_by_text("Saved.")).to_be_visible()
    await admin.api("PATCH", "/users/1006", {"display_name": "User 1006"})


async def test_what_is_not_saved_is_not_lost_by_a_slip(admin: Admin) -> None:
    await admin.enter("users/1007")
    await admin.page.get_by_label("Shown as").fill("Not saved")
    await admin.page.get_by_role("link", name="Gateways").click()
    await expect(admin.page.get_by_role("dialog")).to_contain_text("Leave without saving?")
    await admin.page.keyboard.press("Escape")
    await expect(admin.page.get_by_label("Shown as")).to_have_value("Not saved")
    await admin.page.get_by_role("link", name="Gateways").click()
    await admin.button("Leave", within="dialog").click()
    await expect(admin.heading).to_have_text("Gateways")


async def test_what_a_role_may_not_do_is_not_shown(admin: Admin) -> None:
    await admin.enter("", "1001")
    nav = admin.page.get_by_role("navigation")
    await expect(nav.get_by_role("link", name="Call records")).to_be_visible()
    assert await nav.get_by_role("link").all_inner_texts() == ["Calls", "Call records", "Recordings"]
    await admin.open("users")
    await expect(admin.heading).to_have_text("You may not see this page")


async def test_a_switch_that_is_away_is_told_of_and_comes_back(admin: Admin) -> None:
    await admin.enter("users")
    await expect(admin.page.get_by_role("row").nth(1)).to_be_visible()
    admin.offline = True
    await admin.page.context.set_offline(True)
    await admin.page.get_by_role("link", name="Blocked addresses").click()
    await expect(admin.page.get_by_text("The switch does not answer.", exact=True)).to_be_visible()
    await expect(admin.button("Try again")).to_be_visible()
    await admin.page.context.set_offline(False)
    await expect(admin.page.get_by_text("The switch answers again.")).to_be_visible(timeout=15_000)
    await expect(admin.page.get_by_text("Nothing is taken from these addresses").first).to_be_visible()
    await expect(admin.button("Try again")).to_have_count(0)


async def test_in_chinese_nothing_is_english(admin: Admin) -> None:
    await admin.enter("users")
    await admin.button("Language").click()
    await admin.page.get_by_role("menuitemradio", name="中文").click()
    await expect(admin.heading).to_have_text("用户")
    for place in _PAGES:
        await admin.open(place)
        await _settled(admin)
        text: str = await admin.page.locator(".frame").inner_text()
        left = _OUTSIDE.findall(_NAMES.sub("", text))
        assert left == [], f"{place}: {left}"
    await admin.page.reload()
    await expect(admin.page.locator("html")).to_have_attribute("lang", "zh-CN")


async def _settled(admin: Admin) -> None:
    """Wait until a page is there."""
    await expect(admin.heading).to_be_visible()
    await expect(admin.page.get_by_text(re.compile("^(Loading…|正在加载…)$"))).to_have_count(0)


async def test_nothing_scrolls_sideways_on_a_small_phone(admin: Admin) -> None:
    await admin.page.set_viewport_size({"width": 360, "height": 700})
    await admin.enter("blocks")
    made = await admin.api(
        "POST", "/routes", {"name": "long " * 20, "number": "9" * 60, "steps": ["bridge " + "1001," * 30 + "1"]}
    )
    await admin.api("POST", "/webhooks", {"url": "https://example.invalid/" + "x" * 200})
    for place in _PAGES:
        await admin.open(place)
        await _settled(admin)
        assert await admin.too_wide() <= 0, place
    await admin.button("Menu").click()
    await expect(admin.page.get_by_role("navigation").get_by_role("link").first).to_be_focused()
    await admin.page.get_by_role("link", name="Gateways").click()
    await expect(admin.heading).to_be_focused()
    await admin.api("DELETE", f"/routes/{made['id']}")


async def test_the_password_is_changed_and_logging_out_ends_it(admin: Admin) -> None:
    await admin.enter("", "1009")
    await admin.button(re.compile("account$")).click()
    await admin.page.get_by_role("menuitem", name="Change password").click()
    for label, text in (
        ("Password until now", "wrong-one"),
        ("New password", "another-1"),
        ("New password again", "another-1"),
    ):
        await admin.page.get_by_label(label, exact=True).fill(text)
    await admin.button("Change password", within="dialog").click()
    await expect(admin.page.get_by_role("dialog").get_by_role("alert")).to_have_text("The password until now is wrong.")
    await admin.page.get_by_label("Password until now").fill(PASSWORD)
    await admin.button("Change password", within="dialog").click()
    await expect(admin.page.get_by_text("Your password is changed.")).to_be_visible()
    await admin.button(re.compile("account$")).click()
    await admin.page.get_by_role("menuitem", name="Log out").click()
    await admin.login("1009", "another-1")
    await expect(admin.page.locator(".frame")).to_be_visible()


async def test_the_phone_stands_in_the_corner_of_who_has_a_number(admin: Admin) -> None:
    await admin.enter("users")
    await expect(admin.page.locator("xswitch-phone[mode=dock]")).to_have_count(1)
    await admin.button(re.compile("account$")).click()
    await admin.page.get_by_role("menuitem", name="Log out").click()
    await expect(admin.page.locator("#password")).to_be_visible()
    await expect(admin.page.locator("xswitch-phone")).to_have_count(0)


async def test_what_is_written_stays_while_something_else_is_done_to_a_user(admin: Admin) -> None:
    await admin.enter("users/1008")
    field = admin.page.get_by_label("Shown as")
    await field.fill("First")
    await admin.button("New phone secret").click()
    await admin.button("Make a new one", within="dialog").click()
    await expect(admin.page.get_by_role("dialog")).to_contain_text("Secret of 1008")
    async with admin.page.expect_response("**/api/v1/users/1008/devices"):
        await admin.button("I have kept it", within="dialog").click()
    await expect(field).to_have_value("First")
    held, out = await _hold(admin.page, "**/api/v1/users/1008")
    await admin.button("Save").click()
    await held.wait()
    await field.fill("Second")
    out.set()
    await expect(admin.page.get_by_text("Saved.")).to_be_visible()
    await expect(field).to_have_value("Second")
    await admin.button("Save").click()
    await expect(admin.button("Save")).to_be_disabled()
    assert (await admin.api("GET", "/users/1008"))["display_name"] == "Second"
    await admin.api("PATCH", "/users/1008", {"display_name": "User 1008"})


async def test_who_has_left_a_page_is_not_brought_back_to_it(admin: Admin) -> None:
    await admin.enter("blocks")
    held, out = await _hold(admin.page, "**/api/v1/users/1003")
    await admin.open("users/1003")
    await held.wait()
    await admin.open("blocks?new")
    async with admin.page.expect_response("**/api/v1/users/1003"):
        out.set()
    await expect(admin.page).to_have_title("Block an address · XSwitch")
    held, out = await _hold(admin.page, "**/api/v1/blocks")
    await admin.page.get_by_label("Address").fill("192.0.2.99")
    await admin.button("Create").click()
    await held.wait()
    await admin.page.get_by_role("link", name="Gateways").click()
    await admin.button("Leave", within="dialog").click()
    await expect(admin.heading).to_have_text("Gateways")
    out.set()
    await expect(admin.page.locator(".toast")).to_contain_text("192.0.2.99")
    await expect(admin.heading).to_have_text("Gateways")
    await admin.page.unroute("**/api/v1/blocks")
    await admin.api("DELETE", "/blocks/192.0.2.99")


async def test_a_failure_behind_a_lost_update_leaves_a_way_to_save(admin: Admin) -> None:
    await admin.enter("users/1009")
    field = admin.page.get_by_label("Shown as")
    await field.fill("Mine")
    await admin.api("PATCH", "/users/1009", {"display_name": "Theirs"})
    await admin.button("Save").click()
    await expect(admin.page.get_by_role("dialog")).to_contain_text("Theirs")
    await admin.page.route("**/api/v1/users/1009", lambda route: route.fulfill(status=429))
    await admin.button("Save mine").click()
    await expect(admin.page.locator("form .trouble")).to_be_visible()
    await admin.page.unroute("**/api/v1/users/1009")
    await admin.button("Save").click()
    await admin.button("Save mine").click()
    await expect(admin.page.get_by_text("Saved.")).to_be_visible()
    await expect(field).to_have_value("Mine")
    await admin.api("PATCH", "/users/1009", {"display_name": "User 1009"})


async def test_a_page_that_fails_late_does_not_cost_what_is_written_on_the_next(admin: Admin) -> None:
    await admin.enter("users/1002")
    asked, out = asyncio.Event(), asyncio.Event()

    async def lose(route: Route) -> None:
        asked.set()
        await out.wait()
        await route.abort()

    await admin.page.route("**/pages/webhooks.js", lose)
    admin.offline = True
    await admin.page.get_by_role("link", name="Webhooks").click()
    await asked.wait()
    await admin.open("users/1002")
    field = admin.page.get_by_label("Shown as")
    await field.fill("Half written")
    out.set()
    await expect(admin.page.get_by_text("The switch answers again.")).to_be_visible(timeout=15_000)
    await expect(field).to_have_value("Half written")


async def test_what_does_not_exist_is_said_so_whatever_it_is_called(admin: Admin) -> None:
    await admin.enter("users/constructor")
    await expect(admin.heading).to_have_text("constructor")
    await expect(admin.page.locator(".page .trouble")).to_be_visible()


async def test_the_language_chosen_last_is_spoken(admin: Admin) -> None:
    await admin.enter("blocks")
    held, out = await _hold(admin.page, "**/words/zh/live.js")
    await admin.button("Language").click()
    await admin.page.get_by_role("menuitemradio", name="中文").click()
    await held.wait()
    await admin.button("Language").click()
    await admin.page.get_by_role("menuitemradio", name="English").click()
    async with admin.page.expect_response("**/words/zh/live.js"):
        out.set()
    await admin.page.evaluate("import('/static/admin/words/zh/live.js')")
    await expect(admin.heading).to_have_text("Blocked addresses")
