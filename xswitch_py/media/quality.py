"""How well a leg's audio does, both ways: what we measure, and what the peer reports (RFC 3550 section 6.4.1)."""

from collections import deque
from typing import Final

from xswitch_py.media import emodel
from xswitch_py.media.api import CallQuality, Quality, Way, WayTotal
from xswitch_py.media.lane import Lane
from xswitch_py.media.rtcp import Block

__all__ = ["Meter"]

_REMEMBERED: Final = 8  # sender reports of ours that the peer may still speak of
_OF_LATE: Final = 20.0  # seconds after which what the peer reported says nothing any more
_LONGEST: Final = 10.0  # seconds of a round trip; a longer one is a mistake
_ENOUGH: Final = 25  # packets that make an interval worth counting before its time


class Meter:
    """The measuring of one lane, from its first packet to its last."""

    __slots__ = ("_before", "_heard", "_lane", "_reported_at", "_rtt", "_sent", "_told", "_trips", "_way")

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._before = 0, 0  # packets and losses when it was measured last
        self._heard, self._told = _Total(), _Total()
        self._way: Way | None = None  # as the peer reported last, at `_reported_at`
        self._reported_at = 0.0
        self._sent: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        self._rtt: float | None = None  # ms
        self._trips = 0, 0.0  # how many, and their sum

    def sent(self, middle: int, now: float) -> None:
        """Remember a sender report of ours, by the middle 32 bits of its NTP time."""
        self._sent.append((middle, now))

    def reported(self, block: Block, now: float) -> None:
        """Take what the peer says of our stream."""
        self._travelled(block, now)
        out = self._lane.out
        lost, jitter = max(0, block.lost), 1000 * block.jitter / out.clock
        self._way = self._rated(out.packets, lost, 100 * block.fraction / 256, jitter)
        self._reported_at = now
        if out.packets:
            self._told.add(self._way)

    def measure(self, now: float) -> Quality:
        """Say how it does since this was asked last."""
        packets, _, lost = self._lane.heard
        heard, expected = self._since(packets, lost)
        self._before = packets, lost
        if expected:
            self._heard.add(heard)
        told = self._way if now - self._reported_at < _OF_LATE else None
        return Quality(self._codec, heard, told, _rounded(self._rtt))

    def total(self) -> CallQuality | None:
        """Say how it did so far; None while nothing was heard, nor reported."""
        packets, _, lost = self._lane.heard
        way, expected = self._since(packets, lost)
        total = self._heard.copy()
        if expected >= _ENOUGH or (expected and not total.count):
            total.add(way)
        trips, ms = self._trips
        heard = total.result(lost, packets + lost)
        told = self._told.result(self._way.lost, self._lane.out.packets) if self._way is not None else None
        if heard is None and told is None:
            return None
        return CallQuality(heard, told, _rounded(ms / trips if trips else None))

    @property
    def _codec(self) -> str:
        return self._lane.stream.formats[0].name if self._lane.stream else ""

    def _since(self, packets: int, lost: int) -> tuple[Way, int]:
        """Rate what came since it was measured last, and say how many packets should have."""
        missing = lost - self._before[1]  # fewer than none if some came late
        expected = max(0, packets - self._before[0] + missing)
        latest = self._lane.latest
        jitter = 1000 * latest.jitter / latest.clock if latest else 0.0
        loss = min(100.0, 100 * max(0, missing) / expected) if expected else 0.0
        return self._rated(packets, lost, loss, jitter), expected

    def _rated(self, packets: int, lost: int, loss: float, jitter: float) -> Way:
        ms = emodel.delay(self._codec, self._rtt or 0.0, jitter)
        return Way(packets, lost, round(loss, 2), round(jitter, 2), round(emodel.mos(self._codec, loss, ms), 2))

    def _travelled(self, block: Block, now: float) -> None:
        sent = next((at for middle, at in self._sent if middle == block.last_report), None)
        if sent is None or not block.last_report:
            return
        seconds = now - sent - block.delay / 65536
        if seconds <= _LONGEST:
            self._rtt = max(0.0, 1000 * seconds)
            self._trips = self._trips[0] + 1, self._trips[1] + self._rtt


class _Total:
    """Intervals added up."""

    __slots__ = ("count", "jitter", "mos", "worst")

    def __init__(self, count: int = 0, mos: float = 0.0, worst: float = 5.0, jitter: float = 0.0) -> None:
        self.count, self.mos, self.worst, self.jitter = count, mos, worst, jitter

    def copy(self) -> "_Total":
        return _Total(self.count, self.mos, self.worst, self.jitter)

    def add(self, way: Way) -> None:
        self.count += 1
        self.mos += way.mos
        self.worst = min(self.worst, way.mos)
        self.jitter = max(self.jitter, way.jitter)

    def result(self, lost: int, expected: int) -> WayTotal | None:
        if not self.count:
            return None
        loss = min(100.0, 100 * lost / expected) if expected else 0.0
        return WayTotal(lost, round(loss, 2), self.jitter, round(self.mos / self.count, 2), self.worst)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)
