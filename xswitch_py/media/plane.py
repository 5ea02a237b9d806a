"""The media plane in this process: opens and closes legs' media, agrees on it with their peers, says who hears whom."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import BridgeId, LegId
from xswitch_py.base.offer import Wish
from xswitch_py.media.api import (
    CallQuality,
    Failed,
    Heard,
    LegStats,
    Listener,
    Recorded,
    RecordingId,
    Taken,
    Transport,
    Video,
)  # fmt: skip
from xswitch_py.media.bargain import Bargain, parse
from xswitch_py.media.dtmf import DigitSender
from xswitch_py.media.listening import Audience
from xswitch_py.media.negotiate import is_secure
from xswitch_py.media.patch import Member, Patch
from xswitch_py.media.player import Player, Sounds
from xswitch_py.media.port import Port
from xswitch_py.media.recorder import Recorder
from xswitch_py.media.ticker import Ticker
from xswitch_py.media.transports import Transports
from xswitch_py.media.voice import Dialling, perform

__all__ = ["Plane"]

log = structlog.get_logger("xswitch.media")

_WATCH: Final = 0.25  # seconds between two looks at every leg
_PATIENCE: Final = 5.0  # seconds that the disk has to take what was recorded, when we stop


@dataclass(slots=True, eq=False)
class _Leg:
    """One leg's media."""

    port: Port
    member: Member
    bargain: Bargain
    due: float | None = None  # monotonic time by which it must be connected
    watched: bool = False  # whether the peer is to be heard
    since: float = 0.0  # when that began, monotonic
    failed: bool = False
    digits: Dialling | None = None


class Plane:
    """The media of this process's legs: those over WebRTC on one UDP port, the others on a range of ports."""

    def __init__(
        self,
        sounds: Sounds | None = None,
        *,
        addresses: Sequence[str] | None = None,
        port: int = 0,
        public_address: str | None = None,
        rtp_ports: tuple[int, int] = (20000, 29999),
        symmetric_rtp: bool = True,
        setup_limit: float = 15.0,
        media_timeout: float = 60.0,
        held_timeout: float = 1800.0,
    ) -> None:
        """Peers are told `addresses`, or all of this host, or `public_address` in their stead. Limits in seconds.

        With `symmetric_rtp` packets of plain RTP count wherever they come from first, so that phones behind address
        translators are heard; without it they must come from the host that the SDP names.
        """
        self._setup_limit = setup_limit
        self._media_timeout = media_timeout
        self._held_timeout = held_timeout
        self._watch_every = min(_WATCH, setup_limit / 4, media_timeout / 4)
        self._legs: dict[LegId, _Leg] = {}
        self._patch = Patch(self._start_playing)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticker = Ticker()
        self._player = Player(self._ticker, sounds or Sounds({}))
        self._audience = Audience(self._patch, self._ticker, self._spawn)
        self._recorder = Recorder()
        self._transports = Transports(
            self._spawn, addresses=addresses, port=port, public_address=public_address, rtp_ports=rtp_ports,
            symmetric_rtp=symmetric_rtp,
        )  # fmt: skip
        self._watcher: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open the port.

        Raises:
            ValueError: an address cannot be used.
            OSError: the port is taken, or an address is not of this host.
        """
        self._transports.start()
        self._watch()
        buffer = self._transports.mux.receive_buffer if self._transports.mux else 0
        log.info("media port open", addresses=self.addresses, receive_buffer=buffer)

    async def stop(self) -> None:
        """Close every leg, and the port when the peers have been told."""
        for leg in list(self._legs):
            self.close(leg)
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._watcher is not None:
            self._watcher.cancel()
        self._transports.stop()
        await self._recorder.finish(_PATIENCE)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The addresses and port that peers are told; empty before `start`."""
        return self._transports.addresses

    @property
    def open_at(self) -> list[tuple[str, int]]:
        """The addresses and port where packets are taken, in order; empty before `start`."""
        return self._transports.open_at

    @property
    def dropped(self) -> dict[str, int]:
        """What was thrown away because it belonged to no leg or could not be sent: reason -> packets."""
        return self._transports.dropped

    @property
    def rtp_range(self) -> tuple[int, int]:
        """The first and the last port for plain RTP."""
        return self._transports.rtp_range

    # Beginning.

    def open(self, leg: LegId, transport: Transport, listener: Listener, host: str = "") -> None:
        """Begin a leg's media."""
        if leg in self._legs:
            raise MediaError("the leg is open already", Cause.WRONG_CALL_STATE)
        port = Port(leg, listener)
        side = self._transports.side(port, transport, host, partial(self._lost, leg))
        self._legs[leg] = _Leg(port, Member(port), Bargain(side))

    def transport_of(self, sdp: str) -> Transport:
        """Say how a peer who offers this wants its packets to travel."""
        return Transport.WEBRTC if is_secure(parse(sdp)) else Transport.RTP

    def read_offer(self, leg: LegId, sdp: str) -> Heard:
        """Read the peer's offer."""
        return self._leg(leg).bargain.read_offer(sdp)

    async def make_answer(self, leg: LegId, wish: Wish) -> str:
        """Answer the peer's offer, and start connecting."""
        found = self._leg(leg)
        text = found.bargain.make_answer(wish)
        self._begin(found)
        return text

    async def make_offer(self, leg: LegId, wish: Wish) -> str:
        """Make an offer to the peer."""
        return self._leg(leg).bargain.make_offer(wish)

    async def read_answer(self, leg: LegId, sdp: str) -> None:
        """Take the peer's answer to our offer, and start connecting."""
        found = self._leg(leg)
        before = found.bargain.agreed
        found.bargain.read_answer(sdp)
        if found.bargain.agreed is not before:
            self._begin(found)

    async def take_offer(self, leg: LegId, sdp: str) -> Taken:
        """Answer a new offer of a peer with whom media is agreed."""
        found = self._leg(leg)
        before = found.bargain.agreed
        taken = found.bargain.take_offer(sdp)
        if found.bargain.agreed is not before:
            self._begin(found)
        return taken

    async def reoffer(self, leg: LegId) -> str:
        """Offer a peer with whom media is agreed all that we can do on the transport there is."""
        return self._leg(leg).bargain.reoffer()

    def want_video(self, leg: LegId, video: Video) -> None:
        """Say which pictures the next offers and answers shall have."""
        self._leg(leg).bargain.want_video(video)

    def video(self, leg: LegId) -> Video:
        """Say what was agreed on for video."""
        return self._leg(leg).bargain.video

    def local(self, leg: LegId) -> str:
        """Give our SDP as it was made last."""
        return self._leg(leg).bargain.local

    async def renew(self, leg: LegId) -> str:
        """Make a fresh offer for a leg whose peer starts anew."""
        found = self._leg(leg)
        self.suspend(leg)
        return found.bargain.renew()

    def suspend(self, leg: LegId) -> None:
        """Stop sending, and watch for no time-outs, until `renew`."""
        found = self._leg(leg)
        found.due, found.watched = None, False
        found.bargain.side.drop()

    def watch(self, leg: LegId, watched: bool) -> None:
        """Watch for time-outs from now on, or do not."""
        found, now = self._leg(leg), time.monotonic()
        found.watched, found.since = watched, now
        found.due = now + self._setup_limit if watched and not found.port.is_up else None

    # What was agreed on.

    def takes_digits(self, leg: LegId) -> bool:
        """Say whether the peer agreed on telephone-events."""
        stream = self._leg(leg).port.audio.stream
        return stream is not None and stream.digits is not None

    def codec(self, leg: LegId) -> str:
        """Name the audio encoding agreed on."""
        stream = self._leg(leg).port.audio.stream
        return stream.formats[0].name if stream else ""

    def has_video(self, leg: LegId) -> bool:
        """Say whether video was agreed."""
        return self._leg(leg).port.video.stream is not None

    def refresh_video(self, leg: LegId) -> None:
        """Ask the peer of this leg for a key frame."""
        self._leg(leg).port.ask_refresh()

    def stats(self, leg: LegId) -> LegStats:
        """Say what the leg carried so far."""
        return self._leg(leg).port.stats()

    def quality(self, leg: LegId) -> CallQuality | None:
        """Say how the audio did so far."""
        return self._leg(leg).port.meter.total()

    # Who hears whom.

    def bridge(self, one: LegId, other: LegId) -> BridgeId:
        """Let two legs hear each other."""
        return self._patch.bridge(self._leg(one).member, self._leg(other).member)

    def unbridge(self, bridge: BridgeId) -> None:
        """Part them again, or end a listening."""
        self._patch.unbridge(bridge)
        self._audience.end(bridge)

    async def play(self, leg: LegId, source: str, *, loop: bool = False) -> None:
        """Let a leg hear a source, and then its bridge again; return when it is over or something else is heard."""
        member = self._leg(leg).member
        task = self._start_playing(member.port, source, loop)
        self._patch.hear(member, task)
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
            self._patch.over(member, task)
        if not task.cancelled():
            task.result()

    def hold(self, leg: LegId, held: bool) -> None:
        """Put a leg on hold, or take it off."""
        self._patch.hold(self._leg(leg).member, held)

    def mute(self, leg: LegId, muted: bool) -> None:
        """Let nobody hear what a leg's peer says, or let them again."""
        self._patch.mute(self._leg(leg).member, muted)

    def listen(self, leg: LegId, target: LegId) -> BridgeId:
        """Let a leg hear both directions of another one."""
        return self._audience.listen(self._leg(leg).member, self._leg(target).member)

    def record(
        self, leg: LegId, path: Path, told: Callable[[Recorded], None], *, longest: float = 14_400.0
    ) -> RecordingId:
        """Write a leg's sound to a new WAV file."""
        return self._recorder.record(self._leg(leg).port.audio, path, told, longest)

    def stop_recording(self, recording: RecordingId) -> None:
        """End a recording, if it goes on."""
        self._recorder.stop(recording)

    def send_digits(self, leg: LegId, digits: str) -> None:
        """Let a leg's peer receive digits.

        Raises:
            ProtocolError: they cannot be read, or are too many.
        """
        found = self._leg(leg)
        stream = found.port.audio.stream
        if stream is None or stream.digits is None:
            log.warning("the peer takes no digits", leg=leg)
            return
        if found.digits is None or found.digits.sender.clock != stream.digits.clock:
            if found.digits is not None:
                found.digits.stop()
            found.digits = Dialling(found.port, DigitSender(stream.digits.clock), self._ticker)
        found.digits.push(digits)

    # Ending.

    def close(self, leg: LegId) -> LegStats:
        """End a leg's media and say what it carried."""
        found = self._legs.pop(leg, None)
        if found is None:
            return LegStats()
        self._patch.leave(found.member)
        self._recorder.leave(found.port.audio)
        self._audience.leave(found.member)
        if found.digits is not None:
            found.digits.stop()
        found.port.say_bye()
        found.bargain.side.drop()
        return found.port.stats()

    # Inside: agreeing and connecting.

    def _leg(self, leg: LegId) -> _Leg:
        found = self._legs.get(leg)
        if found is None:
            raise MediaError("the leg is not open", Cause.WRONG_CALL_STATE)
        return found

    def _begin(self, leg: _Leg) -> None:
        """Something was agreed on: give the peer time to connect, and let those who listen have it their way."""
        leg.watched = True
        if not leg.port.is_up:
            leg.due = time.monotonic() + self._setup_limit
            leg.failed = False
        self._patch.renew(leg.member)

    def _lost(self, leg: LegId, why: str) -> None:
        found = self._legs.get(leg)
        if found is not None:
            self._fail(found, Cause.DESTINATION_OUT_OF_ORDER, why)

    def _fail(self, leg: _Leg, cause: Cause, text: str) -> None:
        if not leg.failed:
            leg.failed = True
            leg.port.listener(Failed(cause, text))

    # Inside: sound, tasks and time.

    def _start_playing(self, port: Port, source: str, loop: bool) -> "asyncio.Task[None]":
        return self._spawn(perform(self._player, port, source, loop), f"play to {port.leg}")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("media work failed", work=task.get_name(), why=repr(error))

    def _watch(self) -> None:
        self._watcher = asyncio.get_running_loop().call_later(self._watch_every, self._watch)
        now = time.monotonic()
        for leg in list(self._legs.values()):
            try:
                leg.port.tick(now)
                self._check(leg, now)
            except Exception:  # of a listener; the other legs are looked after all the same
                log.exception("watching failed", leg=leg.port.leg)

    def _check(self, leg: _Leg, now: float) -> None:
        """Notice a leg that does not connect, or whose peer is silent for too long."""
        if leg.due is not None and leg.port.is_up:
            leg.due = None
        if leg.due is not None:
            if now > leg.due:
                self._fail(leg, Cause.MEDIA_TIMEOUT, "the peer did not connect in time")
        elif leg.watched and leg.port.connected.is_set():
            stream = leg.port.audio.stream
            quiet = leg.member.held or (stream is not None and not (stream.hears and stream.sends))
            if now - max(leg.port.heard_at, leg.since) > (self._held_timeout if quiet else self._media_timeout):
                self._fail(leg, Cause.MEDIA_TIMEOUT, "nothing was heard for too long")
