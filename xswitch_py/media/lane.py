"""One medium of a leg in both directions, and who is heard on it."""

from functools import partial
from typing import Final, Protocol

from xswitch_py.media import rtcp
from xswitch_py.media.rtp_out import Copy, RtpOut, Send, Sink
from xswitch_py.media.streams import Stream

__all__ = ["REFRESH", "Ear", "Feeder", "Lane", "Source"]

REFRESH: Final = 0.5  # seconds between two requests for a key frame


class Feeder(Protocol):
    """The leg whose packets are sent on, as it is asked for a key frame or for less."""

    @property
    def video(self) -> "Lane":
        """Its pictures."""

    def ask_refresh(self) -> None:
        """Ask its peer for a key frame."""

    def send_feedback(self, packet: bytes) -> None:
        """Tell its peer something about what it sends."""


class Ear(Protocol):
    """Who gets a copy of what passes on a lane, digits among it; called for every packet, so it must be quick."""

    def heard(self, stream: Stream, packet: bytes, now: float) -> None:
        """Take what the peer sent."""

    def told(self, stream: Stream, packet: bytes, now: float) -> None:
        """Take what the peer was sent."""


class Source:
    """One SSRC that is heard, and its counts (RFC 3550 appendix A)."""

    __slots__ = (
        "base", "clock", "cycles", "events", "expected", "heard_at", "jitter", "lane", "octets", "packets", "received",
        "report", "report_at", "seq", "ssrc", "transit",
    )  # fmt: skip

    def __init__(self, ssrc: int, lane: "Lane", seq: int, clock: int) -> None:
        self.ssrc = ssrc
        self.lane = lane
        self.clock = clock
        self.base = self.seq = seq
        self.cycles = 0
        self.packets = 0
        self.octets = 0
        self.jitter = 0.0  # ticks
        self.transit = 0.0  # ticks between sending and coming, of the last packet; 0 before
        self.heard_at = 0.0
        self.expected = self.received = 0  # at the last report
        self.report = 0  # the middle of the NTP time of its last sender report, which came at `report_at`
        self.report_at = 0.0
        self.events = object()  # stands for its events where these are on another clock

    @property
    def highest(self) -> int:
        """The extended highest sequence number."""
        return self.cycles + self.seq

    def is_newer(self, seq: int) -> bool:
        """Whether it comes after the highest so far; if so, the extended number has its wrap."""
        if (seq - self.seq) & 0xFFFF >= 0x8000:
            return False
        if seq < self.seq:
            self.cycles += 0x10000
        return True

    @property
    def lost(self) -> int:
        """How many packets are missing; negative if some came twice."""
        return self.highest - self.base + 1 - self.packets

    def block(self, now: float) -> rtcp.Block:
        """Report on it, and begin the next interval (RFC 3550 appendix A.3)."""
        expected = self.highest - self.base + 1
        interval, got = expected - self.expected, self.packets - self.received
        self.expected, self.received = expected, self.packets
        fraction = max(0, interval - got) * 256 // interval if interval > 0 else 0
        delay = round((now - self.report_at) * 65536) & 0xFFFFFFFF if self.report else 0
        return rtcp.Block(
            self.ssrc, min(fraction, 255), self.lost, self.highest, round(self.jitter), self.report, delay
        )


class Lane:
    """One medium of a leg, in both directions."""

    __slots__ = (
        "_deaf", "_ears", "_events", "_sound", "dropped", "event_pts", "event_sink", "feeder", "gone", "kind", "out",
        "pts", "refreshed_at", "sink", "sources", "stream",
    )  # fmt: skip

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.out = RtpOut(48000 if kind == "audio" else 90000, marks=kind == "audio")
        self.stream: Stream | None = None
        self.pts: dict[int, int] = {}  # what the peer may send: payload type -> clock
        self.event_pts: dict[int, int] = {}
        self._sound: Sink | None = None  # where what is heard goes
        self._events: Sink | None = None
        self._ears: tuple[Ear, ...] = ()
        self._deaf = False
        self.sink: Sink | None = None  # the same, with copies for the ears; set by `feed`
        self.event_sink: Sink | None = None
        self.feeder: Feeder | None = None  # the leg whose packets are sent on here
        self.sources: dict[int, Source] = {}
        self.dropped = 0  # payloads that could not be decoded
        self.gone = (0, 0, 0)  # packets, bytes and losses of sources that are heard no more
        self.refreshed_at = -REFRESH

    def agree(self, stream: Stream | None) -> None:
        """Use what was agreed on; without a stream nothing passes."""
        self.stream = stream
        self.pts, self.event_pts = {}, {}
        if stream is not None:
            digits, first = stream.digits, stream.formats[0]
            self.pts = {form.pt: form.clock for form in stream.formats}
            self.event_pts = {form.pt: form.clock for form in (*stream.events, *((digits,) if digits else ()))}
            self.out.use(first.pt, first.clock, digits.pt if digits else None)
        if self._ears:
            self._wire()

    def connect(self, way: Send | None) -> None:
        """Send this way, if we may send; a stream that flows already is not joined on anew."""
        allowed = way if self.stream is not None and self.stream.sends else None
        if allowed is not None and self.out.send is not None:
            self.out.redirect(allowed)
        elif allowed is not self.out.send:
            self.out.connect(allowed)

    def feed(self, sound: Sink | None, events: Sink | None = None) -> None:
        """Let what is heard go there from now on, or nowhere."""
        self._sound, self._events = sound, events
        self._wire()

    def tap(self, ear: Ear) -> None:
        """Let one more have copies of what passes."""
        self._ears = *self._ears, ear
        self._wire()

    def untap(self, ear: Ear) -> None:
        """Let this one have no more."""
        self._ears = tuple(other for other in self._ears if other is not ear)
        self._wire()

    def silence(self, deaf: bool) -> None:
        """Let the ears have nothing of what is heard, or let them again."""
        self._deaf = deaf
        self._wire()

    def _wire(self) -> None:
        """Put copying where it is wanted, and only there."""
        stream, ears = self.stream, self._ears
        self.sink, self.event_sink = self._sound, self._events
        self.out.copy(*(partial(ear.told, stream) for ear in ears if stream is not None))
        if ears and stream is not None and not self._deaf:
            copies = tuple(partial(ear.heard, stream) for ear in ears)
            self.sink, self.event_sink = _copied(copies, self._sound), _copied(copies, self._events)

    def forget(self, source: Source) -> None:
        """Hear this one no more; its counts stay."""
        del self.sources[source.ssrc]
        packets, octets, lost = self.gone
        self.gone = packets + source.packets, octets + source.octets, lost + max(0, source.lost)

    @property
    def latest(self) -> Source | None:
        """The source heard last."""
        return max(self.sources.values(), key=lambda s: s.heard_at, default=None)

    @property
    def heard(self) -> tuple[int, int, int]:
        """Packets, bytes and losses so far."""
        packets, octets, lost = self.gone
        for source in self.sources.values():
            packets, octets, lost = packets + source.packets, octets + source.octets, lost + max(0, source.lost)
        return packets, octets, lost


def _copied(copies: tuple[Copy, ...], sink: Sink | None) -> Sink:
    def sink_and_copy(source: object, packet: bytes, b0: int, b1: int, seq: int, ts: int, now: float) -> None:
        if sink is not None:
            sink(source, packet, b0, b1, seq, ts, now)
        for copy in copies:
            copy(packet, now)

    return sink_and_copy
