"""The real server as a child process, and what it wrote into its database."""

import asyncio
import signal
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.peers.server import command_line, facts_of
from xswitch_py.base.user import User
from xswitch_py.store.open import open_store

__all__ = ["PASSWORD", "Server", "start_demo", "start_server"]

PASSWORD: Final = "not-for-any-log"
_STOP_S: Final = 10.0
_LOOKS: Final = 100
_LOOK_AGAIN_S: Final = 0.05
_ROOT: Final = Path(__file__).parents[2]
_DATABASE: Final = "xswitch.db"
_DOMAIN: Final = "localhost"
_LISTEN: Final = (
    "listen.http=127.0.0.1:0",
    "listen.https=127.0.0.1:0",
    "media.webrtc_port=0",
    "listen.sip_udp=127.0.0.1:0",
    "listen.sip_tcp=127.0.0.1:0",
    "listen.sip_tls=127.0.0.1:0",
    "listen.sip_ws=",
    "listen.sip_wss=",
)


@dataclass(slots=True)
class Server:
    """A running switch; `facts` is the line of JSON it printed once everything listened."""

    process: asyncio.subprocess.Process
    facts: dict[str, Any]
    database: Path  # of `serve`; the demo writes none
    log: Path

    def url(self, name: str = "ws") -> str:
        """One of the addresses it printed: http, https, ws or wss."""
        return str(self.facts[name])

    def login_name(self, user: str) -> str:
        """`user@domain`, the way stock pages log in."""
        return f"{user}@{_DOMAIN}"

    def terminate(self) -> None:
        """Ask it to stop, as an operator or systemd would."""
        self.process.send_signal(signal.SIGTERM)

    async def stopped(self) -> int:
        """Wait for its end and return the exit code; kill it, and fail, if it does not come."""
        try:
            async with asyncio.timeout(_STOP_S):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise

    def faults(self) -> list[str]:
        """What must not be in its log: our bugs, and secrets."""
        bad = ('"level": "error"', "Traceback", PASSWORD)
        return [line for line in self.log.read_text().splitlines() if any(each in line for each in bad)]

    async def cdr(self, caller: str, callee: str, after: int) -> dict[str, Any]:
        """The record of the one call from `caller` to `callee` since row `after`; waits until it is complete."""
        for _ in range(_LOOKS):
            if rows := self._records(caller, callee, after):
                assert len(rows) == 1, rows
                return rows[0]
            await asyncio.sleep(_LOOK_AGAIN_S)
        raise AssertionError(f"no finished record of a call from {caller} to {callee}")

    def last_cdr(self) -> int:
        """The number of the newest record, 0 while there is none."""
        with closing(sqlite3.connect(self.database)) as db:
            return int(db.execute("SELECT coalesce(max(id), 0) FROM cdrs").fetchone()[0])

    def _records(self, caller: str, callee: str, after: int) -> list[dict[str, Any]]:
        query = "SELECT * FROM cdrs WHERE id > ? AND caller_number = ? AND callee_number = ? AND ended IS NOT NULL"
        with closing(sqlite3.connect(self.database)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(query, (after, caller, callee))]


async def start_demo(folder: Path, *settings: str) -> Server:
    """Start `xswitch demo` on free loopback ports; its records are in memory. `settings` are `key=value`."""
    return await _start(folder, ["demo", "--password", PASSWORD], settings)


async def start_server(folder: Path, users: Iterable[str]) -> Server:
    """Start `xswitch serve` with these users, whose password is PASSWORD, and a database file in `folder`."""
    database = folder / _DATABASE
    store = await open_store(database)
    for user in users:
        await store.users.add(User(user, _DOMAIN, f"User {user}"))
        await store.users.set_phone_secret(user, _DOMAIN, PASSWORD)
    await store.close()
    return await _start(folder, ["serve"], [f"store.path={database}", "shutdown.drain=0"])


async def _start(folder: Path, command: list[str], settings: Iterable[str]) -> Server:
    log = folder / "server.log"
    options = _options([*_LISTEN, *settings])
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *command_line(), *command, "--json", *options,
            cwd=_ROOT, stdout=asyncio.subprocess.PIPE, stderr=errors, limit=1 << 20,
        )  # fmt: skip
    return Server(process, await facts_of(process, log), folder / _DATABASE, log)


def _options(settings: Iterable[str]) -> list[str]:
    return [word for each in settings for word in ("--set", each)]
