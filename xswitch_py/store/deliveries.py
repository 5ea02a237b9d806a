"""The table of deliveries: events on their way to webhooks."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from xswitch_py.base.records import Delivery
from xswitch_py.store.database import Database, Statements, page, taken

__all__ = ["Deliveries"]

KEPT: Final = 1000  # finished deliveries of a webhook; the ones that finished first go
WAITING: Final = 10_000  # of a webhook that nobody answers; the oldest are given up
DAY: Final = 86_400.0  # seconds

_COLUMNS: Final = "id, webhook, event, type, body, created, status, attempts, next_at, finished, code, error"


class Deliveries:
    """What is to be told to webhooks, and what was. No webhook can fill the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Add deliveries; those to a webhook that is gone are forgotten.

        Raises:
            Taken: there is one of these ids; nothing was added.
        """
        with taken("delivery"):
            async with self._database.transaction() as work:
                await work.run_all(_ADD, [_values(each) for each in deliveries])
                for webhook in {each.webhook for each in deliveries}:
                    now = max(each.created for each in deliveries if each.webhook == webhook)
                    if await work.run(_CROWD, (now, webhook, webhook, WAITING)):
                        await _trim(work, webhook)

    async def get(self, id: str) -> Delivery | None:
        """Find a delivery."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM deliveries WHERE id = ?", (id,))
        return Delivery(*rows[0]) if rows else None

    async def due(self, now: float, limit: int = 100, busy: Collection[str] = ()) -> Sequence[Delivery]:
        """Return what is to be told now, the longest due first: not to disabled webhooks, nor to those `busy`."""
        return _deliveries(await self._database.rows(_DUE, (now, json.dumps(list(busy)), page(limit))))

    async def next_due(self) -> float | None:
        """Tell when the next delivery is due; None if none waits."""
        sql = f"SELECT min(next_at) FROM {_WAITING_FOR_ENABLED}"
        due: float | None = (await self._database.rows(sql))[0][0]
        return due

    async def attempted(
        self,
        id: str,
        at: float,
        *,
        delivered: bool,
        next_at: float | None = None,
        code: int | None = None,
        error: str = "",
    ) -> bool:
        """Note how an attempt went; one that failed without a next is the last. False if the delivery is gone."""
        status = "delivered" if delivered else "failed" if next_at is None else "waiting"
        waits = status == "waiting"
        values = (status, next_at if waits else None, None if waits else at, code, error, id)
        async with self._database.transaction() as work:
            found = await work.rows(_ATTEMPTED, values)
            if found and not waits:
                await _trim(work, found[0][0])
        return bool(found)

    async def requeue(self, id: str, now: float) -> bool:
        """Let a delivery begin anew, at once; False if there is none."""
        return await self._database.run(_REQUEUE, (now, now, id)) > 0

    async def expire(self, now: float, waiting: float = DAY, finished: float = 30 * DAY) -> int:
        """Give up what has waited for so many seconds, forget what ended so long ago; returns how many of the first."""
        async with self._database.transaction() as work:
            await work.run("DELETE FROM deliveries WHERE finished <= ?", (now - finished,))
            old = await work.rows(_EXPIRE, (now, now - waiting))
            for webhook in {row[0] for row in old}:
                await _trim(work, webhook)
        return len(old)

    async def list(self, webhook: str, limit: int = 100, before: str | None = None) -> list[Delivery]:
        """Return the newest of a webhook first; `before` is the id of the last one of the page before."""
        sql = f"SELECT {_COLUMNS} FROM deliveries WHERE webhook = ? {_BEFORE} ORDER BY n DESC LIMIT ?"
        return _deliveries(await self._database.rows(sql, (webhook, before, before, page(limit))))


_BEFORE: Final = "AND (? IS NULL OR n < (SELECT n FROM deliveries WHERE id = ?))"
_ADD: Final = f"""
    INSERT INTO deliveries ({_COLUMNS}, since) SELECT ?,?,?,?,?,?,?,?,?,?,?,?,?
    WHERE EXISTS (SELECT 1 FROM webhooks WHERE id = ?)
"""
_WAITING_FOR_ENABLED: Final = """
    deliveries WHERE status = 'waiting' AND webhook IN (SELECT id FROM webhooks WHERE enabled)
"""
_DUE: Final = f"""
    SELECT {_COLUMNS} FROM {_WAITING_FOR_ENABLED}
    AND next_at <= ? AND webhook NOT IN (SELECT value FROM json_each(?)) ORDER BY next_at, n LIMIT ?
"""
_ATTEMPTED: Final = """
    UPDATE deliveries SET attempts = attempts + 1, status = ?, next_at = ?, finished = ?, code = ?, error = ?
    WHERE id = ? RETURNING webhook
"""
_REQUEUE: Final = """
    UPDATE deliveries SET status = 'waiting', attempts = 0, next_at = ?, since = ?, finished = NULL WHERE id = ?
"""
_GIVE_UP: Final = "UPDATE deliveries SET status = 'failed', next_at = NULL, finished = ?, error ="
_CROWD: Final = f"""
    {_GIVE_UP} 'too many are waiting' WHERE webhook = ? AND status = 'waiting' AND n <= (
        SELECT n FROM deliveries WHERE webhook = ? AND status = 'waiting' ORDER BY n DESC LIMIT 1 OFFSET ?
    )
"""
_EXPIRE: Final = f"{_GIVE_UP} 'waited too long' WHERE status = 'waiting' AND since <= ? RETURNING webhook"
_TRIM: Final = """
    DELETE FROM deliveries WHERE webhook = ? AND (finished, n) <= (
        SELECT finished, n FROM deliveries WHERE webhook = ? AND finished IS NOT NULL
        ORDER BY finished DESC, n DESC LIMIT 1 OFFSET ?
    )
"""


async def _trim(work: Statements, webhook: str) -> None:
    await work.run(_TRIM, (webhook, webhook, KEPT))


def _values(one: Delivery) -> tuple[object, ...]:
    """Return the values of `_ADD`."""
    what = one.id, one.webhook, one.event, one.type, one.body, one.created
    how = one.status, one.attempts, one.next_at, one.finished, one.code, one.error
    return *what, *how, one.created, one.webhook


def _deliveries(rows: Iterable[sqlite3.Row]) -> list[Delivery]:
    return [Delivery(*row) for row in rows]
