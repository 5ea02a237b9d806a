"""Call detail records: a row a call, there from its start, so that a crash loses none."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.events import CallAnswered, CallEnded, CallStarted
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.store.database import Database

__all__ = ["Cdr", "Cdrs"]

MOST: Final = 1000  # rows in one list


@dataclass(frozen=True, slots=True)
class Cdr:
    """One call. Times are Unix seconds; a call that is not over has no `ended` and no `cause`."""

    id: int  # rises with each call
    call: CallId
    leg: LegId
    door: str
    user: Address | None
    caller: Party
    callee: Party
    started: float
    answered: float | None
    ended: float | None
    cause: Cause | None
    codec: str
    packets_in: int
    packets_out: int
    lost: int


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

    async def list(self, limit: int = 100, before: int | None = None) -> list[Cdr]:
        """Return the newest calls first, at most 1000; `before` is the id of the last one of the page before."""
        sql = f"SELECT {_COLUMNS} FROM cdrs WHERE id < ? ORDER BY id DESC LIMIT ?"
        start = before if before is not None else 1 << 62
        return [_cdr(row) for row in await self._database.rows(sql, (start, max(0, min(limit, MOST))))]


_WHO: Final = "call, leg, user, caller_name, caller_number, callee_name, callee_number"
_FACTS: Final = "answered, ended, cause, codec, packets_in, packets_out, lost"
_COLUMNS: Final = f"id, {_WHO}, door, started, {_FACTS}"

# A call id is ours and never comes twice; the first to write it is right about door and start.
_BEGIN: Final = f"INSERT INTO cdrs ({_WHO}, door, started) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"
_ANSWERED: Final = "UPDATE cdrs SET answered = ? WHERE call = ?"
_FINISH: Final = (
    f"INSERT INTO cdrs ({_WHO}, door, started, {_FACTS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
    f"ON CONFLICT (call) DO UPDATE SET {', '.join(f'{fact} = excluded.{fact}' for fact in _FACTS.split(', '))}"
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
    return event.answered, event.ended, event.cause, event.codec, event.packets_in, event.packets_out, event.lost


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
    )
