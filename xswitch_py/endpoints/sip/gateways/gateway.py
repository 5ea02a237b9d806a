"""The states of one gateway: is it known where it is, does it answer, are we registered.

Time comes in as a number and chance as another; what must be done comes out, in order.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, assert_never

from xswitch_py.endpoints.sip.gateways import registering
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig
from xswitch_py.endpoints.sip.gateways.registering import Registration, State
from xswitch_py.pysip.login import Login
from xswitch_py.pysip.message import Response
from xswitch_py.pysip.transaction import Failure

__all__ = [
    "MISSES",
    "Alarm",
    "Arm",
    "Asking",
    "Disarm",
    "Effect",
    "Event",
    "Found",
    "Gateway",
    "Heard",
    "Leave",
    "Left",
    "Lost",
    "Ping",
    "Register",
    "Send",
    "Told",
    "Unregister",
    "Unresolved",
]

MISSES: Final = 3  # OPTIONS without a good answer, one after the other, until a gateway is down


class Asking(Enum):
    """What we ask a gateway; there is a timer for each."""

    REGISTER = "REGISTER"
    OPTIONS = "OPTIONS"


# What happens to a gateway...


@dataclass(frozen=True, slots=True)
class Found:
    """Its addresses are known, perhaps anew."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Its name stands for no address, or not any more."""

    text: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """A timer has run down."""

    what: Asking


@dataclass(frozen=True, slots=True)
class Heard:
    """All addresses were asked as far as needed, and this is what came of it."""

    what: Asking
    answer: Response | Failure


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection that we registered over has ended."""


# ... or what somebody wants of it...


@dataclass(frozen=True, slots=True)
class Register:
    """Register now."""


@dataclass(frozen=True, slots=True)
class Unregister:
    """Take the registration away until `Register`."""


@dataclass(frozen=True, slots=True)
class Ping:
    """See now whether it answers."""


@dataclass(frozen=True, slots=True)
class Leave:
    """The gateway is removed, or we end: take the registration away, then `Left`."""


Event = Found | Unresolved | Alarm | Heard | Lost | Register | Unregister | Ping | Leave


# ... and what must be done.


@dataclass(frozen=True, slots=True)
class Send:
    """Ask; a REGISTER for so many seconds."""

    what: Asking
    expires: int = 0


@dataclass(frozen=True, slots=True)
class Arm:
    """Start a timer, or start it anew."""

    what: Asking
    seconds: float


@dataclass(frozen=True, slots=True)
class Disarm:
    """Stop a timer, if it runs."""

    what: Asking


@dataclass(frozen=True, slots=True)
class Told:
    """Tell those who watch how the gateway stands now."""

    state: State
    text: str


@dataclass(frozen=True, slots=True)
class Left:
    """Nothing is to be waited for any more."""


Effect = Send | Arm | Disarm | Told | Left


@dataclass(slots=True)
class Gateway:
    """One gateway. `token` is the user of our Contact, by which its requests are known."""

    config: GatewayConfig
    token: str = ""
    since: float = 0.0  # when it came to stand as it does
    code: int = 0  # of the last answer or failure; 0: there was none
    found: bool = False  # its addresses are known
    answers: bool = True  # as far as we know
    registration: Registration = field(init=False)
    _unresolved: str = ""  # why no address is known
    _silent: str = ""  # why it is held to be gone
    _misses: int = 0
    _pinging: bool = False
    _leaving: bool = False

    def __post_init__(self) -> None:
        said = self.config
        self.token = self.token or _token(said)
        login = Login(said.auth_username or said.username, said.password)
        self.registration = Registration(self.token, login, said.expire, said.retry, said.realm)

    @property
    def state(self) -> State:
        """How it stands."""
        if self._unresolved or not self.answers:
            return State.DOWN
        return self.registration.state if self.config.register else State.NOREG

    @property
    def up(self) -> bool:
        """Whether calls go out through it."""
        return self.found and self.state in (State.NOREG, State.REGED)

    @property
    def text(self) -> str:
        """What went wrong last, for people; empty if nothing is wrong."""
        return self._unresolved or self._silent or self.registration.text

    def receive(self, event: Event, now: float, chance: float) -> list[Effect]:
        """Take one event; return what must now be done, in order. `chance` is from 0 to below 1."""
        before = self.state, self.text
        effects = self._take(event, chance)
        if before[0] is not self.state:
            self.since = now
        if before != (self.state, self.text):
            effects.append(Told(self.state, self.text))
        return effects

    def _take(self, event: Event, chance: float) -> list[Effect]:
        match event:
            case Found():
                return self._begin(chance)
            case Unresolved(text=text):
                self.found, self._unresolved = False, text
                return []
            case Heard(what=Asking.REGISTER, answer=answer):
                return self._registered(answer, chance)
            case Heard(answer=answer):
                return self._pinged(answer, chance)
            case Alarm(what=Asking.OPTIONS) | Ping():
                return self._ping()
            case Alarm() | Register():
                return self._register(chance)
            case Lost():
                return self._register(chance) if self.registration.state is State.REGED else []
            case Unregister():
                return self._do(registering.Unregister(), chance)
            case Leave():
                self._leaving = True
                return [Disarm(Asking.OPTIONS), *self._do(registering.Unregister(), chance)]
            case _:
                assert_never(event)

    def _begin(self, chance: float) -> list[Effect]:
        """Its addresses are known: what waited for them begins."""
        if self.found:
            return []
        self.found, self._unresolved = True, ""
        register = [] if self.registration.leaving else self._register(chance)
        return [*register, *(self._ping() if self.config.ping else [])]

    def _ping(self) -> list[Effect]:
        if self._pinging or self._leaving or not self.found:
            return []
        self._pinging = True
        return [Disarm(Asking.OPTIONS), Send(Asking.OPTIONS)]

    def _pinged(self, answer: Response | Failure, chance: float) -> list[Effect]:
        """An answer to our OPTIONS, or none: any but 503 and 408 is a sign of life."""
        self._pinging = False
        self.code = answer.status if isinstance(answer, Response) else answer.value
        again: list[Effect] = [Arm(Asking.OPTIONS, self.config.ping)] if self.config.ping and not self._leaving else []
        if isinstance(answer, Failure) or self.code in (408, 503):
            self._miss(answer)
            return again
        self._misses, self._silent = 0, ""
        back, self.answers = not self.answers, True
        waits = back and self.registration.state is State.FAIL_WAIT  # it need not any longer
        return [*again, *(self._register(chance) if waits else [])]

    def _miss(self, answer: Response | Failure) -> None:
        if answer is Failure.FULL:
            return  # which says nothing about the gateway
        gone = answer is Failure.TRANSPORT
        self._misses = MISSES if gone else self._misses + 1
        if self.config.ping and self._misses >= MISSES:  # who is not asked again could never be up again
            self.answers = False
            self._silent = "cannot be reached" if gone else f"no good answer to {MISSES} OPTIONS: {self.code}"

    def _register(self, chance: float) -> list[Effect]:
        able = self.config.register and self.found and not self._leaving
        return self._do(registering.Register(), chance) if able else []

    def _registered(self, answer: Response | Failure, chance: float) -> list[Effect]:
        said = registering.Answered(answer) if isinstance(answer, Response) else registering.Unanswered(answer)
        effects = self._do(said, chance)
        self.code = self.registration.code
        return effects

    def _do(self, event: registering.Event, chance: float) -> list[Effect]:
        found = [self._own(effect) for effect in self.registration.receive(event, chance)]
        return [effect for effect in found if effect is not None]

    def _own(self, effect: registering.Effect) -> Effect | None:
        match effect:
            case registering.Send(expires=expires):
                return Send(Asking.REGISTER, expires)
            case registering.Arm(seconds=seconds):
                return Arm(Asking.REGISTER, seconds)
            case registering.Disarm():
                return Disarm(Asking.REGISTER)
            case registering.Left():
                return Left() if self._leaving else None
            case _:
                assert_never(effect)


def _token(config: GatewayConfig) -> str:
    """Make the user of our Contact, which nobody can guess; with a registration it is the same after a restart."""
    if not config.password:
        return f"gw-{secrets.token_hex(8)}"
    said = f"{config.name} {config.username} {config.proxy.host}".encode()
    return "gw-" + hmac.new(config.password.encode(), said, "sha256").hexdigest()[:16]
