"""The server with a stop-watch in its event loop: `python -m tests.bench.timed REPORT demo ...`.

SIGUSR1 writes the longest callback since the last one to the file REPORT, as JSON, and begins anew. The time is CPU
time of the loop's thread, so a busy neighbour on the machine does not count.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from xswitch_py.cli.main import main

__all__: list[str] = []


class Watch:
    """Replaces `Handle._run`, which runs each callback of asyncio's loop."""

    def __init__(self, report: Path) -> None:
        self.report = report
        self.longest = 0
        self.what = ""
        self.count = 0
        self._run = asyncio.Handle._run
        vars_of_handle = asyncio.Handle
        setattr(vars_of_handle, "_run", lambda handle: self.timed(handle))  # noqa: B010
        signal.signal(signal.SIGUSR1, self.write)

    def timed(self, handle: asyncio.Handle) -> None:
        """Run one callback."""
        start = time.thread_time_ns()
        self._run(handle)
        took = time.thread_time_ns() - start
        self.count += 1
        if took > self.longest:
            self.longest, self.what = took, repr(handle)

    def write(self, _signal: int, _frame: FrameType | None) -> None:
        """Report and begin anew."""
        part = self.report.with_suffix(".part")
        part.write_text(json.dumps({"ms": self.longest / 1e6, "what": self.what, "callbacks": self.count}))
        os.replace(part, self.report)
        self.longest, self.what, self.count = 0, "", 0


if __name__ == "__main__":
    Watch(Path(sys.argv.pop(1)))
    main()
