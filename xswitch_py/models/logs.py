"""The last lines of the log."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xswitch_py.models.given import Limit
from xswitch_py.models.shape import Model, Moment

__all__ = ["LogLine", "LogLines", "LogsWanted"]

Level = Literal["debug", "info", "warning", "error", "critical"]


class LogLine(Model):
    """One line, without secrets. What is too long was cut."""

    id: int
    """Rises with every line, also over restarts."""
    at: Moment
    level: Level
    logger: str
    """Which part of the switch, or which library, wrote it."""
    event: str
    """What happened; on the wire: `<` came in, `>` went out."""
    call: str | None
    """The call it is about: `call_...`."""
    facts: dict[str, str | int | float | bool | None]
    """What else the line says."""


class LogLines(Model):
    """Some lines, the oldest first."""

    items: list[LogLine]
    next_cursor: int
    """Given as `after` it leads to the lines after these, also to those that are not written yet."""


class LogsWanted(Model):
    """Which lines are wanted."""

    after: Annotated[int, Field(ge=0, le=2**53)] | None = None
    """Those after this id; without it, the last ones."""
    level: Level = "debug"
    """The least weight. Nothing is there that is below `log.level` of the configuration."""
    call: Annotated[str, StringConstraints(max_length=100)] = ""
    """Only those about this call: `call_...`."""
    limit: Limit = 200
    """Lines at most."""


class LogsAsked(LogsWanted):
    """The same in a query."""

    as_text = True
