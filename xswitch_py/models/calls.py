"""Calls, their legs, and what can be done with them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from xswitch_py.base.cause import Cause
from xswitch_py.base.offer import Party
from xswitch_py.models.given import NO_OTHERS
from xswitch_py.models.shape import Model, Moment, Text, moment

__all__ = [
    "ENDED_BY_US",
    "Bridge",
    "BridgeMember",
    "Bridging",
    "Call",
    "CallBridge",
    "CallState",
    "Digits",
    "Direction",
    "Ending",
    "Gather",
    "Gathered",
    "Holding",
    "Leg",
    "Mute",
    "NewBridge",
    "Originate",
    "Party",
    "Play",
    "Played",
    "Record",
    "Stopped",
    "Supervise",
    "Transfer",
    "Variables",
    "moment",
]

Target = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f]+$")]
Source = Annotated[
    str, StringConstraints(max_length=120, pattern=r"^(file:[^/\\:\x00-\x1f]+|tone:[\w-]+|music|silence:\d{1,7})$")
]
Side = Literal["caller", "callee"]
CallState = Literal["dialing", "ringing", "early", "answered", "bridged", "held"]
Direction = Literal["internal", "inbound", "outbound"]
Value = Annotated[str, StringConstraints(max_length=1000)]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.-]{0,63}$")]


@dataclass(slots=True)
class Leg:
    """One party's end of a call."""

    id: str
    """What the events call it, and JSON-RPC its `uuid`."""
    side: Side
    """"caller" is the leg that the call is for; "callee" who was reached for it."""
    door: str
    direction: Literal["inbound", "outbound"]
    state: Literal["new", "ringing", "early", "active", "ended"]
    party: Party
    """Who sits there."""
    user: str | None
    codec: str
    held: bool
    muted: bool


@dataclass(slots=True)
class Call:
    """A call that is up, or being set up."""

    # Plain dataclasses, these two: a hundred calls are listed in a fraction of the time that shapes would take to make.

    id: str
    state: CallState
    direction: Direction
    caller: Party
    callee: Party
    user: str | None
    context: str
    started: datetime
    answered: datetime | None
    legs: list[Leg]
    variables: dict[str, str]


class Originate(Model):
    """A call to be placed: `from_` is rung first, and then goes on as if it had dialled `to`."""

    from_: Target = Field(alias="from")
    """Who is rung first: `1001`, `1001,1002`, `1001|1002`, or `gateway/NAME/NUMBER`."""
    to: Target | None = None
    """The number that is then dialled. Without one the call waits for what programs do with it."""
    caller_name: Text = ""
    """What who is rung first sees."""
    caller_number: Annotated[str, StringConstraints(max_length=40, pattern=r"^[\w+*#.-]*$")] = ""
    context: Annotated[str, StringConstraints(max_length=64, pattern=r"^[\w-]+$")] = "default"
    ring_for: Annotated[float, Field(ge=1, le=600)] | None = None
    """Seconds."""
    variables: Annotated[dict[VariableName, Value], Field(max_length=50), NO_OTHERS] = Field(default_factory=dict)
    wait: bool = False
    """Whether to reply only when it was answered, or failed."""


ENDED_BY_US: Final = Cause.MANAGER_REQUEST


class Ending(Model):
    """How a call is to end."""

    cause: Cause = ENDED_BY_US


class Bridging(Model):
    """Ring somebody and join the call with the first to answer."""

    to: Target
    ring_for: Annotated[float, Field(ge=1, le=600)] | None = None
    """Seconds."""
    then: Literal["hangup", "stay"] = "hangup"
    """What becomes of the call when who was reached hangs up: it ends, or waits for what programs do with it."""
    wait: bool = False
    """Whether to reply only when somebody answered, or nobody does."""


class Holding(Model):
    """Whose side."""

    side: Side = "caller"


class Mute(Model):
    """Whether what one side says reaches nobody."""

    side: Side = "caller"
    muted: bool = True


class Transfer(Model):
    """Send one side of a call elsewhere."""

    to: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.+*#~!'-]+$")]
    side: Side = "caller"
    """Who goes on; the other side ends."""


class Digits(Model):
    """Digits for one side to hear."""

    digits: Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[0-9A-Da-d*#wW]+$")]
    """`w` waits for half a second, `W` for one."""
    side: Side = "caller"
    ms: Annotated[int, Field(ge=40, le=5000)] = 100
    """How long each one is."""


class Play(Model):
    """A sound for one side to hear."""

    source: Source
    """`file:NAME`, `tone:NAME`, `music` or `silence:MS`."""
    side: Side = "caller"
    loop: bool = False
    wait: bool = False
    """Whether to reply only when it is over."""


class Played(Model):
    """How it went: "playing" if it goes on."""

    why: Literal["playing", "done", "stopped", "hangup", "failed"]


class Stopped(Model):
    """How many sounds and recordings were ended."""

    sounds: int
    recordings: int


class Gather(Model):
    """Digits to wait for. Times in seconds."""

    most: Annotated[int, Field(ge=1, le=128)] = 1
    least: Annotated[int, Field(ge=1, le=128)] = 1
    timeout: Annotated[float, Field(ge=0, le=600)] = 5.0
    """For the first digit, from the end of what is played."""
    between: Annotated[float, Field(ge=0.1, le=60)] = 3.0
    """For each further one."""
    terminators: Annotated[str, StringConstraints(max_length=16, pattern=r"^[0-9A-D*#]*$")] = "#"
    play: Annotated[list[Source], Field(max_length=20)] = Field(default_factory=list)
    """Played before; the first digit ends it."""
    tries: Annotated[int, Field(ge=1, le=10)] = 1
    side: Side = "caller"
    secret: bool = False
    """Whether the digits are left out of events."""
    wait: bool = True
    """Whether to reply only when they are there; else they come as an event only."""


class Gathered(Model):
    """What was pressed."""

    digits: str
    why: Literal["waiting", "count", "terminator", "timeout"]
    terminator: str = ""


class Record(Model):
    """A recording to begin."""

    side: Side = "caller"
    longest: Annotated[float, Field(ge=1, le=86_400)] = 14_400
    """Seconds."""


class Supervise(Model):
    """Ring somebody, who then hears both sides and is heard by none."""

    by: Target
    mode: Literal["listen"] = "listen"
    side: Side = "caller"


class Variables(Model):
    """Variables to set; null removes one."""

    variables: Annotated[dict[VariableName, Value | None], Field(max_length=50), NO_OTHERS]


class CallBridge(Model):
    """How a bridging went."""

    state: Literal["ringing", "answered"]
    call: Call


class BridgeMember(Model):
    """Which call."""

    call: Annotated[str, StringConstraints(max_length=80)]


class NewBridge(Model):
    """Calls to be joined: their callers will hear each other."""

    calls: Annotated[
        list[Annotated[str, StringConstraints(max_length=80)]],
        Field(min_length=1, max_length=2, json_schema_extra={"uniqueItems": True}),
    ]
    then: Literal["hangup", "stay"] = "hangup"
    """What becomes of who is left when the other hangs up."""


class Bridge(Model):
    """Two legs that hear each other, or a place where they can."""

    id: str
    calls: list[str]
    legs: list[str]
    since: Moment
    kind: Literal["call", "meeting"]
    """"call": who was reached for a call; "meeting": calls that a program joined."""
