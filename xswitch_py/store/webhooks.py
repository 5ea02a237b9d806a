"""The table of webhooks."""

import json
import sqlite3
from typing import Any, Final

from xswitch_py.base.records import Webhook
from xswitch_py.store.database import Database, taken

__all__ = ["Webhooks"]

_FACTS: Final = "url, events, description, enabled, changed, secret"
_COLUMNS: Final = f"id, {_FACTS}, created"


class Webhooks:
    """Where events are told. The secrets are kept as text: every delivery is signed with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, webhook: Webhook) -> None:
        """Add a webhook.

        Raises:
            Taken: there is one of this id.
        """
        with taken(f"webhook {webhook.id}"):
            sql = f"INSERT INTO webhooks ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"
            await self._database.run(sql, (webhook.id, *_facts(webhook), webhook.created))

    async def get(self, id: str) -> Webhook | None:
        """Find a webhook."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM webhooks WHERE id = ?", (id,))
        return _webhook(rows[0]) if rows else None

    async def change(self, webhook: Webhook) -> bool:
        """Write all of a webhook, also its secret, but not when it was made; False if there is none."""
        sql = f"UPDATE webhooks SET {', '.join(f'{fact} = ?' for fact in _FACTS.split(', '))} WHERE id = ?"
        return await self._database.run(sql, (*_facts(webhook), webhook.id)) > 0

    async def remove(self, id: str) -> bool:
        """Remove a webhook and its deliveries; False if there is none."""
        return await self._database.run("DELETE FROM webhooks WHERE id = ?", (id,)) > 0

    async def list(self) -> list[Webhook]:
        """Return all webhooks, the oldest first."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM webhooks ORDER BY created, id")
        return [_webhook(row) for row in rows]


def _facts(webhook: Webhook) -> tuple[Any, ...]:
    """Return the values of `_FACTS`."""
    where = webhook.url, json.dumps(webhook.events), webhook.description
    return *where, webhook.enabled, webhook.changed, webhook.secret


def _webhook(row: sqlite3.Row) -> Webhook:
    facts = dict(row)
    events, enabled = tuple(json.loads(facts.pop("events"))), bool(facts.pop("enabled"))
    return Webhook(events=events, enabled=enabled, **facts)
