"""The figures we promise, each with its rival beside it: `python -m tests.bench [NAME ...]`.

All of it takes about six minutes. CPU is that of the measured process alone, user and system, all its threads; the
far ends live in this process. Packets are paced as phones do. Rivals run in the same minutes or are marked recorded.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tests.bench.clients import clients
from tests.bench.control import control
from tests.bench.csv_export import csv_export
from tests.bench.echo import echo
from tests.bench.events import events
from tests.bench.pump import Missing
from tests.bench.register import register
from tests.bench.relay import relay
from tests.bench.rtp import rtp
from tests.bench.rtpengine import rtpengine
from tests.bench.sip_calls import sip_calls
from tests.bench.sip_parse import sip_parse
from tests.bench.stall import stall
from tests.bench.table import Figure, Table
from tests.bench.transcode import transcode
from tests.bench.web import web

__all__ = ["BENCHES"]

BENCHES: Final[Mapping[str, Callable[[], Awaitable[list[Figure]]]]] = {
    "relay": relay,
    "relay25": lambda: relay(25),
    "rtpengine": rtpengine,
    "echo": echo,
    "stall": stall,
    "transcode": transcode,
    "clients": clients,
    "sip_parse": sip_parse,
    "sip_calls": sip_calls,
    "register": register,
    "rtp": rtp,
    "events": events,
    "csv_export": csv_export,
    "control": control,
    "web": web,
}


async def _run(names: list[str]) -> Table:
    table = Table()
    for name in names:
        start = time.monotonic()
        table.figures += await BENCHES[name]()
        sys.stderr.write(f"{name}: {time.monotonic() - start:.0f} s\n")
    return table


def _main(names: list[str]) -> int:
    if unknown := set(names) - set(BENCHES):
        sys.stderr.write(f"no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}\n")
        return 2
    logging.getLogger("aioice").setLevel(logging.ERROR)
    try:
        table = asyncio.run(_run(names or list(BENCHES)))
    except Missing as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    sys.stdout.write(f"{table.text()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
