"""A gate to stand at: a desk with people in a real database, our routes on it, and clients from anywhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from tests.core.commands.live import Site
from tests.core.world import World
from xswitch_py import assets
from xswitch_py.api import audit, auth, keys, phone, problems
from xswitch_py.api.budget import Budgets
from xswitch_py.api.gatekeeper import Gatekeeper
from xswitch_py.base.address import Address
from xswitch_py.base.records import AuditEntry
from xswitch_py.base.user import User
from xswitch_py.config import permissions
from xswitch_py.core.access import Asker
from xswitch_py.core.commands import keys as key_commands
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.directory import Directory
from xswitch_py.core.guard import Guard
from xswitch_py.core.switch import Switch
from xswitch_py.core.web_login import WebLogins
from xswitch_py.models.keys import NewKey
from xswitch_py.store.open import Store, open_store

__all__ = ["AWAY", "DOMAIN", "HERE", "PASSWORD", "ROLES", "Lodge", "lodge"]

DOMAIN = "pbx.test"
HERE = "https://pbx.test"
AWAY = "192.0.2.1"  # where clients come from
PASSWORD = "right-horse"
ROLES = permissions(assets.conf("permissions.toml"))


@dataclass
class Lodge:
    """What there is at the gate."""

    desk: Desk
    store: Store
    world: World
    logins: WebLogins
    gate: Gatekeeper
    app: FastAPI
    audit: list[AuditEntry]
    checks: list[str | None] = field(default_factory=list)  # whose password was checked

    @property
    def directory(self) -> Directory:
        """Know who is who."""
        return self.desk.switch.services.directory

    def asker(self, name: str = "admin", role: str = "admin", **more: Any) -> Asker:
        """Make who asks, with the rights that permissions.toml gives to a role."""
        return Asker(name, role, ROLES[role].api, Address(name, DOMAIN), **more)

    async def person(self, name: str, role: str = "user", *, web: bool = True, **more: Any) -> User:
        """Add somebody; the number is the name unless it is given."""
        user = User(name, DOMAIN, f"User {name}", **{"number": name, "role": role, **more})
        await self.store.users.add(user, web_password=PASSWORD if web else None)
        return user

    async def key(self, *scopes: str, owner: str = "admin", role: str = "admin", **more: Any) -> str:
        """Make a key; give its secret."""
        wish = NewKey(name="a script", scopes=list(scopes or ("__ANY__",)), **more)
        return (await key_commands.create(self.desk, self.asker(owner, role), wish)).secret

    def client(self, key: str = "", *, host: str = AWAY, base: str = HERE) -> httpx.AsyncClient:
        """Make a client that comes from a host, with a key or without."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(host, 4242))
        return httpx.AsyncClient(transport=transport, base_url=f"{base}/api/v1", headers=headers)

    async def page(self, name: str = "admin", *, host: str = AWAY) -> httpx.AsyncClient:
        """Make a client that is logged in, as a web page is."""
        client = self.client(host=host)
        reply = await client.post("/auth/login", json={"user": name, "password": PASSWORD})
        assert reply.status_code == 200, reply.text
        client.headers["X-CSRF-Token"] = reply.json()["csrf"]
        return client


@asynccontextmanager
async def lodge(folder: Path, budgets: Budgets | None = None, *, lasting: bool = False) -> AsyncIterator[Lodge]:
    """Open the gate: there are admin (999), olga the operator, and the users 1000 and 1001.

    In a `lasting` database passwords cost what they cost in earnest.
    """
    store = await open_store(folder / "lodge.db" if lasting else ":memory:")
    world, entries, checks = World(), list[AuditEntry](), list[str | None]()
    directory = Directory(store.users, DOMAIN, Guard(), store.users.version)
    directory.RECENT = 0.0  # what is changed is seen at once
    switch = Switch(replace(world.switch.services, directory=directory), world.switch.body)

    async def check(user: User | None, password: str) -> bool:
        checks.append(None if user is None else user.name)
        return await store.passwords.check(user, password)

    parts: dict[str, Any] = {one.name: None for one in fields(Desk)} | {
        "switch": switch,
        "stores": store,
        "guard": directory.guard,
        "roles": ROLES,
        "audit": entries.append,
        "check_password": check,
        "site": Site(),
        "sounds": folder,
        "recordings": folder,
        "version": "1.2.3",
    }
    desk = Desk(**parts)
    logins = WebLogins(desk)
    gate, app = Gatekeeper(desk, logins, budgets), FastAPI()
    app.state.desk, app.state.gatekeeper = desk, gate
    problems.install(app)
    for each in (auth, keys, phone, audit):
        app.include_router(each.router, prefix="/api/v1")
    made = Lodge(desk, store, world, logins, gate, app, entries, checks)
    await made.person("admin", "admin", number="999")
    await made.person("olga", "operator", number="")
    await made.person("1000")
    await made.person("1001")
    entries.clear()
    try:
        yield made
    finally:
        world.bus.close()
        await store.close()
