"""REST: what happened to a call, and how well it was heard."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from xswitch_py.api.calls import CallId
from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import trace as commands
from xswitch_py.models import trace as models

__all__ = ["router"]

router = APIRouter()

Messages = Annotated[bool, Query(description="Whether the messages come along, or only a line for each.")]


@router.get(
    "/calls/{call}/trace", **op(commands.trace, Code.NOT_FOUND, tags=["calls"]), response_model=models.CallTrace
)
async def trace(desk: AtDesk, who: Who, call: CallId, messages: Messages = True) -> Response:
    found = await commands.trace(desk, who, call, messages)
    return Response(found.__pydantic_serializer__.to_json(found, by_alias=True), media_type="application/json")


@router.get("/calls/{call}/quality", **op(commands.quality, Code.NOT_FOUND, tags=["calls"]))
async def quality(desk: AtDesk, who: Who, call: CallId) -> models.CallQuality:
    return await commands.quality(desk, who, call)


@router.post("/calls/{call}/quality", **op(commands.report_quality, Code.NOT_FOUND, tags=["calls"]), status_code=204)
async def report_quality(desk: AtDesk, who: Who, call: CallId, wish: models.Heard) -> None:
    await commands.report_quality(desk, who, call, wish)
