"""All that /openapi.json promises, asked at random: `python -m tests.schema [--examples N] [--key admin|user|none]`.

A demo of its own answers. The last lines say what was found; the exit code is 1 if there was anything, or if an
operation was not reached, or the administrator never got it done.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.peers.server import running
from tests.schema.run import KEYS, Report, run
from tests.schema.stock import PASSWORD

__all__ = ["SETTINGS", "ask"]

SETTINGS = (
    'guard.allow=["127.0.0.0/8"]',  # many guess passwords here
    'api.webhook_networks=["127.0.0.0/8"]',
    "call.setup_limit=300",  # nobody is behind the phones' media
    "call.media_timeout=300",
)


async def ask(key: str, examples: int, *, seed: int | None = None, thorough: bool = True) -> Report:
    """Start a demo and ask it; if it need not be thorough, not for every border of what is allowed."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), *SETTINGS, options=("--password", PASSWORD)) as server:
            report = await asyncio.to_thread(run, server.facts, key, examples, seed=seed, thorough=thorough)
        for line in server.log.read_text(errors="replace").splitlines():
            if '"level": "error"' in line:
                report.faults["the server's log", line[:200]] = line
    return report


def _main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.schema", description=__doc__)
    parser.add_argument("--examples", type=int, default=50, help="examples of each operation")
    parser.add_argument("--key", choices=KEYS, action="append", help="whose key; without it, all of them")
    parser.add_argument("--seed", type=int)
    given = parser.parse_args(words)
    failed = False
    for key in given.key or KEYS:
        report = asyncio.run(ask(key, given.examples, seed=given.seed))
        sys.stdout.write("\n".join(report.lines()) + "\n")
        sys.stdout.flush()
        failed |= bool(report.faults or report.missing)
    return failed


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
