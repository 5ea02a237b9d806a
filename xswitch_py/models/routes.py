"""Routes: the rules of the dialplan, and what becomes of a number."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from xswitch_py.models.given import left_out
from xswitch_py.models.shape import Model, Moment, Text

__all__ = [
    "Explained",
    "ExplainedStep",
    "LookedAt",
    "Move",
    "NewRoute",
    "Place",
    "Reach",
    "ReachedGateway",
    "RouteChange",
    "RouteShown",
    "Unexplained",
]

_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
_YEARS: Final = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # that every clock can show

Pattern = Annotated[str, StringConstraints(max_length=200, pattern=_LINE)]
Context = Annotated[str, StringConstraints(max_length=64, pattern=r"^[\w-]+$")]
Hours = Annotated[str, StringConstraints(max_length=40, pattern=_LINE)]
Step = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=_LINE)]
Steps = Annotated[list[Step], Field(min_length=1, max_length=50)]
Position = Annotated[int, Field(ge=1, le=1_000_000)]
Number = Annotated[str, StringConstraints(max_length=64, pattern=_LINE)]
Origin = Literal["database", "flow", "file"]
Misfit = Literal["context", "hours", "caller", "number"]


class NewRoute(Model):
    """A rule to be made. What is empty fits any."""

    name: Text = ""
    """For people."""
    number: Pattern = ""
    """A regular expression for the whole number that is dialled."""
    caller: Pattern = ""
    """The same for the caller's number."""
    context: Context = "default"
    """Which callers it is for."""
    hours: Hours = ""
    """Local time: `mon-fri 09:00-17:30`."""
    steps: Steps
    """What is done, in order: `answer`, `bridge $1`; `$0` is the number, `$1` to `$9` are the groups of `number`."""
    enabled: bool = True
    """One that is not is never asked."""
    position: Position | None = None
    """1 is asked first; without it the route is the last of the database's."""


class RouteChange(Model):
    """What is to be otherwise; what is left out stays."""

    name: Text = left_out()
    """For people."""
    number: Pattern = left_out()
    """A regular expression for the whole number that is dialled."""
    caller: Pattern = left_out()
    """The same for the caller's number."""
    context: Context = left_out()
    """Which callers it is for."""
    hours: Hours = left_out()
    """Local time: `mon-fri 09:00-17:30`."""
    steps: Steps = left_out()
    """What is done, in order: `answer`, `bridge $1`; `$0` is the number, `$1` to `$9` are the groups of `number`."""
    enabled: bool = left_out()
    """One that is not is never asked."""


class Move(Model):
    """Where a route is to stand."""

    position: Position
    """1 is asked first; the last place, if there are not so many."""


class RouteShown(Model):
    """A rule of the dialplan."""

    id: str
    origin: Origin
    """Only those of the database can be changed here; they are asked first, then those of flows, then the file's."""
    position: int
    """Among those of its origin; 1 is asked first."""
    name: str
    """For people."""
    number: str
    """A regular expression for the whole number that is dialled; empty fits any."""
    caller: str
    """The same for the caller's number."""
    context: str
    """Which callers it is for."""
    hours: str
    """Local time: `mon-fri 09:00-17:30`; empty: always."""
    steps: list[str]
    """What is done, in order."""
    enabled: bool
    """One that is not is never asked."""
    created: Moment | None = None
    changed: Moment | None = None


class Unexplained(Model):
    """A call that somebody might place."""

    number: Annotated[Number, StringConstraints(min_length=1)]
    caller: Number | None = None
    """The caller's number; without it, the user's."""
    context: Context | None = None
    """Without it, the user's, or `default`."""
    user: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    """Who calls."""
    at: Annotated[AwareDatetime, Field(ge=_YEARS[0], le=_YEARS[1])] | None = None
    """When; without it, now."""


class LookedAt(Model):
    """A rule that was looked at."""

    id: str
    origin: Origin
    name: str
    fits: bool
    misfits: list[Misfit]
    """All of its conditions that do not hold."""


class Place(Model):
    """Where a user can be reached now."""

    door: str
    transport: str
    agent: str


class ReachedGateway(Model):
    """How a gateway stands now."""

    name: str
    state: str
    """Empty: there is no such gateway."""
    up: bool


class Reach(Model):
    """What one name of a target means now."""

    target: str
    round: int
    """Those of round 1 are rung together, those of round 2 if nobody there answers, and so on."""
    kind: Literal["user", "gateway"]
    reachable: bool
    why: Literal["", "unknown", "not_registered", "down"]
    """Why it cannot be reached."""
    user: str | None = None
    places: list[Place] = Field(default_factory=list)
    gateways: list[ReachedGateway] = Field(default_factory=list)


class ExplainedStep(Model):
    """One thing that would be done."""

    action: str
    argument: str
    """With the number and its groups filled in."""
    reaches: list[Reach] = Field(default_factory=list)
    """Of a `bridge`: whom it would ring."""


class Explained(Model):
    """What would become of a call; none was made."""

    number: str
    caller: str
    context: str
    at: Moment
    local: str
    """The same as the rules see it: `mon 2026-11-23 12:00`."""
    looked_at: list[LookedAt]
    """In order; the last one fits, or none does."""
    route: str | None
    """The id of the one that fits."""
    steps: list[ExplainedStep]
    cause: str | None
    """Why the call would fail at once: no rule fits."""
