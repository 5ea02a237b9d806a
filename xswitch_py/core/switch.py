"""The switch: every leg and every call there is."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.events import CallTransferred
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Offer, Party
from xswitch_py.core.call import Body, Call, First, Told, nobody
from xswitch_py.core.leg import Leg, State
from xswitch_py.core.meetings import Meeting
from xswitch_py.core.scope import cause_of
from xswitch_py.core.services import Services
from xswitch_py.core.updates import Updates
from xswitch_py.core.wire import Wire

__all__ = ["Progress", "Switch"]

log = structlog.get_logger("xswitch.core")

Progress = State | Cause  # how far a transfer has come, or why it failed

_LEAVE: Final = 5.0  # seconds that who sent a call on has to leave by itself


class Switch:
    """Makes legs, runs calls, ends them all."""

    def __init__(self, services: Services, body: Body, leave: float = _LEAVE) -> None:
        """`body` is what a call does when somebody simply dials: follow the dialplan. `leave`: see `refer`."""
        self.services = services
        self.leave = leave
        self.legs: dict[LegId, Leg] = {}
        self.calls: dict[CallId, Call] = {}
        self.meetings: dict[str, Meeting] = {}
        self.body = body
        self.updates = Updates(services.media)
        self._tasks: dict[asyncio.Task[None], Call] = {}
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether no more calls are taken."""
        return self._draining

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
        return self.begin(leg, offer or leg.offer, self.body)

    def begin(self, leg: Leg, offer: Offer, body: Body, told: Told = nobody, along: Leg | None = None) -> Call:
        """Begin a call for a leg, with a body of its own; `told` hears how far it comes.

        `along` is a leg that the call answers for, too: however it ends, that one does not outlive it alone.
        """
        return self._run(Call(leg, offer, self.services, told, along), body)

    def originate(self, offer: Offer, first: First, body: Body | None = None) -> Call:
        """Begin a call that nobody placed: `first` gets a leg to answer, and `offer` says how it goes on from there.

        Raises:
            CallError: we are closing down.
        """
        if self._draining:
            raise CallError(Cause.SYSTEM_SHUTDOWN)
        return self._run(Call(None, offer, self.services, nobody, first=first), body or self.body)

    def redirect(self, call: Call, destination: str, context: str = "") -> None:
        """Let a call start anew, as if its party had dialled this number; whom it had reached is let go.

        With a `context` it has the rights of who sends it there, which may be less than its own.

        Raises:
            CallError: it has no leg yet, or is over.
        """
        leg = call.leg
        call.turn(self.body, Cause.BLIND_TRANSFER)
        offer = replace(leg.offer, caller=leg.party, callee=Party("", destination), sdp=None, wish=None)
        call.offer = replace(offer, context=context or offer.context)
        self._sent(call.id, destination, call)

    def _run(self, call: Call, body: Body) -> Call:
        task = asyncio.create_task(call.run(body), name=f"call {call.id}")
        self.calls[call.id] = call
        self._tasks[task] = call
        task.add_done_callback(self._done)
        return call

    def transfer(self, leg: Leg, destination: str, context: str = "") -> None:
        """Send the party this leg talks to elsewhere; the leg itself ends (blind transfer).

        It has the rights of the leg then, or of a `context`.

        Raises:
            CallError: it talks to nobody.
        """
        other, offer = _sent_on(leg, destination)
        offer = replace(offer, context=context or offer.context)
        before = other.call
        other.take(Cause.BLIND_TRANSFER)
        leg.hangup(Cause.BLIND_TRANSFER)
        self._sent(before, destination, self.accept(other, offer))

    def refer(self, leg: Leg, destination: str, told: Callable[[Progress], None]) -> None:
        """Send the party this leg talks to elsewhere, but keep the leg until the far end answers (RFC 3515).

        If nobody does, the two go on talking. `told` hears how it goes: `State.RINGING`, and then `State.ACTIVE`, upon
        which the leg has `leave` seconds to leave by itself, or the cause of the failure.

        Raises:
            CallError: it talks to nobody.
        """
        other, offer = _sent_on(leg, destination)
        done = False

        def went(state: State) -> None:
            nonlocal done
            if not done:
                done = state is State.ACTIVE
                told(state)
                if done:
                    asyncio.get_running_loop().call_later(self.leave, leg.hangup, Cause.BLIND_TRANSFER)

        def failed(cause: Cause) -> None:
            nonlocal done
            if not done:
                done = True  # that the two talk again is no news of the far end
                told(cause)

        async def body(call: Call) -> None:
            try:
                await self.body(call)
                went(State.ACTIVE)  # it was served, if by nobody who answers
            except CallError as error:
                if done or call.leg.cause is not None:
                    raise
                failed(error.cause)
                if leg.cause is not None:
                    raise
            except BaseException as error:
                failed(cause_of(error))
                raise
            else:
                return
            await call.talk(leg)

        before = other.call
        for party in (leg, other):
            party.take(Cause.BLIND_TRANSFER)
        self._sent(before, destination, self.begin(other, offer, body, went, leg))

    def take_over(self, leg: Leg, replaced: Leg) -> None:
        """Let a calling leg have the place of another, which ends; also of one that rings only (RFC 3891, pick-up).

        Raises:
            CallError: the other talks to nobody, or the leg's offer cannot be used; nothing has changed.
        """
        other = replaced.bridged if replaced.state is State.ACTIVE else replaced.placed_for
        if other is None or other is leg or other.cause is not None:
            raise CallError(Cause.INVALID_CALL_REFERENCE, "nobody to talk to")
        _ = leg.wish  # before anybody is parted from anybody
        offer = replace(other.offer, caller=other.party, callee=leg.party, wish=None)

        async def body(call: Call) -> None:
            await leg.answer(other.wish)
            await call.talk(leg)

        other.take(Cause.PICKED_OFF)
        replaced.hangup(Cause.PICKED_OFF)
        self.begin(other, offer, body, along=leg)

    def replace(self, leg: Leg, replaced: Leg) -> None:
        """Join the parties that two legs of one person talk to; both legs end (attended transfer).

        Raises:
            CallError: one of them talks to nobody.
        """
        one, other = replaced.bridged, leg.bridged
        if one is None or other is None or one in (leg, other):
            raise CallError(Cause.WRONG_CALL_STATE, "invalid transfer leg")
        offer = replace(one.offer, caller=one.party, callee=other.party, wish=None)
        before = one.call
        for party in (one, other):
            party.take(Cause.ATTENDED_TRANSFER)
        for mine in (replaced, leg):
            mine.hangup(Cause.ATTENDED_TRANSFER)
        self._sent(before, other.party.number, self.begin(one, offer, lambda call: call.talk(other), along=other))

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

    def _sent(self, before: CallId | None, to: str, call: Call) -> None:
        self.services.bus.publish(CallTransferred(before or call.id, time.time(), to, call.id))

    def _gone(self, leg: Leg) -> None:
        self.legs.pop(leg.id, None)

    def _done(self, task: asyncio.Task[None]) -> None:
        call = self._tasks.pop(task)
        del self.calls[call.id]
        left = call.along
        if (
            left is not None
            and left.scope is None
            and not any(left in (c.calling, c.along) for c in self.calls.values())
        ):
            left.hangup(call.cause or Cause.NORMAL_CLEARING)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call task failed", exc_info=error)


def _sent_on(leg: Leg, destination: str) -> tuple[Leg, Offer]:
    """Give who is sent on, and their new call, with the rights of who sends them."""
    other = leg.bridged
    if other is None:
        raise CallError(Cause.WRONG_CALL_STATE, "call is not bridged")
    callee, context = Party("", destination), leg.offer.context
    return other, replace(other.offer, caller=other.party, callee=callee, context=context, wish=None)
