"""`Idempotency-Key`: a request that is sent again, since its answer was lost, is not carried out twice."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from xswitch_py.api.operation import Who
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code

__all__ = ["Idempotency", "Once", "Remembered"]

R = TypeVar("R")

KEPT: Final = 10_000
LONGEST: Final = 86_400.0  # seconds


class Remembered:
    """The answers to the requests of late that had a key."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[str, float, asyncio.Future[Any]]] = OrderedDict()

    async def once(self, who: str, key: str, what: str, do: Callable[[], Awaitable[R]]) -> R:
        """Do it, or give the answer there was; who comes meanwhile waits for the same answer.

        Raises:
            Refused: the key was used for something else (IDEMPOTENCY), or whatever `do` raises, which is not kept.
        """
        now, place = time.monotonic(), (who, key)
        known = self._known.get(place)
        if known is not None and now - known[1] < LONGEST:
            if known[0] != what:
                raise Refused(Code.IDEMPOTENCY)
            answer: R = await asyncio.shield(known[2])
            return answer
        task = asyncio.ensure_future(do())
        self._known[place] = (what, now, task)
        self._known.move_to_end(place)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        try:
            return await asyncio.shield(task)
        except Exception:
            self._known.pop(place, None)
            raise


class Once:
    """Does what a request asks for, once for its key."""

    def __init__(self, remembered: Remembered, who: str, key: str | None) -> None:
        self._remembered, self._who, self._key = remembered, who, key

    async def __call__(self, wish: BaseModel, do: Callable[[], Awaitable[R]]) -> R:
        """See `Remembered.once`."""
        if self._key is None:
            return await do()
        return await self._remembered.once(self._who, self._key, wish.model_dump_json(), do)


async def _once(
    request: Request,
    who: Who,
    key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)] = None,
) -> Once:
    return Once(request.app.state.remembered, f"{request.scope['path']} {who.name}", key)


Idempotency = Annotated[Once, Depends(_once)]
