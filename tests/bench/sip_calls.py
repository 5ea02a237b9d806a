"""Calls from SIP to SIP over UDP, media anchored here, hung up as soon as they are up: sipp plays both phones."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.cpu import Spent
from tests.bench.table import Figure
from tests.bench.ua import HOST, Ua, rtp_socket, sdp
from tests.peers.server import Server, running
from tests.peers.sip import Door
from tests.peers.sipp import free_port

__all__ = ["carriers", "serving", "sip_calls"]

_CALLS: Final = 800
_RATE: Final = 50  # calls a second
_WARM: Final = 50
_TIMED: Final = 100
_PAUSE_S: Final = 0.03
_MAP: Final = "0 PCMU/8000"
_FREESWITCH_RATE: Final = 119.0  # calls a CPU second
_FREESWITCH_MS: Final = 24.0  # INVITE to 200
_RECORDED: Final = "FreeSWITCH, recorded"
_SETTINGS: Final = ("shutdown.drain=0", f'media.addresses=["{HOST}"]')
_GATEWAYS: Final = """
[gateway.in]
proxy = "{host}:{caller}"
ping = 0
allow = ["{host}/32"]
[gateway.out]
proxy = "{host}:{callee}"
ping = 0
"""
_DIALPLAN: Final = """
[[rule]]
context = "public"
number = ".*"
steps = ["bridge gateway/out/$0"]
"""


async def sip_calls() -> list[Figure]:
    """Count what calls cost, and time them, beside calls without us."""
    if not shutil.which("sipp"):
        return [Figure("SIP calls", None, "", note="apt-get install sip-tester")]
    return [await _cost(), *await _pace()]


async def _cost() -> Figure:
    caller, callee = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        async with _callee(Path(folder), callee), serving(Path(folder), caller, callee) as server:
            here = Door.of(server.facts).udp
            await _called(Path(folder), here, caller, _WARM, _RATE)
            spent = Spent.begin(server.pid)
            await _called(Path(folder), here, caller, _CALLS, _RATE)
            await asyncio.sleep(1)  # what is written late belongs to the calls, too
            rate, share = _CALLS / spent.cpu(), 100 * spent.cpu() / spent.wall()
    note = f"{_RATE} calls/s, {share:.0f} % of a core"
    return Figure("SIP calls", rate, "a CPU second", _FREESWITCH_RATE, _RECORDED, note)


async def _pace() -> list[Figure]:
    with rtp_socket() as at, tempfile.TemporaryDirectory() as folder:
        async with Ua() as caller, Ua(lambda offer: sdp(at, _MAP)) as callee:
            async with serving(Path(folder), caller.port, callee.port) as server:
                here, there = Door.of(server.facts).udp, f"{HOST}:{callee.port}"
                await _timed(caller, here, at)
                direct, through = await _timed(caller, there, at), await _timed(caller, here, at)
    added = f"the callee alone takes {direct:.1f}"
    return [
        Figure("SIP call, INVITE to 200, median", through, "ms", _FREESWITCH_MS, _RECORDED, f"{_TIMED} calls"),
        Figure("SIP call, what we add to that", through - direct, "ms", note=added),
    ]


async def _timed(caller: Ua, to: str, at: socket.socket) -> float:
    """Place calls one after the other; gives the median of the milliseconds from INVITE to 200."""
    times = []
    for _ in range(_TIMED):
        call = await caller.call(to, sdp(at, _MAP))
        times.append(1000 * call.took)
        await call.end()
        await asyncio.sleep(_PAUSE_S)
    return median(times)


def carriers(folder: Path, caller: int, callee: int) -> tuple[str, ...]:
    """Write gateways at two ports of loopback, of which calls of one go to the other; gives the server's settings."""
    gateways, dialplan = folder / "gateways.toml", folder / "dialplan.toml"
    gateways.write_text(_GATEWAYS.format(host=HOST, caller=caller, callee=callee))
    dialplan.write_text(_DIALPLAN)
    return f"files.gateways={gateways}", f"files.dialplan={dialplan}", 'guard.allow=["127.0.0.0/8"]'


@asynccontextmanager
async def serving(folder: Path, caller: int, callee: int) -> AsyncIterator[Server]:
    """A server as it is run, with its database in a file, between two such gateways."""
    settings = (*carriers(folder, caller, callee), f"store.path={folder / 'bench.db'}", *_SETTINGS)
    async with running(folder, *settings, command="serve", options=()) as server:
        yield server


@asynccontextmanager
async def _callee(folder: Path, port: int) -> AsyncIterator[None]:
    process = await _sipp(folder, port, "-sn", "uas")
    try:
        await asyncio.sleep(0.5)
        yield
    finally:
        process.kill()
        await process.wait()


async def _called(folder: Path, to: str, port: int, calls: int, rate: int) -> None:
    """Place calls, and see that all went well."""
    process = await _sipp(folder, port, "-sn", "uac", to, "-m", f"{calls}", "-r", f"{rate}", "-d", "0", "-l", "1000")
    try:
        async with asyncio.timeout(30 + 2 * calls / rate):
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert code == 0, f"sipp: not all of {calls} calls to {to} went well"


async def _sipp(folder: Path, port: int, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "sipp", *words, "-i", HOST, "-p", f"{port}", "-mi", HOST, "-mp", f"{free_port(even=True)}", "-nostdin",
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
