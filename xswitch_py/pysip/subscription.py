"""The subscription that a REFER to us implies: NOTIFYs tell how the transfer goes on (RFC 3515, RFC 6665)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from xswitch_py.pysip.dialog import Dialog, DialogState
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.headers import Via
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.refer import SIPFRAG, sipfrag
from xswitch_py.pysip.usage import Arm, Ask, Clock, Disarm, Fired, Reply

__all__ = ["Begin", "Concluded", "Done", "Lapsed", "Referral", "ReferralEvent", "ReferralState", "Told", "Went"]

LIFE: Final = 180  # seconds after the last NOTIFY
PACE: Final = 1.0  # seconds between NOTIFYs of progress


class ReferralState(Enum):
    """How far it is."""

    NEW = "new"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Begin:
    """We accept the REFER."""


@dataclass(frozen=True, slots=True)
class Went:
    """The new call had this provisional answer."""

    status: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Concluded:
    """The new call had this final answer."""

    status: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A NOTIFY was answered."""

    status: int


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A NOTIFY had no answer."""


@dataclass(frozen=True, slots=True)
class Done:
    """Forget the subscription."""


ReferralEvent = Begin | Went | Concluded | Told | Lapsed | Fired
Effect = Arm | Ask | Disarm | Reply | Done


@dataclass(slots=True)
class Referral:
    """One REFER of theirs. `via` gives a Via with a new branch; `event_id` tells later REFERs of a dialog apart."""

    refer: Request
    dialog: Dialog
    via: Callable[[], Via]
    notify: bool = True  # the sender wants to know
    event_id: str = ""
    state: ReferralState = ReferralState.NEW
    last: tuple[int, str] = (100, "")
    paced: bool = False  # a NOTIFY left a moment ago
    waiting: bool = False  # `last` is not told yet

    def receive(self, event: ReferralEvent) -> list[Effect]:
        """Take one event; return what must now be done, in order.

        Raises:
            SipError: the event cannot follow here; nothing has changed.
        """
        match self.state, event:
            case ReferralState.NEW, Begin():
                return self._begin()
            case ReferralState.NEW, _:
                raise SipError("the REFER is not accepted")
            case ReferralState.ACTIVE, Went(status=status, reason=reason):
                return self._went(status, reason)
            case ReferralState.ACTIVE, Concluded(status=status, reason=reason):
                self.last = (status, reason)
                return self._end("noresource")
            case ReferralState.ACTIVE, Told(status=status) if status in (408, 481):
                return self._forget()  # the sender is gone, which is its right
            case ReferralState.ACTIVE, Lapsed():
                return self._forget()
            case ReferralState.ACTIVE, Fired(clock=Clock.NOTIFY):
                self.paced = False
                return self._tell() if self.waiting else []
            case ReferralState.ACTIVE, Fired(clock=Clock.EXPIRE):
                return self._end("timeout")
            case _:
                return []

    def _begin(self) -> list[Effect]:
        fields = () if self.notify else (("Refer-Sub", "false"),)
        accepted = Reply(self.refer, self.dialog.response(self.refer, 202, fields=fields))
        if not self.notify:
            self.state = ReferralState.ENDED
            return [accepted, Done()]
        self.state = ReferralState.ACTIVE
        return [accepted, *self._tell()]

    def _went(self, status: int, reason: str) -> list[Effect]:
        """Tell progress, but no faster than once a second, and nothing twice."""
        if (status, reason) == self.last:
            return []
        self.last, self.waiting = (status, reason), True
        return [] if self.paced else self._tell()

    def _tell(self) -> list[Effect]:
        if self.dialog.state is DialogState.ENDED:
            return self._forget()
        self.paced, self.waiting = True, False
        return [self._notify(f"active;expires={LIFE}"), Arm(Clock.NOTIFY, PACE), Arm(Clock.EXPIRE, LIFE)]

    def _end(self, why: str) -> list[Effect]:
        said = [] if self.dialog.state is DialogState.ENDED else [self._notify(f"terminated;reason={why}")]
        return [*said, *self._forget()]

    def _notify(self, state: str) -> Ask:
        event = f"refer;id={self.event_id}" if self.event_id else "refer"
        fields = (("Event", event), ("Subscription-State", state))
        return Ask(self.dialog.request("NOTIFY", self.via(), sipfrag(*self.last), SIPFRAG, fields))

    def _forget(self) -> list[Effect]:
        self.state = ReferralState.ENDED
        return [Disarm(Clock.NOTIFY), Disarm(Clock.EXPIRE), Done()]
