"""REST: what happens, as server-sent events (HTML Living Standard, section 9.2)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from xswitch_py.api.operation import AtDesk, Who, problems
from xswitch_py.base.errors import Refused, StoreError
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import pointer
from xswitch_py.core.commands.events import listen
from xswitch_py.core.envelope import Envelope
from xswitch_py.core.feed import Subscription
from xswitch_py.models.events import Listening

__all__ = ["EventStream", "Streams", "asked", "router", "still"]

log = structlog.get_logger("xswitch.api")

router = APIRouter()

RETRY: Final = b"retry: 2000\n\n"  # ms that a page waits before it comes back
BEAT: Final = b":\n\n"
TOGETHER: Final = 100  # events in one piece

_MESSAGE: Final = {  # one of those that the stream is made of
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["id", "event", "data"],
}
_DESCRIPTION: Final = """\
Each event is one message: its `id`, its type as `event`, and all of it as JSON in `data`. Who comes back after a loss
says in `Last-Event-ID` (browsers do so by themselves) or `after` which id they heard last, and first get what they
missed; an `events.gap` says that not all of that is kept. Who is too slow to read also has a gap. A comment comes every
15 seconds. The same path is a WebSocket too, with one JSON text an event.

Needs the scope `events:read`; with `events:read:own` only what concerns one's own calls and phones is told."""


class Streams:
    """The event streams that are open, and when they are looked after. Times are seconds."""

    def __init__(self, *, beat: float = 15.0, check: float = 30.0, slow: float = 30.0) -> None:
        self.beat = beat  # silence after which a comment is sent
        self.check = check  # how often it is asked whether who listens still may
        self.slow = slow  # after which who does not read is dropped
        self._open: set[EventStream] = set()
        self._closed = False
        self._looking: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """End all streams, now and later: the switch stops."""
        self._closed = True
        for stream in tuple(self._open):
            stream.heard.close()

    @contextmanager
    def holding(self, stream: "EventStream") -> Iterator[None]:
        """Look after one while it is open."""
        self._open.add(stream)
        if self._looking is None:
            self._look()
        if self._closed:
            stream.heard.close()
        try:
            yield
        finally:
            self._open.discard(stream)
            stream.heard.close()

    def __len__(self) -> int:
        """Say how many are open."""
        return len(self._open)

    def _look(self) -> None:
        """Look at all of them: one clock for a thousand is cheaper than a timer for each event."""
        loop = asyncio.get_running_loop()
        for stream in tuple(self._open):
            stream.look(loop.time())
        pause = min(1.0, self.beat / 4, self.slow / 4)
        self._looking = loop.call_later(pause, self._look) if self._open else None


class EventStream(Response):
    """A response that goes on until who reads it leaves, is too slow, or may not listen any more."""

    media_type = "text/event-stream"

    def __init__(self, streams: Streams, heard: Subscription, good: Callable[[], Awaitable[bool]]) -> None:
        self.status_code, self.background = 200, None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self.heard = heard
        self._streams, self._good = streams, good
        self._wrote = 0.0  # when something was sent last
        self._sending = False  # and is not taken yet
        self._abort: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell events."""
        self._abort, self._wrote = scope.get("abort"), asyncio.get_running_loop().time()
        with self._streams.holding(self):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with asyncio.TaskGroup() as group:
                gone = group.create_task(self._gone(receive), name="event stream's end")
                await self._tell(send)
                gone.cancel()

    def look(self, now: float) -> None:
        """Send a comment into a long silence; drop who does not read."""
        if not self._sending and now - self._wrote >= self._streams.beat:
            self.heard.wake()
        elif self._sending and now - self._wrote >= self._streams.slow and self.heard.open:
            log.warning("too slow")
            self.heard.close()
            if self._abort is not None:  # what is not sent yet never will be
                self._abort()

    async def _gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.heard.close()

    async def _tell(self, send: Send) -> None:
        """Write all there is until the end."""
        clock, heard = asyncio.get_running_loop().time, self.heard
        checked = clock()
        await self._write(send, RETRY)
        while (found := await heard.batch()) or heard.open:
            if clock() - checked >= self._streams.check:
                if not await self._good():
                    break
                checked = clock()
            for piece in _pieces(found):
                await self._write(send, piece)
        await self._write(send, b"", more=False)

    async def _write(self, send: Send, piece: bytes, *, more: bool = True) -> None:
        self._wrote, self._sending = asyncio.get_running_loop().time(), True
        await send({"type": "http.response.body", "body": piece, "more_body": more})
        self._sending = False


async def still(ask: Callable[[], Awaitable[Asker]], before: Asker) -> bool:
    """Say whether somebody may still listen, and to no less and no more than before."""
    try:
        who = await ask()
        return (who.name, who.only(_READ)) == (before.name, before.only(_READ))
    except Refused as refused:
        return refused.code not in _OVER
    except StoreError:
        return True  # nobody knows better at the moment


@router.get(
    "/events",
    operation_id="events.stream",
    summary="Hear what happens",
    description=_DESCRIPTION,
    tags=["events"],
    response_class=EventStream,
    status_code=200,  # FastAPI does not find it in the class
    responses={
        **problems(
            Code.NOT_AUTHENTICATED, Code.FORBIDDEN, Code.NOT_ACCEPTABLE, Code.INVALID, Code.TOO_MANY, Code.UNAVAILABLE
        ),
        200: {
            "description": "Events, until one side leaves",
            "content": {EventStream.media_type: {"schema": _MESSAGE}},
        },
    },
)
async def events(
    request: Request,
    desk: AtDesk,
    who: Who,
    types: Annotated[str, Query(max_length=2000, description="Types with commas between; `call.*` is a kind.")] = "",
    call: Annotated[str | None, Query(max_length=80, pattern="^call_.+$", description="Only of this call.")] = None,
    after: Annotated[str, Query(max_length=100, description="The id of the event that was heard last.")] = "",
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
    accept: Annotated[str, Header(max_length=1000, include_in_schema=False)] = "*/*",
) -> Response:
    if not _takes_events(accept):
        raise Refused(Code.NOT_ACCEPTABLE, "events come as text/event-stream")
    heard = listen(desk.feed, who, asked(types, call, last_event_id or after))
    again = request.app.state.gatekeeper.asker
    return EventStream(request.app.state.streams, heard, lambda: still(lambda: again(request), who))


def asked(types: str, call: str | None, after: str) -> Listening:
    """Read what a query asks for.

    Raises:
        Refused: it makes no sense.
    """
    names = [each.strip() for each in types.split(",") if each.strip()]
    try:
        return Listening(types=names, call=call, after=after)
    except ValidationError as error:
        errors = [{"pointer": f"/query{pointer(each['loc'])}", "detail": each["msg"]} for each in error.errors()]
        raise Refused(Code.INVALID, errors=errors[:TOGETHER]) from None


def frame(envelope: Envelope) -> str:
    """Write an event as a message."""
    return f"id: {envelope.id}\nevent: {envelope.type}\ndata: {envelope.text()}\n\n"


_READ: Final = "events:read"
_OVER: Final = frozenset({Code.NOT_AUTHENTICATED, Code.FORBIDDEN})  # and not, say, too many requests


def _takes_events(accept: str) -> bool:
    kinds = {each.partition(";")[0].strip().lower() for each in accept.split(",")}
    return not kinds.isdisjoint({"text/event-stream", "text/*", "*/*", ""})


def _pieces(found: Sequence[Envelope]) -> Iterator[bytes]:
    """Write events in pieces that a slow reader's buffer is not filled with at once."""
    if not found:
        yield BEAT
        return
    for start in range(0, len(found), TOGETHER):
        yield "".join(map(frame, found[start : start + TOGETHER])).encode()
