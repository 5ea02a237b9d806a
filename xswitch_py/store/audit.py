"""The table of what people changed, or wanted to."""

from typing import Final

from xswitch_py.base.records import AuditEntry
from xswitch_py.store.database import Database, page

__all__ = ["Audit"]

_FACTS: Final = "at, who, role, host, command, target, outcome, detail"


class Audit:
    """Who changed what. An entry is never changed; it goes only when it is old."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: AuditEntry) -> int:
        """Add an entry; returns the id it got, whichever it had."""
        where = entry.at, entry.who, entry.role, entry.host
        what = entry.command, entry.target, entry.outcome, entry.detail
        sql = f"INSERT INTO audit ({_FACTS}) VALUES (?,?,?,?,?,?,?,?) RETURNING id"
        return int((await self._database.rows(sql, (*where, *what)))[0][0])

    async def trim(self, most: int, before: float) -> int:
        """Remove entries older than a time, and all but the newest `most`; returns how many."""
        beyond = "SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?"
        sql = f"DELETE FROM audit WHERE at < ? OR id <= ({beyond})"
        return await self._database.run(sql, (before, max(0, most)))

    async def list(
        self, limit: int = 100, before: int | None = None, *, who: str = "", command: str = "", target: str = ""
    ) -> list[AuditEntry]:
        """Return the newest entries first; `before` is the id of the last one of the page before, "" is any."""
        wanted = {"who": who, "command": command, "target": target}
        asked = {column: value for column, value in wanted.items() if value}
        start = before if before is not None else 1 << 62
        sql = " AND ".join(("id < ?", *(f"{column} = ?" for column in asked)))
        rows = await self._database.rows(
            f"SELECT id, {_FACTS} FROM audit WHERE {sql} ORDER BY id DESC LIMIT ?",
            (start, *asked.values(), page(limit)),
        )
        return [AuditEntry(*row) for row in rows]
