"""Who the users are, and whether somebody who claims to be one may come in."""

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from xswitch_py.base.address import Address
from xswitch_py.base.errors import AuthError
from xswitch_py.base.user import NOBODY, User
from xswitch_py.core.guard import Guard, Offence
from xswitch_py.core.phone_tokens import PhoneTokens

__all__ = ["Directory", "Users", "Version"]

log = structlog.get_logger("xswitch.core")

Version = Callable[[], Awaitable[object]]  # gives something else than before if any user may have changed

_NAME: Final = 64  # characters; no user has a longer name


class Users(Protocol):
    """What the directory needs of the store."""

    async def get(self, name: str, domain: str) -> User | None:
        """Find a user of a domain."""

    async def find_number(self, number: str, domain: str) -> User | None:
        """Find who has a number that is not their name."""


class Directory:
    """The users of one domain."""

    RECENT = 2.0  # seconds that `find_recent` believes what it knows
    KNOWN = 10_000  # names it knows, of users and of nobody

    def __init__(self, users: Users, domain: str, guard: Guard | None = None, version: Version | None = None) -> None:
        """With `version` users are remembered until it changes."""
        self.domain = domain
        self.guard = guard or Guard()
        self.tokens = PhoneTokens(domain)
        self._users = users
        self._version = version
        self._recent: OrderedDict[str, User | None] = OrderedDict()
        self._seen: object = None  # the version that these are of
        self._looked = -math.inf  # when that was

    def address(self, text: str) -> Address:
        """Read `user` or `user@anything` as one of ours: the realm is ours, however the peer spells it."""
        return Address(text.partition("@")[0], self.domain)

    async def find(self, name: str) -> User | None:
        """Find an enabled user."""
        if not _can_be(name):
            return None
        user = await self._users.get(name, self.domain)
        return user if user is not None and user.enabled else None

    async def find_callee(self, name: str) -> User | None:
        """Find an enabled user by name, or else by number."""
        user = await self.find(name)
        if user is None and _can_be(name):
            user = await self._users.find_number(name, self.domain)
        return user if user is not None and user.enabled else None

    async def find_recent(self, name: str) -> User | None:
        """Find an enabled user as of at most two seconds ago: a flood of requests is not one of queries."""
        now = time.monotonic()
        if now - self._looked >= self.RECENT:
            self._looked = now
            await self._look(now)
        if name in self._recent:
            return self._recent[name]
        seen = self._seen
        user = await self.find(name)
        if _can_be(name) and seen is self._seen:  # else it is perhaps of the version before
            self._recent[name] = user
            if len(self._recent) > self.KNOWN:
                self._recent.popitem(last=False)
        return user

    async def _look(self, now: float) -> None:
        version = now if self._version is None else await self._version()
        if version != self._seen:
            self._seen = version
            self._recent.clear()

    async def login(self, login: str, password: str, host: str) -> User:
        """Check the phone secret, or the phone token, of a user who comes from a host.

        Raises:
            AuthError: wrong, unknown or too often; the same for all three.
        """
        address, now = self.address(login), time.monotonic()
        if not self.guard.refuses(host, address.user, now):
            user = await self.find(address.user)
            # A stranger costs as much.
            right = (user or NOBODY).check_phone(password) | self.tokens.check(address.user, password)
            if user is not None and right:
                self.guard.passed(host, address.user)
                return user
            if (ban := self.guard.failed(Offence.LOGIN, host, now, address.user)) is not None:
                log.warning(ban.line)
        log.warning("login refused", user=str(address), host=host)
        raise AuthError("wrong user or password")


def _can_be(name: str) -> bool:
    """Say whether a user may have this name; some that come off a wire could not even be asked for."""
    return len(name) <= _NAME and name.isprintable()
