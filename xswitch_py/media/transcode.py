"""Between two codecs: what one leg sends is decoded and encoded anew as it comes, without a timer and without delay.

Only a gap in the sequence lets packets wait, until it is filled or mended (RFC 6716 section 2.1.7).
"""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from xswitch_py.base.errors import ProtocolError
from xswitch_py.media.codecs import PCMA_TO_PCMU, PCMU_TO_PCMA, Decoder, decoder, encoder
from xswitch_py.media.lane import Lane
from xswitch_py.media.negotiate import Format
from xswitch_py.media.opus import OpusEncoder
from xswitch_py.media.rtp_out import Sink, payload_of
from xswitch_py.media.streams import Regroup, Stream

__all__ = ["RATES", "Order", "Transcoder", "law", "translated"]

log = structlog.get_logger("xswitch.media")

Pcm = NDArray[np.int16]
T = TypeVar("T")

RATES: Final = {"OPUS": 48000, "G722": 16000, "PCMU": 8000, "PCMA": 8000}  # of the sound that each codec carries, in Hz

_LAWS: Final = {("PCMU", "PCMA"): PCMU_TO_PCMA, ("PCMA", "PCMU"): PCMA_TO_PCMU}
_HEADER: Final = bytes(12)  # stands where an RTP header was
_FRAMES: Final = 50  # a second: we send 20 ms a packet
_HOLD: Final = 0.040  # seconds that a packet waits for those before it
_HELD: Final = 2  # packets that wait, at most
_MISORDER: Final = 100  # packets behind which a number begins a new sequence (RFC 3550 appendix A.1)
_CONCEALED: Final = 5  # frames in a row that are made up; what is missing beyond them is skipped
_CREDIT: Final = 50.0  # frames that may be encoded at once
_LOSSY: Final = 3  # of 256 packets that the peer misses, from which on Opus is sent with forward error correction
_PACE: Final = 100.0  # frames a second that may be encoded in the long run: nobody speaks at twice the speed


def law(heard: Stream, told: Stream) -> bytes | None:
    """Give the table for `bytes.translate` if one law of G.711 is to become the other and nothing else may come."""
    if len(heard.formats) != 1:
        return None
    return _LAWS.get((heard.formats[0].name.upper(), told.formats[0].name.upper()))


def translated(octets: bytes, sink: Sink) -> Sink:
    """Put a translation of payloads before a sink; packets keep their numbers and their length."""

    def translate(source: object, packet: bytes, b0: int, b1: int, seq: int, ts: int, now: float) -> None:
        payload = packet[12:] if not b0 & 0x3F else payload_of(packet)
        sink(source, _HEADER + payload.translate(octets), 0x80, b1, seq, ts, now)

    return translate


class Order(Generic[T]):
    """Puts packets into sequence: what is next passes at once, what is ahead waits for 40 ms or two packets."""

    __slots__ = ("held", "next")

    def __init__(self, seq: int) -> None:
        self.next = seq
        self.held: list[tuple[int, float, T]] = []  # number, when it came, what

    def put(self, seq: int, now: float, item: T) -> list[tuple[int, T]]:
        """Take a packet; give those whose turn it is, each with the number of packets lost just before it."""
        ahead = (seq - self.next) & 0xFFFF
        if 0x10000 - ahead <= _MISORDER or any(seq == other for other, _, _ in self.held):
            return []
        if ahead >= 0x8000:
            self.next = seq
            self.held.clear()
        self.held.append((seq, now, item))
        self.held.sort(key=lambda entry: (entry[0] - self.next) & 0xFFFF)
        due = []
        while self.held and self._is_due(now):
            seq, _, item = self.held.pop(0)
            due.append(((seq - self.next) & 0xFFFF, item))
            self.next = (seq + 1) & 0xFFFF
        return due

    def _is_due(self, now: float) -> bool:
        if self.held[0][0] == self.next or len(self.held) > _HELD:
            return True
        return now - min(came for _, came, _ in self.held) >= _HOLD


class Transcoder:
    """One direction of two joined legs, from the first packet until they are parted.

    `sound` and `event` are the sinks for what the one lane hears. What comes out is numbered here and goes through the
    other lane's `RtpOut.relay`, which joins it on to what was sent before.
    """

    __slots__ = (
        "__weakref__", "_clock", "_corrects", "_credit", "_credited_at", "_decoder", "_encoder", "_events", "_expected",
        "_format", "_formats", "_frame", "_groups", "_lane", "_mark", "_missing", "_number", "_opus", "_order", "_out",
        "_pt", "_rest", "_send", "_source", "_span", "_stamp", "_ticks",
    )  # fmt: skip

    def __init__(self, heard: Lane, told: Lane, events: Sink | None) -> None:
        """`events` takes the RFC 4733 packets of the peer, if the other one can have them.

        Raises:
            MediaError: there is no encoder.
        """
        assert heard.stream is not None and told.stream is not None
        theirs, ours = heard.stream.formats[0], told.stream.formats[0]
        self._lane = heard
        self._out = told.out
        self._events = events
        self._formats = {form.pt: form for form in heard.stream.formats}
        self._encoder = encoder(ours.name, RATES[theirs.name.upper()] if ours.name.upper() == "OPUS" else 0)
        self._opus = self._encoder if isinstance(self._encoder, OpusEncoder) else None
        self._corrects = False
        self._frame = self._encoder.rate // _FRAMES  # samples
        self._pt, self._clock, self._ticks = ours.pt, ours.clock, ours.clock // _FRAMES
        self._groups = Regroup.of(told.stream)
        self._send = told.out.relay(range(256), None)
        self._source: Any = None
        self._order: Order[tuple[Callable[..., None], tuple[Any, ...]]] = Order(0)
        self._format: Format | None = None  # of the last packet
        self._decoder: Decoder
        self._expected = 0  # their timestamp of the next packet, if nothing is left out
        self._missing = 0  # packets since the last one that could be decoded
        self._span = 1  # frames in a packet of theirs
        self._rest: Pcm = np.zeros(0, np.int16)  # what did not fill a frame yet
        self._number = 0  # of our last packet; `RtpOut` adds what brings it in line
        self._stamp = 0  # our timestamp of the first sample that was not sent yet
        self._mark = 0
        self._credit, self._credited_at = _CREDIT, 0.0

    def sound(self, source: Any, packet: bytes, b0: int, b1: int, seq: int, ts: int, now: float) -> None:
        """Take a packet of sound."""
        order = self._order
        if seq == order.next and source is self._source and not order.held:
            order.next = (seq + 1) & 0xFFFF
            self._play(0, packet, b0, b1, ts, now)
        else:
            self._sort(source, seq, now, (self._play, (packet, b0, b1, ts)))

    def event(self, source: Any, packet: bytes, b0: int, b1: int, seq: int, ts: int, now: float) -> None:
        """Take a packet of an event: it has its place in the sequence even if it goes nowhere."""
        self._sort(source, seq, now, (self._pass_on, (packet, b0, b1, ts)))

    def _sort(self, source: Any, seq: int, now: float, item: tuple[Callable[..., None], tuple[Any, ...]]) -> None:
        if source is not self._source:
            self._source, self._order, self._format = source, Order(seq), None
        for lost, (turn, packet) in self._order.put(seq, now, item):
            turn(lost, *packet, now)

    def _pass_on(self, lost: int, packet: bytes, b0: int, b1: int, ts: int, now: float) -> None:
        if self._events is not None:
            self._flush(now)
            self._number = (self._number + 1) & 0xFFFF
            self._events(self._source, packet, b0, b1, self._number, ts, now)

    def _play(self, lost: int, packet: bytes, b0: int, b1: int, ts: int, now: float) -> None:
        """Recode a packet whose turn it is; one that cannot be read is as good as lost."""
        self._credit = min(_CREDIT, self._credit + (now - self._credited_at) * _PACE)
        self._credited_at = now
        self._missing += lost
        try:
            self._recode(packet[12:] if not b0 & 0x3F else payload_of(packet), b1, ts, now)
        except Exception as error:  # codec libraries have their own; none of them may end a call
            self._missing += 1
            self._lane.dropped += 1
            log.debug("payload dropped", why=repr(error))

    def _recode(self, payload: bytes, b1: int, ts: int, now: float) -> None:
        form = self._format
        if form is None or b1 & 0x7F != form.pt:
            form = self._tune(b1 & 0x7F, ts)
        if not payload:
            raise ProtocolError("empty payload")
        if ts != self._expected:
            self._mend(payload, ts, form.clock, now)
        pcm = self._decoder.decode(payload)
        self._missing = 0
        self._span = len(pcm) // self._frame or 1
        self._expected = (ts + len(pcm) * form.clock // self._encoder.rate) & 0xFFFFFFFF
        self._mark = b1 & 0x80
        self._emit(pcm, now)

    def _tune(self, pt: int, ts: int) -> Format:
        """Begin to decode another source or another format: what was sent before has no bearing on it."""
        form = self._formats.get(pt)
        if form is None:
            raise ProtocolError(f"payload type {pt} was not agreed on")
        self._decoder = decoder(form.name, self._encoder.rate)
        self._out.rest()
        self._format, self._expected, self._missing, self._rest = form, ts, 0, self._rest[:0]
        return form

    def _mend(self, payload: bytes, ts: int, clock: int, now: float) -> None:
        """Conceal what was lost before this packet; what was never sent, or is too much, is skipped."""
        frame = clock // _FRAMES
        gap = (ts - self._expected + 0x80000000 & 0xFFFFFFFF) - 0x80000000  # RTP ticks
        missed = gap // frame
        made = max(0, min(missed, self._missing * self._span, _CONCEALED))
        for number in range(1, made + 1):
            # A packet of Opus may hold the one just before it once more.
            pcm = self._decoder.lost(payload if number == missed else b"")
            self._expected = (self._expected + frame) & 0xFFFFFFFF
            self._emit(pcm, now)
        if skipped := gap - made * frame:
            following = self._stamp + len(self._rest) * self._clock // self._encoder.rate
            self._flush(now)
            self._stamp = following + skipped * self._clock // clock
        self._expected = ts

    def _emit(self, pcm: Pcm, now: float) -> None:
        """Send what fills frames of 20 ms, keep the rest."""
        frame = self._frame
        if len(pcm) == frame and not len(self._rest):
            self._put(pcm, now)
            return
        pcm = np.concatenate((self._rest, pcm))
        whole = len(pcm) - len(pcm) % frame
        self._rest = pcm[whole:]
        for at in range(0, whole, frame):
            self._put(pcm[at : at + frame], now)

    def _flush(self, now: float) -> None:
        """Send what is left, with silence after it."""
        if len(self._rest):
            self._emit(np.zeros(self._frame - len(self._rest), np.int16), now)

    def _put(self, pcm: Pcm, now: float) -> None:
        stamp, self._stamp = self._stamp, self._stamp + self._ticks
        if self._credit < 1:
            self._lane.dropped += 1
            return
        self._credit -= 1
        if self._opus is not None and (self._out.loss >= _LOSSY) is not self._corrects:
            self._corrects = not self._corrects
            self._opus.correct(self._corrects)
        payload = self._encoder.encode(pcm)
        if self._groups is None:
            self._say(payload, stamp, now)
            return
        stamp -= self._groups.waiting
        for packet in self._groups.put(payload):
            self._say(packet, stamp & 0xFFFFFFFF, now)
            stamp += len(packet)  # an octet is a tick

    def _say(self, payload: bytes, stamp: int, now: float) -> None:
        self._number = number = (self._number + 1) & 0xFFFF
        b1, self._mark = self._pt | self._mark, 0
        self._send(self._source, _HEADER + payload, 0x80, b1, number, stamp, now)
