"""A telephone in a page: one interface over two unmodified clients."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, ClassVar, Final

from playwright.async_api import Browser, BrowserContext, Error, Page

from tests.browser.server import PASSWORD, Server
from tests.browser.sounds import Heard, heard

__all__ = ["AS_USERS_HAVE_IT", "MAKES", "STEADY", "Phone", "StockPhone", "VertojsPhone"]

STEADY: Final = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}  # a tone stays a tone
AS_USERS_HAVE_IT: Final = {"echoCancellation": True, "noiseSuppression": True, "autoGainControl": True}

_PATIENCE_MS: Final = 10_000
_LOOK_AGAIN_MS: Final = 50
_LISTENINGS: Final = 12  # of 0.7 s each


class Phone:
    """One page with one client on it, in a browser context of its own."""

    page_name: ClassVar[str]

    def __init__(self, page: Page, server: Server, audio: dict[str, bool], door: str) -> None:
        self.page, self.server, self.audio, self.door = page, server, audio, door
        self.user = ""
        self.password = PASSWORD

    @classmethod
    async def open(
        cls, browser: Browser, site: str, server: Server, audio: dict[str, bool] = STEADY, door: str = "ws"
    ) -> "Phone":
        """Open the page; nobody is logged in yet. `door` is `ws` or `wss`.

        The microphone is allowed by a flag of the browser. Were the permission granted as well (as it is when the
        list is left out), Chromium would show the computer's addresses, which it hides from a page by default.
        """
        context: BrowserContext = await browser.new_context(permissions=[], ignore_https_errors=True)
        page = await context.new_page()
        await page.goto(f"{site}/{cls.page_name}")
        return cls(page, server, audio, door)

    async def close(self) -> None:
        """End a call that is still up, then shut the page."""
        if await self.state() not in ("none", "ended"):
            await self.hangup()
            await self.wait_state("ended")
        await self.page.context.close()

    # --- what a user does

    async def login(self, user: str, password: str = PASSWORD) -> bool:
        """Log in; says whether the server agreed."""
        self.user, self.password = user, password
        options = {
            "user": self.server.login_name(user),
            "password": password,
            "url": self.server.url(self.door),
            "audio": self.audio,
        }
        async with asyncio.timeout(_PATIENCE_MS / 1000):
            return bool(await self.page.evaluate("options => phone.login(options)", options))

    async def call(self, number: str) -> None:
        """Start a call."""
        await self.page.evaluate("([number, name]) => phone.call(number, name)", [number, self.user])

    async def wait_incoming(self) -> str:
        """Wait until it rings; returns the caller's number."""
        await self.wait_state("ringing")
        return str((await self.events("state"))[-1]["peer"])

    async def answer(self) -> None:
        """Pick up and wait until the call is up."""
        await self.page.evaluate("() => phone.answer()")
        await self.wait_state("active")

    async def connect(self, other: "Phone") -> None:
        """Call the other phone, which answers; returns when both see the call up."""
        await self.call(other.user)
        assert await other.wait_incoming() == self.user
        await other.answer()
        await self.wait_state("active")

    async def hangup(self) -> None:
        """Put down."""
        await self.page.evaluate("() => phone.hangup()")

    async def reject(self, cause: str | None = None) -> None:
        """Decline, with a cause if the client can send one."""
        await self.page.evaluate("cause => phone.reject(cause)", cause)

    async def dtmf(self, digits: str) -> None:
        """Send digits by `verto.info`."""
        await self.page.evaluate("digits => phone.dtmf(digits)", digits)

    async def rtp_dtmf(self, digits: str) -> None:
        """Send digits by the browser's RTP sender; returns when the last one is out."""
        await self.page.evaluate("digits => sendTones(phone.peer(), digits)", digits)

    async def hold(self) -> None:
        """Hold, and wait until the server confirmed."""
        await self.page.evaluate("() => phone.hold()")
        await self.wait_state("held")

    async def unhold(self) -> None:
        """Take the call back, and wait until the server confirmed."""
        await self.page.evaluate("() => phone.unhold()")
        await self.wait_state("active")

    async def reload(self) -> None:
        """Reload the page in mid-call and log in again, as a page with a remembered login does."""
        await self.page.reload()
        assert await self.login(self.user, self.password)

    # --- what a user sees

    async def state(self) -> str:
        """The state of the latest call, in words that are the same for both clients."""
        return str(await self.page.evaluate("watch.state"))

    async def wait_state(self, *states: str) -> str:
        """Wait for one of these states; returns which one it is."""
        try:
            await self.page.wait_for_function(
                "states => states.includes(watch.state)", arg=list(states), timeout=_PATIENCE_MS
            )
        except Error as failure:
            seen = [event["state"] for event in await self.events("state")]
            raise AssertionError(f"{self.user}: no state of {states}, only {seen}") from failure
        return await self.state()

    async def states(self) -> list[str]:
        """All states so far, repeats left out."""
        seen = [event["state"] for event in await self.events("state")]
        return [state for state, before in zip(seen, ["", *seen], strict=False) if state != before]

    async def cause(self) -> str:
        """Wait until the call is over for client and server; returns the cause in the server's word."""
        await self.wait_state("ended")
        call = (await self.events("state"))[-1]["call"]
        for _ in range(_PATIENCE_MS // _LOOK_AGAIN_MS):
            if cause := _cause(await self.wire(), call):
                return cause
            await self.page.wait_for_timeout(_LOOK_AGAIN_MS)
        raise AssertionError(f"{self.user}: the server said nothing about the end of the call")

    async def events(self, *what: str) -> list[dict[str, Any]]:
        """Everything of these kinds that the page noted, in order."""
        search = "what => watch.events.filter(event => what.includes(event.what))"
        return list(await self.page.evaluate(search, list(what)))

    async def wait_event(self, what: str, **facts: object) -> dict[str, Any]:
        """Wait for an event with these facts."""
        wanted = {"what": what, **facts}
        search = "wanted => watch.events.find(e => Object.entries(wanted).every(([k, v]) => e[k] === v))"
        try:
            found = await self.page.wait_for_function(search, arg=wanted, timeout=_PATIENCE_MS)
        except Error as failure:
            raise AssertionError(f"{self.user}: no {wanted}, only {await self.events(what)}") from failure
        return dict(await found.json_value())

    async def wire(self) -> list[tuple[str, dict[str, Any]]]:
        """All JSON messages since the page was loaded: (`in` or `out`, message)."""
        events = await self.events("in", "out")
        return [(event["what"], json.loads(event["text"])) for event in events if event["text"][:1] in "{["]

    async def received(self, method: str) -> list[dict[str, Any]]:
        """The params of the server's requests of one method."""
        wire = await self.wire()
        return [message["params"] for way, message in wire if way == "in" and message.get("method") == method]

    async def refusals(self) -> list[int]:
        """The codes of the server's errors."""
        return [message["error"]["code"] for way, message in await self.wire() if way == "in" and "error" in message]

    async def replies(self, method: str) -> list[dict[str, Any]]:
        """The server's replies to our requests of one method, in their order."""
        wire = await self.wire()
        asked = {message["id"] for way, message in wire if way == "out" and message.get("method") == method}
        return [
            message for way, message in wire if way == "in" and "method" not in message and message.get("id") in asked
        ]

    async def wait_replies(self, method: str, count: int) -> list[dict[str, Any]]:
        """Wait until `count` requests of one method have their replies."""
        for _ in range(_PATIENCE_MS // _LOOK_AGAIN_MS):
            if len(replies := await self.replies(method)) >= count:
                return replies
            await self.page.wait_for_timeout(_LOOK_AGAIN_MS)
        raise AssertionError(f"{self.user}: no {count} replies to {method}, only {await self.replies(method)}")

    async def errors(self) -> list[str]:
        """Exceptions that nobody in the page caught."""
        return [event["text"] for event in await self.events("error")]

    # --- what a user hears

    async def listen(self) -> Heard:
        """The sound of the next 0.7 s."""
        return heard(await self.page.evaluate("() => ear.listen(phone.peer())"))

    async def hear(self, hz: float) -> Heard:
        """Listen until there is a clear tone of `hz`; fails if none comes."""
        return await self._listen_for(f"a tone of {hz} Hz", lambda sound: sound.has(hz))

    async def lose(self, hz: float) -> Heard:
        """Listen until the tone of `hz` is gone; fails if it stays."""
        return await self._listen_for(f"an end of {hz} Hz", lambda sound: sound.lacks(hz))

    async def hear_something(self) -> Heard:
        """Listen until it is not silent."""
        return await self._listen_for("any sound", lambda sound: not sound.is_silent())

    async def packets(self) -> dict[str, int]:
        """RTP packets of sound so far: `sent`, `received`."""
        return dict(await self.page.evaluate("() => soundPackets(phone.peer())"))

    async def wait_packets(self) -> None:
        """Wait until packets of sound come in."""
        for _ in range(_PATIENCE_MS // _LOOK_AGAIN_MS):
            if (await self.packets())["received"]:
                return
            await self.page.wait_for_timeout(_LOOK_AGAIN_MS)
        raise AssertionError(f"{self.user}: not a packet")

    async def _listen_for(self, wish: str, good: Callable[[Heard], bool]) -> Heard:
        sounds = []
        for _ in range(_LISTENINGS):
            sounds.append(await self.listen())
            if good(sounds[-1]):
                return sounds[-1]
        raise AssertionError(f"{self.user} waited for {wish} and heard {sounds}; packets {await self.packets()}")


class StockPhone(Phone):
    """`verto` 0.1.1, FreeSWITCH's own client, on jQuery."""

    page_name = "stock.html"

    async def transfer(self, number: str) -> None:
        """Send the peer to `number` (blind transfer)."""
        await self.page.evaluate("number => phone.transfer(number)", number)

    async def chat(self, to: str, text: str) -> None:
        """Send a message to a user."""
        assert await self.page.evaluate("([to, text]) => phone.chat(to, text)", [to, text])


class VertojsPhone(Phone):
    """`vertojs` 0.0.5."""

    page_name = "vertojs.html"


MAKES: Final[dict[str, type[Phone]]] = {"stock": StockPhone, "vertojs": VertojsPhone}


def _cause(wire: list[tuple[str, dict[str, Any]]], call: str) -> str | None:
    """How a call ended: in the server's bye, or in its reply to ours, whichever came first."""
    for way, message in wire:
        if way == "out":
            continue
        end = message.get("params") if message.get("method") == "verto.bye" else message.get("result")
        if isinstance(end, dict) and end.get("callID") == call and "cause" in end:
            return str(end["cause"])
    return None
