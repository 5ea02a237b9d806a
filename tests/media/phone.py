"""An independent far end of plain RTP or SDES-SRTP: raw UDP sockets, SDP written by hand, tones to send and hear."""

import asyncio
import base64
import os
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pylibsrtp import Policy, Session

from tests.media.peer import Events
from tests.sound import has_tone, sine
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.media.api import Transport
from xswitch_py.media.codecs import decoder, encoder
from xswitch_py.media.plane import Plane

__all__ = ["Phone", "Remote", "answered", "called"]

Pcm = NDArray[np.int16]

CLOCKS = {"PCMU": 8000, "PCMA": 8000, "G722": 8000, "opus": 48000}
RATES = {"PCMU": 8000, "PCMA": 8000, "G722": 16000, "opus": 48000}
MAPS = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 96: "opus/48000/2", 101: "telephone-event/8000"}
PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
    "AES_CM_128_HMAC_SHA1_32": (Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 30),
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
}


class Remote:
    """What an SDP says of its writer, read in the simplest way."""

    def __init__(self, sdp: str) -> None:
        self.lines = sdp.split("\r\n")
        media = next(line for line in self.lines if line.startswith("m=audio")).split()
        self.host = next(line for line in self.lines if line.startswith("c=")).split()[-1]
        self.port, self.profile, self.pts = int(media[1]), media[2], [int(pt) for pt in media[3:]]
        self.crypto = [line[9:].split() for line in self.lines if line.startswith("a=crypto:")]

    @property
    def address(self) -> tuple[str, int]:
        """Where it takes RTP."""
        return self.host, self.port

    @property
    def version(self) -> int:
        """That of the o= line."""
        return int(self.lines[1].split()[2])


class Phone:
    """A phone with two sockets."""

    def __init__(self, *pts: int, host: str = "127.0.0.1", hz: float = 440, suite: str = "", ms: int = 20) -> None:
        self.pts = pts or (0, 101)
        self.host = host
        self.suite = suite
        self.tag = "1"
        self.ms = ms
        self.key = os.urandom(PROFILES[suite][1]) if suite else b""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.rtp, self.rtcp = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        for sock in (self.rtp, self.rtcp):
            sock.bind((host, 0))
            sock.setblocking(False)
        self.ssrc = int.from_bytes(os.urandom(4), "big")
        self.version = 1
        self.seq = 100
        self.ts = 5000
        self.hz = hz
        self.to: tuple[str, int] | None = None
        self.packets: list[bytes] = []  # that came, decrypted
        self.reports: list[bytes] = []
        self.sources: list[Any] = []  # the address of each packet that came
        self._in: Session | None = None
        self._out: Session | None = None
        self._encoder: Any = None
        self._sound: Pcm = np.zeros(0, np.int16)
        self._task: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        loop.add_reader(self.rtp, self._receive)
        loop.add_reader(self.rtcp, self._receive_rtcp)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
        loop = asyncio.get_running_loop()
        for sock in (self.rtp, self.rtcp):
            loop.remove_reader(sock)
            sock.close()

    @property
    def port(self) -> int:
        """Of RTP."""
        return int(self.rtp.getsockname()[1])

    def sdp(self, *lines: str, pts: tuple[int, ...] = (), address: str = "", port: int = 0, maps: bool = True) -> str:
        """Describe itself; `lines` stand at the end."""
        kind = "IP6" if ":" in self.host else "IP4"
        profile = "RTP/SAVP" if self.suite else "RTP/AVP"
        listed = pts or self.pts
        crypto = (
            [f"a=crypto:{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"] if self.suite else []
        )
        return "\r\n".join(
            [
                "v=0", f"o=phone 7 {self.version} IN {kind} {self.host}", "s=-",
                f"c=IN {kind} {address or self.host}", "t=0 0",
                f"m=audio {port or self.port} {profile} {' '.join(map(str, listed))}",
                *(f"a=rtpmap:{pt} {MAPS[pt]}" for pt in listed if maps),
                f"a=rtcp:{self.rtcp.getsockname()[1]}",
                *crypto, *lines, "",
            ]
        )  # fmt: skip

    def aim(self, sdp: str) -> Remote:
        """Take the other one's description."""
        remote = Remote(sdp)
        self.to = remote.address
        if self.suite:
            [(self.tag, _, text)] = [line for line in remote.crypto if line[1] == self.suite]
            theirs = base64.b64decode(text.removeprefix("inline:"))
            profile = PROFILES[self.suite][0]
            self._in = self._in or Session(Policy(theirs, Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
            self._out = self._out or Session(Policy(self.key, Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        return remote

    def talk(self) -> None:
        """Send the tone from now on."""
        self._task = self._task or asyncio.create_task(self._talk())

    def send(
        self, payload: bytes = b"\xff" * 160, *, pt: int | None = None, sock: socket.socket | None = None
    ) -> bytes:
        """Send one packet, and give it."""
        self.seq, self.ts = self.seq + 1 & 0xFFFF, self.ts + 160
        first = self.pts[0] if pt is None else pt
        packet = struct.pack("!BBHII", 0x80, first, self.seq, self.ts, self.ssrc) + payload
        data = packet if self._out is None else self._out.protect(packet)
        (sock or self.rtp).sendto(data, self.to)  # type: ignore[arg-type]
        return data

    def heard(self, last: int = 8) -> Pcm:
        """Decode the last packets."""
        name = MAPS[self.packets[-1][1] & 127].partition("/")[0]
        far = decoder(name, RATES[name])
        return np.concatenate([far.decode(packet[12:]) for packet in self.packets[-last:]])

    async def hears(self, hz: float) -> None:
        """Wait until this tone is what is heard."""
        await self.until(lambda: len(self.packets) > 7 and self._has(hz))

    async def gets(self, count: int) -> None:
        """Wait for so many packets more."""
        wanted = len(self.packets) + count
        await self.until(lambda: len(self.packets) >= wanted)

    async def until(self, done: Callable[[], bool]) -> None:
        """Look again and again."""
        async with asyncio.timeout(5):
            while not done():
                await asyncio.sleep(0.005)

    def _has(self, hz: float) -> bool:
        name = MAPS[self.packets[-1][1] & 127].partition("/")[0]
        return "telephone" not in name and has_tone(self.heard(), RATES[name], hz, 0.6)

    async def _talk(self) -> None:
        name = MAPS[self.pts[0]].partition("/")[0]
        coder = encoder(name)
        pcm = sine(self.hz, 1, coder.rate)
        size = coder.rate // 50
        frames = [coder.encode(pcm[at : at + size]) for at in range(0, len(pcm), size)]
        whole = b"".join(frames)
        count, loop = 0, asyncio.get_running_loop()
        start = loop.time()
        while True:
            frame = frames[count % 50]
            if self.ms != 20:
                length = 8 * self.ms
                at = count * length % (len(whole) - length)
                frame = whole[at : at + length]
            self.send(frame)
            self.ts += CLOCKS[name] * self.ms // 1000 - 160
            count += 1
            await asyncio.sleep(start + count * self.ms / 1000 - loop.time())

    def _receive(self) -> None:
        data, source = self.rtp.recvfrom(2048)
        if 63 < data[1] & 127 < 96:
            self.reports.append(data)
            return
        self.packets.append(self._in.unprotect(data) if self._in is not None else data)
        self.sources.append(source)

    def _receive_rtcp(self) -> None:
        data = self.rtcp.recv(2048)
        self.reports.append(self._in.unprotect_rtcp(data) if self._in is not None else data)


async def called(plane: Plane, name: str, phone: Phone, *codecs: str, lines: tuple[str, ...] = ()) -> LegId:
    """Open a leg on the phone's offer."""
    leg = LegId(name)
    plane.open(leg, Transport.RTP, Events())
    plane.read_offer(leg, phone.sdp(*lines))
    phone.aim(await plane.make_answer(leg, Wish(codecs or ("PCMU",))))
    return leg


async def answered(
    plane: Plane, name: str, phone: Phone, *codecs: str, transport: Transport = Transport.RTP
) -> tuple[LegId, Events]:
    """Open a leg with an offer of ours."""
    leg, events = LegId(name), Events()
    plane.open(leg, transport, events)
    phone.aim(await plane.make_offer(leg, Wish(codecs or ("PCMU",))))
    await plane.read_answer(leg, phone.sdp())
    return leg, events
