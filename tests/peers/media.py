"""The far end of a call: an aiortc peer connection that sends a tone, keeps what it hears and counts digits in RTP."""

import asyncio
import fractions
import math
import re
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from numpy.typing import NDArray

__all__ = ["EVENTS", "FarEnd", "Samples", "ToneTrack"]

EVENTS: Final = "0123456789*#ABCD"  # RFC 4733 3.2: the digit of each event number
_RATE: Final = 48_000
_FRAME: Final = 960  # samples: 20 ms
_WAIT_S: Final = 15.0
_EVENT_PT: Final = 110  # what we ask for in offers; in answers the server's number counts

Samples = NDArray[np.int16]


class ToneTrack(MediaStreamTrack):
    """A steady tone at a quarter of full scale; 0 Hz is silence."""

    kind = "audio"

    def __init__(self, hz: float) -> None:
        super().__init__()
        self.hz = hz
        self._start = 0.0
        self._count = 0

    async def recv(self) -> AudioFrame:
        """Give the next 20 ms, when they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        self._start = self._start or time.monotonic()
        await asyncio.sleep(max(0.0, self._start + self._count / _RATE - time.monotonic()))
        moment = (self._count + np.arange(_FRAME)) / _RATE
        sound = (8192 * np.sin(2 * math.pi * self.hz * moment)).astype(np.int16)
        frame = AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = _RATE, fractions.Fraction(1, _RATE), self._count
        self._count += _FRAME
        return frame


class FarEnd:
    """One phone's media: made for an offer or an answer, closed with the call."""

    def __init__(self, hz: float = 440.0, codecs: str | None = None) -> None:
        """Be ready to send `hz`; `codecs` keeps only these names in offers ("PCMU")."""
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.track = ToneTrack(hz)
        self.pc.addTrack(self.track)
        self.digits: list[str] = []  # events heard in RTP, once for each RTP timestamp
        self.ended: list[int] = []  # their durations in RTP ticks, where the end was marked
        self.packets = 0  # RTP packets decrypted
        self.events_pt: int | None = None
        self._codecs = codecs
        self._events_seen: dict[tuple[int, int], bool] = {}
        self._heard: list[Samples] = []
        self._count = 0
        self._rate = _RATE
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._shift = 0  # how many packets of our own went into the sender's numbering
        self._last = (0, 0, 0)  # sequence number, timestamp, SSRC of the last packet sent
        self.pc.on("track", self._on_track)
        self.pc.on("connectionstatechange", self._news.set)

    # SDP.

    async def offer(self) -> str:
        """Make a complete offer, telephone-event included."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = only(self.pc.localDescription.sdp, self._codecs) if self._codecs else self.pc.localDescription.sdp
        self.events_pt = _EVENT_PT
        return with_events(sdp, _EVENT_PT)

    async def accept(self, sdp: str) -> None:
        """Take the answer to our offer."""
        self.events_pt = events_pt(sdp)
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self._tap()

    async def answer(self, sdp: str) -> str:
        """Take an offer and make the answer to it."""
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        self._tap()
        self.events_pt = events_pt(sdp)
        own = self.pc.localDescription.sdp
        return with_events(own, self.events_pt) if self.events_pt is not None else own

    # Sound.

    async def connected(self) -> None:
        """Wait until ICE and DTLS are through."""
        async with asyncio.timeout(_WAIT_S):
            await self._until(lambda: self.pc.connectionState in ("connected", "failed", "closed"))
        assert self.pc.connectionState == "connected", self.pc.connectionState

    async def hear(self, seconds: float = 0.5, after: float = 0.0) -> tuple[Samples, int]:
        """Wait for the next `seconds` of sound, leaving out the first `after` of it; gives samples and their rate.

        Raises:
            TimeoutError: not that much came.
        """
        start = self._count + int(after * self._rate)
        async with asyncio.timeout(after + seconds + _WAIT_S):
            await self._until(lambda: bool(self._count) and self._count >= start + int(seconds * self._rate))
        sound = np.concatenate(self._heard)
        return sound[start : start + int(seconds * self._rate)], self._rate

    async def flows(self, seconds: float = 0.3) -> int:
        """Count the RTP packets of the next `seconds`."""
        before = self.packets
        await asyncio.sleep(seconds)
        return self.packets - before

    async def press(self, digits: str, ms: int = 100) -> None:
        """Send digits as RFC 4733: packets every 20 ms, three with the end bit, all with one timestamp."""
        assert self.events_pt is not None, "telephone-event was not agreed"
        for digit in digits:
            event, stamp = EVENTS.index(digit), (self._last[1] + 960) & 0xFFFFFFFF
            for step in range(1, ms // 20 + 1):
                await self._send_event(event, 960 * step, stamp, marker=step == 1)
                await asyncio.sleep(0.02)
            for _ in range(3):
                await self._send_event(event, 960 * (ms // 20) | 0x80_0000, stamp)
            await asyncio.sleep(0.06)

    async def pressed(self, count: int) -> str:
        """Wait until so many digits have ended, and give all that were heard."""
        async with asyncio.timeout(_WAIT_S):
            await self._until(lambda: len(self.ended) >= count)
        return "".join(self.digits)

    async def close(self) -> None:
        """Stop sending and listening."""
        for task in self._tasks:
            task.cancel()
        self.track.stop()
        await self.pc.close()
        await asyncio.sleep(0)  # its sockets close in the next turn of the loop

    # Inside.

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._news.clear()
            await self._news.wait()

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._tasks.append(asyncio.create_task(self._record(track), name="far end recorder"))

    async def _record(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                sound = frame.to_ndarray().reshape(-1)[:: len(frame.layout.channels)]
                self._rate = frame.sample_rate
                self._heard.append(sound.astype(np.int16))
                self._count += sound.size
                self._news.set()

    def _tap(self) -> None:
        """Look at each decrypted packet before aiortc drops what it has no codec for, and number those sent anew."""
        transport = self.pc.getTransceivers()[0].receiver.transport
        receive: Callable[..., Awaitable[None]] = transport._handle_rtp_data
        self._raw_send: Callable[[bytes], Awaitable[None]] = transport._send_rtp

        async def handle(data: bytes, **more: Any) -> None:
            self._count_packet(data)
            await receive(data, **more)

        transport.__dict__["_handle_rtp_data"] = handle
        transport.__dict__["_send_rtp"] = self._send

    def _count_packet(self, data: bytes) -> None:
        self.packets += 1
        _, kind, _, stamp, ssrc = struct.unpack_from("!BBHLL", data)
        body = data[12 + 4 * (data[0] & 15) :]
        if kind & 127 == self.events_pt and len(body) >= 4 and not data[0] & 16:
            event, flags, ticks = struct.unpack_from("!BBH", body)
            if (ssrc, stamp) not in self._events_seen:
                self._events_seen[ssrc, stamp] = False
                self.digits.append(EVENTS[event])
            if flags & 128 and not self._events_seen[ssrc, stamp]:
                self._events_seen[ssrc, stamp] = True
                self.ended.append(ticks)
                self._news.set()

    async def _send(self, data: bytes) -> None:
        if not 64 <= data[1] & 127 < 96:  # RTP, not RTCP
            _, _, number, stamp, ssrc = struct.unpack_from("!BBHLL", data)
            number = (number + self._shift) & 0xFFFF
            self._last = number, stamp, ssrc
            data = data[:2] + struct.pack("!H", number) + data[4:]
        await self._raw_send(data)

    async def _send_event(self, event: int, ticks: int, stamp: int, marker: bool = False) -> None:
        """`ticks` holds the duration, and 0x800000 if this is the end."""
        self._shift += 1
        number = (self._last[0] + 1) & 0xFFFF
        self._last = number, stamp, self._last[2]
        head = struct.pack("!BBHLL", 0x80, (self.events_pt or 0) | marker << 7, number, stamp, self._last[2])
        await self._raw_send(head + struct.pack("!BBH", event, 10 | (0x80 if ticks & 0x80_0000 else 0), ticks & 0xFFFF))


def events_pt(sdp: str) -> int | None:
    """The payload type of telephone-event in the first m=audio: at 48 kHz if there is one."""
    found = re.findall(r"^a=rtpmap:(\d+) telephone-event/(\d+)", sdp, re.MULTILINE | re.IGNORECASE)
    return int(max(found, key=lambda each: int(each[1]))[0]) if found else None


def with_events(sdp: str, pt: int) -> str:
    """Add telephone-event, which aiortc cannot name, to the audio of an SDP."""
    sdp = re.sub(r"(?m)^(m=audio .*?)(\r?)$", rf"\1 {pt}\2", sdp, count=1)
    rate = 48_000 if re.search(r"rtpmap:\d+ opus", sdp) else 8_000
    lines = f"a=rtpmap:{pt} telephone-event/{rate}\r\na=fmtp:{pt} 0-15\r\n"
    return re.sub(r"(?m)^(a=rtpmap:)", lambda found: lines + found[1], sdp, count=1)


def only(sdp: str, codecs: str) -> str:
    """Keep just the codecs of these names (separated by blanks) in the audio of an SDP."""
    wanted = {name.lower() for name in codecs.split()}
    rtpmaps = dict(re.findall(r"^a=rtpmap:(\d+) ([^/]+)", sdp, re.MULTILINE))
    gone = {pt for pt, name in rtpmaps.items() if name.lower() not in wanted}
    kept = " ".join(pt for pt in rtpmaps if pt not in gone)
    lines = (line for line in sdp.splitlines() if not re.match(rf"a=(rtpmap|fmtp|rtcp-fb):({'|'.join(gone)}) ", line))
    return re.sub(r"(m=audio \d+ \S+) .*", rf"\1 {kept}", "\r\n".join(lines)) + "\r\n"
