"""A million records of calls as one table, while calls go on: what it takes, and what the calls notice of it."""

import hashlib
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx

from tests.bench.cpu import Spent, memory_mb
from tests.bench.relay import calls_up, measured
from tests.bench.table import Figure
from tests.peers.server import PASSWORD, Server, running
from xswitch_py.base.records import ApiKey
from xswitch_py.base.user import User
from xswitch_py.store.open import open_store

__all__ = ["csv_export"]

ROWS: Final = 1_000_000
CALLS: Final = 25
_DOMAIN: Final = "localhost"  # where nothing else is set
_KEY: Final = "xs_csv_export"
_USERS: Final = 20
_FILL: Final = """
    INSERT INTO cdrs (call, leg, user, caller_name, caller_number, callee_name, callee_number, door, started, answered,
        ended, cause, quality)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
    SELECT 'c' || i, 'l', 'u' || (i % 1000) || '@x.org', 'Somebody', i % 1000, '', i % 777, 'sip', i, i, i + i % 60,
        'NORMAL_CLEARING', '{"heard": {"lost": 0, "loss": 0.0, "jitter": 1.5, "mos": 4.4, "worst": 4.3}, "rtt": 20.0}'
    FROM n
"""


async def csv_export(rows: int = ROWS, calls: int = CALLS) -> list[Figure]:
    """Fill a database, let calls go on, and take the table at the pace it comes."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "xswitch.db"
        await _fill(database, rows)
        async with (
            running(Path(folder), f"store.path={database}", "shutdown.drain=0", command="serve", options=()) as server,
            calls_up(server, calls) as (_, pump),
        ):
            await _export(server, "1970-01-01T00:00:10Z")  # pays for what is loaded late
            quiet = await measured(server.pid, pump)
            pump.reset()
            before, spent = memory_mb(server.pid), Spent.begin(server.pid)
            lines, most = await _export(server)
            cpu, wall, busy = spent.cpu(), spent.wall(), pump.totals()
            delays = pump.delays()
    if lines < rows + 1:
        raise RuntimeError(f"{lines} lines of {rows + 1}")
    lost = 100 * (busy.sent - busy.received) / max(1, busy.sent)
    relayed = quiet.cpu / quiet.wall * wall  # what the calls alone would have taken
    return [
        Figure(f"table of {rows} records, memory", most - before, "MB", note="more than before"),
        Figure("a record, CPU", (cpu - relayed) * 1e6 / rows, "us", note=f"{wall:.0f} s for all, {calls} calls go on"),
        Figure("packets meanwhile, missing", lost, "%"),
        Figure("delay meanwhile, median", delays.median / 1000, "ms", quiet.delays.median / 1000, "without it"),
        Figure("delay meanwhile, 99 %", delays.p99 / 1000, "ms", quiet.delays.p99 / 1000, "without it"),
        Figure("delay meanwhile, longest", delays.longest / 1000, "ms", quiet.delays.longest / 1000, "without it"),
    ]


async def _fill(database: Path, rows: int) -> None:
    """Make the phones that the calls are between, a key, and the records."""
    store = await open_store(database)
    try:
        for number in range(1000, 1000 + _USERS):
            await store.users.add(User(str(number), _DOMAIN, number=str(number)), phone_secret=PASSWORD)
        await store.users.add(User("boss", _DOMAIN, role="admin"))
        hashed = hashlib.sha256(_KEY.encode()).hexdigest()
        await store.keys.add(ApiKey("key_bench", "bench", "boss", "admin", (), (), time.time(), hash=hashed))
        await store.database.run(_FILL, (rows,))
    finally:
        await store.close()


async def _export(server: Server, to: str = "") -> tuple[int, float]:
    """Take the table, or the calls before a time: how many lines there are, and the most memory the server had."""
    lines, most, wish = 0, 0.0, {"format": "csv"} | ({"to": to} if to else {})
    async with (
        httpx.AsyncClient(headers={"Authorization": f"Bearer {_KEY}"}, timeout=60, trust_env=False) as client,
        client.stream("GET", f"{server.facts['http']}/api/v1/cdrs", params=wish) as reply,
    ):
        reply.raise_for_status()
        async for chunk in reply.aiter_raw():
            lines += chunk.count(b"\n")
            most = max(most, memory_mb(server.pid))
    return lines, most
