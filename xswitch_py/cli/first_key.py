"""`xswitch first-key`: the way in for who has no key yet."""

import asyncio
import hashlib
import secrets
import time

from xswitch_py.base.errors import StoreError
from xswitch_py.base.records import ApiKey
from xswitch_py.cli import out
from xswitch_py.cli.remote import hand_over
from xswitch_py.config import Config
from xswitch_py.store.open import open_store

__all__ = ["first_key"]


def first_key(path: out.ConfigPath = None, settings: out.Settings = None) -> None:
    """Make a key of the administrator in the database of this set-up; the others are made with it."""
    with out.clear_errors():
        secret, made = asyncio.run(_make(out.load(path, settings)))
    hand_over(secret, made.id)


async def _make(config: Config) -> tuple[str, ApiKey]:
    store = await open_store(config.store.path)
    try:
        owner = next((user for user in await store.users.list(config.domain) if user.role == "admin"), None)
        if owner is None:
            raise StoreError("there is no administrator yet: start `xswitch serve` once")
        secret = f"xs_{secrets.token_urlsafe(32)}"
        digest = hashlib.sha256(secret.encode()).hexdigest()
        made = ApiKey(f"key_{secrets.token_hex(8)}", "first", owner.name, owner.role, (), (), time.time(), hash=digest)
        await store.keys.add(made)
        return secret, made
    finally:
        await store.close()
