"""The table of users."""

import json
import re
import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from xswitch_py.base.errors import StoreError
from xswitch_py.base.passwords import ha1_pair
from xswitch_py.base.user import User
from xswitch_py.store.database import Database
from xswitch_py.store.passwords import Passwords

__all__ = ["Users"]

_PHONE: Final = ("ha1_md5", "ha1_sha256", "long_ha1_md5", "long_ha1_sha256")
_SECRETS: Final = f"{', '.join(_PHONE)}, web_hash"
_COLUMNS: Final = f"domain, name, display_name, number, role, enabled, context, variables, {_SECRETS}"
_WHO: Final = "WHERE domain = ? AND name = ?"
_NAME: Final = re.compile(r"[\w.+~!*'-]{1,64}")  # what needs no escaping in a SIP URI, and letters of any language


class Users:
    """Who may use the switch. Domains are found in any spelling, names only in their own."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords
        self._written = 0  # how often, by ourselves

    async def add(self, user: User) -> None:
        """Add a user.

        Raises:
            StoreError: the name is taken, or cannot be one.
        """
        if not _NAME.fullmatch(user.name):
            raise StoreError(f"{user.name!r} cannot be the name of a user")
        places = ", ".join("?" * len(_values(user)))
        try:
            await self._database.run(f"INSERT INTO users ({_COLUMNS}) VALUES ({places})", _values(user))
        except sqlite3.IntegrityError as problem:
            raise StoreError(f"user {user.name}@{user.domain.lower()} exists already") from problem
        self._written += 1

    async def get(self, name: str, domain: str) -> User | None:
        """Find a user."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM users {_WHO}", (domain.lower(), name))
        return _user(rows[0]) if rows else None

    async def list(self, domain: str) -> list[User]:
        """Return all users of a domain, by name."""
        sql = f"SELECT {_COLUMNS} FROM users WHERE domain = ? ORDER BY name"
        return [_user(row) for row in await self._database.rows(sql, (domain.lower(),))]

    async def change(self, user: User) -> bool:
        """Write all that can be changed of a user, but for secrets; False if there is no such user."""
        sql = f"UPDATE users SET display_name=?, number=?, role=?, enabled=?, context=?, variables=? {_WHO}"
        return await self._write(sql, _values(user)[2:8], user.name, user.domain)

    async def remove(self, name: str, domain: str) -> bool:
        """Remove a user; False if there is none."""
        return await self._write(f"DELETE FROM users {_WHO}", (), name, domain)

    async def set_phone_secret(self, name: str, domain: str, secret: str | None) -> bool:
        """Set what the user's phones log in with, or let none log in; False if there is no such user."""
        realm = domain.lower()
        kept: tuple[str | None, ...] = (None,) * len(_PHONE)
        if secret is not None:
            kept = (*ha1_pair(name, realm, secret), *ha1_pair(f"{name}@{realm}", realm, secret))
        sql = f"UPDATE users SET {', '.join(f'{column}=?' for column in _PHONE)} {_WHO}"
        return await self._write(sql, kept, name, domain)

    async def set_web_password(self, name: str, domain: str, password: str | None) -> bool:
        """Set what the user logs in with on web pages, or let them not; False if there is no such user."""
        kept = None if password is None else await self._passwords.hash(password)
        return await self._write(f"UPDATE users SET web_hash=? {_WHO}", (kept,), name, domain)

    async def version(self) -> object:
        """Give something else than before if any user may have changed, by us or by another process."""
        return self._written, await self._database.version()

    async def _write(self, sql: str, values: Iterable[Any], name: str, domain: str) -> bool:
        done = await self._database.run(sql, (*values, domain.lower(), name)) > 0
        self._written += 1
        return done


def _values(user: User) -> tuple[Any, ...]:
    """Return a user as `_COLUMNS`."""
    return (
        user.domain.lower(),
        user.name,
        user.display_name,
        user.number,
        user.role,
        user.enabled,
        user.context,
        json.dumps(dict(user.variables)),
        user.ha1_md5,
        user.ha1_sha256,
        user.long_ha1_md5,
        user.long_ha1_sha256,
        user.web_hash,
    )


def _user(row: sqlite3.Row) -> User:
    domain, name, display_name, number, role, enabled, context, variables, *secrets = row
    return User(name, domain, display_name, number, role, bool(enabled), context, json.loads(variables), *secrets)
