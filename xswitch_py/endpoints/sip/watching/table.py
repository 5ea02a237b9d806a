"""The table of subscriptions: found by dialog, by flow and by who is watched, counted by who watches."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from xswitch_py.base.address import Address
from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.watching.packages import Package
from xswitch_py.pysip.dialog import DialogId
from xswitch_py.pysip.notifier import Notifier
from xswitch_py.pysip.usage import Clock

__all__ = ["Entry", "Table"]

K = TypeVar("K")


@dataclass(slots=True, eq=False)
class Entry:
    """One subscription."""

    watcher: Address
    watched: Address
    package: Package
    flow: Flow
    machine: Notifier
    timers: dict[Clock, asyncio.TimerHandle] = field(default_factory=dict)

    @property
    def id(self) -> DialogId:
        """What finds it."""
        return self.machine.dialog.id


class Table:
    """All subscriptions, in the order in which they came."""

    def __init__(self) -> None:
        self._entries: dict[DialogId, Entry] = {}
        self._on: dict[Flow, dict[Entry, None]] = {}
        self._of: dict[Address, dict[Entry, None]] = {}
        self._counts: Counter[Address] = Counter()

    def add(self, entry: Entry) -> None:
        """Take one in."""
        self._entries[entry.id] = entry
        self._on.setdefault(entry.flow, {})[entry] = None
        self._of.setdefault(entry.watched, {})[entry] = None
        self._counts[entry.watcher] += 1

    def remove(self, entry: Entry) -> None:
        """Forget one; one that is not there stays so."""
        if self._entries.pop(entry.id, None) is None:
            return
        _drop(self._on, entry.flow, entry)
        _drop(self._of, entry.watched, entry)
        self._counts[entry.watcher] -= 1
        if not self._counts[entry.watcher]:
            del self._counts[entry.watcher]

    def move(self, entry: Entry, flow: Flow) -> None:
        """Reach the subscriber by another flow from now on."""
        _drop(self._on, entry.flow, entry)
        entry.flow = flow
        self._on.setdefault(flow, {})[entry] = None

    def find(self, dialog: DialogId) -> Entry | None:
        """Find one by its dialog."""
        return self._entries.get(dialog)

    def on(self, flow: Flow) -> tuple[Entry, ...]:
        """List those that a flow leads to."""
        return tuple(self._on.get(flow, ()))

    def of(self, watched: Address) -> tuple[Entry, ...]:
        """List those to a user."""
        return tuple(self._of.get(watched, ()))

    def count(self, watcher: Address) -> int:
        """How many a user has."""
        return self._counts[watcher]

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)


def _drop(index: dict[K, dict[Entry, None]], key: K, entry: Entry) -> None:
    del index[key][entry]
    if not index[key]:
        del index[key]
