"""How many calls a gateway has, and whether it may have one more."""

from dataclasses import dataclass

__all__ = ["Load", "Taken"]


@dataclass(slots=True)
class Load:
    """The calls of one gateway. Of the calls that begin in one second no more than the rate may, evenly refilled."""

    inbound: int = 0
    outbound: int = 0
    _spent: float = 0.0  # calls begun and not yet made up for by time
    _at: float = 0.0

    def admits(self, most: int, rate: float, now: float) -> bool:
        """Say whether one more call may begin; 0 as a limit is none. `rate` is in calls per second."""
        if most and self.inbound + self.outbound >= most:
            return False
        return not rate or self._left(rate, now) <= max(rate, 1.0) - 1.0

    def take(self, rate: float, now: float, *, inbound: bool) -> "Taken":
        """Count a call that begins."""
        self._spent, self._at = (self._left(rate, now) + 1.0 if rate else 0.0), now
        self._count(inbound, 1)
        return Taken(self, inbound)

    def _left(self, rate: float, now: float) -> float:
        return max(0.0, self._spent - (now - self._at) * rate)

    def _count(self, inbound: bool, calls: int) -> None:
        if inbound:
            self.inbound += calls
        else:
            self.outbound += calls


@dataclass(slots=True)
class Taken:
    """One call that is counted until `end`."""

    load: Load
    inbound: bool
    _over: bool = False

    def end(self) -> None:
        """Do not count the call any more; doing this again changes nothing."""
        if not self._over:
            self._over = True
            self.load._count(self.inbound, -1)
