"""Opens the database and hands out its tables."""

from dataclasses import dataclass
from pathlib import Path

from xswitch_py.store.cdrs import Cdrs
from xswitch_py.store.contacts import Contacts
from xswitch_py.store.database import Database, open_database
from xswitch_py.store.passwords import Passwords
from xswitch_py.store.users import Users

__all__ = ["Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    """The open database, table by table."""

    database: Database
    users: Users
    cdrs: Cdrs
    contacts: Contacts
    passwords: Passwords

    async def close(self) -> None:
        """Close the database; nothing of it can be used afterwards."""
        await self.database.close()


async def open_store(path: Path | str) -> Store:
    """Open the database file, made with its folder when missing and readable to its owner only; or `:memory:`.

    Raises:
        StoreError: it cannot be opened, is no database of ours, or is newer than we are.
    """
    database, passwords = await open_database(path), Passwords()
    return Store(database, Users(database, passwords), Cdrs(database), Contacts(database), passwords)
