"""Other ways in: TLS, real addresses instead of .local names, and a voice through everything users leave on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright

from tests.browser.chromium import REAL_ADDRESSES, launch
from tests.browser.conftest import ALICE_HZ, BOB_HZ, OpenPair, OpenPhone
from tests.browser.phones import AS_USERS_HAVE_IT, MAKES, Phone
from tests.browser.sounds import write_speech

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def carol_browser(playwright: Playwright, sounds: Path) -> AsyncIterator[Browser]:
    """A Chromium that shows its addresses and speaks instead of whistling."""
    browser = await launch(playwright, write_speech(sounds / "carol.wav"), REAL_ADDRESSES)
    yield browser
    await browser.close()


async def offered_candidates(phone: Phone) -> list[str]:
    """The candidate lines of the phone's first offer."""
    offers = [message["params"]["sdp"] for _, message in await phone.wire() if message.get("method") == "verto.invite"]
    return [line for line in offers[0].splitlines() if line.startswith("a=candidate")]


async def test_a_default_chromium_hides_its_addresses_and_is_heard(
    open_phone: OpenPhone, alice_browser: Browser
) -> None:
    """V58, V59: only .local names in the offer; media comes by peer-reflexive candidates."""
    alice = await open_phone("stock", alice_browser, "1000")
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    hosts = [line for line in await offered_candidates(alice) if " typ host" in line]
    assert [line for line in hosts if ".local" not in line] == []


@pytest.mark.parametrize("make", MAKES)
async def test_a_voice_with_all_processing_on_comes_back_from_the_echo(
    make: str, open_phone: OpenPhone, carol_browser: Browser
) -> None:
    """V60: real addresses in the offer; echo cancellation, noise suppression and gain control as users have them."""
    carol = await open_phone(make, carol_browser, "1002", audio=AS_USERS_HAVE_IT)
    await carol.call("9196")
    await carol.wait_state("active")
    await carol.hear_something()
    assert any(".local" not in line for line in await offered_candidates(carol))


async def test_an_echo_call_over_tls(open_phone: OpenPhone, alice_browser: Browser) -> None:
    alice = await open_phone("vertojs", alice_browser, "1000", door="wss")
    await alice.call("9196")
    await alice.hear(ALICE_HZ)


async def test_a_call_between_two_pages_over_tls(open_pair: OpenPair) -> None:
    alice, bob = await open_pair("stock", "vertojs", door="wss")
    await alice.connect(bob)
    await asyncio.gather(bob.hear(ALICE_HZ), alice.hear(BOB_HZ))
