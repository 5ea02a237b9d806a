"""Who asks, and what they may: scopes are granted to roles in permissions.toml, and nothing else is allowed."""

from dataclasses import dataclass
from typing import Final

from xswitch_py.base.address import Address
from xswitch_py.base.errors import Refused
from xswitch_py.base.permissions import ANY
from xswitch_py.base.problem import Code

__all__ = ["OWN", "SCOPES", "SYSTEM", "Asker", "all_scopes"]

OWN: Final = ":own"  # behind a scope: only what is one's own

SCOPES: Final[dict[str, str]] = {
    "me": "who I am, and my password",
    "phone": "a token to log my phone in",
    "keys": "API keys",
    "users": "users, their devices and their passwords",
    "routes": "the dialplan",
    "gateways": "carriers",
    "registrations": "where users can be reached",
    "calls": "calls and bridges",
    "media": "sounds that can be played",
    "recordings": "what was recorded",
    "cdr": "call records",
    "events": "what happens",
    "webhooks": "where events are told",
    "config": "the configuration",
    "status": "how the switch is",
    "logs": "what the log says",
    "blocks": "who is kept out",
    "audit": "who did what",
}
"""What can be read and written; a scope is one of these with ":read" or ":write" behind it."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for something."""

    name: str  # for the audit: a user, or the id of an API key
    role: str
    granted: frozenset[str]  # scopes
    user: Address | None = None  # the person it is, or who made the key
    host: str = ""

    def may(self, scope: str) -> bool:
        """Say whether a scope is granted without bounds."""
        return scope in self.granted or ANY in self.granted

    def may_own(self, scope: str) -> bool:
        """Say whether it is granted at least for what is one's own."""
        return self.may(scope) or scope + OWN in self.granted

    def only(self, scope: str) -> Address | None:
        """Give whose things alone may be seen; None: everybody's.

        Raises:
            Refused: it is not granted at all.
        """
        if self.may(scope):
            return None
        if self.user is None or not self.may_own(scope):
            raise Refused(Code.FORBIDDEN, f"this needs {scope}")
        return self.user


SYSTEM: Final = Asker("system", "admin", frozenset({ANY}))  # the switch itself: flows, and what it does by its config


def all_scopes() -> frozenset[str]:
    """List every scope there is, also those for what is one's own."""
    plain = {f"{name}:{how}" for name in SCOPES for how in ("read", "write")}
    return frozenset(plain | {scope + OWN for scope in plain} | {ANY})
