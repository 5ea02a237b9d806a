"""What only the stock client can do: transfer, chat, and come back after a reload."""

import asyncio
import time

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import ALICE_HZ, BOB_HZ, OpenPair, OpenPhone
from tests.browser.phones import StockPhone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_blind_transfer_takes_the_peer_elsewhere(open_pair: OpenPair) -> None:
    """V30: Bob sends Alice to the echo; she stays up and hears herself, he is out."""
    alice, bob = await open_pair("stock", "stock")
    assert isinstance(bob, StockPhone)
    await alice.connect(bob)
    await alice.hear(BOB_HZ)
    await bob.transfer("9196")
    assert await bob.cause() in ("BLIND_TRANSFER", "NORMAL_CLEARING")
    await alice.hear(ALICE_HZ)
    assert await alice.state() == "active"


async def test_a_message_reaches_the_other_page(open_pair: OpenPair) -> None:
    """V33, V34: the sender's name is the server's word."""
    alice, bob = await open_pair("stock", "stock")
    assert isinstance(alice, StockPhone)
    await alice.chat(alice.server.login_name("1001"), "Grüße, 你好")
    message = await bob.wait_event("chat")
    assert message["body"] == "Grüße, 你好"
    assert message["from"] == alice.server.login_name("1000")


async def test_a_reload_in_mid_call_brings_the_call_and_its_sound_back(open_pair: OpenPair) -> None:
    """V39, V40: no bye is sent; the new page is attached, and both hear each other again within 3 s of its login."""
    alice, bob = await open_pair("stock", "stock")
    await alice.connect(bob)
    await bob.hear(ALICE_HZ)
    call = (await alice.events("state"))[-1]["call"]
    await alice.reload()
    logged_in = time.monotonic()
    await alice.wait_state("active")
    await alice.wait_packets()
    assert time.monotonic() - logged_in < 3
    assert (await alice.events("ready"))[-1]["calls"] == [call]
    assert (await alice.events("state"))[0] == {**(await alice.events("state"))[0], "state": "recovering", "call": call}
    await asyncio.gather(bob.hear(ALICE_HZ), alice.hear(BOB_HZ))
    assert await bob.state() == "active"


async def test_a_reload_in_an_echo_call_brings_it_back(open_phone: OpenPhone, alice_browser: Browser) -> None:
    """V40: also where no other page is at the far end."""
    alice = await open_phone("stock", alice_browser, "1000")
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    await alice.reload()
    await alice.wait_state("active")
    await alice.hear(ALICE_HZ)


async def test_a_second_tab_takes_the_session_and_its_call(open_phone: OpenPhone, alice_browser: Browser) -> None:
    """V11, V13: tabs share the sessid; the first one is punted and stays away, the second one has the call."""
    first = await open_phone("stock", alice_browser, "1000")
    await first.call("9196")
    await first.hear(ALICE_HZ)
    page = await first.page.context.new_page()
    await page.goto(first.page.url)
    second = StockPhone(page, first.server, first.audio, first.door)
    assert await second.login("1000")
    await first.wait_state("ended")
    assert len(await first.received("verto.punt")) == 1
    await second.wait_state("active")
    await second.hear(ALICE_HZ)
    await second.listen()
    await second.listen()  # a page that came back after its usual second would have punted this one by now
    assert [event["what"] for event in await first.events("closed")] == ["closed"]
    assert await second.events("closed") == []
    await second.hangup()
    assert await second.cause() == "NORMAL_CLEARING"
