"""JsSIP in Chromium as a telephone over WS or WSS: what the page `jssip.html` can do, worn like the Verto phones."""

from typing import Any

from tests.browser.phones import Phone
from tests.browser.server import PASSWORD

__all__ = ["JsSipPhone"]


class JsSipPhone(Phone):
    """`jssip` 3.13, unmodified; `door` is the transport, `ws` or `wss`."""

    page_name = "jssip.html"

    async def login(self, user: str, password: str = PASSWORD, expires: int = 120) -> bool:
        """Register; says whether the server agreed."""
        self.user, self.password = user, password
        sip = self.server.facts["sip"]
        options = {
            "user": user,
            "password": password,
            "domain": sip["domain"],
            "url": sip[self.door],
            "audio": self.audio,
            "expires": expires,
        }
        return bool(await self.page.evaluate("options => phone.login(options)", options))

    async def logout(self) -> None:
        """Say that we leave, and wait until the server agreed."""
        await self.page.evaluate("() => phone.logout()")
        await self.wait_event("unregistered")

    async def logged_in(self, times: int) -> None:
        """Wait until it has been registered so many times."""
        search = "times => watch.events.filter(each => each.what === 'login' && each.success).length >= times"
        await self.page.wait_for_function(search, arg=times, timeout=10_000)

    async def ended(self) -> dict[str, Any]:
        """Wait for the end of the latest call; gives JsSIP's `cause`, who ended it, `status` and the Reason header."""
        await self.wait_state("ended")
        return (await self.events("state"))[-1]

    async def cause(self) -> str:
        """How the call ended, in JsSIP's words."""
        return str((await self.ended())["cause"])

    async def refuse(self, status: int) -> None:
        """Decline with a status such as 486."""
        await self.page.evaluate("status => phone.reject(status)", status)

    async def dtmf(self, digits: str) -> None:
        """Send digits by INFO."""
        await self.page.evaluate("digits => phone.dtmf(digits)", digits)

    async def tones(self, digits: str) -> None:
        """Send digits as RFC 4733."""
        await self.page.evaluate("digits => phone.tones(digits)", digits)

    async def digits(self, count: int) -> str:
        """Wait for so many digits that came by INFO, and give them."""
        search = "count => watch.events.filter(each => each.what === 'dtmf').length >= count"
        await self.page.wait_for_function(search, arg=count, timeout=10_000)
        return "".join(event["digit"] for event in await self.events("dtmf"))

    async def refer(self, number: str) -> None:
        """Send the peer to `number` (blind transfer)."""
        await self.page.evaluate("number => phone.refer(number)", number)

    async def join(self) -> None:
        """Connect the peers of our last two calls with each other (attended transfer)."""
        await self.page.evaluate("() => phone.join()")

    async def chat(self, to: str, text: str) -> int:
        """Send a message; gives the status it was answered with."""
        return int(await self.page.evaluate("([to, text]) => phone.chat(to, text)", [to, text]))

    async def cut(self) -> None:
        """Lose the connection; the client comes back by itself."""
        await self.page.evaluate("() => phone.cut()")

    async def sip(self) -> list[tuple[str, str]]:
        """All SIP messages since the page was loaded: (`in` or `out`, text)."""
        return [(event["what"], str(event["text"])) for event in await self.events("in", "out")]

    async def sent(self, method: str) -> list[str]:
        """The requests of one method that went out."""
        return [text for way, text in await self.sip() if way == "out" and text.startswith(f"{method} ")]

    async def came(self, start: str) -> list[str]:
        """The messages that came in and begin like this."""
        return [text for way, text in await self.sip() if way == "in" and text.startswith(start)]
