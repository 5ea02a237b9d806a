"""`xswitch demo` and `xswitch serve`: run the switch in the foreground until we are asked to stop."""

import asyncio
import gc
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from xswitch_py import app, config, logs
from xswitch_py.app import Source
from xswitch_py.base.errors import ConfigError
from xswitch_py.cli import banner, out
from xswitch_py.config import Account, Demo, LogFormat

try:
    from uvloop import new_event_loop
except ImportError:  # it comes with xswitch-py[fast]
    from asyncio import new_event_loop  # type: ignore[assignment]

__all__ = ["accounts", "demo", "serve"]

_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # none that look alike
_COLLECT: Final = (10_000, 20, 20)  # new objects, and passes, before each kind of pass

Password = Annotated[str | None, typer.Option("--password", help="Password of the admin and of all demo users.")]


def demo(password: Password = None, settings: out.Settings = None, as_json: out.AsJson = False) -> None:
    """Try everything out: on this computer only, in memory, with users, numbers and random passwords."""
    with out.clear_errors():
        if password == "":
            out.fail(2, "--password: must not be empty")
        _run(None, settings, accounts(password), as_json)


def serve(path: out.ConfigPath = None, settings: out.Settings = None, as_json: out.AsJson = False) -> None:
    """Run the switch."""
    with out.clear_errors():
        _run(path, settings, None, as_json)


def accounts(password: str | None) -> Demo:
    """Make the accounts of a demo, all with this password or each with a random one."""
    names = map(str, range(1000, 1020))
    return Demo(
        Account("admin", password or _password()),
        tuple(Account(name, password or _password()) for name in names),
        f"xs_{secrets.token_urlsafe(24)}",
    )


def _password() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _run(path: Path | None, overrides: list[str] | None, accounts: Demo | None, as_json: bool) -> None:
    base = config.DEMO if accounts is not None else None
    source = Source(
        lambda: out.load(path, overrides, base),
        lambda: config.described(path, overrides or [], os.environ, base=base),
    )
    settings = source.load()
    text = settings.log.format is LogFormat.TEXT or (settings.log.format is LogFormat.AUTO and sys.stderr.isatty())
    lines = logs.Ring()
    logs.setup(settings.log.level, as_json=not text, stream=sys.stderr, final=True, ring=lines)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(lambda: app.build(settings, demo=accounts, source=source, lines=lines), as_json))


async def _serve(build: Callable[[], app.App], as_json: bool) -> None:
    began = time.monotonic()
    switch = build()
    try:
        await switch.start()
    except ConfigError as error:
        out.fail(1, *map(_with_advice, error.problems))
    except OSError as error:
        out.fail(1, _with_advice(str(error)))
    _obey_signals(switch)
    _announce(switch.facts(), time.monotonic() - began, as_json)
    _spare_collections()
    await switch.run()


def _spare_collections() -> None:
    """Let the garbage collector look neither at what stays, nor as often: a pass over all of it holds every call up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)


def _announce(facts: Mapping[str, Any], took: float, as_json: bool) -> None:
    if as_json:
        out.json_line(facts)
    else:
        for text in banner.lines(facts, took):
            out.console().print(text)


def _obey_signals(switch: app.App) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, switch.stop)
    loop.add_signal_handler(signal.SIGHUP, switch.hang_up)


def _with_advice(problem: str) -> str:
    """Say what to do about an address that cannot be had."""
    key = problem.partition(" ")[0]
    if "in use" in problem and "." in key:
        return f"{problem}; stop what uses it, or choose another: --set {key}=..."
    return problem
