"""The payload formats we know, as tables, and how to find them in what a peer lists."""

import re
from dataclasses import replace
from typing import Final, NamedTuple

from xswitch_py.base.sdp import Format, Section, parameters

__all__ = [
    "CODECS",
    "DIGITS",
    "EVENTS",
    "EXTENSIONS",
    "FEEDBACK",
    "Codec",
    "digits",
    "events_fmtp",
    "events_in",
    "first",
    "formats_of",
    "known_in",
    "our_fmtp",
]


class Codec(NamedTuple):
    """An encoding we know: `pt` and `fmtp` are what our SDP says of it."""

    kind: str
    name: str
    clock: int
    channels: int
    pt: int
    fmtp: str = ""


CODECS: Final = (
    Codec("audio", "opus", 48000, 2, 111, "minptime=10;useinbandfec=1"),
    Codec("audio", "G722", 8000, 1, 9),
    Codec("audio", "PCMU", 8000, 1, 0),
    Codec("audio", "PCMA", 8000, 1, 8),
    Codec("video", "VP8", 90000, 1, 96),
    Codec("video", "H264", 90000, 1, 102, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
    Codec("video", "VP9", 90000, 1, 98, "profile-id=0"),
)
EVENTS: Final = {48000: 110, 8000: 101}  # telephone-event: clock -> our payload number

_AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
_MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"

# Header extensions we let pass, with the ids of our offers. All m-lines of a bundle share one space of ids.
EXTENSIONS: Final[dict[str, dict[str, int]]] = {
    "audio": {_AUDIO_LEVEL: 1, _SEND_TIME: 2, _MID: 4},
    "video": {_SEND_TIME: 2, _MID: 4},
}
# Feedback that can cross a relay. Neither transport-cc nor RTX: both need state of each hop.
FEEDBACK: Final[dict[str, tuple[str, ...]]] = {"audio": (), "video": ("goog-remb", "ccm fir", "nack", "nack pli")}

DIGITS: Final = "0-15"  # the telephone-events we know: 0-9, *, #, A-D (RFC 4733 section 3.2)

_BASELINE: Final = re.compile(r"42[4-7cdef]0[0-9a-f]{2}", re.IGNORECASE)

_KNOWN: Final = {(codec.kind, codec.name.lower(), codec.clock, codec.channels): codec for codec in CODECS}


def known_in(section: Section) -> tuple[Format, ...]:
    """Narrow what an m-line lists to what we know, in its order, under our names."""
    codecs = [
        (form, _KNOWN.get((section.kind, form.name.lower(), form.clock, form.channels))) for form in section.formats
    ]
    return tuple(
        replace(form, name=codec.name, feedback=tuple(f for f in form.feedback if f in FEEDBACK[section.kind]))
        for form, codec in codecs
        if codec and _is_usable(form.pt) and _is_same(codec.name, parameters(form.fmtp))
    )


def our_fmtp(kind: str, form: Format) -> str:
    """Say what we write of a format that is known."""
    return _KNOWN[kind, form.name.lower(), form.clock, form.channels].fmtp


def _is_usable(pt: int) -> bool:
    """Tell whether RTP of this payload number can share a port with RTCP (RFC 5761 section 4)."""
    return not 64 <= pt <= 95


def _is_same(name: str, said: dict[str, str]) -> bool:
    """Tell whether an encoding's parameters are of the one variant we know, since a relay cannot change it."""
    match name:
        case "H264":
            return said.get("packetization-mode") == "1" and bool(_BASELINE.fullmatch(said.get("profile-level-id", "")))
        case "VP9":
            return said.get("profile-id", "0") == "0"
        case _:
            return True


def digits(section: Section, clock: int) -> Format | None:
    """Find telephone-event, with this clock if possible, else at 8000."""
    return min(events_in(section), key=lambda form: (form.clock != clock, form.clock), default=None)


def events_in(section: Section) -> tuple[Format, ...]:
    """List the telephone-events of an m-line."""
    return tuple(
        form
        for form in section.formats
        if form.name.lower() == "telephone-event" and form.clock in EVENTS and _is_usable(form.pt)
    )


def events_fmtp(theirs: str) -> str:
    """Say which telephone-events we take: the digits, and the hook flash if the peer speaks of it (RFC 4733)."""
    ranges = [part.strip().partition("-") for part in theirs.split(",")]
    flash = any(low.isdecimal() and int(low) <= 16 <= int(high if high.isdecimal() else low) for low, _, high in ranges)
    return "0-16" if flash else DIGITS


def first(wished: tuple[str, ...], known: tuple[Format, ...]) -> tuple[Format, ...]:
    """Give the first of the wished encodings that is known, or nothing."""
    return next(((form,) for name in wished for form in known if form.name.lower() == name.lower()), ())


def formats_of(kind: str, names: tuple[str, ...]) -> tuple[Format, ...]:
    """List what we know of these encodings, as our offers have it."""
    codecs = {codec.name.lower(): codec for codec in CODECS if codec.kind == kind}
    wished = [codecs[name] for name in dict.fromkeys(name.lower() for name in names) if name in codecs]
    return tuple(Format(c.pt, c.name, c.clock, c.channels, c.fmtp, FEEDBACK[kind]) for c in wished)
