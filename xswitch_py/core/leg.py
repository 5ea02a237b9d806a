"""A leg: one party's end of a call.

The door that owns the peer tells the leg what the peer did (`peer_*`), and does on the wire what the leg asks (`Wire`).
Whoever works on a leg holds it in a `Scope`:

    async with Scope(leg):      # left when the leg ends; leaving hangs it up
        await leg.answer()
        await media.play(...)

So a script never asks whether the leg is still up, and cleans up nothing.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Protocol

import structlog

from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Offer, Party, Wish
from xswitch_py.core.bus import Bus
from xswitch_py.core.scope import Scope
from xswitch_py.media.api import Connected, Digit, Failed, Heard, LegStats, Media, MediaEvent, Transport

__all__ = ["Leg", "State", "Wire"]

log = structlog.get_logger("xswitch.core")


class State(Enum):
    """How far a leg has come."""

    NEW = "new"  # offered to us, or not yet answered by its peer
    RINGING = "ringing"  # the peer is alerted
    EARLY = "early"  # media flows before the answer
    ACTIVE = "active"
    ENDED = "ended"


class Wire(Protocol):
    """What a door does on the wire for a leg. Nothing here waits for the peer."""

    door: str  # "verto"
    transport: Transport
    can_ring: bool  # whether `ring` tells the caller anything; else ringback is played as early media

    def invite(self, sdp: str) -> None:
        """Offer the call to the peer; the door calls `peer_rang`, `peer_answered` or `peer_left` in time."""

    def ring(self) -> None:
        """Tell the calling peer that the far end is alerted."""

    def early(self, sdp: str) -> None:
        """Give the calling peer our answer SDP before the call is answered."""

    def answer(self, sdp: str | None) -> None:
        """Tell the calling peer that the call is answered; `sdp` only if `early` never brought it."""

    def bye(self, cause: Cause) -> None:
        """Tell the peer that the call is over; not called when the peer itself ended it."""

    def display(self, shown: Party) -> None:
        """Show the peer whom it now talks to."""


class Leg:
    """One party's end of a call."""

    def __init__(
        self, leg_id: LegId, wire: Wire, media: Media, bus: Bus, offer: Offer, gone: Callable[["Leg"], None]
    ) -> None:
        """Take part in a call: an offer with a wish goes to a peer, any other comes from one; `gone` hears the end."""
        self.id = leg_id
        self.wire = wire
        self.offer = offer
        self.outbound = offer.wish is not None
        self.party = offer.callee if self.outbound else offer.caller  # who sits here
        self.other = offer.caller if self.outbound else offer.callee  # whom they see
        self.state = State.NEW
        self.held = False
        self.bridged: Leg | None = None
        self.cause: Cause | None = None
        self.scope: Scope | None = None
        self.stats = LegStats()
        self.digits: asyncio.Queue[str] = asyncio.Queue(64)
        self._media = media
        self._bus = bus
        self._gone = gone
        self._heard: Heard | None = None
        self._ringing: Callable[[], None] = _nothing
        self._settled: Callable[[Leg], None] = _nothing_of
        media.open(leg_id, wire.transport, self._media_event)
        bus.publish(events.LegStarted(leg_id, _now(), self.outbound, wire.door, offer.user, offer.caller, offer.callee))

    # What the switch does with the leg.

    @property
    def heard(self) -> Heard:
        """What the calling peer offered and we can use too.

        Raises:
            MediaError: the offer cannot be used.
        """
        if self._heard is None:
            self._heard = self._media.read_offer(self.id, self.offer.sdp or "")
        return self._heard

    @property
    def wish(self) -> Wish:
        """What the leg's peer can be joined with: the media it has, or else its first choice of what it offered.

        Raises:
            MediaError: its offer cannot be used.
        """
        if codec := self._media.codec(self.id):
            return Wish((codec,), ("VP8", "H264") if self._media.has_video(self.id) else ())
        return Wish(self.heard.audio[:1], self.heard.video)

    def watch(self, ringing: Callable[[], None], settled: Callable[["Leg"], None]) -> None:
        """Be told when the peer of an outbound leg is alerted, and when it answered or the leg ended."""
        self._ringing, self._settled = ringing, settled

    async def place(self) -> None:
        """Offer the call to the peer of an outbound leg."""
        assert self.offer.wish is not None
        sdp = await self._media.make_offer(self.id, self.offer.wish)
        if self.cause is None:
            self.wire.invite(sdp)

    async def early(self, wish: Wish | None = None) -> None:
        """Open the media of a calling leg before it is answered; doing it again changes nothing."""
        if not self.outbound and self.state in (State.NEW, State.RINGING):
            sdp = await self._media.make_answer(self.id, wish or self.wish)
            self.state = State.EARLY
            self.wire.early(sdp)

    async def answer(self, wish: Wish | None = None) -> None:
        """Answer a calling leg; one that is answered, or was called, stays as it is."""
        if self.outbound or self.state is State.ACTIVE:
            return
        sdp = None if self.state is State.EARLY else await self._media.make_answer(self.id, wish or self.wish)
        self._activate()
        self.wire.answer(sdp)

    def ring(self) -> None:
        """Tell a calling peer that the far end is alerted, where the door has a word for it."""
        if self.state is State.NEW:
            self.state = State.RINGING
            self._bus.publish(events.LegRinging(self.id, _now()))
            self.wire.ring()

    def hangup(self, cause: Cause) -> None:
        """End the leg and tell its peer. Never waits; a leg ends once."""
        if self._end(cause):
            self.wire.bye(cause)

    def display(self, shown: Party) -> None:
        """Show the peer whom it now talks to."""
        self.other = shown
        if self.cause is None:
            self.wire.display(shown)

    def hold(self, held: bool) -> None:
        """Put the call on hold at the peer's wish, or take it off.

        Raises:
            CallError: the leg is not answered.
        """
        if self.state is not State.ACTIVE:
            raise CallError(Cause.WRONG_CALL_STATE, "Call is not answered")
        if held != self.held:
            self.held = held
            self._media.hold(self.id, held)
            self._bus.publish((events.LegHeld if held else events.LegUnheld)(self.id, _now()))

    def take(self, cause: Cause) -> None:
        """Take the leg out of the scope that holds it: whoever works there sees it end, but it lives on."""
        scope, self.scope = self.scope, None
        if scope is not None:
            scope.end(cause)

    def part(self) -> None:
        """Talk to nobody any more; the other leg knows it at once."""
        other, self.bridged = self.bridged, None
        if other is not None and other.bridged is self:
            other.bridged = None

    # What the door says the peer did.

    def peer_rang(self) -> None:
        """The peer of an outbound leg is alerted."""
        if self.state is State.NEW:
            self.state = State.RINGING
            self._bus.publish(events.LegRinging(self.id, _now()))
            self._ringing()

    async def peer_answered(self, sdp: str, shown: Party | None = None) -> None:
        """The peer of an outbound leg gave its answer SDP; the door confirms it to the peer, then calls `peer_is_up`.

        Raises:
            CallError: the leg is over, inbound or already answered.
            MediaError: the SDP cannot be used; the leg is over.
        """
        if not self.outbound or self.state in (State.ACTIVE, State.ENDED):
            raise CallError(Cause.WRONG_CALL_STATE, "Call already answered")
        try:
            await self._media.read_answer(self.id, sdp)
        except MediaError as error:
            self.hangup(error.cause)
            raise
        if shown is not None:
            self.party = shown
            self.offer = replace(self.offer, callee=shown)

    def peer_is_up(self) -> None:
        """The peer of an outbound leg answered, and its media is agreed."""
        if self.outbound and self.state not in (State.ACTIVE, State.ENDED):
            self._activate()
            self._settled(self)

    def peer_left(self, cause: Cause) -> None:
        """The peer ended the leg: there is nobody left to tell."""
        self._end(cause)

    def peer_pressed(self, digit: str, ms: int, source: str) -> None:
        """The peer pressed a key; of too many unread digits the oldest is dropped."""
        if self.digits.full():
            self.digits.get_nowait()
        self.digits.put_nowait(digit)
        self._bus.publish(events.DigitHeard(self.id, _now(), digit, ms, source))

    # Inside.

    def _activate(self) -> None:
        self.state = State.ACTIVE
        self._bus.publish(events.LegAnswered(self.id, _now()))

    def _end(self, cause: Cause) -> bool:
        if self.cause is not None:
            return False
        self.cause, self.state = cause, State.ENDED
        self.stats = self._media.close(self.id)
        self.part()
        self.take(cause)
        self._bus.publish(events.LegEnded(self.id, _now(), cause))
        self._gone(self)
        self._settled(self)
        return True

    def _media_event(self, event: MediaEvent) -> None:
        match event:
            case Digit(digit=digit, ms=ms):
                self.peer_pressed(digit, ms, "rfc4733")
            case Failed(cause=cause, text=text):
                log.warning("media failed", leg=self.id, cause=cause.value, why=text)
                self.hangup(cause)
            case Connected():
                log.debug("media connected", leg=self.id)


def _now() -> float:
    return time.time()


def _nothing() -> None:
    pass


def _nothing_of(leg: Leg) -> None:
    pass
