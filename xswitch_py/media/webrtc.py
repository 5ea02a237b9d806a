"""One leg's way to a WebRTC peer: ICE and DTLS-SRTP on the shared port (RFC 8445, RFC 5764).

Once the keys are agreed a packet goes from the socket to the leg, and back, by plain function calls.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import structlog
from pylibsrtp import Session

from xswitch_py.base.errors import MediaError
from xswitch_py.base.sdp import Candidate, Fingerprint
from xswitch_py.media.aiortc_compat import (
    Address,
    Certificate,
    DtlsPath,
    DtlsTransport,
    IceAgent,
    SrtpError,
    StunMessage,
    handshake,
)
from xswitch_py.media.mux import MuxPort, MuxSocket, Receive
from xswitch_py.media.negotiate import Remote
from xswitch_py.media.ring import Ring
from xswitch_py.media.rtp_out import Send

__all__ = ["User", "WebRtc"]

log = structlog.get_logger("xswitch.media")

_MAX_CANDIDATES: Final = 32  # of the peer's
_MAX_ADDRESSES: Final = 8  # of one peer, at a time
_MAX_AGENTS: Final = 8  # ICE that begins anew before it has found a way
_OVERLAP: Final = 5.0  # seconds in which the old ICE still answers after a new one has found a way


class User(Protocol):
    """The leg that a transport carries packets for."""

    dropped: int
    allowance: float  # packets that may still come; grows with time

    def receive(self, packet: bytes, now: float) -> bool:
        """Take an RTP packet; `False` if its SSRC is one too many: its count of roll-overs need not be kept."""

    def receive_rtcp(self, packet: bytes, now: float) -> None:
        """Take a compound RTCP packet."""

    def up(self, send: Send, send_kept: Send, send_rtcp: Send) -> None:
        """Packets can flow, or take another way from now on; what `send_kept` sends can be sent again."""

    def down(self) -> None:
        """Packets can no longer flow."""

    def milestone(self, layer: str, text: str) -> None:
        """The transport came a step further; see `api.Milestone`."""


class WebRtc:
    """ICE, DTLS and SRTP of one leg; `ufrag`, `pwd` and `candidates` go into our SDP."""

    def __init__(
        self,
        mux: MuxPort,
        certificate: Certificate,
        user: User,
        *,
        advertised: Sequence[str],
        public: str | None = None,
        offers: bool,
        credentials: tuple[str, str] | None = None,
    ) -> None:
        """`public` is told to the peer in place of our `advertised` addresses; who `offers` controls ICE.

        `credentials` are those of a transport that this one takes the place of: the peer knows them already.
        """
        self._mux = mux
        self._user = user
        self._certificate = certificate
        self._agents: dict[str, IceAgent] = {}  # by our ufrag; only the latest has a say
        self._agent = self._new_agent(offers, credentials)
        self._started = False  # the latest
        self._path = DtlsPath(self._send_dtls)
        self._dtls: DtlsTransport | None = None
        self._prints: tuple[Fingerprint, ...] = ()  # of whom the keys are agreed with
        self._outgoing: Session | None = None
        self._rtp: Receive | None = None
        self._rtcp: Receive | None = None
        self._pair: tuple[MuxSocket, Address] | None = None
        self._found = asyncio.Event()
        self._known: list[tuple[MuxSocket, Address]] = []
        self._ring = Ring()  # of video
        self._closed = False
        self.candidates = _candidates(self._agent, advertised, public)

    @property
    def ufrag(self) -> str:
        """Our name for ICE."""
        return str(self._agent.local_username)

    @property
    def pwd(self) -> str:
        """Our password for ICE."""
        return str(self._agent.local_password)

    @property
    def paired(self) -> bool:
        """Whether ICE has found a way."""
        return self._pair is not None

    @property
    def is_fresh(self) -> bool:
        """Whether ICE has not begun, so that it may still be with any peer."""
        return not self._started

    def restart(self, *, offers: bool) -> None:
        """Prepare ICE anew, on the same port and beside what there is (RFC 8839 section 4.4.1.1.1); `connect` follows.

        `ufrag` and `pwd` are new ones.

        Raises:
            MediaError: it began anew too often, and never found a way.
        """
        if len(self._agents) >= _MAX_AGENTS:
            raise MediaError("ICE began anew too often")
        self._agent, self._started, self._found = self._new_agent(offers), False, asyncio.Event()

    async def connect(self, remote: Remote) -> None:
        """Find the way to the peer and agree on keys, as far as that is not done; then the user is `up`.

        Raises:
            ConnectionError: the peer is not who its SDP says, or the transport was closed.
        """
        agent = self._agent
        try:
            async with asyncio.TaskGroup() as group:
                if not self._started:
                    self._started = True
                    run = agent.run(remote.ufrag, remote.pwd, _targets(remote), lite=remote.lite)
                    group.create_task(run, name=f"ice {self.ufrag}")
                await self._found.wait()
                if self._prints != remote.fingerprints:
                    await self._agree_keys(remote)
        except* ConnectionError as errors:
            raise ConnectionError(str(errors.exceptions[0])) from None
        await self._retire(agent)

    def shut(self) -> None:
        """Stop sending and receiving, at once; `close` follows."""
        self._closed = True
        for ufrag in self._agents:
            if self._mux.ufrags.get(ufrag) is self:
                del self._mux.ufrags[ufrag]
        self._leave()

    async def close(self) -> None:
        """Tell the peer, and free what was used."""
        self.shut()
        if self._dtls is not None:
            await self._dtls.stop()
        self._path.close()
        for agent in self._agents.values():
            await agent.close()

    def resend(self, seq: int) -> bool:
        """Send a kept packet once more, as it was; `False` if it is not there any more."""
        data = self._ring.find(seq)
        if not data or self._pair is None:
            return False
        sock, address = self._pair
        sock.send(data, address)
        return True

    # What the mux brings.

    def check(self, message: StunMessage, address: Address, sock: MuxSocket) -> bool:
        """Answer a connectivity check; `False` if it is not genuine."""
        agent = self._agents.get(message.attributes.get("USERNAME", "").partition(":")[0])
        if self._closed or agent is None or not agent.check(message, address, sock):
            return False
        if not self._known:
            self._user.milestone("ice", f"first check from {_named(address)}")
        self._know((sock, address))
        return True

    def dtls(self, data: bytes) -> bool:
        """Take a DTLS datagram; `False` if it is of no use."""
        return self._path.feed(data)

    # Inside.

    def _new_agent(self, offers: bool, credentials: tuple[str, str] | None = None) -> IceAgent:
        def paired(sock: MuxSocket, address: Address) -> None:
            if self._agent is agent:
                self._paired(sock, address)

        def lost() -> None:
            if self._agent is agent:
                self._lost()

        agent = IceAgent(self._mux.sockets, controlling=offers, paired=paired, lost=lost, credentials=credentials)
        self._agents[str(agent.local_username)] = agent
        self._mux.ufrags[str(agent.local_username)] = self
        return agent

    async def _agree_keys(self, remote: Remote) -> None:
        """Do the DTLS handshake; keys that were agreed before are used until it is done."""
        if self._dtls is not None:
            self._path.close()
            self._path = DtlsPath(self._send_dtls)
        self._dtls = dtls = DtlsTransport(self._path, self._certificate, client=remote.dtls_client)
        self._user.milestone("dtls", f"handshake begins, as {'client' if remote.dtls_client else 'server'}")
        try:
            await handshake(dtls, [(f.algorithm, f.value) for f in remote.fingerprints])
        except ConnectionError as error:
            self._user.milestone("dtls", f"failed: {error}")
            raise
        self._user.milestone("dtls", f"keys agreed, {dtls.suite}")
        self._prints = remote.fingerprints
        self._secured(dtls)

    async def _retire(self, latest: IceAgent) -> None:
        """Close the agents before this one when the peer has had time to move."""
        old = [(ufrag, agent) for ufrag, agent in self._agents.items() if agent is not latest]
        if not old:
            return
        await asyncio.sleep(_OVERLAP)
        for ufrag, agent in old:
            self._mux.ufrags.pop(ufrag, None)
            del self._agents[ufrag]
            await agent.close()

    def _paired(self, sock: MuxSocket, address: Address) -> None:
        """A pair was nominated, the first or another: our packets go there from now on."""
        if self._closed:
            return
        self._user.milestone("ice", f"pair {_named(sock.address)} and {_named(address)}")
        self._pair = sock, address
        self._know(self._pair)
        sock.admit(address, self, self._rtp, self._rtcp)
        self._found.set()
        if self._rtp is not None:
            self._route()

    def _know(self, place: tuple[MuxSocket, Address]) -> None:
        """Remember one more of the peer's addresses, and forget the oldest of too many."""
        if place in self._known:
            return
        self._known.append(place)
        if len(self._known) > _MAX_ADDRESSES:
            sock, address = self._known.pop(1 if self._known[0] == self._pair else 0)
            sock.forget(address, self)

    def _lost(self) -> None:
        """Send nothing any more; the keys stay, for ICE that begins anew (RFC 7675 section 5.1)."""
        if not self._closed:
            log.info("consent expired", ufrag=self.ufrag)
            self._user.milestone("ice", "consent expired")
            self._mux.ufrags.pop(self.ufrag, None)
            self._agents.pop(self.ufrag, None)
            self._pair = None
            self._leave()
            self._user.down()

    def _leave(self) -> None:
        for sock, address in self._known:
            sock.forget(address, self)
        self._known.clear()

    def _secured(self, dtls: DtlsTransport) -> None:
        """Receive from every nominated address, and let the user send."""
        incoming, self._outgoing = dtls.sessions
        unprotect, unprotect_rtcp = incoming.unprotect, incoming.unprotect_rtcp
        user, receive = self._user, self._user.receive

        def rtp(data: bytes, now: float) -> None:
            user.allowance -= 1
            if user.allowance < 0:
                user.dropped += 1
                return
            try:
                packet = unprotect(data)
            except SrtpError:  # not authentic, or a replay
                user.dropped += 1
                return
            if not receive(packet, now):
                incoming.remove_stream(int.from_bytes(packet[8:12], "big"))

        def rtcp(data: bytes, now: float) -> None:
            try:
                packet = unprotect_rtcp(data)
            except SrtpError:
                user.dropped += 1
                return
            user.receive_rtcp(packet, now)

        self._rtp, self._rtcp = rtp, rtcp
        if self._pair is not None:
            self._route()

    def _route(self) -> None:
        assert self._pair is not None and self._outgoing is not None
        sock, address = self._pair
        sock.admit(address, self, self._rtp, self._rtcp)
        outgoing = self._outgoing
        protect, protect_rtcp, sendto, dropped = outgoing.protect, outgoing.protect_rtcp, sock.sendto, sock.dropped
        keep = self._ring.keep

        def send(packet: bytes) -> None:
            try:
                sendto(protect(packet), address)
            except (OSError, SrtpError, ValueError):  # no room in the buffer, or the packet is too large
                dropped["send"] += 1

        def send_kept(packet: bytes) -> None:
            try:
                data = protect(packet)
                keep(data)
                sendto(data, address)
            except (OSError, SrtpError, ValueError):
                dropped["send"] += 1

        def send_rtcp(packet: bytes) -> None:
            try:
                sendto(protect_rtcp(packet), address)
            except (OSError, SrtpError, ValueError):
                dropped["send"] += 1

        self._user.up(send, send_kept, send_rtcp)

    def _send_dtls(self, data: bytes) -> None:
        if self._pair is not None:
            sock, address = self._pair
            sock.send(data, address)


def _named(address: Address) -> str:
    return f"{address[0]} port {address[1]}"


def _targets(remote: Remote) -> list[tuple[str, int, str, int, str]]:
    found = [(c.foundation, c.priority, c.host, c.port, c.kind) for c in remote.candidates if _usable(c)]
    return found[:_MAX_CANDIDATES]


def _usable(candidate: Candidate) -> bool:
    """Names are not looked up: the peer's own checks show where it is."""
    return candidate.transport == "udp" and candidate.component == 1 and not candidate.host.endswith(".local")


def _candidates(agent: IceAgent, advertised: Sequence[str], public: str | None) -> tuple[Candidate, ...]:
    local = [c for c in agent.local_candidates if c.host in advertised]
    chosen = local[:1] if public else local
    return tuple(Candidate(c.foundation, 1, "udp", c.priority, public or c.host, c.port) for c in chosen)
