"""JsSIP in Chromium: what a browser phone does over SIP, alone and with a Verto phone at the other end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.conftest import ALICE_HZ, BOB_HZ
from tests.browser.server import PASSWORD, Server, start_demo
from tests.peers.jssip import JsSipPhone
from tests.peers.sip import SIP_PORTS
from tests.peers.verto import VertoPeer
from tests.sound import has_tone, is_silent

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OpenJsSip = Callable[..., Awaitable[JsSipPhone]]
DOORS = ["ws", "wss"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sip_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A demo that speaks SIP."""
    running = await start_demo(tmp_path_factory.mktemp("sip"), *SIP_PORTS)
    yield running
    running.terminate()
    assert await running.stopped() == 0
    assert running.faults() == []


@pytest_asyncio.fixture(loop_scope="session")
async def jssip(site: str, sip_server: Server) -> AsyncIterator[OpenJsSip]:
    """Open phones: `await jssip(browser, "1000", door="wss")`; none may have thrown an exception."""
    phones: list[JsSipPhone] = []

    async def open_one(browser: Browser, user: str, door: str = "ws") -> JsSipPhone:
        phone = await JsSipPhone.open(browser, site, sip_server, door=door)
        assert isinstance(phone, JsSipPhone)
        phones.append(phone)
        assert await phone.login(user)
        return phone

    yield open_one
    errors = [error for phone in phones for error in await phone.errors()]
    for phone in phones:
        await phone.close()
    assert not errors


@pytest_asyncio.fixture(loop_scope="session")
async def verto(sip_server: Server) -> AsyncIterator[Callable[[str], Awaitable[VertoPeer]]]:
    """Log in Verto phones without a browser."""
    async with AsyncExitStack() as peers:

        async def open_(user: str) -> VertoPeer:
            peer = await peers.enter_async_context(await VertoPeer.open(sip_server.url()))
            await peer.login(user, PASSWORD)
            return peer

        yield open_


OpenVerto = Callable[[str], Awaitable[VertoPeer]]


@pytest.mark.item("S41")
async def test_a_wrong_password_is_refused(site: str, sip_server: Server, alice_browser: Browser) -> None:
    phone = await JsSipPhone.open(alice_browser, site, sip_server)
    assert not await phone.login("1000", "wrong")
    assert (await phone.wait_event("login"))["status"] in (401, 403)
    await phone.close()


@pytest.mark.item("S47")
async def test_a_page_that_logs_out_is_called_no_more(
    jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    alice, caller = await jssip(alice_browser, "1000"), await verto("1001")
    assert isinstance(alice, JsSipPhone)
    await alice.logout()
    call = await caller.invite("1000")
    assert (await call.ended())["cause"] == "USER_NOT_REGISTERED"


@pytest.mark.item("S80")
async def test_a_page_holds_and_takes_back(jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser) -> None:
    """The held side hears music, then the tone again."""
    alice, callee = await jssip(alice_browser, "1000"), await verto("1001")
    await alice.call("1001")
    call = await callee.answer(await callee.ringing(), BOB_HZ)
    await alice.wait_state("active")
    await alice.hear(BOB_HZ)
    await alice.hold()
    sound, rate = await call.media.hear(0.5, after=0.5)
    assert not has_tone(sound, rate, ALICE_HZ)
    assert not is_silent(sound)
    await alice.lose(BOB_HZ)
    await alice.unhold()
    await alice.hear(BOB_HZ)
    assert has_tone(*await call.media.hear(0.3, after=0.3), ALICE_HZ)
    await call.bye()
    assert await alice.cause() == "Terminated"


@pytest.mark.item("S83")
async def test_digits_of_both_kinds_are_counted_once_each(
    jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    alice, callee = await jssip(alice_browser, "1000"), await verto("1001")
    await alice.call("1001")
    call = await callee.answer(await callee.ringing(), BOB_HZ)
    await alice.wait_state("active")
    await alice.hear(BOB_HZ)
    await alice.dtmf("15")
    assert await call.media.pressed(2) == "15"
    await alice.tones("42#")
    assert await call.media.pressed(5) == "1542#"
    await alice.hangup()
    await call.ended()


@pytest.mark.item("S90")
@pytest.mark.parametrize(("status", "cause"), [(486, "USER_BUSY"), (603, "DECLINE")])
async def test_a_page_declines(
    status: int, cause: str, jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    alice, caller = await jssip(alice_browser, "1000"), await verto("1001")
    call = await caller.invite("1000")
    assert await alice.wait_incoming() == "1001"
    await alice.refuse(status)
    assert (await call.ended())["cause"] == cause


@pytest.mark.item("S90")
async def test_a_page_is_told_that_the_other_is_busy(
    jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    alice, callee = await jssip(alice_browser, "1000"), await verto("1001")
    await alice.call("1001")
    await callee.refuse(await callee.ringing(), "USER_BUSY")
    ended = await alice.ended()
    assert (ended["cause"], ended["status"]) == ("Busy", 486)
    assert "USER_BUSY" in ended["reason"]


@pytest.mark.item("S31")
async def test_a_page_gives_up_and_its_ringing_ends(
    jssip: OpenJsSip, alice_browser: Browser, bob_browser: Browser
) -> None:
    alice, bob = await jssip(alice_browser, "1000"), await jssip(bob_browser, "1001")
    await alice.call("1001")
    await bob.wait_incoming()
    await alice.hangup()
    assert await bob.cause() == "Canceled"
    assert await alice.cause() == "Canceled"


@pytest.mark.item("S84")
async def test_a_page_sends_its_peer_elsewhere(jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser) -> None:
    alice, callee = await jssip(alice_browser, "1000"), await verto("1001")
    third = await verto("1002")
    await alice.call("1001")
    call = await callee.answer(await callee.ringing(), BOB_HZ)
    await alice.wait_state("active")
    await alice.refer("1002")
    other = await third.answer(await third.ringing(), 880)
    await alice.wait_event("refer", step="accepted")
    assert await alice.cause() == "Terminated"
    assert has_tone(*await call.media.hear(0.3, after=0.5), 880)
    assert has_tone(*await other.media.hear(0.3), BOB_HZ)
    await call.bye()
    await other.ended()


@pytest.mark.item("S85")
async def test_a_page_joins_the_peers_of_its_two_calls(
    jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    alice, callee = await jssip(alice_browser, "1000"), await verto("1001")
    third = await verto("1002")
    await alice.call("1001")
    call = await callee.answer(await callee.ringing(), BOB_HZ)
    await alice.wait_state("active")
    await alice.hold()
    await alice.call("1002")
    other = await third.answer(await third.ringing(), 880)
    await alice.wait_state("active")
    await alice.join()
    await alice.wait_event("refer", step="accepted")
    assert has_tone(*await call.media.hear(0.3, after=0.5), 880)
    assert has_tone(*await other.media.hear(0.3), BOB_HZ)
    await call.bye()
    await other.ended()


@pytest.mark.item("S88")
async def test_messages_pass_both_ways_with_a_verto_phone(
    jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    alice, other = await jssip(alice_browser, "1000"), await verto("1001")
    assert await alice.chat("1001", "Grüße, 你好") in (200, 202)
    assert (await other.expect("verto.info"))["msg"]["body"] == "Grüße, 你好"
    await other.request("verto.info", {"msg": {"to": "1000@localhost", "body": "¡hola!"}})
    message = await alice.wait_event("chat")
    assert (message["from"], message["body"]) == ("1001", "¡hola!")


@pytest.mark.item("S23")
async def test_a_call_survives_the_loss_of_its_connection(
    jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    """JsSIP connects and registers again; the sound never stops, and the call can be ended over the new connection."""
    alice, callee = await jssip(alice_browser, "1000"), await verto("1001")
    await alice.call("1001")
    call = await callee.answer(await callee.ringing(), BOB_HZ)
    await alice.wait_state("active")
    await alice.cut()
    await alice.logged_in(2)
    await alice.hear(BOB_HZ)
    assert has_tone(*await call.media.hear(0.3), ALICE_HZ)
    await call.bye()
    assert await alice.cause() == "Terminated"


@pytest.mark.item("S22")
@pytest.mark.item("S21")
async def test_a_page_that_came_back_is_called_at_its_new_connection(
    jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    alice, caller = await jssip(alice_browser, "1000"), await verto("1001")
    await alice.cut()
    await alice.logged_in(2)
    call = await caller.invite("1000", BOB_HZ)
    await alice.wait_incoming()
    await alice.answer()
    await call.answered()
    await alice.hear(BOB_HZ)
    await alice.hangup()
    await call.ended()


@pytest.mark.item("S81")
async def test_its_session_of_ninety_seconds_is_taken(jssip: OpenJsSip, alice_browser: Browser) -> None:
    alice = await jssip(alice_browser, "1000")
    await alice.call("9196")
    await alice.wait_state("active")
    assert "Session-Expires: 90" in (await alice.sent("INVITE"))[-1]
    answer = next(text for text in await alice.came("SIP/2.0 200") if "INVITE\r\n" in text)
    assert "Session-Expires: 90;refresher=" in answer


@pytest.mark.item("S57")
async def test_a_page_hears_its_ringing_before_the_answer(
    jssip: OpenJsSip, verto: OpenVerto, alice_browser: Browser
) -> None:
    alice, callee = await jssip(alice_browser, "1000"), await verto("1001")
    await alice.call("1001")
    ringing = await callee.ringing()
    progress = await alice.wait_event("progress", status=180)
    assert progress["sdp"] == ""
    await callee.answer(ringing, BOB_HZ)
    await alice.hear(BOB_HZ)
