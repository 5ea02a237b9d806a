"""A Verto client without media, for load and for abuse: its offer is canned, and nobody is behind its candidate."""

from typing import Any, Final
from uuid import uuid4

from tests.peers.wire import Message, VertoSocket

__all__ = ["CANNED_OFFER", "LightPeer"]

CANNED_OFFER: Final = "\r\n".join([
    "v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=msid-semantic: WMS s",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0",
    "a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host generation 0 network-id 1",
    "a=ice-ufrag:L1gh", "a=ice-pwd:abcdefghijklmnopqrstuvwx", "a=ice-options:trickle",
    "a=fingerprint:sha-256 " + ":".join(["5A"] * 32), "a=setup:actpass", "a=mid:0",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=sendrecv", "a=msid:s t", "a=rtcp-mux", "a=rtcp-rsize",
    "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc", "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=rtpmap:9 G722/8000", "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000", "a=rtpmap:13 CN/8000", "a=rtpmap:110 telephone-event/48000",
    "a=rtpmap:126 telephone-event/8000", "a=ssrc:3735928559 cname:light", "a=ssrc:3735928559 msid:s t", "",
])  # fmt: skip


class LightPeer(VertoSocket):
    """Signalling only."""

    async def invite(self, number: str, sdp: str = CANNED_OFFER, **dialog: Any) -> str:
        """Place a call with any SDP, and give its id once the server has taken it.

        Raises:
            Refused: it was not taken.
        """
        call_id = str(uuid4())
        await self.request(
            "verto.invite", sdp=sdp, dialogParams={"callID": call_id, "destination_number": number, **dialog}
        )
        return call_id

    async def bye(self, call_id: str) -> Message:
        """Hang up."""
        return await self.request("verto.bye", dialogParams={"callID": call_id})
