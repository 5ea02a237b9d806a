"""Commands about who did what."""

from typing import Annotated

from pydantic import Field, StringConstraints

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.models.audit import AuditShown
from xswitch_py.models.shape import Page

__all__ = ["list_audit"]

_PREFIX = "audit_"

Wanted = Annotated[str, StringConstraints(max_length=100)]


@command("audit.list", "audit:read")
async def list_audit(
    desk: Desk,
    who: Asker,
    limit: Annotated[int, Field(ge=1, le=500)] = 50,
    cursor: str | None = None,
    by: Wanted = "",
    command: Wanted = "",
    target: Wanted = "",
) -> Page[AuditShown]:
    """List who changed what, and who was not let, the newest first.

    `by` is a user or the id of an API key, `command` a name such as `users.create`, `target` what it was about.
    """
    before = None if cursor is None else _number(cursor)
    found = await desk.stores.audit.list(limit + 1, before, who=by, command=command, target=target)
    items = [AuditShown.of(entry) for entry in found[:limit]]
    return Page[AuditShown](items=items, next_cursor=items[-1].id if len(found) > limit else None)


def _number(cursor: str) -> int:
    number = cursor.removeprefix(_PREFIX)
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise Refused(
            Code.INVALID, "there is no such page", errors=[{"pointer": "/cursor", "detail": "not one of ours"}]
        )
    return int(number)
