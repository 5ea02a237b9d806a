"""REST: phones on web pages."""

from typing import Annotated

from fastapi import APIRouter, Query

from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import phone
from xswitch_py.models.phone import PhoneToken

__all__ = ["router"]

router = APIRouter()


User = Annotated[str | None, Query(max_length=100, description="Of somebody else; left out, it is one's own.")]


@router.post("/phone/token", **op(phone.token, Code.CONFLICT, Code.NOT_FOUND, tags=["phone"]))
async def token(desk: AtDesk, who: Who, user: User = None) -> PhoneToken:
    return await phone.token(desk, who, user)
