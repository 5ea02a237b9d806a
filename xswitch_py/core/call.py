"""A call: one leg that wants something, and the steps that give it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog

from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.ids import CallId, new_id
from xswitch_py.base.offer import Offer, Wish
from xswitch_py.core.leg import Leg, State
from xswitch_py.core.scope import Scope, cause_of
from xswitch_py.core.services import Services

__all__ = ["Action", "Body", "Call", "Told", "action", "nobody"]

log = structlog.get_logger("xswitch.core")


class Call:
    """One call, from its first leg's offer to its record."""

    def __init__(self, leg: Leg, offer: Offer, services: Services, told: "Told", along: Leg | None = None) -> None:
        """`told` hears when the far end is alerted and when the call is answered; again if that happens again.

        `along`: see `Switch.begin`.
        """
        self.id = CallId(new_id())
        self._told = told
        self.leg = leg
        self.along = along
        self.offer = offer  # who calls whom: the leg's own, or what a transfer made of it
        self.services = services
        self.started = time.time()
        self.answered: float | None = None
        self._limit: asyncio.TimerHandle | None = None
        self.cause: Cause | None = None

    async def run(self, body: "Body") -> None:
        """Do what the call is for while its leg lives, and tell the bus. Never raises, but for cancellation."""
        structlog.contextvars.bind_contextvars(call=self.id, leg=self.leg.id)
        leg, offer = self.leg, self.offer
        self._publish(
            events.CallStarted(self.id, leg.id, self.started, offer.caller, offer.callee, offer.user, leg.wire.door)
        )
        log.info("call started", caller=offer.caller.number, callee=offer.callee.number)
        try:
            async with Scope(leg):
                if leg.state is State.ACTIVE:
                    self._answered()
                await body(self)
            self.cause = Cause.NORMAL_CLEARING
        except CallError as error:
            self.cause = error.cause
        except BaseException as error:
            self.cause = cause_of(error)
            if not isinstance(error, asyncio.CancelledError):
                log.exception("call failed")
                return
            raise
        finally:
            self._ended()

    async def answer(self, wish: Wish | None = None) -> None:
        """Answer the calling leg, if it is not."""
        await self.leg.answer(wish)
        self._answered()
        self._told(State.ACTIVE)

    def ring(self) -> bool:
        """Tell the caller that the far end is alerted; say whether the door has a word for it, or a tone is needed."""
        self.leg.ring()
        self._ringing()
        return self.leg.wire.can_ring and self.leg.state is State.RINGING

    async def ringback(self) -> None:
        """Let the caller hear that the far end is alerted, until cancelled."""
        try:
            await self.leg.early()
            await self.services.media.play(self.leg.id, self.services.plan.ringback, loop=True)
        except MediaError:
            if self.leg.cause is None:  # else the caller has left, and ringback with them
                raise

    async def preview(self, other: Leg) -> None:
        """Let the caller hear the media of a leg that has not answered yet, until cancelled."""
        media = self.services.media
        self._ringing()
        await self.leg.early(other.wish)
        bridge = media.bridge(self.leg.id, other.id)
        try:
            await asyncio.Event().wait()
        finally:
            media.unbridge(bridge)

    @contextlib.contextmanager
    def joined(self, other: Leg) -> Iterator[None]:
        """Let the calling leg and another hear each other and see each other's names."""
        one, media = self.leg, self.services.media
        one.bridged, other.bridged = other, one
        bridge = media.bridge(one.id, other.id)
        one.display(other.party)
        other.display(one.party)
        try:
            yield
        finally:
            media.unbridge(bridge)
            if one.bridged is other:
                one.part()

    async def talk(self, other: Leg) -> None:
        """Answer the calling leg and join it with another until one of them ends.

        Raises:
            LegEnded: with the cause of the one that ended.
        """
        async with Scope(other):
            await self.answer(other.wish)
            with self.joined(other):
                await asyncio.Event().wait()

    def _ringing(self) -> None:
        self._publish(events.CallRinging(self.id, time.time()))
        self._told(State.RINGING)

    def _answered(self) -> None:
        if self.answered is None:
            self.answered = time.time()
            loop, longest = asyncio.get_running_loop(), self.services.plan.longest
            self._limit = loop.call_later(longest, self.leg.hangup, Cause.ALLOTTED_TIMEOUT)
            self._publish(events.CallAnswered(self.id, self.answered))

    def _ended(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
        leg, offer, cause = self.leg, self.offer, self.cause or Cause.NORMAL_CLEARING
        stats = leg.stats if leg.cause is not None else self.services.media.stats(leg.id)
        log.info("call ended", cause=cause.value)
        self._publish(
            events.CallEnded(
                call=self.id,
                leg=leg.id,
                started=self.started,
                answered=self.answered,
                ended=time.time(),
                cause=cause,
                caller=offer.caller,
                callee=offer.callee,
                user=offer.user,
                codec=stats.codec,
                packets_in=stats.packets_in,
                packets_out=stats.packets_out,
                lost=stats.lost,
            )
        )

    def _publish(self, event: events.Event) -> None:
        self.services.bus.publish(event)


Body = Callable[[Call], Awaitable[None]]
Told = Callable[[State], None]


def nobody(state: State) -> None:
    """Hear how far a call has come, when nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Action:
    """A word of the dialplan: a function of the call and of what stands behind the word."""

    name: str
    run: Callable[[Call, str], Awaitable[None]]
    summary: str


def action(name: str) -> Callable[[Callable[[Call, str], Awaitable[None]]], Action]:
    """Make a function a word of the dialplan; the first line of its docstring is its summary."""

    def make(function: Callable[[Call, str], Awaitable[None]]) -> Action:
        return Action(name, function, (function.__doc__ or "").partition("\n")[0])

    return make
