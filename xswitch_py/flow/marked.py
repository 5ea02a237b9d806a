"""The decorator that makes a function a flow."""

import inspect
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from xswitch_py.flow.call import Call

__all__ = ["Flow", "Function", "flow"]

Function = Callable[[Call], Coroutine[Any, Any, None]]

_NAME: Final = re.compile(r"[A-Za-z_][\w.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Flow:
    """What a call does, written in Python. Called, it is the function: flows can use each other."""

    name: str  # for the action `flow NAME`, and for logs
    function: Function
    number: re.Pattern[str] | None  # whole numbers that are dialled to get there; None: only by the action
    context: str
    deadline: float  # seconds
    at_once: int  # calls

    def __call__(self, call: Call) -> Coroutine[Any, Any, None]:
        """Do it for a call, as a part of another flow."""
        return self.function(call)

    @property
    def file(self) -> str:
        """The file that it is written in."""
        plain = inspect.unwrap(self.function)
        return plain.__code__.co_filename if inspect.isfunction(plain) else ""


def flow(
    number: str | None = None,
    context: str = "default",
    *,
    name: str | None = None,
    deadline: float = 14_400,
    at_once: int = 100,
) -> Callable[[Function], Flow]:
    """Let a function be what calls do that dial a number, or that the dialplan sends there by `flow NAME`.

    `number` is a regular expression for the whole number, as in the dialplan; None: only the dialplan gets there.
    After `deadline` seconds the call ends with ALLOTTED_TIMEOUT; more than `at_once` calls get SWITCH_CONGESTION.

    Raises:
        ValueError: these cannot be used.
    """

    def make(function: Function) -> Flow:
        if not inspect.iscoroutinefunction(function):
            raise ValueError("a flow must be an async function of one call")
        called = name or function.__name__
        if not _NAME.fullmatch(called):
            raise ValueError(f"{called!r} is no name for a flow: it takes letters, digits, '_', '.' and '-'")
        if deadline <= 0 or at_once < 1:
            raise ValueError("deadline and at_once must be more than nothing")
        return Flow(called, function, _pattern(number), context, deadline, at_once)

    return make


def _pattern(number: str | None) -> re.Pattern[str] | None:
    try:
        return None if number is None else re.compile(number)
    except re.error as error:
        raise ValueError(f"number: {number!r} is no regular expression: {error}") from None
