"""What a refusal looks like (RFC 9457)."""

from typing import Any

from pydantic import ConfigDict

from xswitch_py.base.problem import Code
from xswitch_py.models.shape import Model

__all__ = ["Fault", "Problem"]


class Fault(Model):
    """One thing that is wrong with what was given."""

    pointer: str
    """Where, as a JSON pointer (RFC 6901) into the body, or `/query/limit` and the like."""
    detail: str


class Problem(Model):
    """Why a request was refused; some codes bring more members, such as the `cause` of a call."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: Code
    detail: str = ""
    instance: str = ""
    request_id: str = ""
    errors: list[Fault] | None = None
    state: Any = None
