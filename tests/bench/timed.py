"""The server with a stop-watch in its event loop: `python -m tests.bench.timed REPORT demo ...`.

SIGUSR1 writes the longest callback since the last one to the file REPORT, as JSON, and begins anew. The time is the
CPU time of the loop's thread: a busy neighbour does not count. The loop is asyncio's: uvloop's cannot be watched.
"""

import asyncio
import json
import os
import runpy
import signal
import sys
import time
from pathlib import Path
from types import FrameType

__all__: list[str] = []


class Watch:
    """Stands around `Handle._run`, which runs each callback of asyncio's loop."""

    def __init__(self, report: Path) -> None:
        self.report = report
        self.longest = 0
        self.what = ""
        self.count = 0
        self._run = asyncio.Handle._run
        type.__setattr__(asyncio.Handle, "_run", lambda handle: self.timed(handle))
        signal.signal(signal.SIGUSR1, self.write)

    def timed(self, handle: asyncio.Handle) -> None:
        """Run one callback."""
        start = time.thread_time_ns()
        self._run(handle)
        took = time.thread_time_ns() - start
        self.count += 1
        if took > self.longest:
            self.longest, self.what = took, _name(handle)

    def write(self, _signal: int, _frame: FrameType | None) -> None:
        """Report and begin anew."""
        part = self.report.with_suffix(".part")
        part.write_text(json.dumps({"ms": self.longest / 1e6, "what": self.what, "callbacks": self.count}))
        os.replace(part, self.report)
        self.longest, self.what, self.count = 0, "", 0


def _name(handle: asyncio.Handle) -> str:
    """What is run: a task by its name and place, anything else by its function."""
    callback = getattr(handle, "_callback", None)
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return f"task {owner.get_name()}, {getattr(owner.get_coro(), '__qualname__', '')}"
    return str(getattr(callback, "__qualname__", callback))


if __name__ == "__main__":
    sys.modules["uvloop"] = None  # type: ignore[assignment]
    watch = Watch(Path(sys.argv.pop(1)))
    runpy.run_module("xswitch_py", run_name="__main__", alter_sys=True)
