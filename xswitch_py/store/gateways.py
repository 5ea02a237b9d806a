"""The table of gateways."""

import json
import sqlite3
from typing import Final

from xswitch_py.base.records import GatewayRecord
from xswitch_py.store.database import Database, taken

__all__ = ["Gateways"]

_COLUMNS: Final = "name, settings, enabled, created, changed"


class Gateways:
    """The gateways made while the switch runs. Their passwords are kept as text: carriers want to be shown them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, gateway: GatewayRecord) -> None:
        """Add a gateway.

        Raises:
            Taken: there is one of this name.
        """
        facts = json.dumps(dict(gateway.settings)), gateway.enabled, gateway.created, gateway.changed
        with taken(f"gateway {gateway.name}"):
            sql = f"INSERT INTO gateways ({_COLUMNS}) VALUES (?,?,?,?,?)"
            await self._database.run(sql, (gateway.name, *facts))

    async def get(self, name: str) -> GatewayRecord | None:
        """Find a gateway."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM gateways WHERE name = ?", (name,))
        return _gateway(rows[0]) if rows else None

    async def change(self, gateway: GatewayRecord) -> bool:
        """Write all of a gateway but when it was made; False if there is none."""
        facts = json.dumps(dict(gateway.settings)), gateway.enabled, gateway.changed
        sql = "UPDATE gateways SET settings = ?, enabled = ?, changed = ? WHERE name = ?"
        return await self._database.run(sql, (*facts, gateway.name)) > 0

    async def remove(self, name: str) -> bool:
        """Remove a gateway; False if there is none."""
        return await self._database.run("DELETE FROM gateways WHERE name = ?", (name,)) > 0

    async def list(self) -> list[GatewayRecord]:
        """Return all gateways, by name."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM gateways ORDER BY name")
        return [_gateway(row) for row in rows]


def _gateway(row: sqlite3.Row) -> GatewayRecord:
    name, settings, enabled, created, changed = row
    return GatewayRecord(name, json.loads(settings), bool(enabled), created, changed)
