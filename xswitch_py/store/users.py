"""The table of users."""

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from xswitch_py.base.errors import StoreError, Taken
from xswitch_py.base.passwords import ha1_pair
from xswitch_py.base.user import NewAccount, User
from xswitch_py.store.database import Database, Statements, page
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

    async def add(self, user: User, *, phone_secret: str | None = None, web_password: str | None = None) -> None:
        """Add a user, whole: with what their phones and they themselves log in with, if that is given.

        Raises:
            Taken: the name or the number is.
            StoreError: the name cannot be one.
        """
        await _insert(self._database, await self._sealed(NewAccount(user, phone_secret, web_password)))
        self._written += 1

    async def add_all(self, accounts: Sequence[NewAccount]) -> None:
        """Add users, all or none of them. Their passwords are hashed one by one, so that others may log in meanwhile.

        Raises:
            Taken, StoreError: as `add`, of the first that cannot be added.
        """
        users = [await self._sealed(account) for account in accounts]
        async with self._database.transaction() as statements:
            for user in users:
                await _insert(statements, user)
        self._written += 1

    async def get(self, name: str, domain: str) -> User | None:
        """Find a user."""
        return await _get(self._database, name, domain)

    async def find_number(self, number: str, domain: str) -> User | None:
        """Find the user who has a number; where nobody has it, the one without any whose name it is."""
        sql = f"""
            SELECT {_COLUMNS} FROM users WHERE domain = ? AND number <> '' AND number = ?
            UNION ALL SELECT {_COLUMNS} FROM users {_WHO} AND number = ''
        """
        rows = await self._database.rows(sql, (domain.lower(), number) * 2)
        return _user(rows[0]) if rows else None

    async def count(self, domain: str, role: str | None = None, *, web: bool = False) -> int:
        """Count the users of a domain, or those of a role; with `web` only who may log in on web pages."""
        sql = """
            SELECT count(*) FROM users WHERE domain = ? AND (? IS NULL OR role = ?)
            AND (NOT ? OR enabled AND web_hash IS NOT NULL)
        """
        return int((await self._database.rows(sql, (domain.lower(), role, role, web)))[0][0])

    async def change(self, user: User) -> bool:
        """Write all that can be changed of a user, but for secrets; False if there is no such user.

        Raises:
            Taken: somebody else has the number.
        """
        sql = f"UPDATE users SET display_name=?, number=?, role=?, enabled=?, context=?, variables=? {_WHO}"
        try:
            return await self._write(sql, _values(user)[2:8], user.name, user.domain)
        except sqlite3.IntegrityError as problem:
            raise _number_taken(user) from problem

    async def remove(self, name: str, domain: str) -> bool:
        """Remove a user; False if there is none."""
        return await self._write(f"DELETE FROM users {_WHO}", (), name, domain)

    async def set_phone_secret(self, name: str, domain: str, secret: str | None) -> bool:
        """Set what the user's phones log in with, or let none log in; False if there is no such user."""
        kept = _digests(name, domain, secret) if secret is not None else (None,) * len(_PHONE)
        sql = f"UPDATE users SET {', '.join(f'{column}=?' for column in _PHONE)} {_WHO}"
        return await self._write(sql, kept, name, domain)

    async def set_web_password(self, name: str, domain: str, password: str | None) -> bool:
        """Set what the user logs in with on web pages, or let them not; False if there is no such user."""
        kept = None if password is None else await self._passwords.hash(password)
        return await self._write(f"UPDATE users SET web_hash=? {_WHO}", (kept,), name, domain)

    async def version(self) -> object:
        """Give something else than before if any user may have changed, by us or by another process."""
        return self._written, await self._database.version()

    async def list(self, domain: str, limit: int | None = None, after: str = "") -> list[User]:
        """Return the users of a domain by name: all, or at most 1000 of those whose name comes after another."""
        most = page(limit) if limit is not None else -1
        sql = f"SELECT {_COLUMNS} FROM users WHERE domain = ? AND name > ? ORDER BY name LIMIT ?"
        return [_user(row) for row in await self._database.rows(sql, (domain.lower(), after, most))]

    async def _sealed(self, account: NewAccount) -> User:
        """Give the user as it is kept."""
        user = account.user
        if not _NAME.fullmatch(user.name):
            raise StoreError(f"{user.name!r} cannot be the name of a user")
        if account.phone_secret is not None:
            md5, sha256, long_md5, long_sha256 = _digests(user.name, user.domain, account.phone_secret)
            user = replace(user, ha1_md5=md5, ha1_sha256=sha256, long_ha1_md5=long_md5, long_ha1_sha256=long_sha256)
        if account.web_password is not None:
            user = replace(user, web_hash=await self._passwords.hash(account.web_password))
        return user

    async def _write(self, sql: str, values: Iterable[Any], name: str, domain: str) -> bool:
        done = await self._database.run(sql, (*values, domain.lower(), name)) > 0
        self._written += 1
        return done


async def _insert(at: Database | Statements, user: User) -> None:
    places = ", ".join("?" * len(_values(user)))
    try:
        await at.run(f"INSERT INTO users ({_COLUMNS}) VALUES ({places})", _values(user))
    except sqlite3.IntegrityError as problem:
        if await _get(at, user.name, user.domain) is None:
            raise _number_taken(user) from problem
        raise Taken(f"user {user.name}@{user.domain.lower()} exists already") from problem


async def _get(at: Database | Statements, name: str, domain: str) -> User | None:
    rows = await at.rows(f"SELECT {_COLUMNS} FROM users {_WHO}", (domain.lower(), name))
    return _user(rows[0]) if rows else None


def _number_taken(user: User) -> Taken:
    return Taken(f"number {user.number} of {user.domain.lower()} is another user's")


def _digests(name: str, domain: str, secret: str) -> tuple[str, ...]:
    """Return what is kept of a phone secret, in the order of `_PHONE`."""
    realm = domain.lower()
    return *ha1_pair(name, realm, secret), *ha1_pair(f"{name}@{realm}", realm, secret)


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
