"""What happened to each call on one time axis: its wire messages, its media's steps, its events; bounded."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.core.bus import Bus
from xswitch_py.core.trace_words import words

__all__ = ["CallTrace", "Entry", "LegSeen", "Message", "Report", "Traces"]

Message = Callable[[], str]  # a wire message as text, without its secrets: made by its door when somebody reads it

_ENDED: Final = 1000  # calls that are over
_LOOSE: Final = 2000  # legs that belong to no call
_FIRST: Final = 300  # entries of a call, and of what follows
_LAST: Final = 200  # the latest ones
_REPORTS: Final = 100  # of a call's phones
_BYTES: Final = 64 * 2**20  # in all
_ENTRY: Final = 500  # bytes beside its message
_AGAIN: Final = 1.0  # seconds; see `Traces._begin`


class Entry(NamedTuple):
    """One thing that happened. `way`: "<" came from the peer, ">" went to it, "" is what we did."""

    at: float  # Unix seconds
    leg: LegId  # "" if it is the call's
    layer: str  # "verto", "sip", "ice", "dtls", "rtp", "media" or "call"
    way: str
    text: str
    message: Message | None
    size: int  # bytes that it takes, roughly


@dataclass(frozen=True, slots=True)
class LegSeen:
    """A leg that took part."""

    id: LegId
    door: str
    outbound: bool
    party: Party
    user: Address | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a phone says of how it hears."""

    at: float  # Unix seconds
    who: str
    figures: Mapping[str, object]


@dataclass(slots=True)
class CallTrace:
    """What is kept of one call. Times are Unix seconds."""

    call: CallId
    began: float
    caller: LegId  # "" while nobody has answered a call that a program placed
    ended: float | None = None
    users: set[Address] = field(default_factory=set)  # whose call it is
    legs: dict[LegId, LegSeen] = field(default_factory=dict)
    measured: dict[LegId, events.LegMeasured] = field(default_factory=dict)  # the latest
    totals: dict[LegId, Mapping[str, object]] = field(default_factory=dict)  # of legs that are over
    reports: deque[Report] = field(default_factory=lambda: deque(maxlen=_REPORTS))
    log: "_Log" = field(default_factory=lambda: _Log(None))

    @property
    def missing(self) -> int:
        """How many entries were not kept, between the first ones and the latest."""
        return self.log.missing

    def entries(self) -> list[Entry]:
        """List all entries by time; where some are missing, one says so."""
        found = [Entry(*note[:4], text if isinstance(text := note[4], str) else text(), *note[5:]) for note in self.log]
        if self.missing:
            first = self.log.first
            at = max(note[0] for note in first) if first else self.began
            found.append(Entry(at, LegId(""), "call", "", f"{self.missing} entries were not kept", None, 0))
        return sorted(found, key=lambda entry: entry.at)


class Traces:
    """The traces of the calls that are up, and of those that ended of late."""

    def __init__(self) -> None:
        self._logs: dict[LegId, _Log] = {}  # where each leg's entries go
        self._seen: dict[LegId, LegSeen] = {}
        self._loose: dict[LegId, _Log] = {}  # of legs that belong to no call, or not yet
        self._up: dict[CallId, CallTrace] = {}
        self._over: dict[CallId, CallTrace] = {}  # the one that ended first comes first
        self._bytes = 0

    async def run(self, bus: Bus) -> None:
        """Keep what happens, until the bus closes."""
        await bus.serve(self.take)

    def note(
        self,
        leg: LegId,
        layer: str,
        way: str,
        text: str | Message,
        message: Message | None = None,
        *,
        size: int = 0,
        at: float = 0.0,
    ) -> None:
        """Keep that something went over the wire of a leg, or happened to it; now, or `at` Unix seconds.

        `way` is as in `Entry`; a `text` that takes time to make can be made later. What `message` holds takes `size`
        bytes. Costs about a microsecond.
        """
        log = self._logs.get(leg)
        if log is None:
            log = self._logs[leg] = self._loose[leg] = _Log(None)
        self._bytes += log.add((at or time.time(), leg, layer, way, text, message, size + _ENTRY))
        if self._bytes > _BYTES or len(self._loose) > _LOOSE:
            self._trim()

    def find(self, call: CallId) -> CallTrace | None:
        """Give what is kept of a call."""
        return self._up.get(call) or self._over.get(call)

    def call_of(self, leg: LegId) -> CallId | None:
        """Say which call a leg takes part in, or did last."""
        log = self._logs.get(leg)
        return None if log is None else log.call

    def report(self, trace: CallTrace, report: Report) -> None:
        """Keep what a phone says of how it hears; of too many the oldest go."""
        trace.reports.append(report)

    @property
    def size(self) -> int:
        """How many bytes are kept, roughly."""
        return self._bytes

    def take(self, event: events.Event) -> None:
        """Keep what an event says."""
        match event:
            case events.LegStarted():
                self._begin(event)
            case events.CallStarted(call=call, leg=leg, at=at, user=user):
                self._up[call] = trace = CallTrace(call, at, leg, log=_Log(call))
                self._join(trace, leg, user)
            case events.LegJoined(call=call, leg=leg, user=user) if (joined := self._up.get(call)) is not None:
                if not joined.caller and leg in joined.legs:  # it was rung for it, and is now what the call is for
                    joined.caller = leg
                self._join(joined, leg, user)
            case events.LegMeasured(leg=leg):
                if (measured := self._of(leg)) is not None:
                    measured.measured[leg] = event
            case events.LegEnded(leg=leg, quality=quality) if quality and (ended := self._of(leg)) is not None:
                ended.totals[leg] = quality
            case events.CallEnded(call=call):
                self._end(event)
        self._tell(event)

    # Inside.

    def _tell(self, event: events.Event) -> None:
        """Make an event an entry, if there is something to say."""
        said = words(event, self._name)
        if said is None:
            return
        layer, text = said
        call, leg = getattr(event, "call", None), getattr(event, "leg", LegId(""))
        at = event.ended if isinstance(event, events.CallEnded) else getattr(event, "at", 0.0)
        trace = self.find(call) if call is not None else None
        if trace is not None:
            self._bytes += trace.log.add((at, leg, layer, "", text, None, _ENTRY))
        elif leg and call is None:
            self.note(leg, layer, "", text, at=at)

    def _name(self, leg: LegId) -> str:
        seen = self._seen.get(leg)
        return "" if seen is None else seen.party.number or seen.party.name

    def _of(self, leg: LegId) -> CallTrace | None:
        call = self.call_of(leg)
        return None if call is None else self.find(call)

    def _begin(self, event: events.LegStarted) -> None:
        """A leg is new. If its id was used before (a Verto client chooses it), what came just now is the new one's."""
        leg = event.leg
        log = self._logs.get(leg)
        if log is not None and leg not in self._loose:
            self._logs[leg] = self._loose[leg] = log.part(leg, event.at - _AGAIN)
        party = event.callee if event.outbound else event.caller
        self._seen[leg] = LegSeen(leg, event.door, event.outbound, party, event.user)

    def _join(self, trace: CallTrace, leg: LegId, user: Address | None) -> None:
        """A leg takes part from now on, and what it noted before it did is the call's."""
        if user is not None:
            trace.users.add(user)
        if not leg:
            return
        loose = self._loose.pop(leg, None)
        if loose is not None:
            self._bytes += sum(map(trace.log.add, loose)) - loose.size
        self._logs[leg] = trace.log
        if (seen := self._seen.get(leg)) is not None:
            trace.legs[leg] = seen

    def _end(self, event: events.CallEnded) -> None:
        trace = self._up.pop(event.call, None)
        if trace is None:
            return
        trace.ended, trace.caller = event.ended, event.leg
        if event.quality:
            trace.totals[event.leg] = event.quality
        self._over[trace.call] = trace
        if len(self._over) > _ENDED:
            self._drop_oldest()

    def _trim(self) -> None:
        """Make room: calls that are over go first, then legs without a call, then what calls that are up have noted."""
        while len(self._loose) > _LOOSE:
            self._drop_loose()
        while self._bytes > _BYTES and self._over:
            self._drop_oldest()
        while self._bytes > _BYTES and self._loose:
            self._drop_loose()
        for trace in self._up.values():
            if self._bytes <= _BYTES:
                return
            self._bytes -= trace.log.clear()

    def _drop_oldest(self) -> None:
        trace = self._over.pop(next(iter(self._over)))
        self._bytes -= trace.log.size
        for leg in trace.legs:
            if self._logs.get(leg) is trace.log:
                del self._logs[leg]
                self._seen.pop(leg, None)

    def _drop_loose(self) -> None:
        leg = next(iter(self._loose))
        self._bytes -= self._loose.pop(leg).size
        del self._logs[leg]
        self._seen.pop(leg, None)


_Note = tuple[float, LegId, str, str, str | Message, Message | None, int]  # an `Entry`; a plain one costs less


class _Log:
    """The first entries and the latest ones."""

    __slots__ = ("call", "first", "last", "missing", "size")

    def __init__(self, call: CallId | None) -> None:
        self.call = call
        self.first: list[_Note] = []
        self.last: deque[_Note] = deque()
        self.missing = 0
        self.size = 0  # bytes

    def __iter__(self) -> Iterator[_Note]:
        yield from self.first
        yield from self.last

    def add(self, note: _Note) -> int:
        """Keep one; returns how many bytes more there are."""
        size = note[6]
        if len(self.first) < _FIRST:
            self.first.append(note)
        else:
            if len(self.last) >= _LAST:
                self.missing += 1
                size -= self.last.popleft()[6]
            self.last.append(note)
        self.size += size
        return size

    def part(self, leg: LegId, since: float) -> "_Log":
        """Take out what a leg has noted since a time; give that."""
        other, notes = _Log(None), list(self)
        missing, self.missing, self.size = self.missing, 0, 0
        self.first, self.last = [], deque()
        for note in notes:
            (other if note[1] == leg and note[0] >= since else self).add(note)
        self.missing += missing
        return other

    def clear(self) -> int:
        """Keep nothing; returns how many bytes less there are."""
        size = self.size
        self.missing += len(self.first) + len(self.last)
        self.first, self.last, self.size = [], deque(), 0
        return size
