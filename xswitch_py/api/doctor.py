"""REST: what is right and wrong with the set-up."""

from fastapi import APIRouter

from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.core.commands import doctor
from xswitch_py.models.doctor import Diagnosis

__all__ = ["router"]

router = APIRouter()


@router.get("/doctor", **op(doctor.run, tags=["status"]))
async def run(desk: AtDesk, who: Who) -> Diagnosis:
    return await doctor.run(desk, who)
