"""RTCP packets to objects and back: reports, descriptions, goodbyes and feedback (RFC 3550, RFC 4585, RFC 5104)."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = [
    "Block", "Bye", "Feedback", "Item", "Report", "bye", "description", "full_intra_request", "lost_packets", "nack",
    "parse", "picture_loss", "receive_bandwidth", "receiver_report", "remb", "sender_report",
]  # fmt: skip

SR: Final = 200
RR: Final = 201
SDES: Final = 202
BYE: Final = 203
RTPFB: Final = 205
PSFB: Final = 206

_MAX_PACKETS: Final = 32  # a datagram
_BLOCK: Final = struct.Struct("!IB3sIIII")


@dataclass(frozen=True, slots=True)
class Block:
    """How well one source is heard (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction: int  # of 256, lost since the report before
    lost: int  # in all; negative if some came twice
    highest: int  # extended sequence number
    jitter: int  # ticks
    last_report: int = 0  # the middle of the NTP time of the last sender report
    delay: int = 0  # since it came, in 1/65536 s


@dataclass(frozen=True, slots=True)
class Report:
    """A receiver report; a sender report if `ntp` is set."""

    ssrc: int
    blocks: tuple[Block, ...] = ()
    ntp: int | None = None  # 64 bits
    timestamp: int = 0
    packets: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class Bye:
    """Sources that send no more."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Feedback:
    """A receiver's wish (RFC 4585 section 6.1): `what` names it, or is empty if we do not know it."""

    what: str  # "nack", "pli", "fir", "remb"
    sender: int
    media: int
    fci: bytes


Item = Report | Bye | Feedback

_WISHES: Final = {(RTPFB, 1): "nack", (PSFB, 1): "pli", (PSFB, 4): "fir", (PSFB, 15): "remb"}


def parse(data: bytes) -> Iterator[Item]:
    """Read a compound packet as far as it is well-formed; what we have no use for is skipped."""
    at = 0
    for _ in range(_MAX_PACKETS):
        if at + 4 > len(data) or data[at] >> 6 != 2:
            return
        count, kind, words = data[at] & 31, data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 4 + words * 4]
        if len(body) < words * 4:
            return
        if data[at] & 32:  # padding; its length is the last byte
            if not body or body[-1] > len(body):
                return
            body = body[: len(body) - body[-1]]
        item = _read(kind, count, body)
        if item is not None:
            yield item
        at += 4 + words * 4


def lost_packets(fci: bytes) -> Iterator[int]:
    """List the sequence numbers that a NACK asks for (RFC 4585 section 6.2.1)."""
    for at in range(0, len(fci) - 3, 4):
        first, more = struct.unpack_from("!HH", fci, at)
        yield first
        yield from ((first + 1 + bit) & 0xFFFF for bit in range(16) if more >> bit & 1)


def receive_bandwidth(fci: bytes) -> tuple[int, tuple[int, ...]] | None:
    """Read a REMB: bits a second, and for which sources (draft-alvestrand-rmcat-remb section 2.2)."""
    if len(fci) < 8 or fci[:4] != b"REMB" or len(fci) < 8 + 4 * fci[4]:
        return None
    exponent, mantissa = fci[5] >> 2, (fci[5] & 3) << 16 | fci[6] << 8 | fci[7]
    return mantissa << exponent, struct.unpack_from(f"!{fci[4]}I", fci, 8)


def sender_report(
    ssrc: int, ntp: int, timestamp: int, packets: int, octets: int, blocks: Iterable[Block] = ()
) -> bytes:
    """Make a sender report: `timestamp` is the RTP time of the moment `ntp`."""
    body = struct.pack("!IQIII", ssrc, ntp, timestamp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _report(SR, body, blocks)


def receiver_report(ssrc: int, blocks: Iterable[Block] = ()) -> bytes:
    """Make a receiver report."""
    return _report(RR, struct.pack("!I", ssrc), blocks)


def description(ssrcs: Iterable[int], cname: str) -> bytes:
    """Say that these sources are one participant's."""
    name = cname.encode()
    item = struct.pack("!BB", 1, len(name)) + name
    item += bytes(4 - len(item) % 4)  # ends with at least one zero
    chunks = [struct.pack("!I", ssrc) + item for ssrc in ssrcs]
    return _packet(len(chunks), SDES, b"".join(chunks))


def bye(ssrcs: Iterable[int]) -> bytes:
    """Say that these sources send no more."""
    listed = list(ssrcs)
    return _packet(len(listed), BYE, struct.pack(f"!{len(listed)}I", *listed))


def picture_loss(sender: int, media: int) -> bytes:
    """Ask for a key frame (RFC 4585 section 6.3.1)."""
    return _packet(1, PSFB, struct.pack("!II", sender, media))


def full_intra_request(sender: int, media: int, number: int) -> bytes:
    """Ask for a key frame in the older way (RFC 5104 section 4.3.1); `number` grows with each new request."""
    return _packet(4, PSFB, struct.pack("!IIIB3x", sender, 0, media, number & 0xFF))


def nack(sender: int, media: int, seqs: Iterable[int]) -> bytes:
    """Ask for packets once more."""
    return _packet(1, RTPFB, struct.pack("!II", sender, media) + b"".join(_pack_lost(list(seqs))))


def remb(sender: int, bitrate: int, ssrcs: Iterable[int]) -> bytes:
    """Say how many bits a second of these sources can be received."""
    listed = list(ssrcs)
    exponent = max(0, bitrate.bit_length() - 18)
    mantissa = bitrate >> exponent
    head = struct.pack("!4sBBH", b"REMB", len(listed), exponent << 2 | mantissa >> 16, mantissa & 0xFFFF)
    return _packet(15, PSFB, struct.pack("!II", sender, 0) + head + struct.pack(f"!{len(listed)}I", *listed))


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _report(kind: int, body: bytes, blocks: Iterable[Block]) -> bytes:
    packed = [_pack_block(block) for block in blocks][:31]
    return _packet(len(packed), kind, body + b"".join(packed))


def _pack_block(b: Block) -> bytes:
    lost = max(-0x800000, min(b.lost, 0x7FFFFF)).to_bytes(3, "big", signed=True)
    return _BLOCK.pack(b.ssrc, b.fraction, lost, b.highest & 0xFFFFFFFF, b.jitter & 0xFFFFFFFF, b.last_report, b.delay)


def _pack_lost(seqs: list[int]) -> Iterator[bytes]:
    while seqs:
        first, *rest = seqs
        more = sum(1 << (seq - first - 1 & 0xFFFF) for seq in set(rest) if 0 < (seq - first) & 0xFFFF < 17)
        yield struct.pack("!HH", first, more)
        seqs = [seq for seq in rest if not 0 <= (seq - first) & 0xFFFF < 17]


def _read(kind: int, count: int, body: bytes) -> Item | None:
    if kind in (SR, RR):
        return _read_report(kind, count, body)
    if kind == BYE:
        return Bye(struct.unpack_from(f"!{count}I", body)) if len(body) >= 4 * count else None
    if kind in (RTPFB, PSFB) and len(body) >= 8:
        sender, media = struct.unpack_from("!II", body)
        return Feedback(_WISHES.get((kind, count), ""), sender, media, body[8:])
    return None


def _read_report(kind: int, count: int, body: bytes) -> Report | None:
    start = 24 if kind == SR else 4
    if len(body) < start + count * _BLOCK.size:
        return None
    blocks = []
    for at in range(start, start + count * _BLOCK.size, _BLOCK.size):
        ssrc, fraction, lost, *rest = _BLOCK.unpack_from(body, at)
        blocks.append(Block(ssrc, fraction, int.from_bytes(lost, "big", signed=True), *rest))
    if kind == RR:
        return Report(int.from_bytes(body[:4], "big"), tuple(blocks))
    ssrc, ntp, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
    return Report(ssrc, tuple(blocks), ntp, timestamp, packets, octets)
