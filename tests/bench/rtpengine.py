"""rtpengine in user space: 100 calls from plain RTP to SRTP and back, one cipher operation a packet (ours does two).

And as many of plain RTP on both sides, for whoever measures the same of ours.
"""

import asyncio
import base64
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any, Final

from tests.bench.cpu import Spent, memory_mb, threads
from tests.bench.pump import Missing, Pump, Stream
from tests.bench.relay import Run, measured
from tests.bench.table import Figure

__all__ = ["plain", "rtpengine"]

CALLS: Final = 100
_HOST: Final = "127.0.0.1"
_SUITE: Final = "AES_CM_128_HMAC_SHA1_80"
_PROFILE: Final = 1  # libsrtp's number of it
_KEY: Final = 30  # bytes of key and salt
_MEASURE_S: Final = 8.0


class Control:
    """The ng protocol: bencoded dictionaries over UDP."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((_HOST, port))
        self.socket.settimeout(3)
        self.count = 0

    def ask(self, **words: Any) -> dict[str, Any]:
        """Send a command and give the reply."""
        self.count += 1
        request = {name.replace("_", "-"): value for name, value in words.items()}
        self.socket.send(b"%d " % self.count + bencode(request))
        reply, _ = bdecode(self.socket.recv(65535).partition(b" ")[2], 0)
        assert isinstance(reply, dict), reply
        assert reply["result"] in (b"ok", b"pong"), reply
        return reply


async def rtpengine() -> list[Figure]:
    """Measure it."""
    try:
        async with _running() as (pid, control):
            return await _measure(pid, control)
    except Missing as missing:
        return [Figure("rtpengine", None, "", note=str(missing))]


async def plain(calls: int) -> Run:
    """Measure so many calls of plain RTP.

    Raises:
        Missing: it is not installed.
    """
    async with _running() as (pid, control):
        pump = Pump()
        try:
            for number in range(calls):
                _plain_call(control, pump, f"call{number}")
            pump.start()
            return await measured(pid, pump)
        finally:
            pump.close()


async def _measure(pid: int, control: Control) -> list[Figure]:
    pump = Pump()
    before, spent = (memory_mb(pid), threads(pid)), Spent.begin(pid)
    for number in range(CALLS):
        _call(control, pump, f"call{number}")
    setup, memory = spent.cpu(), memory_mb(pid) - before[0]
    try:
        pump.start()
        await asyncio.sleep(2)
        pump.reset()
        spent = Spent.begin(pid)
        await asyncio.sleep(_MEASURE_S)
        cpu, wall, totals, delays = spent.cpu(), spent.wall(), pump.totals(), pump.delays()
    finally:
        pump.close()
    note = f"{totals.received / wall:.0f} packets/s; RTP to SRTP, one cipher operation a packet"
    whose = "rtpengine, user space"
    return [
        Figure("SDES relay, CPU a packet", None, "us", cpu * 1e6 / max(1, totals.received), whose, note),
        Figure("SDES relay, CPU a call", None, "ms a second", 1000 * cpu / wall / CALLS, whose),
        Figure("SDES relay, delay, median", None, "ms", delays.median / 1000, whose),
        Figure("SDES relay, delay, 99 %", None, "ms", delays.p99 / 1000, whose),
        Figure("SDES relay, set-up of a leg, CPU", None, "ms", 1000 * setup / CALLS / 2, whose, "no ICE, no DTLS"),
        Figure("SDES relay, memory of a leg", None, "MB", memory / CALLS / 2, whose),
    ]


def _call(control: Control, pump: Pump, name: str) -> None:
    plain, secured = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with closing(plain), closing(secured):
        for each in (plain, secured):
            each.bind((_HOST, 0))
        common = {"call_id": name, "from_tag": "a", "ICE": "remove"}
        offer = control.ask(command="offer", sdp=_sdp(plain), transport_protocol="RTP/SAVP", DTLS="off", **common)[
            "sdp"
        ].decode()
        found = re.search(rf"a=crypto:(\d+) {_SUITE} inline:([^\s|]+)", offer)
        assert found, offer
        key = os.urandom(_KEY)
        crypto = f"a=crypto:{found[1]} {_SUITE} inline:{base64.b64encode(key).decode()}\r\n"
        answer = control.ask(command="answer", sdp=_sdp(secured, crypto), to_tag="b", **common)["sdp"].decode()
        theirs = base64.b64decode(found[2] + "==")[:_KEY]
        plain_stream = Stream(payload_type=0, ticks=160, size=160, ssrc=1)
        srtp_stream = Stream(_PROFILE, key, theirs, payload_type=0, ticks=160, size=160, ssrc=2)
        pump.add(plain.fileno(), (_HOST, _port(answer)), plain_stream, lambda data: None)
        pump.add(secured.fileno(), (_HOST, _port(offer)), srtp_stream, lambda data: None)


def _plain_call(control: Control, pump: Pump, name: str) -> None:
    one, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with closing(one), closing(other):
        for each in (one, other):
            each.bind((_HOST, 0))
        common = {"call_id": name, "from_tag": "a", "ICE": "remove"}
        offer = control.ask(command="offer", sdp=_sdp(one), **common)["sdp"].decode()
        answer = control.ask(command="answer", sdp=_sdp(other), to_tag="b", **common)["sdp"].decode()
        for ssrc, (at, sdp) in enumerate(((one, answer), (other, offer)), 1):
            stream = Stream(payload_type=0, ticks=160, size=160, ssrc=ssrc)
            pump.add(at.fileno(), (_HOST, _port(sdp)), stream, lambda data: None)


def _sdp(at: socket.socket, crypto: str = "") -> str:
    head = f"v=0\r\no=- 1 1 IN IP4 {_HOST}\r\ns=-\r\nc=IN IP4 {_HOST}\r\nt=0 0\r\n"
    profile = "RTP/SAVP" if crypto else "RTP/AVP"
    return f"{head}m=audio {at.getsockname()[1]} {profile} 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n{crypto}"


def _port(sdp: str) -> int:
    found = re.search(r"m=audio (\d+)", sdp)
    assert found, sdp
    return int(found[1])


@asynccontextmanager
async def _running() -> AsyncIterator[tuple[int, Control]]:
    program = shutil.which("rtpengine")
    if not program:
        raise Missing("the rival is not there: apt-get install rtpengine-daemon")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((_HOST, 0))
        port = int(probe.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        program, "--foreground", "--table=-1", f"--interface={_HOST}", f"--listen-ng={_HOST}:{port}",
        "--port-min=32000", "--port-max=48000", "--log-level=2", "--log-stderr", "--config-file=none",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await asyncio.sleep(1)
        control = Control(port)
        control.ask(command="ping")
        yield process.pid, control
    finally:
        process.terminate()
        await process.wait()


def bencode(value: object) -> bytes:
    """Write a value."""
    match value:
        case Mapping():
            return b"d" + b"".join(bencode(key) + bencode(each) for key, each in sorted(value.items())) + b"e"
        case list():
            return b"l" + b"".join(map(bencode, value)) + b"e"
        case int():
            return b"i%de" % value
        case bytes():
            return b"%d:%s" % (len(value), value)
        case _:
            return bencode(str(value).encode())


def bdecode(data: bytes, at: int) -> tuple[Any, int]:
    """Read a value, and give where the next one begins; keys of dictionaries become text."""
    match data[at : at + 1]:
        case b"i":
            end = data.index(b"e", at)
            return int(data[at + 1 : end]), end + 1
        case b"l" | b"d" as kind:
            items, at = [], at + 1
            while data[at : at + 1] != b"e":
                item, at = bdecode(data, at)
                items.append(item)
            if kind == b"l":
                return items, at + 1
            return dict(zip((key.decode() for key in items[::2]), items[1::2], strict=True)), at + 1
        case _:
            start = data.index(b":", at) + 1
            end = start + int(data[at : start - 1])
            return data[start:end], end
