"""The only place that touches what aiortc and aioice keep private: ICE on our own sockets, DTLS over our own path.

Each use of something private is a test of `tests/media/test_aiortc_compat.py`; both packages are pinned to a minor one.
"""

import asyncio
import secrets
import struct
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any, Final, Protocol

from aioice import Candidate, Connection, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol, get_host_addresses
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80
from OpenSSL import SSL
from pylibsrtp import Error as SrtpError
from pylibsrtp import Session

__all__ = [
    "Address", "Certificate", "DtlsPath", "DtlsTransport", "IceAgent", "IceSocket", "SrtpError", "StunMessage",
    "Transactions", "handshake", "host_addresses", "parse_stun",
]  # fmt: skip

Address = tuple[str, int]
StunMessage = stun.Message
Transactions = dict[bytes, stun.Transaction]

_PROFILES: Final = [SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80]  # in our order of preference
# What aiortc has, and the same for a peer whose certificate is RSA's, as a desk phone's may be.
_CIPHERS: Final = ":".join(
    f"ECDHE-{kind}-{rest}"
    for rest in ("AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES128-SHA", "AES256-SHA")
    for kind in ("ECDSA", "RSA")
).encode()
_MAX_PAIRS: Final = 100  # RFC 8445 section 19.5.1
_MAX_ROLE_SWITCHES: Final = 3
_MAX_WAITING: Final = 64  # DTLS datagrams not yet read


class IceSocket(Protocol):
    """A UDP socket of ours, as an ICE agent needs it."""

    address: Address
    transactions: Transactions  # one table for all agents of all sockets

    def send(self, data: bytes, to: Address) -> None:
        """Send a datagram, or drop it."""


def host_addresses() -> list[str]:
    """List the IPv4 addresses of this host, without loopback."""
    return get_host_addresses(use_ipv4=True, use_ipv6=False)


def parse_stun(data: bytes) -> stun.Message | None:
    """Read a STUN message; `None` if it is none."""
    try:
        return stun.parse_message(data)
    except (ValueError, LookupError, struct.error):
        return None


class IceAgent(Connection):
    """One leg's ICE on sockets that many legs share; it waits for the peer's checks: end-of-candidates is never said.

    Calls `paired(socket, address)` whenever a pair is nominated, again if it is another than before, and `lost()` when
    consent has expired (RFC 7675) or it was closed.
    """

    def __init__(
        self,
        sockets: Sequence[IceSocket],
        *,
        controlling: bool,
        paired: Callable[[Any, Address], None],
        lost: Callable[[], None],
        credentials: tuple[str, str] | None = None,
    ) -> None:
        """`credentials` are our ufrag and pwd, where they are not to be new ones."""
        ufrag, pwd = credentials or (secrets.token_hex(4), secrets.token_hex(12))
        super().__init__(ice_controlling=controlling, local_username=ufrag, local_password=pwd)
        self._paired = paired
        self._lost = lost
        self._pair: CandidatePair | None = None
        self._role_switches = 0
        self._by_socket: dict[int, _Protocol] = {}
        for preference, sock in enumerate(sockets):
            protocol = _Protocol(self, sock, 65535 - preference)
            self._by_socket[id(sock)] = protocol
            self._protocols.append(protocol)
            self._local_candidates.append(protocol.local_candidate)
        self._local_candidates_start = self._local_candidates_end = True

    async def run(
        self, ufrag: str, pwd: str, candidates: Iterable[tuple[str, int, str, int, str]], *, lite: bool = False
    ) -> None:
        """Look for a way to the peer, given as (foundation, priority, address, port, type); return when there is one.

        Raises:
            ConnectionError: it was closed before.
        """
        self.remote_username, self.remote_password, self.remote_is_lite = ufrag, pwd, lite
        for foundation, priority, host, port, kind in candidates:
            await self.add_remote_candidate(Candidate(foundation, 1, "udp", priority, host, port, kind))
        await self.connect()

    def check(self, message: stun.Message, address: Address, sock: IceSocket) -> bool:
        """Answer a connectivity check; one that is not genuine has no effect and gives `False`."""
        if not self._is_genuine(message) or not self._has_room(message, address):
            return False
        self.request_received(message, address, self._by_socket[id(sock)])
        return True

    def check_complete(self, pair: CandidatePair) -> None:
        """Hear from aioice that a check has ended."""
        super().check_complete(pair)
        nominated = self._nominated.get(1)
        if nominated is not None and nominated is not self._pair:
            self._pair = nominated
            protocol = nominated.protocol
            assert isinstance(protocol, _Protocol)
            self._paired(protocol.sock, nominated.remote_addr)

    def switch_role(self, ice_controlling: bool) -> None:
        """Change the role after a conflict, a few times at most."""
        self._role_switches += 1
        if self._role_switches > _MAX_ROLE_SWITCHES:
            raise asyncio.CancelledError  # ends the check that met the conflict
        super().switch_role(ice_controlling)

    async def close(self) -> None:
        """Stop; aioice calls it too, when consent has expired."""
        self._lost()
        await super().close()

    def _is_genuine(self, message: stun.Message) -> bool:
        attributes = message.attributes
        name, _, peer = attributes.get("USERNAME", "").partition(":")
        return (
            message.message_class is stun.Class.REQUEST
            and message.message_method is stun.Method.BINDING
            and name == self.local_username
            and self.remote_username in (None, peer)
            and "PRIORITY" in attributes
            and message.check_message_integrity(self.local_password.encode())
        )

    def _has_room(self, message: stun.Message, address: Address) -> bool:
        conflict = ("ICE-CONTROLLING" if self.ice_controlling else "ICE-CONTROLLED") in message.attributes
        if conflict and self._role_switches >= _MAX_ROLE_SWITCHES:
            return False
        return len(self._check_list) < _MAX_PAIRS or any(p.remote_addr == address for p in self._check_list)


class _Candidate(Candidate):
    """One of our addresses: loopback reaches loopback only."""

    def can_pair_with(self, other: Candidate) -> bool:
        """Say whether packets can go from here to there."""
        try:
            there = ip_address(other.host)
        except ValueError:
            return False
        here = ip_address(self.host)
        return here.version == there.version and here.is_loopback == there.is_loopback


class _Protocol(StunProtocol):
    """What an agent sends and receives on one socket."""

    def __init__(self, agent: IceAgent, sock: IceSocket, preference: int) -> None:
        super().__init__(agent)
        self.sock = sock
        self.transactions = sock.transactions
        host, port = sock.address
        foundation, priority = candidate_foundation("host", "udp", host), candidate_priority(1, "host", preference)
        self.local_candidate = _Candidate(foundation, 1, "udp", priority, host, port, "host")
        self.connection_made(_Transport(self))


class _Transport(asyncio.DatagramTransport):
    """Our socket, as asyncio would hand it to aioice."""

    def __init__(self, protocol: _Protocol) -> None:
        super().__init__()
        self._protocol = protocol

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send a datagram, or drop it."""
        self._protocol.sock.send(data, addr)

    def close(self) -> None:
        """Part the agent from the socket, which stays open."""
        asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)


class Certificate(RTCCertificate):
    """A certificate for many legs: its TLS context is made once, and keeps no sessions."""

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        context: SSL.Context | None = self.__dict__.get("context")
        if context is None:
            context = super()._create_ssl_context(srtp_profiles)
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            context.set_cipher_list(_CIPHERS)
            self.__dict__["context"] = context
        return context

    def sha256(self) -> str:
        """Give the fingerprint as SDP writes it: hexadecimal pairs with colons."""
        return next(f.value for f in self.getFingerprints() if f.algorithm == "sha-256")


class DtlsPath:
    """The way of DTLS datagrams to and from the peer, as `RTCDtlsTransport` knows it from an ICE transport."""

    role = "controlled"  # not looked at: the DTLS role is set

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_WAITING)
        self._send_now = send

    def feed(self, data: bytes) -> bool:
        """Take a datagram from the peer; `False` if it is not worth reading."""
        # Before the keys are agreed an alert is not authenticated, and anybody's could end the handshake.
        alert = data[0] == 21 and data[3:5] == b"\0\0"
        if alert or self._queue.full():
            return False
        self._queue.put_nowait(data)
        return True

    def close(self) -> None:
        """End the reading."""
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def _recv(self) -> bytes:
        data = await self._queue.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        self._send_now(data)


class DtlsTransport(RTCDtlsTransport):
    """DTLS with our order of SRTP profiles, over a path of ours."""

    def __init__(self, path: DtlsPath, certificate: Certificate, *, client: bool) -> None:
        super().__init__(path, [certificate])  # type: ignore[arg-type]  # duck-typed: role, _recv, _send
        self._srtp_profiles = list(_PROFILES)
        self._set_role("client" if client else "server")

    @property
    def sessions(self) -> tuple[Session, Session]:
        """The SRTP contexts for what is received and what is sent; only after the handshake."""
        return self._rx_srtp, self._tx_srtp

    @property
    def suite(self) -> str:
        """What was agreed on, as OpenSSL names it: the cipher, and the SRTP profile; only after the handshake."""
        assert self._ssl is not None
        return f"{self._ssl.get_cipher_name()} {self._ssl.get_selected_srtp_profile().decode()}"


async def handshake(transport: DtlsTransport, fingerprints: Iterable[tuple[str, str]]) -> None:
    """Agree on keys with a peer whose certificate has these fingerprints (algorithm, value).

    Raises:
        ConnectionError: the peer's certificate is another, or it wants no SRTP profile of ours.
    """
    await transport.start(RTCDtlsParameters([RTCDtlsFingerprint(a.lower(), v.upper()) for a, v in fingerprints]))
    if transport.state != "connected":
        raise ConnectionError("the DTLS handshake failed")
