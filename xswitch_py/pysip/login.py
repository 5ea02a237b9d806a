"""The client's side of digest authentication: answers challenges, and knows when to give up."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Final

from xswitch_py.pysip.auth import Challenge, Credentials, challenges_in
from xswitch_py.pysip.digest import digest_response, make_ha1, strength
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.model import Response

__all__ = ["Login", "answer", "choose"]

# The field that challenges, and the one that answers it.
_FIELDS: Final = {"WWW-Authenticate": "Authorization", "Proxy-Authenticate": "Proxy-Authorization"}
_TRIES: Final = 2  # answers to challenges one after the other, before the password is held to be wrong


@dataclass(slots=True)
class _Held:
    challenge: Challenge
    count: int = 0


@dataclass(slots=True)
class Login:
    """One account with one server: keeps its nonces and counts their uses from request to request."""

    username: str
    password: str = field(repr=False)
    _held: dict[str, _Held] = field(default_factory=dict, repr=False)
    _tries: int = 0

    def challenged(self, response: Response) -> bool:
        """Take a 401 or 407: shall the request be sent again, with `fields`, a new branch and the next CSeq?

        If not, there is nothing that we can answer, or the password is wrong: the nonce that we answered came again
        without stale, or a third challenge after two answers.
        """
        found = {name: choose(_offered(response, name)) for name in _FIELDS}
        news = {_FIELDS[name]: challenge for name, challenge in found.items() if challenge}
        self._tries += 1
        if not news or self._tries > _TRIES or any(self._refused(name, one) for name, one in news.items()):
            self._held.clear()
            self._tries = 0
            return False
        self._held |= {name: _Held(challenge) for name, challenge in news.items()}
        return True

    def accepted(self) -> None:
        """Take note of an answer that was no challenge."""
        self._tries = 0

    def fields(self, method: str, uri: str) -> list[tuple[str, str]]:
        """Give the fields to put into the next request; none before the first challenge."""
        given: list[tuple[str, str]] = []
        for name, held in self._held.items():
            held.count += 1
            made = answer(held.challenge, self.username, self.password, method, uri, held.count)
            given.append((name, str(made)))
        return given

    def _refused(self, name: str, challenge: Challenge) -> bool:
        held = self._held.get(name)
        return held is not None and held.count > 0 and held.challenge.nonce == challenge.nonce and not challenge.stale


def choose(challenges: list[Challenge]) -> Challenge | None:
    """Give the challenge with the strongest algorithm that we can answer; nothing if there is none."""
    able = [one for one in challenges if strength(one.algorithm) is not None and (not one.qop or "auth" in one.qop)]
    return min(able, key=lambda one: strength(one.algorithm) or 0, default=None)


def answer(
    challenge: Challenge, username: str, password: str, method: str, uri: str, count: int = 1, cnonce: str = ""
) -> Credentials:
    """Answer a challenge for the `count`-th time. Without `cnonce` a random one is made.

    Raises:
        ValueError: we do not know the algorithm.
    """
    ha1 = make_ha1(username, challenge.realm, password, challenge.algorithm)
    blank = Credentials(
        username, challenge.realm, challenge.nonce, uri, "", challenge.algorithm, opaque=challenge.opaque
    )
    if challenge.qop or challenge.algorithm.upper().endswith("-SESS"):
        blank = replace(blank, cnonce=cnonce or secrets.token_hex(8))
    if challenge.qop:
        blank = replace(blank, qop="auth", nc=f"{count:08x}")
    return replace(blank, response=digest_response(ha1, method, blank))


def _offered(response: Response, name: str) -> list[Challenge]:
    try:
        return challenges_in(response.headers, name)
    except BadMessage:
        return []
