"""Values of header fields as plain data: Via, name-addr, CSeq (RFC 3261 section 20)."""

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.grammar import (
    HOST,
    TOKEN,
    Params,
    bracketed,
    is_token,
    parse_params,
    quote,
    unquote_string,
    write_params,
)
from xswitch_py.pysip.limits import Limits
from xswitch_py.pysip.uri import Uri, parse_uri

__all__ = ["COOKIE", "STAR", "Address", "CSeq", "Via", "parse_address", "parse_cseq", "parse_number", "parse_via"]

COOKIE: Final = "z9hG4bK"  # a branch that begins so is unique (section 8.1.1.7)

_VIA: Final = re.compile(
    rf"SIP[ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+({TOKEN}++)[ \t]++({HOST})[ \t]*+(?::[ \t]*+([0-9]{{1,5}}+))?",
    re.IGNORECASE | re.ASCII,
)
_NAME_ADDR: Final = re.compile(r'(?:"((?:[^"\\]++|\\.)*+)"|([^"<>]*+))[ \t]*+<[ \t]*+([^<> \t]++)[ \t]*+>')
_CSEQ: Final = re.compile(rf"([0-9]{{1,{Limits.DIGITS}}}+)[ \t]++({TOKEN}++)")
_NUMBER: Final = re.compile(rf"[0-9]{{1,{Limits.DIGITS}}}+")
_KNOWN: Final = 2048  # addresses that are remembered
_HOST: Final = re.compile(r"[A-Za-z0-9_.:-]++")


@dataclass(frozen=True, slots=True)
class Via:
    """Where a message came through. Hosts are without the brackets of IPv6."""

    transport: str = "UDP"  # in upper case: UDP, TCP, TLS, WS, WSS
    host: str = ""
    port: int | None = None
    branch: str = ""
    received: str = ""
    rport: int | None = None  # 0: asked for, not filled in yet (RFC 3581)
    maddr: str = ""
    ttl: int | None = None
    others: Params = field(default_factory=dict, hash=False)

    @property
    def sent_by(self) -> tuple[str, int | None]:
        """Host in lower case and port: with branch and method the key of a server transaction."""
        return self.host.lower(), self.port

    @property
    def has_cookie(self) -> bool:
        """Whether the branch is unique as RFC 3261 asks; if not, RFC 2543's matching applies."""
        return len(self.branch) > len(COOKIE) and self.branch[: len(COOKIE)].lower() == COOKIE.lower()

    def seen_from(self, host: str, port: int) -> "Via":
        """Note the address that a request really came from (section 18.2.1, RFC 3581 section 4)."""
        if self.rport is not None:
            return replace(self, received=host, rport=port)
        return self if self.host.lower() == host.lower() else replace(self, received=host)

    def __str__(self) -> str:
        if not (is_token(self.transport) and _HOST.fullmatch(self.host)):
            raise ValueError("no transport or host of a Via")
        port = "" if self.port is None else f":{self.port}"
        tail = write_params(self._known()) + write_params(self.others)
        return f"SIP/2.0/{self.transport} {bracketed(self.host)}{port}{tail}"

    def _known(self) -> Params:
        asked = {"rport": str(self.rport) if self.rport else None} if self.rport is not None else {}
        rest = {
            "received": self.received,
            "maddr": bracketed(self.maddr),
            "ttl": "" if self.ttl is None else str(self.ttl),
            "branch": self.branch,
        }
        return asked | {name: value for name, value in rest.items() if value}


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr: From, To, Contact, Route, Refer-To and their like."""

    display: str = ""
    uri: Uri = field(default_factory=Uri)
    params: Params = field(default_factory=dict, hash=False)

    @property
    def tag(self) -> str:
        """The tag, empty if there is none."""
        return self.params.get("tag") or ""

    def with_tag(self, tag: str) -> "Address":
        """Give the same address with this tag."""
        return replace(self, params={**self.params, "tag": tag})

    def __str__(self) -> str:
        if self.uri.scheme == "*":
            return "*"
        display = quote(self.display) + " " if self.display else ""
        return f"{display}<{self.uri}>{write_params(self.params)}"


@dataclass(frozen=True, slots=True)
class CSeq:
    """The order of requests in a dialog."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


STAR: Final = Address(uri=Uri("*"))  # "Contact: *": all bindings, in a REGISTER that removes them


def parse_via(text: str) -> Via:
    """Read one Via.

    Raises:
        BadMessage: it is none.
    """
    match = _VIA.match(text)
    if match is None:
        raise BadMessage(400, "Bad Via")
    transport, host, port = match.groups()
    params = parse_params(text, match.end())
    return Via(
        transport.upper(),
        host.strip("[]"),
        _port(port) if port else None,
        params.pop("branch", None) or "",
        (params.pop("received", None) or "").strip("[]"),
        _filled(params.pop("rport")) if "rport" in params else None,
        (params.pop("maddr", None) or "").strip("[]"),
        parse_number(params.pop("ttl", None) or ""),
        params,
    )


@lru_cache(_KNOWN)  # the From and To of a dialog come with each message of it
def parse_address(text: str) -> Address:
    """Read one name-addr or addr-spec; its `params` are shared, and not to be changed.

    Without brackets, what follows ";" belongs to the header (section 20.10).

    Raises:
        BadMessage: it is none.
    """
    match = _NAME_ADDR.match(text)
    if match is None:
        return _addr_spec(text)
    quoted, plain, uri = match.groups()
    display = plain.rstrip() if quoted is None else unquote_string(quoted)
    return Address(display[: Limits.DISPLAY], parse_uri(uri), _tagged(text, match.end()))


def parse_cseq(text: str) -> CSeq:
    """Read a CSeq: a number below 2**31 and a method.

    Raises:
        BadMessage: it is none.
    """
    match = _CSEQ.fullmatch(text)
    number = int(match[1]) if match else -1
    if match is None or number >= 2**31:
        raise BadMessage(400, "Bad CSeq")
    return CSeq(number, match[2])


def parse_number(text: str) -> int | None:
    """Read a number of at most ten digits; nothing if it is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


def _addr_spec(text: str) -> Address:
    if text.strip() == "*":
        return STAR
    uri, semicolon, params = text.partition(";")
    if "?" in uri:  # must stand in brackets: nobody knows whose the rest would be
        raise BadMessage(400, "Bad Address")
    return Address("", parse_uri(uri.strip()), _tagged(semicolon + params, 0))


def _tagged(text: str, start: int) -> Params:
    params = parse_params(text, start)
    if len(params.get("tag") or "") > Limits.TAG:
        raise BadMessage(400, "Tag Too Long")
    return params


def _port(text: str) -> int:
    port = int(text)
    if port > 65_535:
        raise BadMessage(400, "Bad Via")
    return port


def _filled(text: str | None) -> int:
    """Read the value of rport; what a peer wrote there amiss is a mere wish for it."""
    port = parse_number(text or "") or 0
    return port if port <= 65_535 else 0
