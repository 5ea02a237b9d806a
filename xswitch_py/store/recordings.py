"""The table of recordings."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from xswitch_py.base.ids import CallId
from xswitch_py.base.records import Recording
from xswitch_py.store.database import Database, page, taken

__all__ = ["Recordings"]

_COLUMNS: Final = "id, call, leg, file, started, users, ended, seconds, size, why"


class Recordings:
    """What was recorded: a row from its beginning, so that no file is forgotten after a crash."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, recording: Recording) -> None:
        """Write that a recording has begun.

        Raises:
            Taken: there is one of this id.
        """
        where = recording.id, recording.call, recording.leg, recording.file, recording.started
        how = json.dumps(recording.users), recording.ended, recording.seconds, recording.size, recording.why
        sql = f"INSERT INTO recordings ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?) RETURNING n"
        with taken(f"recording {recording.id}"):
            async with self._database.transaction() as work:
                n = (await work.rows(sql, (*where, *how)))[0][0]
                users = [(user, n) for user in set(recording.users)]
                await work.run_all("INSERT INTO recording_users (user, n) VALUES (?, ?)", users)

    async def finish(self, id: str, *, ended: float, seconds: float, size: int, why: str) -> bool:
        """Write how a recording ended; False if there is none."""
        sql = "UPDATE recordings SET ended = ?, seconds = ?, size = ?, why = ? WHERE id = ?"
        return await self._database.run(sql, (ended, seconds, size, why, id)) > 0

    async def get(self, id: str) -> Recording | None:
        """Find a recording."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM recordings WHERE id = ?", (id,))
        return _recording(rows[0]) if rows else None

    async def remove(self, id: str) -> bool:
        """Forget a recording; False if there is none. The file is not touched."""
        return await self._database.run("DELETE FROM recordings WHERE id = ?", (id,)) > 0

    async def recover(self) -> Sequence[Recording]:
        """End what a crash left running, at the last beat of the records; returns them. Only for a switch that starts.

        Ask before the first new beat. Length and size are in the files only: `finish` may write them once more.
        """
        rows = await self._database.rows(_RECOVER)
        return sorted((_recording(row) for row in rows), key=lambda recording: recording.started)

    async def list(
        self, limit: int = 100, before: str | None = None, *, user: str = "", call: CallId | None = None
    ) -> list[Recording]:
        """Return the newest first; `before` is the id of the last one of the page before."""
        asked: dict[str, object] = {}
        if before is not None:
            asked["n < (SELECT n FROM recordings WHERE id = ?)"] = before
        if user:
            asked["n IN (SELECT n FROM recording_users WHERE user = ?)"] = user
        if call is not None:
            asked["call = ?"] = call
        where = f"WHERE {' AND '.join(asked)}" if asked else ""
        rows = await self._database.rows(
            f"SELECT {_COLUMNS} FROM recordings {where} ORDER BY n DESC LIMIT ?", (*asked.values(), page(limit))
        )
        return [_recording(row) for row in rows]


_RECOVER: Final = f"""
    UPDATE recordings SET ended = max(started, coalesce((SELECT at FROM pulse), 0)), why = 'crash',
        seconds = max(0, coalesce((SELECT at FROM pulse), 0) - started)
    WHERE ended IS NULL RETURNING {_COLUMNS}
"""


def _recording(row: sqlite3.Row) -> Recording:
    facts = dict(row)
    return Recording(users=tuple(json.loads(facts.pop("users"))), **facts)
