"""The shapes of XCC's commands, as its clients send them: what they say beyond this is passed over."""

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from xswitch_py.base.cause import Cause
from xswitch_py.models.calls import Value, VariableName
from xswitch_py.models.shape import Model

__all__ = [
    "EVENTS",
    "Bridge",
    "CallParam",
    "ChannelBridge",
    "ChannelData",
    "Destination",
    "Dial",
    "Dialed",
    "Dtmf",
    "Hangup",
    "Hold",
    "Info",
    "JStatus",
    "Media",
    "Mute",
    "Play",
    "Pressed",
    "Read",
    "Record",
    "Recorded",
    "Reply",
    "SetVar",
    "State",
    "Subscribe",
    "Subscribed",
    "ThreeWay",
    "Transfer",
    "Uuid",
    "VarNames",
    "Vars",
]

EVENTS: Final = ("Event.Channel", "Event.DTMF", "Event.Record")

Uuid = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Number = Annotated[str, StringConstraints(max_length=200)]
Params = Annotated[dict[Annotated[str, StringConstraints(max_length=64)], Value], Field(max_length=50)]
FlowControl = Literal["NONE", "CALLER", "CALLEE", "ANY"]


class Lenient(Model):
    """A shape whose unknown members are passed over: XCC's clients send more than we know."""

    model_config = ConfigDict(extra="ignore")

    as_text = True  # numbers may come as texts, as they do from clients of its protocol buffers


class Media(Lenient):
    """What is to be heard."""

    type: Literal["FILE", "TEXT", "SSML"] = "FILE"
    """TEXT and SSML are refused: there is no speech synthesis."""
    data: Annotated[str, StringConstraints(max_length=1000)]
    """The name of a sound, never a path; or `tone:NAME`, `music`, `silence:MS`, `silence_stream://MS`,
    `local_stream://moh`."""
    loop: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many times; 0 is once."""


class CallParam(Lenient):
    """Somebody to ring. A `uuid` that is given is not used: the reply says which one the channel has."""

    dial_string: Number = ""
    """`user/1000`, `sofia/gateway/NAME/NUMBER`, or the number of a user."""
    dest_number: Number = ""
    """Used where there is no `dial_string`."""
    cid_name: Number = ""
    cid_number: Number = ""
    timeout: Annotated[int, Field(ge=0, le=600)] = 0
    """Seconds to ring; 0 is as configured."""
    params: Params = Field(default_factory=dict)
    """Variables of the call."""


class Destination(Lenient):
    """Whom to ring: one after the other, or all at once."""

    ringall: bool = False
    global_params: Params = Field(default_factory=dict)
    """Variables of the call; `caller_id_name` and `caller_id_number` say who is shown."""
    call_params: Annotated[list[CallParam], Field(min_length=1, max_length=32)]


class Dial(Lenient):
    """A channel to be made."""

    destination: Destination
    apps: Annotated[list[Any], Field(max_length=0)] = Field(default_factory=list)
    """Native applications are never run: it must be empty."""


class Bridge(Lenient):
    """Somebody to be rung for a channel."""

    destination: Destination
    flow_control: FlowControl = "NONE"
    """NONE and CALLER: the channel stays when who was reached hangs up, or nobody answers; else it ends, too. Who was
    reached never outlives the channel."""


class ChannelBridge(Lenient):
    """Another channel to talk to."""

    peer_uuid: Uuid
    flow_control: FlowControl = "NONE"
    """NONE: who is left stays when the other hangs up; else it ends, too."""


class Play(Lenient):
    """A sound for a channel to hear."""

    media: Media


class Mute(Lenient):
    """Whether what a channel's peer says reaches nobody."""

    direction: Literal["READ"] = "READ"
    """What the peer says. WRITE and BOTH, what it hears, are not built."""
    level: Annotated[int, Field(ge=-1, le=10_000)] = 1
    """0 lets it be heard again; anything else mutes."""


class Record(Lenient):
    """A recording to begin or to end."""

    action: Literal["RECORD", "START", "STOP"] = "RECORD"
    """RECORD replies when it is over, START at once; STOP ends the recordings of the channel's call. MASK and UNMASK
    are not built."""
    limit: Annotated[int, Field(ge=0, le=86_400)] = 0
    """Seconds; 0 is four hours."""
    path: Number = ""
    """Not used: recordings have ids, which the reply and the events give as `path`."""


class Hangup(Lenient):
    """How a channel is to end."""

    cause: Cause = Cause.NORMAL_CLEARING
    flag: Literal["SELF", "PEER", "BOTH", 0, 1, 2] = "SELF"
    """Which one: the channel, the one it talks to, or both."""


class Hold(Lenient):
    """On hold, or not."""

    action: Literal["ON", "OFF", "TOGGLE"] = "ON"


class Transfer(Lenient):
    """Where a channel is sent, as if it had dialled that; in the context that it has."""

    extension: Annotated[str, StringConstraints(max_length=200)]


class ThreeWay(Lenient):
    """Hear another channel's call, heard by none; or stop that."""

    target_uuid: Annotated[str, StringConstraints(max_length=128)] = ""
    """Needed for LISTEN."""
    direction: Literal["LISTEN", "STOP"]
    """ABC, AC, BC, TOA and TOB are not built: they are conferences."""


class SetVar(Lenient):
    """Variables to set."""

    data: Annotated[dict[VariableName, Value], Field(max_length=50)]


class VarNames(Lenient):
    """Variables to be told; those that are not set are left out."""

    data: Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(max_length=50)]


class Read(Lenient):
    """Digits to wait for. Times in ms."""

    min_digits: Annotated[int, Field(ge=1, le=128)] = 1
    max_digits: Annotated[int, Field(ge=1, le=128)] = 1
    timeout: Annotated[int, Field(ge=0, le=600_000)] = 5000
    """For the first digit, from the end of what is played."""
    digit_timeout: Annotated[int, Field(ge=100, le=60_000)] = 2000
    """For each further one."""
    terminators: Annotated[str, StringConstraints(max_length=16, pattern=r"^([0-9A-D*#]*|none)$")] = "none"
    media: Media | None = None
    """Played before; the first digit ends it."""
    max_tries: Annotated[int, Field(ge=0, le=10)] = 1


class Dtmf(Lenient):
    """Digits for a channel's peer to hear."""

    dtmf: Annotated[str, StringConstraints(max_length=200)]


class Info(Lenient):
    """A SIP INFO."""

    content_type: Annotated[str, StringConstraints(max_length=200)] = ""
    data: Annotated[str, StringConstraints(max_length=65_536)] = ""


class Reply(Model):
    """How it went: `code` is as of HTTP. 410: it was stopped, or the channel hung up."""

    code: int
    message: str
    node_uuid: str
    uuid: str = ""
    """The channel's."""


class Dialed(Reply):
    """Who was reached, or why nobody was."""

    cause: str


class Recorded(Reply):
    """Which recording."""

    path: str
    """Its id."""


class Pressed(Reply):
    """What was pressed; nothing in time leaves `dtmf` empty or short."""

    dtmf: str
    terminator: str


class Vars(Reply):
    """Variables."""

    data: dict[str, str]


class State(Reply):
    """How a channel is, in FreeSWITCH's words."""

    channel_state: str
    call_state: str
    answer_state: str
    bridged: bool
    answered: bool
    hold: bool
    video: bool
    video_ready: bool
    controlled: bool
    """Whether a program has taken the call."""
    ready: bool
    up: bool


class ChannelData(Reply):
    """What is known of a channel."""

    format: Literal["JSON"] = "JSON"
    data: dict[str, str]
    """`Unique-ID`, `Caller-...`, and variables as `variable_NAME`."""


class JStatus(Reply):
    """How the switch is."""

    data: dict[str, Any]


class Subscribe(Model):
    """What is to be told on this socket, from now on: a later wish takes the place of the one before."""

    types: Annotated[
        list[
            Annotated[
                str,
                StringConstraints(max_length=60, pattern=r"^([a-z]+\.([a-z_]+|\*)|Event\.(Channel|DTMF|Record))$"),
            ]
        ],
        Field(max_length=50),
    ] = Field(default_factory=list, examples=[["Event.Channel", "gateway.*"]])
    """`Event.Channel`, `Event.DTMF`, `Event.Record`, and the types that `GET /api/v1/events` has. None: those three,
    and as `event` all that none of them tells."""
    call: Annotated[str, StringConstraints(max_length=80, pattern=r"^call_.+$")] | None = None
    """Only what is of this call."""
    after: Annotated[str, StringConstraints(max_length=100)] = ""
    """The id of the `event` that was heard last: what was missed since then comes first."""


class Subscribed(Model):
    """What is told now."""

    types: list[str]
