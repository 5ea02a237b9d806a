"""The life of our registration with a registrar: when to register, when anew, when to give up (RFC 3261 section 10.2).

There is no clock in here: what happens comes as an event, with a number by chance from 0 to below 1 that spreads the
times at which many ask; what must be done comes back, in order. At most one REGISTER is under way (section 10.2).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, assert_never

from xswitch_py.pysip.auth import challenges_in
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.headers import parse_number
from xswitch_py.pysip.login import Login
from xswitch_py.pysip.message import Response
from xswitch_py.pysip.transaction import Failure

__all__ = [
    "LONGEST",
    "Answered",
    "Arm",
    "Disarm",
    "Effect",
    "Event",
    "Left",
    "Register",
    "Registration",
    "Send",
    "State",
    "Unanswered",
    "Unregister",
    "retry_after",
]

LONGEST: Final = 900.0  # seconds between two attempts at most
_JITTER: Final = 0.25  # at most this part is added to the wait after a failure
_DOUBLINGS: Final = 16  # more of them than any wait needs to reach the longest
_CHALLENGES: Final = ("WWW-Authenticate", "Proxy-Authenticate")
_WHY: Final = {Failure.TIMEOUT: "no answer", Failure.TRANSPORT: "cannot be reached", Failure.FULL: "we are too busy"}


class State(StrEnum):
    """How a gateway stands, in the words of FreeSWITCH."""

    NOREG = "NOREG"  # it does not register
    UNREGED = "UNREGED"
    TRYING = "TRYING"
    REGED = "REGED"
    FAILED = "FAILED"  # the password is wrong
    FAIL_WAIT = "FAIL_WAIT"  # another attempt will follow
    DOWN = "DOWN"  # it does not answer, or stands for no address


# What happens...


@dataclass(frozen=True, slots=True)
class Register:
    """Register, or do so again: it is time, or somebody asks for it."""


@dataclass(frozen=True, slots=True)
class Unregister:
    """Take the registration away, and do not come back."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The REGISTER under way was answered."""

    response: Response


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The REGISTER under way was not answered."""

    why: Failure


Event = Register | Unregister | Answered | Unanswered


# ... and what must be done.


@dataclass(frozen=True, slots=True)
class Send:
    """Send a REGISTER that asks for this many seconds."""

    expires: int


@dataclass(frozen=True, slots=True)
class Arm:
    """Come with `Register` after these seconds, and not at the time said before."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Disarm:
    """Do not come."""


@dataclass(frozen=True, slots=True)
class Left:
    """The registration is taken away, or cannot be."""


Effect = Send | Arm | Disarm | Left


@dataclass(slots=True)
class Registration:
    """One account with one registrar. `token` is the user of our Contact, by which it is known among others."""

    token: str
    login: Login
    expire: int  # seconds to ask for; the registrar may raise it
    retry: float
    realm: str = ""
    state: State = State.UNREGED
    code: int = 0  # of the last answer; 0: there was none
    text: str = ""  # what went wrong last
    asked: int = 0  # seconds that the last REGISTER asked for
    waiting: bool = False  # a REGISTER is under way
    leaving: bool = False
    bound: bool = False  # the registrar may have our Contact
    _raised: bool = False
    _failures: int = field(default=0, repr=False)

    def receive(self, event: Event, chance: float) -> list[Effect]:
        """Take one event; return what must now be done, in order."""
        match event:
            case Register():
                self.leaving = False
                return [] if self.waiting else self._begin()
            case Unregister():
                self.leaving = True
                return [Disarm()] if self.waiting else [Disarm(), *self._leave()]
            case Answered(response=response):
                return self._answered(response, chance) if self.waiting and response.status >= 200 else []
            case Unanswered(why=why):
                self.code = why.value if self.waiting else self.code
                return self._fail(_WHY[why], chance) if self.waiting else []
            case _:
                assert_never(event)

    def _answered(self, response: Response, chance: float) -> list[Effect]:
        self.code = response.status
        if response.status < 300:
            self.login.accepted()
            return self._accepted(self._granted(response), chance)
        if response.status in (401, 407) and (self.asked == 0 or not self.leaving):
            return self._challenged(response, chance)
        if response.status == 423 and self.asked and not self.leaving and self._raise(response):
            return self._send(self.expire)
        return self._fail(f"{response.status} {response.reason}", chance, retry_after(response))

    def _accepted(self, granted: int, chance: float) -> list[Effect]:
        self.bound = granted > 0
        if self.leaving or not self.asked:
            self.waiting = False
            return self._leave() if self.leaving else self._begin()
        if not granted:
            return self._fail("the registrar removed our Contact", chance)
        self.waiting, self.state, self.text, self._failures = False, State.REGED, "", 0
        return [Arm(max(granted * (0.8 + 0.1 * chance), 1.0))]

    def _granted(self, response: Response) -> int:
        """Find how long our Contact is kept: other Contacts of the account have their own times (section 10.2.4)."""
        if not self.asked:
            return 0
        try:
            ours = next((each for each in response.contacts if each.uri.name == self.token), None)
        except BadMessage:
            ours = None
        said = parse_number((ours.params.get("expires") if ours else None) or "")
        said = response.expires if said is None else said
        return self.asked if said is None else min(said, self.asked)  # never later than we meant to come

    def _challenged(self, response: Response, chance: float) -> list[Effect]:
        if self.realm and not _is_of(response, self.realm):
            return self._refused(f"{response.status} for another realm", chance)
        if self.login.challenged(response):
            return self._send(self.asked)
        return self._refused(f"{response.status} {response.reason}: the password is wrong", chance)

    def _refused(self, text: str, chance: float) -> list[Effect]:
        """Take note that the password is wrong: a second try soon only gets the account locked."""
        effects = self._fail(text, chance, LONGEST)
        if self.state is State.FAIL_WAIT:
            self.state = State.FAILED
        return effects

    def _raise(self, response: Response) -> bool:
        """Ask for longer from now on, as a 423 says; not twice in one attempt."""
        least = parse_number(response.headers.get("Min-Expires") or "") or 0
        if self._raised or not self.expire < least < 2**31:
            return False
        self.expire, self._raised = least, True
        return True

    def _fail(self, text: str, chance: float, after: float = 0.0) -> list[Effect]:
        self.waiting, self.text = False, text
        if self.leaving:
            self.bound = self.bound and self.asked > 0  # a REGISTER that removes is not tried again
            return self._leave()
        if not self.asked:
            self.bound = False
            return self._begin()
        wait = min(self.retry * 2.0**self._failures, LONGEST / (1 + _JITTER)) * (1 + _JITTER * chance)
        self.state, self._failures = State.FAIL_WAIT, min(self._failures + 1, _DOUBLINGS)
        return [Arm(max(wait, min(after, LONGEST)))]

    def _begin(self) -> list[Effect]:
        self.state = State.REGED if self.state is State.REGED else State.TRYING
        self._raised = False
        self.login.accepted()  # what went wrong with the attempt before does not count
        return self._send(self.expire)

    def _leave(self) -> list[Effect]:
        self.state = State.UNREGED
        return self._send(0) if self.bound else [Left()]

    def _send(self, expires: int) -> list[Effect]:
        self.asked, self.waiting = expires, True
        return [Send(expires)]


def retry_after(response: Response) -> float:
    """Say how many seconds an answer wants us to stay away; 0 if it does not say."""
    said = (response.headers.get("Retry-After") or "").split("(")[0].split(";")[0]
    return float(parse_number(said.strip()) or 0)


def _is_of(response: Response, realm: str) -> bool:
    try:
        found = [each for name in _CHALLENGES for each in challenges_in(response.headers, name)]
    except BadMessage:
        return False
    return any(each.realm == realm for each in found)
