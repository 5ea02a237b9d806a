"""An independent far end for the media plane: aiortc's own `RTCPeerConnection`, with tones to send and listen for."""

import asyncio
import contextlib
import fractions
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from av import AudioFrame

from tests.sound import has_tone, is_silent, sine
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.media.api import Connected, Measured, MediaEvent, Milestone, Transport
from xswitch_py.media.plane import Plane
from xswitch_py.media.player import Sounds

__all__ = ["Events", "Peer", "Tone", "answered", "offered", "running", "until"]

RATE = 8000
FRAME = 160
WINDOW = 8  # frames that are looked at together
AUDIO = Wish(("PCMU",))


async def until(done: Callable[[], bool]) -> None:
    """Look every now and then whether something that tells nobody has happened."""
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.001)


class Events:
    """A listener that can be waited on."""

    def __init__(self) -> None:
        self.seen: list[MediaEvent] = []
        self.noted: list[MediaEvent] = []  # what only tells how it goes
        self._changed = asyncio.Event()

    def __call__(self, event: MediaEvent) -> None:
        """Hear of an event."""
        (self.noted if isinstance(event, Measured | Milestone) else self.seen).append(event)
        self._changed.set()

    async def wait(self, kind: type[MediaEvent], count: int = 1) -> Any:
        """Wait for the `count`-th event of a kind."""
        while True:
            found = [event for event in (*self.seen, *self.noted) if isinstance(event, kind)]
            if len(found) >= count:
                return found[count - 1]
            self._changed.clear()
            await self._changed.wait()


class Tone(AudioStreamTrack):
    """An endless tone of 8000 samples a second."""

    def __init__(self, hz: float) -> None:
        super().__init__()
        self._sound = sine(hz, 1, RATE)
        self._sent = 0
        self._start = 0.0

    async def recv(self) -> AudioFrame:
        """Give the next 20 ms when it is time."""
        loop = asyncio.get_running_loop()
        self._start = self._start or loop.time()
        await asyncio.sleep(max(0.0, self._start + self._sent / RATE - loop.time()))
        at = self._sent % len(self._sound)
        frame = AudioFrame.from_ndarray(self._sound[at : at + FRAME].reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._sent, fractions.Fraction(1, RATE)
        self._sent += FRAME
        return frame


class Peer:
    """One far end: sends a tone, and knows what it hears."""

    def __init__(self, hz: float = 440, *, video: bool = False) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.frames = 0  # that were heard
        self.pictures = 0
        self._window: list[Any] = []
        self._rate = RATE
        self._more = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.pc.addTrack(Tone(hz))
        if video:
            self.pc.addTrack(VideoStreamTrack())
        self.pc.on("track", self._track)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def offer(self) -> str:
        """Make an offer."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def take_answer(self, text: str) -> None:
        """Take the answer to it."""
        await self.pc.setRemoteDescription(RTCSessionDescription(text, "answer"))

    async def answer(self, text: str) -> str:
        """Answer an offer."""
        await self.pc.setRemoteDescription(RTCSessionDescription(text, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self.pc.localDescription.sdp

    async def hears(self, hz: float) -> None:
        """Wait until this tone is what is heard."""
        await self._until(lambda: has_tone(self._latest(), self._rate, hz, 0.6))

    async def hears_none_of(self, *tones: float) -> None:
        """Wait until something is heard, and it is none of these tones."""
        await self._until(lambda: not is_silent(self._latest()) and not any(self._has(hz) for hz in tones))

    async def hears_frames(self, count: int) -> None:
        """Wait for so many frames more."""
        wanted = self.frames + count
        await self._until(lambda: self.frames >= wanted)

    async def sees(self, count: int) -> None:
        """Wait for so many pictures."""
        await self._until(lambda: self.pictures >= count)

    @property
    def sender(self) -> RTCRtpSender:
        """What sends the tone."""
        return self.pc.getSenders()[0]

    async def _until(self, seen: Callable[[], bool]) -> None:
        async with self._more:
            await self._more.wait_for(seen)

    def _latest(self) -> Any:
        return np.concatenate(self._window) if len(self._window) == WINDOW else np.zeros(1, np.int16)

    def _has(self, hz: float) -> bool:
        return has_tone(self._latest(), self._rate, hz, 0.2)

    def _track(self, track: Any) -> None:
        task = asyncio.create_task(self._listen(track))
        self._tasks.add(task)

    async def _listen(self, track: Any) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                async with self._more:
                    if track.kind == "audio":
                        self._hear(frame)
                    else:
                        self.pictures += 1
                    self._more.notify_all()

    def _hear(self, frame: Any) -> None:
        self.frames += 1
        self._rate = frame.sample_rate
        samples = frame.to_ndarray().reshape(-1)[:: len(frame.layout.channels)]
        self._window = [*self._window[1 - WINDOW :], samples]


@contextlib.asynccontextmanager
async def running(sounds: Sounds | None = None, **limits: float) -> AsyncIterator[Plane]:
    """Run a media plane; limits as its own."""
    plane = Plane(sounds, **limits)  # type: ignore[arg-type]
    await plane.start()
    try:
        yield plane
    finally:
        await plane.stop()


async def offered(plane: Plane, name: str, peer: Peer, wish: Wish = AUDIO) -> tuple[LegId, Events]:
    """Open a leg on the peer's offer, and wait until it is connected."""
    leg, events = LegId(name), Events()
    plane.open(leg, Transport.WEBRTC, events)
    plane.read_offer(leg, await peer.offer())
    await peer.take_answer(await plane.make_answer(leg, wish))
    await events.wait(Connected)
    return leg, events


async def answered(plane: Plane, name: str, peer: Peer, wish: Wish = AUDIO) -> tuple[LegId, Events]:
    """Open a leg with an offer of ours, and wait until it is connected."""
    leg, events = LegId(name), Events()
    plane.open(leg, Transport.WEBRTC, events)
    await plane.read_answer(leg, await peer.answer(await plane.make_offer(leg, wish)))
    await events.wait(Connected)
    return leg, events
