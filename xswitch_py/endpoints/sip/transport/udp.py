"""SIP over UDP: a datagram is a message, and replies leave from the socket that the request came to (RFC 3581)."""

import asyncio
import errno
import socket
import struct
import sys
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from xswitch_py.endpoints.sip.flow import HostPort
from xswitch_py.endpoints.sip.transport.addresses import near
from xswitch_py.endpoints.sip.transport.intake import Intake
from xswitch_py.pysip.framing import is_keep_alive

__all__ = ["SAFE_DATAGRAM", "UdpFlow", "UdpSocket"]

log = structlog.get_logger("xswitch.sip")

SAFE_DATAGRAM: Final = 1300  # bytes that fit any path; a longer request goes over TCP (RFC 3261 section 18.1.1)


@dataclass(frozen=True, slots=True)
class UdpFlow:
    """One remote address, as one of our sockets sees it. A UDP flow has no end."""

    socket: "UdpSocket"
    address: tuple[Any, ...]  # as the kernel writes it: of IPv6 with the link it is good on
    near: HostPort = field(compare=False)

    @property
    def transport(self) -> str:
        return "UDP"

    @property
    def remote(self) -> HostPort:
        return self.address[0], self.address[1]

    @property
    def alive(self) -> bool:
        return True

    def send(self, data: bytes) -> None:
        """Send a datagram.

        Raises:
            ConnectionError: the kernel will not send it, because it is too long or no way leads there; unlike the end
                of a connection, this is told to nobody else.
        """
        self.socket.send(data, self.address)


class UdpSocket:
    """One bound socket, read in batches between which the loop's other work gets its turn."""

    def __init__(self, port: socket.socket, intake: Intake) -> None:
        self.address: HostPort = port.getsockname()[:2]
        self.family = port.family
        self._port, self._intake = port, intake
        self._loop = asyncio.get_running_loop()
        self._flows: dict[tuple[Any, ...], UdpFlow] = {}
        if _RECVERR is not None:
            port.setsockopt(*_RECVERR[port.family], 1)
        self._loop.add_reader(port.fileno(), self._readable)

    def flow(self, address: tuple[Any, ...]) -> UdpFlow:
        """Give the way to a remote address; such flows are equal, and mostly the same object."""
        flow = self._flows.get(address)
        if flow is None:
            if len(self._flows) >= _FLOWS:
                self._flows.clear()
            flow = UdpFlow(self, address, near(self._intake.settings, self.address, address[0]))
            self._flows[address] = flow
        return flow

    def flow_to(self, host: str, port: int) -> UdpFlow:
        """Give the way to an IP address, written as a peer's request from there would find it."""
        return self.flow((host, port) if self.family == socket.AF_INET else (host, port, 0, 0))

    def send(self, data: bytes, address: tuple[Any, ...]) -> None:
        """Send a datagram; raises `ConnectionError` if the kernel will not."""
        for _ in range(_TRIES):
            try:
                self._port.sendto(data, address)
                self._intake.counts["out UDP"] += 1
                return
            except BlockingIOError:
                self._intake.counts["unsent UDP"] += 1  # as good as lost on the way: it will be sent again
                return
            except OSError as problem:
                if problem.errno not in _RETURNED:
                    raise ConnectionError("not sent") from problem
                # The error of an earlier datagram, maybe to somebody else, and now it is told: again. Who it came back
                # from is read soon: libuv has stopped to watch us, and wakes nobody for it.
                self._loop.call_soon(self._returned)
        raise ConnectionError("not sent")

    def close(self) -> None:
        """Hear nothing more, and send nothing."""
        self._loop.remove_reader(self._port.fileno())
        self._port.close()

    def _readable(self) -> None:
        for count in range(_BATCH):
            try:
                data, address = self._port.recvfrom(_LONGEST)
            except BlockingIOError:
                if count == 0:  # woken for an error that a `send` was told of already
                    self._returned()
                return
            except OSError:
                self._returned()
                continue
            self._heard(data, address)

    def _heard(self, data: bytes, address: tuple[Any, ...]) -> None:
        if not is_keep_alive(data) and self._intake.admits(address[0], "UDP"):
            self._intake.read(data, self.flow(address))

    def _returned(self) -> None:
        """Read which datagrams came back: the kernel keeps the ICMP errors, each with the address it was sent to."""
        lost = set[tuple[Any, ...]]()
        for _ in range(_BATCH):
            try:
                _, notes, _, address = self._port.recvmsg(1, _NOTE, _ERRQUEUE)
            except OSError:
                break
            if any(_is_loss(data) for _, _, data in notes):
                lost.add(address)
        # The loop of libuv watches a socket no more that had an error, until it is asked anew.
        self._loop.remove_reader(self._port.fileno())
        self._loop.add_reader(self._port.fileno(), self._readable)
        for address in lost:
            log.debug("returned", remote=address[0], port=address[1])
            self._intake.lost(self.flow(address))


_LONGEST: Final = 65_535  # bytes of a datagram
_BATCH: Final = 64  # datagrams read before others of the loop get their turn
_FLOWS: Final = 4_096  # remembered; they cost little to make again
_TRIES: Final = 8
_NOTE: Final = 512  # bytes: room for one error and what the kernel says beside it
_ERRQUEUE: Final = 0x2000  # MSG_ERRQUEUE of Linux, which the module socket does not name
_RECVERR: Final = (  # IP_RECVERR and IPV6_RECVERR: without them nobody tells which datagram came back
    {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
    if sys.platform == "linux"
    else None
)
_RETURNED: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPROTO, errno.EMSGSIZE})
_ERROR: Final = struct.Struct("=IB")  # sock_extended_err: errno, and who says so
_ICMP: Final = (2, 3)


def _is_loss(note: bytes) -> bool:
    """Say whether an ICMP error means that the peer cannot be reached; a hint at smaller packets does not."""
    number, origin = _ERROR.unpack_from(note)
    return origin in _ICMP and number != errno.EMSGSIZE
