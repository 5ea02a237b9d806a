"""Meetings: calls of different parties that a program joins with each other."""

import time
from collections.abc import Callable
from typing import Final

from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.ids import BridgeId, new_id
from xswitch_py.core.call import Body, Call
from xswitch_py.core.leg import Leg

__all__ = ["MOST", "Meeting", "waiting"]

MOST: Final = 2  # calls: more of them are a conference


async def waiting(call: Call) -> None:
    """Do nothing but wait for what programs do with the call."""
    await call.leg.over.wait()


class Meeting:
    """A place where two calls hear each other."""

    def __init__(self, gone: Callable[[], object], then: Body = waiting) -> None:
        """`gone` hears when the last has left; `then` is what becomes of a call that is taken out of it."""
        self.id = f"bridge_{new_id()}"
        self.since = time.time()
        self.calls: list[Call] = []
        self.stays = True  # whether who is left waits when the other hangs up
        self._gone = gone
        self._then = then
        self._bridge: BridgeId | None = None

    def add(self, call: Call) -> None:
        """Bring a call here, whatever it did.

        Raises:
            CallError: there is no place left, it is here already, or has no leg.
        """
        if call in self.calls or len(self.calls) >= MOST:
            raise CallError(Cause.WRONG_CALL_STATE, "the bridge is full")
        call.turn(self._attend)
        self.calls.append(call)

    def remove(self, call: Call) -> None:
        """Take a call out, which then waits."""
        if call in self.calls:
            call.turn(self._then)

    async def _attend(self, call: Call) -> None:
        try:
            await call.answer()
            self._join()
            await call.leg.over.wait()
        finally:
            self._part(call)

    def _join(self) -> None:
        """Let the two hear each other, once both are here and answered."""
        if len(self.calls) < MOST or any(call.answered is None for call in self.calls) or self._bridge is not None:
            return
        one, other = self._legs()
        self._bridge = self.calls[0].services.media.bridge(one.id, other.id)
        one.bridged, other.bridged = other, one
        one.display(other.party)
        other.display(one.party)
        self._tell(events.CallBridged, one, other)

    def _part(self, gone: Call) -> None:
        if self._bridge is not None:
            one, other = self._legs()
            gone.services.media.unbridge(self._bridge)
            self._bridge = None
            one.part()
            other.part()
            self._tell(events.CallUnbridged, one, other)
        self.calls.remove(gone)
        if not self.calls:
            self._gone()
        if gone.leg.cause is not None and not self.stays:
            for call in self.calls:
                call.hangup(gone.leg.cause)

    def _legs(self) -> tuple[Leg, Leg]:
        one, other = self.calls
        return one.leg, other.leg

    def _tell(self, kind: type[events.CallBridged | events.CallUnbridged], one: Leg, other: Leg) -> None:
        now = time.time()
        for call, leg, peer in zip(self.calls, (one, other), (other, one), strict=True):
            call.services.bus.publish(kind(call.id, now, leg.id, peer.id))
