"""REST: who did what."""

from typing import Annotated

from fastapi import APIRouter, Query

from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.core.commands import audit
from xswitch_py.models.audit import AuditShown
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

Wanted = Annotated[str, Query(max_length=100)]


@router.get("/audit", **op(audit.list_audit, tags=["audit"]))
async def list_audit(
    desk: AtDesk,
    who: Who,
    limit: Limit = 50,
    cursor: Cursor = None,
    by: Wanted = "",
    command: Wanted = "",
    target: Wanted = "",
) -> Page[AuditShown]:
    return await audit.list_audit(desk, who, limit, cursor, by, command, target)
