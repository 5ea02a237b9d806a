"""A real nginx with the site that `xswitch nginx` prints, moved to a free port."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cli.test_files import EXAMPLE, NGINX, free_port
from xswitch_py.listen import certificate

__all__ = ["NAME", "Proxy", "proxy"]

NAME: Final = "localhost"


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it listens, with TLS and a certificate of its own."""

    port: int
    certificate: Path

    @property
    def url(self) -> str:
        """The address that browsers open."""
        return f"https://{NAME}:{self.port}"

    def tls(self) -> ssl.SSLContext:
        """A client's context that trusts this certificate and nothing else."""
        return ssl.create_default_context(cafile=str(self.certificate))


@asynccontextmanager
async def proxy(folder: Path, http: str) -> AsyncIterator[Proxy]:
    """Run nginx before the switch at the address `http`; it listens for as long as the block runs."""
    made = Proxy(free_port(), folder / "site.pem")
    certificate.make(made.certificate, NAME)
    (folder / "nginx.conf").write_text(_config(folder, made, http.removeprefix("http://")))
    process = await asyncio.create_subprocess_exec(
        NGINX, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _listens(made.port)
        yield made
    finally:
        process.terminate()
        await process.wait()


def _config(folder: Path, made: Proxy, http: str) -> str:
    text = EXAMPLE.read_text()
    for there, here in {
        "127.0.0.1:8081": http,
        "listen 443 ssl": f"listen 127.0.0.1:{made.port} ssl",
        "    listen [::]:443 ssl;\n": "",
        "/etc/ssl/xswitch/fullchain.pem": str(made.certificate),
        "/etc/ssl/xswitch/key.pem": str(made.certificate),
    }.items():
        assert there in text
        text = text.replace(there, here)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    main = f"daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}"
    return f"{main}\nhttp {{ access_log off; {temporary}\n{text} }}\n"


async def _listens(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
