"""What a program sees of a switch: the events that it tells, read as any client of server-sent events would."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import httpx

__all__ = ["Event", "Events", "hearing", "program", "story"]

Event = dict[str, Any]

_WAIT_S: Final = 20.0
_LEGS: Final = ("leg", "other")
_LEFT_OUT: Final = ("duration", "billsec", "ms")


class Events:
    """The events that came so far, the oldest first."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self._more = asyncio.Condition()

    async def until(self, kind: str, count: int = 1, within: float = _WAIT_S) -> Event:
        """Wait for an event of a type, or for so many; gives the last of them."""

        def found() -> list[Event]:
            return [event for event in self.all if event["type"] == kind]

        try:
            async with asyncio.timeout(within), self._more:
                await self._more.wait_for(lambda: len(found()) >= count)
        except TimeoutError:
            raise AssertionError(f"no {count} of {kind}, only {[event['type'] for event in self.all]}") from None
        return found()[count - 1]

    async def read(self, answer: httpx.Response) -> None:
        """Read a stream to its end."""
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                async with self._more:
                    self.all.append(json.loads(line.removeprefix("data: ")))
                    self._more.notify_all()


def program(url: str, key: str) -> httpx.AsyncClient:
    """Make a client of the switch's HTTP with an API key."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False)


@contextlib.asynccontextmanager
async def hearing(api: httpx.AsyncClient, *types: str) -> AsyncIterator[Events]:
    """Hear events of these types while the block runs."""
    events, params = Events(), {"types": ",".join(types)} if types else {}
    async with api.stream("GET", "/api/v1/events", params=params, timeout=None) as answer:
        assert answer.status_code == 200, await answer.aread()
        task = asyncio.create_task(events.read(answer))
        try:
            yield events
        finally:
            task.cancel()
            await asyncio.wait((task,))


def story(events: Iterable[Event]) -> list[tuple[str, Event]]:
    """Give types and data without what differs from call to call: legs by their first mention, no times."""
    legs: dict[str, str] = {"": ""}
    told = []
    for event in events:
        data = {name: value for name, value in event["data"].items() if name not in _LEFT_OUT}
        for name in _LEGS:
            if name in data:
                data[name] = legs.setdefault(data[name], f"leg {len(legs)}")
        told.append((event["type"], data))
    return told
