"""Our own phone in a page, driven as people do: by what they see and press."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.server import Server
from tests.browser.sounds import Heard, heard

__all__ = ["ALLOWED", "LOUD", "WebPhone", "prepare"]

ALLOWED: Final = ("microphone", "camera", "clipboard-write")  # what somebody has said yes to who uses the phone

# What the calls of an element say is played, and neither muted nor turned down.
LOUD: Final = """
element => {
    const voices = [...element.shadowRoot.querySelectorAll("audio")].filter(each => each.srcObject);
    return voices.length > 0 && voices.every(each => !each.paused && !each.muted && each.volume > 0);
}
"""
_WATCH: Final = Path(__file__).parent / "pages" / "watch.js"
_PATIENCE_MS: Final = 15_000
_LISTENINGS: Final = 12  # of 0.7 s each
# The ear listens to the sound of the call that is up, whichever connection brings it.
_LISTEN: Final = """
element => {
    const call = element.phone?.active ?? element.phone?.calls[0];
    const track = call?.remote?.getAudioTracks()[0];
    return ear.listen(track && { getReceivers: () => [{ track }] });
}
"""


async def prepare(context: BrowserContext) -> BrowserContext:
    """Give all pages of a profile an ear, and keep their wire."""
    await context.add_init_script(path=_WATCH)
    return context


class WebPhone:
    """One `<xswitch-phone>`."""

    def __init__(self, page: Page, element: Locator) -> None:
        self.page, self.element = page, element

    @classmethod
    async def on_demo(cls, page: Page, server: Server, address: str, door: str = "http") -> "WebPhone":
        """Open the demo; gives the phone in the corner."""
        url = server.url(door).replace("127.0.0.1", "localhost")
        await page.goto(f"{url}/demo/{address}")
        return cls.at(page, "dock")

    @classmethod
    def at(cls, page: Page, mode: str) -> "WebPhone":
        """The phone of a page by its mode."""
        return cls(page, page.locator(f"xswitch-phone[mode={mode}]"))

    @property
    def calls(self) -> Locator:
        """The cards of its calls."""
        return self.element.locator("[part~=card]")

    def part(self, name: str) -> Locator:
        """An element of it by one of its part names."""
        return self.element.locator(f"[part~={name}]")

    # --- what a user does

    async def open(self) -> None:
        """Open the panel, if it is not, and go through the check that comes first."""
        if not await self.part("panel").is_visible():
            await self.part("launcher").click()
        await expect(self.part("panel")).to_be_visible(timeout=_PATIENCE_MS)
        await self.checked()

    async def checked(self) -> None:
        """Go through the check that comes first, if it does."""
        there = self.part("keys").or_(self.calls).first
        if not await there.is_visible():
            allow, steps = self.part("allow"), self.part("ready").locator(".step.ok")
            await expect(allow.or_(steps.nth(4)).or_(there)).to_be_visible(timeout=_PATIENCE_MS)
            if await allow.is_visible():
                await allow.click()
            await expect(steps).to_have_count(5, timeout=_PATIENCE_MS)
            await self.part("ready").locator("button.main").click()
        await expect(there).to_be_visible(timeout=_PATIENCE_MS)

    async def ready(self) -> None:
        """Wait until it is logged in."""
        await self.element.evaluate(
            "async element => { while (element.state !== 'ready') await new Promise(go => setTimeout(go, 50)); }"
        )

    async def dial(self, number: str) -> None:
        """Call from the open panel."""
        field = self.part("number")
        await field.fill(number)
        await field.press("Enter")

    async def call(self, number: str) -> None:
        """Call, and wait until the other side has answered."""
        await self.dial(number)
        await self.shows("active")

    async def answer(self) -> None:
        """Answer what rings."""
        await self.part("answer").click()
        await self.shows("active")

    async def press(self, tool: str) -> None:
        """Press a tool of the call, such as `hold`."""
        await self.part(tool).first.click()

    async def hangup(self) -> None:
        """End the call, and wait until it is gone."""
        await self.part("end").first.click()
        await self.idle()

    # --- what a user sees and hears

    async def shows(self, state: str) -> None:
        """Wait until a call is in a state."""
        call = self.element.locator(f"[part~=card][data-state={state}]").first
        await expect(call).to_be_visible(timeout=_PATIENCE_MS)

    async def rings(self) -> None:
        """Wait until somebody calls."""
        await expect(self.part("answer")).to_be_visible(timeout=_PATIENCE_MS)

    async def idle(self) -> None:
        """Wait until there is no call."""
        await expect(self.calls).to_have_count(0, timeout=_PATIENCE_MS)

    async def says(self, text: str) -> None:
        """Wait until it shows a text."""
        await expect(self.element.get_by_text(text).first).to_be_visible(timeout=_PATIENCE_MS)

    async def listen(self) -> Heard:
        """The sound of the next 0.7 s."""
        return heard(await self.element.evaluate(_LISTEN))

    async def hear(self, hz: float) -> Heard:
        """Listen until there is a clear tone of `hz`; fails if none comes."""
        sound = await self._listen_for(f"{hz} Hz", lambda sound: sound.has(hz))
        assert await self.element.evaluate(LOUD), "it has come, but is not played"
        return sound

    async def lose(self, hz: float) -> Heard:
        """Listen until the tone of `hz` is gone; fails if it stays."""
        return await self._listen_for(f"an end of {hz} Hz", lambda sound: sound.lacks(hz))

    async def _listen_for(self, wish: str, good: Callable[[Heard], bool]) -> Heard:
        sounds: list[Heard] = []
        for _ in range(_LISTENINGS):
            sounds.append(await self.listen())
            if good(sounds[-1]):
                return sounds[-1]
        raise AssertionError(f"no {wish}, only {sounds}")
