"""Plain RTP through the real server: calls from SIP to SIP, a socket a leg; and rtpengine in the same minutes."""

import re
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.bench.pump import Missing, Pump, Stream
from tests.bench.relay import Run, measured
from tests.bench.rtpengine import plain as rtpengine
from tests.bench.sip_calls import serving
from tests.bench.table import Figure
from tests.bench.ua import HOST, Ua, rtp_socket, sdp
from tests.peers.server import Server
from tests.peers.sip import Door

__all__ = ["OPUS", "PCMU", "Kind", "calls_up", "rtp"]

CALLS: Final = 100
_RECORDED: Final = "FreeSWITCH, recorded"
_FREESWITCH_CALL: Final = 3.75  # ms a second; 3.4 to 4.1
_FREESWITCH_DELAY: Final = 11.0  # ms; 10 to 12


@dataclass(frozen=True, slots=True)
class Kind:
    """What a phone of these calls has and sends."""

    map: str  # as in SDP
    stream: Stream
    said: Sequence[bytes] = ()  # payloads, said over and over


PCMU: Final = Kind("0 PCMU/8000", Stream(payload_type=0, ticks=160, size=160))
OPUS: Final = Kind("111 opus/48000/2", Stream())


async def rtp(calls: int = CALLS) -> list[Figure]:
    """Measure ours, then rtpengine with as many calls."""
    with tempfile.TemporaryDirectory() as folder:
        async with calls_up(Path(folder), calls, PCMU, PCMU) as (server, pump):
            ours = await measured(server.pid, pump)
    try:
        rival, whose = await rtpengine(calls), "rtpengine, user space"
    except Missing as missing:
        rival, whose = None, str(missing)

    def figure(what: str, read: Callable[[Run], float], unit: str, note: str = "") -> Figure:
        return Figure(
            f"plain RTP, {calls} calls, {what}", read(ours), unit, read(rival) if rival else None, whose, note
        )

    call, delay = 1000 * ours.cpu / ours.wall / calls, ours.delays.median / 1000
    return [
        figure("CPU a packet", lambda each: each.us_a_packet, "us", ours.remark),
        figure("CPU a call", lambda each: 1000 * each.cpu / each.wall / calls, "ms a second"),
        Figure("the CPU a call again", call, "ms a second", _FREESWITCH_CALL, _RECORDED, "3.4 to 4.1"),
        figure("delay, median", lambda each: each.delays.median / 1000, "ms"),
        figure("delay, 99 %", lambda each: each.delays.p99 / 1000, "ms"),
        Figure("the median again", delay, "ms", _FREESWITCH_DELAY, _RECORDED, "10 to 12"),
    ]


@asynccontextmanager
async def calls_up(folder: Path, calls: int, one: Kind, other: Kind) -> AsyncIterator[tuple[Server, Pump]]:
    """So many calls between phones of these kinds, set up by SIP, their media in the hands of a pump that runs."""
    sockets: list[tuple[socket.socket, str, Kind]] = []  # where packets go is in the SDP beside

    def answer(offer: str) -> str:
        sockets.append((at := rtp_socket(), offer, other))
        return sdp(at, other.map)

    async with AsyncExitStack() as stack:
        caller, callee = [await stack.enter_async_context(Ua(answer)) for _ in range(2)]
        server = await stack.enter_async_context(serving(folder, caller.port, callee.port))
        door = Door.of(server.facts).udp
        for _ in range(calls):
            at = rtp_socket()
            call = await caller.call(door, sdp(at, one.map))
            sockets.append((at, call.sdp, one))
        pump = Pump()
        stack.callback(pump.close)
        for number, (at, theirs, kind) in enumerate(sockets):
            with closing(at):
                _add(pump, number, at, theirs, kind)
        pump.start()
        yield server, pump


def _add(pump: Pump, number: int, at: socket.socket, theirs: str, kind: Kind) -> None:
    found = re.search(r"m=audio (\d+)", theirs)
    assert found, theirs
    stream = replace(kind.stream, ssrc=number + 1)
    leg = pump.add(at.fileno(), (HOST, int(found[1])), stream, lambda data: None)
    if kind.said:
        pump.say(leg, kind.said)
