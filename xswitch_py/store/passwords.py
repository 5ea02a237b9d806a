"""Web passwords: argon2id, in a thread, few at a time."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from xswitch_py.base.user import User

__all__ = ["Passwords"]

TOGETHER: Final = 2  # hashings at a time: each takes a core and 19 MiB for some 20 ms

# Of a password nobody knows: whoever has none costs as much as whoever has one.
NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$8WOa2IfYQjwhgpjbpLaBCw$PCAQgr2lMKDtAQqZLKiHl0Mt6RFXNvBqdTaD4G2/Mbs"


class Passwords:
    """Hashes and checks web passwords without holding up the loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._turn = asyncio.Semaphore(TOGETHER)

    async def hash(self, password: str) -> str:
        """Return what to keep of a password."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(self, user: User | None, password: str) -> bool:
        """Tell whether this is the user's web password; takes as long for one who does not exist or has none."""
        stored = user.web_hash if user is not None else None
        async with self._turn:
            fits = await asyncio.to_thread(self._fits, stored or NOBODY, password)
        return fits and stored is not None and user is not None and user.enabled

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
