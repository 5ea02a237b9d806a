"""Every make of phone behind one interface: the Verto clients, JsSIP, baresip and sipp."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Final, Protocol

from playwright.async_api import Browser, async_playwright

from tests.browser.chromium import launch
from tests.browser.phones import Phone as Page
from tests.browser.phones import StockPhone, VertojsPhone
from tests.browser.server import PASSWORD, Server
from tests.browser.site import serve_pages
from tests.browser.sounds import write_tone
from tests.peers.baresip import MEDIA, Baresip
from tests.peers.jssip import JsSipPhone
from tests.peers.server import start
from tests.peers.sip import SIP_PORTS, Door
from tests.peers.sipp import Sipp
from tests.peers.sipp_scene import Scene
from xswitch_py.base.user import User
from xswitch_py.store.open import open_store

__all__ = ["CALLEE", "CALLER", "KINDS", "Desk", "Part", "Phone", "desk"]


@dataclass(frozen=True, slots=True)
class Part:
    """Who a phone is in a pairing."""

    user: str
    hz: int


CALLER: Final = Part("1000", 620)
CALLEE: Final = Part("1001", 1130)
_APART: Final = {"rtp": 0, "sdes": 10, "dtls": 20}  # from the part's number to that of the user whom we offer this


class Phone(Protocol):
    """What a pairing asks of a phone."""

    part: Part
    speaks: bool  # with a tone of its own; else it sends back what it hears
    hangs_up: bool  # by its own will

    async def call(self, number: str) -> None:
        """Place a call."""

    async def rung(self) -> None:
        """Wait for a call."""

    async def answer(self) -> None:
        """Answer it, and wait until it is up."""

    async def up(self) -> None:
        """Wait until the call we placed is up."""

    async def hear(self, hz: int) -> None:
        """Listen until a tone is clear."""

    async def hangup(self) -> None:
        """End the call."""

    async def over(self) -> None:
        """Wait until the other side has ended it."""

    async def close(self) -> None:
        """Be gone."""


@dataclass(slots=True)
class Desk:
    """What all phones need: a server, pages, a browser for each part and a folder."""

    server: Server
    site: str
    browsers: Mapping[Part, Browser]
    folder: Path

    @property
    def door(self) -> Door:
        """Where the server speaks SIP."""
        return Door.of(self.server.facts)


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """A server and two Chromiums for as long as the block runs."""
    server = await _start(folder)
    try:
        with serve_pages() as site:
            async with async_playwright() as playwright:
                browsers = {
                    part: await launch(playwright, write_tone(folder / f"{part.user}.wav", part.hz))
                    for part in (CALLER, CALLEE)
                }
                yield Desk(server, site, browsers, folder)
    finally:
        server.terminate()
        await server.stopped()


async def _start(folder: Path) -> Server:
    """Start a server whose users say what their phones are to be offered."""
    database = folder / "matrix.db"
    store = await open_store(database)
    for part, (media, more) in product((CALLER, CALLEE), _APART.items()):
        name, variables = str(int(part.user) + more), {"sip_srtp": media} if more else {}
        await store.users.add(User(name, "localhost", f"User {name}", variables=variables))
        await store.users.set_phone_secret(name, "localhost", PASSWORD)
    await store.close()
    # A sipp that ends leaves its registration behind: one a pairing, until it expires.
    settings = (*SIP_PORTS, f"store.path={database}", "shutdown.drain=0", "sip.contacts=100")
    started = await start(folder, *settings, command="serve", options=())
    return Server(started.process, started.facts, database, started.log)


class _OnPage:
    """A client in a page."""

    speaks = hangs_up = True

    def __init__(self, page: Page, part: Part) -> None:
        self._page, self.part = page, part

    async def call(self, number: str) -> None:
        await self._page.call(number)

    async def rung(self) -> None:
        await self._page.wait_incoming()

    async def answer(self) -> None:
        await self._page.answer()

    async def up(self) -> None:
        await self._page.wait_state("active")

    async def hear(self, hz: int) -> None:
        await self._page.hear(hz)

    async def hangup(self) -> None:
        await self._page.hangup()

    async def over(self) -> None:
        await self._page.wait_state("ended")

    async def close(self) -> None:
        assert await self._page.errors() == []
        await self._page.close()


class _OnBaresip:
    """A baresip."""

    speaks = hangs_up = True

    def __init__(self, phone: Baresip, part: Part) -> None:
        self._phone, self.part = phone, part

    async def call(self, number: str) -> None:
        await self._phone.dial(number)

    async def rung(self) -> None:
        await self._phone.ringing()

    async def answer(self) -> None:
        await self._phone.accept()

    async def up(self) -> None:
        await self._phone.established()

    async def hear(self, hz: int) -> None:
        await self._phone.hear(hz)

    async def hangup(self) -> None:
        await self._phone.hangup()

    async def over(self) -> None:
        await self._phone.closed()

    async def close(self) -> None:
        await self._phone.close()


class _OnSipp:
    """A sipp: it answers by itself, and sends back what it hears. Two of them have no sound to send back."""

    speaks = hangs_up = False

    def __init__(self, desk: Desk, transport: str, part: Part) -> None:
        self._desk, self._transport, self.part = desk, transport, part
        self._running: Sipp | None = None

    async def wait(self) -> None:
        """Register, and answer whoever calls."""
        answering = self._scene().called().answered().hung_up()
        self._running = await self._start(self._scene().register().mark("registered").pause(), answering)
        await self._sipp.reached("registered")

    async def call(self, number: str) -> None:
        self._running = await self._start(self._scene().invite(number).connected().hung_up())

    async def rung(self) -> None:
        await self._sipp.received("^INVITE")

    async def answer(self) -> None:
        await self._sipp.reached("answered")

    async def up(self) -> None:
        await self._sipp.reached("answered")

    async def hear(self, hz: int) -> None:
        """Not by it: the other side hears its own tone."""

    async def hangup(self) -> None:
        raise NotImplementedError

    async def over(self) -> None:
        await self._sipp.reached("ended")

    async def close(self) -> None:
        if self._running:
            await self._running.close()

    @property
    def _sipp(self) -> Sipp:
        assert self._running is not None
        return self._running

    def _scene(self) -> Scene:
        return Scene(self.part.user, PASSWORD, self._desk.door.domain)

    async def _start(self, scene: Scene, answering: Scene | None = None) -> Sipp:
        remote = self._desk.door.address(self._transport)
        return await Sipp.start(self._desk.folder, remote, scene, transport=self._transport, answering=answering)


Open = Callable[[Desk, Part], Awaitable[Phone]]


def _page(make: type[Page], door: str) -> Open:
    async def open_(desk: Desk, part: Part) -> Phone:
        page = await make.open(desk.browsers[part], desk.site, desk.server, door=door)
        assert await page.login(part.user)
        return _OnPage(page, part)

    return open_


def _baresip(transport: str, media: str) -> Open:
    async def open_(desk: Desk, part: Part) -> Phone:
        door, user = desk.door, str(int(part.user) + _APART[media])
        phone = await Baresip.start(
            desk.folder, user, door.address(transport),
            password=PASSWORD, domain=door.domain, transport=transport, media=media, hz=part.hz, ca=door.ca,
        )  # fmt: skip
        try:
            await phone.register()
        except BaseException:
            await phone.close()
            raise
        return _OnBaresip(phone, replace(part, user=user))

    return open_


def _sipp(transport: str) -> Open:
    async def open_(desk: Desk, part: Part) -> Phone:
        phone = _OnSipp(desk, transport, part)
        if part is CALLEE:
            await phone.wait()
        return phone

    return open_


KINDS: Final[Mapping[str, Open]] = {
    "verto": _page(StockPhone, "ws"),
    "vertojs": _page(VertojsPhone, "ws"),
    "jssip-ws": _page(JsSipPhone, "ws"),
    "jssip-wss": _page(JsSipPhone, "wss"),
    **{
        f"baresip-{transport}-{media}": _baresip(transport, media)
        for transport, media in product(("udp", "tcp", "tls"), MEDIA)
    },
    "sipp-udp": _sipp("udp"),
    "sipp-tcp": _sipp("tcp"),
}
