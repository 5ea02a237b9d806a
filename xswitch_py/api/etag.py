"""`ETag` and `If-Match`: a change is made only of what its sender has seen (RFC 9110 section 13.1.1)."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code

__all__ = ["Match", "Seen", "tagged"]

R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)


def tag(shown: BaseModel) -> str:
    """Make the entity tag of what is shown."""
    return f'"{hashlib.blake2s(shown.model_dump_json().encode(), digest_size=12).hexdigest()}"'


def tagged(response: Response, shown: M) -> M:
    """Send something with its entity tag."""
    response.headers["ETag"] = tag(shown)
    return shown


class Seen:
    """What the sender of a change has seen."""

    def __init__(self, lock: asyncio.Lock, if_match: str | None) -> None:
        self._lock = lock
        self._tags = None if if_match is None else {each.strip() for each in if_match.split(",")}

    async def __call__(self, current: Callable[[], Awaitable[BaseModel]], change: Callable[[], Awaitable[R]]) -> R:
        """Change something if it is still what was seen; nothing else is changed meanwhile.

        Raises:
            Refused: it is not (PRECONDITION, with its `state` now).
        """
        async with self._lock:
            if self._tags is not None and "*" not in self._tags:
                now = await current()
                if tag(now) not in self._tags:
                    raise Refused(Code.PRECONDITION, state=now.model_dump(mode="json"))
            return await change()


async def _seen(request: Request, if_match: Annotated[str | None, Header(max_length=1000)] = None) -> Seen:
    return Seen(request.app.state.editing, if_match)


Match = Annotated[Seen, Depends(_seen)]
