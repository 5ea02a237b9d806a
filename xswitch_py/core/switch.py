"""The switch: every leg and every call there is."""

import asyncio
from dataclasses import replace

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Offer, Party
from xswitch_py.core.call import Body, Call
from xswitch_py.core.leg import Leg, Wire
from xswitch_py.core.services import Services

__all__ = ["Switch"]

log = structlog.get_logger("xswitch.core")


class Switch:
    """Makes legs, runs calls, ends them all."""

    def __init__(self, services: Services, body: Body) -> None:
        """`body` is what a call does when somebody simply dials: follow the dialplan."""
        self.services = services
        self.legs: dict[LegId, Leg] = {}
        self.calls: dict[CallId, Call] = {}
        self._body = body
        self._tasks: dict[asyncio.Task[None], CallId] = {}
        self._draining = False

    def new_leg(self, leg_id: LegId, wire: Wire, offer: Offer) -> Leg:
        """Make a leg.

        Raises:
            CallError: the id is in use (CALL_AWARDED_DELIVERED), or we are closing down.
        """
        if leg_id in self.legs:
            raise CallError(Cause.CALL_AWARDED_DELIVERED, "Cannot create channel")
        if self._draining:
            raise CallError(Cause.SYSTEM_SHUTDOWN)
        leg = Leg(leg_id, wire, self.services.media, self.services.bus, offer, self._gone)
        self.legs[leg_id] = leg
        return leg

    def accept(self, leg: Leg, offer: Offer | None = None) -> Call:
        """Begin a call for a leg: route it as dialled, or as `offer` says."""
        return self.begin(leg, offer or leg.offer, self._body)

    def begin(self, leg: Leg, offer: Offer, body: Body) -> Call:
        """Begin a call for a leg, with a body of its own."""
        call = Call(leg, offer, self.services)
        task = asyncio.create_task(call.run(body), name=f"call {call.id}")
        self.calls[call.id] = call
        self._tasks[task] = call.id
        task.add_done_callback(self._done)
        return call

    def transfer(self, leg: Leg, destination: str) -> None:
        """Send the party this leg talks to elsewhere; the leg itself ends (blind transfer).

        Raises:
            CallError: it talks to nobody.
        """
        other = leg.bridged
        if other is None:
            raise CallError(Cause.WRONG_CALL_STATE, "call is not bridged")
        # The call goes on with the rights of who sends it on, not of who is sent.
        offer = replace(
            other.offer, caller=other.party, callee=Party("", destination), context=leg.offer.context, wish=None
        )
        other.take(Cause.BLIND_TRANSFER)
        leg.hangup(Cause.BLIND_TRANSFER)
        self.accept(other, offer)

    def replace(self, leg: Leg, replaced: Leg) -> None:
        """Join the parties that two legs of one person talk to; both legs end (attended transfer).

        Raises:
            CallError: one of them talks to nobody.
        """
        one, other = replaced.bridged, leg.bridged
        if one is None or other is None or one in (leg, other):
            raise CallError(Cause.WRONG_CALL_STATE, "invalid transfer leg")
        offer = replace(one.offer, caller=one.party, callee=other.party, wish=None)
        for party in (one, other):
            party.take(Cause.ATTENDED_TRANSFER)
        for mine in (replaced, leg):
            mine.hangup(Cause.ATTENDED_TRANSFER)
        self.begin(one, offer, lambda call: call.talk(other))

    async def drain(self, seconds: float) -> None:
        """Take no more calls, give those that are up some seconds to end, then end them (SYSTEM_SHUTDOWN)."""
        self._draining = True
        if self._tasks and seconds > 0:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel(Cause.SYSTEM_SHUTDOWN)
        if self._tasks:
            await asyncio.wait(self._tasks)
        for leg in tuple(self.legs.values()):
            leg.hangup(Cause.SYSTEM_SHUTDOWN)

    def _gone(self, leg: Leg) -> None:
        self.legs.pop(leg.id, None)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.calls.pop(self._tasks.pop(task), None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call task failed", exc_info=error)
