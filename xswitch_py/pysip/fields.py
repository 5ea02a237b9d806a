"""Header fields in order: their names, their values, and what was read out of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from xswitch_py.pysip.grammar import clean, is_token, parse_list

__all__ = ["LISTS", "Headers", "canonical"]

T = TypeVar("T")

# Spelled as we write them. What is not here is written with capitals at its start and after each "-".
_NAMES: Final = """
Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info Authorization
CSeq Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-ID Content-Language Content-Length
Content-Type Date Diversion Error-Info Event Expires Flow-Timer From Geolocation History-Info Identity Identity-Info
In-Reply-To Join MIME-Version Max-Expires Max-Forwards Min-Expires Min-SE Organization P-Access-Network-Info
P-Asserted-Identity P-Associated-URI P-Preferred-Identity Path Priority Privacy Proxy-Authenticate Proxy-Authorization
Proxy-Require RAck RSeq Reason Record-Route Recv-Info Refer-Sub Refer-To Referred-By Reject-Contact Remote-Party-ID
Replaces Reply-To Request-Disposition Require Resource-Priority Retry-After Route SIP-ETag SIP-If-Match Server
Service-Route Session-Expires Session-ID Subject Subscription-State Supported Target-Dialog Timestamp To Unsupported
User-Agent Via WWW-Authenticate Warning
""".split()

_COMPACT: Final = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}

# Split at commas (7.3.1). The four of authentication are none: their commas part parameters.
LISTS: Final = frozenset(
    """
Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Call-Info Contact Content-Encoding
Content-Language Diversion Error-Info Geolocation History-Info In-Reply-To P-Asserted-Identity P-Associated-URI
P-Preferred-Identity Path Proxy-Require Reason Record-Route Recv-Info Reject-Contact Request-Disposition Require
Resource-Priority Route Service-Route Supported Unsupported Via Warning
""".split()
)

_CANONICAL: Final = {name.lower(): name for name in _NAMES} | {name: name for name in _NAMES} | _COMPACT


def canonical(name: str) -> str:
    """Give the one spelling of a name, from any case or the compact form.

    Raises:
        ValueError: it is no token.
    """
    known = _CANONICAL.get(name) or _CANONICAL.get(name.lower())
    if known is None:
        if not is_token(name):
            raise ValueError("no name of a header field")
        return "-".join([part.capitalize() for part in name.split("-")])
    return known


class Headers:
    """Header fields by canonical name; a name may occur several times.

    Fields of one name keep their order, and names the order of their first field: no other order has a meaning (7.3.1).
    Names may be given in any case and in compact form. Content-Length is not in here: it is the body's length.
    """

    __slots__ = ("_fields", "_typed")

    def __init__(self, *fields: tuple[str, str]) -> None:
        self._fields: dict[str, list[str]] = {}
        self._typed: dict[str, tuple[Callable[[list[str]], Any], Any]] = {}
        for name, value in fields:
            self.add(name, value)

    @classmethod
    def from_lines(cls, fields: dict[str, list[str]]) -> "Headers":
        """Take over fields whose names are canonical and whose values are clean: for the reader."""
        headers = cls()
        headers._fields = fields
        return headers

    def get(self, name: str) -> str | None:
        """Give the first value, or nothing. Raises `BadMessage` for a list with unbalanced quotes."""
        lines = self.lines(name)
        if not lines:
            return None
        return next(iter(self.all(name)), "") if "," in lines[0] else lines[0]

    def all(self, name: str) -> list[str]:
        """Give all values in order; lists are split at commas. Raises `BadMessage` for unbalanced quotes."""
        lines = self._fields.get(name)
        if lines is None:
            lines = self._fields.get(name := canonical(name), [])
        if name not in LISTS:
            return list(lines)
        if len(lines) == 1:
            return parse_list(lines[0])
        return [value for line in lines for value in parse_list(line)]

    def lines(self, name: str) -> list[str]:
        """Give the fields of a name as they are, not split. The list is not to be changed."""
        found = self._fields.get(name)
        return self._fields.get(canonical(name), []) if found is None else found

    def by_name(self) -> Mapping[str, list[str]]:
        """Give the fields as they are, not split, by canonical name. They are not to be changed."""
        return self._fields

    def typed(self, name: str, read: Callable[[list[str]], T]) -> T:
        """Read the values of a name, once until they change. What `read` raises is raised each time."""
        cached = self._typed.get(name)
        if cached is None:
            cached = self._typed.get(name := canonical(name))
        if cached is None or cached[0] is not read:
            cached = self._typed[name] = (read, read(self.all(name)))
        value: T = cached[1]
        return value

    def add(self, name: str, value: str) -> None:
        """Append a field. Raises `ValueError` for CR, LF, NUL and other control characters."""
        name = canonical(name)
        self._fields.setdefault(name, []).append(clean(value))
        self._typed.pop(name, None)

    def set(self, name: str, value: str) -> None:
        """Put one field in place of all of this name. Raises as `add` does."""
        name = canonical(name)
        self._fields[name] = [clean(value)]
        self._typed.pop(name, None)

    def set_first(self, name: str, value: str) -> None:
        """Put a value in place of the first of this name, such as the top Via. Raises as `add` does."""
        name = canonical(name)
        self._fields[name] = [clean(value), *self.all(name)[1:]]
        self._typed.pop(name, None)

    def remove(self, name: str) -> None:
        """Drop all fields of this name."""
        name = canonical(name)
        self._fields.pop(name, None)
        self._typed.pop(name, None)

    def copy(self, *names: str) -> "Headers":
        """Give these fields, or all of them when none is named, as others."""
        chosen = names or tuple(self._fields)
        return Headers.from_lines({name: list(self._fields[name]) for name in chosen if name in self._fields})

    def adopt(self, other: "Headers", name: str) -> None:
        """Take over the fields of a name from others, in place of ours. The name is a canonical one."""
        if found := other._fields.get(name):
            self._fields[name] = list(found)
            self._typed.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.lines(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter([(name, value) for name, values in self._fields.items() for value in values])

    def __len__(self) -> int:
        return sum(map(len, self._fields.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self._fields)}>"  # no values: there may be secrets among them
