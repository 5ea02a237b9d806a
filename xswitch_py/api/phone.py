"""REST: one's own phone on a web page."""

from fastapi import APIRouter

from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import phone
from xswitch_py.models.phone import PhoneToken

__all__ = ["router"]

router = APIRouter()


@router.post("/phone/token", **op(phone.token, Code.CONFLICT, tags=["phone"]))
async def token(desk: AtDesk, who: Who) -> PhoneToken:
    return await phone.token(desk, who)
