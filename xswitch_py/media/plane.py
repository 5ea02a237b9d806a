"""The media plane in this process: opens and closes legs' media, agrees on it with their peers, says who hears whom."""

import asyncio
import secrets
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from xswitch_py.base import sdp
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError, ProtocolError
from xswitch_py.base.ids import BridgeId, LegId
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Fingerprint, Session
from xswitch_py.media import negotiate
from xswitch_py.media.aiortc_compat import Certificate
from xswitch_py.media.api import Failed, Heard, LegStats, Listener, Transport
from xswitch_py.media.dtmf import DigitSender
from xswitch_py.media.mux import MuxPort, advertised
from xswitch_py.media.negotiate import Agreed, Local
from xswitch_py.media.patch import Member, Patch
from xswitch_py.media.player import Player, Sounds
from xswitch_py.media.port import Port
from xswitch_py.media.ticker import Ticker
from xswitch_py.media.webrtc import WebRtc

__all__ = ["Plane"]

log = structlog.get_logger("xswitch.media")

_WATCH: Final = 0.25  # seconds between two looks at every leg


@dataclass(slots=True, eq=False)
class _Leg:
    """One leg's media."""

    port: Port
    member: Member
    session: int  # of the o= line
    transport: WebRtc | None = None
    connecting: "asyncio.Task[None] | None" = None
    theirs: Session | None = None  # their offer
    ours: Session | None = None  # our offer
    version: int = 0
    due: float | None = None  # monotonic time by which it must be connected
    failed: bool = False
    digits: "_Dialling | None" = None


@dataclass(slots=True, eq=False)
class _Dialling:
    """Digits on their way to a leg's peer, one packet a tick."""

    port: Port
    sender: DigitSender
    ticker: Ticker

    def tick(self, _: int) -> None:
        for packet in self.sender.tick():
            self.port.audio.out.write_event(packet.payload, start=packet.start)
        if not self.sender.busy:
            self.stop()

    def stop(self) -> None:
        self.ticker.remove(self.tick)


class Plane:
    """The media of this process's legs, on one UDP port."""

    def __init__(
        self,
        sounds: Sounds | None = None,
        *,
        addresses: Sequence[str] | None = None,
        port: int = 0,
        public_address: str | None = None,
        setup_limit: float = 15.0,
        media_timeout: float = 60.0,
        held_timeout: float = 1800.0,
    ) -> None:
        """Peers are told `addresses`, or all of this host, or `public_address` in their stead. Limits in seconds."""
        self._wanted = addresses
        self._wanted_port = port
        self._public = public_address
        self._setup_limit = setup_limit
        self._media_timeout = media_timeout
        self._held_timeout = held_timeout
        self._watch_every = min(_WATCH, setup_limit / 4, media_timeout / 4)
        self._legs: dict[LegId, _Leg] = {}
        self._patch = Patch(self._start_playing)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticker = Ticker()
        self._player = Player(self._ticker, sounds or Sounds({}))
        self._mux: MuxPort | None = None
        self._hosts: list[str] = []
        self._watcher: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open the port.

        Raises:
            ValueError: an address cannot be used.
            OSError: the port is taken, or an address is not of this host.
        """
        self._hosts = advertised(self._wanted)
        self._certificate = Certificate.generateCertificate()
        self._fingerprint = Fingerprint("sha-256", self._certificate.sha256())
        self._mux = MuxPort(self._hosts, self._wanted_port)
        self._mux.listen()
        self._watch()
        log.info("media port open", addresses=self.addresses, receive_buffer=self._mux.receive_buffer)

    async def stop(self) -> None:
        """Close every leg, and the port when the peers have been told."""
        for leg in list(self._legs):
            self.close(leg)
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._watcher is not None:
            self._watcher.cancel()
        if self._mux is not None:
            self._mux.close()
            self._mux = None

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The addresses and port that peers are told; empty before `start`."""
        if self._mux is None:
            return []
        return [(host, self._mux.port) for host in ([self._public] if self._public else self._hosts)]

    @property
    def open_at(self) -> list[tuple[str, int]]:
        """The addresses and port where packets are taken, in order; empty before `start`."""
        return sorted(sock.address for sock in self._mux.sockets) if self._mux else []

    @property
    def dropped(self) -> dict[str, int]:
        """What was thrown away because it belonged to no leg or could not be sent: reason -> packets."""
        return dict(self._mux.dropped) if self._mux else {}

    # Beginning.

    def open(self, leg: LegId, transport: Transport, listener: Listener) -> None:
        """Begin a leg's media."""
        if transport is not Transport.WEBRTC:
            raise MediaError("there is only WebRTC so far", Cause.FACILITY_NOT_IMPLEMENTED)
        if leg in self._legs:
            raise MediaError("the leg is open already", Cause.WRONG_CALL_STATE)
        port = Port(leg, listener)
        self._legs[leg] = _Leg(port, Member(port), secrets.randbits(62))

    def read_offer(self, leg: LegId, text: str) -> Heard:
        """Read the peer's offer."""
        found = self._leg(leg)
        session = _parse(text)
        heard = negotiate.heard(session)
        found.theirs = session
        return heard

    async def make_answer(self, leg: LegId, wish: Wish) -> str:
        """Answer the peer's offer, and start connecting."""
        found = self._leg(leg)
        if found.theirs is None or found.transport is not None:
            raise MediaError("there is no offer to answer", Cause.WRONG_CALL_STATE)
        local = self._describe(found, offers=False)
        try:
            answer, agreed = negotiate.make_answer(found.theirs, wish, local)
        except MediaError:
            self._drop_transport(found)
            raise
        self._begin(found, agreed)
        return sdp.serialise(answer)

    async def make_offer(self, leg: LegId, wish: Wish) -> str:
        """Make an offer to the peer."""
        found = self._leg(leg)
        if found.transport is not None:
            raise MediaError("there is an offer or an answer already", Cause.WRONG_CALL_STATE)
        return self._offer(found, wish)

    async def read_answer(self, leg: LegId, text: str) -> None:
        """Take the peer's answer to our offer, and start connecting."""
        found = self._leg(leg)
        if found.ours is None:
            raise MediaError("there is no offer to answer", Cause.WRONG_CALL_STATE)
        agreed = negotiate.read_answer(found.ours, _parse(text))
        found.ours = None
        self._begin(found, agreed)

    async def renew(self, leg: LegId) -> str:
        """Make a fresh offer for a leg whose peer starts anew."""
        found = self._leg(leg)
        agreed = found.port.agreed
        if agreed is None:
            raise MediaError("nothing was agreed on yet", Cause.WRONG_CALL_STATE)
        self.suspend(leg)
        names = {s.kind: (s.formats[0].name,) for s in agreed.streams if s.formats}
        return self._offer(found, Wish(names["audio"], names.get("video", ())))

    def suspend(self, leg: LegId) -> None:
        """Stop sending, and watch for no time-outs, until `renew`."""
        found = self._leg(leg)
        found.due = None
        self._drop_transport(found)

    # What was agreed on.

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

    # Who hears whom.

    def bridge(self, one: LegId, other: LegId) -> BridgeId:
        """Let two legs hear each other."""
        return self._patch.bridge(self._leg(one).member, self._leg(other).member)

    def unbridge(self, bridge: BridgeId) -> None:
        """Part them again."""
        self._patch.unbridge(bridge)

    async def play(self, leg: LegId, source: str, *, loop: bool = False) -> None:
        """Let a leg hear a source; return when it is over or something else is heard."""
        member = self._leg(leg).member
        task = self._start_playing(member.port, source, loop)
        self._patch.hear(member, task)
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
            if member.hears is task:
                member.hears = None
        if not task.cancelled():
            task.result()

    def hold(self, leg: LegId, held: bool) -> None:
        """Put a leg on hold, or take it off."""
        self._patch.hold(self._leg(leg).member, held)

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
        if found.digits is None:
            found.digits = _Dialling(found.port, DigitSender(stream.digits.clock), self._ticker)
        found.digits.sender.push(digits)
        self._ticker.add(found.digits.tick)

    # Ending.

    def close(self, leg: LegId) -> LegStats:
        """End a leg's media and say what it carried."""
        found = self._legs.pop(leg, None)
        if found is None:
            return LegStats()
        self._patch.leave(found.member)
        if found.digits is not None:
            found.digits.stop()
        found.port.say_bye()
        self._drop_transport(found)
        return found.port.stats()

    # Inside: agreeing and connecting.

    def _leg(self, leg: LegId) -> _Leg:
        found = self._legs.get(leg)
        if found is None:
            raise MediaError("the leg is not open", Cause.WRONG_CALL_STATE)
        return found

    def _describe(self, leg: _Leg, *, offers: bool) -> Local:
        """Give the leg a new transport, and what our SDP says of it."""
        if self._mux is None:
            raise MediaError("the media plane is not running", Cause.NETWORK_OUT_OF_ORDER)
        transport = leg.transport = WebRtc(
            self._mux, self._certificate, leg.port, advertised=self._hosts, public=self._public, offers=offers
        )
        leg.version += 1
        leg.port.allow_resend(transport.resend)
        ssrcs = {kind: lane.out.ssrc for kind, lane in leg.port.lanes.items()}
        return Local(
            transport.ufrag, transport.pwd, self._fingerprint, transport.candidates, ssrcs, leg.session, leg.version
        )

    def _offer(self, leg: _Leg, wish: Wish) -> str:
        try:
            leg.ours = negotiate.make_offer(wish, self._describe(leg, offers=True))
        except MediaError:
            self._drop_transport(leg)
            raise
        return sdp.serialise(leg.ours)

    def _begin(self, leg: _Leg, agreed: Agreed) -> None:
        assert leg.transport is not None
        leg.port.agree(agreed)
        leg.due = time.monotonic() + self._setup_limit
        leg.failed = False
        connect = self._connect(leg, leg.transport, agreed)
        leg.connecting = self._spawn(connect, f"connect {leg.port.leg}")
        self._patch.renew(leg.member)

    async def _connect(self, leg: _Leg, transport: WebRtc, agreed: Agreed) -> None:
        try:
            await transport.connect(agreed.remote)
        except ConnectionError as error:
            if leg.transport is transport:
                self._fail(leg, Cause.DESTINATION_OUT_OF_ORDER, str(error))

    def _drop_transport(self, leg: _Leg) -> None:
        transport, leg.transport = leg.transport, None
        leg.port.down()
        if leg.connecting is not None:
            leg.connecting.cancel()
            leg.connecting = None
        if transport is not None:
            transport.shut()
            self._spawn(transport.close(), f"close {leg.port.leg}")

    def _fail(self, leg: _Leg, cause: Cause, text: str) -> None:
        if not leg.failed:
            leg.failed = True
            leg.port.listener(Failed(cause, text))

    # Inside: sound, tasks and time.

    def _start_playing(self, port: Port, source: str, loop: bool) -> "asyncio.Task[None]":
        return self._spawn(self._play(port, source, loop), f"play to {port.leg}")

    async def _play(self, port: Port, source: str, loop: bool) -> None:
        await port.connected.wait()
        stream = port.audio.stream
        assert stream is not None
        await self._player.play(port.audio.out, stream.formats[0], source, loop=loop)

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
        elif leg.transport is not None and leg.port.connected.is_set():
            stream = leg.port.audio.stream
            quiet = leg.member.held or (stream is not None and not stream.hears)
            if now - leg.port.heard_at > (self._held_timeout if quiet else self._media_timeout):
                self._fail(leg, Cause.MEDIA_TIMEOUT, "nothing was heard for too long")


def _parse(text: str) -> Session:
    try:
        return sdp.parse(text)
    except ProtocolError as error:
        raise MediaError(str(error)) from error
