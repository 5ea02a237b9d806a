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
        self._listeners: set[Callable[[Event | None], None]] = set()
        self._closed = False
        self.lost = 0  # events a slow listener never got

    def publish(self, event: Event) -> None:
        """Tell everybody. Never waits and never fails."""
        for listener in tuple(self._listeners):
            listener(event)

    def close(self) -> None:
        """Let every `listen`, also a later one, end once it has handed out what it holds."""
        self._closed = True
        for listener in tuple(self._listeners):
            listener(None)

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

    def _subscribe(
        self, size: int, only: tuple[type[Event], ...] = ()
    ) -> tuple["_Queue", Callable[[Event | None], None]]:
        queue: _Queue = asyncio.Queue()

        def take(event: Event | None) -> None:
            if only and event is not None and type(event) not in only:
                return
            if event is not None and queue.qsize() >= size:
                self._lose(event)
            else:
                queue.put_nowait(event)

        self._listeners.add(take)
        if self._closed:
            take(None)
        return queue, take

    def _lose(self, event: Event) -> None:
        if self.lost % 1000 == 0:  # a storm shall not become another one in the log
            log.error("events lost, a listener is too slow", lost=self.lost + 1, event_type=type(event).__name__)
        self.lost += 1

    async def _drain(self, queue: "_Queue", take: Callable[[Event | None], None]) -> AsyncGenerator[Event]:
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._listeners.discard(take)

    async def _gather(
        self, queue: "_Queue", take: Callable[[Event | None], None], pause: float
    ) -> AsyncGenerator[list[Event]]:
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
            self._listeners.discard(take)


_Queue = asyncio.Queue[Event | None]
