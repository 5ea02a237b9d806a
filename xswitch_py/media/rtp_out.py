"""What one leg is sent on one medium: a single RTP stream that goes on whatever feeds it (RFC 3550, RFC 4733).

One `RtpOut` lasts as long as its leg: its SSRC never changes, its sequence has no gap of our making and its timestamps
follow the clock, although packets come now from another leg, now from a tone, a file or a key press.
"""

import random
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

__all__ = ["HEADER", "Change", "Copy", "RtpOut", "Send", "Sink", "payload_of"]

HEADER: Final = struct.Struct("!BBHII")  # V P X CC, M PT, sequence, timestamp, SSRC (RFC 3550 section 5.1)

Send = Callable[[bytes], None]

# Takes what a peer sent: the source, the whole packet, its two first bytes, sequence, timestamp, and when it came.
Sink = Callable[[Any, bytes, int, int, int, int, float], None]

# Changes a packet, whose first byte is given too; gives both.
Change = Callable[[bytes, int], tuple[bytes, int]]

# Takes a copy of a packet, and when it passed.
Copy = Callable[[bytes, float], None]

_GENERATED: Final = object()  # the source of what `write` brings
_EVENT: Final = object()  # the source of what `write_event` brings
_GAP: Final = 0.2  # seconds without a frame after which the next one begins a new talk spurt
_EVENT_HOLD: Final = 0.05  # seconds after an event packet in which no audio passes


class RtpOut:
    """One outgoing RTP stream. Sources switch by just sending: the first packet of another one is joined on.

    `send` takes the finished packet, and is `None` while there is no way to the peer: then nothing is sent or counted.
    It is set by `connect` and `redirect`, as `muted` is by `mute`.
    """

    __slots__ = (
        "_at", "_copies", "_event_ts", "_joined", "_marks", "_now", "_relayed", "_seq_off", "_silent_until", "_source",
        "_ts", "_ts_off", "_way", "clock", "event_pt", "loss", "muted", "octets", "packets", "pt", "send", "seq",
        "ssrc",
    )  # fmt: skip

    def __init__(self, clock: int = 48000, *, marks: bool = True, now: Callable[[], float] = time.monotonic) -> None:
        """`clock` is in RTP ticks a second; `marks` says that the marker bit begins a talk spurt (audio)."""
        self.ssrc = secrets.randbits(32)
        self.seq = random.randrange(0x8000)  # of the last packet; low, so that it does not wrap at once (RFC 3711)
        self.clock = clock
        self.pt = 0
        self.event_pt: int | None = None
        self.send: Send | None = None
        self.muted = False
        self.packets = 0
        self.octets = 0  # of payload, as sender reports count them
        self.loss = 0  # of 256 packets, as the peer reported of late
        self._way: Send | None = None  # `send` without the copies
        self._copies: tuple[Copy, ...] = ()
        self._marks = marks
        self._now = now
        self._ts = secrets.randbits(32)  # of the newest packet, sent at `_at`
        self._at = now()
        self._source: object = None
        self._joined = 0  # how many packets had been sent when the source was joined on
        self._seq_off = 0
        self._ts_off = 0
        self._silent_until = 0.0
        self._event_ts = 0  # of the event under way
        self._relayed: tuple[object, int, int] = (None, 0, 0)  # a peer's event: whose, their timestamp and ours

    def use(self, pt: int, clock: int, event_pt: int | None = None) -> None:
        """Send with what was agreed on: payload types, and ticks a second."""
        self.pt, self.clock, self.event_pt = pt, clock, event_pt

    def connect(self, send: Send | None) -> None:
        """Send this way from now on, or nowhere."""
        self.redirect(send)
        self.rest()

    def redirect(self, send: Send | None) -> None:
        """Send another way from now on; what feeds the stream goes on."""
        self._way = send
        copies = self._copies
        self.send = send if send is None or not copies else _copied(send, copies, self._now)

    def copy(self, *copies: Copy) -> None:
        """Let these have a copy of every packet that is sent, and nobody else."""
        self._copies = copies
        self.redirect(self._way)

    def mute(self, muted: bool) -> None:
        """Send nothing but events, or go on."""
        self.muted = muted
        self.rest()

    def rest(self) -> None:
        """Nothing feeds the stream for now; what comes next is joined on, even if it is the same source."""
        self._source = None

    def note(self, fraction: int) -> None:
        """Take what the peer reports of its losses: they count at once, and fade with the reports that follow."""
        self.loss = max(fraction, self.loss * 3 // 4)

    def timestamp(self, now: float) -> int:
        """Say which RTP timestamp belongs to this moment of the clock."""
        return (self._ts + round((now - self._at) * self.clock)) & 0xFFFFFFFF

    def write(self, payload: bytes, ticks: int, *, marker: bool = False) -> None:
        """Send one generated frame; the timestamp advances by `ticks`, or by the time that passed after a pause.

        While an event is sent, audio is left out.
        """
        if self.send is None or self.muted:
            return
        now = self._now()
        passed = now - self._at
        if self._source is not _GENERATED or passed > _GAP:
            if now < self._silent_until:
                return
            self._source, marker = _GENERATED, True
            ticks = max(ticks, round(passed * self.clock))
        self._ts = (self._ts + ticks) & 0xFFFFFFFF
        self._at = now
        self._put(payload, self.pt | 0x80 if marker else self.pt, self._ts)

    def write_event(self, payload: bytes, *, start: bool) -> None:
        """Send one RFC 4733 packet; all packets of an event carry the timestamp of its beginning (section 2.5.1.2).

        The first packet of an event has `start`, and only that: sound that comes in between, because we are late, must
        not make two events of one. Without an agreed `event_pt` nothing is sent.
        """
        now = self._now()
        if start:
            self._event_ts = self.timestamp(now)
        if self.send is None or self.event_pt is None:
            return
        self._source = _EVENT
        self._silent_until = now + _EVENT_HOLD
        self._put(payload, self.event_pt | 0x80 if start else self.event_pt, self._event_ts)

    def relay(self, second: Sequence[int], change: Change | None) -> Sink:
        """Make the function that sends on what a peer sends; a change of source is joined on without a gap.

        Args:
            second: the second byte of our header for each of theirs, marker and payload type; -1 is not sent on.
            change: brings the header extensions of a packet that has some to our numbers.
        """
        out, pack, ssrc = self, HEADER.pack, self.ssrc  # local names: what follows is done for every packet

        def sink(source: object, packet: bytes, b0: int, b1: int, seq: int, ts: int, now: float) -> None:
            b1 = second[b1]
            if b1 < 0:
                return
            if b0 & 16 and change is not None:
                packet, b0 = change(packet, b0)
            if source is not out._source:
                if not out._join(source, seq, ts, now):
                    return
                if out._marks:
                    b1 |= 0x80
            number = (seq + out._seq_off) & 0xFFFF
            stamp = (ts + out._ts_off) & 0xFFFFFFFF
            if number == out.seq + 1 or out._is_newer(number):
                out.seq, out._ts, out._at = number, stamp, now
            elif out._is_stale(number):
                return
            out.packets += 1
            out.octets += len(packet) - 12
            out.send(pack(b0, b1, number, stamp, ssrc) + packet[12:])  # type: ignore[misc]  # _join saw that it is set

        return sink

    def relay_events(self, change: Change | None, *, own_clock: bool) -> Sink:
        """Make the function that sends on the RFC 4733 packets of a peer, as `relay` does with sound.

        `change` applies to every packet. With `own_clock` the peer's timestamps are not on the clock of our audio: each
        event gets one of ours, and the source must be another object than that of the peer's audio.
        """

        def sink(source: object, packet: bytes, b0: int, b1: int, seq: int, ts: int, now: float) -> None:
            if self.event_pt is None or (source is not self._source and not self._join(source, seq, ts, now)):
                return
            if change is not None:
                packet, b0 = change(packet, b0)
            number = (seq + self._seq_off) & 0xFFFF
            if self._is_newer(number):
                self.seq = number
            elif self._is_stale(number):
                return
            if (source, ts) != self._relayed[:2]:
                self._relayed = source, ts, self.timestamp(now) if own_clock else (ts + self._ts_off) & 0xFFFFFFFF
            stamp = self._relayed[2]  # an event stays one event, although the stream may be joined on anew in it
            self.packets += 1
            self.octets += len(packet) - 12
            header = HEADER.pack(b0, b1 & 0x80 | self.event_pt, number, stamp, self.ssrc)
            self.send(header + packet[12:])  # type: ignore[misc]  # _join saw that it is set

        return sink

    def sent_as(self, seq: int) -> tuple[object, int]:
        """Say whose packet we sent as `seq` and how they number it, if they have not been replaced since."""
        return self._source, (seq - self._seq_off) & 0xFFFF

    def _join(self, source: object, seq: int, ts: int, now: float) -> bool:
        """Let another source's packet follow the last one, in time as in number."""
        if self.send is None or self.muted or now < self._silent_until:
            return False
        self._source = source
        self._seq_off = self.seq + 1 - seq
        self._ts_off = self.timestamp(now) - ts
        self._joined = self.packets
        return True

    def _is_newer(self, number: int) -> bool:
        return 0 < (number - self.seq) & 0xFFFF < 0x8000

    def _is_stale(self, number: int) -> bool:
        """Whether it lies before the source was joined on, or is there already: never two payloads under one number."""
        return not 0 < (self.seq - number) & 0xFFFF < self.packets - self._joined

    def _put(self, payload: bytes, b1: int, ts: int) -> None:
        self.seq = (self.seq + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        self.send(HEADER.pack(0x80, b1, self.seq, ts, self.ssrc) + payload)  # type: ignore[misc]  # the callers looked


def _copied(send: Send, copies: tuple[Copy, ...], clock: Callable[[], float]) -> Send:
    def send_and_copy(packet: bytes) -> None:
        send(packet)
        now = clock()
        for copy in copies:
            copy(packet, now)

    return send_and_copy


def payload_of(packet: bytes) -> bytes:
    """Give what an RTP packet carries, without sources, extension and padding; nothing if they do not fit."""
    start = 12 + 4 * (packet[0] & 15)
    if packet[0] & 16:
        if len(packet) < start + 4:
            return b""
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet) - packet[-1] if packet[0] & 32 else len(packet)
    return packet[start:end] if end > start else b""
