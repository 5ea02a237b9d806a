"""How calls end: the cause at both ends and in the record."""

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import OpenPair, OpenPhone
from tests.browser.phones import MAKES
from tests.browser.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MIXED = [pytest.param("stock", "vertojs", id="stock-vertojs"), pytest.param("vertojs", "stock", id="vertojs-stock")]


@pytest.mark.parametrize(("alice_make", "bob_make"), MIXED)
async def test_the_caller_hangs_up(alice_make: str, bob_make: str, open_pair: OpenPair, server: Server) -> None:
    newest = server.last_cdr()
    alice, bob = await open_pair(alice_make, bob_make)
    await alice.connect(bob)
    await alice.hangup()
    assert await bob.cause() == "NORMAL_CLEARING"
    assert await alice.cause() == "NORMAL_CLEARING"
    row = await server.cdr("1000", "1001", after=newest)
    assert row["cause"] == "NORMAL_CLEARING"
    assert row["answered"]


@pytest.mark.parametrize(("alice_make", "bob_make"), MIXED)
async def test_the_callee_hangs_up(alice_make: str, bob_make: str, open_pair: OpenPair, server: Server) -> None:
    """V19: whoever did not hang up gets one bye, and the stock client's own bye behind it does no harm."""
    newest = server.last_cdr()
    alice, bob = await open_pair(alice_make, bob_make)
    await alice.connect(bob)
    await bob.hangup()
    assert await alice.cause() == "NORMAL_CLEARING"
    assert await bob.cause() == "NORMAL_CLEARING"
    assert (await server.cdr("1000", "1001", after=newest))["cause"] == "NORMAL_CLEARING"
    assert len(await alice.received("verto.bye")) == 1


@pytest.mark.parametrize(("alice_make", "bob_make"), MIXED)
async def test_the_caller_gives_up_while_it_rings(
    alice_make: str, bob_make: str, open_pair: OpenPair, server: Server
) -> None:
    """V27, V29: a bye without a cause from a caller who was not answered means ORIGINATOR_CANCEL."""
    newest = server.last_cdr()
    alice, bob = await open_pair(alice_make, bob_make)
    await alice.call("1001")
    await bob.wait_incoming()
    await alice.wait_state("early")
    await alice.hangup()
    assert await bob.cause() == "ORIGINATOR_CANCEL"
    assert await alice.cause() == "ORIGINATOR_CANCEL"
    row = await server.cdr("1000", "1001", after=newest)
    assert row["cause"] == "ORIGINATOR_CANCEL"
    assert not row["answered"]


@pytest.mark.parametrize(("alice_make", "bob_make"), MIXED)
async def test_the_callee_declines(alice_make: str, bob_make: str, open_pair: OpenPair, server: Server) -> None:
    """V29: a bye without a cause from a ringing callee means CALL_REJECTED."""
    newest = server.last_cdr()
    alice, bob = await open_pair(alice_make, bob_make)
    await alice.call("1001")
    await bob.wait_incoming()
    await bob.reject()
    assert await alice.cause() == "CALL_REJECTED"
    assert await bob.cause() == "CALL_REJECTED"
    assert (await server.cdr("1000", "1001", after=newest))["cause"] == "CALL_REJECTED"


async def test_the_callee_is_busy(open_pair: OpenPair, server: Server) -> None:
    """V29: a cause by name goes through to the caller (verto 0.1.1 cannot send one)."""
    newest = server.last_cdr()
    alice, bob = await open_pair("stock", "vertojs")
    await alice.call("1001")
    await bob.wait_incoming()
    await bob.reject("USER_BUSY")
    assert await alice.cause() == "USER_BUSY"
    assert (await alice.events("state"))[-1]["cause"] == "USER_BUSY"
    assert (await server.cdr("1000", "1001", after=newest))["cause"] == "USER_BUSY"


@pytest.mark.parametrize("make", MAKES)
async def test_nobody_is_there(make: str, open_phone: OpenPhone, alice_browser: Browser, server: Server) -> None:
    newest = server.last_cdr()
    alice = await open_phone(make, alice_browser, "1000")
    await alice.call("1019")
    assert await alice.cause() == "USER_NOT_REGISTERED"
    assert (await server.cdr("1000", "1019", after=newest))["cause"] == "USER_NOT_REGISTERED"
