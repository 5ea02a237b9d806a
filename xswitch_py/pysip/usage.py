"""What the machines above transactions have in common: what they want done, their clocks, and how they refuse.

A machine names a timer by its `Clock`; each machine has its own set. Whoever carries effects out maps `Ask` and `Reply`
to transactions, and `SendAck` to the flow of the dialog.
"""

from dataclasses import dataclass, field
from enum import Enum

from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.message import Request, Response

__all__ = [
    "Arm",
    "Ask",
    "CancelInvite",
    "Clock",
    "Disarm",
    "Fields",
    "Fired",
    "GotAck",
    "GotBye",
    "GotCancel",
    "GotPrack",
    "GotResponse",
    "HangUp",
    "Refused",
    "Reply",
    "SendAck",
]

Fields = tuple[tuple[str, str], ...]  # further header fields: names and values


@dataclass(slots=True)
class Refused(SipError):
    """A request that is in order cannot be served now: answer it so. Nothing has changed."""

    status: int
    reason: str = ""
    fields: Fields = field(default=())

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"


class Clock(Enum):
    """What a machine may wait for."""

    RESEND = "resend"  # our 2xx is due again
    NO_ACK = "no-ack"
    RESEND_PROVISIONAL = "resend-provisional"
    NO_PRACK = "no-prack"
    RETRY = "retry"  # both had offered at once: try again
    REFRESH = "refresh"  # of the session timer
    EXPIRE = "expire"  # of the session timer, or of a subscription
    NOTIFY = "notify"  # the next NOTIFY may leave


# What happens.


@dataclass(frozen=True, slots=True)
class GotAck:
    """An ACK came for a 2xx."""

    request: Request


@dataclass(frozen=True, slots=True)
class GotBye:
    """The peer ends the call."""

    request: Request


@dataclass(frozen=True, slots=True)
class GotCancel:
    """The peer gave up its INVITE; the CANCEL itself is answered. `reason`: as in `HangUp`, for our refusal."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class GotPrack:
    """The peer acknowledges a reliable provisional answer."""

    request: Request


@dataclass(frozen=True, slots=True)
class GotResponse:
    """An answer to our request came."""

    response: Response


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call from our side. `reason`: values of `Reason` headers (RFC 3326)."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fired:
    """A timer has run down."""

    clock: Clock


# What must be done.


@dataclass(frozen=True, slots=True)
class Ask:
    """Begin a client transaction with this request."""

    request: Request


@dataclass(frozen=True, slots=True)
class Reply:
    """Give this answer to the server transaction of `request`."""

    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class SendAck:
    """Send an ACK, which has no transaction."""

    request: Request


@dataclass(frozen=True, slots=True)
class CancelInvite:
    """Give up the client transaction of this INVITE."""

    request: Request
    reason: str


@dataclass(frozen=True, slots=True)
class Arm:
    """Start a timer, or start it anew."""

    clock: Clock
    seconds: float


@dataclass(frozen=True, slots=True)
class Disarm:
    """Stop a timer, if it runs."""

    clock: Clock
