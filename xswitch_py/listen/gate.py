"""What all connections of a listener share: its limits, its doors, and the list of who is there."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import uvicorn
from uvicorn.server import ServerState

from xswitch_py.listen.admission import plain
from xswitch_py.listen.door import SocketDoor

__all__ = ["Connection", "Gate", "Limits", "far_end", "near_end"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener grants. Sizes in bytes, times in seconds."""

    sockets: int = 10_000  # connections of any kind, all together
    per_address: int = 5_000  # and from one IP address
    head: int = 16_384  # request line and headers
    handshake: float = 10.0  # until the head of the first request is there, and for TLS before it
    slowest: int = 1000  # bytes a second of a request's body, once that time is over
    message: int = 1_000_000  # one WebSocket message; more is closed with 1009
    ping: float = 15.0
    dead: float = 44.0  # silence after which a peer is taken for dead; only what it sends counts
    buffer: int = 4_000_000  # written and not yet taken by a slow peer
    waiting: int = 5_000  # messages that can wait behind such a buffer, together no bigger than it
    linger: float = 2.0  # for the peer to take a close frame
    tick: float = 1.0  # how often the clock looks at every connection
    stop: int = 5  # for doors and requests to end when the listener stops


class Connection(Protocol):
    """What the server asks of a connection, whatever it is at the moment."""

    transport: asyncio.Transport

    def tick(self, now: float) -> None:
        """Some time has passed."""

    def shutdown(self) -> None:
        """The server stops."""


class Gate:
    """What all connections of a listener share."""

    def __init__(
        self, doors: Mapping[str, SocketDoor], origins: frozenset[str], proxies: frozenset[str], limits: Limits
    ) -> None:
        self.doors, self.origins, self.proxies, self.limits = doors, origins, proxies, limits
        self.state = ServerState()  # uvicorn's: connections to shut down, tasks to wait for
        self.connections = cast("set[Connection]", self.state.connections)
        self.people: Counter[str] = Counter()  # connections by IP address
        self.total = 0
        self.config: uvicorn.Config = cast(Any, None)
        self.loop: asyncio.AbstractEventLoop = cast(Any, None)

    def enter(self, address: str) -> bool:
        """Count a connection in, unless there are too many already."""
        if self.total >= self.limits.sockets or self.people[address] >= self.limits.per_address:
            return False
        self.total += 1
        self.people[address] += 1
        return True

    def leave(self, address: str) -> None:
        self.total -= 1
        self.people[address] -= 1
        if not self.people[address]:
            del self.people[address]


def far_end(transport: asyncio.Transport) -> tuple[str, int]:
    """Return IP address and port of whoever opened the connection: the peer, or a proxy before it."""
    name = transport.get_extra_info("peername") or ("", 0)  # gone before we looked
    return plain(name[0]), name[1]


def near_end(transport: asyncio.Transport) -> tuple[str, int]:
    """Return the IP address and port of ours that the connection came to."""
    name = transport.get_extra_info("sockname") or ("", 0)
    return plain(name[0]), name[1]
