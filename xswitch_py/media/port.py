"""What one leg sends and hears, whatever carries it: its streams, their counts and reports, the digits among them."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from xswitch_py.base.ids import LegId
from xswitch_py.media import rtcp
from xswitch_py.media.api import Connected, Digit, LegStats, Listener
from xswitch_py.media.dtmf import DigitReader, Press
from xswitch_py.media.rtp_out import HEADER, RtpOut, Send, Sink, payload_of
from xswitch_py.media.streams import Agreement, Stream

__all__ = ["Lane", "Port", "Source"]

log = structlog.get_logger("xswitch.media")

KINDS: Final = ("audio", "video")

_MAX_SOURCES: Final = 4  # of each kind
_MAX_MET: Final = 16
_STALE: Final = 5.0  # seconds of silence after which a source makes room for another
_REFRESH: Final = 0.5  # seconds between two requests for a key frame
_REPORT: Final = 5.0  # seconds between two reports, on average
_CNAME: Final = "xswitch"  # as our SDP says
_RATE: Final = {"audio": 500, "video": 3000}  # packets a second that a leg may send
_NTP_EPOCH: Final = 2_208_988_800  # seconds from 1900 to 1970

_unpack: Final = HEADER.unpack_from


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
        "dropped", "event_pts", "event_sink", "feeder", "gone", "kind", "out", "pts", "refreshed_at", "sink",
        "sources", "stream",
    )  # fmt: skip

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.out = RtpOut(48000 if kind == "audio" else 90000, marks=kind == "audio")
        self.stream: Stream | None = None
        self.pts: dict[int, int] = {}  # what the peer may send: payload type -> clock
        self.event_pts: dict[int, int] = {}
        self.sink: Sink | None = None  # where what is heard goes
        self.event_sink: Sink | None = None
        self.feeder: Port | None = None  # the leg whose packets are sent on here
        self.sources: dict[int, Source] = {}
        self.dropped = 0  # payloads that could not be decoded
        self.gone = (0, 0, 0)  # packets, bytes and losses of sources that are heard no more
        self.refreshed_at = -_REFRESH

    def agree(self, stream: Stream | None) -> None:
        """Use what was agreed on; without a stream nothing passes."""
        self.stream = stream
        self.pts, self.event_pts = {}, {}
        if stream is not None:
            digits, first = stream.digits, stream.formats[0]
            self.pts = {form.pt: form.clock for form in stream.formats}
            self.event_pts = {form.pt: form.clock for form in (*stream.events, *((digits,) if digits else ()))}
            self.out.use(first.pt, first.clock, digits.pt if digits else None)

    def connect(self, way: Send | None) -> None:
        """Send this way, if we may send; a stream that flows already is not joined on anew."""
        allowed = way if self.stream is not None and self.stream.sends else None
        if allowed is not None and self.out.send is not None:
            self.out.send = allowed
        elif allowed is not self.out.send:
            self.out.connect(allowed)

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


class Port:
    """One leg's media."""

    __slots__ = (
        "_digit_clock", "_digits", "_event_pts", "_lane_of", "_met", "_quiet_since", "_rate", "_report_at", "_resend",
        "_send_rtcp", "_sources", "_ticked_at", "_ways", "agreed", "allowance", "connected", "dropped", "lanes", "leg",
        "listener",
    )  # fmt: skip

    def __init__(self, leg: LegId, listener: Listener) -> None:
        self.leg = leg
        self.listener = listener
        self.lanes = {kind: Lane(kind) for kind in KINDS}
        self.agreed: Agreement | None = None
        self.connected = asyncio.Event()
        self._quiet_since = 0.0  # monotonic, as all times here
        self.dropped = 0
        self.allowance = 0.0  # packets that may still come
        self._rate = 0
        self._ticked_at = 0.0
        self._lane_of: dict[int, Lane] = {}  # by payload type
        self._event_pts: dict[int, int] = {}  # second header byte of an event -> its clock
        self._sources: dict[int, Source] = {}
        self._met: deque[int] = deque(maxlen=_MAX_MET)  # SSRCs that were heard, of late or before
        self._digits = DigitReader()
        self._digit_clock = 8000
        self._ways: dict[str, Send] = {}  # of each kind, while packets can flow
        self._send_rtcp: Send | None = None
        self._resend: Callable[[int], bool] = lambda _: False
        self._report_at = 0.0

    @property
    def audio(self) -> Lane:
        """The lane every leg has."""
        return self.lanes["audio"]

    @property
    def video(self) -> Lane:
        """The lane that may be without an agreement."""
        return self.lanes["video"]

    @property
    def heard_at(self) -> float:
        """When anything was heard last, or else when packets could begin to flow."""
        return max((source.heard_at for source in self._sources.values()), default=self._quiet_since)

    @property
    def is_up(self) -> bool:
        """Whether packets can flow."""
        return self._send_rtcp is not None

    def agree(self, agreed: Agreement) -> None:
        """Use what was agreed on, the first time or anew; sources whose formats changed are met anew."""
        self.agreed = agreed
        self._lane_of.clear()
        self._event_pts.clear()
        for kind, lane in self.lanes.items():
            before, stream = lane.stream, agreed.stream(kind)
            if before is None or stream is None or not stream.hears or before.formats != stream.formats:
                for ssrc in list(lane.sources):
                    self._forget(ssrc)
            lane.agree(stream)
            lane.connect(self._ways.get(kind))
            self._lane_of |= dict.fromkeys([*lane.pts, *lane.event_pts], lane)
            for pt, clock in lane.event_pts.items():
                self._event_pts[pt] = self._event_pts[pt | 0x80] = clock
        self.allowance = self._rate = sum(_RATE[kind] for kind in self.lanes if agreed.stream(kind))

    def allow_resend(self, resend: Callable[[int], bool]) -> None:
        """Say how a video packet is sent once more."""
        self._resend = resend

    # What the transport brings.

    def up(self, send: Send, send_kept: Send, send_rtcp: Send) -> None:
        """Packets can flow; a second time, if they take another way from now on."""
        again = self._send_rtcp is not None
        self._ways = {"audio": send, "video": send_kept}
        for kind, lane in self.lanes.items():
            lane.connect(self._ways[kind])
        self._send_rtcp = send_rtcp
        if not again:
            self._quiet_since = time.monotonic()
            self._report_at = self._quiet_since + random.uniform(0.5, 1.5)
            self.connected.set()
            self.listener(Connected())
            self.ask_refresh()

    def down(self) -> None:
        """Packets can no longer flow."""
        self._ways.clear()
        for lane in self.lanes.values():
            lane.connect(None)
        self._send_rtcp = None

    def receive(self, packet: bytes, now: float) -> bool:
        """Take an RTP packet; `False` if its SSRC is one too many, and was never heard."""
        b0, b1, seq, ts, ssrc = _unpack(packet)
        source = self._sources.get(ssrc)
        if source is None:
            source = self._meet(ssrc, b1 & 127, seq, now)
            if source is None:
                self.dropped += 1
                return ssrc in self._met
        source.heard_at = now
        source.packets += 1
        source.octets += len(packet)
        if seq == source.seq + 1 or source.is_newer(seq):
            source.seq = seq
        if b1 in self._event_pts:
            self._event(source, packet, b0, b1, seq, ts, now)
            return True
        transit = now * source.clock - ts
        change = transit - source.transit
        source.transit = transit
        if -source.clock < change < source.clock:  # else it is the first one, or a jump of its clock
            source.jitter += (abs(change) - source.jitter) / 16  # RFC 3550 section 6.4.1
        sink = source.lane.sink
        if sink is not None:
            sink(source, packet, b0, b1, seq, ts, now)
        return True

    def receive_rtcp(self, packet: bytes, now: float) -> None:
        """Take a compound RTCP packet."""
        for item in rtcp.parse(packet):
            match item:
                case rtcp.Report(ssrc=ssrc, ntp=ntp, blocks=blocks):
                    if ntp is not None and ssrc in self._sources:
                        source = self._sources[ssrc]
                        source.report, source.report_at = ntp >> 16 & 0xFFFFFFFF, now
                    for block in blocks:
                        self.audio.out.note(block.ssrc, block.fraction)
                case rtcp.Bye(ssrcs=ssrcs):
                    for ssrc in ssrcs:
                        self._forget(ssrc)
                case rtcp.Feedback():
                    self._feedback(item, now)

    # What the plane asks for.

    def ask_refresh(self) -> None:
        """Ask the peer for a key frame, twice a second at most."""
        lane, now = self.video, time.monotonic()
        source = lane.latest
        if source is not None and self._send_rtcp is not None and now - lane.refreshed_at >= _REFRESH:
            lane.refreshed_at = now
            self._send_feedback(rtcp.picture_loss(lane.out.ssrc, source.ssrc))

    def tick(self, now: float) -> None:
        """Report if it is time, and notice a press whose end was lost; called several times a second."""
        self.allowance = min(self._rate, self.allowance + (now - self._ticked_at) * self._rate)
        self._ticked_at = now
        press = self._digits.expire(now)
        if press is not None:
            self._pressed(press)
        if self._send_rtcp is not None and now >= self._report_at:
            self._report_at = now + _REPORT * random.uniform(0.5, 1.5)
            self._send_rtcp(self._reports(now) + rtcp.description(self._ours(), _CNAME))

    def say_bye(self) -> None:
        """Tell the peer that our streams end."""
        if self._send_rtcp is not None:
            self._send_rtcp(self._reports(time.monotonic()) + rtcp.bye(self._ours()))

    def stats(self) -> LegStats:
        """Say what the audio carried so far."""
        lane = self.audio
        packets, octets, lost = lane.heard
        out, latest = lane.out, lane.latest
        return LegStats(
            codec=lane.stream.formats[0].name if lane.stream else "",
            packets_in=packets,
            packets_out=out.packets,
            bytes_in=octets,
            bytes_out=out.octets + 12 * out.packets,
            lost=lost,
            jitter=1000 * latest.jitter / latest.clock if latest else 0.0,
            dropped=self.dropped + lane.dropped,
        )

    # Inside.

    def _meet(self, ssrc: int, pt: int, seq: int, now: float) -> Source | None:
        lane = self._lane_of.get(pt)
        if lane is None or lane.stream is None or not lane.stream.hears:
            return None
        if len(lane.sources) >= _MAX_SOURCES:
            oldest = min(lane.sources.values(), key=lambda s: s.heard_at)
            if now - oldest.heard_at < _STALE:
                return None
            self._forget(oldest.ssrc)
        source = Source(ssrc, lane, seq, lane.pts.get(pt, lane.out.clock))
        self._sources[ssrc] = lane.sources[ssrc] = source
        if ssrc not in self._met:
            self._met.append(ssrc)
        return source

    def _forget(self, ssrc: int) -> None:
        source = self._sources.pop(ssrc, None)
        if source is not None:
            self._quiet_since = max(self._quiet_since, source.heard_at)
            source.lane.forget(source)

    def _event(self, source: Source, packet: bytes, b0: int, b1: int, seq: int, ts: int, now: float) -> None:
        lane = source.lane
        self._digit_clock = self._event_pts[b1]
        press = self._digits.feed(payload_of(packet), ts, now)
        if press is not None:
            self._pressed(press)
        if lane.event_sink is not None:
            lane.event_sink(source, packet, b0, b1, seq, ts, now)

    def _pressed(self, press: Press) -> None:
        self.listener(Digit(press.digit, round(1000 * press.duration / self._digit_clock)))

    def _feedback(self, wish: rtcp.Feedback, now: float) -> None:
        lane = self.video
        feeder = lane.feeder
        match wish.what:
            case "pli" | "fir" if feeder is not None:
                feeder.ask_refresh()
            case "nack" if wish.media == lane.out.ssrc:
                self._seek(lane, [seq for seq in rtcp.lost_packets(wish.fci) if not self._resend(seq)])
            case "remb" if feeder is not None:
                allowed = rtcp.receive_bandwidth(wish.fci)
                source = feeder.video.latest
                if allowed is not None and source is not None:
                    feeder._send_feedback(rtcp.remb(feeder.video.out.ssrc, allowed[0], [source.ssrc]))

    def _seek(self, lane: Lane, seqs: list[int]) -> None:
        """The peer misses packets that never came to us either: ask who sends them."""
        wanted = [number for source, number in map(lane.out.sent_as, seqs) if isinstance(source, Source)]
        source = lane.out.sent_as(0)[0]
        if wanted and lane.feeder is not None and isinstance(source, Source):
            lane.feeder._send_feedback(rtcp.nack(lane.feeder.video.out.ssrc, source.ssrc, wanted))

    def _send_feedback(self, packet: bytes) -> None:
        if self._send_rtcp is not None:
            # Feedback travels in a compound packet that begins with a report (RFC 4585 section 3.1).
            self._send_rtcp(rtcp.receiver_report(self.video.out.ssrc) + packet)

    def _ours(self) -> list[int]:
        return [lane.out.ssrc for lane in self.lanes.values() if lane.stream is not None]

    def _reports(self, now: float) -> bytes:
        return b"".join(self._report(lane, now) for lane in self.lanes.values() if lane.stream is not None)

    def _report(self, lane: Lane, now: float) -> bytes:
        out = lane.out
        blocks = [source.block(now) for source in lane.sources.values()]
        if not out.packets:
            return rtcp.receiver_report(out.ssrc, blocks)
        ntp = int((time.time() + _NTP_EPOCH) * 0x100000000)
        return rtcp.sender_report(out.ssrc, ntp, out.timestamp(now), out.packets, out.octets, blocks)
