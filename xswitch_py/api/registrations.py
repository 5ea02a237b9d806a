"""REST: where users can be reached."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import registrations
from xswitch_py.models.registrations import Registration
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

RegistrationId = Annotated[str, Path(max_length=80, description="`reg_...`")]
User = Annotated[str | None, Query(max_length=100, description="Of this user alone.")]
Door = Annotated[str | None, Query(max_length=40, description="At this door alone: `sip`, `verto`.")]
Total = Annotated[bool, Query(description="Whether to count all items.")]


@router.get("/registrations", **op(registrations.list_registrations, tags=["registrations"]))
async def list_registrations(
    desk: AtDesk,
    who: Who,
    limit: Limit = 50,
    cursor: Cursor = None,
    user: User = None,
    door: Door = None,
    total: Total = False,
) -> Page[Registration]:
    return await registrations.list_registrations(desk, who, limit, cursor, user, door, total)


@router.delete(
    "/registrations/{registration}",
    **op(registrations.remove, Code.NOT_FOUND, tags=["registrations"]),
    status_code=204,
)
async def remove(desk: AtDesk, who: Who, registration: RegistrationId) -> None:
    await registrations.remove(desk, who, registration)
