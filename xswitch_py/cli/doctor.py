"""`xswitch doctor`: find what is wrong with a set-up and a running switch, and say how to put it right."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from xswitch_py import app_checks, logs
from xswitch_py.app_checks import Check, fail, good, skip, warn
from xswitch_py.base.errors import ConfigError
from xswitch_py.base.problem import Code
from xswitch_py.cli import out, remote
from xswitch_py.cli.loopback import LoopbackError, listen_to
from xswitch_py.cli.remote import RemoteError, Server, Unreachable
from xswitch_py.config import Config, HostPort

__all__ = ["doctor"]

_PURE: Final = 0.6  # of the power, from which on a sound is a tone
_COLOURS: Final = {"ok": "32", "warn": "33", "fail": "31", "skip": "2"}
_SHOUTED: Final = {"fail": "FAIL"}

Number = Annotated[str, typer.Option("--number", help="The number of a steady tone.")]
NoCall = Annotated[bool, typer.Option("--no-call", help="Place no call.")]


def doctor(
    path: out.ConfigPath = None,
    settings: out.Settings = None,
    number: Number = "9197",
    no_call: NoCall = False,
    url: remote.Url = None,
    key: remote.Key = None,
    key_file: remote.KeyFile = None,
    ca: remote.Authority = None,
    as_json: out.AsJson = False,
) -> None:
    """Check ports, certificate, addresses, files, disk and packages; and if the switch runs, place a call through it.

    Ends with 1 if something is wrong.
    """
    logs.setup("critical", as_json=False, stream=sys.stderr)
    found: list[Check] = []
    with remote.clear_errors():
        for check in _examined(path, settings, lambda read: _server(read, url, key, key_file, ca), number, no_call):
            found.append(check)
            if not as_json:
                _print(check)
    failed = sum(check.state == "fail" for check in found)
    if as_json:
        out.json_line({"good": not failed, "checks": [check.as_json() for check in found]})
    else:
        out.line(f"{failed} to be put right" if failed else "all is well")
    if failed:
        raise typer.Exit(1)


def _examined(
    path: Path | None, settings: list[str] | None, find: Callable[[Config], Server], number: str, no_call: bool
) -> Iterator[Check]:
    try:
        read = out.load(path, settings)
    except ConfigError as error:
        for problem in error.problems:
            yield fail("config", problem, "put it right; `xswitch check` tells when it is")
        return
    with find(read) as server:
        alive = _is_alive(server)
        yield from app_checks.judge(read, running=alive.state == "ok")
        yield from app_checks.private("key file", [remote.usual_key()])
        yield alive
        if alive.state == "ok":
            yield from _asked(server, number, no_call)


def _server(read: Config, url: str | None, key: str | None, key_file: Path | None, ca: Path | None) -> Server:
    """Make the server that is named, or else the one of the config."""
    listen = read.listen.http
    if url is None and listen is not None and listen.port and "XSWITCH_URL" not in os.environ:
        url = f"http://{_reachable(listen)}"
    return Server(remote.address(url), remote.given_key(key, key_file), ca)


def _reachable(at: HostPort) -> HostPort:
    return HostPort({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(at.host, at.host), at.port)


def _is_alive(server: Server) -> Check:
    try:
        version = server.ask("GET", "/healthz")["version"]
    except Unreachable:
        return skip("server", f"nothing runs at {server.url}: start it, and ask again for the rest")
    except (RemoteError, KeyError, TypeError) as error:
        return fail("server", str(error), "is it xswitch that has this port? --url names another")
    return good("server", f"xswitch {version} runs at {server.url}")


def _asked(server: Server, number: str, no_call: bool) -> Iterator[Check]:
    yield _is_ready(server)
    who = _who(server)
    yield who
    if no_call:
        yield skip("call", "not placed")
    elif who.state != "ok":
        yield skip("call", "needs an API key")
    else:
        yield _called(server, number)


def _is_ready(server: Server) -> Check:
    with server.reaching():
        response = server.client.get("/readyz")
    if response.is_success:
        return good("ready", "it takes calls")
    try:
        lacking = ", ".join(response.json()["lacking"])
    except (ValueError, KeyError, TypeError):
        lacking = f"it answers {response.status_code}"
    return fail("ready", f"it takes no calls: {lacking}", "its log says why")


def _who(server: Server) -> Check:
    try:
        me = server.get("/auth/me")
    except RemoteError as error:
        if error.code == Code.NOT_AUTHENTICATED and not server.key:
            return warn("API key", "none was given: what needs one is not looked at", f"{error}")
        return fail("API key", str(error), "make one on the pages, or by `xswitch key add NAME` with another")
    return good("API key", f"{me['name']} of {me['user'] or 'nobody'}, {me['role']}")


def _called(server: Server, number: str) -> Check:
    """Place a call, and listen."""
    name = "call"
    try:
        token = server.post("/phone/token")
        with out.progress(f"calling {number}"):
            address = f"ws{server.url.removeprefix('http')}/ws"
            heard = asyncio.run(listen_to(address, server.trust(), token["login"], token["token"], number, "doctor"))
    except RemoteError as error:
        if error.code == Code.CONFLICT:
            return skip(name, "who the key is of has no number, and so no phone")
        return fail(name, str(error), "the key must have all that its owner may, and its owner a number")
    except LoopbackError as error:
        fix = f"`xswitch route explain {number}` says where it leads; UDP to the media port must pass"
        return fail(name, f"{number}: {error}", fix)
    told = f"{heard.hz:.0f} Hz at {heard.level:.0f} dB, {heard.codec}"
    if heard.share < _PURE:
        fix = "something spoils the sound, or another number has the tone: --number"
        return fail(name, f"{number} is answered, but there is no steady tone: {told}", fix)
    return good(name, f"{number} is answered, and its tone heard: {told}")


def _print(check: Check) -> None:
    word = _SHOUTED.get(check.state, check.state)
    shown = f"\x1b[{_COLOURS[check.state]}m{word:<4}\x1b[0m" if sys.stdout.isatty() else f"{word:<4}"
    out.line(f"{shown}  {check.name}: {out.clean(check.text)}")
    if check.fix:
        out.line(f"      -> {out.clean(check.fix)}")
