"""50 calls to the echo, one after the other: how soon the answer comes, how soon sound does, and what a call costs."""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final
from uuid import uuid4

from tests.bench.cpu import Spent
from tests.bench.far import FarLeg
from tests.bench.pump import Pump
from tests.bench.table import Figure
from tests.peers.server import running
from tests.peers.wire import VertoSocket

__all__ = ["echo"]

CALLS: Final = 50
_FREESWITCH_MS: Final = 51  # FreeSWITCH 1.11 on loopback: verto.invite to verto.answer; its queue is polled every 50 ms


async def echo() -> list[Figure]:
    """Call, hear, hang up; 50 times."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as server, await VertoSocket.open(server.ws) as phone:
            await phone.login("1000")
            pump = Pump()
            pump.start()
            try:
                await _call(phone, pump)  # pays for what is loaded late
                spent = Spent.begin(server.pid)
                times = [await _call(phone, pump) for _ in range(CALLS)]
                cpu = spent.cpu()
            finally:
                pump.close()
    answers, sounds = zip(*times, strict=True)
    return [
        Figure(
            "echo call, invite to answer, median", 1000 * median(answers), "ms", _FREESWITCH_MS, "FreeSWITCH, recorded"
        ),
        Figure("echo call, invite to first packet, median", 1000 * median(sounds), "ms", note="ICE and DTLS by aiortc"),
        Figure("echo call, CPU", 1000 * cpu / CALLS, "ms", note="from invite to bye, with about ten packets each way"),
    ]


async def _call(phone: VertoSocket, pump: Pump) -> tuple[float, float]:
    """One call; seconds from the invite to the answer, and to the first packet of sound."""
    leg = FarLeg()
    offer, call_id = await leg.offer(), str(uuid4())
    dialog = {"callID": call_id, "destination_number": "9196"}
    start = time.time()
    await phone.request("verto.invite", sdp=offer, dialogParams=dialog)
    answer = await phone.expect("verto.answer", callID=call_id)
    answered = time.time()
    await leg.connect(answer["sdp"])
    leg.hand_over(pump)
    async with asyncio.timeout(10):
        while True:
            if heard := pump.first(leg.number):
                break
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.2)
    pump.silence(leg.number)
    await phone.request("verto.bye", dialogParams=dialog)
    return answered - start, heard - start
