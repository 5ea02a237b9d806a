"""Call detail records: a row a call, there from its start, so that a crash loses none."""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import Final

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.events import CallAnswered, CallEnded, CallStarted
from xswitch_py.base.ids import CallId
from xswitch_py.base.offer import Party
from xswitch_py.base.records import Cdr, CdrFilter
from xswitch_py.store.cdr_query import parts, query
from xswitch_py.store.database import Database, page

__all__ = ["Cdrs"]

ALL: Final = CdrFilter()


class Cdrs:
    """The table of calls. What was written stays written, whatever then happens to the process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, events: Sequence[CallStarted]) -> None:
        """Write that calls have begun."""
        await self._database.run_all(_BEGIN, [(*_who(event), event.door, event.at) for event in events])

    async def answered(self, events: Sequence[CallAnswered]) -> None:
        """Write that calls were answered."""
        await self._database.run_all(_ANSWERED, [(event.at, event.call) for event in events])

    async def finish(self, events: Sequence[CallEnded]) -> None:
        """Write how calls went; also makes a row, should its beginning have got lost."""
        await self._database.run_all(_FINISH, [(*_who(event), "", event.started, *_facts(event)) for event in events])

    async def beat(self, now: float) -> None:
        """Write that we live; call it every 10 s, so that `recover` knows when we stopped."""
        await self._database.run("INSERT INTO pulse VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at", (now,))

    async def recover(self) -> int:
        """End the calls that a crash left open, at the last beat; returns how many. Only for a switch that starts."""
        return await self._database.run(_RECOVER, (Cause.CRASH,))

    async def get(self, call: CallId) -> Cdr | None:
        """Find a call."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM cdrs WHERE call = ?", (call,))
        return _cdr(rows[0]) if rows else None

    async def remove(self, call: CallId) -> bool:
        """Remove a call that is over; False if there is none."""
        return await self._database.run("DELETE FROM cdrs WHERE call = ? AND ended IS NOT NULL", (call,)) > 0

    async def count(self, filter: CdrFilter = ALL) -> int:
        """Count the calls that are wanted: a look at each row of the time, number or user that is asked for."""
        among = parts(filter)
        counts = " + ".join(f"(SELECT count(*) FROM cdrs WHERE {part.where})" for part in among)
        values = [value for part in among for value in part.values]
        return int((await self._database.rows(f"SELECT {counts}", values))[0][0])

    async def pages(self, filter: CdrFilter = ALL, size: int = 1000) -> AsyncIterator[Sequence[Cdr]]:
        """Give all the calls that are wanted, newest first, at most 1000 at a time. Others write in between."""
        after: tuple[float, int] | None = None
        while rows := await self._page(filter, max(1, size), after):
            yield rows
            after = rows[-1].started, rows[-1].id

    async def list(self, limit: int = 100, before: int | None = None, filter: CdrFilter = ALL) -> list[Cdr]:
        """Return the newest calls first, at most 1000; `before` is the id of the last one of the page before."""
        after = await self._place(before) if before is not None else None
        return [*await self._page(filter, limit, after)] if before is None or after is not None else []

    async def _page(self, filter: CdrFilter, limit: int, after: tuple[float, int] | None) -> Sequence[Cdr]:
        if after is not None and filter.until is not None and after[0] < filter.until:
            filter = replace(filter, until=None)  # of two bounds SQLite may walk down from the farther one
        asked = query(_COLUMNS, parts(filter), page(limit), after)
        return _cdrs(await self._database.rows(asked.where, asked.values))

    async def _place(self, id: int) -> tuple[float, int] | None:
        """Return where in the list a call is, or was if it was removed: as its neighbour of before."""
        rows = await self._database.rows("SELECT started FROM cdrs WHERE id <= ? ORDER BY id DESC LIMIT 1", (id,))
        return (rows[0][0], id) if rows else None


_WHO: Final = "call, leg, user, caller_name, caller_number, callee_name, callee_number"
_FACTS: Final = "answered, ended, cause, codec, packets_in, packets_out, lost, direction, quality, reached"
_COLUMNS: Final = f"id, {_WHO}, door, started, {_FACTS}"

# A call id is ours and never comes twice; the first to write it is right about door and start, and about who calls,
# unless there was no leg yet.
_BEGIN: Final = f"INSERT INTO cdrs ({_WHO}, door, started) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"
_ANSWERED: Final = "UPDATE cdrs SET answered = ? WHERE call = ?"
_FINISH: Final = (
    f"INSERT INTO cdrs ({_WHO}, door, started, {_FACTS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
    f"ON CONFLICT (call) DO UPDATE SET {', '.join(f'{fact} = excluded.{fact}' for fact in _FACTS.split(', '))}, "
    + ", ".join(f"{one} = CASE leg WHEN '' THEN excluded.{one} ELSE {one} END" for one in _WHO.split(", ")[1:])
)
_RECOVER: Final = """
    UPDATE cdrs SET ended = max(coalesce(answered, started), coalesce((SELECT at FROM pulse), 0)), cause = ?
    WHERE ended IS NULL
"""


def _who(event: CallStarted | CallEnded) -> tuple[str | None, ...]:
    """Return the values of `_WHO`."""
    caller, callee = event.caller, event.callee
    user = str(event.user) if event.user is not None else None
    return event.call, event.leg, user, caller.name, caller.number, callee.name, callee.number


def _facts(event: CallEnded) -> tuple[object, ...]:
    """Return the values of `_FACTS`."""
    media = event.codec, event.packets_in, event.packets_out, event.lost
    reached = str(event.reached) if event.reached is not None else None
    quality = json.dumps(dict(event.quality))
    return event.answered, event.ended, event.cause, *media, event.direction, quality, reached


def _cdrs(rows: Iterable[sqlite3.Row]) -> Sequence[Cdr]:
    return [_cdr(row) for row in rows]


def _cdr(row: sqlite3.Row) -> Cdr:
    return Cdr(
        id=row["id"],
        call=row["call"],
        leg=row["leg"],
        door=row["door"],
        user=Address.parse(row["user"]) if row["user"] is not None else None,
        caller=Party(row["caller_name"], row["caller_number"]),
        callee=Party(row["callee_name"], row["callee_number"]),
        started=row["started"],
        answered=row["answered"],
        ended=row["ended"],
        cause=Cause(row["cause"]) if row["cause"] is not None else None,
        codec=row["codec"],
        packets_in=row["packets_in"],
        packets_out=row["packets_out"],
        lost=row["lost"],
        direction=row["direction"],
        quality=json.loads(row["quality"]),
        reached=Address.parse(row["reached"]) if row["reached"] is not None else None,
    )
