"""REST: API keys."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from xswitch_py.api.gatekeeper import Gatekeeper
from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import keys
from xswitch_py.models.keys import KeyMade, KeyShown, NewKey
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

KeyId = Annotated[str, Path(max_length=80, description="`key_...`")]


@router.get("/api-keys", **op(keys.list_keys, tags=["keys"]))
async def list_keys(desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None) -> Page[KeyShown]:
    return await keys.list_keys(desk, who, limit, cursor)


@router.post("/api-keys", **op(keys.create, Code.CONFLICT, tags=["keys"]), status_code=201)
async def create(desk: AtDesk, who: Who, wish: NewKey, response: Response) -> KeyMade:
    made = await keys.create(desk, who, wish)
    response.headers["Location"] = f"/api/v1/api-keys/{made.id}"
    return made


@router.delete("/api-keys/{key}", **op(keys.remove, Code.NOT_FOUND, tags=["keys"]), status_code=204)
async def remove(desk: AtDesk, who: Who, key: KeyId, request: Request) -> None:
    await keys.remove(desk, who, key)
    gatekeeper: Gatekeeper = request.app.state.gatekeeper
    gatekeeper.forget(key)
