"""Who is logged in on web pages: sessions begin with a password, and end by themselves."""

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Final

import structlog

from xswitch_py.base.errors import Refused
from xswitch_py.base.events import SourceBlocked
from xswitch_py.base.problem import Code
from xswitch_py.base.records import AuditEntry, WebSession
from xswitch_py.base.user import User
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.guard import Delays, Offence

__all__ = ["Login", "WebAsker", "WebLogins"]

log = structlog.get_logger("xswitch.core")

IDLE: Final = 12 * 3600.0  # seconds without a request after which a session is over
LONGEST: Final = 7 * 86_400.0  # seconds after which it is over anyway
SEEN: Final = 60.0  # seconds after which it is written again that somebody is there
WAITING: Final = 200  # passwords that wait to be checked, from all sources
_NAME: Final = 64  # characters; no user has a longer name
_COOKIE: Final = 100  # characters; ours are shorter


@dataclass(frozen=True, slots=True)
class WebAsker(Asker):
    """Somebody on a web page."""

    session: str = field(default="", repr=False)  # its hash
    csrf: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """A session that has begun, whose it is, and what the browser keeps of it."""

    user: User
    session: WebSession
    cookie: str = field(repr=False)


class WebLogins:
    """Checks web passwords, and keeps sessions in the database: of their cookies only the hashes."""

    def __init__(self, desk: Desk, *, idle: float = IDLE, longest: float = LONGEST) -> None:
        """`idle` and `longest` are in seconds, see `IDLE` and `LONGEST`."""
        self._desk = desk
        self._idle, self._longest = idle, longest
        self._directory = desk.switch.services.directory
        self._waiting = 0

    async def login(self, name: str, password: str, host: str, agent: str = "", old: str = "") -> Login:
        """Begin a session of somebody who knows their password, and end the one of the cookie that was sent with it.

        Raises:
            Refused: NOT_AUTHENTICATED, the same for whoever does not exist; TOO_MANY after many failures.
        """
        user = await self.prove(name, password, host)
        now, cookie = time.time(), secrets.token_urlsafe(32)
        session = WebSession(
            user.name, user.role, host, agent[:200], now, now, hash=_hash(cookie), csrf=secrets.token_urlsafe(32)
        )
        await self._desk.stores.sessions.add(session)
        if old:
            await self.logout(old)
        self._note(user, host, "done")
        log.info("logged in", user=str(user.address), host=host)
        return Login(user, session, cookie)

    async def prove(self, name: str, password: str, host: str) -> User:
        """Give the user who has this name and web password; how long "no" takes says nothing.

        Raises:
            Refused: as above.
        """
        guard, asked = self._desk.guard, self._directory.address(name.strip()).user
        if guard.refuses(host, asked, time.monotonic()):
            raise _wait()
        user = await self._find(asked)
        good = await self._check(user, password)
        if guard.refuses(host, asked, time.monotonic()):  # many came at once, and some were wrong: none gets through
            raise _wait()
        if good and user is not None:
            guard.passed(host, asked)
            return user
        self._blame(asked, user, host)
        raise Refused(Code.NOT_AUTHENTICATED, "wrong user or password")

    async def session(self, cookie: str) -> WebSession | None:
        """Find the session of a cookie, unless it is over."""
        if not 0 < len(cookie) <= _COOKIE:
            return None
        session = await self._desk.stores.sessions.get(_hash(cookie))
        if session is None:
            return None
        now = time.time()
        if self._is_over(session, now):
            await self._end(session.hash)
            return None
        if now - session.seen >= SEEN:
            await self._desk.stores.sessions.touch(session.hash, now)
        return session

    async def logout(self, cookie: str) -> None:
        """End the session of a cookie, if there is one."""
        if 0 < len(cookie) <= _COOKIE:
            await self._end(_hash(cookie))

    async def change_password(self, who: Asker, old: str, new: str) -> None:
        """Change somebody's own web password; all their other sessions end.

        Raises:
            Refused: the old one is wrong, as in `login` but FORBIDDEN; or `who` is nobody who has one.
        """
        if who.user is None:
            raise Refused(Code.FORBIDDEN, "only people have passwords")
        try:
            user = await self.prove(who.user.user, old, who.host)
        except Refused as refused:
            if refused.code is not Code.NOT_AUTHENTICATED:
                raise
            raise Refused(Code.FORBIDDEN, "the old password is wrong") from None
        stores, mine = self._desk.stores, who.session if isinstance(who, WebAsker) else ""
        await stores.users.set_web_password(user.name, user.domain, new)
        await stores.sessions.remove_user(user.name, mine)
        self._directory.tokens.end_user(user.name, mine)

    async def tidy(self) -> None:
        """Forget sessions that are over, and the phone tokens of sessions that somebody ended."""
        now, sessions, tokens = time.time(), self._desk.stores.sessions, self._directory.tokens
        await sessions.purge(now - self._idle, now - self._longest)
        tokens.end(*[each for each in tokens.sessions() if await sessions.get(each) is None])

    def _is_over(self, session: WebSession, now: float) -> bool:
        return now - session.seen >= self._idle or now - session.created >= self._longest

    async def _end(self, session: str) -> None:
        self._directory.tokens.end(session)
        await self._desk.stores.sessions.remove(session)

    async def _find(self, name: str) -> User | None:
        """Find a user, also one who is disabled: the password is checked all the same."""
        possible = 0 < len(name) <= _NAME and name.isprintable()
        return await self._desk.stores.users.get(name, self._directory.domain) if possible else None

    async def _check(self, user: User | None, password: str) -> bool:
        if self._waiting >= WAITING:
            raise Refused(Code.UNAVAILABLE, "too many log in at the moment", retry_after=5)
        self._waiting += 1
        try:
            return await self._desk.check_password(user, password)
        finally:
            self._waiting -= 1

    def _blame(self, asked: str, user: User | None, host: str) -> None:
        """Count a failure. What nobody is called is not told: some type their password there."""
        name = "" if user is None else user.name
        log.warning("web login refused", user=name, host=host)
        self._note(user, host, Code.NOT_AUTHENTICATED.value)
        ban = self._desk.guard.failed(Offence.LOGIN, host, time.monotonic(), asked)
        if ban is not None:
            log.warning(ban.line)
            blocked = SourceBlocked(ban.source, time.time(), ban.reason, ban.until - ban.since)
            self._desk.switch.services.bus.publish(blocked)

    def _note(self, user: User | None, host: str, outcome: str) -> None:
        name, role = ("", "") if user is None else (user.name, user.role)
        self._desk.audit(AuditEntry(0, time.time(), name, role, host, "auth.login", name, outcome))


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()


def _wait() -> Refused:
    return Refused(Code.TOO_MANY, "too many failed; wait", retry_after=Delays.LONGEST)
