"""Messages as objects, and their typed values, read when first asked for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.fields import Headers
from xswitch_py.pysip.headers import Address, CSeq, Via, parse_address, parse_cseq, parse_number, parse_via
from xswitch_py.pysip.uri import Uri

__all__ = ["Message", "Request", "Response"]

MAX_FORWARDS: Final = 70  # of a request that does not say (section 8.1.1.6)


@dataclass(slots=True)
class Message:
    """What requests and responses have in common. Typed values are read once and follow changes of the headers.

    Of a parsed message the properties do not fail, but for `max_forwards` of a response. The methods raise `BadMessage`
    when what they read is malformed, and so do the properties of a message that was made otherwise.
    """

    headers: Headers = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)

    @property
    def vias(self) -> tuple[Via, ...]:
        """The Vias, the latest first."""
        return self.headers.typed("Via", _vias)

    @property
    def from_(self) -> Address:
        """The From."""
        return self.headers.typed("From", _one_address)

    @property
    def to(self) -> Address:
        """The To."""
        return self.headers.typed("To", _one_address)

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.headers.get("Call-ID") or ""

    @property
    def cseq(self) -> CSeq:
        """The CSeq."""
        return self.headers.typed("CSeq", _one_cseq)

    @property
    def contacts(self) -> tuple[Address, ...]:
        """The Contacts; `(STAR,)` for "*", which only a REGISTER may have."""
        return self.headers.typed("Contact", _addresses)

    @property
    def routes(self) -> tuple[Address, ...]:
        """The Routes."""
        return self.headers.typed("Route", _addresses)

    @property
    def record_routes(self) -> tuple[Address, ...]:
        """The Record-Routes."""
        return self.headers.typed("Record-Route", _addresses)

    @property
    def max_forwards(self) -> int:
        """How many hops are left; 70 when nothing is said."""
        return self.headers.typed("Max-Forwards", _max_forwards)

    @property
    def content_type(self) -> str:
        """The media type of the body in lower case, without parameters; empty if there is none."""
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def expires(self) -> int | None:
        """What Expires says, in seconds; nothing if it is missing or no number."""
        return parse_number(self.headers.get("Expires") or "")

    def address(self, name: str) -> Address | None:
        """Give the first address of a header such as Refer-To or P-Asserted-Identity, if there is one."""
        return next(iter(self.headers.typed(name, _addresses)), None)

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Give the addresses of a header such as Path."""
        return self.headers.typed(name, _addresses)

    def tokens(self, name: str) -> frozenset[str]:
        """Give the option tags of Supported or Require, or the methods of Allow, as they came."""
        return self.headers.typed(name, frozenset)


@dataclass(slots=True)
class Request(Message):
    """A request."""

    method: str = ""
    uri: Uri = field(default_factory=Uri)

    @classmethod
    def new(
        cls,
        method: str,
        uri: Uri,
        *,
        from_: Address,
        to: Address,
        call_id: str,
        cseq: int,
        via: Via | None = None,
        contact: Address | None = None,
        routes: Iterable[Address] = (),
        max_forwards: int = MAX_FORWARDS,
        fields: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str = "",
    ) -> Self:
        """Make a request. `fields` are further header fields. A Via may be put on later: `headers.set("Via", ...)`.

        Raises:
            ValueError: a text has control characters, or is not what may stand where it is.
        """
        headers = Headers()
        if via is not None:
            headers.add("Via", str(via))
        headers.add("Max-Forwards", str(max_forwards))
        for route in routes:
            headers.add("Route", str(route))
        headers.add("From", str(from_))
        headers.add("To", str(to))
        headers.add("Call-ID", call_id)
        headers.add("CSeq", f"{cseq} {method}")
        if contact is not None:
            headers.add("Contact", str(contact))
        for name, value in fields:
            headers.add(name, value)
        if content_type:
            headers.add("Content-Type", content_type)
        return cls(headers, body, method, uri)


@dataclass(slots=True)
class Response(Message):
    """A response."""

    status: int = 0
    reason: str = ""


def _vias(values: list[str]) -> tuple[Via, ...]:
    if not values:
        raise BadMessage(400, "Missing Via")
    return tuple(map(parse_via, values))


def _addresses(values: list[str]) -> tuple[Address, ...]:
    return tuple(map(parse_address, values))


def _one_address(values: list[str]) -> Address:
    return parse_address(values[0] if values else "")


def _one_cseq(values: list[str]) -> CSeq:
    return parse_cseq(values[0] if values else "")


def _max_forwards(values: list[str]) -> int:
    if not values:
        return MAX_FORWARDS
    number = parse_number(values[0])
    if number is None or len(values) > 1:
        raise BadMessage(400, "Bad Max-Forwards")
    return number
