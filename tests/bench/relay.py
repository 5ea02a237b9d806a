"""100 calls through the real server, DTLS-SRTP on both sides: 10,000 packets a second; and Janus beside it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.bench import janus
from tests.bench.cpu import Spent, memory_mb, threads
from tests.bench.far import FarLeg
from tests.bench.pump import Delays, Missing, Pump, Totals
from tests.bench.table import Figure
from tests.peers.server import Server, running
from tests.peers.wire import VertoSocket

__all__ = ["calls_up", "relay"]

CALLS: Final = 100
_PAIRS: Final = 4  # a session has no more than 64 calls
_SETTLE_S: Final = 2.0
_MEASURE_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What it took to set all legs up."""

    cpu_ms: float  # a leg
    memory_mb: float  # a leg
    threads: int  # more than before
    wall_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """What it took to keep them going."""

    cpu: float
    wall: float
    totals: Totals
    delays: Delays

    @property
    def us_a_packet(self) -> float:
        """CPU microseconds for each packet that arrived."""
        return self.cpu * 1e6 / max(1, self.totals.received)

    @property
    def remark(self) -> str:
        """How far to trust it."""
        lost = self.totals.sent - self.totals.received
        return (
            f"{self.totals.received / self.wall:.0f} packets/s, {100 * lost / max(1, self.totals.sent):.1f} % missing"
        )


async def relay(calls: int = CALLS) -> list[Figure]:
    """Measure ours, then Janus with as many legs."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as server, calls_up(server, calls) as (setup, pump):
            ours = await measured(server.pid, pump)
    try:
        rival = await _janus(2 * calls)
    except Missing as missing:
        return _figures(calls, (setup, ours), None, str(missing))
    return _figures(calls, (setup, ours), rival, f"Janus EchoTest, {2 * calls} legs")


@asynccontextmanager
async def calls_up(server: Server, calls: int) -> AsyncIterator[tuple[Setup, Pump]]:
    """So many calls between phones, their media handed to the pump."""
    async with AsyncExitStack() as stack:
        pairs = [await _pair(server, stack, number) for number in range(_PAIRS)]
        await _call(*pairs[0])  # the first one pays for what is loaded late
        before = memory_mb(server.pid), threads(server.pid)
        spent = Spent.begin(server.pid)
        legs = [leg for number in range(calls) for leg in await _call(*pairs[number % _PAIRS])]
        cpu, wall = spent.cpu(), spent.wall()
        memory = memory_mb(server.pid) - before[0]
        setup = Setup(500 * cpu / calls, memory / 2 / calls, threads(server.pid) - before[1], wall)
        pump = await stack.enter_async_context(_pumped(legs))
        yield setup, pump


async def measured(pid: int, pump: Pump) -> Run:
    """Let it settle, then measure."""
    await asyncio.sleep(_SETTLE_S)
    pump.reset()
    spent = Spent.begin(pid)
    await asyncio.sleep(_MEASURE_S)
    return Run(spent.cpu(), spent.wall(), pump.totals(), pump.delays())


async def _pair(server: Server, stack: AsyncExitStack, number: int) -> tuple[VertoSocket, VertoSocket, str]:
    """A phone that calls, one that is called, and its number."""
    caller, callee = [await stack.enter_async_context(await VertoSocket.open(server.ws)) for _ in range(2)]
    await caller.login(f"{1000 + number}")
    await callee.login(f"{1010 + number}")
    return caller, callee, f"{1010 + number}"


async def _call(caller: VertoSocket, callee: VertoSocket, number: str) -> tuple[FarLeg, FarLeg]:
    """Place and answer one call; returns when both sides have keys."""
    out, into = FarLeg(), FarLeg()
    call_id = str(uuid4())
    dialog = {"callID": call_id, "destination_number": number}
    await caller.request("verto.invite", sdp=await out.offer(), dialogParams=dialog)
    invite = await callee.expect("verto.invite")
    sdp = await into.answer(invite["sdp"])
    joined = asyncio.create_task(into.connect(invite["sdp"]))
    await callee.request("verto.answer", sdp=sdp, dialogParams={"callID": invite["callID"]})
    answer = await caller.expect("verto.answer", callID=call_id)
    early = caller.waiting("verto.media", callID=call_id)
    await out.connect(answer.get("sdp") or early[0]["sdp"])
    await joined
    return out, into


@asynccontextmanager
async def _pumped(legs: list[FarLeg]) -> AsyncIterator[Pump]:
    pump = Pump()
    try:
        for leg in legs:
            leg.hand_over(pump)
        pump.start()
        yield pump
    finally:
        pump.close()


async def _janus(count: int) -> tuple[Setup, Run]:
    async with janus.running() as rival:
        before = memory_mb(rival.pid), threads(rival.pid)
        spent = Spent.begin(rival.pid)
        legs = []
        for _ in range(count):
            leg = FarLeg()
            await leg.connect(await rival.echo(await leg.offer()))
            legs.append(leg)
        cpu, wall = spent.cpu(), spent.wall()
        setup = Setup(
            1000 * cpu / count, (memory_mb(rival.pid) - before[0]) / count, threads(rival.pid) - before[1], wall
        )
        async with _pumped(legs) as pump:
            return setup, await measured(rival.pid, pump)


def _figures(calls: int, ours: tuple[Setup, Run], rival: tuple[Setup, Run] | None, whose: str) -> list[Figure]:
    def run(what: str, read: Callable[[Run], float], unit: str, note: str = "") -> Figure:
        return Figure(
            f"relay, {calls} calls, {what}", read(ours[1]), unit, read(rival[1]) if rival else None, whose, note
        )

    def leg(what: str, read: Callable[[Setup], float], unit: str, note: str = "") -> Figure:
        return Figure(what, read(ours[0]), unit, read(rival[0]) if rival else None, whose, note)

    return [
        run("CPU a packet", lambda each: each.us_a_packet, "us", ours[1].remark),
        run("CPU a call", lambda each: 1000 * each.cpu / each.wall / calls, "ms a second"),
        run("delay, median", lambda each: each.delays.median / 1000, "ms"),
        run("delay, 99 %", lambda each: each.delays.p99 / 1000, "ms"),
        leg("set-up of a leg, CPU", lambda each: each.cpu_ms, "ms", "with its signalling"),
        leg("memory of a leg", lambda each: each.memory_mb, "MB"),
        leg(f"threads for {2 * calls} legs", lambda each: each.threads, ""),
    ]
