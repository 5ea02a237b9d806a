"""Digest authentication by RFC 7616 and RFC 8760: the sums, and the judging of credentials by stored HA1 values."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from xswitch_py.pysip.auth import Credentials

__all__ = ["ALGORITHMS", "Nonces", "Verdict", "digest_response", "judge", "make_ha1", "strength"]

ALGORITHMS: Final = ("SHA-256", "MD5")  # what we can, the strongest first; each also with "-sess"

_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256"}
_SESSION: Final = "-SESS"
_NOBODY: Final = "0" * 32  # stands for the HA1 of who is unknown: the same work, and never right
_MAC: Final = 16  # bytes
_RANDOM: Final = 8  # bytes
_TIME: Final = 6  # bytes of milliseconds
_WINDOW: Final = 32  # by so much a count may be behind the highest
_WINDOW_BITS: Final = (1 << _WINDOW) - 1


class Verdict(Enum):
    """What there is to say of credentials."""

    GOOD = auto()
    STALE = auto()  # the secret is right, but the nonce is old or was used so: challenge with stale=true
    WRONG = auto()  # a wrong password or an unknown user, which nobody can tell apart: challenge anew


@dataclass(slots=True)
class _Use:
    made: float
    last: float
    highest: int
    seen: int  # bit n: the count `highest - n` was used


@dataclass(slots=True)
class Nonces:
    """Makes nonces that prove their own time and realm, and remembers only those that were used with a right digest.

    A nonce lives `lifetime` seconds from its making and from each use, but never longer than `longest`. Of the used
    ones the latest `size` are remembered; with one that is forgotten all made before it end, so that no request is good
    twice.
    """

    secret: bytes = field(repr=False)
    lifetime: float = 300
    longest: float = 3600
    size: int = 100_000
    _uses: OrderedDict[str, _Use] = field(default_factory=OrderedDict, repr=False)
    _forgotten: float = 0  # unknown nonces made up to here are old

    def make(self, realm: str, now: float) -> str:
        """Make a nonce. `now` is in seconds since the epoch."""
        head = int(now * 1000).to_bytes(_TIME, "big") + secrets.token_bytes(_RANDOM)
        return base64.b64encode(head + self._mac(head, realm)).decode()

    def fresh(self, nonce: str, realm: str, now: float) -> bool:
        """Say whether a nonce is ours and alive."""
        made = self._made(nonce, realm)
        if made is None:
            return False
        use = self._uses.get(nonce)
        since = use.last if use else made
        return now - since <= self.lifetime and now - made <= self.longest and (bool(use) or made > self._forgotten)

    def use(self, nonce: str, realm: str, count: int, now: float) -> bool:
        """Note that its owner used a nonce; false if it is not fresh, or the count was used or is too far behind."""
        if not self.fresh(nonce, realm, now):
            return False
        use = self._uses.get(nonce)
        if use is None:
            self._uses[nonce] = _Use(self._made(nonce, realm) or now, now, count, 1)
            self._forget()
            return True
        self._uses.move_to_end(nonce)
        if not _counted(use, count):
            return False
        use.last = now
        return True

    def _made(self, nonce: str, realm: str) -> float | None:
        try:
            raw = base64.b64decode(nonce, validate=True)
        except (binascii.Error, ValueError):
            return None
        head, mac = raw[:-_MAC], raw[-_MAC:]
        if len(head) != _TIME + _RANDOM or not hmac.compare_digest(mac, self._mac(head, realm)):
            return None
        return int.from_bytes(head[:_TIME], "big") / 1000

    def _mac(self, head: bytes, realm: str) -> bytes:
        return hmac.digest(self.secret, head + realm.encode("utf-8", "replace"), "sha256")[:_MAC]

    def _forget(self) -> None:
        if len(self._uses) > self.size:
            _, use = self._uses.popitem(last=False)
            self._forgotten = max(self._forgotten, use.made)


def make_ha1(username: str, realm: str, password: str, algorithm: str = "MD5") -> str:
    """Make what is stored in place of a password."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


def digest_response(ha1: str, method: str, given: Credentials) -> str:
    """Compute what the `response` of credentials must be (RFC 7616 section 3.4.1).

    `ha1` is the stored one, also for "-sess".

    Raises:
        ValueError: we do not know the algorithm.
    """
    if given.algorithm.upper().endswith(_SESSION):
        ha1 = _hash(given.algorithm, f"{ha1}:{given.nonce}:{given.cnonce}")
    ha2 = _hash(given.algorithm, f"{method}:{given.uri}")
    middle = f"{given.nc}:{given.cnonce}:{given.qop}:" if given.qop else ""
    return _hash(given.algorithm, f"{ha1}:{given.nonce}:{middle}{ha2}")


def strength(algorithm: str) -> int | None:
    """Give the place of an algorithm among those we can, 0 for the strongest; nothing if we cannot."""
    base = algorithm.upper().removesuffix(_SESSION)
    return ALGORITHMS.index(base) if base in ALGORITHMS else None


def judge(
    given: Credentials,
    method: str,
    ha1: str | None,
    nonces: Nonces,
    realm: str,
    now: float,
    *,
    algorithm: str = "MD5",
    without_qop: bool = False,
) -> Verdict:
    """Judge credentials by the HA1 that is stored for their user in this realm; None if there is no such user.

    The secret is judged before the nonce, and a user who is not costs the same time. `algorithm` is the one we offered:
    another is wrong. `without_qop` lets the old form of RFC 2069 pass, whose requests can be repeated while the nonce
    lives.
    """
    allowed = given.qop == "auth" or (without_qop and not given.qop)
    offered = given.realm == realm and given.algorithm.upper() == algorithm.upper()
    expected = digest_response(ha1 or _NOBODY, method, given) if offered else _NOBODY
    right = hmac.compare_digest(expected.encode(), given.response.encode("utf-8", "replace"))
    if not (right and ha1 and allowed and offered):
        return Verdict.WRONG
    if not given.qop:
        return Verdict.GOOD if nonces.fresh(given.nonce, realm, now) else Verdict.STALE
    return Verdict.GOOD if nonces.use(given.nonce, realm, given.count, now) else Verdict.STALE


def _counted(use: _Use, count: int) -> bool:
    ahead = count - use.highest
    if ahead > 0:
        use.highest, use.seen = count, (use.seen << min(ahead, _WINDOW) | 1) & _WINDOW_BITS
        return True
    bit = 1 << min(-ahead, _WINDOW)
    if bit > _WINDOW_BITS or use.seen & bit:
        return False
    use.seen |= bit
    return True


def _hash(algorithm: str, text: str) -> str:
    name = _HASHES.get(algorithm.upper().removesuffix(_SESSION))
    if name is None:
        raise ValueError("unknown digest algorithm")
    return hashlib.new(name, text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
