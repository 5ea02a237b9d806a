"""The real server as a child process, started and stopped the way an operator would."""

import asyncio
import json
import os
import signal
import sqlite3
import ssl
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["PASSWORD", "Server", "command_line", "facts_of", "rows", "running", "start", "xswitch"]

PASSWORD: Final = "1234"
ROOT: Final = Path(__file__).parents[2]
_START_S: Final = 60.0
_STOP_S: Final = 10.0
_FREE_PORTS: Final = (
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
    """A running server; `facts` is the line of JSON it printed once everything listened."""

    process: asyncio.subprocess.Process
    facts: dict[str, Any]
    log: Path

    @property
    def pid(self) -> int:
        """The process to measure or to kill."""
        return self.process.pid

    @property
    def ws(self) -> str:
        """Where plain Verto sockets connect."""
        return str(self.facts["ws"])

    @property
    def media(self) -> list[tuple[str, int]]:
        """Addresses of the WebRTC port."""
        parts = [str(each).rpartition(":") for each in self.facts["media"]["webrtc"]]
        return [(host.strip("[]"), int(port)) for host, _, port in parts]

    def tls(self) -> ssl.SSLContext:
        """A client's context that trusts this server's certificate and nothing else."""
        return ssl.create_default_context(cadata=self.facts["tls_ca"])

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM)."""
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Crash it (SIGKILL)."""
        self.process.kill()

    async def stopped(self) -> int:
        """Wait for its end and give the exit code; kill it, and fail, if it does not come."""
        try:
            async with asyncio.timeout(_STOP_S):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise

    async def stop(self) -> int:
        """Stop it if it runs; gives the exit code."""
        if self.process.returncode is None:
            self.terminate()
        return await self.stopped()


async def start(
    folder: Path,
    *settings: str,
    command: str = "demo",
    options: Sequence[str] = ("--password", PASSWORD),
    program: Sequence[str] = (),
) -> Server:
    """Start the server on free loopback ports; `settings` are `key=value`, its log goes to a file in `folder`.

    `program` runs it in another way than by its name.
    """
    words = [word for each in (*_FREE_PORTS, *settings) for word in ("--set", each)]
    log = folder / "server.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(program or command_line()), command, "--json", *options, *words,
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=errors, limit=1 << 20,
        )  # fmt: skip
    return Server(process, await facts_of(process, log), log)


@asynccontextmanager
async def running(folder: Path, *settings: str, **more: Any) -> AsyncIterator[Server]:
    """A server for as long as the block runs."""
    server = await start(folder, *settings, **more)
    try:
        yield server
    finally:
        await server.stop()


async def xswitch(*words: str) -> str:
    """Run a command of the command line to its end and give what it printed; fails if the command fails."""
    process = await asyncio.create_subprocess_exec(
        *command_line(), *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode(errors="replace")
    return out.decode()


def rows(database: Path, query: str, *values: object) -> list[dict[str, Any]]:
    """Read from a server's database file."""
    with closing(sqlite3.connect(database)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(query, values)]


def command_line() -> list[str]:
    """The server under test; XSWITCH_TEST_COMMAND names another one."""
    return os.environ.get("XSWITCH_TEST_COMMAND", f"{sys.executable} -m xswitch_py").split()


async def facts_of(process: asyncio.subprocess.Process, log: Path) -> dict[str, Any]:
    """Read what a server just started says of itself; if it says nothing, kill it and fail with the end of its log."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_S):
            line = await process.stdout.readline()
        return dict(json.loads(line))
    except (TimeoutError, ValueError) as failure:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise RuntimeError(f"the server did not start ({failure}):\n{_tail(log)}") from failure


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:]
