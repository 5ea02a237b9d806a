"""A desk on a small world: the real commands, the real database in memory, and peers that only write things down."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.core.world import World
from xswitch_py import assets
from xswitch_py.app_checks import good
from xswitch_py.base.address import Address
from xswitch_py.base.records import AuditEntry
from xswitch_py.config import permissions
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.desk import Desk, Finding, Standing
from xswitch_py.core.feed import Feed
from xswitch_py.core.recording import Recorder
from xswitch_py.core.services import Services
from xswitch_py.core.switch import Switch
from xswitch_py.core.trace import Traces
from xswitch_py.core.webhooks import places
from xswitch_py.logs import Ring
from xswitch_py.store.open import open_store

__all__ = ["Carriers", "Live", "Site", "live"]

ROLES = permissions(assets.conf("permissions.toml"))


@dataclass
class Carriers:
    """Gateways that only remember what they were told."""

    told: list[str] = field(default_factory=list)

    def status(self) -> Sequence[Standing]:
        return ()

    def register(self, name: str) -> None:
        self.told.append(f"register {name}")

    def unregister(self, name: str) -> None:
        self.told.append(f"unregister {name}")

    def ping(self, name: str) -> None:
        self.told.append(f"ping {name}")


@dataclass
class Live:
    """A desk, and who may sit at it."""

    world: World
    desk: Desk
    audit: list[AuditEntry]

    def asker(self, role: str, name: str = "admin", **more: Any) -> Asker:
        """Make who asks, with the rights that permissions.toml gives to a role."""
        return Asker(name, role, ROLES[role].api, Address(name, "example.org"), **more)


@dataclass
class Site:
    """A place of which nothing is known but whose passwords have changed."""

    demo: bool = False
    changed: list[str] = field(default_factory=list)

    def first_password(self) -> bool:
        return not self.changed

    def password_changed(self, user: str) -> None:
        self.changed.append(user)

    def facts(self) -> Mapping[str, Any]:
        address = {"configured": "", "addresses": ["192.0.2.1"], "behind_nat_likely": False}
        return {"certificate": None, "https": False, "public_address": address, "webrtc_port": 10000, "origins": []}


async def healthy() -> Sequence[Finding]:
    """Find nothing wrong."""
    return [good("disk", "there is room")]


@asynccontextmanager
async def live(folder: Path) -> AsyncIterator[Live]:
    """Open the database, and lay the desk."""
    world, audit, store = World(), list[AuditEntry](), await open_store(":memory:")
    old = world.switch.services
    recorder = Recorder(world.media, world.bus, store.recordings, folder)
    services = Services(old.media, old.bus, old.directory, old.registry, old.plan, old.doors, recorder)
    world.switch = Switch(services, world.switch.body)

    async def nothing() -> None:
        pass

    async def reload() -> list[str]:
        return []

    parts: dict[str, Any] = dict.fromkeys(Desk.__dataclass_fields__)
    parts |= {
        "switch": world.switch,
        "stores": store,
        "feed": Feed("test"),
        "traces": Traces(),
        "guard": services.directory.guard,
        "roles": ROLES,
        "audit": audit.append,
        "check_password": store.passwords.check,
        "carriers": Carriers(),
        "gateway_problems": lambda name, settings: [],
        "file_gateways": dict,
        "renew_gateways": nothing,
        "file_rules": tuple,
        "flow_rules": tuple,
        "renew_rules": nothing,
        "webhook_problem": lambda url: places.problem(url, ()),
        "kick": lambda contact: True,
        "config": dict,
        "check_config": lambda text: [],
        "reload": reload,
        "doctor": healthy,
        "site": Site(),
        "lines": Ring(),
        "sounds": folder / "sounds",
        "recordings": folder,
        "version": "1.2.3",
    }
    try:
        yield Live(world, Desk(**parts), audit)
    finally:
        world.bus.close()
        await recorder.finish()
        await store.close()
