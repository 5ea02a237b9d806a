"""How much one source and one asker may ask for: buckets of tokens that fill up again; who has none left waits."""

from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Final

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code

__all__ = ["Budgets", "Rate", "source"]

KNOWN: Final = 20_000  # buckets; the one longest untouched is forgotten, and so full again


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a bucket fills, and how much it holds. A plain request costs 1."""

    rate: float  # a second
    burst: float


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class Budgets:
    """What is left to whom. Times are seconds of a clock that never goes back, which the caller reads."""

    host: Rate = Rate(3000.0, 6000.0)
    asker: Rate = Rate(2000.0, 4000.0)
    failure: float = 60.0  # what it costs a source not to be known, beside the request
    login: float = 60.0  # what a try with a password costs it: each takes some 20 ms of a core
    _buckets: OrderedDict[tuple[str, str], _Bucket] = field(default_factory=OrderedDict, repr=False)

    def spend_host(self, host: str, now: float, cost: float = 1.0) -> None:
        """Let a source pay for a request.

        Raises:
            Refused: it cannot (TOO_MANY).
        """
        self._spend(("host", source(host)), self.host, now, cost)

    def spend_asker(self, name: str, now: float, cost: float = 1.0) -> None:
        """Let a user or key pay; raises as above."""
        self._spend(("asker", name), self.asker, now, cost)

    def fail(self, host: str, now: float) -> None:
        """Let a source pay for not being who it says; it may come to owe something."""
        bucket = self._bucket(("host", source(host)), self.host, now)
        bucket.tokens = max(bucket.tokens - self.failure, -self.host.burst)

    @property
    def known(self) -> int:
        """How many buckets there are."""
        return len(self._buckets)

    def _spend(self, who: tuple[str, str], rate: Rate, now: float, cost: float) -> None:
        bucket, cost = self._bucket(who, rate, now), min(cost, rate.burst)  # or what is dear could never be had
        if bucket.tokens < cost:
            raise Refused(Code.TOO_MANY, "slow down", retry_after=(cost - bucket.tokens) / rate.rate)
        bucket.tokens -= cost

    def _bucket(self, who: tuple[str, str], rate: Rate, now: float) -> _Bucket:
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = _Bucket(rate.burst, now)
            if len(self._buckets) > KNOWN:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(who)
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.at) * rate.rate)
        bucket.at = now
        return bucket


def source(host: str) -> str:
    """Give what an address is counted under: an IPv6 network of 64 bits is one source."""
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    return str(address.ipv4_mapped or address.packed[:8].hex())
