"""Files that are printed ready for use: nginx's by a real nginx."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from websockets.asyncio.client import connect
from websockets.typing import Origin

from xswitch_py.cli import files
from xswitch_py.listen import certificate
from xswitch_py.listen.door import Socket
from xswitch_py.listen.listener import Listener

EXAMPLE: Final = Path(__file__).parents[2] / "nginx.conf.example"
NGINX: Final = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or "nginx"


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_the_example_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    files.nginx(None, ["domain=pbx.example.com"])
    assert printed(capsys) == EXAMPLE.read_text()


def test_nginx_is_sent_to_where_we_listen(capsys: pytest.CaptureFixture[str]) -> None:
    files.nginx(None, ["listen.http=0.0.0.0:9000", "verto.ping_interval=5"])
    text = printed(capsys)
    assert "server 127.0.0.1:9000;" in text
    assert "proxy_read_timeout 20s;" in text


def test_the_unit_starts_this_program_with_this_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[shutdown]\ndrain = 7\n")
    files.systemd(path, ["domain=pbx.example.com"])
    text = printed(capsys)
    assert f'-m xswitch_py serve --config {path} --set "domain=pbx.example.com"\n' in text
    assert "TimeoutStopSec=27\n" in text
    assert "ExecReload=kill -HUP $MAINPID\n" in text


def free_port() -> int:
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        found: int = port.getsockname()[1]
        return found


class Door:
    """Says what it was told about the peer."""

    subprotocol = None

    async def serve(self, socket: Socket) -> None:
        """Say where the socket came in, once."""
        socket.send(f"{socket.path} {socket.secure} {socket.remote[0]}")
        await socket.receive()


async def shown(request: Request) -> JSONResponse:
    return JSONResponse([request.url.path, request.url.scheme, request.headers["host"]])


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    door = Door()
    app = Starlette(routes=[Route("/{path:path}", shown)])
    made = Listener(app, {"/ws": door, "/": door, "/sip": door}, http="127.0.0.1:0")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def nginx(listener: Listener, tmp_path: Path) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """Run nginx with the example, moved to free ports and with a certificate of its own."""
    port, pem = free_port(), tmp_path / "site.pem"
    certificate.make(pem, "pbx.example.com")
    site = EXAMPLE.read_text()
    for there, here in {
        "127.0.0.1:8081": listener.addresses["http"],
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "    listen [::]:443 ssl;\n": "",
        "/etc/ssl/xswitch/fullchain.pem": str(pem),
        "/etc/ssl/xswitch/key.pem": str(pem),
    }.items():
        assert there in site
        site = site.replace(there, here)
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr; events {{}}"
    (tmp_path / "nginx.conf").write_text(f"{main}\nhttp {{ access_log off; {temporary}\n{site} }}\n")
    arguments = [NGINX, "-e", "stderr", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    checked = await asyncio.create_subprocess_exec(*arguments, "-t", stderr=subprocess.PIPE)
    _, said = await checked.communicate()
    assert checked.returncode == 0, said.decode()
    process = await asyncio.create_subprocess_exec(*arguments)
    yield port, ssl.create_default_context(cafile=str(pem))
    process.terminate()
    await process.wait()


async def test_pages_and_sockets_come_through_nginx(nginx: tuple[int, ssl.SSLContext]) -> None:
    port, trust = nginx
    transport = httpx.AsyncHTTPTransport(verify=trust, retries=5)  # until nginx listens
    async with httpx.AsyncClient(transport=transport) as client:
        for path in ("/", "/demo/", "/api/v1/status"):
            assert (await client.get(f"https://localhost:{port}{path}")).json() == [path, "https", "localhost"]
    for path, arrives in {"/ws": "/ws", "/": "/", "/sip": "/sip", "/sips": "/sip"}.items():
        url, origin = f"wss://localhost:{port}{path}", Origin("https://localhost")
        async with connect(url, ssl=trust, origin=origin, proxy=None, local_addr=("127.0.0.2", 0)) as peer:
            assert await peer.recv() == f"{arrives} True 127.0.0.2"
