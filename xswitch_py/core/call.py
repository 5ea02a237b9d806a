"""A call: one leg that wants something, and the steps that give it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import structlog

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.ids import CallId, LegId, new_id
from xswitch_py.base.offer import Offer, Wish
from xswitch_py.core.leg import Leg, State
from xswitch_py.core.scope import Scope, cause_of
from xswitch_py.core.services import Services
from xswitch_py.media.api import LegStats

__all__ = ["Action", "Body", "Call", "First", "Told", "action", "nobody"]

log = structlog.get_logger("xswitch.core")


class Call:
    """One call, from its first leg's offer to its record."""

    def __init__(
        self,
        leg: Leg | None,
        offer: Offer,
        services: Services,
        told: "Told",
        along: Leg | None = None,
        first: "First | None" = None,
    ) -> None:
        """`told` hears when the far end is alerted and when the call is answered; again if that happens again.

        `along`: see `Switch.begin`. A call that nobody placed has no leg until `first` has got one to answer.
        """
        self.id = CallId(new_id())
        self.along = along
        self.offer = offer  # who calls whom: the leg's own, or what a transfer made of it
        self.services = services
        self.started = time.time()
        self.answered: float | None = None
        self.cause: Cause | None = None
        self.variables = dict(offer.variables)
        self.reached: Address | None = None  # whose phone answered
        self.direction: Direction = "inbound" if leg is not None and offer.user is None else "internal"
        self.sounds: set[asyncio.Task[None]] = set()  # that are played to it
        self.recordings: set[str] = set()  # that go on
        self.background: set[asyncio.Task[Any]] = set()  # what programs wanted and nobody waits for
        self.minded = asyncio.Event()  # set once a program does something with it
        self._told = told
        self._first = first
        self._leg = leg
        self._limit: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._next: Body | None = None
        if leg is not None:
            leg.call = self.id

    @property
    def leg(self) -> Leg:
        """The leg that the call is for.

        Raises:
            CallError: it is not there yet.
        """
        if self._leg is None:
            raise CallError(Cause.WRONG_CALL_STATE, "nobody has answered yet")
        return self._leg

    @property
    def calling(self) -> Leg | None:
        """The leg that the call is for, if it is there already."""
        return self._leg

    async def run(self, body: "Body") -> None:
        """Do what the call is for while its leg lives, and tell the bus. Never raises, but for cancellation."""
        self._task, leg, offer = asyncio.current_task(), self._leg, self.offer
        structlog.contextvars.bind_contextvars(call=self.id, leg=leg.id if leg is not None else "")
        here = (leg.id, leg.wire.door) if leg is not None else (LegId(""), "api")
        self._publish(
            events.CallStarted(self.id, here[0], self.started, offer.caller, offer.callee, offer.user, here[1])
        )
        log.info("call started", caller=offer.caller.number, callee=offer.callee.number)
        try:
            if leg is None:
                self._leg = leg = await self._get()
            async with Scope(leg):
                if leg.state is State.ACTIVE:
                    self._answered()
                await self._do(body)
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

    def turn(self, body: "Body", cause: Cause = Cause.NORMAL_CLEARING) -> None:
        """Let the call do something else from now on; whoever it had reached meanwhile is let go with this cause.

        Raises:
            CallError: it has no leg yet, or is over.
        """
        if self.leg.cause is not None or self._task is None or self._task.done():
            raise CallError(Cause.WRONG_CALL_STATE, "the call is over")
        if self._next is None:
            self._task.cancel(cause)
        self._next = body

    def hangup(self, cause: Cause) -> None:
        """End the call, also while nobody has answered."""
        if self._leg is not None:
            self._leg.hangup(cause)
        elif self._task is not None:
            self._task.cancel(cause)

    def rings(self, leg: Leg) -> None:
        """A leg is placed for this call."""
        leg.placed_for = self._leg
        self._join(leg)

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

    def rang(self) -> None:
        """Who is to be the first leg of this call is alerted."""
        self._ringing()

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
        self.reached = other.offer.user or self.reached
        bridge = media.bridge(one.id, other.id)
        if other.call != self.id:
            self._join(other)
        self._publish(events.CallBridged(self.id, time.time(), one.id, other.id))
        one.display(other.party)
        other.display(one.party)
        try:
            yield
        finally:
            media.unbridge(bridge)
            self._publish(events.CallUnbridged(self.id, time.time(), one.id, other.id))
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

    async def _get(self) -> Leg:
        assert self._first is not None
        leg = await self._first(self)
        self._join(leg)
        structlog.contextvars.bind_contextvars(leg=leg.id)
        return leg

    async def _do(self, body: "Body") -> None:
        """Do what the call is for, and what it is turned to instead."""
        while True:
            try:
                return await body(self)
            except asyncio.CancelledError:
                if self._next is None:
                    raise
                assert self._task is not None
                self._task.uncancel()
                body, self._next = self._next, None
                if self.leg.cause is not None:  # it ended at the same moment, and that counts
                    raise

    def _join(self, leg: Leg) -> None:
        leg.call = self.id
        self._publish(events.LegJoined(self.id, leg.id, time.time(), leg.offer.user))

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
        leg, offer, cause = self._leg, self.offer, self.cause or Cause.NORMAL_CLEARING
        stats = LegStats()
        if leg is not None:
            stats = leg.stats if leg.cause is not None else self.services.media.stats(leg.id)
        log.info("call ended", cause=cause.value)
        self._publish(
            events.CallEnded(
                call=self.id,
                leg=leg.id if leg is not None else LegId(""),
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
                direction=self.direction,
                quality=_plain(stats.quality),
                reached=self.reached,
            )
        )

    def _publish(self, event: events.Event) -> None:
        self.services.bus.publish(event)


Direction = Literal["internal", "inbound", "outbound"]
Body = Callable[[Call], Awaitable[None]]
First = Callable[[Call], Awaitable[Leg]]
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


def _plain(quality: Any) -> dict[str, object]:
    return asdict(quality) if quality is not None else {}
