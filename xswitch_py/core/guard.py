"""Who is kept out: a budget of messages for each source, waits that grow for whoever guesses, and bans.

A source is an IPv4 address or the /64 of an IPv6 address. Times are seconds of one clock that never goes back, which
the caller reads. All that is remembered is bounded: of too many sources the one longest quiet is forgotten.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeVar

__all__ = ["SCANNERS", "Ban", "Delays", "Guard", "Limits", "Offence"]

# How the User-Agent of programs begins that look for open switches.
SCANNERS: Final = (
    "friendly-scanner",
    "sipvicious",
    "sipcli",
    "sip-scan",
    "sundayddr",
    "VaxSIPUserAgent",
    "pplsip",
    "iWar",
    "Gulp",
)
_NAME: Final = 64  # characters of a user's name that are kept: whoever guesses writes what he likes

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may do. Times in seconds."""

    rate: float = 100.0  # messages a second that are read
    burst: float = 500.0  # and so many at once: an office that comes back after an outage
    ban: float = 300.0  # the first; each further one lasts twice as long
    longest: float = 86_400.0
    allowed: tuple[IPv4Network | IPv6Network, ...] = ()  # nothing of this is for them
    scanners: tuple[str, ...] = SCANNERS


class Offence(Enum):
    """What is counted; a ban says for which it is."""

    DIGEST = "digest"  # a wrong password, or a user who does not exist, in a digest
    LOGIN = "login"  # the same in a login with the password itself
    MALFORMED = "malformed"  # what cannot be read
    STRANGER = "unknown-user"  # a user who does not exist: each name counts once


@dataclass(frozen=True, slots=True)
class _Rule:
    most: int  # with so many there is a ban
    window: float  # seconds in which they come
    guess: bool = False  # of a password: who goes on must wait, before there is a ban
    forgiven: bool = True  # by a right digest


_RULES: Final = {
    Offence.DIGEST: _Rule(10, 300.0, guess=True),
    Offence.LOGIN: _Rule(100, 600.0, guess=True, forgiven=False),  # an office behind one address mistypes too
    Offence.MALFORMED: _Rule(20, 60.0),
    Offence.STRANGER: _Rule(5, 60.0),
}


@dataclass(frozen=True, slots=True)
class Ban:
    """A source that is not heard."""

    source: str
    reason: str
    count: int  # of offences that led to it
    since: float
    until: float

    @property
    def line(self) -> str:
        """What the log says of it, in a form that does not change: other programs read it."""
        return f"sip-guard ban ip={self.source} reason={self.reason} count={self.count}"


@dataclass(slots=True)
class _Failures:
    count: int = 0
    at: float = 0.0  # of the last one
    until: float = 0.0  # no try before this


class Delays:
    """Slows down whoever guesses: after some failures each further one doubles the wait, up to a minute."""

    LONGEST = 60.0  # seconds
    FORGET = 600.0  # seconds without a failure after which all is forgiven
    KNOWN = 10_000  # guessers remembered

    def __init__(self, free: int = 5) -> None:
        """`free` failures cost nothing: people mistype."""
        self._free = free
        self._guessers: OrderedDict[tuple[str, ...], _Failures] = OrderedDict()

    def refuses(self, who: tuple[str, ...], now: float) -> bool:
        """Say whether this one must wait; a refused try is not checked at all."""
        known = self._guessers.get(who)
        return known is not None and now < known.until

    def failed(self, who: tuple[str, ...], now: float) -> None:
        """Count a failure."""
        known = self._guessers.setdefault(who, _Failures())
        self._guessers.move_to_end(who)
        known.count = 1 if now - known.at > self.FORGET else known.count + 1
        known.at = now
        if known.count > self._free:
            known.until = now + min(self.LONGEST, 2.0 ** min(known.count - self._free - 1, 10))
        _fit(self._guessers, self.KNOWN)

    def passed(self, who: tuple[str, ...]) -> None:
        """Forget the failures of who got it right."""
        self._guessers.pop(who, None)

    def forgive(self, source: str) -> None:
        """Forget the failures of all who came from a source."""
        for who in [who for who in self._guessers if who[0] == source]:
            del self._guessers[who]


@dataclass(slots=True)
class _Source:
    tokens: float  # messages that may come now
    at: float  # when that was counted
    allowed: bool
    marks: dict[Offence, list[tuple[float, str]]] = field(default_factory=dict)  # when, and with which user

    def mark(self, offence: Offence, user: str, now: float) -> int:
        """Note an offence; returns how many there are in its window."""
        rule, once = _RULES[offence], offence is Offence.STRANGER
        marks = self.marks.get(offence, ())
        recent = [(at, name) for at, name in marks if now - at < rule.window and not (once and name == user)]
        self.marks[offence] = [*recent, (now, user)]
        return len(recent) + 1


class Guard:
    """The one list of who is kept out, for all doors."""

    KNOWN = 50_000  # sources remembered, and so many bans and settled users

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._scanners = tuple([name.lower() for name in self.limits.scanners])
        self._delays = Delays()
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._bans: OrderedDict[str, Ban] = OrderedDict()  # also those that are over, for the length of the next
        self._settled: OrderedDict[tuple[str, ...], float] = OrderedDict()  # source, or source and user: until when

    def admits(self, host: str, now: float) -> bool:
        """Say whether a message from this address shall be read at all, and count it.

        Over the rate that message alone is dropped: there is no ban for it.
        """
        source = _source(host)
        if self._banned(source, now):
            return False
        known = self._know(source, now)
        if known.allowed:
            return True
        tokens = min(self.limits.burst, known.tokens + (now - known.at) * self.limits.rate)
        known.tokens, known.at = (tokens - 1, now) if tokens >= 1 else (tokens, now)
        return tokens >= 1

    def is_scanner(self, agent: str) -> bool:
        """Say whether this is the User-Agent of a program that looks for open switches: its requests are dropped."""
        return agent.lower().startswith(self._scanners)

    def refuses(self, host: str, user: str, now: float) -> bool:
        """Say whether a password from there is not even to be checked: the address is banned, or has to wait."""
        source = _source(host)
        return self._banned(source, now) or self._delays.refuses((source, user[:_NAME]), now)

    def failed(self, offence: Offence, host: str, now: float, user: str = "", *, forgeable: bool = False) -> Ban | None:
        """Count an offence; returns the ban that follows from it, which the caller logs with its `line`.

        `forgeable`: the address was not proven by a connection. Then nobody who has settled there suffers for it.
        """
        source, user = _source(host), user[:_NAME]
        known, rule = self._know(source, now), _RULES[offence]
        if known.allowed:
            return None
        if rule.guess and not (forgeable and self._is_settled((source, user), now)):
            self._delays.failed((source, user), now)
        if forgeable and self._is_settled((source,), now):
            return None
        count = known.mark(offence, user, now)
        return self._ban(source, offence, count, now) if count >= rule.most else None

    def passed(self, host: str, user: str) -> None:
        """A user has proven to be who he says: what his address did before is forgotten."""
        source = _source(host)
        self._delays.passed((source, user[:_NAME]))
        self._bans.pop(source, None)
        if (known := self._sources.get(source)) is not None:
            known.tokens = self.limits.burst
            known.marks = {offence: marks for offence, marks in known.marks.items() if not _RULES[offence].forgiven}

    def settled(self, host: str, user: str, until: float) -> None:
        """A user who has proven himself can be reached at this address until then."""
        source = _source(host)
        for who in ((source,), (source, user[:_NAME])):
            self._settled[who] = max(until, self._settled.get(who, until))
            self._settled.move_to_end(who)
        _fit(self._settled, 2 * self.KNOWN)

    def bans(self, now: float) -> tuple[Ban, ...]:
        """List who is banned now, the longest banned first."""
        return tuple([ban for ban in self._bans.values() if now < ban.until])

    def block(self, source: str, seconds: float, reason: str, now: float) -> Ban:
        """Ban an address for so long since somebody said so, whatever it did; in place of a ban that it has.

        `source` may be the source of a ban. Those who are always allowed can be banned in no other way.
        """
        source = _source(source)
        self._bans.pop(source, None)
        self._bans[source] = ban = Ban(source, reason, 0, now, now + seconds)
        _fit(self._bans, self.KNOWN)
        return ban

    def unban(self, host: str, now: float) -> bool:
        """Forget all that was counted of an address, or of the source of a ban; false if it is not banned."""
        source = _source(host)
        was = self._banned(source, now)
        self._bans.pop(source, None)
        self._sources.pop(source, None)
        self._delays.forgive(source)
        return was

    def _ban(self, source: str, offence: Offence, count: int, now: float) -> Ban:
        before, limits = self._bans.pop(source, None), self.limits
        seconds = limits.ban
        if before is not None and now - before.until < limits.longest:
            seconds = min(limits.longest, 2 * (before.until - before.since))
        self._bans[source] = ban = Ban(source, offence.value, count, now, now + seconds)
        self._sources.pop(source, None)  # it starts anew when it is over
        _fit(self._bans, self.KNOWN)
        return ban

    def _banned(self, source: str, now: float) -> bool:
        ban = self._bans.get(source)
        return ban is not None and now < ban.until

    def _is_settled(self, who: tuple[str, ...], now: float) -> bool:
        return now < self._settled.get(who, now)

    def _know(self, source: str, now: float) -> _Source:
        known = self._sources.get(source)
        if known is None:
            known = self._sources[source] = _Source(self.limits.burst, now, self._allows(source))
            _fit(self._sources, self.KNOWN)
        else:
            self._sources.move_to_end(source)
        return known

    def _allows(self, source: str) -> bool:
        try:
            address = ip_address(source.partition("/")[0])
        except ValueError:
            return False
        return any(address.version == network.version and address in network for network in self.limits.allowed)


def _source(host: str) -> str:
    """Give what an address is counted under."""
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host)
    except ValueError:
        return host  # a network as in a ban, or what a proxy made up
    mapped = address.ipv4_mapped
    return f"{IPv6Address(int(address) >> 64 << 64)}/64" if mapped is None else str(mapped)


def _fit(known: "OrderedDict[K, V]", most: int) -> None:
    while len(known) > most:
        known.popitem(last=False)
