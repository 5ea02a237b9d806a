"""The header fields of digest authentication: challenges and credentials (RFC 3261 section 20.7, RFC 7616)."""

import re
from dataclasses import dataclass, field
from typing import Final

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.fields import Headers
from xswitch_py.pysip.grammar import TOKEN, clean, quote, unquote_string

__all__ = ["Challenge", "Credentials", "challenges_in", "credentials_in"]

_SCHEME: Final = re.compile(r"[ \t]*+digest[ \t]++", re.IGNORECASE)
_PARAM: Final = re.compile(rf'[ \t,]*+({TOKEN}++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]++|\\.)*+)"|([^ \t,"]*+))[ \t]*+(?=,|\Z)')
_REST: Final = re.compile(r"[ \t,]*+")
_COUNT: Final = re.compile(r"[0-9A-Fa-f]{1,8}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a WWW-Authenticate or Proxy-Authenticate asks for. `nonce` and `opaque` are as between the quotes."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ("auth",)  # empty for the old form of RFC 2069
    opaque: str = ""
    stale: bool = False

    def __str__(self) -> str:
        parts = [f"realm={quote(self.realm)}", f'nonce="{_raw(self.nonce)}"']
        if self.opaque:
            parts.append(f'opaque="{_raw(self.opaque)}"')
        if self.stale:
            parts.append("stale=true")
        parts.append(f"algorithm={_raw(self.algorithm)}")
        if self.qop:
            parts.append(f'qop="{_raw(",".join(self.qop))}"')
        return "Digest " + ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an Authorization or Proxy-Authorization proves. What goes into the digest is as between the quotes."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str = field(repr=False)
    algorithm: str = "MD5"
    qop: str = ""
    nc: str = ""  # eight hexadecimal digits
    cnonce: str = ""
    opaque: str = ""

    @property
    def user(self) -> str:
        """The user part: some phones write `user@realm`."""
        return self.username.partition("@")[0]

    @property
    def count(self) -> int:
        """How often the client used the nonce, as it says; 0 if it does not."""
        return int(self.nc, 16) if _COUNT.fullmatch(self.nc) else 0

    def __str__(self) -> str:
        parts = [
            f"username={quote(self.username)}",
            f"realm={quote(self.realm)}",
            f'nonce="{_raw(self.nonce)}"',
            f'uri="{_raw(self.uri)}"',
            f'response="{_raw(self.response)}"',
            f"algorithm={_raw(self.algorithm)}",
        ]
        if self.qop:
            parts += [f"qop={_raw(self.qop)}", f"nc={_raw(self.nc)}"]
        if self.cnonce:
            parts.append(f'cnonce="{_raw(self.cnonce)}"')
        if self.opaque:
            parts.append(f'opaque="{_raw(self.opaque)}"')
        return "Digest " + ", ".join(parts)


def credentials_in(headers: Headers, name: str, realm: str) -> Credentials | None:
    """Read the digest credentials for a realm out of Authorization or Proxy-Authorization, if there are any.

    Raises:
        BadMessage: digest credentials are malformed, or want a part.
    """
    found = [_credentials(params) for params in map(_params, headers.lines(name)) if params is not None]
    return next((one for one in found if one.realm == realm), None)


def challenges_in(headers: Headers, name: str) -> list[Challenge]:
    """Read the digest challenges of WWW-Authenticate or Proxy-Authenticate; other schemes are passed over.

    Raises:
        BadMessage: a digest challenge is malformed.
    """
    return [_challenge(params) for params in map(_params, headers.lines(name)) if params is not None]


def _credentials(params: dict[str, str]) -> Credentials:
    try:
        found = Credentials(
            unquote_string(params["username"]),
            unquote_string(params["realm"]),
            params["nonce"],
            params["uri"],
            params["response"].lower(),
            params.get("algorithm", "MD5"),
            params.get("qop", "").lower(),
            params.get("nc", ""),
            params.get("cnonce", ""),
            params.get("opaque", ""),
        )
    except KeyError:
        raise BadMessage(400, "Bad Credentials") from None
    if found.qop and not (found.count and found.cnonce):
        raise BadMessage(400, "Bad Credentials")
    return found


def _challenge(params: dict[str, str]) -> Challenge:
    if not params.get("nonce"):
        raise BadMessage(400, "Bad Challenge")
    return Challenge(
        unquote_string(params.get("realm", "")),
        params["nonce"],
        params.get("algorithm", "MD5"),
        tuple([option for part in params.get("qop", "").split(",") if (option := part.strip().lower())]),
        params.get("opaque", ""),
        params.get("stale", "").lower() == "true",
    )


def _params(text: str) -> dict[str, str] | None:
    """Read `Digest name=value, ...`: any order, any case of names, blanks around "=", quoted or not (RFC 7616 3.4)."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None
    found: dict[str, str] = {}
    at = scheme.end()
    while (match := _PARAM.match(text, at)) is not None:
        name, quoted, plain = match.groups()
        if name.lower() in found:
            raise BadMessage(400, "Bad Credentials")
        found[name.lower()] = plain if quoted is None else quoted
        at = match.end()
    if _REST.fullmatch(text, at) is None:
        raise BadMessage(400, "Bad Credentials")
    return found


def _raw(value: str) -> str:
    """Let through what may stand between quotes as it is: its own quotes are escaped already.

    Raises:
        ValueError: it would end the quotes, or has control characters.
    """
    if '"' in value.replace("\\\\", "").replace('\\"', "") or value.endswith("\\"):
        raise ValueError("a quote in a value of digest authentication")
    return clean(value)
