"""What all Verto sessions share: who is here, who left calls behind, and where events go."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Final, Protocol

from xswitch_py.base.address import Address
from xswitch_py.base.ids import LegId
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.user import User
from xswitch_py.core.registry import Contact
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.verto.channels import KNOWN, Channels, main_part
from xswitch_py.endpoints.verto.leg import Calls, Line, VertoWire
from xswitch_py.endpoints.verto.presence import Presence
from xswitch_py.endpoints.verto.states import CallStates
from xswitch_py.endpoints.verto.visit import VisitEvent
from xswitch_py.endpoints.verto.wire import Json
from xswitch_py.jsonrpc import Handler

__all__ = ["DOOR", "Detached", "Guest", "House", "Limits", "Programs", "Script"]

DOOR: Final = "verto"  # our name in contacts


class Guest(Line, Protocol):
    """What the house needs of a session."""

    user: User | None
    sessid: str
    calls: Calls

    @property
    def host(self) -> str:
        """Where the peer is."""

    @property
    def contact(self) -> Contact | None:
        """How the user is reached there."""

    def feed(self, event: VisitEvent) -> None:
        """Let something happen to the visit."""

    def say(self, message: Any, *, urgent: bool = True) -> None:
        """Send a message that is no request of ours."""


class Script(Protocol):
    """Whoever answers what a socket asks beside Verto."""

    def take(self, message: Any) -> bool:
        """Take a message if it is theirs; the reply comes when it is done."""

    def close(self) -> None:
        """Let go of all that is under way."""


class Programs(Protocol):
    """Whoever makes them."""

    def visit(self, line: Guest) -> Script:
        """Begin with a session."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the door grants. Times in seconds."""

    login: float = 10.0  # for a stranger to log in
    detach: float = 120.0  # for a client to come back to its calls
    idle_ping: float = 30.0  # silence after which a peer gets a `verto.ping`
    calls: int = 64  # dialogs of one session


@dataclass(frozen=True, slots=True)
class Detached:
    """What a lost session left behind."""

    user: Address
    calls: Calls


@dataclass(slots=True)
class House:
    """What all sessions share."""

    switch: Switch
    roles: Mapping[str, Permissions]
    limits: Limits
    methods: Mapping[str, Handler]
    programs: Programs | None = None
    channels: Channels = field(default_factory=Channels)
    presence: Presence = field(default_factory=Presence)
    sessions: dict[str, Guest] = field(default_factory=dict)  # by sessid
    detached: dict[str, Detached] = field(default_factory=dict)  # by sessid
    ids: Iterator[int] = field(default_factory=lambda: count(1))  # of our own requests
    since: float = field(default_factory=time.time)
    states: CallStates = field(init=False)

    def __post_init__(self) -> None:
        """Know the legs."""
        self.states = CallStates(self.switch.legs)

    def owner(self, sessid: str) -> Address | None:
        """Say whose a sessid is, if anybody's."""
        if (session := self.sessions.get(sessid)) is not None and session.user is not None:
            return session.user.address
        left = self.detached.get(sessid)
        return left.user if left is not None else None

    def is_channel(self, name: str) -> bool:
        """Say whether a name is that of a channel, or of a part of one, that is granted to some and not to all.

        Sessions and calls are channels of their own, granted to whoever has them: none may be called so.
        """
        main = main_part(name)
        return main in KNOWN or any(main == main_part(each) for role in self.roles.values() for each in role.channels)

    def leave(self, session: Guest) -> None:
        """A session lost its socket: keep what can wait for the next one."""
        sessid, calls = session.sessid, session.calls
        assert session.user is not None
        del self.sessions[sessid]
        self.detached[sessid] = Detached(session.user.address, calls)
        calls.lose(partial(self.detached.pop, sessid, None))

    def publish(self, channel: str, event: Json) -> None:
        """Hand an event to the one it is for (its sessid, or a call of its), else to all who subscribed (V45)."""
        line = self.sessions.get(channel) or self._line_of(channel)
        if line is not None:
            line.tell("verto.event", {**event, "eventChannel": channel}, urgent=False)
        else:
            self.channels.publish(channel, event)

    def _line_of(self, call_id: str) -> Line | None:
        leg = self.switch.legs.get(LegId(call_id))
        return leg.wire.line if leg is not None and isinstance(leg.wire, VertoWire) else None
