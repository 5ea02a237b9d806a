"""SDP text to objects (RFC 8866).

Lenient where RFC 8866 lets it be: an attribute that is unknown is kept as it is, one that is malformed is left out, and
what exceeds a limit is left out too. What breaks the structure raises `ProtocolError`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from xswitch_py.base.errors import ProtocolError
from xswitch_py.base.sdp.model import STATIC, UNKNOWN, Candidate, Fingerprint, Format, Limits, Origin, Section, Session

__all__ = ["parse"]

_RTPMAP: Final = re.compile(r"([^\s/]+)/([1-9][0-9]{0,7})(?:/([1-9][0-9]?))?")
_CANDIDATE: Final = re.compile(
    r"(\S{1,32}) ([0-9]{1,3}) (\S{1,16}) ([0-9]{1,10}) (\S{1,255}) ([0-9]{1,5}) typ (\S{1,16})"
    r"(?: raddr (\S{1,255}) rport ([0-9]{1,5}))?(?!\S)"
)
_KNOWN: Final = 32  # descriptions that are remembered
_TOKEN: Final = re.compile(r"[!#-'*+\-.0-9A-Z^-~]{1,64}")


@lru_cache(_KNOWN)  # one is looked at several times while a call is set up
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
    origin: Origin = field(default_factory=Origin)
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
