"""UDP ports for plain RTP: pairs out of a range, and one reader of the event loop for all of them."""

import asyncio
import errno
import random
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError

__all__ = ["Pair", "Ready", "RtpPorts"]

Ready = Callable[[float], None]  # reads one datagram; given the time (monotonic seconds)

_QUARANTINE: Final = 5.0  # seconds in which a port that was closed is not used: its last peer may still send
_TRIES: Final = 64  # pairs that others may have taken, before we give up
_BATCH: Final = 256  # sockets of one callback, one datagram each: others of the loop get their turn
_RECEIVE_BUFFER: Final = 256 << 10


class Pair:
    """Two sockets: RTP on an even port, RTCP on the next (RFC 3550 section 11)."""

    __slots__ = ("_ports", "host", "port", "rtcp", "rtp")

    def __init__(self, ports: "RtpPorts", host: str, port: int, rtp: socket.socket, rtcp: socket.socket) -> None:
        self._ports = ports
        self.host = host
        self.port = port
        self.rtp = rtp
        self.rtcp = rtcp

    def listen(self, rtp: Ready, rtcp: Ready) -> None:
        """Begin to receive."""
        self._ports.watch(self.rtp.fileno(), rtp)
        self._ports.watch(self.rtcp.fileno(), rtcp)

    def narrow(
        self, peer: tuple[str | int, ...], reader: Callable[[Callable[[int], bytes]], Ready]
    ) -> socket.socket | None:
        """Open a third socket, on the port of RTP, that hears and reaches this peer only: its packets cost less.

        `reader` makes of its `recv` what reads it. What comes from elsewhere is heard by the first socket still.
        `None` if it cannot be had.
        """
        sharing = [self.rtp]
        try:
            self.rtp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made = _bound(self.host, self.port, shared=True)
            sharing.append(made)
            made.connect(peer)
        except OSError:
            if len(sharing) > 1:
                sharing.pop().close()
            return None
        finally:
            for sock in sharing:  # nobody else may do the same
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self._ports.watch(made.fileno(), reader(made.recv))
        return made

    def widen(self, made: socket.socket) -> None:
        """Close the third socket."""
        self._ports.unwatch(made.fileno())
        made.close()

    def close(self) -> None:
        """Stop receiving, close both sockets, and give the ports back."""
        for sock in (self.rtp, self.rtcp):
            self._ports.unwatch(sock.fileno())
            sock.close()
        self._ports.give_back(self.port)


class RtpPorts:
    """The range of ports. `dropped` counts what could not be sent.

    A reader of the event loop for each socket would cost more than the packet: one watches an epoll of our own.
    """

    def __init__(self, low: int, high: int) -> None:
        """Take the pairs from `low` to `high`, both included; the first port of a pair is even.

        Raises:
            ValueError: there is none.
        """
        even = list(range(low + low % 2, high, 2))
        if not even or low < 1 or high > 65535:
            raise ValueError(f"there is no pair of ports from {low} to {high}")
        random.shuffle(even)
        self._free: deque[tuple[int, float]] = deque((port, 0.0) for port in even)  # and from when on
        self._ready: dict[int, Ready] = {}
        self._epoll = select.epoll()
        self.dropped: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to receive, on the running loop."""
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._receive)

    def stop(self) -> None:
        """Stop receiving; every pair is closed before."""
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._epoll.close()

    def open(self, host: str) -> Pair:
        """Open a pair on an address of this host.

        Raises:
            MediaError: all ports are in use, or none can be opened there.
        """
        now = time.monotonic()
        for _ in range(min(_TRIES, len(self._free))):
            port, since = self._free[0]
            if since > now:
                break
            self._free.popleft()
            try:
                return self._opened(host, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:  # the address is not ours any more, or too many files are open
                    self._free.appendleft((port, since))
                    raise MediaError("no port for RTP can be opened", Cause.NETWORK_OUT_OF_ORDER) from error
                self.give_back(port)
        raise MediaError("no port for RTP is free", Cause.SWITCH_CONGESTION)

    def give_back(self, port: int) -> None:
        """Let a pair be used again, after a while."""
        self._free.append((port, time.monotonic() + _QUARANTINE))

    def watch(self, fd: int, ready: Ready) -> None:
        """Call this when there is something to read."""
        self._ready[fd] = ready
        self._epoll.register(fd, select.EPOLLIN)

    def unwatch(self, fd: int) -> None:
        """Stop that."""
        if self._ready.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def _opened(self, host: str, port: int) -> Pair:
        rtp = _bound(host, port)
        try:
            return Pair(self, host, port, rtp, _bound(host, port + 1))
        except OSError:
            rtp.close()
            raise

    def _receive(self) -> None:
        ready, now = self._ready, time.monotonic()
        for fd, _ in self._epoll.poll(0, _BATCH):
            read = ready.get(fd)  # one that was read before it may have closed it
            if read is not None:
                read(now)


def _bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, shared)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
