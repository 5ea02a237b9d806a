"""SRTP keys that travel in the SDP: `a=crypto` lines to objects and back (RFC 4568, RFC 7714 section 14)."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

__all__ = ["SUITES", "Crypto", "keys", "parse", "pick", "serialise"]

SUITES: Final = {  # suite -> bytes of master key and salt; in our order of preference
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_32": 30,
}

_LINE: Final = re.compile(
    r"([0-9]{1,9})[ \t]+([A-Za-z0-9_]{1,64})[ \t]+"
    r"inline:([A-Za-z0-9+/]{38,40}={0,2})(\|(?:2\^)?[0-9]{1,20})?(?:\|[0-9]{1,20}:([0-9]{1,3}))?((?:[ \t]+\S+)*)[ \t]*",
    re.IGNORECASE,
)
_MKI_LONGEST: Final = 128  # bytes


@dataclass(frozen=True, slots=True)
class Crypto:
    """One line: how its writer encrypts what it sends."""

    tag: int
    suite: str  # as in SUITES
    key: bytes = field(repr=False)  # with the salt after it
    mki: int = 0  # bytes of key identifier in each packet


def keys() -> dict[str, bytes]:
    """Make new keys of ours, one a suite."""
    return {suite: secrets.token_bytes(size) for suite, size in SUITES.items()}


def parse(line: str) -> Crypto | None:
    """Read a line without its `a=crypto:`; `None` if it is malformed, or asks for what we do not do.

    A lifetime is of no interest: no call sends 2^31 packets.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    tag, name, text, _, mki, more = found.groups()
    key, suite = _decoded(text), name.upper()
    # What a parameter asks for must be done, unless it is a hint on the window or marked as optional (section 6.3).
    hints = all(word.upper().startswith(("WSH=", "-")) for word in more.split())
    if len(key) != SUITES.get(suite) or not hints or int(mki or 0) > _MKI_LONGEST:
        return None
    return Crypto(int(tag), suite, key, int(mki or 0))


def pick(lines: tuple[str, ...]) -> Crypto | None:
    """Choose the first line that we can do, preferring those whose packets carry no key identifier."""
    known = [crypto for crypto in map(parse, lines) if crypto is not None]
    return min(known, key=lambda crypto: crypto.mki > 0, default=None)


def serialise(crypto: Crypto) -> str:
    """Write a line without its `a=crypto:`."""
    return f"{crypto.tag} {crypto.suite} inline:{base64.b64encode(crypto.key).decode()}"


def _decoded(text: str) -> bytes:
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return b""
