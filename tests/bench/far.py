"""WebRTC far ends without RTP in Python: ICE and DTLS by aiortc's parts, then the pump gets socket and keys."""

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any, Final

from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)

from tests.bench.pump import Pump, Stream

__all__ = ["FarLeg"]

_CERTIFICATE: Final = RTCCertificate.generateCertificate()
_FINGERPRINT: Final = next(each.value for each in _CERTIFICATE.getFingerprints() if each.algorithm == "sha-256")


class _Dtls(RTCDtlsTransport):
    """Keeps the SRTP keys of the handshake: RFC 5764 4.2."""

    srtp_profile = 0
    keys = (b"", b"")  # what the client, what the server encrypts with

    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        assert self._ssl is not None
        name = self._ssl.get_selected_srtp_profile()
        profile = next(each for each in self._srtp_profiles if each.openssl_profile == name)
        size = 2 * (profile.key_length + profile.salt_length)
        view = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        self.keys = profile.get_key_and_salt(view, 0), profile.get_key_and_salt(view, 1)
        self.srtp_profile = profile.libsrtp_profile


class FarLeg:
    """One phone of the pump: `offer` then `connect`, or `answer` then `connect`."""

    def __init__(self) -> None:
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._gatherer._connection._use_ipv6 = False
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = _Dtls(self._ice, [_CERTIFICATE])
        self.ssrc = random.getrandbits(32)
        self.payload_type = 111
        self.number = -1  # at the pump

    async def offer(self) -> str:
        """Make an offer of Opus and nothing else."""
        await self._gatherer.gather()
        self._ice._connection.ice_controlling = True
        return self._sdp("actpass")

    async def answer(self, offer: str) -> str:
        """Make the answer to an offer, with the number it gives to Opus."""
        await self._gatherer.gather()
        self._ice._connection.ice_controlling = False
        self.payload_type = int(_find(r"a=rtpmap:(\d+) opus/48000", offer))
        return self._sdp("active", _find(r"a=mid:(\S+)", offer))

    async def connect(self, sdp: str) -> None:
        """Take the other side's SDP; returns when ICE and DTLS are through."""
        for found in re.finditer(r"(?mi)^a=candidate:(\S+) 1 udp (\d+) ([\d.]+) (\d+) typ host", sdp):
            candidate = RTCIceCandidate(1, found[1], found[3], int(found[4]), int(found[2]), "udp", "host")
            await self._ice.addRemoteCandidate(candidate)
        await self._ice.addRemoteCandidate(None)
        lite = "a=ice-lite" in sdp
        await self._ice.start(
            RTCIceParameters(_find(r"a=ice-ufrag:(\S+)", sdp), _find(r"a=ice-pwd:(\S+)", sdp), iceLite=lite)
        )
        self._dtls._set_role("server" if _find(r"a=setup:(\w+)", sdp) == "active" else "client")
        fingerprint = RTCDtlsFingerprint("sha-256", _find(r"(?i)a=fingerprint:sha-256 (\S+)", sdp))
        await self._dtls.start(RTCDtlsParameters([fingerprint]))
        assert self._dtls.state == "connected", self._dtls.state

    def hand_over(self, pump: Pump) -> None:
        """Give socket and keys to the pump; ICE checks come back here."""
        pair = next(iter(self._ice._connection._nominated.values()))
        protocol: Any = pair.protocol
        fd = protocol.transport.get_extra_info("socket").fileno()
        loop: Any = asyncio.get_running_loop()
        loop._remove_reader(fd)
        client = self._dtls._role == "client"
        out, into = self._dtls.keys if client else self._dtls.keys[::-1]
        to = (pair.remote_candidate.host, pair.remote_candidate.port)
        other: Callable[[bytes], None] = lambda data: protocol.datagram_received(data, to)  # noqa: E731
        stream = Stream(self._dtls.srtp_profile, out, into, self.payload_type, self.ssrc)
        self.number = pump.add(fd, to, stream, other)

    async def close(self) -> None:
        """Forget everything; after the pump was closed."""
        await self._dtls.stop()
        await self._ice.stop()

    def _sdp(self, setup: str, mid: str = "0") -> str:
        own = self._gatherer.getLocalParameters()
        pt = self.payload_type
        return "\r\n".join([
            "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {mid}", "a=msid-semantic: WMS far",
            f"m=audio 9 UDP/TLS/RTP/SAVPF {pt}", "c=IN IP4 0.0.0.0", "a=rtcp-mux", f"a=mid:{mid}", "a=sendrecv",
            f"a=rtpmap:{pt} opus/48000/2", f"a=fmtp:{pt} minptime=10;useinbandfec=1", f"a=setup:{setup}",
            f"a=ice-ufrag:{own.usernameFragment}", f"a=ice-pwd:{own.password}", f"a=fingerprint:sha-256 {_FINGERPRINT}",
            *(f"a=candidate:{each.foundation} 1 udp {each.priority} {each.ip} {each.port} typ host"
              for each in self._gatherer.getLocalCandidates()),
            "a=end-of-candidates", f"a=ssrc:{self.ssrc} cname:far", f"a=ssrc:{self.ssrc} msid:far audio", "",
        ])  # fmt: skip


def _find(pattern: str, sdp: str) -> str:
    found = re.search(pattern, sdp)
    assert found, f"no {pattern} in {sdp}"
    return found[1]
