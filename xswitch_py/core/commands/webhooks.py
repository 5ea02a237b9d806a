"""Commands about webhooks: who makes one is told of everything that happens, and so must be allowed to hear it."""

import time
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from xswitch_py.base import records
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.commands.events import check_types
from xswitch_py.core.webhooks.signing import key_of, new_secret
from xswitch_py.models.given import Cursor, Id, Limit
from xswitch_py.models.shape import Page
from xswitch_py.models.webhooks import Delivery, NewWebhook, Webhook, WebhookChange, WebhookMade

__all__ = ["change", "create", "deliveries", "get", "list_webhooks", "redeliver", "remove"]

MOST: Final = 100  # webhooks
_READ: Final = "webhooks:read"
_WRITE: Final = "webhooks:write"
_HEAR: Final = "events:read"


@command("webhooks.list", _READ)
async def list_webhooks(desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None) -> Page[Webhook]:
    """List webhooks, the oldest first, without their secrets."""
    rows = await desk.stores.webhooks.list()
    start = next((place for place, row in enumerate(rows, 1) if row.id == cursor), len(rows)) if cursor else 0
    found = rows[start : start + limit]
    more = start + limit < len(rows)
    return Page[Webhook](items=[Webhook.of(row) for row in found], next_cursor=found[-1].id if more else None)


@command("webhooks.get", _READ)
async def get(desk: Desk, who: Asker, webhook: Id) -> Webhook:
    """Show a webhook."""
    return Webhook.of(await _find(desk, webhook))


@command("webhooks.create", _WRITE)
async def create(desk: Desk, who: Asker, wish: NewWebhook) -> WebhookMade:
    """Let events be told to a server; the secret that deliveries are signed with is shown this once.

    Deliveries are as Standard Webhooks has it, each at least once, for a day. Also needs the scope `events:read`.
    """
    _check(desk, who, wish)
    if len(await desk.stores.webhooks.list()) >= MOST:
        raise Refused(Code.CONFLICT, f"there may be no more than {MOST} webhooks", state=MOST)
    now = time.time()
    row = records.Webhook(
        f"hook_{uuid4().hex}",
        wish.url,
        tuple(dict.fromkeys(wish.events)),
        wish.description,
        wish.enabled,
        now,
        now,
        wish.secret or new_secret(),
    )
    await desk.stores.webhooks.add(row)
    return WebhookMade.of(row).model_copy(update={"secret": row.secret})


@command("webhooks.change", _WRITE)
async def change(desk: Desk, who: Asker, webhook: Id, wish: WebhookChange) -> Webhook:
    """Change a webhook. Also needs the scope `events:read`."""
    row = await _find(desk, webhook)
    _check(desk, who, wish)
    members: dict[str, Any] = {name: getattr(wish, name) for name in wish.model_fields_set}
    if "events" in members:
        members["events"] = tuple(dict.fromkeys(members["events"]))
    row = replace(row, **members, changed=time.time())
    if not await desk.stores.webhooks.change(row):
        raise missing("webhook", webhook)
    return Webhook.of(row)


@command("webhooks.remove", _WRITE)
async def remove(desk: Desk, who: Asker, webhook: Id) -> None:
    """Remove a webhook, and all that waits to be told to it."""
    if not await desk.stores.webhooks.remove(webhook):
        raise missing("webhook", webhook)


@command("webhooks.deliveries", _READ)
async def deliveries(desk: Desk, who: Asker, webhook: Id, limit: Limit = 50, cursor: Cursor = None) -> Page[Delivery]:
    """List what was told to a webhook, or is to be, the newest first; what is over is kept for a while."""
    await _find(desk, webhook)
    rows = await desk.stores.deliveries.list(webhook, limit + 1, cursor)
    found = rows[:limit]
    return Page[Delivery](
        items=[Delivery.of(row) for row in found], next_cursor=found[-1].id if len(rows) > limit else None
    )


@command("webhooks.redeliver", _WRITE)
async def redeliver(desk: Desk, who: Asker, webhook: Id, delivery: Id) -> Delivery:
    """Tell an event once more, at once and with all attempts before it."""
    row = await desk.stores.deliveries.get(delivery)
    if row is None or row.webhook != webhook:
        raise missing("delivery", delivery)
    if not (await _find(desk, webhook)).enabled:
        raise Refused(Code.CONFLICT, "the webhook is disabled", state="disabled")
    if not await desk.stores.deliveries.requeue(delivery, time.time()):
        raise missing("delivery", delivery)
    return Delivery.of(await desk.stores.deliveries.get(delivery) or row)


async def _find(desk: Desk, webhook: str) -> records.Webhook:
    row = await desk.stores.webhooks.get(webhook)
    if row is None:
        raise missing("webhook", webhook)
    return row


def _check(desk: Desk, who: Asker, wish: NewWebhook | WebhookChange) -> None:
    """Refuse what cannot be used, and who may not hear what a webhook hears."""
    if not who.may(_HEAR):
        raise Refused(Code.FORBIDDEN, f"this needs {_HEAR}")
    given = wish.model_fields_set
    check_types(wish.events if "events" in given else [], "/events")
    errors = []
    if "url" in given and (why := desk.webhook_problem(wish.url)):
        errors.append({"pointer": "/url", "detail": why})
    if "secret" in given and wish.secret is not None:
        try:
            key_of(wish.secret)
        except ValueError as error:
            errors.append({"pointer": "/secret", "detail": str(error)})
    if errors:
        raise Refused(Code.INVALID, "some members cannot be used", errors=errors)
