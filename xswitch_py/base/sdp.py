"""SDP to objects and back (RFC 8866), with what WebRTC and SIP write into it; nothing here judges what was offered.

Reading is lenient where RFC 8866 lets it be: an attribute that is unknown is kept as it is, one that is malformed is
left out, and what exceeds a limit below is left out too. What breaks the structure raises `ProtocolError`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from xswitch_py.base.errors import ProtocolError

__all__ = [
    "STATIC",
    "Candidate",
    "Fingerprint",
    "Format",
    "Limits",
    "Origin",
    "Section",
    "Session",
    "parameters",
    "parse",
    "serialise",
]


class Limits:
    """How much of an SDP is read. The first three are errors when exceeded; of the others, the rest is left out."""

    TEXT: Final = 65_536  # characters in all
    LINE: Final = 4_096  # characters a line
    SECTIONS: Final = 16  # m-lines
    FORMATS: Final = 64  # formats an m-line
    CANDIDATES: Final = 64  # candidates an m-line
    ITEMS: Final = 64  # other repeated attributes an m-line: fingerprints, extensions, sources, feedback...


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A certificate's digest: the algorithm in lower case, the value in upper case with colons (RFC 8122)."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One ICE candidate (RFC 8839 section 5.1). `host` is an address or a name, such as browsers' `.local` ones."""

    foundation: str
    component: int
    transport: str  # "udp" or "tcp", in lower case
    priority: int
    host: str
    port: int
    kind: str = "host"  # or "srflx", "prflx", "relay"
    related_address: str = ""
    related_port: int = 0


@dataclass(frozen=True, slots=True)
class Format:
    """One payload format of an m-line. `name` is empty when no rtpmap says what the number stands for."""

    pt: int
    name: str = ""  # as in SDP: "opus", "PCMU", "VP8"
    clock: int = 0  # RTP ticks per second
    channels: int = 1
    fmtp: str = ""
    feedback: tuple[str, ...] = ()  # RTCP feedback (RFC 4585): "nack pli"


@dataclass(frozen=True, slots=True)
class Origin:
    """The o= line: whose session this is, and in which version (RFC 8866 section 5.2)."""

    user: str = "-"
    session: str = "0"
    version: str = "0"
    address: str = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line and what belongs to it, with the session's values where it has none of its own."""

    kind: str  # "audio", "video", "application", "image"...
    port: int  # 0 is refused, or bundle-only; 9 is "see the candidates"
    protocol: str  # "UDP/TLS/RTP/SAVPF", "RTP/AVP"...
    formats: tuple[Format, ...] = ()  # of an RTP m-line
    tokens: tuple[str, ...] = ()  # what any other m-line lists
    address: str = ""
    mid: str = ""
    direction: str = "sendrecv"
    ptime: int = 0  # ms; 0 is unsaid
    rtcp_port: int = 0  # 0 is unsaid
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    bundle_only: bool = False
    ufrag: str = ""
    pwd: str = ""
    ice_options: str = ""
    ice_lite: bool = False
    setup: str = ""
    fingerprints: tuple[Fingerprint, ...] = ()
    crypto: tuple[str, ...] = ()  # SDES lines (RFC 4568) without their "a=crypto:"
    extensions: tuple[tuple[int, str], ...] = ()  # header extensions: id, URI
    msid: str = ""
    sources: tuple[tuple[int, str], ...] = ()  # SSRC, CNAME
    candidates: tuple[Candidate, ...] = ()
    end_of_candidates: bool = False
    attributes: tuple[tuple[str, str], ...] = ()  # all others, as they were: name, value


@dataclass(frozen=True, slots=True)
class Session:
    """A whole description."""

    origin: Origin = Origin()
    sections: tuple[Section, ...] = ()
    name: str = "-"
    groups: tuple[tuple[str, ...], ...] = ()  # semantics, then mids: ("BUNDLE", "0", "1")
    attributes: tuple[tuple[str, str], ...] = ()  # of the session, as they were


# Payload numbers that need no rtpmap (RFC 3551 section 6), as far as somebody still sends them: name, clock, channels.
STATIC: Final[dict[int, tuple[str, int, int]]] = {
    0: ("PCMU", 8000, 1),
    3: ("GSM", 8000, 1),
    4: ("G723", 8000, 1),
    8: ("PCMA", 8000, 1),
    9: ("G722", 8000, 1),
    13: ("CN", 8000, 1),
    15: ("G728", 8000, 1),
    18: ("G729", 8000, 1),
    31: ("H261", 90000, 1),
    34: ("H263", 90000, 1),
}
UNKNOWN: Final = ("", 0, 1)

_RTPMAP: Final = re.compile(r"([^\s/]+)/([1-9][0-9]{0,7})(?:/([1-9][0-9]?))?")
_CANDIDATE: Final = re.compile(
    r"(\S{1,32}) ([0-9]{1,3}) (\S{1,16}) ([0-9]{1,10}) (\S{1,255}) ([0-9]{1,5}) typ (\S{1,16})"
    r"(?: raddr (\S{1,255}) rport ([0-9]{1,5}))?(?!\S)"
)
_TOKEN: Final = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,64}")


def parse(text: str) -> Session:
    """Read a description, with CRLF or LF line ends.

    Raises:
        ProtocolError: it is no SDP, or too long. The error says why.
    """
    common, *drafts = _drafts(_split(text))
    return Session(
        origin=common.origin,
        sections=tuple(_section(draft, common) for draft in drafts),
        name=common.name,
        groups=tuple(common.groups),
        attributes=tuple(common.attributes),
    )


def serialise(session: Session) -> str:
    """Write a description. Each line ends in CRLF; ICE lite of any m-line is said of the session."""
    origin = session.origin
    lines = [
        "v=0",
        f"o={origin.user} {origin.session} {origin.version} {_address(origin.address)}",
        f"s={session.name}",
        "t=0 0",
        *(f"a=group:{' '.join(group)}" for group in session.groups),
        *(["a=ice-lite"] if any(section.ice_lite for section in session.sections) else []),
        *(_attribute(name, value) for name, value in session.attributes),
        *(line for section in session.sections for line in _lines(section)),
        "",
    ]
    return "\r\n".join(lines)


def parameters(fmtp: str) -> dict[str, str]:
    """Read `name=value;name=value` of an fmtp; names in lower case, a name alone has the value `""`."""
    pairs = (item.partition("=") for item in fmtp.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


@dataclass(slots=True)
class _Draft:
    """What was read so far of the session (the first draft) or of an m-line."""

    kind: str = ""
    port: int = 0
    protocol: str = ""
    listed: list[str] = field(default_factory=list)
    plain: dict[str, Any] = field(default_factory=dict)  # fields of `Section` with one plain value
    rtpmaps: dict[str, str] = field(default_factory=dict)  # by payload number, as these two
    fmtps: dict[str, str] = field(default_factory=dict)
    feedback: dict[str, list[str]] = field(default_factory=dict)
    fingerprints: list[Fingerprint] = field(default_factory=list)
    crypto: list[str] = field(default_factory=list)
    extensions: dict[int, str] = field(default_factory=dict)
    sources: dict[int, str] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    origin: Origin = Origin()
    name: str = "-"
    groups: list[tuple[str, ...]] = field(default_factory=list)


_Reader = Callable[[_Draft, str], None]  # takes an attribute's value; ValueError leaves the attribute out


def _split(text: str) -> list[str]:
    if len(text) > Limits.TEXT:
        raise ProtocolError(f"SDP of {len(text)} characters; {Limits.TEXT} is the limit")
    lines = text.splitlines()
    if lines[:1] != ["v=0"]:
        raise ProtocolError("SDP does not begin with v=0")
    if (longest := max(map(len, lines))) > Limits.LINE:
        raise ProtocolError(f"SDP line of {longest} characters; {Limits.LINE} is the limit")
    return lines


def _drafts(lines: list[str]) -> list[_Draft]:
    """Read the lines; this loop is the hot path of reading."""
    draft = _Draft()
    drafts = [draft]
    for line in lines:
        name, _, value = line.partition(":")
        if reader := _READERS.get(name):
            try:
                reader(draft, value)
            except ValueError:
                continue
        elif line[:2] == "a=":
            draft.attributes.append((name[2:], value))
        elif line[:2] == "m=":
            draft = _media(line[2:])
            drafts.append(draft)
        elif line:
            _read_other(line, draft)
    if len(drafts) > Limits.SECTIONS + 1:
        raise ProtocolError(f"SDP with more than {Limits.SECTIONS} m-lines")
    return drafts


def _media(value: str) -> _Draft:
    kind, port, protocol, *listed = [*value.split(), "", "", ""]
    if not (value.isascii() and value.isprintable() and _TOKEN.fullmatch(kind) and listed[:-3]):
        raise ProtocolError("SDP with a malformed m-line")
    try:
        number = _number(port.partition("/")[0], 0, 65_535)
    except ValueError:
        raise ProtocolError("SDP m-line with a bad port") from None
    return _Draft(kind, number, protocol, listed[:-3][: Limits.FORMATS])


def _read_other(line: str, draft: _Draft) -> None:
    match line[:2], line[2:].split():
        case "c=", ["IN", "IP4" | "IP6", address]:
            draft.plain["address"] = address.partition("/")[0]
        case "o=", [user, session, version, "IN", "IP4" | "IP6", address]:
            draft.origin = Origin(user, session, version, address)
        case "s=", [_, *_]:
            draft.name = line[2:]
        case _ if line[1:2] != "=":
            raise ProtocolError("SDP line without a type")


def _section(draft: _Draft, common: _Draft) -> Section:
    over_rtp = "RTP/" in draft.protocol
    return Section(
        kind=draft.kind,
        port=draft.port,
        protocol=draft.protocol,
        formats=_formats(draft) if over_rtp else (),
        tokens=() if over_rtp else tuple(draft.listed),
        fingerprints=tuple(draft.fingerprints or common.fingerprints),
        crypto=tuple(draft.crypto),
        extensions=tuple((draft.extensions or common.extensions).items()),
        sources=tuple(draft.sources.items()),
        candidates=tuple(draft.candidates),
        attributes=tuple(draft.attributes),
        **{**common.plain, **draft.plain},
    )


def _formats(draft: _Draft) -> tuple[Format, ...]:
    """Put together what belongs to each payload number; each counts once, one out of range not at all."""
    found: dict[int, Format] = {}
    for_all = draft.feedback.get("*", [])
    for token in draft.listed:
        if not (token.isdigit() and len(token) < 4 and (pt := int(token)) < 128):
            continue
        rtpmap = _RTPMAP.fullmatch(draft.rtpmaps.get(token, ""))
        name, clock, channels = rtpmap.groups("1") if rtpmap else STATIC.get(pt, UNKNOWN)
        feedback = (*draft.feedback.get(token, ()), *for_all)
        found[pt] = Format(pt, name, int(clock), int(channels), draft.fmtps.get(token, ""), feedback)
    return tuple(found.values())


def _lines(section: Section) -> Iterator[str]:
    listed = [str(form.pt) for form in section.formats] or section.tokens or ["0"]
    yield f"m={section.kind} {section.port} {section.protocol} {' '.join(listed)}"
    if section.address:
        yield f"c={_address(section.address)}"
    if section.rtcp_port:
        yield f"a=rtcp:{section.rtcp_port}"
    for name, text in (
        ("ice-ufrag", section.ufrag),
        ("ice-pwd", section.pwd),
        ("ice-options", section.ice_options),
        ("setup", section.setup),
        ("mid", section.mid),
        ("msid", section.msid),
        ("ptime", str(section.ptime or "")),
    ):
        if text:
            yield f"a={name}:{text}"
    yield f"a={section.direction}"
    for name, said in (
        ("rtcp-mux", section.rtcp_mux),
        ("rtcp-rsize", section.rtcp_rsize),
        ("bundle-only", section.bundle_only),
    ):
        if said:
            yield f"a={name}"
    yield from (f"a=fingerprint:{one.algorithm} {one.value}" for one in section.fingerprints)
    yield from (f"a=crypto:{line}" for line in section.crypto)
    yield from (f"a=extmap:{number} {uri}" for number, uri in section.extensions)
    for form in section.formats:
        yield from _format_lines(form)
    yield from (f"a=ssrc:{ssrc} cname:{cname}" for ssrc, cname in section.sources)
    yield from (_attribute(name, value) for name, value in section.attributes)
    yield from (_candidate_line(candidate) for candidate in section.candidates)
    if section.end_of_candidates:
        yield "a=end-of-candidates"


def _format_lines(form: Format) -> Iterator[str]:
    if form.name:
        channels = f"/{form.channels}" if form.channels > 1 else ""
        yield f"a=rtpmap:{form.pt} {form.name}/{form.clock}{channels}"
    if form.fmtp:
        yield f"a=fmtp:{form.pt} {form.fmtp}"
    yield from (f"a=rtcp-fb:{form.pt} {kind}" for kind in form.feedback)


def _candidate_line(one: Candidate) -> str:
    related = f" raddr {one.related_address} rport {one.related_port}" if one.related_address else ""
    return (
        f"a=candidate:{one.foundation} {one.component} {one.transport} {one.priority} {one.host} {one.port}"
        f" typ {one.kind}{related}"
    )


def _attribute(name: str, value: str) -> str:
    return f"a={name}:{value}" if value else f"a={name}"


def _address(address: str) -> str:
    return f"IN IP6 {address}" if ":" in address else f"IN IP4 {address}"


def _number(text: str, low: int, high: int) -> int:
    """Read a decimal number; unlike `int`, take digits only and mind the range."""
    if not (text.isascii() and text.isdigit() and len(text) < 11 and low <= int(text) <= high):
        raise ValueError(text)
    return int(text)


def _always(name: str, said: object) -> _Reader:
    """Read an attribute that says it all by its name."""

    def read(draft: _Draft, value: str) -> None:
        draft.plain[name] = said

    return read


def _text(name: str) -> _Reader:
    def read(draft: _Draft, value: str) -> None:
        draft.plain[name] = value.strip()

    return read


def _of_format(name: str) -> _Reader:
    """Read `111 ...`: the value of one payload number; the first counts."""

    def read(draft: _Draft, value: str) -> None:
        pt, _, rest = value.partition(" ")
        getattr(draft, name).setdefault(pt, rest.strip())

    return read


def _mid(draft: _Draft, value: str) -> None:
    if not _TOKEN.fullmatch(value.strip()):
        raise ValueError(value)
    draft.plain["mid"] = value.strip()


def _group(draft: _Draft, value: str) -> None:
    if len(draft.groups) < Limits.ITEMS and (words := value.split()):
        draft.groups.append(tuple(words))


def _feedback(draft: _Draft, value: str) -> None:
    pt, _, kind = value.partition(" ")
    known = draft.feedback.setdefault(pt, [])
    if (kind := kind.strip()) and len(known) < Limits.ITEMS:
        known.append(kind)


def _ptime(draft: _Draft, value: str) -> None:
    draft.plain["ptime"] = _number(value.strip(), 1, 1000)


def _rtcp(draft: _Draft, value: str) -> None:
    draft.plain["rtcp_port"] = _number(value.partition(" ")[0], 1, 65_535)


def _fingerprint(draft: _Draft, value: str) -> None:
    algorithm, digest = value.split()
    if len(draft.fingerprints) < Limits.ITEMS:
        draft.fingerprints.append(Fingerprint(algorithm.lower(), digest.upper()))


def _crypto(draft: _Draft, value: str) -> None:
    if len(draft.crypto) < Limits.ITEMS and value.strip():
        draft.crypto.append(value.strip())


def _extension(draft: _Draft, value: str) -> None:
    number, _, rest = value.partition(" ")  # a direction may follow the number, and settings the URI
    if (uri := rest.split(maxsplit=1)[:1]) and len(draft.extensions) < Limits.ITEMS:
        draft.extensions.setdefault(_number(number.partition("/")[0], 1, 4095), uri[0])


def _source(draft: _Draft, value: str) -> None:
    ssrc, _, rest = value.partition(" ")
    if rest.startswith("cname:") and len(draft.sources) < Limits.ITEMS:
        draft.sources.setdefault(_number(ssrc, 0, 0xFFFF_FFFF), rest[6:].strip())


def _candidate(draft: _Draft, value: str) -> None:
    read = _CANDIDATE.match(value)
    if len(draft.candidates) >= Limits.CANDIDATES or not read:
        return
    foundation, component, transport, priority, host, port, kind, related, related_port = read.groups("")
    if 0 < int(port) < 65_536 and int(related_port or 0) < 65_536:
        draft.candidates.append(
            Candidate(
                foundation,
                int(component),
                transport.lower(),
                int(priority),
                host,
                int(port),
                kind,
                related,
                int(related_port or 0),
            )
        )


_ATTRIBUTES: Final[dict[str, _Reader]] = {
    **{name: _always("direction", name) for name in ("sendrecv", "sendonly", "recvonly", "inactive")},
    "bundle-only": _always("bundle_only", True),
    "candidate": _candidate,
    "crypto": _crypto,
    "end-of-candidates": _always("end_of_candidates", True),
    "extmap": _extension,
    "fingerprint": _fingerprint,
    "fmtp": _of_format("fmtps"),
    "group": _group,
    "ice-lite": _always("ice_lite", True),
    "ice-options": _text("ice_options"),
    "ice-pwd": _text("pwd"),
    "ice-ufrag": _text("ufrag"),
    "mid": _mid,
    "msid": _text("msid"),
    "ptime": _ptime,
    "rtcp": _rtcp,
    "rtcp-fb": _feedback,
    "rtcp-mux": _always("rtcp_mux", True),
    "rtcp-rsize": _always("rtcp_rsize", True),
    "rtpmap": _of_format("rtpmaps"),
    "setup": _text("setup"),
    "ssrc": _source,
}
_READERS: Final = {f"a={name}": reader for name, reader in _ATTRIBUTES.items()}
