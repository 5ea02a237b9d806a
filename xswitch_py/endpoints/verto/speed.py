"""The speed test: frames that are not JSON, up from the client and down to it (verto.md 9.6).

The way down is sent in small pieces between which everybody else gets a turn, and not faster than the peer takes it.
"""

import asyncio
import re
from typing import Final, Protocol

__all__ = ["Sink", "SpeedTest"]

LARGEST: Final = 10 * 1024 * 1024  # bytes
ROUNDS: Final = 10
FRAME: Final = 1024  # bytes
PIECE: Final = 16  # frames sent in one go
PAUSE: Final = 0.002  # seconds between looks at a peer that is behind
_START: Final = re.compile(r"#SPU ([0-9]{1,8})")
_BLOCK: Final = "#SPB "


class Sink(Protocol):
    """What the test needs of a socket."""

    @property
    def slow(self) -> bool:
        """Whether the peer is behind with taking what was sent."""

    def send(self, text: str, *, urgent: bool = True) -> None:
        """Send a frame; one that is not urgent waits while the peer is slow."""


class SpeedTest:
    """One test at a time on one socket."""

    __slots__ = ("_at", "_elapsed", "_left", "_loop", "_round", "_socket", "_timer", "size")

    def __init__(self, socket: Sink) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._at = self._elapsed = 0.0
        self._left = self._round = 0
        self.size = 0  # bytes of a round; 0 while no test runs

    def take(self, frame: str) -> None:
        """Take a frame from the client; what cannot follow is ignored."""
        if found := _START.fullmatch(frame.strip()):
            if not self._round and 0 < int(found[1]) <= LARGEST:
                self.size, self._at = int(found[1]), self._loop.time()
        elif frame.startswith("#SPE") and self.size and not self._round:
            self._socket.send(f"#SPU {_ms(self._loop.time() - self._at)}", urgent=False)
            self._elapsed = 0.0
            self._begin(1)

    def stop(self) -> None:
        """The socket is gone."""
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self, number: int) -> None:
        self._round, self._left, self._at = number, self.size, self._loop.time()
        self._timer = self._loop.call_soon(self._more)

    def _more(self) -> None:
        if self._socket.slow:
            self._timer = self._loop.call_later(PAUSE, self._more)
            return
        for _ in range(PIECE):
            if not self._left:
                break
            length = min(FRAME, self._left)
            self._socket.send((_BLOCK + "." * FRAME)[:length], urgent=False)
            self._left -= length
        if self._left:
            self._timer = self._loop.call_soon(self._more)
        else:
            self._done()

    def _done(self) -> None:
        if self._socket.slow:  # what is not taken yet counts, too
            self._timer = self._loop.call_later(PAUSE, self._done)
            return
        self._elapsed += self._loop.time() - self._at
        if self._round < ROUNDS:
            self._begin(self._round + 1)
        else:
            self._socket.send(f"#SPD {_ms(self._elapsed / ROUNDS)}", urgent=False)
            self.size = self._round = 0


def _ms(seconds: float) -> int:
    """Milliseconds, never 0: clients divide by it."""
    return max(1, round(seconds * 1000))
