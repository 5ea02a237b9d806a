"""Who the users are, and whether somebody who claims to be one may come in."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

import structlog

from xswitch_py.base.address import Address
from xswitch_py.base.errors import AuthError
from xswitch_py.base.user import NOBODY, User

__all__ = ["Directory", "Guard", "Users"]

log = structlog.get_logger("xswitch.core")


class Users(Protocol):
    """What the directory needs of the store."""

    async def get(self, name: str, domain: str) -> User | None:
        """Find a user of a domain."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    at: float = 0.0  # monotonic, of the last one
    until: float = 0.0  # monotonic: no try before this


class Guard:
    """Slows down whoever guesses: after some failures each further one doubles the wait, up to a minute."""

    LONGEST = 60.0  # seconds
    FORGET = 600.0  # seconds without a failure after which all is forgiven
    KNOWN = 10_000  # sources remembered; the one longest quiet is forgotten first

    def __init__(self, free: int = 5) -> None:
        """`free` failures cost nothing: people mistype."""
        self._free = free
        self._sources: OrderedDict[tuple[str, ...], _Failures] = OrderedDict()

    def refuses(self, source: tuple[str, ...], now: float) -> bool:
        """Say whether this source must wait; a refused try is not checked at all."""
        known = self._sources.get(source)
        return known is not None and now < known.until

    def failed(self, source: tuple[str, ...], now: float) -> None:
        """Count a failure."""
        known = self._sources.setdefault(source, _Failures())
        self._sources.move_to_end(source)
        known.count = 1 if now - known.at > self.FORGET else known.count + 1
        known.at = now
        if known.count > self._free:
            known.until = now + min(self.LONGEST, 2.0 ** min(known.count - self._free - 1, 10))
        if len(self._sources) > self.KNOWN:
            self._sources.popitem(last=False)

    def passed(self, source: tuple[str, ...]) -> None:
        """Forget the failures of who got it right."""
        self._sources.pop(source, None)


class Directory:
    """The users of one domain."""

    def __init__(self, users: Users, domain: str) -> None:
        self.domain = domain
        self._users = users
        self._guard = Guard()  # by host and user
        self._hosts = Guard(free=100)  # by host: who tries every user once; an office behind one address mistypes too

    def address(self, text: str) -> Address:
        """Read `user` or `user@anything` as one of ours: the realm is ours, however the peer spells it."""
        return Address(text.partition("@")[0], self.domain)

    async def find(self, name: str) -> User | None:
        """Find an enabled user."""
        user = await self._users.get(name, self.domain)
        return user if user is not None and user.enabled else None

    async def login(self, login: str, password: str, host: str) -> User:
        """Check the phone secret of a user who comes from a host.

        Raises:
            AuthError: wrong, unknown or too often; the same for all three.
        """
        address = self.address(login)
        source, now = (host, address.user), time.monotonic()
        if not self._guard.refuses(source, now) and not self._hosts.refuses((host,), now):
            user = await self.find(address.user)
            if (user or NOBODY).check_phone(password) and user is not None:  # a stranger costs as much
                self._guard.passed(source)
                return user
            self._guard.failed(source, now)
            self._hosts.failed((host,), now)
        log.warning("login refused", user=str(address), host=host)
        raise AuthError("wrong user or password")
