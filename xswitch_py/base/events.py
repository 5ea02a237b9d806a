"""Everything that can happen, as plain data for the bus. Times are Unix seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party

__all__ = [
    "CallAnswered",
    "CallBridged",
    "CallEnded",
    "CallRinging",
    "CallStarted",
    "CallTransferred",
    "CallUnbridged",
    "ConfigReloaded",
    "ContactAdded",
    "ContactRemoved",
    "DigitHeard",
    "DigitsGathered",
    "Event",
    "GatewayChanged",
    "LegAnswered",
    "LegEnded",
    "LegHeld",
    "LegJoined",
    "LegMeasured",
    "LegMilestone",
    "LegRinging",
    "LegStarted",
    "LegUnheld",
    "PlaybackEnded",
    "PlaybackStarted",
    "RecordingEnded",
    "RecordingStarted",
    "SourceBlocked",
    "SourceUnblocked",
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
class CallBridged:
    """Two legs of a call hear each other from now on."""

    call: CallId
    at: float
    leg: LegId
    other: LegId


@dataclass(frozen=True, slots=True)
class CallUnbridged:
    """They do so no longer."""

    call: CallId
    at: float
    leg: LegId
    other: LegId


@dataclass(frozen=True, slots=True)
class CallTransferred:
    """A call goes on elsewhere: as another call, if `goes_on` is not its own id."""

    call: CallId
    at: float
    to: str
    goes_on: CallId


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
    direction: str = "internal"  # or "inbound", "outbound": from or to a gateway
    quality: Mapping[str, object] = field(default_factory=dict)  # of both ways of that leg
    reached: Address | None = None  # whose phone answered it, where that is a user's


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
class LegJoined:
    """A leg takes part in a call from now on: it was placed for it, or came to it."""

    call: CallId
    leg: LegId
    at: float
    user: Address | None


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
    call: CallId | None = None


@dataclass(frozen=True, slots=True)
class LegUnheld:
    """The peer of this leg took the call off hold."""

    leg: LegId
    at: float
    call: CallId | None = None


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg is over: exactly one for each `LegStarted`."""

    leg: LegId
    at: float
    cause: Cause
    quality: Mapping[str, object] = field(default_factory=dict)  # of both ways


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """A DTMF digit came in on a leg: `source` is `rfc4733` or `info`. A secret one is not told: `""`."""

    leg: LegId
    at: float
    digit: str
    ms: int
    source: str
    call: CallId | None = None


@dataclass(frozen=True, slots=True)
class DigitsGathered:
    """What somebody was asked to press: `why` is "count", "terminator" or "timeout"."""

    call: CallId
    leg: LegId
    at: float
    digits: str
    why: str


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """A leg hears a source that a script, a flow or a program chose."""

    call: CallId
    leg: LegId
    at: float
    source: str


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """It is over: `why` is "done", "stopped", "hangup" or "failed"."""

    call: CallId
    leg: LegId
    at: float
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """A leg is recorded."""

    recording: str
    call: CallId
    leg: LegId
    at: float


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """A recording is over, and its file closed: `why` is "stopped", "hangup", "limit" or "disk"."""

    recording: str
    call: CallId
    leg: LegId
    at: float
    seconds: float
    size: int  # bytes
    why: str


@dataclass(frozen=True, slots=True)
class LegMeasured:
    """How well a leg was heard, and heard us, in the last seconds: `quality` is plain JSON, `mos` the worse of both."""

    leg: LegId
    at: float
    mos: float
    quality: Mapping[str, object]
    call: CallId | None = None


@dataclass(frozen=True, slots=True)
class LegMilestone:
    """The media of a leg came a step further: `layer` is "ice", "dtls", "rtp" or "media"."""

    leg: LegId
    at: float
    layer: str
    text: str


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


@dataclass(frozen=True, slots=True)
class SourceBlocked:
    """Nothing is taken from an address for a while."""

    source: str
    at: float
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SourceUnblocked:
    """It is taken again, since somebody said so."""

    source: str
    at: float


@dataclass(frozen=True, slots=True)
class ConfigReloaded:
    """What may change while we run was read again; `restart` names what waits for a restart."""

    at: float
    restart: tuple[str, ...]


Event = (
    CallStarted | CallRinging | CallAnswered | CallBridged | CallUnbridged | CallTransferred | CallEnded
    | LegStarted | LegJoined | LegRinging | LegAnswered | LegHeld | LegUnheld | LegMeasured | LegMilestone | LegEnded
    | DigitHeard | DigitsGathered | PlaybackStarted | PlaybackEnded | RecordingStarted | RecordingEnded
    | ContactAdded | ContactRemoved | GatewayChanged | SourceBlocked | SourceUnblocked | ConfigReloaded
)  # fmt: skip
