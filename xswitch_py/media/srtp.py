"""What one m-line is encrypted and decrypted with where the keys come from the SDP (RFC 3711, RFC 7714)."""

from collections.abc import Callable
from typing import Final

from pylibsrtp import Policy, Session

from xswitch_py.media.sdes import Crypto

__all__ = ["Srtp"]

_PROFILES: Final = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}
# Bytes of authentication after which a key identifier stands (RTP, RTCP); in GCM it comes last (RFC 7714 section 8).
_TAGS: Final = {"AES_CM_128_HMAC_SHA1_80": (10, 10), "AES_CM_128_HMAC_SHA1_32": (4, 10), "AEAD_AES_128_GCM": (0, 0)}
_WINDOW: Final = 1024  # packets behind the newest that are still told from replays

_Change = Callable[[bytes], bytes]  # takes a packet and gives another; raises `SrtpError`


class Srtp:
    """The keys in use, with what they have counted: how often the numbers of packets rolled over is in no packet.

    What is `None` leaves packets as they are.
    """

    __slots__ = ("_outgoing", "_theirs", "forget", "protect", "protect_rtcp", "unprotect", "unprotect_rtcp")

    def __init__(self) -> None:
        self.protect: _Change | None = None
        self.protect_rtcp: _Change | None = None
        self.unprotect: _Change | None = None
        self.unprotect_rtcp: _Change | None = None
        self.forget: Callable[[int], None] = lambda ssrc: None  # what is known of a source of the peer's
        self._theirs: Crypto | None = None
        self._outgoing: dict[str, tuple[bytes, Session]] = {}  # suite -> key and who counts: forks may choose another

    def use(self, ours: Crypto | None, theirs: Crypto | None) -> None:
        """Encrypt with our key and decrypt with the peer's; those that stay count on."""
        self._send(ours)
        self._receive(theirs)

    def _send(self, ours: Crypto | None) -> None:
        if ours is None:
            self.protect = self.protect_rtcp = None
            return
        key, session = self._outgoing.get(ours.suite, (b"", None))
        if session is None or key != ours.key:
            session = _session(ours, Policy.SSRC_ANY_OUTBOUND)
            self._outgoing[ours.suite] = ours.key, session
        self.protect, self.protect_rtcp = session.protect, session.protect_rtcp

    def _receive(self, theirs: Crypto | None) -> None:
        before, self._theirs = self._theirs, theirs
        if theirs is None:
            self.unprotect = self.unprotect_rtcp = None
        elif before is None or (before.suite, before.key, before.mki) != (theirs.suite, theirs.key, theirs.mki):
            session = _session(theirs, Policy.SSRC_ANY_INBOUND)
            rtp, rtcp = _TAGS[theirs.suite]
            self.unprotect = _bared(session.unprotect, theirs.mki, rtp)
            self.unprotect_rtcp = _bared(session.unprotect_rtcp, theirs.mki, rtcp)
            self.forget = session.remove_stream


def _session(crypto: Crypto, direction: int) -> Session:
    policy = Policy(crypto.key, direction, srtp_profile=_PROFILES[crypto.suite])
    policy.window_size = _WINDOW
    policy.allow_repeat_tx = True
    return Session(policy)


def _bared(unprotect: _Change, mki: int, tag: int) -> _Change:
    """Take the key identifier out of packets before they are decrypted: there is one key."""
    if not mki:
        return unprotect

    def bare(data: bytes) -> bytes:
        end = len(data) - tag
        return unprotect(data[: max(0, end - mki)] + data[end:])

    return bare
