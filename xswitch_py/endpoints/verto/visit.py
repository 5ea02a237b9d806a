"""The states of a visit: one socket, from its opening to its end.

A stranger logs in, is greeted with the calls it left behind, and is ready from then on.

An event that cannot follow raises `ProtocolError` and changes nothing; what comes after the end is absorbed.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from xswitch_py.base.errors import ProtocolError
from xswitch_py.endpoints.verto.machine import Send

__all__ = [
    "Bound",
    "Close",
    "Detach",
    "Displaced",
    "Gone",
    "Greet",
    "Greeted",
    "Phase",
    "Register",
    "Silent",
    "Unregister",
    "Visit",
    "VisitEffect",
    "VisitEvent",
]


class Phase(Enum):
    """How far a visit has come."""

    STRANGER = "stranger"
    GREETING = "greeting"  # logged in; the calls it left behind are being offered
    READY = "ready"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Bound:
    """The peer logged in."""


@dataclass(frozen=True, slots=True)
class Greeted:
    """Every detached call was offered."""

    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing was heard for as long as the phase allows."""


@dataclass(frozen=True, slots=True)
class Displaced:
    """The same user logged in with the same sessid on another socket."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The socket is gone."""


VisitEvent = Bound | Greeted | Silent | Displaced | Gone


@dataclass(frozen=True, slots=True)
class Greet:
    """Offer the calls left behind."""


@dataclass(frozen=True, slots=True)
class Register:
    """Calls can come in from now on."""


@dataclass(frozen=True, slots=True)
class Unregister:
    """They no longer can."""


@dataclass(frozen=True, slots=True)
class Detach:
    """All dialogs lost their socket."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket."""

    code: int
    reason: str


VisitEffect = Send | Greet | Register | Unregister | Detach | Close

_VISIT: Final[dict[tuple[Phase, type[VisitEvent]], Phase]] = {
    (Phase.STRANGER, Bound): Phase.GREETING,
    (Phase.STRANGER, Silent): Phase.GONE,
    (Phase.STRANGER, Gone): Phase.GONE,
    (Phase.GREETING, Bound): Phase.GREETING,
    (Phase.GREETING, Greeted): Phase.READY,
    (Phase.GREETING, Silent): Phase.GREETING,
    (Phase.GREETING, Displaced): Phase.GONE,
    (Phase.GREETING, Gone): Phase.GONE,
    (Phase.READY, Bound): Phase.READY,
    (Phase.READY, Silent): Phase.READY,
    (Phase.READY, Displaced): Phase.GONE,
    (Phase.READY, Gone): Phase.GONE,
}


@dataclass(slots=True)
class Visit:
    """One socket, from its opening to its end."""

    phase: Phase = Phase.STRANGER

    def receive(self, event: VisitEvent, serial: int = 0) -> list[VisitEffect]:
        """Take one event; return what must now be done, in order. `serial` goes into a ping.

        Raises:
            ProtocolError: the event cannot follow here; nothing has changed.
        """
        if self.phase is Phase.GONE:
            return []
        before = self.phase
        try:
            self.phase = _VISIT[before, type(event)]
        except KeyError:
            raise ProtocolError(f"{type(event).__name__} in {before.value}") from None
        match event:
            case Bound():
                return [Greet()] if before is Phase.STRANGER else [Register()] if before is Phase.READY else []
            case Greeted(calls=calls):
                return [Send("verto.clientReady", {"reattached_sessions": list(calls)}), Register()]
            case Silent():
                quiet: VisitEffect = Send("verto.ping", {"serno": serial})
                return [Close(1008, "login timeout") if before is Phase.STRANGER else quiet]
            case Displaced():
                return [Unregister(), Detach(), Send("verto.punt", {}), Close(1000, "")]
            case Gone():
                return [] if before is Phase.STRANGER else [Unregister(), Detach()]
            case _:
                assert_never(event)
