"""The table of API keys."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from xswitch_py.base.records import ApiKey
from xswitch_py.store.database import Database, taken

__all__ = ["Keys"]

_COLUMNS: Final = "id, name, owner, role, scopes, networks, created, expires, used, hash"


class Keys:
    """What scripts prove themselves with. Whether a key has expired is asked by who reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: ApiKey) -> None:
        """Add a key.

        Raises:
            Taken: there is one of this id or hash.
        """
        sql = f"INSERT INTO api_keys ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)"
        with taken(f"API key {key.id}"):
            await self._database.run(sql, _values(key))

    async def get(self, hash: str) -> ApiKey | None:
        """Find the key of a hash."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM api_keys WHERE hash = ?", (hash,))
        return _key(rows[0]) if rows else None

    async def remove(self, id: str) -> bool:
        """Remove a key; False if there is none."""
        return await self._database.run("DELETE FROM api_keys WHERE id = ?", (id,)) > 0

    async def remove_owner(self, owner: str) -> int:
        """Remove all keys that a user made; returns how many."""
        return await self._database.run("DELETE FROM api_keys WHERE owner = ?", (owner,))

    async def touch(self, ids: Sequence[str], at: float) -> None:
        """Note when keys were used last."""
        sql = "UPDATE api_keys SET used = max(coalesce(used, 0), ?) WHERE id IN (SELECT value FROM json_each(?))"
        await self._database.run(sql, (at, json.dumps(list(ids))))

    async def list(self) -> list[ApiKey]:
        """Return all keys, the oldest first."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created, id")
        return [_key(row) for row in rows]


def _values(key: ApiKey) -> tuple[Any, ...]:
    """Return a key as `_COLUMNS`."""
    lists = json.dumps(key.scopes), json.dumps(key.networks)
    return key.id, key.name, key.owner, key.role, *lists, key.created, key.expires, key.used, key.hash


def _key(row: sqlite3.Row) -> ApiKey:
    id, name, owner, role, scopes, networks, *rest = row
    return ApiKey(id, name, owner, role, tuple(json.loads(scopes)), tuple(json.loads(networks)), *rest)
