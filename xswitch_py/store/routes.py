"""The table of routes."""

import json
import sqlite3
from dataclasses import replace
from typing import Any, Final

from xswitch_py.base.records import Route
from xswitch_py.store.database import Database, Statements, taken

__all__ = ["Routes"]

_FACTS: Final = "name, steps, number, caller, context, hours, enabled, changed"
_COLUMNS: Final = f"id, position, {_FACTS}, created"
_LAST: Final = 1 << 62  # a position behind any other

_LEAVE: Final = "UPDATE routes SET position = position - 1 WHERE position > ?"
_ENTER: Final = "UPDATE routes SET position = position + 1 WHERE position >= ?"
_PLACE: Final = "UPDATE routes SET position = ? WHERE id = ?"


class Routes:
    """The rules made while the switch runs. Their positions are always 1, 2, 3 and so on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, route: Route, position: int | None = None) -> Route:
        """Add a route at a position, pushing others back, or as the last; returns it as it is now.

        Raises:
            Taken: there is one of this id.
        """
        sql = f"INSERT INTO routes ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
        with taken(f"route {route.id}"):
            async with self._database.transaction() as work:
                place = await _fitting(work, position, more=1)
                await work.run(_ENTER, (place,))
                await work.run(sql, (route.id, place, *_facts(route), route.created))
        return replace(route, position=place)

    async def get(self, id: str) -> Route | None:
        """Find a route."""
        return await _get(self._database, id)

    async def change(self, route: Route) -> bool:
        """Write all of a route but its position and when it was made; False if there is none."""
        sql = f"UPDATE routes SET {', '.join(f'{fact} = ?' for fact in _FACTS.split(', '))} WHERE id = ?"
        return await self._database.run(sql, (*_facts(route), route.id)) > 0

    async def move(self, id: str, position: int) -> Route | None:
        """Put a route at a position, the last if there are not so many; returns it, None if there is none."""
        async with self._database.transaction() as work:
            route = await _get(work, id)
            if route is None:
                return None
            place = await _fitting(work, position)
            await work.run(_LEAVE, (route.position,))
            await work.run(_ENTER, (place,))
            await work.run(_PLACE, (place, id))
        return replace(route, position=place)

    async def remove(self, id: str) -> bool:
        """Remove a route; False if there is none."""
        async with self._database.transaction() as work:
            gone = await work.rows("DELETE FROM routes WHERE id = ? RETURNING position", (id,))
            if gone:
                await work.run(_LEAVE, tuple(gone[0]))
        return bool(gone)

    async def list(self) -> list[Route]:
        """Return all routes in the order in which they are asked."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM routes ORDER BY position")
        return [_route(row) for row in rows]


async def _get(work: Database | Statements, id: str) -> Route | None:
    rows = await work.rows(f"SELECT {_COLUMNS} FROM routes WHERE id = ?", (id,))
    return _route(rows[0]) if rows else None


async def _fitting(work: Statements, position: int | None, more: int = 0) -> int:
    """Return the position that can be had, of as many as there are routes, and `more`."""
    count = int((await work.rows("SELECT count(*) FROM routes"))[0][0]) + more
    return max(1, min(position if position is not None else _LAST, count))


def _facts(route: Route) -> tuple[Any, ...]:
    """Return the values of `_FACTS`."""
    who = route.number, route.caller, route.context, route.hours
    return route.name, json.dumps(route.steps), *who, route.enabled, route.changed


def _route(row: sqlite3.Row) -> Route:
    facts = dict(row)
    steps, enabled = tuple(json.loads(facts.pop("steps"))), bool(facts.pop("enabled"))
    return Route(steps=steps, enabled=enabled, **facts)
