"""The command line in this process, and a demo to ask, as a process of its own."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner, Result

from xswitch_py.cli.main import command

__all__ = ["ROOT", "Shell", "environment", "run", "running", "serving"]

ROOT: Final = Path(__file__).parents[2]
FREE: Final = [
    f"--set={setting}"
    for setting in (
        "listen.http=127.0.0.1:0", "listen.https=127.0.0.1:0", "listen.sip_udp=127.0.0.1:0", "listen.sip_tcp=",
        "listen.sip_tls=", "listen.sip_ws=", "listen.sip_wss=", "media.webrtc_port=0",
    )
]  # fmt: skip
RUNNER: Final = CliRunner()


class Shell:
    """Runs `xswitch` with this environment."""

    def __init__(self, environ: Mapping[str, str | None]) -> None:
        self.environ = dict(environ)

    def run(self, *arguments: str, input: str | None = None, **more: str | None) -> Result:
        """Run it; `more` is environment."""
        return RUNNER.invoke(command, arguments, input=input, env={**self.environ, **more}, prog_name="xswitch")

    def __call__(self, *arguments: str, code: int = 0, input: str | None = None, **more: str | None) -> str:
        """Run it; gives what it said on standard output, or with a code other than 0 on standard error."""
        made = self.run(*arguments, input=input, **more)
        assert made.exit_code == code, (made.output, made.exception)
        return made.stderr if code else made.stdout

    def json(self, *arguments: str, **more: str | None) -> Any:
        """Run it with `--json`; gives what its one line says."""
        made = self.run(*arguments, "--json", **more)
        assert made.exit_code == 0, (made.output, made.exception)
        (line,) = made.stdout.splitlines()
        return json.loads(line)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Make an environment in which nothing of ours is set."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def run(home: Path, *arguments: str, input: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the program itself."""
    return subprocess.run(
        [sys.executable, "-m", "xswitch_py", *arguments],
        env=environment(home, **more), input=input, capture_output=True, text=True, timeout=40, check=False,
    )  # fmt: skip


@contextmanager
def running(home: Path) -> Iterator[dict[str, Any]]:
    """Run a demo on free ports; gives its facts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "xswitch_py", "demo", "--json", "--password", "secret-word", *FREE],
        env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        facts: dict[str, Any] = json.loads(process.stdout.readline())
        yield facts
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextmanager
def serving(*pieces: bytes | int) -> Iterator[tuple[str, list[Any]]]:
    """Serve a stream, or a refusal with this status, to each request; gives the address, and the ids that were sent."""
    left, seen = list(pieces), list[Any]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Last-Event-ID"))
            piece = left.pop(0)
            self.send_response(piece if isinstance(piece, int) else 200)
            self.send_header(
                "Content-Type", "application/problem+json" if isinstance(piece, int) else "text/event-stream"
            )
            self.end_headers()
            self.wfile.write(
                b'{"code": "forbidden", "detail": "this needs events:read"}' if isinstance(piece, int) else piece
            )

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()
