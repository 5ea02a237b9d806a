"""REST: users and their devices."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from xswitch_py.api.etag import Match, tagged
from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import registrations, users
from xswitch_py.models import users as models
from xswitch_py.models.registrations import Device
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

_USER: Final = "/users/{name}"
_CHANGE: Final = (Code.NOT_FOUND, Code.CONFLICT, Code.PRECONDITION)
Name = Annotated[str, Path(max_length=64, description="The user's name.")]
DeviceId = Annotated[str, Path(max_length=80, description="`reg_...`")]
Start = Annotated[str, Query(max_length=64, description="How the names begin.")]
Total = Annotated[bool, Query(description="Whether to count all items.")]


def _op(command: Any, *codes: Code, **more: Any) -> dict[str, Any]:
    return op(command, *codes, tags=["users"], **more)


@router.get("/users", **_op(users.list_users))
async def list_users(
    desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None, q: Start = "", total: Total = False
) -> Page[models.User]:
    return await users.list_users(desk, who, limit, cursor, q, total)


@router.post("/users", **_op(users.create, Code.TAKEN), status_code=201)
async def create(desk: AtDesk, who: Who, wish: models.NewUser, response: Response) -> models.UserMade:
    made = await users.create(desk, who, wish)
    response.headers["Location"] = f"/api/v1/users/{quote(made.name, safe='')}"
    tagged(response, made.plain())
    return made


@router.post("/users:import", **_op(users.import_users, Code.TAKEN))
async def import_users(desk: AtDesk, who: Who, wish: models.Import) -> models.Imported:
    return await users.import_users(desk, who, wish)


@router.get(_USER, **_op(users.get, Code.NOT_FOUND))
async def get(desk: AtDesk, who: Who, name: Name, response: Response) -> models.User:
    return tagged(response, await users.get(desk, who, name))


@router.patch(_USER, **_op(users.change, Code.TAKEN, *_CHANGE))
async def change(
    desk: AtDesk, who: Who, name: Name, wish: models.UserChange, match: Match, response: Response
) -> models.User:
    shown = await match(lambda: users.get(desk, who, name), lambda: users.change(desk, who, name, wish))
    return tagged(response, shown)


@router.delete(_USER, **_op(users.remove, *_CHANGE), status_code=204)
async def remove(desk: AtDesk, who: Who, name: Name, match: Match) -> None:
    await match(lambda: users.get(desk, who, name), lambda: users.remove(desk, who, name))


@router.post(f"{_USER}/reset-password", **_op(users.reset_password, Code.NOT_FOUND))
async def reset_password(desk: AtDesk, who: Who, name: Name, wish: models.Reset) -> models.ResetDone:
    return await users.reset_password(desk, who, name, wish)


@router.get(f"{_USER}/devices", **_op(registrations.devices, Code.NOT_FOUND))
async def devices(desk: AtDesk, who: Who, name: Name) -> Page[Device]:
    return await registrations.devices(desk, who, name)


@router.delete(f"{_USER}/devices/{{device}}", **_op(registrations.kick, Code.NOT_FOUND), status_code=204)
async def kick(desk: AtDesk, who: Who, name: Name, device: DeviceId) -> None:
    await registrations.kick(desk, who, name, device)
