"""The longest that one callback holds the event loop while 100 calls run."""

import asyncio
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.bench.relay import CALLS, calls_up
from tests.bench.table import Figure
from tests.peers.server import Server, running

__all__ = ["stall"]

_MEASURE_S: Final = 8.0


async def stall() -> list[Figure]:
    """Run the server with a stop-watch."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        program = (sys.executable, "-m", "tests.bench.timed", str(report))
        async with running(Path(folder), program=program) as server:
            await _report(server, report)
            async with calls_up(server, CALLS):
                setting_up = await _report(server, report)
                await asyncio.sleep(_MEASURE_S)
                found = await _report(server, report)
    return [
        Figure(f"longest callback, {CALLS} calls run", found["ms"], "ms of CPU", note=found["what"]),
        Figure(f"longest callback, {CALLS} calls set up", setting_up["ms"], "ms of CPU", note=setting_up["what"]),
    ]


async def _report(server: Server, path: Path) -> dict[str, Any]:
    server.process.send_signal(signal.SIGUSR1)
    async with asyncio.timeout(5):
        while True:
            if found := await asyncio.to_thread(_taken, path):
                return found
            await asyncio.sleep(0.05)


def _taken(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found = dict(json.loads(path.read_text()))
    path.unlink()
    return found
