"""The table of web sessions."""

from typing import Final

from xswitch_py.base.records import WebSession
from xswitch_py.store.database import Database, taken

__all__ = ["Sessions"]

_COLUMNS: Final = "user, role, host, agent, created, seen, hash, csrf"


class Sessions:
    """Who is logged in on web pages. Whether a session has lasted too long is asked by who reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, session: WebSession) -> None:
        """Add a session.

        Raises:
            Taken: there is one of this hash.
        """
        facts = session.user, session.role, session.host, session.agent, session.created, session.seen
        with taken("session"):
            sql = f"INSERT INTO web_sessions ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"
            await self._database.run(sql, (*facts, session.hash, session.csrf))

    async def get(self, hash: str) -> WebSession | None:
        """Find the session of a hash."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM web_sessions WHERE hash = ?", (hash,))
        return WebSession(*rows[0]) if rows else None

    async def touch(self, hash: str, at: float) -> None:
        """Note when somebody was seen last."""
        await self._database.run("UPDATE web_sessions SET seen = max(seen, ?) WHERE hash = ?", (at, hash))

    async def remove(self, hash: str) -> bool:
        """Remove a session; False if there is none."""
        return await self._database.run("DELETE FROM web_sessions WHERE hash = ?", (hash,)) > 0

    async def remove_user(self, user: str, but: str = "") -> int:
        """Remove all sessions of a user, but for the one of a hash; returns how many."""
        return await self._database.run("DELETE FROM web_sessions WHERE user = ? AND hash <> ?", (user, but))

    async def purge(self, seen: float, created: float) -> int:
        """Remove the sessions last seen or created before these times; returns how many."""
        return await self._database.run("DELETE FROM web_sessions WHERE seen < ? OR created < ?", (seen, created))
