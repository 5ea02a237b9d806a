"""A method: its name, its shapes, the scope that it needs, and what it does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import TypeAdapter

from xswitch_py.base.cause import CAUSES, Cause
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import PROBLEMS, Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import Command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.models.shape import Model
from xswitch_py.models.xcc import Subscribe

__all__ = ["Asking", "Listener", "Method", "of", "of_xcc"]

DEADLINE: Final = 3600.0  # seconds that a request may take

# What becomes of an XCC command is told as its clients look for it: as a result with a code.
_OUTCOMES: Final = frozenset({Code.NOT_FOUND, Code.CONFLICT, Code.CALL_FAILED})
_GONE: Final = 410
_ERROR: Final = 400  # codes from here on are those of failures


class Listener(Protocol):
    """A peer that can be told what happens."""

    def subscribe(self, who: Asker, wish: Subscribe) -> list[str]:
        """Tell it from now on; give the types; raises Refused."""

    def unsubscribe(self) -> bool:
        """Tell it nothing more; false if it was told nothing."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, of what, and whether they can be told what happens."""

    desk: Desk
    who: Asker
    listener: Listener | None


Run = Callable[[Asking, Mapping[str, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method. Without a scope it needs none; with `own` the scope for what is one's own will do."""

    name: str
    summary: str
    description: str
    scope: str
    own: bool
    params: Callable[[], type[Model]]  # the shapes are made when they are wanted
    result: Callable[[], TypeAdapter[Any]]
    run: Run

    async def __call__(self, asking: Asking, params: Mapping[str, Any]) -> Any:
        """Do it, within an hour.

        Raises:
            Refused: it may not, or cannot, be done.
        """
        deadline = asyncio.timeout(DEADLINE)
        try:
            async with deadline:
                return await self.run(asking, params)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise Refused(Code.UNAVAILABLE, "it takes too long") from None


def of(command: Command[..., Any]) -> Method:
    """Make a command a method."""

    async def run(asking: Asking, params: Mapping[str, Any]) -> Any:
        if not _may(command, asking.who):
            await command(asking.desk, asking.who)  # is refused before anything is looked at, and written down
        return await command.ask(asking.desk, asking.who, params)

    return _made(command, run)


def of_xcc(command: Command[..., Any]) -> Method:
    """Make a command of XCC's a method: members that we do not know are passed over, failures have codes."""
    plain = of(command).run

    async def run(asking: Asking, params: Mapping[str, Any]) -> Any:
        known = {info.alias or name for name, info in command.params.model_fields.items()}
        try:
            return await plain(asking, {name: value for name, value in params.items() if name in known})
        except Refused as refused:
            if refused.code not in _OUTCOMES:
                raise
            return _failed(asking.desk, refused, params.get("uuid"))

    return _made(command, run)


def _made(command: Command[..., Any], run: Run) -> Method:
    description = command.description.strip()
    shapes = (lambda: command.params), (lambda: command.result)
    return Method(command.name, command.summary, description, command.scope, command.own, *shapes, run)


def _may(command: Command[..., Any], who: Asker) -> bool:
    return who.may(command.scope) or (command.own and who.may_own(command.scope))


def _failed(desk: Desk, refused: Refused, uuid: object) -> dict[str, Any]:
    code, cause = PROBLEMS[refused.code].status, refused.facts.get("cause")
    if cause in CAUSES:
        code = CAUSES[Cause(cause)].http
    told = {"cause": cause} if cause is not None else {}
    return {
        "code": code if code >= _ERROR else _GONE,
        "message": refused.detail or PROBLEMS[refused.code].title,
        "node_uuid": desk.feed.node,
        "uuid": uuid if isinstance(uuid, str) else "",
        "reason": refused.code.value,
        **told,
    }
