"""What commands need of the store, table by table: whoever meets these can take the place of the database."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from xswitch_py.base.ids import CallId
from xswitch_py.base.records import (
    ApiKey,
    AuditEntry,
    Cdr,
    CdrFilter,
    Delivery,
    GatewayRecord,
    Recording,
    Route,
    Webhook,
    WebSession,
)
from xswitch_py.base.user import NewAccount, User

__all__ = [
    "AuditStore",
    "CdrStore",
    "DeliveryStore",
    "GatewayStore",
    "KeyStore",
    "RecordingStore",
    "RouteStore",
    "SessionStore",
    "UserStore",
    "WebhookStore",
]


class UserStore(Protocol):
    """Who may use the switch. `Taken` says that a name or number is another's."""

    async def add(self, user: User, *, phone_secret: str | None = None, web_password: str | None = None) -> None:
        """Add a user, whole."""

    async def add_all(self, accounts: Sequence[NewAccount]) -> None:
        """Add users, all or none of them."""

    async def get(self, name: str, domain: str) -> User | None:
        """Find a user."""

    async def find_number(self, number: str, domain: str) -> User | None:
        """Find the user who has a number, or the one without any whose name it is."""

    async def count(self, domain: str, role: str | None = None, *, web: bool = False) -> int:
        """Count the users of a domain, or those of a role; with `web` only who may log in on web pages."""

    async def change(self, user: User) -> bool:
        """Write all that can be changed of a user, but for secrets; False if there is no such user."""

    async def remove(self, name: str, domain: str) -> bool:
        """Remove a user; False if there is none."""

    async def set_phone_secret(self, name: str, domain: str, secret: str | None) -> bool:
        """Set what the user's phones log in with, or let none log in; False if there is no such user."""

    async def set_web_password(self, name: str, domain: str, password: str | None) -> bool:
        """Set what the user logs in with on web pages, or let them not; False if there is no such user."""

    async def version(self) -> object:
        """Give something else than before if any user may have changed."""

    async def list(self, domain: str, limit: int | None = None, after: str = "") -> list[User]:
        """Return the users of a domain by name: all, or at most `limit` (1000) whose name comes after another."""


class KeyStore(Protocol):
    """The API keys."""

    async def add(self, key: ApiKey) -> None:
        """Add a key."""

    async def get(self, hash: str) -> ApiKey | None:
        """Find the key of a hash, expired or not."""

    async def remove(self, id: str) -> bool:
        """Remove a key; False if there is none."""

    async def remove_owner(self, owner: str) -> int:
        """Remove all keys that a user made; returns how many."""

    async def touch(self, ids: Sequence[str], at: float) -> None:
        """Note when keys were used last."""

    async def list(self) -> list[ApiKey]:
        """Return all keys, the oldest first."""


class SessionStore(Protocol):
    """Who is logged in on web pages."""

    async def add(self, session: WebSession) -> None:
        """Add a session."""

    async def get(self, hash: str) -> WebSession | None:
        """Find the session of a hash, however old."""

    async def touch(self, hash: str, at: float) -> None:
        """Note when somebody was seen last."""

    async def remove(self, hash: str) -> bool:
        """Remove a session; False if there is none."""

    async def remove_user(self, user: str, but: str = "") -> int:
        """Remove all sessions of a user, but for the one of a hash; returns how many."""

    async def purge(self, seen: float, created: float) -> int:
        """Remove the sessions last seen or created before these times; returns how many."""


class RouteStore(Protocol):
    """The rules made while the switch runs; positions are always 1, 2, 3 and so on."""

    async def add(self, route: Route, position: int | None = None) -> Route:
        """Add a route at a position, pushing others back, or as the last; returns it as it is now."""

    async def get(self, id: str) -> Route | None:
        """Find a route."""

    async def change(self, route: Route) -> bool:
        """Write all of a route but its position and when it was made; False if there is none."""

    async def move(self, id: str, position: int) -> Route | None:
        """Put a route at a position, the last if there are not so many; returns it, None if there is none."""

    async def remove(self, id: str) -> bool:
        """Remove a route; False if there is none."""

    async def list(self) -> list[Route]:
        """Return all routes in the order in which they are asked."""


class GatewayStore(Protocol):
    """The gateways made while the switch runs."""

    async def add(self, gateway: GatewayRecord) -> None:
        """Add a gateway; `Taken` if there is one of this name."""

    async def get(self, name: str) -> GatewayRecord | None:
        """Find a gateway."""

    async def change(self, gateway: GatewayRecord) -> bool:
        """Write all of a gateway but when it was made; False if there is none."""

    async def remove(self, name: str) -> bool:
        """Remove a gateway; False if there is none."""

    async def list(self) -> list[GatewayRecord]:
        """Return all gateways, by name."""


class WebhookStore(Protocol):
    """Where events are told."""

    async def add(self, webhook: Webhook) -> None:
        """Add a webhook."""

    async def get(self, id: str) -> Webhook | None:
        """Find a webhook."""

    async def change(self, webhook: Webhook) -> bool:
        """Write all of a webhook, also its secret, but not when it was made; False if there is none."""

    async def remove(self, id: str) -> bool:
        """Remove a webhook and its deliveries; False if there is none."""

    async def list(self) -> list[Webhook]:
        """Return all webhooks, the oldest first."""


class DeliveryStore(Protocol):
    """Events on their way to webhooks; of each webhook only so many are kept."""

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Add deliveries, all or none; those to a webhook that is gone are forgotten."""

    async def get(self, id: str) -> Delivery | None:
        """Find a delivery."""

    async def due(self, now: float, limit: int = 100, busy: Collection[str] = ()) -> Sequence[Delivery]:
        """Return what is to be told now, the longest due first: not to disabled webhooks, nor to those `busy`."""

    async def next_due(self) -> float | None:
        """Tell when the next delivery is due; None if none waits."""

    async def attempted(
        self,
        id: str,
        at: float,
        *,
        delivered: bool,
        next_at: float | None = None,
        code: int | None = None,
        error: str = "",
    ) -> bool:
        """Note how an attempt went; one that failed without a next is the last. False if the delivery is gone."""

    async def requeue(self, id: str, now: float) -> bool:
        """Let a delivery begin anew, at once; False if there is none."""

    async def expire(self, now: float, waiting: float = ..., finished: float = ...) -> int:
        """Give up what has waited for so many seconds, forget what ended so long ago; returns how many of the first."""

    async def list(self, webhook: str, limit: int = 100, before: str | None = None) -> list[Delivery]:
        """Return the newest of a webhook first; `before` is the id of the last one of the page before."""


class AuditStore(Protocol):
    """Who changed what."""

    async def add(self, entry: AuditEntry) -> int:
        """Add an entry; returns the id it got, whichever it had."""

    async def trim(self, most: int, before: float) -> int:
        """Remove entries older than a time, and all but the newest `most`; returns how many."""

    async def list(
        self, limit: int = 100, before: int | None = None, *, who: str = "", command: str = "", target: str = ""
    ) -> list[AuditEntry]:
        """Return the newest entries first; `before` is the id of the last one of the page before, "" is any."""


class RecordingStore(Protocol):
    """What was recorded."""

    async def begin(self, recording: Recording) -> None:
        """Write that a recording has begun."""

    async def finish(self, id: str, *, ended: float, seconds: float, size: int, why: str) -> bool:
        """Write how a recording ended; False if there is none."""

    async def get(self, id: str) -> Recording | None:
        """Find a recording."""

    async def remove(self, id: str) -> bool:
        """Forget a recording; False if there is none. The file is not touched."""

    async def recover(self) -> Sequence[Recording]:
        """End what a crash left running, before the first beat of a new start; returns them."""

    async def list(
        self, limit: int = 100, before: str | None = None, *, user: str = "", call: CallId | None = None
    ) -> list[Recording]:
        """Return the newest first; `before` is the id of the last one of the page before."""


class CdrStore(Protocol):
    """The records of calls."""

    async def get(self, call: CallId) -> Cdr | None:
        """Find a call."""

    async def remove(self, call: CallId) -> bool:
        """Remove a call that is over; False if there is none."""

    async def count(self, filter: CdrFilter = ...) -> int:
        """Count the calls that are wanted."""

    def pages(self, filter: CdrFilter = ..., size: int = 1000) -> AsyncIterator[Sequence[Cdr]]:
        """Give all the calls that are wanted, newest first, at most 1000 at a time."""

    async def list(self, limit: int = 100, before: int | None = None, filter: CdrFilter = ...) -> list[Cdr]:
        """Return the newest calls first, at most 1000; `before` is the id of the last one of the page before."""
