"""Other media for calls that are up: one offer at a time, and whose pictures come or go is offered to the other end.

What a leg's peer is offered follows from what the other leg's peer does: pictures are sent to it if that one has some,
and may come from it as long as that one has video at all. Two that are joined while they are up never agreed on any:
`meet` sees to that.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.core.leg import Leg, State
from xswitch_py.media.api import Media, Taken, Video

__all__ = ["Updates"]

log = structlog.get_logger("xswitch.core")

_WAIT: Final = 10.0  # seconds for a peer to answer
_NAMES: Final = ("VP8", "H264")  # that every browser has


@dataclass(slots=True)
class _Open:
    """An offer of ours that is not answered."""

    wanted: Video
    timer: asyncio.TimerHandle
    again: bool = False  # something changed meanwhile


class Updates:
    """The offers of ours that are open, by their legs."""

    def __init__(self, media: Media, wait: float = _WAIT) -> None:
        """An offer that is not answered in `wait` seconds is given up, and nothing has changed."""
        self._media = media
        self._wait = wait
        self._open: dict[Leg, _Open] = {}

    async def take(self, leg: Leg, sdp: str) -> Taken:
        """Answer a new offer of a leg's peer, with video if the other end has it or can be offered it.

        Raises:
            CallError: the leg is not answered, or an offer of ours is open.
            MediaError: the offer cannot be used; what was agreed before still is.
        """
        if leg.state is not State.ACTIVE:
            raise CallError(Cause.WRONG_CALL_STATE, "not answered")
        if leg in self._open:
            raise CallError(Cause.WRONG_CALL_STATE, "an update is in progress")
        before = self._media.video(leg.id)
        self._media.want_video(leg.id, self._possible(leg))
        taken = await self._media.take_offer(leg.id, sdp)
        await self._carry(leg, before)
        return taken

    async def answer(self, leg: Leg, sdp: str) -> None:
        """Take the peer's answer to our open offer.

        Raises:
            CallError: none is open.
            MediaError: it cannot be used; what was agreed before still is.
        """
        done = self._close(leg)
        try:
            await self.agree(leg, sdp)
        finally:
            await self._settled(leg, done)

    async def refuse(self, leg: Leg) -> None:
        """The peer cannot do what our open offer wants.

        Raises:
            CallError: none is open.
        """
        await self._settled(leg, self._close(leg))

    async def agree(self, leg: Leg, sdp: str) -> None:
        """Take an answer, whatever the offer was for.

        Raises:
            MediaError: it cannot be used.
        """
        before = self._media.video(leg.id)
        await self._media.read_answer(leg.id, sdp)
        await self._carry(leg, before)

    async def follow(self, leg: Leg) -> None:
        """Offer a leg's peer what the other end has come to, unless that is what it has."""
        other, waiting = leg.bridged, self._open.get(leg)
        if other is None or leg.state is not State.ACTIVE or not leg.wire.can_update:
            return
        if waiting is not None:
            waiting.again = True
            return
        wanted = _from(self._media.video(other.id))
        if not _is_due(wanted, self._media.video(leg.id)):
            return
        timer = asyncio.get_running_loop().call_later(self._wait, self._give_up, leg)
        self._open[leg] = _Open(wanted, timer)
        try:
            self._media.want_video(leg.id, wanted)
            sdp = await self._media.reoffer(leg.id)
        except MediaError as error:
            self.forget(leg)
            log.info("no update", leg=leg.id, why=str(error))
            return
        if leg in self._open and leg.wire.can_update:
            leg.wire.update(sdp)

    async def meet(self, one: Leg, other: Leg) -> None:
        """Let two legs that were joined agree on pictures: who lacks them is offered them, or else they end."""
        ours, theirs = self._media.video(one.id), self._media.video(other.id)
        if ours.on == theirs.on and (not ours.on or ours.names == theirs.names):
            return  # who sends what is settled as it changes
        lacks, shows = (one, other) if theirs.on else (other, one)
        await self.follow(lacks)
        if lacks not in self._open:
            await self.follow(shows)

    def forget(self, leg: Leg) -> None:
        """Wait for no answer any more."""
        if (gone := self._open.pop(leg, None)) is not None:
            gone.timer.cancel()

    def _possible(self, leg: Leg) -> Video:
        """Say which pictures a leg's peer may have."""
        if leg.bridged is None:
            return Video(_NAMES, sends=True)
        theirs = self._media.video(leg.bridged.id)
        if theirs.names:
            return Video(theirs.names, sends=theirs.hears)
        return Video(_NAMES if leg.bridged.wire.can_update else ())

    async def _carry(self, leg: Leg, before: Video) -> None:
        if leg.bridged is not None and _from(self._media.video(leg.id)) != _from(before):
            await self.follow(leg.bridged)

    async def _settled(self, leg: Leg, done: _Open) -> None:
        """What changed meanwhile is offered now; else whoever shows pictures is told if nobody wants them."""
        if done.again:
            await self.follow(leg)
        if leg not in self._open and leg.bridged is not None and done.wanted.sends and not self._media.video(leg.id).on:
            await self.follow(leg.bridged)

    def _close(self, leg: Leg) -> _Open:
        done = self._open.pop(leg, None)
        if done is None:
            raise CallError(Cause.WRONG_CALL_STATE, "no update is in progress")
        done.timer.cancel()
        return done

    def _give_up(self, leg: Leg) -> None:
        if self._open.pop(leg, None) is not None:
            log.info("update not answered", leg=leg.id)


def _from(theirs: Video) -> Video:
    """Say what the one end shall have, as the other one does."""
    return Video(theirs.names, sends=theirs.hears) if theirs.on else Video()


def _is_due(wanted: Video, has: Video) -> bool:
    if not wanted.names:
        return has.on
    if not has.names:  # and nobody is asked to show themselves
        return wanted.sends
    return has.names != wanted.names or has.sends != wanted.sends or not has.on
