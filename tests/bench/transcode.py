"""Calls between PCMU and Opus at the pace of speech: through the real server, and what of it is the recoding alone.

Through the server both phones speak plain RTP, and SIP set the calls up. Alone it is two joined ports a call in this
process, without sockets.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.bench.cpu import Spent
from tests.bench.relay import measured
from tests.bench.rtp import OPUS, PCMU, calls_up
from tests.bench.table import Figure
from xswitch_py.base.ids import LegId
from xswitch_py.media.bridge import join
from xswitch_py.media.codecs import encoder
from xswitch_py.media.negotiate import Agreed, Format, Remote, Stream
from xswitch_py.media.port import Port
from xswitch_py.media.rtp_out import HEADER

__all__ = ["transcode"]

FORMATS: Final = (Format(0, "PCMU", 8000), Format(111, "opus", 48000, 2))
_TICK_S: Final = 0.020
_SETTLE_S: Final = 1.0
_MEASURE_S: Final = 6.0
_RIVAL: Final = 15.0  # ms; with Opus at complexity 5, as ours
_OTHERS: Final = "FreeSWITCH, complexity 5, recorded; as shipped 23 to 25; rtpengine 11.7 to 13.8"


@dataclass(slots=True)
class Talker:
    """One peer: says the same second over and over."""

    port: Port
    form: Format
    said: list[bytes]
    count: int = 0

    def talk(self) -> None:
        """Send the next 20 ms."""
        count = self.count
        header = HEADER.pack(0x80, self.form.pt, count & 0xFFFF, count * (self.form.clock // 50), 1)
        self.port.receive(header + self.said[count % len(self.said)], time.monotonic())
        self.count += 1


async def transcode() -> list[Figure]:
    """Ten calls, then fifty."""
    return [await measure(calls) for measure in (_whole, _alone) for calls in (10, 50)]


async def _whole(calls: int) -> Figure:
    phones = (replace(kind, said=_said(name)) for kind, name in ((PCMU, "PCMU"), (OPUS, "opus")))
    with tempfile.TemporaryDirectory() as folder:
        async with calls_up(Path(folder), calls, *phones) as (server, pump):
            run = await measured(server.pid, pump)
    note = f"; {run.remark}"
    return Figure(
        f"PCMU-Opus, {calls} calls, CPU a call",
        1000 * run.cpu / run.wall / calls,
        "ms a second",
        _RIVAL,
        _OTHERS + note,
    )


async def _alone(calls: int) -> Figure:
    came = [0]
    said = {form.name: _said(form.name) for form in FORMATS}
    talkers = [talker for _ in range(calls) for talker in _call(said, came)]
    await _talk(talkers, _SETTLE_S)
    came[0], spent = 0, Spent.begin(os.getpid())
    await _talk(talkers, _MEASURE_S)
    cpu, wall = spent.cpu(), spent.wall()
    note = f"in this process, no sockets, {came[0] / wall / 2 / calls:.0f} packets/s a way"
    return Figure(f"the recoding of {calls} of them alone", 1000 * cpu / wall / calls, "ms a second", note=note)


async def _talk(talkers: list[Talker], seconds: float) -> None:
    start = time.monotonic()
    for tick in range(round(seconds / _TICK_S)):
        await asyncio.sleep(start + tick * _TICK_S - time.monotonic())
        for talker in talkers:
            talker.talk()


def _call(said: dict[str, list[bytes]], came: list[int]) -> list[Talker]:
    def count(_: bytes) -> None:
        came[0] += 1

    one, other = (_port(form, count) for form in FORMATS)
    join(one, other)
    join(other, one)
    return [Talker(port, form, said[form.name]) for port, form in zip((one, other), FORMATS, strict=True)]


def _port(form: Format, send: Callable[[bytes], None]) -> Port:
    made = Port(LegId(form.name), lambda _: None)
    made.agree(Agreed(Remote("u", "p", (), True, ()), (Stream("audio", "0", (form,)),)))
    made.up(send, send, lambda _: None)
    return made


def _said(codec: str) -> list[bytes]:
    coder = encoder(codec)
    frames: NDArray[np.int16] = _voice(coder.rate).reshape(50, -1)
    return [coder.encode(frame) for frame in frames]


def _voice(rate: int) -> NDArray[np.int16]:
    """Make a second of something like speech: harmonics of 120 Hz, four syllables, some breath."""
    at = np.arange(rate) / rate
    tone = sum(np.sin(2 * np.pi * 120 * n * at) / n for n in range(1, 25))
    breath = np.random.default_rng(1).normal(0, 0.05, rate)
    syllables = np.clip(np.sin(2 * np.pi * 4 * at), 0, 1)
    return np.asarray(np.rint(6000 * (tone * syllables + breath)), dtype=np.int16)
