"""The parts of a description, as plain data."""

from dataclasses import dataclass
from typing import Final

__all__ = [
    "STATIC",
    "UNKNOWN",
    "Candidate",
    "Fingerprint",
    "Format",
    "Limits",
    "Origin",
    "Section",
    "Session",
    "parameters",
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


def parameters(fmtp: str) -> dict[str, str]:
    """Read `name=value;name=value` of an fmtp; names in lower case, a name alone has the value `""`."""
    pairs = (item.partition("=") for item in fmtp.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
