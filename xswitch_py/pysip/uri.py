"""SIP, SIPS and tel URIs, and what is kept of others (RFC 3261 section 19.1, RFC 3966)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.grammar import HOST, Params, bracketed, escape, same_escaped, unescape
from xswitch_py.pysip.limits import Limits

__all__ = ["Uri", "escape_user", "parse_uri", "same"]

_SIP: Final = re.compile(
    rf'([Ss][Ii][Pp][Ss]?+):(?:([^\x00-\x20\x7f@:<>"]++)(?::([^\x00-\x20\x7f@:<>"]*+))?@)?({HOST})(?::([0-9]{{1,5}}+))?'
    r'((?:;[^\x00-\x20\x7f;?<>"]*+)*+)(?:\?([^\x00-\x20\x7f<>"]*+))?',
)
_OTHER: Final = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*+):([^\x00-\x20\x7f<>"]++)')
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]++|[0-9A-Fa-f.]*+:[0-9A-Fa-f.]*+:[0-9A-Fa-f:.]*+")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*+")
_KNOWN: Final = 2048  # URIs that are remembered
_SEPARATORS: Final = re.compile(r"[-.()]")

# What must be escaped in each place. A "%" that begins an escape is left alone.
_UNSAFE_USER: Final = re.compile(r"(?:[^A-Za-z0-9_.!~*'()&=+$,;?/%-]|%(?![0-9A-Fa-f]{2}))++")
_UNSAFE_PASSWORD: Final = re.compile(r"(?:[^A-Za-z0-9_.!~*'()&=+$,%-]|%(?![0-9A-Fa-f]{2}))++")
_UNSAFE_PARAM: Final = re.compile(r"(?:[^A-Za-z0-9_.!~*'()\[\]/:&+$%-]|%(?![0-9A-Fa-f]{2}))++")
_UNSAFE_HEADER: Final = re.compile(r"(?:[^A-Za-z0-9_.!~*'()\[\]/?:+$%-]|%(?![0-9A-Fa-f]{2}))++")
_UNSAFE_OTHER: Final = re.compile(r'[\x00-\x20\x7f-\U0010ffff<>"]++')
_UNSAFE_TEXT: Final = re.compile(r"[^A-Za-z0-9_.!~*'()&=+$,;?/-]++")

# Never ignored when only one of two URIs has it (19.1.4).
_DECISIVE: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI. Texts are as on the wire, escapes kept; `str()` escapes what may not stand where it is.

    `host` is without the brackets of IPv6. A tel URI has its number in `user`; a URI of a foreign scheme all that
    follows the colon.
    """

    scheme: str = "sip"  # in lower case
    user: str = ""
    password: str = field(default="", repr=False)  # ignored, never logged
    host: str = ""
    port: int | None = None
    parameters: Params = field(default_factory=dict, hash=False)
    headers: tuple[tuple[str, str], ...] = ()  # what follows "?", in order

    @property
    def name(self) -> str:
        """The user without escapes: what a dialplan or a directory looks up."""
        return unescape(self.user)

    @property
    def secure(self) -> bool:
        """Whether the scheme is sips."""
        return self.scheme == "sips"

    def header(self, name: str) -> str | None:
        """Give a header of the URI without escapes, such as the Replaces in a Refer-To."""
        wanted = name.lower()
        return next((unescape(value) for key, value in self.headers if key.lower() == wanted), None)

    def __str__(self) -> str:
        if self.scheme in ("sip", "sips"):
            return f"{self.scheme}:{self._written_user()}{self._written_host()}{self._written_tail()}"
        if not _SCHEME.fullmatch(self.scheme):
            raise ValueError("no scheme of a URI")
        return f"{self.scheme}:{escape(self.user, _UNSAFE_OTHER)}{self._written_tail()}"

    def _written_user(self) -> str:
        if not self.user:
            return ""
        password = ":" + escape(self.password, _UNSAFE_PASSWORD) if self.password else ""
        return f"{escape(self.user, _UNSAFE_USER)}{password}@"

    def _written_host(self) -> str:
        if not _HOST.fullmatch(self.host):
            raise ValueError("no host of a URI")
        return bracketed(self.host) if self.port is None else f"{bracketed(self.host)}:{self.port}"

    def _written_tail(self) -> str:
        parameters = "".join([";" + _pair(name, value, _UNSAFE_PARAM) for name, value in self.parameters.items()])
        if not self.headers:
            return parameters
        return f"{parameters}?{'&'.join([_pair(name, value, _UNSAFE_HEADER) for name, value in self.headers])}"


def escape_user(text: str) -> str:
    """Make the `user` of a URI from any text: a "%" in it is a character, not the start of an escape."""
    return escape(text, _UNSAFE_TEXT)


@lru_cache(_KNOWN)  # a dialog says the same few URIs over and over
def parse_uri(text: str) -> Uri:
    """Read a URI of any scheme. Its `parameters` are shared, and not to be changed.

    Raises:
        BadMessage: it is none (400), or too long (414).
    """
    if len(text) > Limits.URI:
        raise BadMessage(414, "URI Too Long")
    match = _SIP.fullmatch(text)
    if match is None:
        return _other(text)
    scheme, user, password, host, port, parameters, headers = match.groups()
    return Uri(
        scheme.lower(),
        escape(user, _UNSAFE_USER) if user else "",
        escape(password, _UNSAFE_PASSWORD) if password else "",
        host.strip("[]"),
        _port(port) if port else None,
        _parameters(parameters) if parameters else {},
        _headers(headers) if headers else (),
    )


def same(a: Uri, b: Uri) -> bool:
    """Compare as section 19.1.4 says; two tel URIs without their visual separators (RFC 3966 section 4).

    An absent port is not the default port. Not transitive: parameters that only one of them has are mostly ignored.
    """
    if a.scheme != b.scheme:
        return False
    if a.scheme == "tel":
        return _number(a) == _number(b) and _lowered(a.parameters) == _lowered(b.parameters)
    return (
        same_escaped(a.user) == same_escaped(b.user)
        and same_escaped(a.password) == same_escaped(b.password)
        and (a.host.lower(), a.port) == (b.host.lower(), b.port)
        and _same_parameters(_lowered(a.parameters), _lowered(b.parameters))
        and _sorted(a.headers) == _sorted(b.headers)
    )


def _other(text: str) -> Uri:
    match = _OTHER.fullmatch(text)
    if match is None or match[1].lower() in ("sip", "sips"):
        raise BadMessage(400, "Bad URI")
    scheme, rest = match[1].lower(), match[2]
    if scheme != "tel":
        return Uri(scheme, escape(rest, _UNSAFE_OTHER))
    number, semicolon, parameters = rest.partition(";")
    return Uri(scheme, escape(number, _UNSAFE_OTHER), parameters=_parameters(semicolon + parameters))


def _port(text: str) -> int:
    port = int(text)
    if port > 65_535:
        raise BadMessage(400, "Bad URI")
    return port


def _parameters(text: str) -> Mapping[str, str | None]:
    """Read what follows a ";". Of a name that occurs twice the first counts; "lr=" is "lr"."""
    found: dict[str, str | None] = {}
    for part in text.split(";"):
        if part:
            name, _, value = part.partition("=")
            name = escape(name.lower(), _UNSAFE_PARAM)
            found.setdefault(name, escape(value, _UNSAFE_PARAM) or None)
    return found


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split("&") if part]
    return tuple([(escape(name, _UNSAFE_HEADER), escape(value, _UNSAFE_HEADER)) for name, _, value in pairs if name])


def _pair(name: str, value: str | None, unsafe: re.Pattern[str]) -> str:
    return escape(name, unsafe) if value is None else f"{escape(name, unsafe)}={escape(value, unsafe)}"


def _lowered(parameters: Params) -> dict[str, str]:
    return {same_escaped(name).lower(): same_escaped(value or "").lower() for name, value in parameters.items()}


def _same_parameters(a: dict[str, str], b: dict[str, str]) -> bool:
    return all(a[name] == b[name] for name in a.keys() & b.keys()) and not _DECISIVE & (a.keys() ^ b.keys())


def _sorted(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return sorted((same_escaped(name).lower(), same_escaped(value)) for name, value in headers)


def _number(uri: Uri) -> str:
    return _SEPARATORS.sub("", uri.user).lower()
