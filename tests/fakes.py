"""Stand-ins for what a door has on either side: a socket with nobody behind it, and media without packets."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import BridgeId, LegId
from xswitch_py.base.offer import Wish
from xswitch_py.media.api import CallQuality, Heard, LegStats, Listener, Recorded, RecordingId, Taken, Transport, Video

__all__ = ["FakeMedia", "FakeSocket", "Track"]


_DIRECTIONS = {
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}


class FakeSocket:
    """A WebSocket whose peer is the test: `say` is heard by the door, `heard` is what the door sent."""

    def __init__(self, host: str = "192.0.2.1", port: int = 4242) -> None:
        self.remote = (host, port)
        self.secure = False
        self.slow = False
        self.code: int | None = None  # how the door closed it
        self.sent: list[tuple[str, bool]] = []  # texts, and whether they were urgent
        self._in: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._news = asyncio.Event()

    # What the door calls.

    async def receive(self) -> str | bytes | None:
        """Give the door the next message."""
        return await self._in.get()

    def send(self, text: str, *, urgent: bool = True) -> None:
        """Take a message from the door."""
        if self.code is None:
            self.sent.append((text, urgent))
            self._news.set()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Take the door's goodbye."""
        if self.code is None:
            self.code = code
            self._in.put_nowait(None)
            self._news.set()

    def abort(self) -> None:
        """Drop the connection."""
        self.close(1006)

    # What the test calls.

    def say(self, message: Any) -> None:
        """Send the door a message: text and bytes as they are, anything else as JSON."""
        self._in.put_nowait(message if isinstance(message, str | bytes) else json.dumps(message))

    def drop(self) -> None:
        """Be gone."""
        self.code = self.code or 1006
        self._in.put_nowait(None)

    @property
    def heard(self) -> list[Any]:
        """All JSON messages so far."""
        return [json.loads(text) for text, _ in self.sent if not text.startswith("#")]

    async def until(self, wanted: Callable[[], Any]) -> Any:
        """Wait until something is true of what was heard, and give it."""
        async with asyncio.timeout(5):
            while not (found := wanted()):
                self._news.clear()
                await self._news.wait()
        return found


@dataclass(slots=True)
class Track:
    """The media of one leg."""

    listener: Listener
    sdps: list[str] = field(default_factory=list)  # every SDP of the peer
    codec: str = ""
    local: str = ""  # our SDP
    held: bool = False
    muted: bool = False
    suspended: bool = False
    watched: bool = True
    video: Video = field(default_factory=Video)
    wanted: Video = field(default_factory=Video)
    digits: list[str] = field(default_factory=list)  # sent to the peer
    refreshed: int = 0


class FakeMedia:
    """Media that agrees with every SDP but those that say `bad`, and plays for ever.

    Video is agreed on anew only: an SDP has some if it says `video sendrecv`, or another direction.
    """

    def __init__(self) -> None:
        self.tracks: dict[LegId, Track] = {}
        self.closed: list[LegId] = []
        self.bridges: dict[BridgeId, tuple[LegId, LegId]] = {}
        self.listening: dict[BridgeId, tuple[LegId, LegId]] = {}
        self.recordings: dict[RecordingId, tuple[LegId, Path, Callable[[Recorded], None]]] = {}
        self._count = 0

    def open(self, leg: LegId, transport: Transport, listener: Listener, host: str = "") -> None:
        """See `Media`."""
        self.tracks[leg] = Track(listener)

    def read_offer(self, leg: LegId, sdp: str) -> Heard:
        """See `Media`."""
        self._read(leg, sdp)
        return Heard(("opus", "PCMU"), (), True)

    async def make_answer(self, leg: LegId, wish: Wish) -> str:
        """See `Media`."""
        self._track(leg).codec = wish.audio[0]
        return await self._sdp("answer")

    async def make_offer(self, leg: LegId, wish: Wish) -> str:
        """See `Media`."""
        self._track(leg).codec = wish.audio[0]
        return await self._sdp("offer")

    async def read_answer(self, leg: LegId, sdp: str) -> None:
        """See `Media`."""
        self._read(leg, sdp)
        self._look(leg, sdp)
        await asyncio.sleep(0)

    async def renew(self, leg: LegId) -> str:
        """See `Media`."""
        self._track(leg).suspended = False
        return await self._sdp("renewed")

    def suspend(self, leg: LegId) -> None:
        """See `Media`."""
        self._track(leg).suspended = True

    def transport_of(self, sdp: str) -> Transport:
        """See `Media`."""
        return Transport.RTP if "RTP/AVP" in sdp else Transport.WEBRTC

    async def take_offer(self, leg: LegId, sdp: str) -> Taken:
        """See `Media`."""
        self._read(leg, sdp)
        video = self._look(leg, sdp if self._track(leg).wanted.names else "")
        shown = f" video {_DIRECTIONS[video.sends, video.hears]}" if video.names else ""
        return Taken(await self._sdp("answer") + shown, "sendonly" in sdp)

    async def reoffer(self, leg: LegId) -> str:
        """See `Media`."""
        wanted = self._track(leg).wanted
        direction = _DIRECTIONS[wanted.sends, True] if wanted.names else "inactive"
        return await self._sdp("offer") + (f" video {direction}" if wanted.names or self.video(leg).names else "")

    def want_video(self, leg: LegId, video: Video) -> None:
        """See `Media`."""
        self._track(leg).wanted = video

    def video(self, leg: LegId) -> Video:
        """See `Media`."""
        return self._track(leg).video

    def watch(self, leg: LegId, watched: bool) -> None:
        """See `Media`."""
        self._track(leg).watched = watched

    def local(self, leg: LegId) -> str:
        """See `Media`."""
        return self._track(leg).local

    def takes_digits(self, leg: LegId) -> bool:
        """See `Media`."""
        return True

    def codec(self, leg: LegId) -> str:
        """See `Media`."""
        return self._track(leg).codec

    def has_video(self, leg: LegId) -> bool:
        """See `Media`."""
        return False

    def bridge(self, one: LegId, other: LegId) -> BridgeId:
        """See `Media`."""
        self._count += 1
        self.bridges[BridgeId(self._count)] = one, other
        return BridgeId(self._count)

    def unbridge(self, bridge: BridgeId) -> None:
        """See `Media`."""
        self.bridges.pop(bridge, None)
        self.listening.pop(bridge, None)

    async def play(self, leg: LegId, source: str, *, loop: bool = False) -> None:
        """See `Media`."""
        await asyncio.Event().wait()

    def hold(self, leg: LegId, held: bool) -> None:
        """See `Media`."""
        self._track(leg).held = held

    def mute(self, leg: LegId, muted: bool) -> None:
        """See `Media`."""
        self._track(leg).muted = muted

    def record(
        self, leg: LegId, path: Path, told: Callable[[Recorded], None], *, longest: float = 14_400.0
    ) -> RecordingId:
        """See `Media`: nothing is written, and `stop_recording` or `close` ends it."""
        self._track(leg)
        self._count += 1
        self.recordings[RecordingId(self._count)] = leg, path, told
        return RecordingId(self._count)

    def stop_recording(self, recording: RecordingId, why: str = "stopped") -> None:
        """See `Media`."""
        if recording in self.recordings:
            _, path, told = self.recordings.pop(recording)
            told(Recorded(recording, path, 1.0, 32044, 0, why))

    def listen(self, leg: LegId, target: LegId) -> BridgeId:
        """See `Media`."""
        self._track(leg)
        self._track(target)
        self._count += 1
        self.listening[BridgeId(self._count)] = leg, target
        return BridgeId(self._count)

    def quality(self, leg: LegId) -> CallQuality | None:
        """See `Media`."""
        self._track(leg)
        return None

    def send_digits(self, leg: LegId, digits: str) -> None:
        """See `Media`."""
        self._track(leg).digits.append(digits)

    def refresh_video(self, leg: LegId) -> None:
        """See `Media`."""
        self._track(leg).refreshed += 1

    def stats(self, leg: LegId) -> LegStats:
        """See `Media`."""
        return LegStats(self._track(leg).codec, packets_in=7)

    def close(self, leg: LegId) -> LegStats:
        """See `Media`."""
        self.closed.append(leg)
        for recording, (recorded, _, _) in list(self.recordings.items()):
            if recorded == leg:
                self.stop_recording(recording, "hangup")
        track = self.tracks.pop(leg, None)
        return LegStats(track.codec) if track else LegStats()

    def _track(self, leg: LegId) -> Track:
        if leg not in self.tracks:
            raise MediaError("not open")
        return self.tracks[leg]

    def _read(self, leg: LegId, sdp: str) -> None:
        track = self._track(leg)
        if "bad" in sdp or not sdp:
            raise MediaError("no codec in common")
        track.sdps.append(sdp)

    def _look(self, leg: LegId, sdp: str) -> Video:
        track, (_, said, direction) = self._track(leg), sdp.partition("video ")
        sees, shows = direction in ("sendrecv", "recvonly"), direction in ("sendrecv", "sendonly")
        track.video = Video(("VP8",), sees and track.wanted.sends, shows) if said else Video()
        return track.video

    async def _sdp(self, kind: str) -> str:
        await asyncio.sleep(0)
        self._count += 1
        return f"{kind} {self._count}"
