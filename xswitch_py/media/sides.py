"""Our side of an agreement: over ICE and DTLS on the shared port, or over ports of the leg's own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from xswitch_py.base.errors import MediaError
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Fingerprint, Session
from xswitch_py.media import negotiate, negotiate_rtp, sdes
from xswitch_py.media.api import Heard, Video
from xswitch_py.media.hosts import Hosts
from xswitch_py.media.negotiate import Agreed, Local, Remote
from xswitch_py.media.negotiate_rtp import LocalRtp, RtpAgreed
from xswitch_py.media.port import Port
from xswitch_py.media.rtp import Rtp
from xswitch_py.media.streams import Agreement
from xswitch_py.media.webrtc import WebRtc

__all__ = ["MakeRtp", "MakeWebRtc", "RtpSide", "Spawn", "WebRtcSide"]

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
MakeWebRtc = Callable[[Port, bool, tuple[str, str] | None], WebRtc]  # whether we offer; our ufrag and pwd, to be kept
MakeRtp = Callable[[Port, str], Rtp]  # on which address of ours


class WebRtcSide:
    """Our side over WebRTC."""

    def __init__(
        self, port: Port, make: MakeWebRtc, fingerprint: Fingerprint, spawn: Spawn, failed: Callable[[str], None]
    ) -> None:
        """`failed` is told why the agreed transport cannot be had."""
        self._port = port
        self._make = make
        self._fingerprint = fingerprint
        self._spawn = spawn
        self._failed = failed
        self._transport: WebRtc | None = None
        self._remote: Remote | None = None
        self._connecting: asyncio.Task[None] | None = None

    def heard(self, offer: Session) -> Heard:
        """Say what an offer has in common with us."""
        return negotiate.heard(offer)

    def answer(self, offer: Session, wish: Wish) -> tuple[Session, Agreed]:
        """Answer an offer."""
        if self._transport is None or self._remote is None:
            transport = self._open(offers=False)
            try:
                return negotiate.make_answer(offer, wish, self._local(transport))
            except MediaError:
                self.drop()
                raise
        transport, before = self._transport, self._remote
        _, agreed = negotiate.make_answer(offer, wish, self._local(transport))
        if _is_elsewhere(before, agreed.remote):
            transport.restart(offers=False)
        same = agreed.remote.fingerprints == before.fingerprints
        return negotiate.make_answer(offer, wish, self._local(transport, before.dtls_client if same else None))

    def offer(self, wish: Wish) -> Session:
        """Make the first offer."""
        transport = self._open(offers=True)
        try:
            return negotiate.make_offer(wish, self._local(transport))
        except MediaError:
            self.drop()
            raise

    def reoffer(self, theirs: Session, video: Video | None) -> Session:
        """Offer anew."""
        agreed = self._port.agreed
        if self._transport is None or not isinstance(agreed, Agreed):
            raise MediaError("there is no transport")
        return negotiate.remake_offer(theirs, agreed, self._local(self._transport), video)

    def read(self, offer: Session, answer: Session) -> Agreed:
        """Read the answer to an offer of ours."""
        if self._transport is None:
            raise MediaError("there is no transport")
        return negotiate.read_answer(offer, answer)

    def begin(self, agreed: Agreement) -> None:
        """Connect, as far as this is with another peer than before."""
        assert isinstance(agreed, Agreed) and self._transport is not None
        before, remote = self._remote, agreed.remote
        moved = before is None or _is_elsewhere(before, remote)
        if moved and not self._transport.is_fresh:
            self._replace(self._transport)
        self._remote = remote
        self._port.agree(agreed)
        if moved or before is None or before.fingerprints != remote.fingerprints:
            self._stop_connecting()
            self._connecting = self._spawn(self._connect(self._transport, remote), f"connect {self._port.leg}")

    def drop(self) -> None:
        """Give the transport up."""
        transport, self._transport, self._remote = self._transport, None, None
        self._port.down()
        self._stop_connecting()
        if transport is not None:
            transport.shut()
            self._spawn(transport.close(), f"close {self._port.leg}")

    def _open(self, *, offers: bool, credentials: tuple[str, str] | None = None) -> WebRtc:
        if self._transport is not None:
            self.drop()
        self._transport = self._make(self._port, offers, credentials)
        self._port.allow_resend(self._transport.resend)
        return self._transport

    def _replace(self, transport: WebRtc) -> None:
        """Another peer answers the same offer (a fork): begin anew with it, as whom the offer says."""
        self.drop()
        self._open(offers=True, credentials=(transport.ufrag, transport.pwd))

    def _local(self, transport: WebRtc, client: bool | None = None) -> Local:
        ssrcs = {kind: lane.out.ssrc for kind, lane in self._port.lanes.items()}
        return Local(transport.ufrag, transport.pwd, self._fingerprint, transport.candidates, ssrcs, client=client)

    async def _connect(self, transport: WebRtc, remote: Remote) -> None:
        try:
            await transport.connect(remote)
        except ConnectionError as error:
            if self._transport is transport:
                self._failed(str(error))

    def _stop_connecting(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None


class RtpSide:
    """Our side over plain RTP, or SRTP with keys from the SDP."""

    def __init__(self, port: Port, make: MakeRtp, hosts: Hosts, peer: str, *, secure: bool) -> None:
        """`peer` is where it is thought to be, or empty; with `secure` it is SRTP or nothing."""
        self._port = port
        self._make = make
        self._hosts = hosts
        self._peer = peer
        self._secure = secure
        self._transport: Rtp | None = None
        self._agreed: RtpAgreed | None = None  # on this transport

    def heard(self, offer: Session) -> Heard:
        """Say what an offer has in common with us."""
        return negotiate_rtp.heard(offer)

    def answer(self, offer: Session, wish: Wish) -> tuple[Session, RtpAgreed]:
        """Answer an offer."""
        accepted = negotiate_rtp.accepted(offer, wish)
        before, transport = self._agreed, self._transport
        try:
            transport = transport or self._open(self._hosts.towards(accepted["audio"].address))
            transport.open(*accepted)
            answer, agreed = negotiate_rtp.make_answer(offer, wish, self._local(transport, secure=True), before)
            self._check(transport, agreed)
        except MediaError:
            if before is None:
                self.drop()
            raise
        return answer, agreed

    def offer(self, wish: Wish) -> Session:
        """Make the first offer."""
        try:
            transport = self._open(self._hosts.towards(self._peer))
            transport.open(*negotiate_rtp.wanted(wish))
            return negotiate_rtp.make_offer(wish, self._local(transport, secure=self._secure))
        except MediaError:
            self.drop()
            raise

    def reoffer(self, theirs: Session, video: Video | None) -> Session:
        """Offer anew, with the video that is in use."""
        if self._transport is None or self._agreed is None:
            raise MediaError("there is no transport")
        return negotiate_rtp.remake_offer(theirs, self._agreed, self._local(self._transport, secure=True))

    def read(self, offer: Session, answer: Session) -> RtpAgreed:
        """Read the answer to an offer of ours."""
        if self._transport is None:
            raise MediaError("there is no transport")
        agreed = negotiate_rtp.read_answer(offer, answer)
        self._check(self._transport, agreed)
        return agreed

    def begin(self, agreed: Agreement) -> None:
        """Send where the peer wants it, and hear it."""
        assert isinstance(agreed, RtpAgreed) and self._transport is not None
        self._agreed = agreed
        self._port.agree(agreed)
        self._transport.connect(agreed)

    def drop(self) -> None:
        """Give the ports up."""
        transport, self._transport, self._agreed = self._transport, None, None
        self._port.down()
        if transport is not None:
            transport.shut()

    def _open(self, host: str) -> Rtp:
        if self._transport is not None:
            self.drop()
        self._transport = self._make(self._port, host)
        self._port.allow_resend(self._transport.resend)
        return self._transport

    def _local(self, transport: Rtp, *, secure: bool) -> LocalRtp:
        """Say what there is of us; with new keys, if it may come to SRTP."""
        keys = {kind: sdes.keys() for kind in transport.ports} if secure else {}
        return LocalRtp(self._hosts.told(transport.host), transport.ports, keys)

    def _check(self, transport: Rtp, agreed: RtpAgreed) -> None:
        targets = agreed.targets.values()
        if any(target.host and (":" in target.host) != (":" in transport.host) for target in targets):
            raise MediaError("the peer's address is of another family than ours")
        if self._secure and any(target.ours is None for target in targets):
            raise MediaError("the peer wants plain RTP where it must be SRTP")


def _is_elsewhere(before: Remote, now: Remote) -> bool:
    """Tell whether ICE is to begin anew (RFC 8839 section 4.4.1.1.1), or is with somebody else."""
    return now.ufrag != before.ufrag and now.pwd != before.pwd
