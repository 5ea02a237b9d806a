"""What the database keeps beside users and contacts. Times are Unix seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Cdr",
    "CdrFilter",
    "Delivery",
    "GatewayRecord",
    "Recording",
    "Route",
    "WebSession",
    "Webhook",
    "mos_of",
]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a script proves itself with; of the key itself only the hash is kept."""

    id: str  # "key_..."
    name: str
    owner: str  # the user who made it
    role: str
    scopes: tuple[str, ...]  # what of the role's rights it has; empty: all of them
    networks: tuple[str, ...]  # where it may be used from; empty: anywhere
    created: float
    expires: float | None = None
    used: float | None = None
    hash: str = field(default="", repr=False)  # SHA-256, hexadecimal: a key is too long to be guessed


@dataclass(frozen=True, slots=True)
class WebSession:
    """Somebody logged in on a web page."""

    user: str
    role: str
    host: str
    agent: str
    created: float
    seen: float
    hash: str = field(repr=False)  # SHA-256 of the cookie's value
    csrf: str = field(repr=False)  # what each request that changes something must bring in a header


@dataclass(frozen=True, slots=True)
class Route:
    """A rule of the dialplan that was made while the switch runs; they are asked in order, before those of the file."""

    id: str  # "route_..."
    position: int  # 1 is asked first
    name: str
    steps: tuple[str, ...]
    number: str = ""  # empty fits any, as in the file
    caller: str = ""
    context: str = "default"
    hours: str = ""
    enabled: bool = True
    created: float = 0.0
    changed: float = 0.0


@dataclass(frozen=True, slots=True)
class GatewayRecord:
    """A gateway that was made while the switch runs: what a table of the file gateways.toml would hold."""

    name: str
    settings: Mapping[str, object] = field(repr=False)  # the password is among them
    enabled: bool = True
    created: float = 0.0
    changed: float = 0.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are told."""

    id: str  # "hook_..."
    url: str
    events: tuple[str, ...]  # types, such as "call.ended", or "call.*"; empty: all
    description: str = ""
    enabled: bool = True
    created: float = 0.0
    changed: float = 0.0
    secret: str = field(default="", repr=False)  # "whsec_..."


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook."""

    id: str  # "msg_...": the same at every attempt
    webhook: str
    event: str  # the event's id
    type: str
    body: str = field(repr=False)  # JSON, as it is signed
    created: float = 0.0
    status: str = "waiting"  # or "delivered", "failed"
    attempts: int = 0
    next_at: float | None = None  # of the next attempt
    finished: float | None = None
    code: int | None = None  # the HTTP status of the last answer
    error: str = ""  # why there was none


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Somebody changed something, or was not let."""

    id: int
    at: float
    who: str
    role: str
    host: str
    command: str  # "users.create"
    target: str  # "1001"
    outcome: str  # "done", or the word of the problem
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file with the sound of a call: the leg's peer left, what it heard right."""

    id: str  # "rec_..."
    call: CallId
    leg: LegId
    file: str  # its name in the folder of the recordings
    started: float
    users: tuple[str, ...] = ()  # whose call it was
    ended: float | None = None  # None: it goes on
    seconds: float = 0.0
    size: int = 0  # bytes
    why: str = ""  # why it ended: "stopped", "hangup", "limit", "disk", "crash"


@dataclass(frozen=True, slots=True)
class Cdr:
    """One call. A call that is not over has no `ended` and no `cause`."""

    id: int  # rises with each call
    call: CallId
    leg: LegId
    door: str
    user: Address | None
    caller: Party
    callee: Party
    started: float
    answered: float | None
    ended: float | None
    cause: Cause | None
    codec: str
    packets_in: int
    packets_out: int
    lost: int
    direction: str = "internal"  # or "inbound", "outbound": from or to a gateway
    quality: Mapping[str, object] = field(default_factory=dict)
    reached: Address | None = None  # whose phone answered


@dataclass(frozen=True, slots=True)
class CdrFilter:
    """Which calls are wanted; None and "" are no wish."""

    since: float | None = None  # started then or later
    until: float | None = None  # started before
    party: str = ""  # the caller's or callee's number, or the user
    cause: Cause | None = None
    direction: str = ""
    min_billsec: float = 0.0  # answered for at least so many seconds
    user: Address | None = None  # only calls of this user, as caller or callee


def mos_of(quality: Mapping[str, object]) -> float | None:
    """Give the mean MOS of a call: that of its worse way, from what was measured of both; None if nothing was."""
    ways = [way.get("mos") for way in (quality.get("heard"), quality.get("told")) if isinstance(way, Mapping)]
    return min((mos for mos in ways if isinstance(mos, int | float)), default=None)
