"""Reliable provisional answers and PRACK, both sides (RFC 3262)."""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.headers import parse_number
from xswitch_py.pysip.message import Request, Response, response_to
from xswitch_py.pysip.transaction import Times
from xswitch_py.pysip.usage import Arm, Clock, Disarm, Fired, GotPrack, Reply

__all__ = [
    "Acknowledgements",
    "Pracked",
    "Provide",
    "ProvisionalEffect",
    "Provisionals",
    "RAck",
    "Unpracked",
    "is_reliable",
    "must_be_reliable",
]

_QUEUE: Final = 10  # provisional answers that wait for the PRACK of the one before
_RACK: Final = re.compile(r"([0-9]{1,10})[ \t]+([0-9]{1,10})[ \t]+([A-Za-z0-9.!%*_+`'~-]+)")


@dataclass(frozen=True, slots=True)
class RAck:
    """Which provisional answer a PRACK acknowledges (section 7.2)."""

    rseq: int
    cseq: int
    method: str

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


@dataclass(frozen=True, slots=True)
class Provide:
    """Send a provisional answer above 100, and see that it arrives."""

    response: Response


@dataclass(frozen=True, slots=True)
class Pracked:
    """Tell the core that `response` has arrived. With `unanswered`, the PRACK holds an offer, and waits for a 200."""

    request: Request
    response: Response
    unanswered: bool


@dataclass(frozen=True, slots=True)
class Unpracked:
    """Tell the core that the caller does not acknowledge: refuse its INVITE with 504 (section 3: a 5xx)."""


ProvisionalEffect = Arm | Disarm | Reply | Pracked | Unpracked


def must_be_reliable(invite: Request, wanted: bool) -> bool:
    """Whether provisional answers to this INVITE go reliably: the caller requires it, or knows it and we want it."""
    return _lists(invite, "Require") or (wanted and _lists(invite, "Supported"))


def is_reliable(response: Response) -> bool:
    """Whether a provisional answer of theirs wants a PRACK (section 4)."""
    return 100 < response.status < 200 and _lists(response, "Require") and _rseq(response) is not None


@dataclass(slots=True)
class Provisionals:
    """The reliable provisional answers to one INVITE of theirs; one is under way, others wait in line.

    `rseq` is that of the first: random, below 2**31.
    """

    invite: Request
    rseq: int
    times: Times = field(default_factory=Times)
    current: Response | None = None
    queue: deque[Response] = field(default_factory=deque)
    wait: float = 0.0
    stopped: bool = False  # the final answer has left

    @property
    def holds_offer(self) -> bool:
        """Whether a final 2xx must wait: an SDP is under way (section 3)."""
        return not self.stopped and any(each.body for each in (self.current, *self.queue) if each)

    def receive(self, event: Provide | GotPrack | Fired) -> list[ProvisionalEffect]:
        """Take one event; return what must now be done, in order.

        Raises:
            SipError: too many answers wait already.
        """
        match event:
            case Provide(response=response):
                return self._provide(response)
            case GotPrack(request=prack):
                return self._pracked(prack)
            case Fired(clock=Clock.RESEND_PROVISIONAL) if self.current and not self.stopped:
                self.wait *= 2
                return [Reply(self.invite, self.current), Arm(Clock.RESEND_PROVISIONAL, self.wait)]
            case Fired(clock=Clock.NO_PRACK) if self.current and not self.stopped:
                return [*self.stop(), Unpracked()]
            case _:
                return []

    def stop(self) -> list[ProvisionalEffect]:
        """Repeat nothing any more: the final answer leaves. A PRACK that is under way is still answered."""
        running = self.current is not None and not self.stopped
        self.stopped = True
        self.queue.clear()
        return [Disarm(Clock.RESEND_PROVISIONAL), Disarm(Clock.NO_PRACK)] if running else []

    def _provide(self, response: Response) -> list[ProvisionalEffect]:
        if self.current is None:
            return self._send(response)
        if len(self.queue) >= _QUEUE:
            raise SipError("too many provisional answers wait for a PRACK")
        self.queue.append(response)
        return []

    def _send(self, response: Response) -> list[ProvisionalEffect]:
        response.headers.add("Require", "100rel")
        response.headers.set("RSeq", str(self.rseq))
        self.current, self.wait = response, self.times.t1
        again, give_up = Arm(Clock.RESEND_PROVISIONAL, self.wait), Arm(Clock.NO_PRACK, 64 * self.times.t1)
        return [Reply(self.invite, response), again, give_up]

    def _pracked(self, prack: Request) -> list[ProvisionalEffect]:
        if self.current is None or _rack(prack) != RAck(self.rseq, self.invite.cseq.number, "INVITE"):
            return [Reply(prack, response_to(prack, 481))]
        response, self.current = self.current, None
        self.rseq += 1
        unanswered = bool(prack.body and self.invite.body)  # otherwise it answers the offer that we made
        said = [] if unanswered else [Reply(prack, response_to(prack, 200))]
        clocks = [] if self.stopped else [Disarm(Clock.RESEND_PROVISIONAL), Disarm(Clock.NO_PRACK)]
        further = self._send(self.queue.popleft()) if self.queue else []
        return [*clocks, *said, Pracked(prack, response, unanswered), *further]


@dataclass(slots=True)
class Acknowledgements:
    """What we have acknowledged in one dialog that our INVITE began."""

    last: int | None = None

    def take(self, response: Response) -> RAck | None:
        """Give what the PRACK of this answer shall say; nothing for a repeat, or one out of turn (section 4)."""
        rseq = _rseq(response) if is_reliable(response) else None
        if rseq is None or (self.last is not None and rseq != self.last + 1):
            return None
        self.last = rseq
        return RAck(rseq, response.cseq.number, response.cseq.method)


def _lists(message: Request | Response, name: str) -> bool:
    return "100rel" in map(str.lower, message.tokens(name))


def _rseq(response: Response) -> int | None:
    number = parse_number(response.headers.get("RSeq") or "")
    return number if number and number < 2**32 else None


def _rack(prack: Request) -> RAck | None:
    match = _RACK.fullmatch(prack.headers.get("RAck") or "")
    return RAck(int(match[1]), int(match[2]), match[3]) if match else None
