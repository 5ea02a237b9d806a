"""The bus: what happened leaves at the side, and nobody who acts waits for who listens."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import structlog

from xswitch_py.base.events import Event

__all__ = ["Bus"]

log = structlog.get_logger("xswitch.core")


class Bus:
    """Hands every event to every listener."""

    def __init__(self) -> None:
        self._listeners: dict[_Take, tuple[type[Event], ...]] = {}  # with the types that each wants; (): all
        self._by_type: dict[type[Event], tuple[_Take, ...]] = {}  # the same, for types that were published
        self._closed = False
        self.lost = 0  # events a slow listener never got

    def publish(self, event: Event) -> None:
        """Tell everybody. Never waits and never fails."""
        kind = type(event)
        listeners = self._by_type.get(kind)
        if listeners is None:
            wanted = (take for take, only in self._listeners.items() if not only or kind in only)
            listeners = self._by_type[kind] = tuple(wanted)
        for listener in listeners:
            listener(event)

    def close(self) -> None:
        """Let every `listen`, also a later one, end once it has handed out what it holds."""
        self._closed = True
        for listener in tuple(self._listeners):
            listener(None)

    async def serve(self, take: Callable[[Event], None]) -> None:
        """Hand every event to a function as it is published, until `close`: for what is quick, and for all events.

        No task is woken for it, and nothing can be lost; what the function raises is logged.
        """
        closed = asyncio.Event()

        def hear(event: Event | None) -> None:
            if event is None:
                closed.set()
                return
            try:
                take(event)
            except Exception:
                log.exception("an event was not taken", event_type=type(event).__name__)

        self._join(hear)
        try:
            await closed.wait()
        finally:
            self._leave(hear)

    def listen(self, size: int = 10_000) -> AsyncGenerator[Event]:
        """Yield events from this moment on, until `close`; who is `size` events behind loses more."""
        queue, take = self._subscribe(size)
        return self._drain(queue, take)

    def batches(
        self, pause: float, size: int = 10_000, *, only: tuple[type[Event], ...] = ()
    ) -> AsyncGenerator[list[Event]]:
        """Yield the same in lists: what comes within `pause` seconds of the first is together. `only` these, if any."""
        queue, take = self._subscribe(size, only)
        return self._gather(queue, take, pause)

    def _subscribe(self, size: int, only: tuple[type[Event], ...] = ()) -> tuple["_Queue", "_Take"]:
        queue: _Queue = asyncio.Queue()

        def take(event: Event | None) -> None:
            if event is not None and queue.qsize() >= size:
                self._lose(event)
            else:
                queue.put_nowait(event)

        self._join(take, only)
        return queue, take

    def _join(self, take: "_Take", only: tuple[type[Event], ...] = ()) -> None:
        self._listeners[take] = only
        self._by_type.clear()
        if self._closed:
            take(None)

    def _leave(self, take: "_Take") -> None:
        self._listeners.pop(take, None)
        self._by_type.clear()

    def _lose(self, event: Event) -> None:
        if self.lost % 1000 == 0:  # a storm shall not become another one in the log
            log.error("events lost, a listener is too slow", lost=self.lost + 1, event_type=type(event).__name__)
        self.lost += 1

    async def _drain(self, queue: "_Queue", take: "_Take") -> AsyncGenerator[Event]:
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._leave(take)

    async def _gather(self, queue: "_Queue", take: "_Take", pause: float) -> AsyncGenerator[list[Event]]:
        try:
            event = await queue.get()
            while event is not None:
                if not self._closed:
                    await asyncio.sleep(pause)
                batch: list[Event] = []
                while event is not None:
                    batch.append(event)
                    if queue.empty():
                        break
                    event = queue.get_nowait()
                yield batch
                if event is not None:
                    event = await queue.get()
        finally:
            self._leave(take)


_Queue = asyncio.Queue[Event | None]
_Take = Callable[[Event | None], None]
