"""How the switch is."""

from pydantic import Field

from xswitch_py.models.shape import Model, Moment

__all__ = ["Disk", "Lateness", "Status", "Totals"]


class Lateness(Model):
    """How late the event loop was; whoever holds it up keeps every call waiting."""

    worst_ms: float
    """In the last minute."""
    held_up: int
    """How often in the last minute it was later than is good."""
    held_up_total: int
    """The same since the start."""


class Disk(Model):
    """A folder that we write to."""

    folder: str
    """`store` or `recordings`."""
    free: int
    """Bytes."""
    size: int


class Totals(Model):
    """What was counted since the start."""

    started: dict[str, int] = Field(default_factory=dict)
    """Calls, by the door that they came through."""
    answered: int = 0
    ended: dict[str, int] = Field(default_factory=dict)
    """Calls, by cause."""
    digits: int = 0
    recording: int = 0
    """Recordings that go on now."""
    recorded: dict[str, int] = Field(default_factory=dict)
    """Recordings, by why they ended."""
    poor: int = 0
    """Times that somebody heard badly for some seconds."""
    blocked: int = 0
    """Sources."""


class Status(Model):
    """The switch at a glance."""

    version: str
    node: str
    """The name of this run; event ids have it too."""
    now: Moment
    since: Moment | None
    uptime: float
    """Seconds."""
    ready: bool
    lacking: list[str]
    """What keeps calls from being taken: `database`, `media`, `calls` (it is shutting down)."""
    calls: int
    legs: int
    registrations: int
    gateways: dict[str, str]
    """Their states by name."""
    cpu_seconds: float
    memory: int
    """Bytes in RAM."""
    open_files: int
    """Sockets among them."""
    loop: Lateness
    event_subscribers: int
    events_lost: int
    """Events that some part of ours was too slow for."""
    disks: list[Disk]
    totals: Totals
