"""HEP version 3: a copy of each SIP message, without its secrets, for a Homer capture server."""

import asyncio
import socket
import struct
import time
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import structlog

from xswitch_py.endpoints.sip.flow import Flow, HostPort

__all__ = ["Hep", "packet"]

log = structlog.get_logger("xswitch.sip")

_UDP, _TCP = 17, 6  # IP protocol numbers
_SIP: Final = 1  # the protocol type
_FAMILIES: Final = {4: 2, 6: 10}  # AF_INET and AF_INET6, as Linux has them
_ADDRESSES: Final = {4: (3, 4), 6: (5, 6)}  # the chunks of source and destination
_PAYLOAD: Final = 60_000  # bytes: the length of a packet has 16 bits
_HEAD: Final = struct.Struct("!4sH")
_CHUNK: Final = struct.Struct("!HHH")  # vendor, type, length with this head
_BUFFER: Final = 2**20  # bytes that may wait in the kernel


class Hep:
    """Sends over UDP, and never waits: what cannot be sent now is lost, and that nobody listens is no error."""

    def __init__(self, host: str, port: int, node: int = 1, password: str = "") -> None:
        """`node` is our number as a capture agent, of 32 bits; `password` is what the server knows us by."""
        self._place = host, port
        self._node = node
        self._password = password.encode()
        self._socket: socket.socket | None = None
        self.lost = 0  # packets that could not be sent

    async def start(self) -> None:
        """Look the server up.

        Raises:
            OSError: there is no such host.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(*self._place, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        made.connect(address)
        self._socket = made
        log.info("capture", server="{}:{}".format(*address[:2]))

    def close(self) -> None:
        """Send no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, way: str, flow: Flow, payload: bytes, call: str = "") -> None:
        """Send a message that came `in` or went `out` on a flow; `call` is what our own records call its call."""
        if self._socket is None:
            return
        source, target = (flow.remote, flow.near) if way == "in" else (flow.near, flow.remote)
        protocol = _UDP if flow.transport == "UDP" else _TCP
        data = packet(
            source, target, payload, at=time.time(), protocol=protocol, node=self._node, key=self._password, call=call
        )
        try:
            self._socket.send(data)
        except OSError:  # nobody listens there, or the buffer is full
            self.lost += 1


def packet(
    source: HostPort,
    target: HostPort,
    payload: bytes,
    *,
    at: float,
    protocol: int = _UDP,
    node: int = 1,
    key: bytes = b"",
    call: str = "",
) -> bytes:
    """Make a packet; `at` is in Unix seconds. An address that is a name is written as the one that means none."""
    hosts = _hosts(source[0], target[0])
    version = hosts[0].version
    microseconds = round(at * 1e6)
    chunks = [
        _chunk(1, bytes((_FAMILIES[version],))),
        _chunk(2, bytes((protocol,))),
        *(_chunk(kind, host.packed) for kind, host in zip(_ADDRESSES[version], hosts, strict=True)),
        _chunk(7, source[1].to_bytes(2)),
        _chunk(8, target[1].to_bytes(2)),
        _chunk(9, (microseconds // 1_000_000).to_bytes(4)),
        _chunk(10, (microseconds % 1_000_000).to_bytes(4)),
        _chunk(11, bytes((_SIP,))),
        _chunk(12, node.to_bytes(4)),
        *([_chunk(14, key)] if key else ()),
        *([_chunk(17, call.encode())] if call else ()),
        _chunk(15, payload[:_PAYLOAD]),
    ]
    body = b"".join(chunks)
    return _HEAD.pack(b"HEP3", _HEAD.size + len(body)) + body


def _chunk(kind: int, data: bytes) -> bytes:
    return _CHUNK.pack(0, kind, _CHUNK.size + len(data)) + data


def _hosts(source: str, target: str) -> tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]:
    """Read both addresses; they are of one family."""
    read = _host(source), _host(target)
    version = next((host.version for host in read if host is not None), 4)
    nowhere = IPv4Address(0) if version == 4 else IPv6Address(0)
    one, other = (host if host is not None and host.version == version else nowhere for host in read)
    return one, other


def _host(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None
