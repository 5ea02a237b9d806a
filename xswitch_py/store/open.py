"""Opens the database and hands out its tables."""

from dataclasses import dataclass
from pathlib import Path

from xswitch_py.store.audit import Audit
from xswitch_py.store.cdrs import Cdrs
from xswitch_py.store.contacts import Contacts
from xswitch_py.store.database import MEMORY, Database, open_database
from xswitch_py.store.deliveries import Deliveries
from xswitch_py.store.gateways import Gateways
from xswitch_py.store.keys import Keys
from xswitch_py.store.passwords import Passwords
from xswitch_py.store.recordings import Recordings
from xswitch_py.store.routes import Routes
from xswitch_py.store.sessions import Sessions
from xswitch_py.store.users import Users
from xswitch_py.store.webhooks import Webhooks

__all__ = ["Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    """The open database, table by table."""

    database: Database
    users: Users
    cdrs: Cdrs
    contacts: Contacts
    passwords: Passwords
    keys: Keys
    sessions: Sessions
    routes: Routes
    gateways: Gateways
    webhooks: Webhooks
    deliveries: Deliveries
    audit: Audit
    recordings: Recordings

    async def close(self) -> None:
        """Close the database; nothing of it can be used afterwards."""
        await self.database.close()


async def open_store(path: Path | str) -> Store:
    """Open the database file, made with its folder when missing and readable to its owner only; or `:memory:`.

    Raises:
        StoreError: it cannot be opened, is no database of ours, or is newer than we are.
    """
    database, passwords = await open_database(path), Passwords(lasting=str(path) != MEMORY)
    return Store(
        database=database,
        users=Users(database, passwords),
        cdrs=Cdrs(database),
        contacts=Contacts(database),
        passwords=passwords,
        keys=Keys(database),
        sessions=Sessions(database),
        routes=Routes(database),
        gateways=Gateways(database),
        webhooks=Webhooks(database),
        deliveries=Deliveries(database),
        audit=Audit(database),
        recordings=Recordings(database),
    )
