"""What one leg sends and hears, whatever carries it: its streams, their counts and reports, the digits among them."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from xswitch_py.base.ids import LegId
from xswitch_py.media import rtcp
from xswitch_py.media.api import Connected, Digit, LegStats, Listener, Measured, Milestone
from xswitch_py.media.dtmf import DigitReader, Press
from xswitch_py.media.lane import REFRESH, Lane, Source
from xswitch_py.media.quality import Meter
from xswitch_py.media.rtp_out import HEADER, Send, payload_of
from xswitch_py.media.streams import Agreement

__all__ = ["KINDS", "Port"]

log = structlog.get_logger("xswitch.media")

KINDS: Final = ("audio", "video")

_MAX_SOURCES: Final = 4  # of each kind
_MAX_MET: Final = 16
_STALE: Final = 5.0  # seconds of silence after which a source makes room for another
_REPORT: Final = 5.0  # seconds between two reports, on average
_CNAME: Final = "xswitch"  # as our SDP says
_RATE: Final = {"audio": 500, "video": 3000}  # packets a second that a leg may send
_MILESTONES: Final = 64  # of a leg; who makes more than that happen is not told of
_NTP_EPOCH: Final = 2_208_988_800  # seconds from 1900 to 1970

_unpack: Final = HEADER.unpack_from


class Port:
    """One leg's media."""

    __slots__ = (
        "_began", "_digit_clock", "_digits", "_event_pts", "_lane_of", "_met", "_milestones", "_quiet_since",
        "_rate", "_report_at", "_resend", "_send_rtcp", "_sources", "_ticked_at", "_ways", "agreed", "allowance",
        "connected", "dropped", "lanes", "leg", "listener", "meter",
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
        self.meter = Meter(self.audio)
        self._began = False  # whether the peer was sent something
        self._milestones = _MILESTONES  # that may still be told

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
                        if block.ssrc == self.audio.out.ssrc:
                            self.audio.out.note(block.fraction)
                            self.meter.reported(block, now)
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
        if source is not None and self._send_rtcp is not None and now - lane.refreshed_at >= REFRESH:
            lane.refreshed_at = now
            self.send_feedback(rtcp.picture_loss(lane.out.ssrc, source.ssrc))

    def tick(self, now: float) -> None:
        """Report if it is time, and notice a press whose end was lost; called several times a second."""
        self.allowance = min(self._rate, self.allowance + (now - self._ticked_at) * self._rate)
        self._ticked_at = now
        press = self._digits.expire(now)
        if press is not None:
            self._pressed(press)
        if not self._began and self.audio.out.packets:
            self._began = True
            self.milestone("media", f"audio told: payload type {self.audio.out.pt}, SSRC {self.audio.out.ssrc}")
        if self._send_rtcp is not None and now >= self._report_at:
            self._report_at = now + _REPORT * random.uniform(0.5, 1.5)
            self._send_rtcp(self._reports(now) + rtcp.description(self._ours(), _CNAME))
            self.listener(Measured(self.meter.measure(now)))

    def milestone(self, layer: str, text: str) -> None:
        """The media came a step further."""
        self._milestones -= 1
        if self._milestones >= 0:
            self.listener(Milestone(layer, text))

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
            quality=self.meter.total(),
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
            name = next((form.name for form in lane.stream.formats if form.pt == pt), "telephone-event")
            self.milestone("media", f"{lane.kind} heard: {name}, SSRC {ssrc}")
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
                self._seek(lane, [seq for seq in self._missed(wish.fci) if not self._resend(seq)])
            case "remb" if feeder is not None:
                allowed = rtcp.receive_bandwidth(wish.fci)
                source = feeder.video.latest
                if allowed is not None and source is not None:
                    feeder.send_feedback(rtcp.remb(feeder.video.out.ssrc, allowed[0], [source.ssrc]))

    def _missed(self, fci: bytes) -> Iterator[int]:
        """List what the peer missed; each packet of ours that it asks for is one less of its own."""
        for seq in rtcp.lost_packets(fci):
            self.allowance -= 1
            if self.allowance < 0:
                return
            yield seq

    def _seek(self, lane: Lane, seqs: list[int]) -> None:
        """The peer misses packets that never came to us either: ask who sends them."""
        wanted = [number for source, number in map(lane.out.sent_as, seqs) if isinstance(source, Source)]
        source = lane.out.sent_as(0)[0]
        if wanted and lane.feeder is not None and isinstance(source, Source):
            lane.feeder.send_feedback(rtcp.nack(lane.feeder.video.out.ssrc, source.ssrc, wanted))

    def send_feedback(self, packet: bytes) -> None:
        """Tell the peer something about what it sends."""
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
        if lane is self.audio:
            self.meter.sent(ntp >> 16 & 0xFFFFFFFF, now)
        return rtcp.sender_report(out.ssrc, ntp, out.timestamp(now), out.packets, out.octets, blocks)
