"""What a program wants to hear of what happens."""

from typing import Annotated

from pydantic import Field, StringConstraints

from xswitch_py.models.shape import Model

__all__ = ["Listening", "Type", "Types"]

Type = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z]+\.([a-z_]+|\*)$")]
Types = Annotated[list[Type], Field(max_length=50)]


class Listening(Model):
    """What is to be told."""

    types: Types = Field(default_factory=list, examples=[["call.*", "gateway.changed"]])
    """Types of events, or `call.*` for all of a kind; none means all."""
    call: Annotated[str, StringConstraints(max_length=80, pattern=r"^call_.+$")] | None = None
    """Only what is of this call."""
    after: Annotated[str, StringConstraints(max_length=100)] = ""
    """The id of the event that was heard last: what was missed since then comes first."""
