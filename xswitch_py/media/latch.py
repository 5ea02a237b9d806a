"""From where a leg's packets are taken when its peer may sit behind an address translator: symmetric RTP (RFC 4961)."""

import math
from typing import Final

__all__ = ["Latch"]

_CHANGE: Final = 5.0  # seconds after the first packet in which another source may take over, once
_SILENCE: Final = 2.0  # seconds without a packet after which another stream may take over
_LATE: Final = 1.0  # seconds in which a peer that moved may still send from where it was


class Latch:
    """The one source of a plain RTP stream, and which other may take its place.

    Who speaks from where the SDP points may always, and nobody may take over from there: packets sprayed over our
    ports then take no sound from a peer without an address translator. Of others, one may within 5 s; after that
    only another stream may, when there was silence for 2 s.

    Addresses are as `recvfrom` gives them, times in seconds. Whoever calls keeps `heard_at` and `last` true.
    """

    __slots__ = (
        "_aimed_at", "_before", "_changed", "_named", "_open", "_since", "heard_at", "last", "settles_at", "source",
    )  # fmt: skip

    def __init__(self) -> None:
        self.source: tuple[str | int, ...] | None = None  # who is heard
        self.last = b""  # packet from there
        self.heard_at = 0.0
        self.settles_at = math.inf  # from when on no other may take over, as long as this one speaks
        self._named: tuple[str | int, ...] = ("", 0)
        self._before: tuple[str | int, ...] | None = None  # who was heard when the peer said that it moves
        self._aimed_at = 0.0
        self._open = True
        self._since = 0.0
        self._changed = False

    def aim(self, named: tuple[str | int, ...], *, any_host: bool, now: float) -> None:
        """Begin anew: the SDP names this host and port. Its host is heard, or with `any_host` who speaks first."""
        self._before, self._aimed_at = self.source if named != self._named else None, now
        self._named, self._open = named, any_host
        self.source, self.settles_at = None, math.inf
        self._changed = False

    def allows(self, address: tuple[str | int, ...], ssrc: bytes, now: float) -> bool:
        """Say whether a packet from another address than `source` counts."""
        if address[:2] == self._named:
            return True
        if not self._open and address[0] != self._named[0]:
            return False
        if self.source is None:
            return True
        if not self._changed and now - self._since <= _CHANGE:
            return not self.is_late(address, now)
        return now - self.heard_at >= _SILENCE and ssrc != self.last[8:12]

    def is_late(self, address: tuple[str | int, ...], now: float) -> bool:
        """Say whether this is the place that the peer just left: heard, but not to be sent to any more."""
        return address == self._before and address[:2] != self._named and now - self._aimed_at < _LATE

    def take(self, address: tuple[str | int, ...], now: float) -> None:
        """Let an address that `allows` let pass be the source."""
        if address[:2] == self._named:  # there is no address translator: nobody else has reason to speak
            self._changed, self.settles_at = True, now
        elif self.source is None:
            self._since, self.settles_at = now, now + _CHANGE
        else:
            self._changed, self.settles_at = True, now
        self.source = address
