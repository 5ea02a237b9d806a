"""REST: webhooks and their deliveries."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from xswitch_py.api.etag import Match, tagged
from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import webhooks
from xswitch_py.models import webhooks as models
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

_WEBHOOK: Final = "/webhooks/{webhook}"
_CHANGE: Final = (Code.NOT_FOUND, Code.PRECONDITION)
WebhookId = Annotated[str, Path(max_length=100, description="`hook_...`")]
DeliveryId = Annotated[str, Path(max_length=100, description="`msg_...`")]


def _op(command: Any, *codes: Code, **more: Any) -> dict[str, Any]:
    return op(command, *codes, tags=["webhooks"], **more)


@router.get("/webhooks", **_op(webhooks.list_webhooks))
async def list_webhooks(desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None) -> Page[models.Webhook]:
    return await webhooks.list_webhooks(desk, who, limit, cursor)


@router.post("/webhooks", **_op(webhooks.create, Code.CONFLICT), status_code=201)
async def create(desk: AtDesk, who: Who, wish: models.NewWebhook, response: Response) -> models.WebhookMade:
    made = await webhooks.create(desk, who, wish)
    response.headers["Location"] = f"/api/v1/webhooks/{made.id}"
    tagged(response, made.plain())
    return made


@router.get(_WEBHOOK, **_op(webhooks.get, Code.NOT_FOUND))
async def get(desk: AtDesk, who: Who, webhook: WebhookId, response: Response) -> models.Webhook:
    return tagged(response, await webhooks.get(desk, who, webhook))


@router.patch(_WEBHOOK, **_op(webhooks.change, *_CHANGE))
async def change(
    desk: AtDesk, who: Who, webhook: WebhookId, wish: models.WebhookChange, match: Match, response: Response
) -> models.Webhook:
    shown = await match(lambda: webhooks.get(desk, who, webhook), lambda: webhooks.change(desk, who, webhook, wish))
    return tagged(response, shown)


@router.delete(_WEBHOOK, **_op(webhooks.remove, *_CHANGE), status_code=204)
async def remove(desk: AtDesk, who: Who, webhook: WebhookId, match: Match) -> None:
    await match(lambda: webhooks.get(desk, who, webhook), lambda: webhooks.remove(desk, who, webhook))


@router.get(f"{_WEBHOOK}/deliveries", **_op(webhooks.deliveries, Code.NOT_FOUND))
async def deliveries(
    desk: AtDesk, who: Who, webhook: WebhookId, limit: Limit = 50, cursor: Cursor = None
) -> Page[models.Delivery]:
    return await webhooks.deliveries(desk, who, webhook, limit, cursor)


@router.post(
    f"{_WEBHOOK}/deliveries/{{delivery}}/redeliver",
    **_op(webhooks.redeliver, Code.NOT_FOUND, Code.CONFLICT),
    status_code=202,
)
async def redeliver(desk: AtDesk, who: Who, webhook: WebhookId, delivery: DeliveryId) -> models.Delivery:
    return await webhooks.redeliver(desk, who, webhook, delivery)
