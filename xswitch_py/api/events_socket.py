"""What happens, on a WebSocket: one JSON text an event. Its path is that of the server-sent events."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import parse_qs

import structlog
from pydantic import ValidationError

from xswitch_py.api.events import asked, still
from xswitch_py.base.errors import Refused, StoreError
from xswitch_py.base.problem import PROBLEMS, Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.events import listen
from xswitch_py.core.feed import Feed
from xswitch_py.models.events import Listening

__all__ = ["PATH", "EventSocket", "Identifier"]

log = structlog.get_logger("xswitch.api")

PATH: Final = "/api/v1/events"
GOING_AWAY: Final = 1001
TRY_LATER: Final = 1013
PAUSE: Final = 0.2  # seconds between two wishes: each may be for ten thousand events
LOOK: Final = 0.05  # seconds between two looks at a slow peer
PRIVATE: Final = 4000  # and the status of a problem: the close codes that applications choose (RFC 6455 section 7.4.2)


class Identifier(Protocol):
    """Who says who asks."""

    async def identify(self, headers: Mapping[str, str], host: str, *, secure: bool, safe: bool) -> Asker:
        """Find out who sent headers from an address; raises Refused."""


class Socket(Protocol):
    """A WebSocket peer, as far as this door looks at it."""

    @property
    def query(self) -> str: ...
    @property
    def remote(self) -> tuple[str, int]: ...
    @property
    def secure(self) -> bool: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def slow(self) -> bool: ...
    async def receive(self) -> str | bytes | None: ...
    def send(self, message: str | bytes, *, urgent: bool = True) -> None: ...
    def close(self, code: int = 1000, reason: str = "") -> None: ...


class EventSocket:
    """The door. What a peer wants to hear is in the query; each text that it sends (`Listening`) is a new wish."""

    subprotocol: str | None = None

    def __init__(self, feed: Feed, gatekeeper: Identifier, *, check: float = 30.0, slow: float = 30.0) -> None:
        """`check` and `slow` are seconds, as in `Streams`."""
        self._feed, self._gatekeeper = feed, gatekeeper
        self.check, self.slow = check, slow

    async def serve(self, socket: Socket) -> None:
        """Tell one peer what happens until it leaves, or may not listen any more."""
        try:
            who = await self.identify(socket)
            query = {name: each[-1] for name, each in parse_qs(socket.query, max_num_fields=20).items()}
            wish = asked(query.get("types", ""), query.get("call"), query.get("after", ""))
            await _Visit(self, self._feed, socket, who, wish).serve()
        except Refused as refused:
            socket.close(*closing(refused.code))
        except ValueError:  # too many fields
            socket.close(*closing(Code.MALFORMED))
        except StoreError as error:
            log.error("the database cannot do it", error=str(error))
            socket.close(*closing(Code.UNAVAILABLE))

    async def identify(self, socket: Socket) -> Asker:
        """Find out who a peer is."""
        return await self._gatekeeper.identify(socket.headers, socket.remote[0], secure=socket.secure, safe=True)


class _Visit:
    """One peer that may listen."""

    def __init__(self, door: EventSocket, feed: Feed, socket: Socket, who: Asker, wish: Listening) -> None:
        self._door, self._feed, self._socket, self._who = door, feed, socket, who
        self._heard = listen(feed, who, wish)

    async def serve(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                telling = group.create_task(self._tell(), name="event socket")
                await self._hear()
                telling.cancel()
        finally:
            self._heard.close()

    async def _hear(self) -> None:
        """Take wishes until the peer has left, or was sent away."""
        while (message := await self._socket.receive()) is not None:
            try:
                heard = listen(self._feed, self._who, Listening.model_validate_json(message))
            except ValidationError:
                self._socket.close(*closing(Code.INVALID))
            except Refused as refused:
                self._socket.close(*closing(refused.code))
            else:
                before, self._heard = self._heard, heard
                before.close()
                await asyncio.sleep(PAUSE)

    async def _tell(self) -> None:
        """Tell events until the peer is closed."""
        socket, clock = self._socket, asyncio.get_running_loop().time
        checked = clock()
        while True:
            heard = self._heard
            alarm = asyncio.get_running_loop().call_at(checked + self._door.check, heard.wake)
            found = await heard.batch()
            alarm.cancel()
            if clock() - checked >= self._door.check:
                if not await still(lambda: self._door.identify(socket), self._who):
                    socket.close(*closing(Code.NOT_AUTHENTICATED))
                    return
                checked = clock()
            if heard is not self._heard:
                continue  # the rest of it is not wanted any more
            if not found and not heard.open:
                socket.close(GOING_AWAY)
                return
            for envelope in found:
                if socket.slow and not await self._caught_up():
                    socket.close(TRY_LATER, "too slow")
                    return
                socket.send(envelope.text(), urgent=False)

    async def _caught_up(self) -> bool:
        """Wait for a slow peer; what happens meanwhile waits in the feed, which is bounded."""
        for _ in range(round(self._door.slow / LOOK)):
            if not self._socket.slow:
                return True
            await asyncio.sleep(LOOK)
        return False


def closing(code: Code) -> tuple[int, str]:
    """Say with which close code and reason a refusal leaves."""
    return PRIVATE + PROBLEMS[code].status, code.value
