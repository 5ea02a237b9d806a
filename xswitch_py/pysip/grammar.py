"""Pieces of RFC 3261 section 25 that several readers share: tokens, quoting, lists, parameters, escapes."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from xswitch_py.pysip.errors import BadMessage

__all__ = [
    "HOST",
    "TOKEN",
    "Params",
    "bracketed",
    "clean",
    "escape",
    "is_token",
    "parse_list",
    "parse_params",
    "quote",
    "same_escaped",
    "unescape",
    "unquote_string",
    "write_params",
]

# Parameters by name in lower case; the value is None for a name without "=", and without its quotes.
Params = Mapping[str, str | None]

# All expressions are possessive or have disjoint alternatives: reading is linear whatever comes.
TOKEN: Final = r"[A-Za-z0-9.!%*_+`'~-]"
HOST: Final = r"(?:[A-Za-z0-9_.-]++|\[[0-9A-Fa-f:.]++\])"  # "_" is no host character, but phones send it

_TOKEN: Final = re.compile(TOKEN + "++")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ELEMENT: Final = re.compile(r'(?:[^",<>]++|"(?:[^"\\]++|\\.)*+"|<[^<>]*+>)*+')
_PARAM: Final = re.compile(
    rf'[ \t]*+;[ \t]*+(?:({TOKEN}++)[ \t]*+(?:=[ \t]*+(?:"((?:[^"\\]++|\\.)*+)"|([^ \t;,"<>]*+)))?)?[ \t]*+'
)
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~:\[\]-]++")  # token or host
_PAIR: Final = re.compile(r"\\(.)")
_TO_QUOTE: Final = re.compile(r'(["\\])')
_ESCAPED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_RESERVED: Final = frozenset(";/?:@&=+$,%")
_ALWAYS_QUOTED: Final = frozenset({"methods", "text"})  # and the feature tags of RFC 3840, which begin with "+"


def clean(value: str) -> str:
    """Give the value back.

    Raises:
        ValueError: it has a CR, LF, NUL or another control character but HT: such a text never goes to the wire.
    """
    if not value.isprintable() and _CONTROL.search(value):
        raise ValueError("control character in a SIP header")
    return value


def is_token(text: str) -> bool:
    """Say whether the text is a token: a method, an option tag, a name."""
    return _TOKEN.fullmatch(text) is not None


def quote(text: str) -> str:
    """Write a quoted string (`\"` and `\\` escaped)."""
    return f'"{_TO_QUOTE.sub(_backslashed, clean(text))}"'


def unquote_string(inner: str) -> str:
    """Read what stands between the quotes."""
    return _PAIR.sub(r"\1", inner) if "\\" in inner else inner


def parse_list(text: str) -> list[str]:
    """Split at commas outside quotes and angle brackets (section 7.3.1); empty elements are skipped.

    Raises:
        BadMessage: a quote or bracket has no partner.
    """
    if "," not in text:
        text = text.strip()
        return [text] if text else []
    if '"' in text or "<" in text:
        parts = _elements(text)
    else:
        parts = text.split(",")
    return [part for part in map(str.strip, parts) if part]


def parse_params(text: str, start: int = 0) -> dict[str, str | None]:
    """Read `;name=value;flag` from a position to the end. Of a name that occurs twice the first counts.

    Raises:
        BadMessage: something else stands there.
    """
    found: dict[str, str | None] = {}
    end = len(text)
    while start < end:
        match = _PARAM.match(text, start)
        if match is None:
            raise BadMessage(400, "Bad Parameters")
        name, quoted, plain = match.groups()
        if name:
            found.setdefault(name.lower(), plain if quoted is None else unquote_string(quoted))
        start = match.end()
    return found


def write_params(params: Params) -> str:
    """Write `;name=value;flag`, values quoted where they must be.

    Raises:
        ValueError: a name is no token, or a value has control characters.
    """
    return "".join([_written(name, value) for name, value in params.items()])


def escape(text: str, unsafe: re.Pattern[str]) -> str:
    """Write what matches `unsafe` as %-escapes of its UTF-8 bytes; bytes that were no UTF-8 stay what they were."""
    return unsafe.sub(_percent, text)


def unescape(text: str) -> str:
    """Read %-escapes as UTF-8; what is none becomes U+FFFD."""
    return unquote(text) if "%" in text else text


def same_escaped(text: str) -> str:
    """Bring a text to the form in which equal ones are equal: only reserved characters stay escaped (19.1.4)."""
    return _ESCAPED.sub(_unless_reserved, text) if "%" in text else text


def bracketed(host: str) -> str:
    """Write a host, an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def _elements(text: str) -> list[str]:
    parts: list[str] = []
    start = 0
    while start <= len(text):
        match = _ELEMENT.match(text, start)
        end = match.end() if match else start
        if end < len(text) and text[end] != ",":
            raise BadMessage(400, "Unbalanced Quotes")
        parts.append(text[start:end])
        start = end + 1
    return parts


def _written(name: str, value: str | None) -> str:
    if not is_token(name):
        raise ValueError("no token as the name of a parameter")
    if value is None:
        return f";{name}"
    plain = _PLAIN_VALUE.fullmatch(value) and not name.startswith("+") and name not in _ALWAYS_QUOTED
    return f";{name}={value if plain else quote(value)}"


def _backslashed(match: re.Match[str]) -> str:
    return "\\" + match[1]


def _percent(match: re.Match[str]) -> str:
    return "".join([f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape")])


def _unless_reserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0].upper() if character in _RESERVED or character >= "\x80" else character
