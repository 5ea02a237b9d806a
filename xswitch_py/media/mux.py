"""One UDP port for the packets of all WebRTC legs: STUN, DTLS and RTP told apart (RFC 7983), strangers dropped.

A leg is known by its ICE user name in checks that reach it, and by its peer's address after that. RTP counts only from
addresses to which a pair was nominated, DTLS also from those that passed a check.
"""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final, Protocol

from xswitch_py.media.aiortc_compat import Address, StunMessage, Transactions, host_addresses, parse_stun

__all__ = ["MuxPort", "MuxSocket", "Path", "Receive", "advertised"]

Receive = Callable[[bytes, float], None]  # a packet, and when it came (monotonic seconds)

_RECEIVE_BUFFER: Final = 2 << 20
_FORCED: Final = 33  # SO_RCVBUFFORCE of Linux: beyond net.core.rmem_max, for those who may
_BATCH: Final = 128  # packets of one callback: others of the loop get their turn within some milliseconds
_LARGEST: Final = 1500  # bytes
_CHECKS: Final = 100  # a second, STUN messages from one address of a leg
_BAD_CHECKS: Final = 50  # a second, STUN messages from one host that belong to nobody
_TRIES: Final = 20  # to find a port number that is free on all addresses
_LOOPBACK: Final = "127.0.0.1"


class Path(Protocol):
    """What receives a leg's packets."""

    def check(self, message: StunMessage, address: Address, sock: "MuxSocket") -> bool:
        """Answer a connectivity check; `False` if it is not genuine."""

    def dtls(self, data: bytes) -> bool:
        """Take a DTLS datagram; `False` if it is of no use."""


def advertised(addresses: Sequence[str] | None) -> list[str]:
    """Settle which addresses of this host peers are told: those given, else all but loopback, else loopback.

    Raises:
        ValueError: one is not an IP address, or is the unspecified one (from which a reply might leave from another).
    """
    if addresses is None:
        return host_addresses() or [_LOOPBACK]
    for address in addresses:
        if ip_address(address).is_unspecified:
            raise ValueError(f"{address} stands for any address; name the ones that peers shall use")
    return list(addresses)


class MuxSocket:
    """One UDP socket of the port, on one address."""

    __slots__ = ("_budget", "_rtcp", "_rtp", "_sock", "address", "dropped", "paths", "sendto", "transactions", "ufrags")

    def __init__(self, sock: socket.socket, mux: "MuxPort") -> None:
        name = sock.getsockname()
        self.address: Address = (name[0], name[1])
        self.ufrags = mux.ufrags
        self.transactions = mux.transactions
        self.dropped = mux.dropped
        self.paths: dict[Address, Path] = {}  # by the peer's address
        self.sendto = sock.sendto  # raises OSError
        self._rtp: dict[tuple[str | int, ...], Receive] = {}
        self._rtcp: dict[Address, Receive] = {}
        self._sock = sock
        self._budget = mux.budget

    def send(self, data: bytes, to: Address) -> None:
        """Send a datagram, or drop it."""
        try:
            self.sendto(data, to)
        except OSError:  # no room in the buffer, or no way there
            self.dropped["send"] += 1

    def admit(self, address: Address, path: Path, rtp: Receive | None = None, rtcp: Receive | None = None) -> None:
        """Let an address be a leg's from now on: DTLS from there is welcome, RTP if its receivers are given."""
        self.paths[address] = path
        if rtp is not None and rtcp is not None:
            self._rtp[self._key(address)] = rtp
            self._rtcp[address] = rtcp

    def forget(self, address: Address, path: Path) -> None:
        """Let an address be a stranger's again, if it is this path's."""
        if self.paths.get(address) is path:
            del self.paths[address]
            self._rtp.pop(self._key(address), None)
            self._rtcp.pop(address, None)

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to receive."""
        loop.add_reader(self._sock.fileno(), self._ready)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop receiving and close."""
        loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _key(self, address: Address) -> tuple[str | int, ...]:
        """The address as `recvfrom` gives it."""
        return (*address, 0, 0) if ":" in address[0] else address

    def _ready(self) -> None:
        receive, rtp, now = self._sock.recvfrom, self._rtp, time.monotonic()
        for _ in range(_BATCH):
            try:
                data, address = receive(2048)
            except OSError:  # nothing left, or an ICMP error of some peer
                return
            # RTCP packet types are 192 to 223, which is 64 to 95 without the marker's bit (RFC 5761 section 4).
            if len(data) > 11 and 127 < data[0] < 192 and not 63 < data[1] & 127 < 96:
                handle = rtp.get(address)
                if handle is not None and len(data) <= _LARGEST:
                    handle(data, now)
                else:
                    self.dropped["stranger" if handle is None else "size"] += 1
            elif reason := self._other(data, address[:2], now):
                self.dropped[reason] += 1

    def _other(self, data: bytes, address: Address, now: float) -> str:
        """Handle what is not RTP; return why it was dropped, if it was."""
        if not 0 < len(data) <= _LARGEST:
            return "size"
        if data[0] < 4:
            return self._stun(data, address, now)
        if 19 < data[0] < 64:
            path = self.paths.get(address)
            return "stranger" if path is None else "" if path.dtls(data) else "dtls"
        if 127 < data[0] < 192 and len(data) > 7:
            handle = self._rtcp.get(address)
            if handle is None:
                return "stranger"
            handle(data, now)
            return ""
        return "unknown"

    def _stun(self, data: bytes, address: Address, now: float) -> str:
        budget, known = self._budget, address in self.paths
        key: object = address if known else address[0]
        if not budget.allows(key, _CHECKS if known else _BAD_CHECKS, now):
            return "budget"
        message = parse_stun(data)
        if message is not None and self._understood(message, address):
            if known:
                budget.spend(key)
            return ""
        budget.spend(key)
        return "stun"

    def _understood(self, message: StunMessage, address: Address) -> bool:
        name = message.attributes.get("USERNAME")
        if name is None:
            transaction = self.transactions.get(message.transaction_id)
            if transaction is None or message.message_class not in (0x100, 0x110):  # response, error
                return False
            transaction.response_received(message, address)
            return True
        path = self.ufrags.get(name.partition(":")[0])
        if path is None or not path.check(message, address, self):
            return False
        self.paths.setdefault(address, path)
        return True


class _Budget:
    """How much every source may ask of us in one second."""

    __slots__ = ("_second", "_spent")

    def __init__(self) -> None:
        self._second = 0
        self._spent: Counter[object] = Counter()

    def allows(self, key: object, limit: int, now: float) -> bool:
        if int(now) != self._second:
            self._second = int(now)
            self._spent.clear()
        return self._spent[key] < limit

    def spend(self, key: object) -> None:
        self._spent[key] += 1


class MuxPort:
    """The same UDP port number on every address that peers may use, and on loopback.

    `dropped` counts what was thrown away, by reason: stranger, size, stun, budget, dtls, unknown, send.
    """

    def __init__(self, addresses: Sequence[str], port: int = 0) -> None:
        """Open the sockets; port 0 takes a number that is free on all of them.

        Raises:
            OSError: the port is taken, or an address is not ours.
        """
        self.ufrags: dict[str, Path] = {}
        self.transactions: Transactions = {}
        self.dropped: Counter[str] = Counter()
        self.budget = _Budget()
        opened = _open_all(list(dict.fromkeys([*addresses, _LOOPBACK])), port)
        self.sockets = [MuxSocket(sock, self) for sock in opened]
        # Less than 2 MB means that net.core.rmem_max is low; Linux tells twice what it was asked for.
        self.receive_buffer = opened[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        self.port = self.sockets[0].address[1]

    def listen(self) -> None:
        """Begin to receive, on the running loop."""
        loop = asyncio.get_running_loop()
        for sock in self.sockets:
            sock.listen(loop)

    def close(self) -> None:
        """Stop receiving and close the sockets."""
        loop = asyncio.get_running_loop()
        for sock in self.sockets:
            sock.close(loop)


def _open_all(addresses: list[str], port: int) -> list[socket.socket]:
    for attempt in range(_TRIES):
        opened: list[socket.socket] = []
        try:
            for address in addresses:
                opened.append(_open(address, opened[0].getsockname()[1] if opened else port))
        except OSError:
            for sock in opened:
                sock.close()
            if port or not opened or attempt == _TRIES - 1:
                raise
        else:
            return opened
    raise AssertionError


def _open(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for option in (_FORCED, socket.SO_RCVBUF):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, option, _RECEIVE_BUFFER)
                break
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock
