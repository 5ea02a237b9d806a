"""REST: who is kept out."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import blocks
from xswitch_py.models import blocks as models
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

Source = Annotated[str, Path(max_length=80, description="An IPv4 address, or the /64 of an IPv6 address.")]
Total = Annotated[bool, Query(description="Whether to count all items.")]


@router.get("/blocks", **op(blocks.list_blocks, tags=["blocks"]))
async def list_blocks(
    desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None, total: Total = False
) -> Page[models.Block]:
    return await blocks.list_blocks(desk, who, limit, cursor, total)


@router.post("/blocks", **op(blocks.create, Code.CONFLICT, tags=["blocks"]), status_code=201)
async def create(desk: AtDesk, who: Who, wish: models.NewBlock, response: Response) -> models.Block:
    made = await blocks.create(desk, who, wish)
    response.headers["Location"] = f"/api/v1/blocks/{quote(made.source, safe='')}"
    return made


@router.delete("/blocks/{source:path}", **op(blocks.remove, Code.NOT_FOUND, tags=["blocks"]), status_code=204)
async def remove(desk: AtDesk, who: Who, source: Source) -> None:
    await blocks.remove(desk, who, source)
