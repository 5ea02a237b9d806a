"""Session timers: both sides agree on an interval, one refreshes, both notice when nobody does (RFC 4028)."""

import re
from dataclasses import dataclass
from typing import Final

from xswitch_py.pysip.headers import parse_number
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.usage import Arm, Clock, Disarm, Fields, Fired, Refused

__all__ = [
    "MIN_SE",
    "Agreed",
    "Expired",
    "Policy",
    "Refresh",
    "RefreshFailed",
    "SessionTimer",
    "Stop",
    "Terms",
    "accept",
    "agreed",
    "ask",
    "raised",
    "refresh_method",
]

MIN_SE: Final = 90  # seconds: the least that section 4 allows, and what JsSIP asks for
_LONGEST: Final = 2**31 - 1
_SESSION_EXPIRES: Final = re.compile(r"([0-9]{1,10})[ \t]*(?:;.*)?", re.DOTALL)
_REFRESHER: Final = re.compile(r";[ \t]*refresher[ \t]*=[ \t]*(uac|uas)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Policy:
    """What we want, in seconds."""

    interval: int = 1800
    least: int = MIN_SE


@dataclass(frozen=True, slots=True)
class Terms:
    """What both agreed on: who refreshes within how many seconds."""

    interval: int
    we_refresh: bool


def ask(policy: Policy, refresher: str = "uac") -> Fields:
    """The fields of a request of ours that begins or refreshes a session (section 7.1). `Supported` is the sender's.

    `refresher` names the side of *this* request: "uac" is we.
    """
    return (("Session-Expires", f"{policy.interval};refresher={refresher}"), ("Min-SE", str(policy.least)))


def raised(policy: Policy, response: Response) -> Policy | None:
    """The policy to try again with after a 422, once; nothing if it asks for no more than we gave (section 7.3)."""
    least = _min_se(response)
    if response.status != 422 or least is None or not policy.least < least <= _LONGEST:
        return None
    return Policy(max(policy.interval, least), least)


def agreed(response: Response) -> Terms | None:
    """What a 2xx to our request says (section 7.2); nothing if the peer wants no session timer."""
    interval, refresher = _session_expires(response)
    return None if interval is None else Terms(max(interval, MIN_SE), refresher != "uas")


def accept(request: Request, policy: Policy) -> tuple[Terms, Fields]:
    """What to agree to when they invite or refresh, and the fields of our 2xx that say so (section 9).

    A peer that knows nothing of timers is refreshed by us.

    Raises:
        Refused: 422, the interval is too small for us.
    """
    interval, refresher = _session_expires(request)
    knows = "timer" in map(str.lower, request.tokens("Supported") | request.tokens("Require"))
    if interval is not None and interval < policy.least and knows:
        raise Refused(422, "", (("Min-SE", str(policy.least)),))
    least = max(policy.least, _min_se(request) or 0)
    chosen = min(interval or _LONGEST, max(policy.interval, least))  # what they ask for may only be lowered
    terms = Terms(max(chosen, policy.least), not (knows and refresher != "uas"))
    told = ("Session-Expires", f"{terms.interval};refresher={'uas' if terms.we_refresh else 'uac'}")
    return terms, (told,) if terms.we_refresh else (("Require", "timer"), told)


def refresh_method(allow: frozenset[str]) -> str:
    """What to refresh with, by the peer's Allow: an UPDATE without SDP, or an INVITE with the SDP unchanged."""
    return "UPDATE" if "UPDATE" in allow else "INVITE"


@dataclass(frozen=True, slots=True)
class Stop:
    """The call is over."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """A 2xx to an INVITE or UPDATE left or came; `terms` are none when the timer is off."""

    terms: Terms | None


@dataclass(frozen=True, slots=True)
class RefreshFailed:
    """Our refresh was refused, in a way that leaves the call."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Send a refresh."""


@dataclass(frozen=True, slots=True)
class Expired:
    """End the call: nobody refreshed it."""


@dataclass(slots=True)
class SessionTimer:
    """The session timer of one dialog."""

    terms: Terms | None = None

    def receive(self, event: Agreed | RefreshFailed | Stop | Fired) -> list[Arm | Disarm | Refresh | Expired]:
        """Take one event; return what must now be done, in order."""
        match event:
            case Agreed(terms=terms):
                stop = self._stop()
                self.terms = terms
                return [*stop, *self._start(terms)] if terms else stop
            case RefreshFailed() if self.terms and self.terms.we_refresh:
                return [Arm(Clock.REFRESH, self.terms.interval / 8)]  # several tries before it expires
            case Stop():
                return self._stop()
            case Fired(clock=Clock.REFRESH) if self.terms:
                return [Refresh()]
            case Fired(clock=Clock.EXPIRE) if self.terms:
                return [*self._stop(), Expired()]
            case _:
                return []

    def _start(self, terms: Terms) -> list[Arm | Disarm | Refresh | Expired]:
        """Refresh at half time; give up shortly before the end, so that both do not do it at once (section 10)."""
        expire = Arm(Clock.EXPIRE, terms.interval - min(32, terms.interval / 3))
        return [Arm(Clock.REFRESH, terms.interval / 2), expire] if terms.we_refresh else [expire]

    def _stop(self) -> list[Arm | Disarm | Refresh | Expired]:
        terms, self.terms = self.terms, None
        if terms is None:
            return []
        return [*([Disarm(Clock.REFRESH)] if terms.we_refresh else []), Disarm(Clock.EXPIRE)]


def _min_se(message: Request | Response) -> int | None:
    return parse_number((message.headers.get("Min-SE") or "").partition(";")[0].strip())


def _session_expires(message: Request | Response) -> tuple[int | None, str]:
    """Interval in seconds and refresher, "uac", "uas" or nothing."""
    text = message.headers.get("Session-Expires") or ""
    match = _SESSION_EXPIRES.fullmatch(text)
    if match is None or not 0 < int(match[1]) <= _LONGEST:
        return None, ""
    refresher = _REFRESHER.search(text)
    return int(match[1]), refresher[1].lower() if refresher else ""
