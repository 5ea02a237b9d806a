"""The scripts' side of one socket: requests as tasks, replies as they are done, notifications of what happens."""

import asyncio
from typing import Any, Final, Protocol

import structlog

from xswitch_py.base.errors import Refused, StoreError
from xswitch_py.base.permissions import NOTHING
from xswitch_py.base.problem import Code
from xswitch_py.base.user import User
from xswitch_py.core.access import Asker
from xswitch_py.jsonrpc import BATCH
from xswitch_py.models.xcc import Subscribe
from xswitch_py.rpc.answer import IN_FLIGHT, Rpc, refused
from xswitch_py.rpc.hearing import Hearing

__all__ = ["Line", "Programs", "Visit"]

log = structlog.get_logger("xswitch.rpc")

CHECK: Final = 30.0  # seconds between looking whether who listens still may
_READ: Final = "events:read"
_LABEL: Final = "sessid"  # clients of Verto put it into every request; it says nothing


class Line(Protocol):
    """What is needed of a socket, and of who is on it."""

    user: User | None

    @property
    def host(self) -> str:
        """Where the peer is."""

    def say(self, message: Any, *, urgent: bool = True) -> None:
        """Send a message; never waits."""


class Programs:
    """What a door gives its sockets to."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def visit(self, line: Line) -> "Visit":
        """Begin with a socket."""
        return Visit(self._rpc, line)


class Visit:
    """One socket."""

    def __init__(self, rpc: Rpc, line: Line) -> None:
        self._rpc, self._line = rpc, line
        self._tasks = set[asyncio.Task[None]]()
        self._hearing: Hearing | None = None  # what is told, or will be once the reply has left
        self._telling: asyncio.Task[None] | None = None

    def take(self, message: Any) -> bool:
        """Take a message if it is ours: a request that the user's role may make, or a batch of nothing else.

        All others are the door's to answer, or to refuse.
        """
        members = message if isinstance(message, list) else [message]
        if not 0 < len(members) <= BATCH or not all(map(self._is_ours, members)):
            return False
        if len(self._tasks) >= IN_FLIGHT:
            too_many = refused(message, Refused(Code.TOO_MANY, "too many requests are under way", retry_after=1))
            if too_many is not None:
                self._line.say(too_many)
            return True
        plain = [_unlabelled(member) for member in members]
        self._start(self._serve(plain if isinstance(message, list) else plain[0]), "a script's request")
        return True

    def close(self) -> None:
        """Let go of all that is under way: the socket is gone, or somebody else is on it."""
        for task in tuple(self._tasks):
            task.cancel()
        self.unsubscribe()

    # What a method can do with its peer.

    def subscribe(self, who: Asker, wish: Subscribe) -> list[str]:
        """See `Listener`."""
        hearing = Hearing(self._rpc.desk, who, wish)
        self.unsubscribe()
        self._hearing = hearing
        return hearing.types

    def unsubscribe(self) -> bool:
        """See `Listener`."""
        hearing, self._hearing = self._hearing, None
        telling, self._telling = self._telling, None
        if telling is not None:
            telling.cancel()
        if hearing is not None:
            hearing.close()
        return hearing is not None

    # Inside.

    def _is_ours(self, member: Any) -> bool:
        user, name = self._line.user, member.get("method") if isinstance(member, dict) else None
        if user is None or not isinstance(name, str) or not self._rpc.knows(name):
            return False
        return self._rpc.desk.roles.get(user.role, NOTHING).allows("methods", name)

    async def _serve(self, message: Any) -> None:
        try:
            reply = await self._rpc.answer(message, await self._asker(), self)
        except Refused as why:
            reply = refused(message, why)
        if reply is not None:
            self._line.say(reply)
        if self._hearing is not None and self._telling is None:
            self._telling = self._start(self._tell(self._hearing), "telling a script what happens", counts=False)

    async def _asker(self) -> Asker:
        """Say who asks, with what they may now; raises Refused."""
        user = self._line.user
        try:
            known = None if user is None else await self._rpc.desk.switch.services.directory.find_recent(user.name)
        except StoreError as error:
            log.error("the database cannot do it", error=str(error))
            raise Refused(Code.UNAVAILABLE) from error
        if known is None or user is not self._line.user:
            raise Refused(Code.NOT_AUTHENTICATED)
        return self._rpc.desk.asker(known.name, known.role, user=known.address, host=self._line.host)

    async def _tell(self, hearing: Hearing) -> None:
        """Tell what happens while it is wanted, and may be heard."""
        telling = asyncio.ensure_future(hearing.tell(self._notify))
        try:
            while not telling.done():
                await asyncio.wait((telling,), timeout=CHECK)
                if not telling.done() and not await self._still(hearing):
                    self._notify("events.ended", {})
                    self._hearing = self._telling = None
                    return
            telling.result()
        finally:
            telling.cancel()
            hearing.close()

    async def _still(self, hearing: Hearing) -> bool:
        try:
            return (await self._asker()).only(_READ) == hearing.user
        except Refused as why:
            return why.code is Code.UNAVAILABLE  # nobody knows better at the moment

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        self._line.say({"jsonrpc": "2.0", "method": method, "params": params}, urgent=False)

    def _start(self, work: Any, name: str, *, counts: bool = True) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        if counts:
            self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a script's request failed", work=task.get_name(), exc_info=error)


def _unlabelled(request: dict[str, Any]) -> dict[str, Any]:
    params = request.get("params")
    if not isinstance(params, dict) or _LABEL not in params:
        return request
    return {**request, "params": {name: value for name, value in params.items() if name != _LABEL}}
