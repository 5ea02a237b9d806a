"""The phone without its view, in real browsers on a real server."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route

from tests.browser.conftest import ALICE_HZ, BOB_HZ
from tests.browser.phones import STEADY, Phone
from tests.browser.server import PASSWORD, Server, start_demo
from tests.peers.verto import VertoPeer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_PRESS: Final = """async () => {
    const began = performance.now();
    phone.call("9196");
    const invite = () => watch.events.find(e => e.what === "out" && e.text.includes('"verto.invite"') && e.at > began);
    while (!invite()) {
        await new Promise(resolve => setTimeout(resolve, 5));
    }
    return invite().at - began;
}"""


_UFRAG: Final = "phone.calls[0].peer.localDescription.sdp.match(/ice-ufrag:(\\S+)/)[1]"


_BLOCKED: Final = """() => {
    window.allowed = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
}"""
_SLOW_CAMERA: Final = """() => {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async wish => {
        if (!wish.video) {
            return open(wish);
        }
        await new Promise(go => { window.openCamera = go; });
        return window.camera = await open(wish);
    };
}"""
_TAKE_AND_LEAVE: Final = """async () => {
    const taking = phone.takeOver();
    await phone.stop();
    await taking;
    return phone.state;
}"""
_CHECK: Final = """async () => {
    const steps = [];
    for await (const step of phone.check({microphone: true})) {
        steps.push(step);
    }
    return steps;
}"""

_STREAMS: Final = """() => {
    window.streams = [];
    const open = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = async wish => streams[streams.push(await open(wish)) - 1];
}"""


# There is a picture of several colours.
_SEEN: Final = """async () => {
    const video = (window.screenOf ??= Object.assign(document.createElement("video"), {muted: true, autoplay: true}));
    video.srcObject = phone.calls[0].remote;
    await Promise.race([video.play().catch(() => {}), new Promise(go => setTimeout(go, 500))]);
    const canvas = Object.assign(document.createElement("canvas"), {width: 32, height: 24}).getContext("2d");
    canvas.drawImage(video, 0, 0, 32, 24);
    return new Set(new Uint32Array(canvas.getImageData(0, 0, 32, 24).data.buffer)).size > 3;
}"""


class CorePhone(Phone):
    """A page with our own phone on it."""

    page_name = "core.html"

    async def call(self, number: str) -> None:
        await self.page.evaluate("number => { phone.call(number) }", number)

    async def answer(self) -> None:
        await self.page.evaluate("() => phone.calls.at(-1).answer()")
        await self.wait_state("active")

    async def hangup(self) -> None:
        await self.page.evaluate("() => { phone.calls.at(-1)?.hangup() }")

    async def hold(self) -> None:
        await self.page.evaluate("() => phone.calls.at(-1).hold(true)")
        await self.wait_state("held")

    async def unhold(self) -> None:
        await self.page.evaluate("() => phone.calls.at(-1).hold(false)")
        await self.wait_state("active")

    async def is_(self, state: str, ms: float = 10_000) -> None:
        """Wait for a state of the phone."""
        await self.page.wait_for_function("state => window.phone?.state === state", arg=state, timeout=ms)

    async def until(self, condition: str, ms: float = 10_000) -> None:
        """Wait until something is true in the page."""
        await self.page.wait_for_function(condition, timeout=ms)


OpenCore = Callable[..., Awaitable[CorePhone]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def switch(tmp_path_factory: pytest.TempPathFactory, site: str) -> AsyncIterator[Server]:
    """A server that pages of the harness may use."""
    running = await start_demo(tmp_path_factory.mktemp("switch"), f'listen.origins=["{site}"]')
    yield running
    running.terminate()
    assert await running.stopped() == 0
    assert running.faults() == []


def address(site: str, switch: Server, user: str, password: str = PASSWORD) -> str:
    """The page of a user."""
    facts: dict[str, Any] = {
        "server": switch.url("ws"), "core": switch.url("http"), "login": user, "password": password, "audio": STEADY,
    }  # fmt: skip
    return f"{site}/core.html#{quote(json.dumps(facts))}"


@pytest_asyncio.fixture(loop_scope="session")
async def open_core(site: str, switch: Server) -> AsyncIterator[OpenCore]:
    """Open a phone: in a browser profile of its own, or in a tab of another phone's."""
    contexts = list[BrowserContext]()
    pages = list[CorePhone]()

    async def open_one(browser: Browser, user: str, beside: Phone | None = None, **more: Any) -> CorePhone:
        context = beside.page.context if beside else await browser.new_context(permissions=[])
        contexts.append(context)
        page: Page = await context.new_page()
        where = site.replace("127.0.0.1", more.pop("host", "127.0.0.1"))
        await page.goto(address(where, more.pop("server", switch), user, **more))
        phone = CorePhone(page, switch, STEADY, "ws")
        phone.user = user
        pages.append(phone)
        await phone.until("window.phone")
        return phone

    yield open_one
    errors = [error for phone in pages if not phone.page.is_closed() for error in await phone.errors()]
    for context in contexts:
        await context.close()
    assert not errors


async def test_the_echo_is_heard(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    await alice.call("9196")
    await alice.wait_state("active")
    await alice.hear(ALICE_HZ)
    await alice.hangup()
    await alice.wait_state("ended")
    assert await alice.page.evaluate("[ended.cause, phone.calls.length]") == ["NORMAL_CLEARING", 0]


async def test_the_microphone_is_open_only_during_the_call(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    await alice.page.evaluate(_STREAMS)
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    await alice.page.evaluate("window.tracks = [...streams, phone.calls[0].local].flatMap(each => each.getTracks()), 0")
    assert await alice.page.evaluate("tracks.map(each => each.readyState)") == ["live", "live"]  # and its copy
    await alice.hangup()
    await alice.until("tracks.every(each => each.readyState === 'ended')")


async def test_an_invite_leaves_soon_after_the_press(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    took = [await alice.page.evaluate(_PRESS) for _ in range(3)]
    assert min(took) < 300, took


async def test_two_phones_hear_each_other_and_hold(
    open_core: OpenCore, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice, bob = await open_core(alice_browser, "1000"), await open_core(bob_browser, "1001")
    await alice.is_("ready")
    await bob.is_("ready")
    await alice.connect(bob)
    await alice.hear(BOB_HZ)
    await bob.hear(ALICE_HZ)
    await alice.hold()
    await bob.lose(ALICE_HZ)
    await alice.unhold()
    await bob.hear(ALICE_HZ)
    assert await bob.page.evaluate("phone.calls[0].name") == "User 1000"
    await bob.hangup()
    await alice.wait_state("ended")


async def test_digits_go_out_with_the_sound(open_core: OpenCore, alice_browser: Browser, switch: Server) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    async with await VertoPeer.open(switch.url()) as bob:
        await bob.login("1001", PASSWORD)
        await alice.call("1001")
        far = await bob.answer(await bob.ringing(), BOB_HZ)
        await alice.wait_state("active")
        await alice.hear(BOB_HZ)
        await alice.page.evaluate("phone.calls[0].dtmf('12'), phone.calls[0].dtmf('#')")
        await alice.until("phone.calls[0].digitsSent === '12#'")
        assert await far.media.pressed(3) == "12#"
        await alice.hangup()
        await alice.wait_state("ended")
    assert "dtmf" not in [key for message in await alice.wire() for key in message[1].get("params", {})]


async def test_a_muted_speaker_is_told_so(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    await alice.page.evaluate("phone.calls[0].mute(true)")
    await alice.lose(ALICE_HZ)
    await alice.until("phone.calls[0].talking")
    await alice.page.evaluate("phone.calls[0].mute(false)")
    await alice.hear(ALICE_HZ)
    assert not await alice.page.evaluate("phone.calls[0].talking")


async def test_a_reload_brings_the_call_back(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    began = await alice.page.evaluate("phone.calls[0].answeredAt")
    await alice.page.reload()
    await alice.until("window.phone?.calls[0]?.isHeard")
    took = await alice.page.evaluate("performance.now()")
    await alice.hear(ALICE_HZ)
    assert took < 3000
    shown = "[phone.calls[0].number, phone.calls[0].way, phone.calls[0].state, phone.calls[0].answeredAt]"
    assert await alice.page.evaluate(shown) == ["9196", "out", "active", began]
    await alice.hangup()
    await alice.wait_state("ended")


async def test_a_lost_socket_leaves_the_sound_alone(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    await alice.page.evaluate("window.before = phone.calls[0].peer, sockets.at(-1).close()")
    await alice.is_("lost")
    assert await alice.page.evaluate("phone.calls[0].reconnecting")
    await alice.hear(ALICE_HZ)
    await alice.is_("ready")
    assert await alice.page.evaluate("before === phone.calls[0].peer && !phone.calls[0].reconnecting")
    assert await alice.received("verto.attach") == []
    await alice.hear(ALICE_HZ)
    await alice.page.evaluate("sockets.at(-1).close()")
    await alice.is_("lost")
    await alice.hangup()
    await alice.wait_state("ended")
    assert await alice.page.evaluate("ended.cause") == "NORMAL_CLEARING"
    await alice.is_("ready")  # the server has not heard of the end, and offers the call again
    assert "error" not in (await alice.wait_replies("verto.bye", 1))[0]
    assert await alice.page.evaluate("phone.calls.length") == 0


async def test_a_second_tab_mirrors_and_takes_over(open_core: OpenCore, alice_browser: Browser) -> None:
    first = await open_core(alice_browser, "1000")
    await first.is_("ready")
    await first.call("9196")
    await first.hear(ALICE_HZ)
    second = await open_core(alice_browser, "1000", beside=first)
    await second.is_("elsewhere")
    await second.until("phone.elsewhere?.calls[0]?.number === '9196'")
    await second.page.evaluate("phone.takeOver()")
    await second.is_("ready")
    await second.hear(ALICE_HZ)
    await first.is_("elsewhere")
    assert await first.page.evaluate("phone.calls.length") == 0
    assert await first.received("verto.punt") == []  # it left by itself, and still looks for its turn
    assert await second.page.evaluate("phone.calls[0].number") == "9196"
    await first.page.reload()
    await first.is_("elsewhere")
    await second.page.close()  # who is left has the phone, and the call
    await first.is_("ready")
    await first.hear(ALICE_HZ)


async def test_a_reload_is_not_a_chance_for_the_other_tab(open_core: OpenCore, alice_browser: Browser) -> None:
    first = await open_core(alice_browser, "1000")
    await first.is_("ready")
    second = await open_core(alice_browser, "1000", beside=first)
    await second.is_("elsewhere")
    await second.page.evaluate("window.had = [], phone.addEventListener('change', () => had.push(phone.state))")
    for _ in range(3):
        await first.page.reload()
        await first.is_("ready")
    assert await second.page.evaluate("[...new Set(had)]") == ["elsewhere"]  # and was never anything else


async def test_a_slow_reload_takes_back_what_another_tab_got(open_core: OpenCore, alice_browser: Browser) -> None:
    first = await open_core(alice_browser, "1000")
    await first.is_("ready")
    second = await open_core(alice_browser, "1000", beside=first)
    await second.is_("elsewhere")

    async def late(route: Route) -> None:
        await second.is_("ready")
        await route.continue_()

    await first.page.route("**/core.js", late)
    await first.page.reload()
    await first.is_("ready")
    await second.is_("elsewhere")


async def test_a_wrong_password_is_refused_for_good(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000", password="wrong")
    await alice.is_("refused")
    assert await alice.page.evaluate("[phone.trouble.code, phone.trouble.fatal]") == ["wrong-password", True]


async def test_a_picture_comes_and_goes_in_mid_call(
    open_core: OpenCore, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice, bob = await open_core(alice_browser, "1000"), await open_core(bob_browser, "1001")
    await alice.is_("ready")
    await bob.is_("ready")
    await alice.connect(bob)
    await alice.hear(BOB_HZ)
    await alice.page.evaluate("phone.calls[0].setVideo(true)")
    await bob.until("phone.calls[0].video.theirs && phone.calls[0].remote.getVideoTracks().length === 1")
    await bob.hear(ALICE_HZ)
    await alice.page.evaluate("() => { window.picture = phone.calls[0].local.getVideoTracks()[0]; }")
    await alice.page.evaluate("phone.calls[0].setVideo(false)")
    await bob.until("!phone.calls[0].video.theirs")
    assert await alice.page.evaluate("picture.readyState") == "ended"  # the camera's light is out
    await bob.hear(ALICE_HZ)


async def test_two_who_show_themselves_at_once_see_each_other(
    open_core: OpenCore, alice_browser: Browser, bob_browser: Browser
) -> None:
    """Both offers cross on the wire."""
    alice, bob = await open_core(alice_browser, "1000"), await open_core(bob_browser, "1001")
    await alice.is_("ready")
    await bob.is_("ready")
    await alice.connect(bob)
    await asyncio.gather(*(each.page.evaluate("phone.calls[0].setVideo(true)") for each in (alice, bob)))
    for each in (alice, bob):
        await each.until("phone.calls[0].video.theirs && phone.calls[0].video.mine")
        assert await each.page.evaluate("phone.calls[0].peer.signalingState") == "stable"
    await alice.hear(BOB_HZ)
    await bob.hear(ALICE_HZ)


async def test_another_way_through_the_network_is_found(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    before = await alice.page.evaluate(_UFRAG)
    await alice.page.evaluate("dispatchEvent(new Event('online'))")
    await alice.until(f"({_UFRAG}) !== '{before}' && phone.calls[0].isHeard")
    await alice.hear(ALICE_HZ)


async def test_three_calls_are_one_that_is_heard(
    open_core: OpenCore, alice_browser: Browser, bob_browser: Browser
) -> None:
    """Call waiting, a second call, and the two others joined."""
    alice, bob = await open_core(alice_browser, "1000"), await open_core(bob_browser, "1001")
    carol = await open_core(alice_browser, "1002")
    for each in (alice, bob, carol):
        await each.is_("ready")
    await alice.connect(bob)
    await bob.call("1002")
    await carol.wait_incoming()
    await bob.until("phone.calls[0].state === 'held'")
    await carol.answer()
    await bob.wait_state("active")
    await carol.hear(BOB_HZ)
    await bob.page.evaluate("phone.calls[0].complete(phone.calls[1])")
    await bob.until("phone.calls.length === 0")
    await carol.hear(ALICE_HZ)
    assert await carol.page.evaluate("phone.calls[0].number") == "1000"


async def test_who_has_no_microphone_can_allow_it_and_answer_then(
    open_core: OpenCore, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice, bob = await open_core(alice_browser, "1000"), await open_core(bob_browser, "1001")
    await alice.is_("ready")
    await bob.is_("ready")
    await alice.call("1001")
    await bob.wait_incoming()
    await bob.page.evaluate(_BLOCKED)
    await bob.page.evaluate("phone.calls[0].answer()")
    await bob.until("phone.trouble?.code === 'mic-blocked' && phone.calls[0].state === 'ringing'")
    await bob.page.evaluate("() => { navigator.mediaDevices.getUserMedia = window.allowed; }")
    await bob.answer()
    await bob.hear(ALICE_HZ)
    await alice.hear(BOB_HZ)
    assert await bob.page.evaluate("phone.trouble") is None


async def test_a_call_without_a_microphone_ends_with_its_reason(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    await alice.page.evaluate(_BLOCKED)
    await alice.call("9196")
    await alice.wait_state("ended")
    assert await alice.page.evaluate("[ended.trouble.code, phone.trouble.code]") == ["mic-blocked"] * 2
    assert [message["method"] for way, message in await alice.wire() if way == "out"] == ["login"]


async def test_quality_is_measured_and_a_check_finds_all_well(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    checked = await alice.page.evaluate(_CHECK)
    assert [(each["step"], each["state"]) for each in checked if each["state"] != "wait"] == [
        ("secure", "ok"), ("socket", "ok"), ("login", "ok"), ("microphone", "ok"), ("media", "ok"),
    ]  # fmt: skip
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    # A busy computer may stutter at first; but nothing is in the way of this call, and that must show.
    await alice.until("(found => found?.grade === 4 && found.worse === '')(phone.calls[0].quality)", ms=30_000)
    assert (await alice.page.evaluate("phone.calls[0].quality.codec")).lower() == "opus"
    await alice.until("(({mine, theirs}) => mine > 0.01 && theirs > 0.01)(phone.calls[0].levels())")


async def test_a_screen_is_shown_and_taken_back(
    open_core: OpenCore, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice, bob = await open_core(alice_browser, "1000"), await open_core(bob_browser, "1001")
    await alice.is_("ready")
    await bob.is_("ready")
    await alice.connect(bob)
    await alice.page.evaluate("phone.calls[0].shareScreen(true)")
    await bob.until("phone.calls[0].video.theirs")
    assert await alice.page.evaluate("phone.calls[0].video") == {"mine": False, "theirs": False, "screen": True}
    assert await alice.page.evaluate("phone.calls[0].local.getVideoTracks()[0].getSettings().displaySurface")
    await alice.page.evaluate("phone.calls[0].local.getVideoTracks()[0].onended()")  # as the browser's own bar does
    await bob.until("!phone.calls[0].video.theirs")
    assert await alice.page.evaluate("phone.calls[0].video.screen") is False
    await alice.page.evaluate("phone.calls[0].setVideo(true)")
    await bob.until(_SEEN)
    await alice.page.evaluate("phone.calls[0].local.getVideoTracks()[0].onended()")  # somebody pulls the camera out
    await bob.until("!phone.calls[0].video.theirs")
    assert await alice.page.evaluate("[phone.trouble.code, phone.calls[0].video.mine]") == ["camera-missing", False]


async def test_a_camera_that_opens_after_the_call_is_not_left_open(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    await alice.page.evaluate(_SLOW_CAMERA)
    await alice.page.evaluate("() => { phone.call('9196', {video: true}) }")
    await alice.until("typeof window.openCamera === 'function'")
    await alice.hangup()
    await alice.wait_state("ended")
    await alice.page.evaluate("openCamera()")
    await alice.until("window.camera?.getTracks().every(each => each.readyState === 'ended')")
    assert await alice.page.evaluate("phone.trouble") is None


async def test_who_logs_out_while_taking_over_stays_out(open_core: OpenCore, alice_browser: Browser) -> None:
    alice = await open_core(alice_browser, "1000")
    await alice.is_("ready")
    second = await open_core(alice_browser, "1000", beside=alice)
    await second.is_("elsewhere")
    assert await second.page.evaluate(_TAKE_AND_LEAVE) == "off"


async def test_messages_go_both_ways(open_core: OpenCore, alice_browser: Browser, bob_browser: Browser) -> None:
    alice, bob = await open_core(alice_browser, "1000"), await open_core(bob_browser, "1001")
    await alice.is_("ready")
    await bob.is_("ready")
    sent = await alice.page.evaluate("phone.chat.send('1001', 'hello')")
    assert sent["state"] == "sent"
    await bob.wait_event("chat", text="hello")
    await bob.page.evaluate("phone.chat.send('1000', 'and to you')")
    await alice.wait_event("chat", text="and to you")
    thread = "user => phone.chat.threads.get(user).map(each => [each.way, each.text])"
    assert await alice.page.evaluate(thread, "1001") == [["out", "hello"], ["in", "and to you"]]
    assert await bob.page.evaluate(thread, "1000") == [["in", "hello"], ["out", "and to you"]]


async def test_a_page_that_may_not_is_told_so(open_core: OpenCore, alice_browser: Browser, switch: Server) -> None:
    """The server answers pages of this origin, and lets none of them have a socket."""
    alice = await open_core(alice_browser, "1000", host="localhost")
    await alice.until("phone.trouble?.code === 'origin'")
    assert await alice.page.evaluate("phone.trouble.facts.origin === location.origin")


async def test_a_server_that_comes_back_finds_its_phones(
    open_core: OpenCore, alice_browser: Browser, site: str, tmp_path: Path
) -> None:
    """Its calls are gone, and people are told whom they talked to."""
    gone = await start_demo(tmp_path, f'listen.origins=["{site}"]')
    alice = await open_core(alice_browser, "1000", server=gone)
    await alice.is_("ready")
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    gone.process.send_signal(signal.SIGSTOP)
    await alice.page.evaluate("() => { window.held = phone.calls[0].hold(true); }")
    gone.process.send_signal(signal.SIGCONT)
    await alice.page.evaluate("held.then(() => phone.calls[0].hold(false))")
    await alice.hear(ALICE_HZ)
    gone.process.kill()
    await gone.process.wait()
    await alice.is_("lost")
    assert await alice.page.evaluate("phone.calls[0].reconnecting")
    port = gone.url("http").rpartition(":")[2]
    again = await start_demo(tmp_path, f"listen.http=127.0.0.1:{port}", f'listen.origins=["{site}"]')
    await alice.is_("ready", 40_000)
    await alice.until("phone.calls.length === 0")
    assert await alice.page.evaluate("[phone.trouble.code, phone.trouble.facts.number]") == ["call-lost", "9196"]
    again.terminate()
    assert await again.stopped() == 0


async def test_who_may_tells_and_asks_of_calls(
    open_core: OpenCore, alice_browser: Browser, site: str, tmp_path: Path
) -> None:
    """How a call was heard, its recording, and what is kept of it: with what a phone needs and no more."""
    methods = "verto calls.list calls.quality calls.report_quality calls.record calls.stop cdrs.list".split()
    scopes = ["calls:read:own", "calls:write:own", "cdr:read:own"]
    (tmp_path / "roles.toml").write_text(f"[user]\nmethods = {methods}\napi = {scopes}\n[admin]\nmethods = []\n")
    own = await start_demo(tmp_path, f'listen.origins=["{site}"]', f"files.permissions={tmp_path / 'roles.toml'}")
    alice = await open_core(alice_browser, "1000", server=own)
    await alice.is_("ready")
    await alice.call("9196")
    await alice.until("phone.calls[0]?.quality")
    call = await alice.page.evaluate("phone.request('calls.list', {}).then(found => found.items[0].id)")
    await alice.page.evaluate("phone.calls[0].record(true)")
    await alice.until("phone.calls[0].recording")
    await alice.page.evaluate("phone.calls[0].record(false)")
    for method in ("calls.record", "calls.stop"):
        assert "error" not in (await alice.wait_replies(method, 1))[0]
    await alice.hangup()
    await alice.wait_state("ended")
    asked = await alice.wait_replies("calls.report_quality", 1)
    assert "error" not in asked[0]
    heard = await alice.page.evaluate("call => phone.request('calls.quality', {call})", call)
    assert 1 <= heard["reported"][0]["figures"]["mos"] <= 4.5
    found = await alice.page.evaluate("phone.history()")
    assert [(each["way"], each["number"], each["missed"]) for each in found["items"]] == [("out", "9196", False)]
    own.terminate()
    assert await own.stopped() == 0
