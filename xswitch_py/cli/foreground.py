"""A switch in the foreground, until it is asked to stop."""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from xswitch_py import app, logs
from xswitch_py.app import Source
from xswitch_py.base.errors import ConfigError
from xswitch_py.cli import banner, out
from xswitch_py.config import Config, Demo, LogFormat

try:
    from uvloop import new_event_loop
except ImportError:  # it comes with xswitch-py[fast]
    from asyncio import new_event_loop  # type: ignore[assignment]

__all__ = ["run"]

_COLLECT: Final = (10_000, 20, 20)  # new objects, and passes, before each kind of pass


def run(
    settings: Config,
    accounts: Demo | None,
    read: Callable[[], Config],
    describe: Callable[[], Mapping[str, Any]],
    *,
    as_json: bool,
) -> None:
    """Run the switch of a config, which can be read again and described; with accounts it is a demo."""
    text = settings.log.format is LogFormat.TEXT or (settings.log.format is LogFormat.AUTO and sys.stderr.isatty())
    lines = logs.Ring()
    logs.setup(settings.log.level, as_json=not text, stream=sys.stderr, final=True, ring=lines)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        source = Source(read, describe)
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
