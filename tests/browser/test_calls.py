"""Calls of both clients, alone and with each other, judged by what is heard at the far end."""

import asyncio
from itertools import product

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import ALICE_HZ, BOB_HZ, OpenPair, OpenPhone
from tests.browser.phones import MAKES
from tests.browser.server import PASSWORD, Server
from tests.peers.verto import VertoPeer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAIRS = [pytest.param(*pair, id="-".join(pair)) for pair in product(MAKES, MAKES)]
SAME = [pytest.param(make, make, id=make) for make in MAKES]


@pytest.mark.parametrize("make", MAKES)
async def test_the_echo_returns_the_callers_own_tone(make: str, open_phone: OpenPhone, alice_browser: Browser) -> None:
    alice = await open_phone(make, alice_browser, "1000")
    await alice.call("9196")
    await alice.wait_state("active")
    await alice.hear(ALICE_HZ)
    before = await alice.packets()
    await alice.listen()
    after = await alice.packets()
    assert after["sent"] > before["sent"]
    assert after["received"] > before["received"]
    await alice.hangup()
    assert await alice.cause() == "NORMAL_CLEARING"


@pytest.mark.parametrize(("alice_make", "bob_make"), PAIRS)
async def test_each_side_hears_the_others_tone(alice_make: str, bob_make: str, open_pair: OpenPair) -> None:
    alice, bob = await open_pair(alice_make, bob_make)
    await alice.connect(bob)
    await asyncio.gather(bob.hear(ALICE_HZ), alice.hear(BOB_HZ))
    await bob.hangup()
    assert await alice.cause() == "NORMAL_CLEARING"


@pytest.mark.parametrize("make", MAKES)
async def test_the_caller_hears_ringing_before_the_answer(make: str, open_pair: OpenPair) -> None:
    """V21: early media with a ringback tone, so that the client's 30 s timer never fires; V18: SDP only once."""
    alice, bob = await open_pair(make, "stock")
    await alice.call("1001")
    await bob.wait_incoming()
    await alice.wait_state("early")
    await alice.hear_something()
    await bob.answer()
    await alice.wait_state("active")
    await alice.hear(BOB_HZ)
    answers = await alice.received("verto.answer")
    assert len(answers) == 1
    assert "sdp" not in answers[0]


@pytest.mark.parametrize(("alice_make", "bob_make"), SAME)
async def test_hold_takes_the_tone_away_and_unhold_brings_it_back(
    alice_make: str, bob_make: str, open_pair: OpenPair
) -> None:
    """V31: the held side hears music instead, the holder nothing of the other."""
    alice, bob = await open_pair(alice_make, bob_make)
    await alice.connect(bob)
    await bob.hear(ALICE_HZ)
    await alice.hold()
    await asyncio.gather(bob.lose(ALICE_HZ), alice.lose(BOB_HZ))
    await bob.hear_something()
    await alice.unhold()
    await asyncio.gather(bob.hear(ALICE_HZ), alice.hear(BOB_HZ))
    assert await bob.state() == "active"


@pytest.mark.parametrize("make", MAKES)
async def test_digits_by_info_are_accepted(make: str, open_phone: OpenPhone, alice_browser: Browser) -> None:
    """V32: one digit and several at once, while the call goes on."""
    alice = await open_phone(make, alice_browser, "1000")
    await alice.call("9196")
    await alice.wait_state("active")
    await alice.dtmf("5")
    await alice.dtmf("19#*")
    replies = await alice.wait_replies("verto.info", count=2)
    assert [reply["result"]["message"] for reply in replies] == ["SENT", "SENT"]
    await alice.hear(ALICE_HZ)


@pytest.mark.parametrize("make", MAKES)
async def test_digits_both_ways_are_counted_at_the_far_end_once_each(
    make: str, open_phone: OpenPhone, alice_browser: Browser, server: Server
) -> None:
    """V32: RFC 4733 events at an aiortc phone, whether they came as `verto.info` or from the browser's RTP sender."""
    alice = await open_phone(make, alice_browser, "1000")
    async with await VertoPeer.open(server.url()) as bob:
        await bob.login("1001", PASSWORD)
        await alice.call("1001")
        into = await bob.answer(await bob.ringing(), BOB_HZ)
        await alice.wait_state("active")
        await alice.hear(BOB_HZ)
        await alice.dtmf("5")
        await alice.dtmf("519#*")
        assert await into.media.pressed(6) == "5519#*"
        await alice.rtp_dtmf("442#")
        assert await into.media.pressed(10) == "5519#*442#"
        await alice.hangup()
        assert (await into.ended())["cause"] == "NORMAL_CLEARING"


@pytest.mark.parametrize("make", MAKES)
async def test_digits_by_rtp_leave_the_browser_and_the_call_goes_on(
    make: str, open_phone: OpenPhone, alice_browser: Browser
) -> None:
    """The answer has telephone-event, or Chromium would refuse; afterwards the tone is still there."""
    alice = await open_phone(make, alice_browser, "1000")
    await alice.call("9196")
    await alice.wait_state("active")
    await alice.hear(ALICE_HZ)
    await alice.rtp_dtmf("42#")
    assert [event["digit"] for event in await alice.events("tone")] == ["4", "2", "#", ""]
    await alice.hear(ALICE_HZ)
