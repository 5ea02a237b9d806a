"""`xswitch demo` and `serve`, as scripts and people use them: the program itself, on free ports."""

import asyncio
import json
import os
import re
import signal
import socket
import ssl
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from xswitch_py import __version__
from xswitch_py.cli.serve import accounts

ROOT: Final = Path(__file__).parents[2]
FREE: Final = [
    "--set", "listen.http=127.0.0.1:0", "--set", "listen.https=127.0.0.1:0", "--set", "media.webrtc_port=0",
    "--set", "listen.sip_udp=127.0.0.1:0", "--set", "listen.sip_tcp=127.0.0.1:0", "--set", "listen.sip_tls=127.0.0.1:0",
    "--set", "listen.sip_ws=", "--set", "listen.sip_wss=",
]  # fmt: skip
PATIENCE: Final = 20  # seconds for a start or an end, on a busy machine

Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start the program; it is ended with the test."""
    started: list[Process] = []
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}

    async def begin(*arguments: str, **more: str) -> Process:
        command = [sys.executable, "-m", "xswitch_py", *arguments]
        made = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environ | more)
        started.append(made)
        return made

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def facts(process: Process) -> dict[str, Any]:
    """Wait for the line of JSON."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        read: dict[str, Any] = json.loads(await process.stdout.readline())
    return read


async def ended(process: Process, number: int | None = None) -> tuple[int, str, str]:
    """Send a signal, wait for the end; give the exit code and the rest of both outputs."""
    if number is not None:
        process.send_signal(number)
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_demo_says_where_everything_is_in_one_line(start: Start) -> None:
    process = await start("demo", "--json", *FREE)
    told = await facts(process)
    assert told["version"] == __version__
    assert told["pid"] == process.pid
    for scheme, path in (("http", ""), ("https", ""), ("ws", "/ws"), ("wss", "/ws")):
        assert re.fullmatch(rf"{scheme}://127\.0\.0\.1:[1-9]\d+{path}", told[scheme])
    assert [user["user"] for user in told["users"]] == [str(number) for number in range(1000, 1020)]
    assert told["admin"]["user"] == "admin"
    assert told["numbers"] == {"echo": "9196", "tone": "9197", "music": "9198"}
    assert all(re.fullmatch(r"[\d.]+:[1-9]\d+", address) for address in told["media"]["webrtc"])
    assert told["media"]["rtp"] == "20000-29999"
    assert told["sip"].keys() == {"udp", "tcp", "tls", "ws", "wss", "domain"}
    assert all(re.fullmatch(r"127\.0\.0\.1:[1-9]\d+", told["sip"][name]) for name in ("udp", "tcp", "tls"))
    assert (told["sip"]["ws"], told["sip"]["domain"]) == (told["ws"].removesuffix("/ws") + "/sip", "localhost")
    trust = ssl.create_default_context(cadata=told["tls_ca"])
    async with httpx.AsyncClient(verify=trust) as client:
        assert (await client.get(told["http"] + "/healthz")).status_code == 200
        assert (await client.get(told["https"] + "/healthz")).status_code == 200
        mine = {"Authorization": f"Bearer {told['api_key']}"}
        me = (await client.get(told["https"] + "/api/v1/auth/me", headers=mine)).json()
        assert (me["user"], me["role"]) == ("admin", "admin")
    code, out, _ = await ended(process, signal.SIGTERM)
    assert (code, out) == (0, "")


async def test_logs_go_to_standard_error_as_json_and_keep_secrets(start: Start) -> None:
    process = await start("demo", "--json", "--password", "s3cr3tW0rd", *FREE, XSWITCH_LOG__LEVEL="debug")
    told = await facts(process)
    assert {user["password"] for user in [told["admin"], *told["users"]]} == {"s3cr3tW0rd"}
    code, _, err = await ended(process, signal.SIGINT)
    assert code == 0
    assert [json.loads(line)["event"] for line in err.splitlines()]
    assert "s3cr3tW0rd" not in err


async def test_the_demo_leaves_nothing_on_disk(start: Start, tmp_path: Path) -> None:
    process = await start("demo", "--json", *FREE, TMPDIR=str(tmp_path))
    await facts(process)
    await ended(process, signal.SIGTERM)
    assert os.listdir(tmp_path) == []


async def test_people_read_a_plain_banner(start: Start) -> None:
    process = await start("demo", *FREE)
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "Ready in" not in lines[-1]:
        lines.append((await process.stdout.readline()).decode())
    assert lines[0] == f"xswitch {__version__} - demo: in memory, for trying out\n"
    assert re.fullmatch(r"  Site +http://localhost:\d+/   admin / \w{4}-\w{4}\n", lines[1])
    assert re.search(r"  Phones +http://localhost:\d+/demo/#1000=\w{4}-\w{4}&1001=\w{4}-\w{4} ", lines[2])
    assert not any("\x1b" in line for line in lines)
    code, _, _ = await ended(process, signal.SIGTERM)
    assert code == 0


async def test_serve_keeps_its_files_private_and_tells_no_passwords(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "state/x.db"
    process = await start("serve", "--json", *FREE, "--set", f"store.path={path}")
    told = await facts(process)
    assert not told.keys() & {"admin", "users", "api_key"}
    code, _, _ = await ended(process, signal.SIGTERM)
    assert code == 0
    kept = {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()}
    folders = {"sounds": "0o700", "recordings": "0o700"}
    assert kept == {"x.db": "0o600", "wss.pem": "0o600", "admin.password": "0o600", **folders}


async def test_a_reload_keeps_running_and_says_what_is_wrong(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "x.toml"
    config.write_text("")
    process = await start("serve", "--json", "--config", str(config), *FREE)
    told = await facts(process)
    assert process.stderr is not None
    config.write_text("nonsense = 1\n")
    process.send_signal(signal.SIGHUP)
    while "nonsense" not in (await process.stderr.readline()).decode():
        pass
    async with httpx.AsyncClient() as client:
        assert (await client.get(told["http"] + "/healthz")).status_code == 200
    code, _, _ = await ended(process, signal.SIGTERM)
    assert code == 0


async def test_a_bad_config_starts_nothing_and_says_all_that_is_wrong(start: Start, tmp_path: Path) -> None:
    code, out, err = await ended(await start("serve", "--json", "--set", "listen.htp=1", "--set", "domain=a b"))
    assert (code, out) == (2, "")
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["xswitch", "xswitch"]
    assert "Traceback" not in err


async def test_a_port_that_is_taken_is_told_with_the_option_to_change(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = await ended(await start("demo", "--json", *FREE, "--set", f"listen.http=127.0.0.1:{port}"))
    assert (code, out) == (1, "")
    told = [line for line in err.splitlines() if line.startswith("xswitch: ")]
    assert len(told) == 1
    assert f"127.0.0.1:{port}" in told[0]
    assert "--set listen.http=" in told[0]
    assert "Traceback" not in err


async def test_a_media_port_that_is_taken_is_told_and_leaves_the_database_alone(start: Start, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        path = tmp_path / "state/x.db"
        settings = ("--set", f"media.webrtc_port={port}", "--set", f"store.path={path}")
        code, out, err = await ended(await start("serve", "--json", *FREE, *settings))
    assert (code, out) == (1, "")
    assert f"xswitch: media.webrtc_port = {port}: Address already in use; " in err
    assert "--set media.webrtc_port=" in err
    assert not path.exists()


async def test_an_address_that_is_not_ours_is_told(start: Start) -> None:
    code, _, err = await ended(await start("demo", *FREE, "--set", 'media.addresses=["192.0.2.77"]'))
    assert code == 1
    assert "xswitch: media.addresses = ['192.0.2.77']: " in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nonsense"], 2),
        (["demo", "--nonsense"], 2),
        (["demo", "--password", ""], 2),
        (["serve", "--set", "nonsense"], 2),
        (["--version"], 0),
        (["--help"], 0),
    ],
)
async def test_exit_codes_say_what_happened(start: Start, arguments: list[str], code: int) -> None:
    assert (await ended(await start(*arguments)))[0] == code


def test_demo_passwords_are_random_and_of_their_own() -> None:
    one, other = accounts(None), accounts(None)
    words = {account.password for made in (one, other) for account in (made.admin, *made.users)}
    assert len(words) == 42
    assert all(re.fullmatch(r"[2-9a-z]{4}-[2-9a-z]{4}", word) for word in words)
    assert not any(word in repr(one) for word in words)
