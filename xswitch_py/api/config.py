"""REST: the configuration."""

from fastapi import APIRouter

from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import config
from xswitch_py.models import config as models

__all__ = ["router"]

router = APIRouter()


@router.get("/config", **op(config.get, tags=["config"]))
async def get(desk: AtDesk, who: Who) -> models.ConfigShown:
    return await config.get(desk, who)


@router.post("/config/validate", **op(config.validate, tags=["config"]))
async def validate(desk: AtDesk, who: Who, wish: models.ConfigText) -> models.Judgement:
    return await config.validate(desk, who, wish)


@router.post("/config/reload", **op(config.reload, Code.CONFLICT, tags=["config"]))
async def reload(desk: AtDesk, who: Who) -> models.Reloaded:
    return await config.reload(desk, who)
