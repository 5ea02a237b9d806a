"""What two ends agree on for each medium, whatever carries it: payload formats, digits, and who may send (RFC 3264)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from xswitch_py.base.errors import MediaError
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import STATIC, Format, Section, Session
from xswitch_py.media.formats import (
    CODECS,
    EVENTS,
    EXTENSIONS,
    digits,
    events_fmtp,
    events_in,
    first,
    formats_of,
    known_in,
    our_fmtp,
)

__all__ = [
    "DIRECTIONS",
    "PTIME",
    "Agreement",
    "Stream",
    "again",
    "answered",
    "audio_of",
    "chosen",
    "listed",
    "of_kind",
    "refusal",
    "renumbered",
    "stream",
]

DIRECTIONS: Final = {  # by (whether we send, whether the peer may)
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}
PTIME: Final = 20  # ms of audio a packet, unless the peer asks for another length

_PTIMES: Final = range(10, 61)
_CUT: Final = ("PCMU", "PCMA", "G722")  # of one octet a tick, each of which stands for itself
_OCTETS: Final = 8  # of these, a ms
_DYNAMIC: Final = range(96, 128)  # payload numbers (RFC 3551 section 6)


@dataclass(frozen=True, slots=True)
class Stream:
    """What was agreed for one m-line. `formats` is empty when it was refused; `formats[0]` is what we send.

    The formats' numbers serve both ends; their fmtp is what the peer said, their feedback what both can do.
    """

    kind: str  # "audio" or "video"; of a refused m-line whatever was offered
    mid: str
    formats: tuple[Format, ...] = ()
    digits: Format | None = None  # telephone-event, as we send it
    extensions: tuple[tuple[int, str], ...] = ()  # header extension ids agreed
    sends: bool = True  # whether we may send
    hears: bool = True  # whether the peer may send
    events: tuple[Format, ...] = ()  # telephone-events on other clocks, which the peer may send too
    ptime: int = PTIME  # ms of audio a packet that the peer wants


class Agreement(Protocol):
    """What an offer and its answer came to, on any transport."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What was agreed for each m-line, in order."""

    def stream(self, kind: str) -> Stream | None:
        """Give the accepted stream of this kind, if there is one."""


class Regroup:
    """Puts frames of 20 ms together, or cuts them, to packets as long as the peer wants (RFC 4566 `ptime`)."""

    __slots__ = ("_rest", "_size")

    def __init__(self, ms: int) -> None:
        self._size = ms * _OCTETS
        self._rest = b""

    @classmethod
    def of(cls, agreed: Stream) -> "Regroup | None":
        """Make one for a stream; `None` if frames go as they are, or cannot be cut: those of Opus are whole."""
        name = agreed.formats[0].name.upper()
        return cls(agreed.ptime) if agreed.ptime != PTIME and name in _CUT else None

    @property
    def waiting(self) -> int:
        """How many octets wait for more."""
        return len(self._rest)

    def put(self, payload: bytes) -> list[bytes]:
        """Take a frame; give the packets that are full."""
        octets, size = self._rest + payload, self._size
        whole = len(octets) - len(octets) % size
        self._rest = octets[whole:]
        return [octets[at : at + size] for at in range(0, whole, size)]


def stream(section: Section, mid: str, formats: tuple[Format, ...]) -> Stream:
    """Say what these formats of the peer's m-line make; none is a refusal."""
    if not formats:
        return Stream(section.kind, mid)
    passing = EXTENSIONS[section.kind]
    ids = {uri: number for number, uri in reversed(section.extensions) if uri in passing and number < 15}
    return Stream(
        kind=section.kind,
        mid=mid,
        formats=formats,
        digits=digits(section, formats[0].clock) if section.kind == "audio" else None,
        extensions=tuple((number, uri) for uri, number in sorted(ids.items(), key=lambda item: item[1])),
        sends=section.direction in ("sendrecv", "recvonly"),
        hears=section.direction in ("sendrecv", "sendonly"),
        ptime=_ptime(section) if section.kind == "audio" else 0,
    )


def chosen(
    offer: Session, served: Mapping[str, int], wish: Wish, known: Callable[[Section], tuple[Format, ...]]
) -> tuple[Stream, ...]:
    """Choose for each m-line of an offer the first encoding of the wish that is `known` in it; refuse those not served.

    Args:
        served: kind -> the place of the m-line that we can serve; there is one of audio.

    Raises:
        MediaError: no audio of the wish was offered.
    """
    wished = {"audio": wish.audio, "video": wish.video}
    streams = tuple(
        _shown(stream(section, section.mid, first(wished[section.kind], known(section))), wish)
        if served.get(section.kind) == index
        else Stream(section.kind, section.mid)
        for index, section in enumerate(offer.sections)
    )
    if not streams[served["audio"]].formats:
        raise MediaError(f"offer has no audio encoding of {', '.join(wish.audio) or 'none'}")
    return streams


def answered(ours: Section, theirs: Section) -> Stream:
    """Take of an answered m-line what was offered, in the order of the answer."""
    offered = {(form.pt, form.name.lower(), form.clock, form.channels) for form in ours.formats}
    kept = tuple(form for form in theirs.formats if (form.pt, form.name.lower(), form.clock, form.channels) in offered)
    both = tuple(extension for extension in theirs.extensions if extension in ours.extensions)
    common = replace(theirs, formats=kept, extensions=both)
    made = stream(common, ours.mid, known_in(common))
    others = tuple(form for form in events_in(common) if form != made.digits) if made.formats else ()
    return replace(made, events=others) if made.kind == "audio" else made


def listed(agreed: Stream) -> tuple[Format, ...]:
    """Give the formats of our answer, in our words."""
    formats = tuple(replace(form, fmtp=our_fmtp(agreed.kind, form)) for form in agreed.formats)
    if agreed.digits is None:
        return formats
    return (*formats, replace(agreed.digits, fmtp=events_fmtp(agreed.digits.fmtp), feedback=()))


def audio_of(wish: Wish) -> tuple[Format, ...]:
    """Give the formats of an offer: the audio encodings of the wish, and a telephone-event for each of their clocks.

    Raises:
        MediaError: we know none of them.
    """
    formats = formats_of("audio", wish.audio)
    if not formats:
        raise MediaError(f"no audio encoding of {', '.join(wish.audio) or 'none'} is known")
    clocks = [clock for clock in EVENTS if any(form.clock == clock for form in formats)]
    events = (Format(EVENTS[clock], "telephone-event", clock, fmtp=events_fmtp("")) for clock in clocks)
    return *formats, *events


def again(section: Section, agreed: Stream) -> tuple[Format, ...]:
    """Give the formats with which an agreed m-line is offered anew: what is in use first, then all else that we know.

    `section` is the peer's last one: a number keeps its meaning as long as the session lasts (RFC 3264 section 8.3.2).
    """
    used = agreed.formats[0].name
    if agreed.kind != "audio":
        return renumbered((section,), formats_of(agreed.kind, (used,)), agreed.formats)
    others = (codec.name for codec in CODECS if codec.kind == "audio")
    return renumbered((section,), audio_of(Wish((used, *others))))


def refusal(section: Section, address: str = "") -> Section:
    """Refuse an m-line: port 0, and what it lists by number alone (RFC 3264 section 6)."""
    numbers = [form.pt for form in section.formats] or ([] if section.tokens else [0])
    formats = tuple(Format(pt, *STATIC[pt]) if pt in STATIC else Format(pt) for pt in numbers)
    return Section(
        section.kind, 0, section.protocol, formats, section.tokens, address, mid=section.mid, direction="inactive"
    )


def of_kind(streams: Sequence[Stream], kind: str) -> Stream | None:
    """Give the accepted stream of this kind, if there is one."""
    return next((one for one in streams if one.kind == kind and one.formats), None)


def renumbered(
    sections: Sequence[Section], formats: tuple[Format, ...], used: tuple[Format, ...] = ()
) -> tuple[Format, ...]:
    """Give formats of ours the numbers that they have in the peer's m-lines, or else free ones; `used` is agreed."""
    listed = [form for section in sections for form in section.formats]
    numbers = {(form.name.lower(), form.clock, form.channels): form.pt for form in (*reversed(listed), *used)}
    taken = {form.pt for form in listed}
    free = [pt for pt in _DYNAMIC if pt not in taken and all(pt != form.pt for form in formats)]
    made = []
    for form in formats:
        pt = numbers.get((form.name.lower(), form.clock, form.channels))
        if pt is None and form.pt in taken:
            pt = free.pop(0) if free else None
            if pt is None:
                continue
        made.append(replace(form, pt=form.pt if pt is None else pt))
    return tuple(made)


def _shown(one: Stream, wish: Wish) -> Stream:
    return replace(one, sends=False) if one.kind == "video" and not wish.shows else one


def _ptime(section: Section) -> int:
    """Say how long the peer wants our packets; an extreme wish is not heard."""
    longest = next((value for name, value in section.attributes if name == "maxptime" and value.isdecimal()), "")
    wanted = section.ptime if section.ptime in _PTIMES else PTIME
    return min(wanted, int(longest)) if longest and int(longest) in _PTIMES else wanted
