"""The users of a set-up, in its database or by the API of a running switch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol, Self, TypeVar

from xswitch_py import config
from xswitch_py.base.errors import StoreError
from xswitch_py.base.user import User
from xswitch_py.cli import out
from xswitch_py.cli.remote import API, Server, part
from xswitch_py.config import Config
from xswitch_py.store.open import Store, open_store

__all__ = ["InDatabase", "OverApi", "People"]

T = TypeVar("T")
Facts = Mapping[str, Any]

_HEAD: Final = ("name", "domain", "display_name", "number", "role", "context", "enabled")


class People(Protocol):
    """Who may come in. `facts` are members of a user; a `word` is a secret."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...

    def list(self) -> list[dict[str, Any]]:
        """List all of them."""

    def add(self, name: str, facts: Facts, word: str) -> None:
        """Add one, with a phone secret."""

    def change(self, name: str, facts: Facts, word: str | None) -> None:
        """Change one, and the phone secret if one is given."""

    def remove(self, name: str) -> None:
        """Remove one."""

    def reset(self, name: str, word: str, *, web: bool) -> None:
        """Set the phone secret, or the web password."""


class OverApi:
    """Those of a running switch. Raises RemoteError."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.client.close()

    def list(self) -> list[dict[str, Any]]:
        """See `People`."""
        return list(self._server.items("/users"))

    def add(self, name: str, facts: Facts, word: str) -> None:
        """See `People`."""
        self._server.post("/users", {"name": name, "phone_secret": word, **facts})

    def change(self, name: str, facts: Facts, word: str | None) -> None:
        """See `People`."""
        secret = {} if word is None else {"phone_secret": word}
        self._server.ask("PATCH", f"{API}/users/{part(name)}", body={**facts, **secret})

    def remove(self, name: str) -> None:
        """See `People`."""
        self._server.delete(f"/users/{part(name)}")

    def reset(self, name: str, word: str, *, web: bool) -> None:
        """See `People`."""
        wish = {"what": "web" if web else "phone", "password": word}
        self._server.post(f"/users/{part(name)}/reset-password", wish)


class InDatabase:
    """Those of the database, which is made when missing; the switch may run or not. Raises StoreError."""

    def __init__(self, read: Config) -> None:
        self._config = read
        self._domain = read.domain.lower()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def list(self) -> list[dict[str, Any]]:
        """See `People`."""
        users = self._with_store(lambda store: store.users.list(self._config.domain))
        return [{name: getattr(user, name) for name in _HEAD} for user in users]

    def add(self, name: str, facts: Facts, word: str) -> None:
        """See `People`."""
        made = self._changed(User(name, self._domain), facts)

        async def save(store: Store) -> None:
            await store.users.add(made)
            await store.users.set_phone_secret(made.name, made.domain, word)

        self._with_store(save)

    def change(self, name: str, facts: Facts, word: str | None) -> None:
        """See `People`."""

        async def save(store: Store) -> None:
            await store.users.change(self._changed(await self._find(store, name), facts))
            if word is not None:
                await store.users.set_phone_secret(name, self._domain, word)

        self._with_store(save)

    def remove(self, name: str) -> None:
        """See `People`."""
        if not self._with_store(lambda store: store.users.remove(name, self._domain)):
            raise self._missing(name)

    def reset(self, name: str, word: str, *, web: bool) -> None:
        """See `People`."""

        async def save(store: Store) -> None:
            await self._find(store, name)
            if web:
                await store.users.set_web_password(name, self._domain, word)
                await store.sessions.remove_user(name)
            else:
                await store.users.set_phone_secret(name, self._domain, word)

        self._with_store(save)

    def _with_store(self, work: Callable[[Store], Awaitable[T]]) -> T:
        async def run() -> T:
            store = await open_store(self._config.store.path)
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(run())

    async def _find(self, store: Store, name: str) -> User:
        user = await store.users.get(name, self._domain)
        if user is None:
            raise self._missing(name)
        return user

    def _missing(self, name: str) -> StoreError:
        return StoreError(f"there is no user {name} in {self._config.domain}")

    def _changed(self, user: User, facts: Facts) -> User:
        made = replace(user, **facts)
        roles = config.permissions(self._config.files.permissions)
        if made.role not in roles:
            out.fail(2, f"--role: there is no role {made.role}; known are {', '.join(roles)}")
        return made
