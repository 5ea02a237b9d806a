"""REST: routes."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from xswitch_py.api.etag import Match, tagged
from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import routes
from xswitch_py.models import routes as models
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

_ROUTE: Final = "/routes/{route}"
RouteId = Annotated[str, Path(max_length=80, description="`route_...`; `flow_1`, `file_1` are not made here.")]
Total = Annotated[bool, Query(description="Whether to count all items.")]


def _op(command: Any, *codes: Code, **more: Any) -> dict[str, Any]:
    return op(command, *codes, tags=["routes"], **more)


_CHANGE: Final = (Code.NOT_FOUND, Code.CONFLICT, Code.PRECONDITION)


@router.get("/routes", **_op(routes.list_routes))
async def list_routes(
    desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None, total: Total = False
) -> Page[models.RouteShown]:
    return await routes.list_routes(desk, who, limit, cursor, total)


@router.post("/routes", **_op(routes.create, Code.CONFLICT), status_code=201)
async def create(desk: AtDesk, who: Who, wish: models.NewRoute, response: Response) -> models.RouteShown:
    made = await routes.create(desk, who, wish)
    response.headers["Location"] = f"/api/v1/routes/{made.id}"
    return tagged(response, made)


@router.post("/routes:explain", **_op(routes.explain_call, Code.NOT_FOUND))
async def explain(desk: AtDesk, who: Who, wish: models.Unexplained) -> models.Explained:
    return await routes.explain_call(desk, who, wish)


@router.get(_ROUTE, **_op(routes.get, Code.NOT_FOUND))
async def get(desk: AtDesk, who: Who, route: RouteId, response: Response) -> models.RouteShown:
    return tagged(response, await routes.get(desk, who, route))


@router.patch(_ROUTE, **_op(routes.change, *_CHANGE))
async def change(
    desk: AtDesk, who: Who, route: RouteId, wish: models.RouteChange, match: Match, response: Response
) -> models.RouteShown:
    return tagged(
        response, await match(lambda: routes.get(desk, who, route), lambda: routes.change(desk, who, route, wish))
    )


@router.delete(_ROUTE, **_op(routes.remove, *_CHANGE), status_code=204)
async def remove(desk: AtDesk, who: Who, route: RouteId, match: Match) -> None:
    await match(lambda: routes.get(desk, who, route), lambda: routes.remove(desk, who, route))


@router.post(f"{_ROUTE}/move", **_op(routes.move, *_CHANGE))
async def move(
    desk: AtDesk, who: Who, route: RouteId, wish: models.Move, match: Match, response: Response
) -> models.RouteShown:
    return tagged(
        response, await match(lambda: routes.get(desk, who, route), lambda: routes.move(desk, who, route, wish))
    )
