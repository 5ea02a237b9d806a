"""What all SIP transactions have in common: how they are found, what happens to them, what they want done.

A transaction is found by its `Key` (RFC 3261 sections 17.1.3 and 17.2.3). It takes an event and returns effects, in
order; a timer that fires is an event. `Terminated` is the last effect of a transaction: whoever carries effects out
then forgets the key and every timer of it.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from xswitch_py.pysip.message import Request, Response

__all__ = [
    "TIMERS",
    "Answered",
    "Arm",
    "Arrived",
    "Asked",
    "Cancel",
    "Cancelled",
    "Deliver",
    "Disarm",
    "Effect",
    "Event",
    "Failed",
    "Failure",
    "Fired",
    "Flow",
    "Key",
    "Lost",
    "Open",
    "Send",
    "Side",
    "State",
    "Terminated",
    "Timer",
    "Times",
    "client_key",
    "server_key",
]

Flow = Hashable  # what the other side is reached through: opaque here


class Side(Enum):
    """Who asked."""

    CLIENT = "client"  # we
    SERVER = "server"  # they

    __hash__ = object.__hash__  # as good, and faster: each message looks for keys


class State(Enum):
    """How far a transaction has come; RFC 3261 section 17 and RFC 6026 say which machine has which."""

    NEW = "new"
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Failure(Enum):
    """Why a transaction has no answer."""

    TIMEOUT = 408  # stands for this answer (RFC 3261 section 8.1.3.1)
    TRANSPORT = 503
    FULL = 500  # the table has no room


class Timer(Enum):
    """The timers of RFC 3261 table 4, RFC 6026, and three of ours. C belongs to proxies."""

    A = "A"
    B = "B"
    D = "D"
    E = "E"
    F = "F"
    G = "G"
    H = "H"
    I = "I"  # noqa: E741 - the letter is the RFC's
    J = "J"
    K = "K"
    L = "L"
    M = "M"
    TRYING = "trying"  # a 100 is due
    CANCELLED = "cancelled"  # the final answer to a cancelled INVITE is overdue (section 9.1)
    ABANDONED = "abandoned"  # nobody waits for our answer any more (RFC 4320)

    __hash__ = object.__hash__  # as good, and faster


@dataclass(frozen=True, slots=True)
class Times:
    """The three times that all others come from, in seconds (RFC 3261 section 17.1.1.1)."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    def first(self, timer: Timer, reliable: bool) -> float:
        """How long `timer` runs at first; 0: not at all."""
        seconds, always = TIMERS[timer]
        return seconds(self) if always or not reliable else 0.0


# How long each timer runs at first, and whether it runs on reliable transports, too.
TIMERS: Final[dict[Timer, tuple[Callable[[Times], float], bool]]] = {
    Timer.A: (lambda times: times.t1, False),  # repeats the INVITE, doubling
    Timer.B: (lambda times: 64 * times.t1, True),
    Timer.D: (lambda times: 64 * times.t1, False),  # "at least 32 seconds", which this is by default
    Timer.E: (lambda times: times.t1, False),  # repeats another request, doubling up to T2
    Timer.F: (lambda times: 64 * times.t1, True),
    Timer.G: (lambda times: times.t1, False),  # repeats a refusal, doubling up to T2
    Timer.H: (lambda times: 64 * times.t1, True),
    Timer.I: (lambda times: times.t4, False),
    Timer.J: (lambda times: 64 * times.t1, False),
    Timer.K: (lambda times: times.t4, False),
    Timer.L: (lambda times: 64 * times.t1, True),
    Timer.M: (lambda times: 64 * times.t1, True),
    Timer.TRYING: (lambda times: 0.2, True),  # section 17.2.1; other methods: RFC 4320
    Timer.CANCELLED: (lambda times: 64 * times.t1, True),
    Timer.ABANDONED: (lambda times: 64 * times.t1, True),
}


class Key(NamedTuple):
    """What finds a transaction."""

    side: Side
    branch: str  # before RFC 3261: all that made a request what it was
    sent_by: tuple[str, int | None]
    method: str


def client_key(message: Request | Response) -> Key:
    """The transaction of ours that a request begins and a response belongs to (section 17.1.3)."""
    return Key(Side.CLIENT, message.vias[0].branch, ("", None), message.cseq.method)


def server_key(request: Request) -> Key:
    """The transaction that a request of theirs belongs to (section 17.2.3); an ACK belongs to its INVITE's."""
    via = request.vias[0]
    method = "INVITE" if request.method == "ACK" else request.method
    if via.has_cookie:
        return Key(Side.SERVER, via.branch, via.sent_by, method)
    # RFC 2543 had no branch to trust. The To tag is left out: requests that differ in nothing else have the same
    # CSeq, so it tells nothing apart, and an ACK has one where its INVITE had none.
    old = (str(request.uri), request.from_.tag, request.call_id, request.cseq.number, via.branch)
    return Key(Side.SERVER, repr(old), via.sent_by, method)


# What happens to a transaction: a message arrives...


@dataclass(frozen=True, slots=True)
class Arrived:
    """The peer sent a message. `reliable`: its transport loses nothing."""

    message: Request | Response
    flow: Flow
    reliable: bool


# ... the core wants something...


@dataclass(frozen=True, slots=True)
class Asked:
    """Send a request, whose top Via has a new branch, and see to its answer."""

    request: Request
    flow: Flow
    reliable: bool
    times: Times | None = None  # none: those of the table


@dataclass(frozen=True, slots=True)
class Answered:
    """Answer a request of theirs."""

    key: Key
    response: Response


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give up an INVITE of ours. `reason`: value of the `Reason` header, if any (RFC 3326)."""

    key: Key
    reason: str = ""


# ... or the clock and the network.


@dataclass(frozen=True, slots=True)
class Fired:
    """A timer has run down."""

    key: Key
    timer: Timer


@dataclass(frozen=True, slots=True)
class Lost:
    """What was sent to this flow did not get through, or the flow is gone."""

    flow: Flow


Event = Arrived | Asked | Answered | Cancel | Fired | Lost


# What must be done.


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message."""

    message: Request | Response
    flow: Flow


@dataclass(frozen=True, slots=True)
class Open:
    """Begin another client transaction on the same flow: the CANCEL. The table does this itself."""

    request: Request


@dataclass(frozen=True, slots=True)
class Arm:
    """Start a timer, or start it anew."""

    key: Key
    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class Disarm:
    """Stop a timer, if it runs."""

    key: Key
    timer: Timer


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand a message to the core. `key` answers a request; an ACK that needs no transaction has none."""

    key: Key | None
    message: Request | Response


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Tell the core that the caller gave up this unanswered INVITE; the CANCEL is answered already."""

    key: Key
    request: Request


@dataclass(frozen=True, slots=True)
class Failed:
    """Tell the core that its request, or its refusal of an INVITE, got no answer."""

    key: Key
    why: Failure


@dataclass(frozen=True, slots=True)
class Terminated:
    """Forget the transaction and all its timers."""

    key: Key


Effect = Send | Open | Arm | Disarm | Deliver | Cancelled | Failed | Terminated
