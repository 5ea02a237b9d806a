"""Janus with its EchoTest plug-in: what a WebRTC leg costs a rival, each packet decrypted, encrypted and sent back."""

import asyncio
import json
import random
import shutil
import socket
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.bench.pump import Missing

__all__ = ["Janus", "running"]

_CONFIG: Final = """
general: {{ configs_folder = "{home}"; plugins_folder = "{home}/plugins"; transports_folder = "{home}/transports";
  events_folder = "{home}/events"; loggers_folder = "{home}/loggers"; debug_level = 2; session_timeout = 600; }}
media: {{ ipv6 = false; }}
nat: {{ nice_debug = false; }}
"""
_HTTP: Final = """
general: {{ json = "compact"; base_path = "/janus"; http = true; port = {port}; ip = "127.0.0.1"; https = false; }}
admin: {{ admin_http = false; }}
"""


class Janus:
    """A running Janus."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self._url = f"http://127.0.0.1:{port}/janus"

    async def echo(self, offer: str) -> str:
        """Place an EchoTest call and give its answer."""
        session = (await self._post("", janus="create"))["data"]["id"]
        handle = (await self._post(f"/{session}", janus="attach", plugin="janus.plugin.echotest"))["data"]["id"]
        jsep = {"type": "offer", "sdp": offer, "trickle": False}
        await self._post(f"/{session}/{handle}", janus="message", body={"audio": True}, jsep=jsep)
        while "jsep" not in (event := await asyncio.to_thread(_fetch, f"{self._url}/{session}?maxev=1")):
            pass
        return str(event["jsep"]["sdp"])

    async def ready(self) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(10):
            while True:
                try:
                    await asyncio.to_thread(_fetch, f"{self._url}/info")
                    return
                except OSError:
                    await asyncio.sleep(0.1)

    async def _post(self, path: str, **body: Any) -> dict[str, Any]:
        return await asyncio.to_thread(_fetch, self._url + path, {**body, "transaction": f"{random.getrandbits(30)}"})


@asynccontextmanager
async def running() -> AsyncIterator[Janus]:
    """Janus for as long as the block runs.

    Raises:
        Missing: it is not installed.
    """
    program, library = _installed()
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        _write(Path(folder), library, port)
        process = await asyncio.create_subprocess_exec(
            program, "-F", folder, "-C", f"{folder}/janus.jcfg",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            janus = Janus(process.pid, port)
            await janus.ready()
            yield janus
        finally:
            process.terminate()
            await process.wait()


def _installed() -> tuple[str, Path]:
    program, library = shutil.which("janus"), next(iter(Path("/usr/lib").glob("*/janus")), None)
    if not program or not library:
        raise Missing("the rival is not there: apt-get install janus")
    return program, library


def _write(home: Path, library: Path, port: int) -> None:
    for name in ("plugins", "transports", "events", "loggers"):
        (home / name).mkdir()
    for part in ("plugins/libjanus_echotest.so", "transports/libjanus_http.so"):
        (home / part).symlink_to(library / part)
    (home / "janus.jcfg").write_text(_CONFIG.format(home=home))
    (home / "janus.transport.http.jcfg").write_text(_HTTP.format(port=port))


def _fetch(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as reply:
        found = json.load(reply)
    return dict(found[0] if isinstance(found, list) else found)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
