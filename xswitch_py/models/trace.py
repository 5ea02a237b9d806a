"""What happened to a call, and how well it was heard."""

from typing import Annotated, Literal

from pydantic import Field

from xswitch_py.models.calls import Party, Side
from xswitch_py.models.shape import Model, Moment, Text

__all__ = [
    "CallQuality",
    "CallTrace",
    "Heard",
    "LegNow",
    "LegQuality",
    "LegTotal",
    "LegTraced",
    "Reported",
    "TraceEntry",
    "WayNow",
    "WayTotal",
]

Percent = Annotated[float, Field(ge=0, le=100)]
Ms = Annotated[float, Field(ge=0, le=60_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Mos = Annotated[float, Field(ge=1, le=5)]


class LegTraced(Model):
    """A leg that took part in a call."""

    id: str
    side: Side
    door: str
    party: Party
    """Who sits there."""


class TraceEntry(Model):
    """One thing that happened."""

    at: Moment
    ms: float
    """Since the call began; less than 0 for what came before."""
    leg: str | None
    """Null for what is the call's."""
    layer: Literal["verto", "sip", "ice", "dtls", "rtp", "media", "call"]
    way: Literal["<", ">", ""]
    """"<" came from the leg's peer, ">" went to it, "" is what the switch did or saw."""
    text: str
    message: str | None = None
    """The whole message without its secrets, cut after 16 kB."""


class CallTrace(Model):
    """What happened to a call, in order."""

    call: str
    began: Moment
    ended: Moment | None
    legs: list[LegTraced]
    entries: list[TraceEntry]
    missing: int
    """How many entries were not kept, between the first ones and the latest."""


class WayNow(Model):
    """One direction of a leg's audio."""

    packets: int
    """So far."""
    lost: int
    """So far."""
    loss: float
    """Percent, in the last seconds."""
    jitter: float
    """Milliseconds."""
    mos: float
    """1 (bad) to 4.5 (excellent), by the E-model."""


class LegNow(Model):
    """How a leg was heard, and heard us, when that was last measured."""

    at: Moment
    mos: float
    """The worse of both ways."""
    codec: str
    heard: WayNow | None
    """What its peer sent, as we heard it."""
    told: WayNow | None
    """What we sent, as its peer reports it."""
    rtt: float | None
    """Round trip in milliseconds."""


class WayTotal(Model):
    """One direction over the whole call."""

    lost: int
    loss: float
    """Percent."""
    jitter: float
    """Milliseconds; the worst."""
    mos: float
    """The mean."""
    worst: float
    """The lowest MOS."""


class LegTotal(Model):
    """How a leg's audio went from its first packet on."""

    heard: WayTotal | None
    told: WayTotal | None
    rtt: float | None
    """Round trip in milliseconds; the mean."""


class LegQuality(Model):
    """The quality of one leg."""

    leg: str
    side: Side
    door: str
    party: Party
    last: LegNow | None
    """Null while nothing was measured."""
    total: LegTotal | None


class Heard(Model):
    """What a phone measured itself, as `getStats` of a browser says it."""

    leg: Annotated[str, Field(max_length=128)] | None = None
    """Which leg of the call the phone is."""
    rtt: Ms | None = None
    """Round trip in milliseconds."""
    jitter: Ms | None = None
    """Milliseconds, of what it hears."""
    loss: Percent | None = None
    """Percent of the packets that it should have heard."""
    concealed: Percent | None = None
    """Percent of the sound that was made up for what was missing."""
    mos: Mos | None = None
    """As the phone estimates it."""
    level: Share | None = None
    """How loud it hears, 0 to 1."""
    sent_loss: Percent | None = None
    """Percent of its own packets that did not arrive."""
    sent_level: Share | None = None
    """How loud it speaks, 0 to 1."""
    bitrate: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    """Kilobits in a second, of what it hears."""
    codec: Annotated[Text, Field(max_length=40)] | None = None
    network: Annotated[Text, Field(max_length=40)] | None = None
    """What it is connected by, such as "wifi"."""


class Reported(Model):
    """What a phone reported."""

    at: Moment
    by: str
    figures: Heard


class CallQuality(Model):
    """How well a call is heard, or was."""

    call: str
    legs: list[LegQuality]
    reported: list[Reported]
    """What phones reported themselves; the oldest first."""
