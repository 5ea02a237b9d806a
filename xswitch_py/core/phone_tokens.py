"""Words that let a web page's phone log in: each of one user, for a short while or as long as a web session lives."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from xswitch_py.base.passwords import ha1, ha1_pair
from xswitch_py.base.user import User

__all__ = ["FIRST", "PhoneTokens"]

FIRST: Final = 300.0  # seconds for the first login
EACH: Final = 16  # tokens of one user; the oldest goes
KNOWN: Final = 10_000  # users with tokens


@dataclass(slots=True)
class _Token:
    """One token; of the word itself only the digests are kept that phones prove it by."""

    session: str  # empty: of no session
    until: float  # of the first login; afterwards the session decides
    md5: str = field(repr=False)
    sha256: str = field(repr=False)
    long_md5: str = field(repr=False)  # for phones that log in as `name@domain`
    long_sha256: str = field(repr=False)
    used: bool = False

    def good(self, now: float) -> bool:
        """Say whether one may log in with it."""
        return now < self.until or (self.used and bool(self.session))


class PhoneTokens:
    """The tokens of one domain's users."""

    def __init__(self, domain: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds, and never goes back."""
        self._domain = domain
        self._clock = clock
        self._tokens: OrderedDict[str, list[_Token]] = OrderedDict()  # by user

    def issue(self, user: User, session: str = "") -> str:
        """Make a token. After a login within five minutes it is good until its session ends, if it has one."""
        word = secrets.token_urlsafe(24)
        short, long = (ha1_pair(name, self._domain, word) for name in (user.name, f"{user.name}@{self._domain}"))
        token = _Token(session, self._clock() + FIRST, *short, *long)
        self._tokens[user.name] = [*self._good(user.name)[1 - EACH :], token]
        self._tokens.move_to_end(user.name)
        if len(self._tokens) > KNOWN:
            self._tokens.popitem(last=False)
        return word

    def check(self, name: str, word: str) -> bool:
        """Say whether this is a token of a user; whether the user may log in at all is not asked."""
        given = ha1("SHA-256", name, self._domain, word)
        fitting = [token for token in self._good(name) if compare_digest(token.sha256, given)]
        for token in fitting:
            token.used = True
        return bool(fitting)

    def ha1s(self, name: str, username: str, algorithm: str) -> tuple[str, ...]:
        """Give what a digest in this name, `name` or `name@domain`, may be made with; `algorithm` is MD5 or SHA-256."""
        if username not in (name, f"{name}@{self._domain}"):
            return ()
        return tuple([_digest(token, username != name, algorithm) for token in self._good(name)])

    def used(self, name: str, digest: str) -> None:
        """Note that somebody has logged in with the token that this digest is of."""
        for token in self._good(name):
            if digest in (token.md5, token.sha256, token.long_md5, token.long_sha256):
                token.used = True

    def sessions(self) -> set[str]:
        """Name the sessions that have tokens."""
        return {token.session for tokens in self._tokens.values() for token in tokens if token.session}

    def end(self, *sessions: str) -> None:
        """Forget the tokens of sessions, and those that are over."""
        self._keep(lambda user, token: token.session not in sessions)

    def end_user(self, name: str, but: str = "") -> None:
        """Forget the tokens of a user, but for those of a session."""
        self._keep(lambda user, token: user != name or (bool(but) and token.session == but))

    def __len__(self) -> int:
        """Say how many there are."""
        return sum(map(len, self._tokens.values()))

    def _good(self, name: str) -> list[_Token]:
        now = self._clock()
        return [token for token in self._tokens.get(name, ()) if token.good(now)]

    def _keep(self, wanted: Callable[[str, _Token], bool]) -> None:
        for name in tuple(self._tokens):
            left = [token for token in self._good(name) if wanted(name, token)]
            if left:
                self._tokens[name] = left
            else:
                del self._tokens[name]


def _digest(token: _Token, long: bool, algorithm: str) -> str:
    if algorithm == "SHA-256":
        return token.long_sha256 if long else token.sha256
    return token.long_md5 if long else token.md5
