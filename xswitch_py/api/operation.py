"""What all routes share: who asks, the desk, pages, and how an operation is described."""

from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import PROBLEMS, Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import Command, pointer
from xswitch_py.core.commands.desk import Desk

__all__ = ["AtDesk", "Cursor", "Limit", "Who", "all_known", "op", "problems"]

Limit = Annotated[int, Query(ge=1, le=500, description="Items in a page.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]

_WORTH: Final = 100  # problems of one request that are told
_ALWAYS: Final = (
    Code.MALFORMED,
    Code.NOT_AUTHENTICATED,
    Code.FORBIDDEN,
    Code.INVALID,
    Code.TOO_MANY,
    Code.TOO_LARGE,
    Code.UNAVAILABLE,
)


async def _desk(request: Request) -> Desk:  # not async, it would run in a thread
    desk: Desk = request.app.state.desk
    return desk


async def _who(request: Request) -> Asker:
    asker: Asker = await request.app.state.gatekeeper.asker(request)
    await all_known(request)
    return asker


AtDesk = Annotated[Desk, Depends(_desk)]
Who = Annotated[Asker, Depends(_who)]


async def all_known(request: Request) -> None:  # not async, it would run in a thread
    """Refuse query parameters that nobody reads: who misspells one shall hear of it, as with members of a body."""
    if request.scope["query_string"]:
        known = _parameters(request.scope["route"].dependant)
        unknown = [name for name in request.query_params if name not in known]
        errors = [{"pointer": pointer(("query", name)), "detail": "unknown"} for name in unknown]
        if errors:
            raise Refused(Code.INVALID, "there is no such parameter", errors=errors[:_WORTH])


def op(command: Command[..., Any], *codes: Code, **more: Any) -> dict[str, Any]:
    """Describe an operation: what a route's decorator takes. `codes` are refusals that not every operation has."""
    return {
        "operation_id": command.name,
        "summary": command.summary.rstrip("."),
        "description": f"{command.description}\n\nNeeds the scope `{command.scope}`.".strip(),
        "responses": {**problems(*_ALWAYS, *codes), **more.pop("responses", {})},
        **more,
    }


def problems(*codes: Code) -> dict[int | str, Any]:
    """Describe the refusals with these codes, by status."""
    found: dict[int | str, Any] = {}
    for code in codes:
        problem = PROBLEMS[code]
        before = found.get(problem.status)
        text = f"{before['description']}, or `{code}`" if before else f"{problem.title}: `{code}`"
        found[problem.status] = {"description": text, "content": {"application/problem+json": {"schema": _SCHEMA}}}
    return found


def _parameters(needed: Dependant) -> set[str]:
    """Name the query parameters of an operation, and of what it depends on."""
    found = set[str]()
    for each in needed.query_params:
        shape = each.field_info.annotation
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            found |= {info.alias or name for name, info in shape.model_fields.items()}
        else:
            found.add(each.alias)
    return found.union(*map(_parameters, needed.dependencies))


_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}
