"""Who comes in: whoever brings an API key, or the cookie of a session; with what their role may do now."""

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import structlog
from fastapi import Request
from starlette.requests import cookie_parser

from xswitch_py.api.budget import Budgets
from xswitch_py.base.errors import Refused, StoreError
from xswitch_py.base.permissions import ANY
from xswitch_py.base.problem import Code
from xswitch_py.base.records import ApiKey
from xswitch_py.core.access import OWN, Asker
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.web_login import Login, WebAsker, WebLogins

__all__ = ["COOKIE", "CSRF", "SAFE", "Gatekeeper", "cookie_of", "host_of", "is_ours", "is_private", "narrowed"]

log = structlog.get_logger("xswitch.api")

COOKIE: Final = "__Host-xswitch"
CSRF: Final = "x-csrf-token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
RECENT: Final = 1.0  # seconds that a key is believed without asking the database
KNOWN: Final = 10_000  # keys remembered, and hashes of none
TIDY: Final = 10.0  # seconds between writing which keys were used
_PORTS: Final = {"http": 80, "https": 443}  # of pages, where their origin names none
_BEARER: Final = "bearer "
_KEY: Final = "xs_"  # how our keys begin
_LONGEST: Final = 200  # characters of a key; ours are shorter

_Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database said of a hash."""

    key: ApiKey | None
    networks: tuple[_Network, ...]
    at: float


class Gatekeeper:
    """Knows askers by what they bring; `run` writes down what it saw, and forgets what is over."""

    def __init__(self, desk: Desk, logins: WebLogins, budgets: Budgets | None = None) -> None:
        self.budgets = Budgets() if budgets is None else budgets
        self._desk = desk
        self._logins = logins
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._used: set[str] = set()  # ids of keys, since they were written last
        self._closing = asyncio.Event()

    async def asker(self, request: Request) -> Asker:
        """Say who sent a request; raises as `identify`."""
        secure, safe = request.scope["scheme"] == "https", request.method in SAFE
        return await self.identify(request.headers, host_of(request), secure=secure, safe=safe)

    async def identify(self, headers: Mapping[str, str], host: str, *, secure: bool, safe: bool) -> Asker:
        """Say who comes from a host with these headers, which are found by their names in lower case.

        `secure`: by TLS. `safe`: it changes nothing, so that a cookie alone will do.

        Raises:
            Refused: NOT_AUTHENTICATED; CSRF; TOO_MANY with `retry_after`, in seconds.
        """
        now = time.monotonic()
        self.budgets.spend_host(host, now)
        given, cookie = headers.get("authorization", ""), cookie_of(headers)
        if given[: len(_BEARER)].lower() == _BEARER:
            asker = await self._by_key(given[len(_BEARER) :].strip(), host, now)
        elif cookie and is_private(headers, secure=secure):
            if not is_ours(headers):
                raise Refused(Code.CSRF, "a page of another origin cannot ask in your name")
            asker = await self._by_cookie(cookie, host)
            if asker is not None and not (safe or _same(asker.csrf, headers.get(CSRF, ""))):
                raise Refused(Code.CSRF, f"a request that changes something needs the header {CSRF}")
        else:
            raise Refused(Code.NOT_AUTHENTICATED)
        if asker is None:
            self.budgets.fail(host, now)
            raise Refused(Code.NOT_AUTHENTICATED)
        self.budgets.spend_asker(asker.name, now)
        return asker

    async def login(
        self, name: str, password: str, headers: Mapping[str, str], host: str, *, secure: bool
    ) -> tuple[Login, WebAsker]:
        """Let somebody in on a web page.

        Raises:
            Refused: as `WebLogins.login`; FORBIDDEN where the cookie could be read on its way; CSRF.
        """
        self.budgets.spend_host(host, time.monotonic(), self.budgets.login)
        if not is_private(headers, secure=secure):
            raise Refused(Code.FORBIDDEN, "a password is not taken over plain http: use the https address")
        if not is_ours(headers):
            raise Refused(Code.CSRF, "a page of another origin cannot log you in")
        login = await self._logins.login(name, password, host, headers.get("user-agent", ""), cookie_of(headers))
        user, session = login.user, login.session
        granted = self._desk.asker(user.name, user.role).granted
        return login, WebAsker(user.name, user.role, granted, user.address, host, session.hash, session.csrf)

    async def logout(self, headers: Mapping[str, str]) -> None:
        """End the session of whoever brings its cookie."""
        await self._logins.logout(cookie_of(headers))

    def forget(self, key: str) -> None:
        """Ask the database anew when the key of this id comes."""
        for hash in [hash for hash, known in self._known.items() if known.key is not None and known.key.id == key]:
            del self._known[hash]

    async def run(self) -> None:
        """Write which keys were used, and tidy sessions, now and then and when it is closed."""
        last = False
        while not last:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), TIDY)
            last = self._closing.is_set()
            try:
                await self._write()
                await self._logins.tidy()
            except StoreError as error:
                log.error("the use of keys and sessions could not be written", error=str(error))

    def close(self) -> None:
        """Let `run` end once all is written."""
        self._closing.set()

    async def _write(self) -> None:
        used, self._used = self._used, set()
        if used:
            await self._desk.stores.keys.touch(sorted(used), time.time())

    async def _by_key(self, word: str, host: str, now: float) -> Asker | None:
        if not word.startswith(_KEY) or len(word) > _LONGEST:
            return None
        known = await self._look_up(hashlib.sha256(word.encode("utf-8", "surrogateescape")).hexdigest(), now)
        key = known.key
        if key is None or (key.expires is not None and time.time() >= key.expires) or not _within(host, known.networks):
            return None
        owner = await self._desk.switch.services.directory.find_recent(key.owner)
        if owner is None:
            return None
        self._used.add(key.id)
        granted = narrowed(self._desk.asker(owner.name, owner.role).granted, key.scopes)
        return Asker(key.id, owner.role, granted, owner.address, host)

    async def _look_up(self, hash: str, now: float) -> _Known:
        known = self._known.get(hash)
        if known is None or now - known.at >= RECENT:
            key = await self._desk.stores.keys.get(hash)
            networks = () if key is None else tuple([ip_network(each, strict=False) for each in key.networks])
            known = self._known[hash] = _Known(key, networks, now)
            self._known.move_to_end(hash)
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return known

    async def _by_cookie(self, cookie: str, host: str) -> WebAsker | None:
        session = await self._logins.session(cookie)
        if session is None:
            return None
        user = await self._desk.switch.services.directory.find_recent(session.user)
        if user is None:
            return None
        granted = self._desk.asker(user.name, user.role).granted
        return WebAsker(user.name, user.role, granted, user.address, host, session.hash, session.csrf)


def narrowed(granted: frozenset[str], scopes: tuple[str, ...]) -> frozenset[str]:
    """Give what of a role's rights a key has; no scopes: all of them. What is one's own is part of the whole."""
    if not scopes or ANY in scopes:
        return granted
    if ANY in granted:
        return frozenset(scopes)
    own = {scope + OWN for scope in scopes if scope + OWN in granted}
    return frozenset({each for each in scopes if each in granted or each.removesuffix(OWN) in granted} | own)


def is_private(headers: Mapping[str, str], *, secure: bool) -> bool:
    """Say whether nobody can listen: it came by TLS, or on this machine (the cookie's prefix wants no less)."""
    if secure:
        return True
    name = headers.get("host", "").lower()
    name = name.partition("]")[0].removeprefix("[") if name.startswith("[") else name.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def is_ours(headers: Mapping[str, str]) -> bool:
    """Say whether no page of another origin asks: browsers tell it in `Origin`, also where a cookie crosses ports.

    A proxy before us may take the port out of `Host`; then the name alone must be the same.
    """
    origin, host = headers.get("origin"), headers.get("host", "").lower()
    if origin is None:
        return True
    try:
        page, ours = urlsplit(origin.lower()), urlsplit(f"//{host}")
        ports = ours.port in (None, page.port or _PORTS.get(page.scheme))
    except ValueError:
        return False
    return page.scheme in _PORTS and page.hostname is not None and page.hostname == ours.hostname and ports


def host_of(request: Request) -> str:
    """Say where a request came from: an IP address, behind a proxy of ours that of its client."""
    return request.client.host if request.client is not None else ""


def cookie_of(headers: Mapping[str, str]) -> str:
    """Read our cookie; empty if there is none."""
    text = headers.get("cookie", "")
    return cookie_parser(text).get(COOKIE, "") if COOKIE in text else ""


def _within(host: str, networks: tuple[_Network, ...]) -> bool:
    if not networks:
        return True
    address = _address(host)
    return address is not None and any(address.version == each.version and address in each for each in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "surrogateescape"))
