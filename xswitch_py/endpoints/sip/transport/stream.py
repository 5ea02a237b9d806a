"""One TCP or TLS connection: a flow that frames, keeps its times, and ends once (RFC 3261 section 18, RFC 5626)."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import structlog

from xswitch_py.endpoints.sip.flow import Flow, HostPort
from xswitch_py.endpoints.sip.transport.intake import Intake
from xswitch_py.endpoints.sip.transport.seal import Seal
from xswitch_py.listen.admission import plain
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.framing import PONG, Framer, Ping

__all__ = ["Bounds", "StreamFlow", "Yard"]

log = structlog.get_logger("xswitch.sip")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What connections are granted. Sizes in bytes, times in seconds."""

    connections: int = 20_000  # all together
    per_address: int = 2_000  # that one IP address opened
    strangers: int = 500  # of these, such as never sent a request that was authenticated
    part: float = 15.0  # for a head to be complete, and then for the body
    first: float = 30.0  # from opening it to the first message
    idle: float = 3600.0  # of silence, while somebody uses the connection
    unused: float = 120.0  # of silence otherwise
    handshake: float = 10.0  # of TLS
    connect: float = 5.0  # for a connection of ours to be there, TLS and all
    buffer: int = 1 << 20  # written and not yet taken by a slow peer
    linger: float = 2.0  # for the peer to read the last words
    tick: float = 1.0  # how often the clock looks at every connection


class Yard(Protocol):
    """What a connection sees of what all connections share."""

    intake: Intake
    bounds: Bounds
    buffer: bytearray  # to read into; what is read is taken out at once
    in_use: Callable[[Flow], bool]

    def enter(self, flow: "StreamFlow") -> bool:
        """Count a connection in, unless there are too many already."""

    def leave(self, flow: "StreamFlow") -> None:
        """Forget a connection that was counted in."""

    def near(self, flow: "StreamFlow", own: HostPort) -> HostPort:
        """Choose what the peer is told of ourselves; `own` is our end of the connection."""


class StreamFlow(asyncio.BufferedProtocol):
    """A connection of TCP or TLS, which the peer has opened, or we."""

    __slots__ = (
        "_begun",
        "_closing",
        "_entered",
        "_framer",
        "_heard",
        "_kept",
        "_link",
        "_loop",
        "_seal",
        "_since",
        "_spoke",
        "_yard",
        "alive",
        "near",
        "ours",
        "remote",
        "transport",
        "trusted",
    )

    def __init__(self, yard: Yard, seal: Seal | None, remote: HostPort | None = None, near: HostPort = ("", 0)) -> None:
        """Make the flow of a connection to come: of one that we open if `remote` is known."""
        self.transport = "TCP" if seal is None else "TLS"
        self.remote, self.near = remote or ("", 0), near
        self.ours = self.trusted = remote is not None
        self.alive = True
        self._yard, self._seal = yard, seal
        self._link: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._framer = Framer()
        self._kept: bytearray | None = bytearray()  # to be sent once the connection is there
        self._entered = self._closing = False
        self._spoke = self.ours  # a message has come
        self._since = self._heard = self._begun = self._loop.time()

    # What a flow does

    def send(self, data: bytes) -> None:
        """Send a message; never waits.

        Raises:
            ConnectionError: the connection has ended, or the peer is too slow, which ends it.
        """
        if not self.alive:
            raise ConnectionError("the connection has ended")
        if self._unsent() + len(data) > self._yard.bounds.buffer:
            log.warning("too slow", remote=self.remote[0], transport=self.transport)
            self.abort()
            raise ConnectionError("the peer is too slow")
        self._yard.intake.counts["out " + self.transport] += 1
        if self._kept is not None:
            self._kept += data
        else:
            self._write(data)

    def close(self) -> None:
        """End the connection when what was written is sent; the peer has some time to read it."""
        if self._closing:
            return
        self._closing, self._since = True, self._loop.time()
        self._end()
        if self._link is None:
            return
        if self._seal is not None:
            self._seal.say_goodbye()
            self._flush()
        # Closing at once, with data unread, would reset the connection before the peer has read why.
        if not self._link.is_closing() and self._link.can_write_eof():
            self._link.write_eof()

    def abort(self) -> None:
        """End the connection at once."""
        self._end()
        if self._link is not None:
            self._link.abort()

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._link = cast(asyncio.Transport, transport)
        own, peer = (self._link.get_extra_info(name) or ("", 0) for name in ("sockname", "peername"))
        if not self.ours:
            self.remote = plain(peer[0]), peer[1]
            self.near = self._yard.near(self, (plain(own[0]), own[1]))
            self._entered = self._yard.enter(self)
        if not self._entered or not self.alive:
            self._link.abort()
        elif self._seal is None:
            self._open()
        elif self.ours:
            self._unsealed(b"")  # says hello

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._yard.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if not self.alive:
            return
        if not self._yard.intake.admits(self.remote[0], self.transport):
            self.abort()
            return
        data = bytes(memoryview(self._yard.buffer)[:nbytes])
        if self._seal is not None:
            data = self._unsealed(data)
        if data:
            self._take(data)
        if self._seal is not None and self._seal.ended:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._link = None
        self._end()
        if self._entered:
            self._entered = False
            self._yard.leave(self)

    # What the yard calls

    def entered(self) -> None:
        """A connection of ours, which is not there yet, was counted in."""
        self._entered = True

    def failed(self) -> None:
        """The connection could not be made, or we no longer want it; not every event loop tells the end of such."""
        self.abort()
        self.connection_lost(None)

    def tick(self, now: float) -> None:
        """End the connection if its time is over."""
        if self._closing:
            if now - self._since >= self._yard.bounds.linger and self._link is not None:
                self._link.abort()
        elif why := self._overdue(now):
            log.info("overdue", remote=self.remote[0], transport=self.transport, why=why)
            self.close()

    def _overdue(self, now: float) -> str:
        bounds = self._yard.bounds
        if self._kept is not None:
            return "handshake" if now - self._since >= (bounds.connect if self.ours else bounds.handshake) else ""
        if self._framer.waiting and now - self._begun >= bounds.part:
            return "incomplete message"
        if not self._spoke and now - self._since >= bounds.first:
            return "no message"
        silence = now - self._heard
        if silence < bounds.unused or (silence < bounds.idle and self._yard.in_use(self)):
            return ""
        return "idle"

    # Reading

    def _take(self, data: bytes) -> None:
        framer, intake = self._framer, self._yard.intake
        self._heard = self._loop.time()
        under_way = framer.waiting, framer.in_body
        for one in framer.feed(data):
            self._begun = self._heard
            match one:
                case Ping():
                    self._pong()
                case BadMessage():
                    intake.malformed(one, self)
                case _:
                    self._spoke = True
                    intake.received(one, self)
        if under_way != (framer.waiting, framer.in_body):
            self._begun = self._heard
        if framer.broken:
            self.close()

    def _pong(self) -> None:
        if self.alive and self._unsent() < self._yard.bounds.buffer:  # who does not read gets no more of them
            self._write(PONG)

    def _unsealed(self, data: bytes) -> bytes:
        """Take TLS off; send what TLS wants to say itself."""
        seal = cast(Seal, self._seal)
        try:
            clear = seal.unwrap(data)
        except ssl.SSLError as problem:
            log.info("tls failed", remote=self.remote[0], ours=self.ours, why=problem.reason or type(problem).__name__)
            self._flush()  # the alert
            self.close()
            return b""
        self._flush()
        if seal.open and self._kept is not None:
            self._open()
        return clear

    # Writing and leaving

    def _open(self) -> None:
        """Messages can pass now."""
        kept, self._kept = self._kept, None
        self._heard = self._loop.time()
        if not self.ours:
            self._since = self._heard
        if kept:
            self._write(bytes(kept))

    def _write(self, data: bytes) -> None:
        if self._seal is not None:
            self._seal.wrap(data)
            self._flush()
        elif self._link is not None:
            self._link.write(data)

    def _flush(self) -> None:
        data = cast(Seal, self._seal).outgoing()
        if data and self._link is not None:
            self._link.write(data)

    def _unsent(self) -> int:
        if self._kept is not None:
            return len(self._kept)
        return self._link.get_write_buffer_size() if self._link is not None else 0

    def _end(self) -> None:
        """Say once that no message passes any more; not now, for whoever is about to send is in the middle of it."""
        if self.alive:
            self.alive = False
            if self._entered:
                self._loop.call_soon(self._yard.intake.lost, self)
