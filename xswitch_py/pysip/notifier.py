"""The side of a subscription that tells: a SUBSCRIBE of theirs is accepted, NOTIFYs follow (RFC 6665 section 4.2).

Times are seconds on a clock that the caller reads. A NOTIFY leaves only when the one before it is answered, and no
sooner than `pace` after it; what changes meanwhile is told once, as it is then.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from xswitch_py.pysip.dialog import Dialog
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.headers import Via
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.subscription import Done, Lapsed, Told
from xswitch_py.pysip.usage import Arm, Ask, Clock, Disarm, Fired, Refused, Reply

__all__ = [
    "Changed",
    "Document",
    "Done",
    "Lapsed",
    "Notifier",
    "NotifierEvent",
    "NotifierState",
    "Subscribed",
    "Told",
    "Withdrawn",
]

PACE: Final = 1.0  # seconds between NOTIFYs

# Answers to a NOTIFY after which there is nobody to tell (RFC 6665 section 4.2.2, RFC 5057 section 5).
_GONE: Final = frozenset({404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 502, 604})


class Document(Protocol):
    """What is told: a state of what is watched. Equal documents say the same."""

    def write(self, version: int) -> bytes:
        """Make the body; `version` counts the NOTIFYs of a subscription from 0."""


class NotifierState(Enum):
    """How far it is."""

    NEW = "new"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Subscribed:
    """They ask for `expires` more seconds, from now; 0 ends it, after one last NOTIFY."""

    request: Request
    expires: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What is watched is otherwise now."""

    document: Document


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """We end it: `why` is the reason and its parameters, such as "noresource" (RFC 6665 section 4.1.3)."""

    why: str


NotifierEvent = Subscribed | Changed | Withdrawn | Told | Lapsed | Fired
Effect = Arm | Ask | Disarm | Done | Reply


@dataclass(slots=True)
class Notifier:
    """One subscription of theirs. `via` gives a Via with a new branch; the dialog is the SUBSCRIBE's, and confirmed."""

    dialog: Dialog
    event: str  # the Event of our NOTIFYs: the package, and the id if they gave one
    content_type: str
    document: Document  # as it is now
    via: Callable[[], Via]
    pace: float = PACE
    state: NotifierState = NotifierState.NEW
    until: float = 0.0
    version: int = 0
    told: Document | None = None  # what they know; nothing if they want to hear it again
    paced: bool = False  # a NOTIFY left a moment ago
    asked: bool = False  # a NOTIFY is not answered yet

    def receive(self, event: NotifierEvent, now: float) -> list[Effect]:
        """Take one event; return what must now be done, in order.

        Raises:
            Refused: the SUBSCRIBE is late, came twice, or the subscription is over; nothing has changed.
            SipError: the event cannot follow here; nothing has changed.
        """
        match self.state, event:
            case NotifierState.NEW, Subscribed(request=request, expires=expires):
                return self._accept(request, expires, now)
            case NotifierState.NEW, _:
                raise SipError("there is no subscription yet")
            case NotifierState.ACTIVE, Subscribed(request=request, expires=expires):
                self.dialog.check(request)
                self._retarget(request)
                return self._accept(request, expires, now)
            case NotifierState.ENDED, Subscribed():
                raise Refused(481)
            case NotifierState.ACTIVE, Changed(document=document):
                self.document = document
                return self._tell(now)
            case NotifierState.ACTIVE, Fired(clock=Clock.NOTIFY):
                self.paced = False
                return self._tell(now)
            case NotifierState.ACTIVE, Told(status=status) if status not in _GONE:
                self.asked = False
                return self._tell(now)
            case NotifierState.ACTIVE, Told() | Lapsed():
                return self._forget()
            case NotifierState.ACTIVE, Fired(clock=Clock.EXPIRE):
                return self._end("timeout")
            case NotifierState.ACTIVE, Withdrawn(why=why):
                return self._end(why)
            case _:
                return []

    def _accept(self, request: Request, expires: int, now: float) -> list[Effect]:
        """Section 4.2.1.2: every SUBSCRIBE that is accepted is followed by a NOTIFY of the whole state."""
        self.state, self.until, self.told = NotifierState.ACTIVE, now + expires, None
        accepted = Reply(request, self.dialog.response(request, 200, fields=(("Expires", str(expires)),)))
        if not expires:
            return [accepted, *self._end("timeout")]
        return [accepted, Arm(Clock.EXPIRE, expires), *self._tell(now)]

    def _retarget(self, request: Request) -> None:
        """Take the new Contact of a refresh (section 4.4.1)."""
        if request.contacts and request.contacts[0].uri.scheme in ("sip", "sips"):
            self.dialog.target = request.contacts[0].uri

    def _tell(self, now: float) -> list[Effect]:
        if self.paced or self.asked or self.document == self.told:
            return []
        self.paced = self.asked = True
        left = max(1, math.ceil(round(self.until - now, 3)))
        return [Arm(Clock.NOTIFY, self.pace), self._notify(f"active;expires={left}")]

    def _end(self, why: str) -> list[Effect]:
        return [self._notify(f"terminated;reason={why}"), *self._forget()]

    def _notify(self, state: str) -> Ask:
        body = self.document.write(self.version)
        self.told = self.document
        self.version += 1
        fields = (("Event", self.event), ("Subscription-State", state))
        return Ask(self.dialog.request("NOTIFY", self.via(), body, self.content_type, fields))

    def _forget(self) -> list[Effect]:
        self.state = NotifierState.ENDED
        self.dialog.end()
        return [Disarm(Clock.NOTIFY), Disarm(Clock.EXPIRE), Done()]
