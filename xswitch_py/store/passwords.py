"""Web passwords: argon2id, in a thread, few at a time."""

import asyncio
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from xswitch_py.base.user import User

__all__ = ["Passwords"]

TOGETHER: Final = 2  # hashings at a time: each takes a core and 19 MiB for some 20 ms


class Passwords:
    """Hashes and checks web passwords without holding up the loop."""

    def __init__(self, *, lasting: bool = True) -> None:
        """What is not `lasting`, but gone with the process, is hashed at little cost: nobody can steal it."""
        passes, kibibytes = (2, 19 * 1024) if lasting else (1, 8)
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=kibibytes, parallelism=1)
        self._turn = asyncio.Semaphore(TOGETHER)
        self._nobody = ""  # of a password nobody knows: whoever has none costs as much as whoever has one

    async def hash(self, password: str) -> str:
        """Return what to keep of a password."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(self, user: User | None, password: str) -> bool:
        """Tell whether this is the user's web password; takes as long for one who does not exist or has none."""
        stored = user.web_hash if user is not None else None
        async with self._turn:
            self._nobody = self._nobody or await asyncio.to_thread(self._hasher.hash, secrets.token_hex())
            fits = await asyncio.to_thread(self._fits, stored or self._nobody, password)
        return fits and stored is not None and user is not None and user.enabled

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
