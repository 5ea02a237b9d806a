"""Both clients log in, and learn when the password is wrong."""

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import OpenPhone
from tests.browser.phones import MAKES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_stock_client_logs_in_after_its_bare_first_try(open_phone: OpenPhone, alice_browser: Browser) -> None:
    """V13, V14: two bare logins, -32000 for each, then credentials, then one clientReady."""
    phone = await open_phone("stock", alice_browser)
    assert await phone.login("1000")
    assert (await phone.wait_event("ready"))["calls"] == []
    assert await phone.refusals() == [-32000, -32000]


async def test_vertojs_logs_in_and_is_given_a_session(open_phone: OpenPhone, alice_browser: Browser) -> None:
    """V8: vertojs sends no sessid and reads `result.sessid`."""
    phone = await open_phone("vertojs", alice_browser)
    assert await phone.login("1000")
    assert await phone.page.evaluate("phone.verto.sessid")


@pytest.mark.parametrize("make", MAKES)
async def test_a_wrong_password_is_refused(make: str, open_phone: OpenPhone, alice_browser: Browser) -> None:
    """V14: -32001, and a new page with the right password is welcome."""
    phone = await open_phone(make, alice_browser)
    assert not await phone.login("1000", "wrong")
    assert (await phone.refusals())[-1] == -32001
    again = await open_phone(make, alice_browser)
    assert await again.login("1000")
