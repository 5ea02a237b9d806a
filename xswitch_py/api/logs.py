"""REST: the last lines of the log."""

from typing import Annotated

from fastapi import APIRouter, Query

from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.core.commands import logs
from xswitch_py.models.logs import LogLines, LogsAsked

__all__ = ["router"]

router = APIRouter()


@router.get("/logs", **op(logs.list_lines, tags=["status"]))
async def list_lines(desk: AtDesk, who: Who, wish: Annotated[LogsAsked, Query()]) -> LogLines:
    return await logs.list_lines(desk, who, wish)
