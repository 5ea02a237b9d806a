"""Recordings of calls."""

from typing import Literal, Self

from xswitch_py.base.records import Recording
from xswitch_py.models.shape import Model, Moment

__all__ = ["RecordingLink", "RecordingShown"]


class RecordingShown(Model):
    """A recording: what the leg's peer said is left, what it heard right."""

    id: str
    call: str
    leg: str
    started: Moment
    ended: Moment | None
    """Null while it goes on."""
    seconds: float
    size: int
    """Bytes."""
    why: Literal["", "stopped", "hangup", "limit", "disk", "crash"]
    """Why it ended."""
    users: list[str]

    @classmethod
    def of(cls, row: Recording) -> Self:
        """Show one."""
        return cls.model_validate(
            {
                "id": row.id,
                "call": f"call_{row.call}",
                "leg": row.leg,
                "started": row.started,
                "ended": row.ended,
                "seconds": row.seconds,
                "size": row.size,
                "why": row.why,
                "users": list(row.users),
            }
        )


class RecordingLink(Model):
    """Where a recording can be heard for a while, without a key or a session."""

    url: str
    """The path on this switch, and the proof that it may be heard."""
    expires: Moment
