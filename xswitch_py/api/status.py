"""REST: how the switch is."""

from fastapi import APIRouter

from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.core.commands import history, status
from xswitch_py.models import status as models
from xswitch_py.models.history import StatusHistory

__all__ = ["router"]

router = APIRouter()


@router.get("/status", **op(status.get, tags=["status"]))
async def get(desk: AtDesk, who: Who) -> models.Status:
    return await status.get(desk, who)


@router.get("/status/history", **op(history.get, tags=["status"]))
async def get_history(desk: AtDesk, who: Who) -> StatusHistory:
    return await history.get(desk, who)
