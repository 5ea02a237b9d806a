"""Everything that can happen, as plain data for the bus. Times are Unix seconds."""

from dataclasses import dataclass

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party

__all__ = [
    "CallAnswered",
    "CallEnded",
    "CallRinging",
    "CallStarted",
    "ContactAdded",
    "ContactRemoved",
    "DigitHeard",
    "Event",
    "GatewayChanged",
    "LegAnswered",
    "LegEnded",
    "LegHeld",
    "LegRinging",
    "LegStarted",
    "LegUnheld",
]


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A leg was accepted: a call begins."""

    call: CallId
    leg: LegId
    at: float
    caller: Party
    callee: Party
    user: Address | None
    door: str


@dataclass(frozen=True, slots=True)
class CallRinging:
    """The far end of a call is alerted."""

    call: CallId
    at: float


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The call is answered."""

    call: CallId
    at: float


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call is over: exactly one for each `CallStarted`. Packets and loss are those of the leg that placed it."""

    call: CallId
    leg: LegId
    started: float
    answered: float | None
    ended: float
    cause: Cause
    caller: Party
    callee: Party
    user: Address | None
    codec: str
    packets_in: int
    packets_out: int
    lost: int


@dataclass(frozen=True, slots=True)
class LegStarted:
    """A leg exists; `outbound` if the switch placed it."""

    leg: LegId
    at: float
    outbound: bool
    door: str
    user: Address | None
    caller: Party
    callee: Party


@dataclass(frozen=True, slots=True)
class LegRinging:
    """The peer of an outbound leg is alerted, or an inbound leg hears ringback."""

    leg: LegId
    at: float


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """A leg is answered."""

    leg: LegId
    at: float


@dataclass(frozen=True, slots=True)
class LegHeld:
    """The peer of this leg put the call on hold."""

    leg: LegId
    at: float


@dataclass(frozen=True, slots=True)
class LegUnheld:
    """The peer of this leg took the call off hold."""

    leg: LegId
    at: float


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg is over: exactly one for each `LegStarted`."""

    leg: LegId
    at: float
    cause: Cause


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """A DTMF digit came in on a leg: `source` is `rfc4733` or `info`."""

    leg: LegId
    at: float
    digit: str
    ms: int
    source: str


@dataclass(frozen=True, slots=True)
class ContactAdded:
    """A user can be reached at one more place."""

    user: Address
    door: str
    at: float


@dataclass(frozen=True, slots=True)
class ContactRemoved:
    """A user can be reached at one place less."""

    user: Address
    door: str
    at: float


@dataclass(frozen=True, slots=True)
class GatewayChanged:
    """A gateway came into another state: NOREG, UNREGED, TRYING, REGED, FAILED, FAIL_WAIT or DOWN; `text` says why."""

    name: str
    at: float
    state: str
    text: str


Event = (
    CallStarted | CallRinging | CallAnswered | CallEnded | LegStarted | LegRinging | LegAnswered | LegHeld | LegUnheld
    | LegEnded | DigitHeard | ContactAdded | ContactRemoved | GatewayChanged
)  # fmt: skip
