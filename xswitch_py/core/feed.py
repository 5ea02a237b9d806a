"""Events for programs: numbered, kept for those who come back, and handed to each who may see them."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Collection
from itertools import islice
from typing import Final
from uuid import uuid4

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.core.bus import Bus
from xswitch_py.core.envelope import GAP, TYPES, Envelope, told

__all__ = ["Feed", "Subscription", "unknown", "wanted"]

KEPT: Final = 10_000  # events
WAITING: Final = 1000  # events for one subscriber; who is further behind has a gap
OVER: Final = 1000  # calls that are over whose users are still known, for what is told late


class Subscription:
    """What one program hears: iterate over it, or take it in batches."""

    def __init__(
        self, feed: "Feed", types: Collection[str], user: Address | None, call: str | None, most: int = WAITING
    ) -> None:
        self._feed = feed
        self._types = frozenset(types)
        self.user = str(user) if user is not None else None  # whose things are heard
        self._call = call
        self._most = most
        self._queue: deque[Envelope] = deque()
        self._ready = asyncio.Event()
        self._open = True

    def take(self, envelope: Envelope) -> None:
        """Take an event if it is wanted, and may be seen."""
        if not self.sees(envelope):
            return
        if len(self._queue) >= self._most:
            self._queue.clear()
            self._queue.append(self._feed.gap("too slow", envelope.seq))
        self._queue.append(envelope)
        self._ready.set()

    def replay(self, envelope: Envelope) -> None:
        """Take an event that was missed, however many there are: they do not count as waiting."""
        if self.sees(envelope):
            self._most += 1
            self._queue.append(envelope)

    def miss(self, gap: Envelope) -> None:
        """Take that something is missing."""
        self._queue.append(gap)

    def sees(self, envelope: Envelope) -> bool:
        """Say whether an event is for this one."""
        if self.user is not None and self.user not in envelope.users:
            return False
        if self._call is not None and self._call != envelope.call_id:
            return False
        return not self._types or wanted(envelope.type, self._types)

    def close(self) -> None:
        """End the iteration once what waits has been handed out."""
        self._open = False
        self._feed.leave(self)
        self._ready.set()

    @property
    def open(self) -> bool:
        """Whether more may come."""
        return self._open

    def wake(self) -> None:
        """Let a `batch` that waits end without anything."""
        self._ready.set()

    async def batch(self) -> list[Envelope]:
        """Wait for what comes, and take all that waits; nothing after `wake`, and once this is closed."""
        if not self._queue and self._open:
            self._ready.clear()
            await self._ready.wait()
        taken = list(self._queue)
        self._queue.clear()
        return taken

    async def __aiter__(self) -> AsyncIterator[Envelope]:
        try:
            while True:
                while self._queue:
                    yield self._queue.popleft()
                if not self._open:
                    return
                self._ready.clear()
                await self._ready.wait()
        finally:
            self._feed.leave(self)


class Feed:
    """All events of this run of the switch, the latest of them kept. No two runs may have the same `node`."""

    def __init__(self, node: str = "") -> None:
        self.node = node or uuid4().hex[:8]
        self._kept: deque[Envelope] = deque(maxlen=KEPT)
        self._subscribers: dict[str | None, dict[Subscription, None]] = {}  # by whose things they hear; None: all
        self._seq = 0
        self._users: dict[str, frozenset[str]] = {}  # whose a call is
        self._over: deque[str] = deque()  # calls that ended, of those
        self._closed = False

    async def run(self, bus: Bus) -> None:
        """Hand on what happens, until the bus closes."""
        await bus.serve(self.publish)
        self._closed = True
        for group in tuple(self._subscribers.values()):
            for subscriber in tuple(group):
                subscriber.close()

    def publish(self, event: events.Event) -> None:
        """Tell those who may know."""
        call = getattr(event, "call", None)
        users = self._whose(event, call)
        if (row := told(event)) is None:
            return
        self._seq += 1
        at = event.ended if isinstance(event, events.CallEnded) else _at(event)
        envelope = Envelope(self._seq, self.node, row[0], at, row[1], None if call is None else f"call_{call}", users)
        self._kept.append(envelope)
        for whose in (None, *users):
            for subscriber in tuple(self._subscribers.get(whose, ())):
                subscriber.take(envelope)

    def subscribe(
        self,
        types: Collection[str] = (),
        *,
        user: Address | None = None,
        call: str | None = None,
        after: str = "",
        most: int = WAITING,
    ) -> Subscription:
        """Begin to hear what happens; `after` is the id of the event heard last, to hear what was missed.

        `types` are as of `wanted`; with `user` only what is theirs, with `call` (`call_...`) only what is of that call.
        Where something is missing, an `events.gap` comes first; so too where more than `most` events wait.
        """
        subscription = Subscription(self, types, user, call, most)
        if after:
            self._replay(subscription, after)
        if self._closed:
            subscription.close()
        else:
            self._subscribers.setdefault(subscription.user, {})[subscription] = None
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Hand it nothing any more."""
        group = self._subscribers.get(subscription.user, {})
        group.pop(subscription, None)
        if not group:
            self._subscribers.pop(subscription.user, None)

    def gap(self, why: str, before: int) -> Envelope:
        """Make what says that events are missing before the one of this number."""
        oldest = self._kept[0].id if self._kept else None
        return Envelope(before - 1, self.node, GAP, time.time(), {"why": why, "oldest": oldest})

    def __len__(self) -> int:
        """Say how many listen."""
        return sum(map(len, self._subscribers.values()))

    def _replay(self, subscription: Subscription, after: str) -> None:
        heard = self._number(after)
        first = self._kept[0].seq if self._kept else self._seq + 1
        if heard is None:
            subscription.miss(self.gap("not kept any more", self._seq + 1))
            return
        if heard + 1 < first:
            subscription.miss(self.gap("not kept any more", first))
        missed = min(self._seq - heard, len(self._kept))
        for envelope in islice(self._kept, len(self._kept) - missed, None):
            subscription.replay(envelope)

    def _number(self, id: str) -> int | None:
        """Give the number of an event of this run; None if it is none."""
        node, _, number = id.removeprefix("evt_").removesuffix(".gap").rpartition("_")
        if node != self.node or not (number.isascii() and number.isdigit() and len(number) <= 20):
            return None
        return int(number) if int(number) <= self._seq else None

    def _whose(self, event: events.Event, call: str | None) -> frozenset[str]:
        if isinstance(event, events.ContactAdded | events.ContactRemoved):
            return frozenset({str(event.user)})
        if call is None:
            return frozenset()
        users = self._users.get(call, frozenset())
        match event:
            case events.CallStarted(user=user) | events.LegJoined(user=user) if user is not None:
                users = self._users[call] = users | {str(user)}
            case events.CallEnded():
                self._forget(call)
        return users

    def _forget(self, call: str) -> None:
        """Forget whose a call was, some calls later: what is told after its end is still theirs."""
        self._over.append(call)
        if len(self._over) > OVER:
            self._users.pop(self._over.popleft(), None)


def wanted(kind: str, types: Collection[str]) -> bool:
    """Say whether a type is among those: by its name, or by `call.*`."""
    return kind in types or f"{kind.partition('.')[0]}.*" in types or kind == GAP


def unknown(types: Collection[str]) -> list[str]:
    """List those that no event will ever match."""
    return [each for each in types if each not in TYPES and each not in _FAMILIES]


_FAMILIES: Final = frozenset(f"{each.partition('.')[0]}.*" for each in TYPES)


def _at(event: events.Event) -> float:
    at: float = getattr(event, "at", 0.0) or time.time()
    return at
