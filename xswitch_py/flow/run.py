"""Run a flow for a call: in a task of its own, so that the call's end does not wait for what the flow does then."""

import asyncio
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, XSwitchError
from xswitch_py.core.scope import cause_of
from xswitch_py.core.script import Rerouted
from xswitch_py.flow.call import Call
from xswitch_py.flow.hands import Hands
from xswitch_py.flow.life import Life
from xswitch_py.flow.marked import Flow
from xswitch_py.flow.watched import Watched

__all__ = ["CLEANUP", "line_of", "run"]

log = structlog.get_logger("xswitch.flow")

CLEANUP: Final = 5.0  # seconds that a flow has once its call is over

Task = asyncio.Task[None]


async def run(flow: Flow, hands: Hands, keep: Callable[[Task], object], cleanup: float = CLEANUP) -> None:
    """Let a flow have a call, in the call's task; `keep` is given the flow's task, which may outlast the call.

    Never returns: it raises that by which the call ends, or goes on.

    Raises:
        CallError: the flow is over (NORMAL_CLEARING, or the cause it gave), failed, or took too long.
        Rerouted: the flow sent the call elsewhere.
    """
    life = Life(hands.over)
    watched = Watched(flow.function(Call(hands, life)), partial(_tell_slow, flow))
    task = asyncio.create_task(watched, name=f"flow {flow.name}")
    task.add_done_callback(partial(_tell_failure, flow))
    keep(task)
    why: BaseException
    try:
        await asyncio.wait((task, life.left), timeout=flow.deadline, return_when=asyncio.FIRST_COMPLETED)
        why = _outcome(flow, task, life)
    except asyncio.CancelledError as error:  # the caller left, or the call does something else from now on
        why = error
    cause = Cause.BLIND_TRANSFER if isinstance(why, Rerouted) else cause_of(why)
    watched.end(cause)
    if not task.done():
        last = asyncio.get_running_loop().call_later(cleanup, _kill, flow, watched, task)
        task.add_done_callback(lambda done: last.cancel())
    try:
        await life.end(cause, task)
    finally:
        hands.close()
    raise why


def line_of(error: BaseException, file: str) -> str:
    """Say where in a file something went wrong: `reception.py:12`, or only the file if that is not known."""
    if isinstance(error, SyntaxError) and error.lineno:
        lines = [error.lineno]
    else:
        lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return f"{Path(file).name}:{lines[-1]}" if lines else Path(file).name


def _outcome(flow: Flow, task: Task, life: Life) -> XSwitchError:
    if life.left.done():
        return life.left.result()
    if not task.done():
        log.warning("flow took too long", flow=flow.name, seconds=flow.deadline)
        return CallError(Cause.ALLOTTED_TIMEOUT)
    failed = not task.cancelled() and task.exception() is not None
    return CallError(Cause.NORMAL_TEMPORARY_FAILURE if failed else Cause.NORMAL_CLEARING)


def _kill(flow: Flow, watched: Watched, task: Task) -> None:
    log.warning("flow does not end with its call, and is stopped", flow=flow.name)
    watched.kill()
    task.cancel()


def _tell_slow(flow: Flow, took: float, began: int, over: int, times: int) -> None:
    name = Path(flow.file).name
    at = f"{name}:{began}-{over}" if over > began else f"{name}:{began}"
    log.warning("flow blocks", flow=flow.name, line=at, ms=round(took * 1000), times=times)


def _tell_failure(flow: Flow, task: Task) -> None:
    if task.cancelled() or (error := task.exception()) is None or _is_end(error):
        return
    log.error("flow failed", flow=flow.name, line=line_of(error, flow.file), error=repr(error), exc_info=error)


def _is_end(error: BaseException) -> bool:
    """Say whether nothing went wrong but that the call ended; task groups wrap that."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_end, error.exceptions))
    return isinstance(error, asyncio.CancelledError)
