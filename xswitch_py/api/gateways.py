"""REST: gateways."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from xswitch_py.api.etag import Match, tagged
from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands import gateways
from xswitch_py.core.commands.desk import Desk
from xswitch_py.models import gateways as models
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

_GATEWAY: Final = "/gateways/{name}"
_CHANGE: Final = (Code.NOT_FOUND, Code.CONFLICT, Code.PRECONDITION)
_TOLD: Final = (Code.NOT_FOUND, Code.CONFLICT, Code.CALL_FAILED)
Name = Annotated[str, Path(max_length=64, description="The gateway's name.")]
Total = Annotated[bool, Query(description="Whether to count all items.")]


def _op(command: Any, *codes: Code, **more: Any) -> dict[str, Any]:
    return op(command, *codes, tags=["gateways"], **more)


async def _plain(desk: Desk, who: Asker, name: str) -> models.Gateway:
    """Show what changes are compared by: how a gateway stands is no change of it."""
    return (await gateways.get(desk, who, name)).plain()


@router.get("/gateways", **_op(gateways.list_gateways))
async def list_gateways(
    desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None, total: Total = False
) -> Page[models.Gateway]:
    return await gateways.list_gateways(desk, who, limit, cursor, total)


@router.post("/gateways", **_op(gateways.create, Code.TAKEN, Code.CONFLICT), status_code=201)
async def create(desk: AtDesk, who: Who, wish: models.NewGateway, response: Response) -> models.Gateway:
    made = await gateways.create(desk, who, wish)
    response.headers["Location"] = f"/api/v1/gateways/{made.name}"
    tagged(response, made.plain())
    return made


@router.get(_GATEWAY, **_op(gateways.get, Code.NOT_FOUND))
async def get(desk: AtDesk, who: Who, name: Name, response: Response) -> models.Gateway:
    shown = await gateways.get(desk, who, name)
    tagged(response, shown.plain())
    return shown


@router.patch(_GATEWAY, **_op(gateways.change, *_CHANGE))
async def change(
    desk: AtDesk, who: Who, name: Name, wish: models.GatewayChange, match: Match, response: Response
) -> models.Gateway:
    shown = await match(lambda: _plain(desk, who, name), lambda: gateways.change(desk, who, name, wish))
    tagged(response, shown.plain())
    return shown


@router.delete(_GATEWAY, **_op(gateways.remove, *_CHANGE), status_code=204)
async def remove(desk: AtDesk, who: Who, name: Name, match: Match) -> None:
    await match(lambda: _plain(desk, who, name), lambda: gateways.remove(desk, who, name))


@router.post(f"{_GATEWAY}/register", **_op(gateways.register, *_TOLD), status_code=202)
async def register(desk: AtDesk, who: Who, name: Name) -> models.GatewayStatus:
    return await gateways.register(desk, who, name)


@router.post(f"{_GATEWAY}/unregister", **_op(gateways.unregister, *_TOLD), status_code=202)
async def unregister(desk: AtDesk, who: Who, name: Name) -> models.GatewayStatus:
    return await gateways.unregister(desk, who, name)


@router.post(f"{_GATEWAY}/ping", **_op(gateways.ping, *_TOLD), status_code=202)
async def ping(desk: AtDesk, who: Who, name: Name) -> models.GatewayStatus:
    return await gateways.ping(desk, who, name)


@router.get(f"{_GATEWAY}/status", **_op(gateways.status, Code.NOT_FOUND))
async def status(desk: AtDesk, who: Who, name: Name) -> models.GatewayStatus:
    return await gateways.status(desk, who, name)
