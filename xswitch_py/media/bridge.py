"""Joins two legs: how a packet that one sends becomes one for the other."""

from collections.abc import Callable, Collection
from typing import Final

import structlog

from xswitch_py.media.dtmf import rescale
from xswitch_py.media.lane import Lane
from xswitch_py.media.negotiate import Format, Stream
from xswitch_py.media.port import KINDS, Port
from xswitch_py.media.rtp_out import Change, RtpOut, Sink
from xswitch_py.media.transcode import RATES, Transcoder, law, translated

__all__ = ["MODES", "join", "mode", "part", "remap", "table"]

log = structlog.get_logger("xswitch.media")

# Extensions that name a stream of one transport and mean nothing on another (RFC 8843 section 15, RFC 8852).
_LOCAL: Final = {
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
}
_ONE_BYTE: Final = b"\xbe\xde"  # RFC 8285 section 4.2


def join(source: Port, target: Port, kinds: Collection[str] = KINDS) -> None:
    """Let what one leg sends be heard by the other, on each of these media that both have."""
    for kind in kinds:
        heard, told = source.lanes[kind], target.lanes[kind]
        if heard.stream is None or told.stream is None:
            continue
        how = mode(heard.stream, told.stream)
        if how is None:
            log.warning(
                "no way to join", leg=source.leg, other=target.leg, kind=kind,
                codecs=f"{heard.stream.formats[0].name} {told.stream.formats[0].name}",
            )  # fmt: skip
            continue
        heard.feed(*MODES[how](heard, told))
        told.feeder = source
    source.ask_refresh()


def part(source: Port, target: Port) -> None:
    """Let nobody hear what the one leg sends any more."""
    for lane in source.lanes.values():
        lane.feed(None)
    for lane in target.lanes.values():
        if lane.feeder is source:
            lane.feeder = None
            lane.out.rest()


def mode(heard: Stream, told: Stream) -> str | None:
    """Choose how to join two streams, by their first formats."""
    if _same(heard.formats[0], told.formats[0]):
        return "relay"
    if not {heard.formats[0].name.upper(), told.formats[0].name.upper()} <= {*RATES}:
        return None
    return "transcode" if law(heard, told) is None else "translate"


def _relay(heard: Lane, told: Lane) -> tuple[Sink, Sink | None]:
    """Packets pass as they are, in the other stream's numbers."""
    assert heard.stream is not None and told.stream is not None
    change = remap(heard.stream.extensions, told.stream.extensions)
    sound = told.out.relay(table(heard.stream, told.stream), change)
    return sound, _digits(heard.stream, told.stream, told.out, change)


def _translate(heard: Lane, told: Lane) -> tuple[Sink, Sink | None]:
    """Packets pass in the other stream's numbers, from one law of G.711 to the other, without header extensions."""
    assert heard.stream is not None and told.stream is not None
    octets = law(heard.stream, told.stream)
    assert octets is not None
    theirs, ours = heard.stream.formats[0].pt, told.stream.formats[0].pt
    second = [-1] * 256
    second[theirs], second[theirs | 0x80] = ours, ours | 0x80
    sound = translated(octets, told.out.relay(second, None))
    return sound, _digits(heard.stream, told.stream, told.out, remap(heard.stream.extensions, told.stream.extensions))


def _transcode(heard: Lane, told: Lane) -> tuple[Sink, Sink | None]:
    """Sound is decoded and encoded anew; events pass, each at our time since the clocks differ."""
    assert heard.stream is not None and told.stream is not None
    change = remap(heard.stream.extensions, told.stream.extensions)
    work = Transcoder(heard, told, _digits(heard.stream, told.stream, told.out, change, own_clock=True))
    return work.sound, work.event


MODES: Final[dict[str, Callable[[Lane, Lane], tuple[Sink, Sink | None]]]] = {
    "relay": _relay,
    "translate": _translate,
    "transcode": _transcode,
}


def table(heard: Stream, told: Stream) -> list[int]:
    """Map the second header byte, marker and payload type, to the other stream's; -1 is not forwarded."""
    second = [-1] * 256
    for form in heard.formats:
        fit = next((f for f in told.formats if _same(form, f)), None)
        if fit is not None:
            second[form.pt], second[form.pt | 0x80] = fit.pt, fit.pt | 0x80
    return second


def remap(heard: tuple[tuple[int, str], ...], told: tuple[tuple[int, str], ...]) -> Change | None:
    """Make a function that writes header extensions in the other stream's numbers and leaves out what it does not know.

    It takes a packet that has extensions and its first byte, and gives both back. `None` if nothing is to be changed.
    """
    ids = {uri: number for number, uri in told if uri not in _LOCAL}
    new = {number: ids[uri] for number, uri in heard if uri in ids}
    if len(new) == len(heard) and all(number == other for number, other in new.items()):
        return None

    def change(packet: bytes, b0: int) -> tuple[bytes, int]:
        start = 12 + 4 * (b0 & 15)
        end = start + 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
        kept = _renumber(packet[start + 4 : end], new) if packet[start : start + 2] == _ONE_BYTE else b""
        if not kept:
            return packet[:start] + packet[end:], b0 & ~0x10
        kept += bytes(-len(kept) % 4)
        return packet[:start] + _ONE_BYTE + (len(kept) // 4).to_bytes(2, "big") + kept + packet[end:], b0

    return change


def _digits(heard: Stream, told: Stream, out: RtpOut, change: Change | None, *, own_clock: bool = False) -> Sink | None:
    """Events keep their timestamps if each end's are on the clock of its audio; else they get one of ours."""
    if heard.digits is None or told.digits is None:
        return None
    clocks = {form.pt: form.clock for form in (heard.digits, *heard.events)}
    ours = told.digits.clock
    own_clock = own_clock or {*clocks.values()} != {heard.formats[0].clock} or ours != told.formats[0].clock

    def adapt(packet: bytes, b0: int) -> tuple[bytes, int]:
        theirs = clocks.get(packet[1] & 127, ours)
        if b0 & 16 and change is not None:
            packet, b0 = change(packet, b0)
        return _rescaled(packet, b0, theirs, ours) if theirs != ours else packet, b0

    sink = out.relay_events(adapt, own_clock=own_clock)
    if not own_clock:
        return sink
    # The peer's sound is joined on anew after an event, so its events are another source.
    return lambda source, *packet: sink(source.events, *packet)


def _rescaled(packet: bytes, b0: int, theirs: int, ours: int) -> bytes:
    start = 12 + 4 * (b0 & 15)
    if b0 & 16:
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    return packet[:start] + rescale(packet[start:], theirs, ours)


def _same(one: Format, other: Format) -> bool:
    """Whether what one end sends can be decoded at the other (H264 has flavours, RFC 6184 section 8.2.2)."""
    alike = (one.name.lower(), one.clock, one.channels) == (other.name.lower(), other.clock, other.channels)
    return alike and (one.name.upper() != "H264" or _packetization(one) == _packetization(other))


def _packetization(form: Format) -> str:
    parts = (part.strip().partition("=") for part in form.fmtp.split(";"))
    return next((value for key, _, value in parts if key == "packetization-mode"), "0")


def _renumber(block: bytes, new: dict[int, int]) -> bytes:
    """Go through one-byte-header elements: four bits of id, four of length less one (RFC 8285 section 4.2)."""
    kept, at = bytearray(), 0
    while at < len(block):
        number, size = block[at] >> 4, (block[at] & 15) + 2
        if number == 0:  # padding
            at += 1
            continue
        if number == 15 or at + size > len(block):
            break
        if number in new and 0 < new[number] < 15:
            kept.append(new[number] << 4 | size - 2)
            kept += block[at + 1 : at + size]
        at += size
    return bytes(kept)
