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
from dataclasses import asdict, replace
from enum import Enum
from typing import Final

import structlog

from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Offer, Party, Wish
from xswitch_py.core.bus import Bus
from xswitch_py.core.pressing import press_all
from xswitch_py.core.scope import Scope
from xswitch_py.core.wire import Wire
from xswitch_py.media.api import (
    Connected,
    Digit,
    Failed,
    Heard,
    LegStats,
    Measured,
    Media,
    MediaEvent,
    Milestone,
)

__all__ = ["Leg", "State"]

log = structlog.get_logger("xswitch.core")

AUDIO: Final = ("opus", "G722", "PCMU", "PCMA")  # what we offer, and can recode between

_TWICE: Final = 0.4  # seconds


class State(Enum):
    """How far a leg has come."""

    NEW = "new"  # offered to us, or not yet answered by its peer
    RINGING = "ringing"  # the peer is alerted
    EARLY = "early"  # media flows before the answer
    ACTIVE = "active"
    ENDED = "ended"


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
        self.placed_for: Leg | None = None  # the caller that an outbound leg is rung for
        self.call: CallId | None = None  # which it takes part in
        self.muted = False
        self.secret = False  # whether nobody is told which digits come now
        self.measured: events.LegMeasured | None = None
        self.cause: Cause | None = None
        self.scope: Scope | None = None
        self.stats = LegStats()
        self._digits: asyncio.Queue[str] | None = None
        self._over: asyncio.Event | None = None
        self._media = media
        self._bus = bus
        self._gone = gone
        self._heard: Heard | None = None
        self._pressed = ("", "", -1.0)  # the last digit, how it came, and when it was over
        self._ringing: Callable[[Leg], None] = _nothing
        self._settled: Callable[[Leg], None] = _nothing
        media.open(leg_id, wire.transport, self._media_event, wire.host)
        bus.publish(events.LegStarted(leg_id, _now(), self.outbound, wire.door, offer.user, offer.caller, offer.callee))

    # What the switch does with the leg.

    @property
    def digits(self) -> asyncio.Queue[str]:
        """The keys that the peer pressed and nobody has read yet."""
        if self._digits is None:
            self._digits = asyncio.Queue(64)
        return self._digits

    @property
    def over(self) -> asyncio.Event:
        """Set once the leg has ended."""
        if self._over is None:
            self._over = asyncio.Event()
            if self.cause is not None:
                self._over.set()
        return self._over

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
        """What the leg's peer can be joined with, in order: the codec it has, or those it offered, then all we recode.

        Raises:
            MediaError: its offer cannot be used.
        """
        if codec := self._media.codec(self.id):
            return Wish(_and_others((codec,)), ("VP8", "H264") if self._media.has_video(self.id) else ())
        if self.offer.sdp is None:  # it lets us offer
            return Wish(AUDIO)
        return Wish(_and_others(self.heard.audio), self.heard.video)

    def watch(self, ringing: Callable[["Leg"], None], settled: Callable[["Leg"], None]) -> None:
        """Be told when the peer of an outbound leg is alerted or sends early media; and when it answered, or ended."""
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
            sdp = await self._agree(wish)
            if self.cause is None:
                self.state = State.EARLY
                self.wire.early(sdp)

    async def answer(self, wish: Wish | None = None) -> None:
        """Answer a calling leg; one that is answered, or was called, stays as it is."""
        if self.outbound or self.state is State.ACTIVE:
            return
        sdp = None if self.state is State.EARLY else await self._agree(wish)
        if self.cause is None:
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
            self._bus.publish((events.LegHeld if held else events.LegUnheld)(self.id, _now(), self.call))

    def mute(self, muted: bool) -> None:
        """Let nobody hear what the peer says, or let it be heard again."""
        self.muted = muted
        self._media.mute(self.id, muted)

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

    def send_digits(self, digits: str, ms: int) -> None:
        """Let the peer have digits, in its media or by the door's word for them; `w` and `W` wait (see `Media`).

        Raises:
            ProtocolError: these are no digits, or too many.
        """
        if self._media.takes_digits(self.id):
            self._media.send_digits(self.id, f"{digits}@{ms}")
        else:
            press_all(digits, ms, self._press)

    # What the door says the peer did.

    def peer_rang(self) -> None:
        """The peer of an outbound leg is alerted."""
        if self.state is State.NEW:
            self.state = State.RINGING
            self._bus.publish(events.LegRinging(self.id, _now()))
            self._ringing(self)

    async def peer_progressed(self, sdp: str) -> None:
        """The peer of an outbound leg sends media before it answers; of several forks the latest counts.

        An SDP that cannot be used is passed over: the answer will show.
        """
        if not self.outbound or self.state in (State.ACTIVE, State.ENDED):
            return
        try:
            await self._media.read_answer(self.id, sdp)
        except MediaError as error:
            log.info("early media not usable", leg=self.id, why=str(error))
            return
        if self.state in (State.NEW, State.RINGING):
            self.state = State.EARLY
            self._bus.publish(events.LegRinging(self.id, _now()))
            self._ringing(self)

    async def peer_confirmed(self, sdp: str) -> None:
        """The peer of an inbound leg that left the offer to us gave its answer SDP.

        Raises:
            MediaError: it cannot be used.
        """
        await self._media.read_answer(self.id, sdp)

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

    def peer_pressed(self, digit: str, ms: int, source: str) -> bool:
        """The peer pressed a key; of too many unread digits the oldest is dropped.

        One that comes by two ways within 400 ms counts once: some phones tell it in RTP and by INFO. Returns whether
        it counts: what came by the door's words is then the door's to pass on; what came in RTP passes with the media.
        """
        last, way, at = self._pressed
        now = time.monotonic()
        if digit == last and source != way and now - at < _TWICE:
            return False
        self._pressed = (digit, source, now)
        if self.digits.full():
            self.digits.get_nowait()
        self.digits.put_nowait(digit)
        shown = "" if self.secret else digit
        self._bus.publish(events.DigitHeard(self.id, _now(), shown, ms, source, self.call))
        return True

    # Inside.

    async def _agree(self, wish: Wish | None) -> str:
        """Answer a calling peer's offer, or make ours if it left that to us."""
        make = self._media.make_offer if self.offer.sdp is None else self._media.make_answer
        return await make(self.id, wish or self.wish)

    def _press(self, digit: str, ms: int) -> None:
        if self.cause is None:
            self.wire.press(digit, ms)

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
        quality = self.stats.quality
        self._bus.publish(events.LegEnded(self.id, _now(), cause, asdict(quality) if quality is not None else {}))
        self._gone(self)
        self._settled(self)
        if self._over is not None:
            self._over.set()
        return True

    def _media_event(self, event: MediaEvent) -> None:
        match event:
            case Digit(digit=digit, ms=ms):
                counts, other = self.peer_pressed(digit, ms, "rfc4733"), self.bridged
                if counts and other is not None and not self._media.takes_digits(other.id):
                    other.wire.press(digit, ms)
            case Failed(cause=cause, text=text):
                log.warning("media failed", leg=self.id, cause=cause.value, why=text)
                self.hangup(cause)
            case Connected():
                log.debug("media connected", leg=self.id)
            case Milestone(layer=layer, text=text):
                self._bus.publish(events.LegMilestone(self.id, _now(), layer, text))
            case Measured(quality=quality):
                ways = [way.mos for way in (quality.heard, quality.told) if way is not None]
                self.measured = events.LegMeasured(self.id, _now(), min(ways), asdict(quality), self.call)
                self._bus.publish(self.measured)


def _now() -> float:
    return time.time()


def _nothing(leg: Leg) -> None:
    pass


def _and_others(first: tuple[str, ...]) -> tuple[str, ...]:
    """Put all else that we can recode behind what is preferred."""
    return (*first, *(name for name in AUDIO if name not in first))
