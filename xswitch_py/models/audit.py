"""Who did what."""

from typing import Self

from xswitch_py.base.records import AuditEntry
from xswitch_py.models.shape import Model, Moment, moment

__all__ = ["AuditShown"]


class AuditShown(Model):
    """Somebody changed something, or was not let."""

    id: str
    at: Moment
    who: str
    """A user, the id of an API key, or `system`; empty: somebody unknown."""
    role: str
    host: str
    """Where from."""
    command: str
    """Such as `users.create`."""
    target: str
    """What it was about."""
    outcome: str
    """`done`, `failed`, or the `code` of the problem."""
    detail: str

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Show a row of the database."""
        return cls(
            id=f"audit_{entry.id}",
            at=moment(entry.at),
            who=entry.who,
            role=entry.role,
            host=entry.host,
            command=entry.command,
            target=entry.target,
            outcome=entry.outcome,
            detail=entry.detail,
        )
