"""How the legs of a media plane reach their peers: the shared port for WebRTC, and the range of ports for plain RTP."""

from collections.abc import Callable, Sequence

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.base.sdp import Fingerprint
from xswitch_py.media.aiortc_compat import Certificate
from xswitch_py.media.api import Transport
from xswitch_py.media.bargain import Side
from xswitch_py.media.hosts import Hosts
from xswitch_py.media.mux import MuxPort, advertised
from xswitch_py.media.port import Port
from xswitch_py.media.ports import RtpPorts
from xswitch_py.media.rtp import Rtp
from xswitch_py.media.sides import RtpSide, Spawn, WebRtcSide
from xswitch_py.media.webrtc import WebRtc

__all__ = ["Transports"]


class Transports:
    """The ports of one process; `mux` and `rtp` are None before `start`."""

    def __init__(
        self,
        spawn: Spawn,
        *,
        addresses: Sequence[str] | None,
        port: int,
        public_address: str | None,
        rtp_ports: tuple[int, int],
        symmetric_rtp: bool,
    ) -> None:
        """See `Plane`; `spawn` runs what takes time."""
        self.rtp_range = rtp_ports
        self.mux: MuxPort | None = None
        self.rtp: RtpPorts | None = None
        self._spawn = spawn
        self._wanted = addresses
        self._wanted_port = port
        self._public = public_address
        self._symmetric = symmetric_rtp
        self._hosts: list[str] = []

    def start(self) -> None:
        """Open the shared port.

        Raises:
            ValueError: an address cannot be used.
            OSError: the port is taken, or an address is not of this host.
        """
        self._hosts = advertised(self._wanted)
        self._certificate = Certificate.generateCertificate()
        self._fingerprint = Fingerprint("sha-256", self._certificate.sha256())
        self.mux = MuxPort(self._hosts, self._wanted_port)
        self.mux.listen()
        self.rtp = RtpPorts(*self.rtp_range)
        self.rtp.start()

    def stop(self) -> None:
        """Close all ports."""
        if self.mux is not None:
            self.mux.close()
            self.mux = None
        if self.rtp is not None:
            self.rtp.stop()
            self.rtp = None

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The addresses and port that peers are told; empty before `start`."""
        if self.mux is None:
            return []
        return [(host, self.mux.port) for host in ([self._public] if self._public else self._hosts)]

    @property
    def open_at(self) -> list[tuple[str, int]]:
        """The addresses and port where packets are taken, in order; empty before `start`."""
        return sorted(sock.address for sock in self.mux.sockets) if self.mux else []

    @property
    def dropped(self) -> dict[str, int]:
        """What was thrown away because it belonged to no leg or could not be sent: reason -> packets."""
        return dict(self.mux.dropped + self.rtp.dropped) if self.mux and self.rtp else {}

    def side(self, port: Port, transport: Transport, host: str, failed: Callable[[str], None]) -> Side:
        """Make our side of what will be agreed on; `failed` is told why a transport cannot be had.

        Raises:
            MediaError: nothing was started.
        """
        if self.mux is None:
            raise MediaError("the media plane is not running", Cause.NETWORK_OUT_OF_ORDER)
        if transport is Transport.WEBRTC:
            return WebRtcSide(port, self._webrtc, self._fingerprint, self._spawn, failed)
        hosts = Hosts(self._hosts, self._public, only=self._wanted is not None)
        return RtpSide(port, self._plain, hosts, host, secure=transport is Transport.SRTP)

    def _webrtc(self, port: Port, offers: bool, credentials: tuple[str, str] | None) -> WebRtc:
        assert self.mux is not None
        return WebRtc(
            self.mux, self._certificate, port, advertised=self._hosts, public=self._public, offers=offers,
            credentials=credentials,
        )  # fmt: skip

    def _plain(self, port: Port, host: str) -> Rtp:
        assert self.rtp is not None
        return Rtp(self.rtp, port, host, any_host=self._symmetric)
