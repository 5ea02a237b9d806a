"""`<xswitch-phone>` on a page of somebody else, whose policy allows nothing inline."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import ALICE_HZ, BOB_HZ
from tests.browser.server import PASSWORD, Server
from tests.browser.sounds import Heard, heard
from tests.browser.webphone import LOUD

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_STEADY: Final = """
localStorage.setItem("xs-devices", JSON.stringify({echo: false, noise: false, gain: false}));
if (!localStorage.getItem("xswitch-phone")) {
    localStorage.setItem("xswitch-phone", JSON.stringify({checked: true}));
}
"""
_SLOW: Final = 10_000  # ms
_LISTENINGS: Final = 12
_SIDEWAYS: Final = """
() => [document.documentElement, ...phone.shadowRoot.querySelectorAll(".panel, .body, .layer-body")]
    .some(each => each.scrollWidth > each.clientWidth)
"""
_TEXTS: Final = """
() => {
    const texts = [];
    const seen = document.createTreeWalker(phone.shadowRoot, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    while (seen.nextNode()) {
        const node = seen.currentNode;
        const names = ["aria-label", "title", "placeholder"].map(name => node.getAttribute?.(name));
        const text = node.nodeType === 3 && !node.parentElement.closest("bdi, .letters, option") ? [node.data] : [];
        texts.push(...text, ...names);
    }
    return texts.filter(Boolean);
}
"""


_NAMED: Final = """async () => {
    const login = await phone.credentials();
    phone.credentials = async () => ({...login, name: "Ann\\u202e Lee", number: "1000"});
}"""
_UNPLUG: Final = """() => {
    const media = navigator.mediaDevices;
    window.before = media.getUserMedia.bind(media);
    const track = streams.at(-1).getAudioTracks()[0];
    media.getUserMedia = () => Promise.reject(new DOMException("", "NotFoundError"));
    [track, ...phone.phone.calls[0].local.getAudioTracks()].forEach(each => each.stop());
    track.dispatchEvent(new Event("ended"));
}"""
_PLUG_IN: Final = """() => {
    navigator.mediaDevices.getUserMedia = before;
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
_STREAMS: Final = (
    _STEADY
    + """
window.streams = [];
const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (open) {
    navigator.mediaDevices.getUserMedia = async wish => streams[streams.push(await open(wish)) - 1];
}
"""
)
# What the page itself plays, such as its ringing, has a meter until it ends.
_METERS: Final = (
    _STEADY
    + """
window.meters = new Set();
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode) {
        const meter = new AnalyserNode(to.context, {fftSize: 2048});
        connect.call(this, meter);
        meters.add(meter);
        this.addEventListener("ended", () => meters.delete(meter));
    }
    return connect.call(this, to, ...more);
};
"""
)
_RINGS: Final = """
() => [...meters].some(meter => {
    const samples = new Float32Array(meter.fftSize);
    meter.getFloatTimeDomainData(samples);
    return samples.some(each => Math.abs(each) > 0.05);
})
"""


class Element:
    """A page with one phone, and what the tests do with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    def part(self, name: str) -> Locator:
        """What a page may style by this name."""
        return self.page.locator(f"[part~={name}]")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button by what a screen reader calls it."""
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))

    def card(self, state: str) -> Locator:
        """The calls in a state."""
        return self.page.locator(f"[part=card][data-state={state}]")

    async def open(self) -> None:
        """Show the panel."""
        await self.part("launcher").click()
        await expect(self.part("panel")).to_be_visible()

    async def call(self, number: str) -> None:
        """Type a number and press Enter."""
        await self.page.keyboard.type(number)
        await expect(self.part("number")).to_have_value(number)
        await self.page.keyboard.press("Enter")

    async def active(self) -> None:
        """Wait until a call talks."""
        await expect(self.card("active")).to_have_count(1, timeout=_SLOW)

    async def listen(self, good: Callable[[Heard], bool], wish: str) -> None:
        """Listen to the latest connection until it is good."""
        sounds = []
        for _ in range(_LISTENINGS):
            sounds.append(heard(await self.page.evaluate("() => ear.listen(peers.at(-1))")))
            if good(sounds[-1]):
                return
        raise AssertionError(f"no {wish}, only {sounds}")

    async def hear(self, hz: float) -> None:
        """Wait for a tone that its people hear."""
        await self.listen(lambda sound: sound.has(hz), f"{hz} Hz")
        assert await self.page.evaluate(f"({LOUD})(phone)"), "it has come, but is not played"

    async def lose(self, hz: float) -> None:
        """Wait until the tone is gone."""
        await self.listen(lambda sound: sound.lacks(hz), f"end of {hz} Hz")

    async def told(self, name: str) -> list[dict[str, Any]]:
        """What the element said to its page."""
        return [facts for each, facts in await self.page.evaluate("() => heard") if each == name]


OpenElement = Callable[..., Awaitable[Element]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_element(site: str, server: Server) -> AsyncIterator[OpenElement]:
    """Open `await open_element(browser, "1000", lang="zh")`; all pages are closed at the end, without an exception."""
    made: list[Element] = []

    async def open_one(
        browser: Browser, user: str = "", width: int = 1000, script: str = _STEADY, **more: str
    ) -> Element:
        options: dict[str, Any] = {
            "locale": "en-GB",
            "permissions": [],
            "viewport": {"width": width, "height": 740},
            "reduced_motion": "reduce",
        }
        context = await browser.new_context(**options)
        await context.add_init_script(script)
        element = Element(await context.new_page())
        made.append(element)
        login = {"user": user, "password": PASSWORD} if user else {}
        query = {"switch": server.url("http"), "server": server.url(), **login, **more}
        await element.page.goto(f"{site}/element.html?{urlencode(query)}")
        if user:
            await expect(element.part("launcher")).to_have_class(re.compile("is-ready"), timeout=_SLOW)
        return element

    yield open_one
    errors = [error for element in made for error in element.errors]
    for element in made:
        await element.page.evaluate("() => phone.remove()")
        await element.page.context.close()
    assert errors == []


async def test_the_dock_opens_by_mouse_and_by_keyboard_and_gives_the_focus_back(
    open_element: OpenElement, alice_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    await expect(alice.part("panel")).to_have_count(0)
    await alice.open()
    await expect(alice.part("launcher")).to_have_attribute("aria-expanded", "true")
    await expect(alice.part("number")).to_be_focused()
    await alice.page.keyboard.press("Escape")
    await expect(alice.part("panel")).to_have_count(0)
    await expect(alice.part("launcher")).to_be_focused()
    await alice.page.keyboard.press("Enter")
    await expect(alice.part("panel")).to_be_visible()
    await expect(alice.part("number")).to_be_focused()
    await expect(alice.part("head")).to_have_text("1000Ready")
    await alice.page.evaluate(_NAMED)
    await expect(alice.part("head")).to_have_text("Ann Lee1000 · Ready", timeout=_SLOW)


async def test_the_pad_takes_keys_pastes_and_arrows(open_element: OpenElement, alice_browser: Browser) -> None:
    alice = await open_element(alice_browser, "1000")
    await alice.open()
    await alice.page.locator("[data-digit='5']").click()
    await alice.page.keyboard.press("ArrowRight")
    await expect(alice.page.locator("[data-digit='6']")).to_be_focused()
    await alice.page.keyboard.press("Space")
    await expect(alice.part("number")).to_have_value("56")
    await alice.page.locator("[data-digit='0']").click(delay=800)
    await expect(alice.part("number")).to_have_value("56+")
    await alice.part("number").evaluate("""field => {
        const data = new DataTransfer();
        data.setData("text/plain", " tel:+49 (30) 123-45 ");
        field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
    }""")
    await expect(alice.part("number")).to_have_value("+493012345")


async def test_a_call_from_the_pad_is_heard_and_goes_on_while_the_panel_is_closed(
    open_element: OpenElement, alice_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    await alice.open()
    await alice.call("9196")
    await alice.active()
    await alice.hear(ALICE_HZ)
    await alice.page.keyboard.press("Escape")
    await expect(alice.part("panel")).to_have_count(0)
    await expect(alice.part("badge")).to_have_text(re.compile(r"^\d+:\d\d$"))
    await alice.hear(ALICE_HZ)
    await alice.open()
    await alice.part("end").click()
    await expect(alice.card("active")).to_have_count(0)
    await expect(alice.part("notice")).to_contain_text("has ended")
    assert [each["state"] for each in await alice.told("xs-call-state")][-2:] == ["active", "ended"]
    await alice.part("number").press("Enter")  # an empty one shows what was called last
    await expect(alice.part("number")).to_have_value("9196")


async def test_mute_hold_and_digits(open_element: OpenElement, alice_browser: Browser) -> None:
    alice = await open_element(alice_browser, "1000")
    await alice.open()
    await alice.call("9196")
    await alice.active()
    await alice.hear(ALICE_HZ)
    await alice.part("mute").click()
    await expect(alice.part("mute")).to_have_attribute("aria-pressed", "true")
    await alice.lose(ALICE_HZ)
    await alice.part("mute").click()
    await alice.hear(ALICE_HZ)
    await alice.page.keyboard.type("12#")
    await expect(alice.page.get_by_label("Digits sent")).to_have_text("12#", timeout=_SLOW)
    await alice.part("keypad").click()
    await alice.part("hold").click()
    await expect(alice.card("held")).to_have_count(1)
    await alice.lose(ALICE_HZ)
    await alice.part("resume").click()
    await alice.active()
    await alice.hear(ALICE_HZ)


async def test_a_call_rings_is_announced_and_answered_by_the_shortcut(
    open_element: OpenElement, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    bob = await open_element(bob_browser, "1001")
    await alice.open()
    await alice.call("1001")
    await expect(bob.page.get_by_role("alert")).to_contain_text("User 1000", timeout=_SLOW)
    await expect(bob.page).to_have_title(re.compile("User 1000"))
    await expect(bob.part("launcher")).to_have_class(re.compile("is-ringing"))
    await bob.page.keyboard.press("Control+Alt+KeyA")
    await bob.active()
    await alice.active()
    await expect(bob.page).to_have_title("A page of somebody else")
    await bob.hear(ALICE_HZ)
    await alice.hear(BOB_HZ)
    await alice.part("record").click()
    for each in (alice, bob):
        await expect(each.page.locator(".hint.recording")).to_be_visible(timeout=_SLOW)
    await alice.part("hold").click()
    await expect(bob.page.locator(".hint.heldThere")).to_be_visible(timeout=_SLOW)
    assert [each["number"] for each in await bob.told("xs-incoming")] == ["1000"]
    await bob.part("end").click()
    await expect(alice.page.locator("[part=card]")).to_have_count(0, timeout=_SLOW)


async def test_ringing_is_heard_at_both_ends_until_the_answer(
    open_element: OpenElement, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    bob = await open_element(bob_browser, "1001", script=_METERS)
    await alice.open()
    await alice.call("1001")
    await bob.page.wait_for_function(_RINGS, timeout=_SLOW)
    await alice.listen(lambda sound: not sound.is_silent(), "tone of the switch while it rings there")
    await bob.part("answer").click()
    await bob.active()
    await bob.page.wait_for_function("() => meters.size === 0", timeout=_SLOW)
    await alice.hear(BOB_HZ)


async def test_a_decline_by_the_shortcut_is_told_in_words(
    open_element: OpenElement, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    bob = await open_element(bob_browser, "1001")
    await alice.open()
    await alice.call("1001")
    await expect(bob.part("incoming")).to_be_visible(timeout=_SLOW)
    await bob.page.keyboard.press("Control+Alt+KeyD")
    await expect(alice.part("notice")).to_contain_text("declined the call", timeout=_SLOW)
    await expect(alice.button("Call again")).to_be_visible()


async def test_a_call_that_waits_is_answered_while_the_other_is_held(
    open_element: OpenElement, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    bob = await open_element(bob_browser, "1001")
    await bob.open()
    await bob.call("9196")
    await bob.active()
    await alice.open()
    await alice.call("1001")
    await bob.button("Hold and answer").click(timeout=_SLOW)
    await expect(bob.card("held")).to_contain_text("9196", timeout=_SLOW)
    await expect(bob.card("active")).to_contain_text("User 1000")
    await bob.hear(ALICE_HZ)


async def test_a_blind_transfer_tells_its_result(
    open_element: OpenElement, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    bob = await open_element(bob_browser, "1001")
    await alice.open()
    await alice.call("1001")
    await bob.part("answer").click(timeout=_SLOW)
    await alice.active()
    await alice.part("transfer").click()
    await expect(alice.part("transfer-to")).to_be_focused()
    await alice.page.keyboard.type("9196")
    await alice.page.keyboard.press("Enter")
    await expect(alice.part("notice")).to_contain_text("was transferred to 9196", timeout=_SLOW)
    await expect(alice.page.locator("[part=card]")).to_have_count(0, timeout=_SLOW)
    await bob.hear(BOB_HZ)  # the echo


async def test_asking_first_goes_back_or_joins_the_two_others(
    open_element: OpenElement, alice_browser: Browser, bob_browser: Browser
) -> None:
    bob = await open_element(bob_browser, "1001")
    carol = await open_element(alice_browser, "1002")
    alice = await open_element(alice_browser, "1000")
    await alice.open()
    await alice.call("9196")
    await alice.active()
    await alice.part("transfer").click()
    await alice.page.keyboard.type("9197")
    await alice.part("ask").click()
    await expect(alice.card("held")).to_contain_text("9196", timeout=_SLOW)
    await expect(alice.part("consult")).to_be_visible()
    await expect(alice.part("complete")).to_be_enabled(timeout=_SLOW)
    await alice.part("swap").click()
    await expect(alice.card("active")).to_contain_text("9196", timeout=_SLOW)
    await alice.part("back").click()
    await expect(alice.part("consult")).to_have_count(0, timeout=_SLOW)
    await expect(alice.card("active")).to_contain_text("9196")
    await expect(alice.card("held")).to_have_count(0)
    await alice.part("end").click()
    await alice.call("1001")
    await bob.part("answer").click(timeout=_SLOW)
    await alice.active()
    await alice.part("transfer").click()
    await alice.page.keyboard.type("1002")
    await alice.part("ask").click()
    await carol.part("answer").click(timeout=_SLOW)
    await alice.part("complete").click(timeout=_SLOW)
    await expect(alice.part("notice").last).to_contain_text("are connected", timeout=_SLOW)
    await expect(alice.page.locator("[part=card]")).to_have_count(0, timeout=_SLOW)
    await expect(bob.card("active")).to_contain_text("User 1002")
    await bob.hear(ALICE_HZ)  # what carol's microphone hears, too
    await carol.hear(BOB_HZ)


async def test_what_others_are_called_is_only_text(
    open_element: OpenElement, alice_browser: Browser, bob_browser: Browser
) -> None:
    bob = await open_element(bob_browser, "1001", width=360)
    name = "<img src=x onerror=alert(1)>\u202eevil\u202c שלום " + "W" * 10_000
    await bob.page.evaluate(
        """name => {
            const ring = new class extends EventTarget {
                id = "x"; way = "in"; state = "ringing"; name = name; number = "<b>1</b>"; destination = ""; cause = "";
                video = {}; remote = null; calls = []; offersVideo = false;
            }();
            const talk = Object.assign(new ring.constructor(), {
                id: "y", state: "active", samples: [], digitsSent: "", answeredAt: Date.now(), levels: () => ({}),
            });
            const entry = {id: "1", way: "in", number: "<b>1</b>", name, at: new Date(), seconds: 0, missed: true};
            const said = {id: "2", way: "in", text: name, at: Date.now(), name, state: "sent"};
            const core = new class extends EventTarget {
                state = "ready"; login = "1001@localhost"; calls = [talk]; active = talk; trouble = null; stop() {}
                user = {name, number: name};
                chat = {threads: new Map([[name, [said]]])};
                history = async () => ({items: [entry], next: null});
                devices = async () => null;
            }();
            phone.phone = core;
            window.comes = () => { core.calls = [ring, talk]; core.dispatchEvent(new Event("change")); };
        }""",
        name,
    )
    await bob.open()
    for tab in ("History", "Chat", "Phone"):
        await bob.page.get_by_role("tab", name=re.compile(tab)).click()
        await expect(bob.part("body")).to_contain_text("<img src=x onerror=alert(1)> evil", timeout=_SLOW)
        assert not await bob.page.evaluate(_SIDEWAYS), tab
    await expect(bob.part("panel").locator("img, b")).to_have_count(0)
    await expect(bob.part("head")).to_contain_text("<img src")
    await bob.page.evaluate("() => comes()")
    alert = bob.page.get_by_role("alert")
    await expect(alert).to_contain_text("<img src=x onerror=alert(1)> evil", timeout=_SLOW)
    await expect(bob.page.locator("[part=incoming] :is(img, b)")).to_have_count(0)
    assert len(await alert.inner_text()) < 200
    assert not await bob.page.evaluate(_SIDEWAYS)
    assert "\u202e" not in await bob.page.title()


async def test_a_blocked_microphone_is_shown_with_its_cure(open_element: OpenElement, alice_browser: Browser) -> None:
    blocked = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
    alice = await open_element(alice_browser, "1000", script=blocked)
    await alice.open()
    check = alice.part("ready")
    await expect(check).to_contain_text("Is everything ready?")
    ask = alice.button(re.compile("Allow the microphone|Try again"))
    await ask.click(timeout=_SLOW)
    await expect(check).to_contain_text("The microphone is blocked for this page.", timeout=_SLOW)
    await expect(check.get_by_role("img", name=re.compile("left of the address"))).to_be_visible()
    await alice.button("Skip the check").click()
    await alice.call("9196")
    await expect(alice.part("notice")).to_contain_text("The microphone is blocked", timeout=_SLOW)
    assert "allow-microphone" in {each["action"] for each in await alice.told("xs-error")}


async def test_a_small_screen_shows_a_sheet_without_sideways_scrolling(
    open_element: OpenElement, alice_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000", width=360)
    await alice.open()
    box = await alice.part("panel").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 740)
    for tab in ("history", "chat", "settings", "phone"):
        await alice.page.locator(f"#tab-{tab}").click()
        await expect(alice.page.locator(f".tab.{tab}")).to_be_visible()
        assert not await alice.page.evaluate(_SIDEWAYS), tab
    await alice.call("9196")
    await alice.active()
    assert not await alice.page.evaluate(_SIDEWAYS)
    await alice.part("transfer").click()
    assert not await alice.page.evaluate(_SIDEWAYS)


async def test_a_chinese_phone_says_nothing_in_english(open_element: OpenElement, alice_browser: Browser) -> None:
    alice = await open_element(alice_browser, "1000", lang="zh-CN")
    await alice.open()
    texts: list[str] = []
    for tab in ("history", "chat", "settings", "phone"):
        await alice.page.locator(f"#tab-{tab}").click()
        await expect(alice.page.locator(f".tab.{tab}")).to_be_visible()
        texts += await alice.page.evaluate(_TEXTS)
    await alice.call("9196")
    await alice.active()
    texts += await alice.page.evaluate(_TEXTS)
    await alice.part("transfer").click()
    texts += await alice.page.evaluate(_TEXTS)
    english = {text for text in texts if re.search("[A-Za-z]{2}", text)} - {"English"}
    assert english == set()
    assert any("通话中" in text for text in texts)


async def test_words_that_come_late_take_no_others_away(open_element: OpenElement, alice_browser: Browser) -> None:
    element = await open_element(alice_browser)
    all_came = asyncio.Event()

    async def late(route: Route) -> None:
        await all_came.wait()
        await route.continue_()

    await element.page.route("**/words/first.zh.js", late)
    element.page.on("requestfinished", lambda ask: all_came.set() if ask.url.endswith("/words/zh.js") else None)
    await element.page.evaluate("""() => {
        const second = document.createElement("xswitch-phone");
        second.id = "second";
        second.lang = "zh";
        second.setAttribute("mode", "inline");
        document.body.append(second);
    }""")
    await expect(element.page.locator("#second [part~=login] h2")).to_have_text("登录电话")


async def test_words_that_do_not_come_are_fetched_by_the_next_press(
    open_element: OpenElement, alice_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    await alice.page.route("**/words/en.js", lambda route: route.abort())
    await alice.part("launcher").click()
    await expect(alice.page.get_by_role("alert")).to_contain_text("The phone could not be loaded.")
    await alice.page.unroute("**/words/en.js")
    alice.errors.clear()
    await alice.part("launcher").click()
    await expect(alice.part("panel")).to_have_attribute("aria-label", "Phone")
    await expect(alice.page.get_by_role("alert")).to_have_count(0)


async def test_a_phone_that_is_moved_keeps_its_calls(open_element: OpenElement, alice_browser: Browser) -> None:
    alice = await open_element(alice_browser, "1000")
    await alice.page.evaluate("() => void phone.call('9196')")
    await alice.active()
    await alice.page.evaluate("() => { window.core = phone.phone; document.body.prepend(phone); }")
    assert await alice.page.evaluate("() => phone.phone === core && core.calls.map(each => each.state)") == ["active"]
    await alice.hear(ALICE_HZ)
    await alice.page.evaluate("""() => {
        phone.remove();
        phone.setAttribute("corner", "left");
        phone.setAttribute("user", "1001"); // this wants a login anew
        document.body.append(phone);
    }""")
    assert await alice.page.evaluate("() => [phone.phone === core, core.calls.length]") == [False, 0]


async def test_a_phone_that_a_page_brings_is_shown_by_an_element_that_comes_later(
    open_element: OpenElement, alice_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    found = await alice.page.evaluate("""() => {
        const [core, second] = [phone.phone, document.createElement("xswitch-phone")];
        second.phone = core;
        document.body.append(second);
        const found = [second.phone === core, core.state];
        second.remove();
        return found;
    }""")
    assert found == [True, "ready"]


async def test_the_check_begins_anew_with_whoever_logs_in(open_element: OpenElement, alice_browser: Browser) -> None:
    alice = await open_element(alice_browser, script="")
    await alice.open()
    await alice.page.get_by_label("User").fill("1000")
    for password in ("wrong", PASSWORD):
        await alice.page.get_by_label("Password").fill(password)
        await alice.page.keyboard.press("Enter")
        wrong = 1 if password == "wrong" else 0
        await expect(alice.part("login").get_by_role("alert")).to_have_count(wrong, timeout=_SLOW)
    await expect(alice.part("ready").locator(".step.ok").nth(2)).to_contain_text("Login", timeout=_SLOW)


async def test_a_zero_after_a_plus_by_a_finger_is_a_zero(open_element: OpenElement, alice_browser: Browser) -> None:
    """A long press of a finger is followed by no click."""
    alice = await open_element(alice_browser, "1000")
    await alice.open()
    zero = alice.page.locator("[data-digit='0']")
    await zero.dispatch_event("pointerdown")
    await expect(alice.part("number")).to_have_value("+")
    await zero.dispatch_event("pointerup")
    await zero.click()
    await expect(alice.part("number")).to_have_value("+0")


async def test_links_of_the_page_call_if_it_wants_that(open_element: OpenElement, alice_browser: Browser) -> None:
    alice = await open_element(alice_browser, "1000", **{"dial-links": ""})
    await alice.page.get_by_role("button", name="the echo").click()
    await expect(alice.card("active")).to_contain_text("9196", timeout=_SLOW)
    await alice.part("end").click()
    await alice.page.get_by_role("link", name="the tone").click()
    await expect(alice.card("active")).to_contain_text("9197", timeout=_SLOW)


async def test_a_phone_by_itself_asks_who_it_is_for_and_keeps_no_password(
    open_element: OpenElement, alice_browser: Browser
) -> None:
    alice = await open_element(alice_browser)
    await expect(alice.part("launcher")).to_be_visible()
    await alice.page.evaluate("() => phone.setAttribute('user', '1002')")
    await alice.open()
    await expect(alice.page.get_by_label("User")).to_have_value("1002")
    await alice.page.get_by_label("User").fill("1000")
    await alice.page.get_by_label("Password").fill("wrong")
    await alice.page.keyboard.press("Enter")
    await expect(alice.part("login")).to_contain_text("The user or the password is wrong.", timeout=_SLOW)
    await alice.page.get_by_label("Password").fill(PASSWORD)
    await alice.page.keyboard.press("Enter")
    await expect(alice.part("launcher")).to_have_class(re.compile("is-ready"), timeout=_SLOW)
    kept = await alice.page.evaluate("() => JSON.stringify({...localStorage, ...sessionStorage})")
    assert "1000" in kept
    assert PASSWORD not in kept
    await alice.button("More").click()
    await alice.page.get_by_role("menuitem", name="Log out").click()
    await expect(alice.page.get_by_label("User")).to_have_value("1000")


async def test_the_corner_and_the_size_are_remembered(open_element: OpenElement, alice_browser: Browser) -> None:
    alice = await open_element(alice_browser, "1000")
    await alice.open()
    await alice.part("sizer").press("ArrowLeft")
    await alice.button("More").click()
    await alice.page.keyboard.press("ArrowDown")
    await alice.page.keyboard.press("Enter")
    before = await alice.part("panel").bounding_box()
    assert before is not None
    assert (before["x"], before["width"]) == (20, 384)
    await alice.page.reload()
    await alice.open()
    assert await alice.part("panel").bounding_box() == before


async def test_two_phones_on_one_page_are_two_phones(open_element: OpenElement, alice_browser: Browser) -> None:
    alice = await open_element(alice_browser, "1000")
    await alice.page.evaluate(
        "([server, password]) => { window.second = place({server, id: 'second'}, {login: '1001', password}); }",
        [await alice.page.evaluate("() => phone.getAttribute('server')"), PASSWORD],
    )
    await expect(alice.page.locator("#second [part=launcher]")).to_have_class(re.compile("is-ready"), timeout=_SLOW)
    await alice.page.evaluate("() => void second.call('1000')")
    await expect(alice.page.locator("xswitch-phone:not(#second) [part=incoming]")).to_be_visible(timeout=_SLOW)
    await alice.page.evaluate("() => void phone.answer()")
    for name in ("phone", "second"):
        await alice.page.evaluate(f"() => void {name}.open()")
    await expect(alice.card("active")).to_have_count(2, timeout=_SLOW)
    await alice.page.evaluate("() => second.remove()")
    await expect(alice.page.locator("[part=card]")).to_have_count(0, timeout=_SLOW)


async def test_the_launcher_is_dragged_to_the_other_corner_without_opening(
    open_element: OpenElement, alice_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    mouse = alice.page.mouse
    await mouse.move(950, 690)
    async with alice.page.expect_response(re.compile("drag.js")):
        await mouse.down()
    await mouse.move(300, 690, steps=4)
    await mouse.up()
    await expect(alice.page.locator(".root.left")).to_have_count(1)
    await expect(alice.part("panel")).to_have_count(0)


async def test_an_unplugged_microphone_is_told_and_comes_back(
    open_element: OpenElement, alice_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000", script=_STREAMS)
    await alice.open()
    await alice.call("9196")
    await alice.active()
    await alice.hear(ALICE_HZ)
    await alice.page.evaluate(_UNPLUG)
    await expect(alice.card("active")).to_contain_text("No microphone was found.", timeout=_SLOW)
    await alice.lose(ALICE_HZ)
    await alice.page.evaluate(_PLUG_IN)
    await alice.hear(ALICE_HZ)
    await expect(alice.card("active")).not_to_contain_text("No microphone")


async def test_a_call_that_is_over_before_the_panel_has_come_was_missed(
    open_element: OpenElement, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice = await open_element(alice_browser, "1000")
    bob = await open_element(bob_browser, "1001")
    missed = asyncio.Event()

    async def late(route: Route) -> None:
        await missed.wait()
        await route.continue_()

    await bob.page.route("**/view/panel.js", late)
    await alice.page.evaluate("() => void phone.call('1001')")
    await expect(bob.part("launcher")).to_have_class(re.compile("is-ringing"), timeout=_SLOW)
    await alice.page.evaluate("() => void phone.hangup()")
    await expect(bob.part("launcher")).to_have_class(re.compile("is-ready"), timeout=_SLOW)
    missed.set()
    await bob.open()
    await expect(bob.part("notice")).to_contain_text("You missed a call from")


async def test_an_insecure_page_has_a_phone_that_says_so(
    open_element: OpenElement, alice_browser: Browser, server: Server
) -> None:
    """Browsers keep more from such pages than the microphone."""
    alice = await open_element(alice_browser)

    async def here(route: Route) -> None:
        path = urlsplit(route.request.url).path
        await route.fulfill(response=await route.fetch(url=server.url("http") + path))

    await alice.page.route("http://shop.example/**", here)
    await alice.page.goto("http://shop.example/demo/#user=1000&password=any")
    await alice.page.locator("xswitch-phone [part=launcher]").click(timeout=_SLOW)
    await expect(alice.part("panel")).to_contain_text("This page is not secure")
    await alice.page.evaluate("() => { window.phone = document.querySelector('xswitch-phone'); }")
