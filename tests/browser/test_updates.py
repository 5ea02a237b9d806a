"""Other media for calls that are up, with browsers: pictures that come and go, ICE that begins anew, kept calls."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.conftest import ALICE_HZ, BOB_HZ
from tests.browser.server import PASSWORD, Server
from tests.browser.sounds import heard

pytestmark = pytest.mark.asyncio(loop_scope="session")

_LOOK_AGAIN_S: Final = 0.1


class Client:
    """A page with one client."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server

    async def do(self, what: str, *args: Any) -> Any:
        """Call a function of the client's."""
        return await self.page.evaluate(f"args => client.{what}(...args)", list(args))

    async def login(self, user: str) -> None:
        """Log in."""
        name = self.server.login_name(user)
        await self.do("open", self.server.url(), name, PASSWORD, f"sess-{user}")

    async def more(self, *what: str) -> None:
        """Wait until more of these comes: `pictures`, `sound`, `energy`."""
        before = await self.do("counts")
        async with asyncio.timeout(10):
            while (now := await self.do("counts")) and any(now[each] <= before[each] for each in what):
                await asyncio.sleep(_LOOK_AGAIN_S)

    async def hears(self, hz: int) -> None:
        """Wait until this tone is what is heard."""
        async with asyncio.timeout(10):
            while not heard(await self.page.evaluate("ear.listen(client.pc)")).has(hz):
                pass

    async def no_more_pictures(self) -> None:
        """See that none come while sound does."""
        await self.more("sound")
        before = (await self.do("counts"))["pictures"]
        for _ in range(5):
            await self.more("sound")
        assert (await self.do("counts"))["pictures"] <= before + 1


async def talk(alice: Client, bob: Client) -> None:
    """Wait until the two hear each other."""
    await alice.hears(BOB_HZ)
    await bob.hears(ALICE_HZ)


@pytest_asyncio.fixture(loop_scope="session")
async def pair(
    site: str, server: Server, alice_browser: Browser, bob_browser: Browser
) -> AsyncIterator[tuple[Client, Client]]:
    """Alice and Bob, who talk."""
    clients = []
    for browser, user in ((alice_browser, "1000"), (bob_browser, "1001")):
        context = await browser.new_context(ignore_https_errors=True)
        page = await context.new_page()
        await page.goto(f"{site}/update.html")
        clients.append(Client(page, server))
        await clients[-1].login(user)
    alice, bob = clients
    async with asyncio.timeout(40):
        await asyncio.gather(alice.do("call", "1001"), bob.do("answer"))
        await talk(alice, bob)
    yield alice, bob
    await alice.page.evaluate('client.ask("verto.bye", { dialogParams: { callID: client.callID } })')
    await bob.do("until", "verto.bye")
    for each in clients:
        await each.page.context.close()


async def test_pictures_come_and_go(pair: tuple[Client, Client]) -> None:
    alice, bob = pair
    async with asyncio.timeout(40):
        await alice.do("camera", True)
        assert await alice.do("update") == ["sendrecv", "sendonly"]
        assert await bob.do("updated") == ["sendrecv", "recvonly"]
        await bob.more("pictures")
        await bob.do("camera", True)
        assert await bob.do("update") == ["sendrecv", "sendrecv"]
        assert await alice.do("updated") == ["sendrecv", "sendrecv"]
        await alice.more("pictures")
        await bob.more("pictures")
        await talk(alice, bob)
        await alice.do("camera", False)
        assert await alice.do("update") == ["sendrecv", "recvonly"]
        assert await bob.do("updated") == ["sendrecv", "sendonly"]
        await bob.no_more_pictures()
        await alice.more("pictures")
        await alice.do("camera", True)
        assert await alice.do("update") == ["sendrecv", "sendrecv"]
        assert await bob.do("updated") == ["sendrecv", "sendrecv"]
        await bob.more("pictures")
        await talk(alice, bob)


async def test_pictures_that_were_stopped_come_back_in_an_m_line_of_either_side(pair: tuple[Client, Client]) -> None:
    alice, bob = pair
    async with asyncio.timeout(40):
        await alice.do("camera", True)
        await alice.do("update")
        await bob.do("updated")
        await bob.do("camera", True)
        await bob.do("update")
        await alice.do("updated")
        await alice.more("pictures")
        await alice.page.evaluate("client.video().stop()")
        await alice.do("update")
        assert await bob.do("updated") == ["sendrecv", "inactive"]
        await bob.do("camera", False)
        await bob.do("camera", True)
        assert await bob.do("update") == ["sendrecv", "sendonly"]
        assert (await alice.do("updated"))[-1] == "recvonly"
        await alice.more("pictures")
        await alice.do("camera", True)
        await alice.do("update")
        assert await bob.do("updated") == ["sendrecv", "sendrecv"]
        await bob.more("pictures")
        await talk(alice, bob)


async def test_ice_begins_anew_and_the_sound_goes_on(pair: tuple[Client, Client]) -> None:
    alice, bob = pair
    async with asyncio.timeout(30):
        for each in pair:
            before = (await each.do("counts"))["pairs"]
            assert await each.do("update", {"iceRestart": True}) == ["sendrecv"]
            while (await each.do("counts"))["pairs"] == before:
                await asyncio.sleep(_LOOK_AGAIN_S)
            await talk(alice, bob)


async def test_a_call_is_kept_when_only_the_socket_was_lost(pair: tuple[Client, Client]) -> None:
    alice, bob = pair
    async with asyncio.timeout(30):
        call = await alice.page.evaluate("client.callID")
        await alice.do("drop")
        await talk(alice, bob)
        ready = await alice.do("again", alice.server.url(), {"keep": [call]})
        assert ready == {"reattached_sessions": [call]}
        assert (await alice.do("until", "verto.info"))["callState"] == {"peerHeld": False, "recording": False}
        await talk(alice, bob)
        await alice.do("camera", True)
        await alice.do("update", {"iceRestart": True})
        await bob.do("updated")
        await bob.more("pictures")
        await talk(alice, bob)


async def test_offers_of_both_at_once_end_well(pair: tuple[Client, Client]) -> None:
    """Glare: the server's offer counts; the client rolls its own back and answers.

    After a rollback Chromium plays what is heard, but gives Web Audio silence and calls the pictures muted.
    """
    alice, bob = pair
    async with asyncio.timeout(30):
        await alice.do("camera", True)
        await bob.do("camera", True)
        await alice.do("update")  # now our offer to Bob is open
        refused = await bob.page.evaluate(
            "client.update().then(() => 'taken', async (error) => {"
            " await client.pc.setLocalDescription({ type: 'rollback' }); return error.message; })"
        )
        assert refused == "Update in progress"
        assert await bob.do("updated") == ["sendrecv", "sendrecv"]
        assert await alice.do("updated") == ["sendrecv", "sendrecv"]
        await alice.more("pictures")
        await bob.more("pictures")
        await alice.hears(BOB_HZ)
        await bob.more("energy")
