"""A server that is told to stop takes leave of its pages."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import ALICE_HZ, OpenPhone
from tests.browser.phones import MAKES
from tests.browser.server import start_demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("make", MAKES)
async def test_a_page_in_a_call_gets_a_bye_and_then_the_close(
    make: str, open_phone: OpenPhone, alice_browser: Browser, tmp_path: Path
) -> None:
    """SIGTERM in mid-call gives bye SYSTEM_SHUTDOWN, then close 1001, and exit code 0."""
    server = await start_demo(tmp_path)
    alice = await open_phone(make, alice_browser, "1000", server=server)
    await alice.call("9196")
    await alice.hear(ALICE_HZ)
    server.terminate()
    assert await alice.cause() == "SYSTEM_SHUTDOWN"
    assert (await alice.wait_event("closed"))["code"] == 1001
    assert await server.stopped() == 0
    assert server.faults() == []
    order = [event["what"] for event in await alice.events("in", "closed")]
    assert "in" not in order[order.index("closed") :]
