"""REST: how the switch was set up."""

from fastapi import APIRouter

from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.core.commands import setup
from xswitch_py.models.setup import Setup

__all__ = ["router"]

router = APIRouter()


@router.get("/setup", **op(setup.get, tags=["config"]))
async def get(desk: AtDesk, who: Who) -> Setup:
    return await setup.get(desk, who)
