"""All flows of a folder: loaded, loaded anew when a file changes, and handed to calls by name."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, ConfigError
from xswitch_py.core.call import Body, Call
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.dialplan import Rule, Step
from xswitch_py.flow.hands import Hands
from xswitch_py.flow.load import load, writable
from xswitch_py.flow.marked import Flow
from xswitch_py.flow.run import CLEANUP, run

__all__ = ["Flows"]

log = structlog.get_logger("xswitch.flow")

_POLL: Final = 2.0  # seconds
_MOST: Final = 500  # files

Stamp = tuple[int, int, int, int]  # what changes when a file does


@dataclass(frozen=True, slots=True)
class _File:
    stamp: Stamp
    flows: tuple[Flow, ...] = ()
    problem: str = ""


class Flows:
    """The flows that there are. Calls that are up keep the code they began with."""

    def __init__(self, folder: Path, desk: Callable[[], Desk], cleanup: float = CLEANUP) -> None:
        """Nothing is loaded before the first `reload`. A folder that is not there has no flows."""
        self._folder = folder
        self._desk = desk
        self._cleanup = cleanup
        self._files: dict[Path, _File] = {}
        self._flows: dict[str, Flow] = {}
        self._doubles: tuple[str, ...] = ()
        self._refused = ""  # why the folder is not looked into
        self._going: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    @property
    def flows(self) -> Mapping[str, Flow]:
        """The flows by name."""
        return self._flows

    @property
    def problems(self) -> tuple[str, ...]:
        """What cannot be used, one line each: `reception.py:12: NameError: ...`."""
        broken = (file.problem for _, file in sorted(self._files.items()) if file.problem)
        return (*((self._refused,) if self._refused else ()), *broken, *self._doubles)

    def rules(self) -> tuple[Rule, ...]:
        """Give the rules of the flows that have a number, by file and then as they are written there."""
        return tuple(
            Rule(flow.name, (Step("flow", flow.name),), flow.number, context=flow.context)
            for flow in self._flows.values()
            if flow.number is not None
        )

    def body(self, name: str) -> Body | None:
        """Give what a call does that a flow is to have; None: there is no such flow."""
        flow = self._flows.get(name)
        if flow is None:
            return None

        async def body(call: Call) -> None:
            if self._going[flow.name] >= flow.at_once:
                log.warning("too many calls of a flow at once", flow=flow.name, at_once=flow.at_once)
                raise CallError(Cause.SWITCH_CONGESTION)
            await run(flow, Hands(call, self._desk), partial(self._keep, flow.name), self._cleanup)

        return body

    async def reload(self) -> bool:
        """Load what is new or has changed; say whether the flows are others now. Problems are logged once."""
        async with self._turn:
            before = self.problems
            files, refused = await asyncio.to_thread(self._read)
            if (files, refused) == (self._files, self._refused):
                return False
            self._files, self._refused = files, refused
            self._flows, self._doubles = _by_name(files)
            for problem in self.problems:
                if problem not in before:
                    log.error("flow file cannot be used", why=problem)
            log.info("flows loaded", flows=list(self._flows))
            return True

    async def watch(self, changed: Callable[[], Awaitable[object]]) -> None:
        """Look for changes every 2 seconds, until cancelled; `changed` is called when there were some."""
        while True:
            await asyncio.sleep(_POLL)
            if await self.reload():
                await changed()

    async def close(self) -> None:
        """Wait for flows that have something left to do, which they may for 5 seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._cleanup + 1)

    def _keep(self, name: str, task: asyncio.Task[None]) -> None:
        self._going[name] += 1
        self._tasks.add(task)
        task.add_done_callback(partial(self._over, name))

    def _over(self, name: str, task: asyncio.Task[None]) -> None:
        self._going[name] -= 1
        self._tasks.discard(task)

    def _read(self) -> tuple[dict[Path, _File], str]:
        """Look at the folder, load what is not as it was, and say what is wrong with the folder; for a thread."""
        try:
            stamps = _stamps(self._folder)
        except ConfigError as error:  # what was there before is still good
            return self._files, str(error)
        found: dict[Path, _File] = {}
        for path, stamp in stamps.items():
            before = self._files.get(path)
            if before is not None and before.stamp == stamp:
                found[path] = before
                continue
            try:
                found[path] = _File(stamp, load(path))
            except ConfigError as error:  # what it had before is still good
                found[path] = _File(stamp, before.flows if before is not None else (), str(error))
        return found, ""


def _stamps(folder: Path) -> dict[Path, Stamp]:
    if folder == Path():  # none is configured
        return {}
    try:
        if problem := writable(folder, folder.stat()):
            raise ConfigError([problem])
        paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("."))[:_MOST]
        return {path: _stamp(path.stat()) for path in paths if path.exists()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError([f"{folder.name}: {error.strerror}"]) from None


def _stamp(info: os.stat_result) -> Stamp:
    return info.st_mtime_ns, info.st_size, info.st_ino, info.st_mode


def _by_name(files: Mapping[Path, _File]) -> tuple[dict[str, Flow], tuple[str, ...]]:
    """Name every flow; of two with one name the first stays, and the other is a problem."""
    flows: dict[str, Flow] = {}
    problems: list[str] = []
    for path, file in files.items():
        for flow in file.flows:
            first = flows.setdefault(flow.name, flow)
            if first is not flow:
                problems.append(f"{path.name}: there is a flow {flow.name!r} already, in {Path(first.file).name}")
    return flows, tuple(problems)
