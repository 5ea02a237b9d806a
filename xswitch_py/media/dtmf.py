"""Digits in RTP (telephone-event, RFC 4733): read once a press, and sent as packets."""

from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import Final, NamedTuple

from xswitch_py.base.errors import ProtocolError

__all__ = ["DIGITS", "STEP_MS", "DigitReader", "DigitSender", "EventPacket", "Press", "rescale"]

DIGITS: Final = "0123456789*#ABCDF"  # the place is the event code; F is a hook flash (RFC 4733 section 3.2)
STEP_MS: Final = 20

_GAP: Final = 0.060  # seconds without a packet after which a press is over
_LONGEST: Final = 0xFFFF  # ticks one event can last
_REMEMBERED: Final = 4  # presses whose late packets are known
_QUEUE: Final = 32  # digits, and as many pauses
_ON_MS: Final = 100
_OFF_STEPS: Final = 3  # 60 ms; the repeated end packets travel in it
_END_PACKETS: Final = 3
_MAX_MS: Final = 8000
_VOLUME: Final = 10  # -10 dBm0
_PAUSES: Final = {"w": 500, "W": 1000}  # ms


class Press(NamedTuple):
    """A digit that was pressed, for how many ticks of the event's clock."""

    digit: str
    duration: int


class EventPacket(NamedTuple):
    """One payload to send. `start` asks for the marker and a new timestamp, which then stays until `end`."""

    payload: bytes
    start: bool
    end: bool


@dataclass(slots=True)
class _Pending:
    """A press that is under way."""

    code: int
    timestamps: list[int]  # of its segments
    before: int  # ticks in earlier segments
    duration: int  # ticks in this one
    ended: bool
    heard: float

    def continues(self, code: int, timestamp: int) -> bool:
        """Whether a packet is of this press; one longer than 65535 ticks has several timestamps (section 2.5.1.3)."""
        if timestamp == self.timestamps[-1]:
            return True
        gap = (timestamp - self.timestamps[-1]) & 0xFFFFFFFF
        return code == self.code and not self.ended and gap <= _LONGEST and gap in (self.duration, _LONGEST)


class DigitReader:
    """Reads the telephone-events of one stream; each press is told once, when it is over. `now` is in seconds."""

    __slots__ = ("_done", "_pending")

    def __init__(self) -> None:
        self._pending: _Pending | None = None
        self._done: deque[int] = deque(maxlen=_REMEMBERED)

    def feed(self, payload: bytes, timestamp: int, now: float) -> Press | None:
        """Take a packet; give the press it ends, or the one before it. What is malformed is ignored."""
        if len(payload) < 4 or payload[0] >= len(DIGITS) or timestamp in self._done:
            return None
        over = None
        if self._pending is None or not self._pending.continues(payload[0], timestamp):
            over = self._finish()
            self._pending = _Pending(payload[0], [timestamp], 0, 0, False, now)
        self._take(self._pending, payload, timestamp, now)
        if over is None and self._pending.ended:
            over = self._finish()
        return over

    def expire(self, now: float) -> Press | None:
        """Give the press whose end was lost; to be called every now and then."""
        pending = self._pending
        return self._finish() if pending and (pending.ended or now - pending.heard > _GAP) else None

    def _take(self, pending: _Pending, payload: bytes, timestamp: int, now: float) -> None:
        if timestamp != pending.timestamps[-1]:
            pending.before += (timestamp - pending.timestamps[-1]) & 0xFFFFFFFF
            pending.duration = 0
            pending.timestamps = [*pending.timestamps[1 - _REMEMBERED :], timestamp]
        pending.duration = max(pending.duration, int.from_bytes(payload[2:4], "big"))
        pending.ended = pending.ended or bool(payload[1] & 0x80)
        pending.heard = now

    def _finish(self) -> Press | None:
        pending, self._pending = self._pending, None
        if pending is None:
            return None
        self._done.extend(pending.timestamps)
        return Press(DIGITS[pending.code], pending.before + pending.duration)


class DigitSender:
    """Makes the packets of digits, one step of 20 ms at a time; `clock` is that of the event's payload type."""

    __slots__ = ("_queue", "_steps", "clock")

    def __init__(self, clock: int) -> None:
        self.clock = clock
        self._queue: deque[tuple[str, int]] = deque()  # digit or pause, ms
        self._steps: deque[EventPacket | None] = deque()  # of the one under way

    @property
    def busy(self) -> bool:
        """Whether there is, or will be, something to send: `tick` is to be called."""
        return bool(self._queue or self._steps)

    @property
    def sounding(self) -> bool:
        """Whether a digit is under way, so that no audio may be sent; pauses and gaps are not."""
        return bool(self._steps and self._steps[0])

    def push(self, text: str) -> None:
        """Queue digits: `0-9A-D*#F`, `w` waits 500 ms and `W` 1 s; `@MS` at the end sets how long each digit lasts.

        A digit lasts at least 100 ms, and at most what 16 bits of ticks hold.

        Raises:
            ProtocolError: they cannot be read, or are too many; none of them is queued.
        """
        parsed = _parse(text)
        everything = [*self._queue, *parsed]
        pauses = sum(sign in _PAUSES for sign, _ in everything)
        if max(pauses, len(everything) - pauses) > _QUEUE:
            raise ProtocolError("too many digits")
        self._queue.extend(parsed)

    def tick(self) -> list[EventPacket]:
        """Give what is to be sent now; to be called every 20 ms while `busy`."""
        if not self._steps and self._queue:
            self._steps.extend(self._plan(*self._queue.popleft()))
        step = self._steps.popleft() if self._steps else None
        return [step] if step else []

    def _plan(self, sign: str, ms: int) -> list[EventPacket | None]:
        """List what each step sends, until the next digit may begin."""
        steps = ceil(ms / STEP_MS)
        if sign in _PAUSES:
            return [None] * steps
        ticks = self.clock * STEP_MS // 1000
        steps = min(steps, _LONGEST // ticks)
        code = DIGITS.index(sign)
        sounding = [EventPacket(_payload(code, n * ticks, end=False), n == 1, False) for n in range(1, steps)]
        # The end is repeated at the usual interval, so that a burst of loss does not take all of it (section 2.5.1.4).
        ending = [EventPacket(_payload(code, steps * ticks, end=True), False, True)] * _END_PACKETS
        return [*sounding, *ending, *[None] * (1 + _OFF_STEPS - _END_PACKETS)]


def rescale(payload: bytes, from_clock: int, to_clock: int) -> bytes:
    """Give an event of one clock in another one's ticks; what is malformed is left as it is."""
    if len(payload) < 4:
        return payload
    duration = int.from_bytes(payload[2:4], "big") * to_clock // from_clock
    return payload[:2] + min(duration, _LONGEST).to_bytes(2, "big") + payload[4:]


def _payload(code: int, duration: int, *, end: bool) -> bytes:
    """Write event, E bit and volume, duration (section 2.3)."""
    return bytes((code, (0x80 if end else 0) | _VOLUME)) + duration.to_bytes(2, "big")


def _parse(text: str) -> list[tuple[str, int]]:
    signs, at, length = text.partition("@")
    if at and not (length.isascii() and length.isdigit() and len(length) < 5 and 0 < int(length) <= _MAX_MS):
        raise ProtocolError("the length of a digit must be from 1 to 8000 ms")
    ms = max(int(length), _ON_MS) if at else _ON_MS
    parsed = [(sign, _PAUSES[sign]) if sign in _PAUSES else (sign.upper(), ms) for sign in signs]
    if any(sign not in DIGITS and sign not in _PAUSES for sign, _ in parsed):
        raise ProtocolError("a digit must be one of 0-9 A-D * # F, a pause w or W")
    return parsed
