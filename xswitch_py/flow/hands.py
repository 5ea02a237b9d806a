"""What a flow's call is done with: the parts of the switch that dialplan and programs use, too."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, LegEnded, Refused
from xswitch_py.base.events import CallTransferred
from xswitch_py.base.problem import Code
from xswitch_py.core import prompts
from xswitch_py.core.access import SYSTEM
from xswitch_py.core.call import Call
from xswitch_py.core.commands import COMMANDS
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.feed import Subscription
from xswitch_py.core.prompts import Digits, Wanted
from xswitch_py.core.targets import ring

__all__ = ["Hands"]


class Hands:
    """Does for one call what its flow asks. `testing.py` replaces the few methods in which time would pass."""

    def __init__(self, call: Call, desk: Callable[[], Desk]) -> None:
        self.call = call
        self._desk = desk
        self._heard: set[Subscription] = set()
        self._closed = False

    def over(self) -> bool:
        """Say whether the caller has left, or was taken elsewhere."""
        return self.call.leg.cause is not None or self.call.leg.scope is None

    async def answer(self) -> None:
        """Answer the caller."""
        await self.call.answer()

    async def ring(self) -> None:
        """Tell the caller that somebody is alerted."""
        self.call.ring()

    async def early(self) -> None:
        """Let the caller hear, also before the answer."""
        await self.call.leg.early()

    async def play(self, source: str, loop: bool) -> str:
        """Let the caller hear a source; see `prompts.play`."""
        return await prompts.play(self.call, self.call.leg, source, loop=loop)

    async def gather(self, wanted: Wanted) -> Digits:
        """Wait for digits."""
        return await prompts.gather(self.call, self.call.leg, wanted)

    async def digit(self, timeout: float | None) -> str | None:  # noqa: ASYNC109  # None says that it was over
        """Wait for one digit."""
        try:
            async with asyncio.timeout(timeout):
                return await self.call.leg.digits.get()
        except TimeoutError:
            return None

    async def bridge(self, target: str, ring_for: float | None) -> tuple[bool, Cause]:
        """Ring somebody and let the two talk: whether somebody answered, and why it is over."""
        try:
            other = await ring(self.call, target, ring_for)
        except CallError as error:
            return False, error.cause
        try:
            await self.call.talk(other)
        except LegEnded as ended:
            digits = self.call.leg.digits
            while not digits.empty():  # they were for the other side
                digits.get_nowait()
            return True, ended.cause
        raise AssertionError  # they talk until one of them ends

    async def record(self, longest: float) -> str:
        """Begin to record; gives the recording's id."""
        call, recorder = self.call, self.call.services.recorder
        if recorder is None:
            raise CallError(Cause.SERVICE_UNAVAILABLE, "nothing can be recorded here")
        users = {str(leg.offer.user) for leg in (call.leg, call.leg.bridged) if leg is not None and leg.offer.user}
        recording = await recorder.start(call.id, call.leg.id, tuple(sorted(users)), longest)
        call.recordings.add(recording)
        return recording

    async def stop_recording(self) -> None:
        """End all recordings of the call."""
        if (recorder := self.call.services.recorder) is not None:
            for recording in self.call.recordings:
                recorder.stop(recording)
        self.call.recordings.clear()

    async def hold(self, held: bool) -> None:
        """Put the caller on hold, or take them off."""
        self.call.leg.hold(held)

    async def mute(self, muted: bool) -> None:
        """Let nobody hear the caller, or let them be heard again."""
        self.call.leg.mute(muted)

    async def send_digits(self, digits: str, ms: int) -> None:
        """Let the caller's phone have digits."""
        self.call.leg.send_digits(digits, ms)

    async def sleep(self, seconds: float) -> None:
        """Do nothing."""
        await asyncio.sleep(seconds)

    def sent(self, number: str) -> None:
        """Tell that the call goes on elsewhere."""
        call = self.call
        call.services.bus.publish(CallTransferred(call.id, time.time(), number, call.id))

    def events(self, types: tuple[str, ...]) -> AsyncIterator[dict[str, Any]]:
        """Hear what happens to the call from now on, as programs do."""
        subscription = self.subscribe(types)
        self._heard.add(subscription)
        if self._closed:
            self.close()

        async def each() -> AsyncIterator[dict[str, Any]]:
            try:
                async for envelope in subscription:
                    yield envelope.as_json()
            finally:
                subscription.close()
                self._heard.discard(subscription)

        return each()

    def subscribe(self, types: tuple[str, ...]) -> Subscription:
        """Begin to hear events of the call."""
        return self._desk().feed.subscribe(types, call=f"call_{self.call.id}")

    def close(self) -> None:
        """Hear nothing any more."""
        self._closed = True
        for subscription in tuple(self._heard):
            subscription.close()
        self._heard.clear()

    async def event(self, kind: str, timeout: float | None) -> dict[str, Any] | None:  # noqa: ASYNC109  # as above
        """Wait for the next event of a type."""
        try:
            async with asyncio.timeout(timeout):
                return await anext(self.events((kind,)))
        except TimeoutError:
            return None

    async def do(self, name: str, params: Mapping[str, Any]) -> Any:
        """Run a command as the switch itself."""
        if name not in COMMANDS:
            raise Refused(Code.NOT_FOUND, f"there is no command {name!r}")
        desk = self._desk()
        return await COMMANDS[name].ask(desk, SYSTEM, params)
