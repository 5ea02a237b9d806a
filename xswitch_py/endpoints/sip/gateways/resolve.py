"""From the name of a SIP server to the addresses to try, in order (RFC 3263)."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from dns.asyncresolver import Resolver as Dns
from dns.exception import DNSException
from dns.nameserver import Do53Nameserver
from dns.resolver import NXDOMAIN, NoResolverConfiguration

from xswitch_py.endpoints.sip.flow import HostPort

__all__ = ["AVOIDED", "Found", "Resolver", "Service", "Spot", "Target", "Unresolved", "ordered", "shuffled", "usable"]

log = structlog.get_logger("xswitch.sip")

T = TypeVar("T")
Spot = tuple[str, HostPort]  # a transport, an address and a port

AVOIDED: Final = 32.0  # seconds that a target which failed is not tried, unless it says for how long (section 4.3)
_LEAST, _MOST = 30.0, 3600.0  # seconds that an answer is kept, whatever its time to live
_PATIENCE: Final = 5.0  # seconds for one question
_RECORDS: Final = 16  # SRV records, and addresses of a name, that are looked at
_CACHED: Final = 1000
_PREFIXES: Final = {"UDP": "_sip._udp", "TCP": "_sip._tcp", "TLS": "_sips._tcp"}
_NAPTR: Final = {"SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS"}


class Unresolved(ConnectionError):
    """A name stands for no address. The text is for the operator."""


class _Silent(Unresolved):
    """The name servers do not answer, or not with an answer: what was known before may still be true."""


@dataclass(frozen=True, slots=True)
class Target:
    """One address to try."""

    transport: str  # `UDP`, `TCP` or `TLS`
    host: str  # an IP address
    port: int
    name: str  # that was asked for, which the certificate must be for (RFC 5922 section 7.2)

    @property
    def spot(self) -> Spot:
        """What other names may share with this one."""
        return self.transport, (self.host, self.port)


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record with the addresses of its host, or the one host there is."""

    targets: tuple[Target, ...]
    priority: int = 0
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """All that a name stands for."""

    services: tuple[Service, ...]
    seconds: float = float("inf")  # that it may be relied on

    @property
    def hosts(self) -> frozenset[str]:
        """The IP addresses."""
        return frozenset(target.host for service in self.services for target in service.targets)


def ordered(found: Found, chance: Callable[[], float]) -> list[Target]:
    """Give the targets in the order to try: by priority, and among equals by lot (RFC 2782).

    `chance` gives numbers from 0 to below 1.
    """
    drawn = shuffled([(service, service.weight) for service in found.services], chance)
    drawn.sort(key=lambda service: service.priority)  # keeps what the lot said of equals
    return list(dict.fromkeys(target for service in drawn for target in service.targets))


def shuffled(items: Iterable[tuple[T, int]], chance: Callable[[], float]) -> list[T]:
    """Draw items with their weights one after the other; those that weigh nothing come last."""
    # The greatest of u ** (1 / weight) comes first as often as its part of all weights (Efraimidis and Spirakis).
    keyed = [(chance() ** (1 / weight) if weight else chance() - 1, item) for item, weight in items]
    return [item for _, item in sorted(keyed, key=lambda pair: -pair[0])]


def usable(targets: Iterable[Target], avoided: Mapping[Spot, float], now: float) -> list[Target]:
    """Leave out the targets that shall be avoided until a time that has not come."""
    return [target for target in targets if avoided.get(target.spot, now) <= now]


class Resolver:
    """Asks name servers, and keeps what they say for as long as it may be kept.

    Without `nameservers` those of the system are asked. `hosts` is a file of names that need no name server.
    """

    def __init__(
        self,
        nameservers: Sequence[HostPort] = (),
        hosts: Path = Path("/etc/hosts"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dns = _dns(nameservers)
        self._hosts = hosts
        self._clock = clock
        self._cache: dict[tuple[str, int | None, str], tuple[float, Found]] = {}

    async def resolve(self, host: str, port: int | None = None, transport: str = "UDP") -> Found:
        """Find what a name stands for. Without a transport the DNS says which (NAPTR, then SRV), or else it is UDP.

        Raises:
            Unresolved: nothing.
        """
        if _is_ip(host):
            return Found((Service((_target(host, port, transport, host),)),))
        key = host.lower().rstrip("."), port, transport
        if key[0].rpartition(".")[2] == "invalid":  # RFC 2606: such a name never stands for anything
            raise Unresolved(f"{host} is no name")
        until, found = self._cache.get(key, (0.0, None))
        if found is None or until <= self._clock():
            found, until = await self._renew(key, found)
        return replace(found, seconds=max(until - self._clock(), 1.0))

    async def _renew(self, key: tuple[str, int | None, str], known: Found | None) -> tuple[Found, float]:
        try:
            found = await self._find(*key)
        except _Silent as silent:
            if known is None:
                raise
            log.warning("name servers silent", name=key[0], why=str(silent), then="what is known is used on")
            found = replace(known, seconds=_LEAST)
        except Unresolved:
            self._cache.pop(key, None)
            raise
        self._cache.pop(key, None)
        while len(self._cache) >= _CACHED:
            del self._cache[next(iter(self._cache))]
        until = self._clock() + min(max(found.seconds, _LEAST), _MOST)
        self._cache[key] = until, found
        return found, until

    async def _find(self, host: str, port: int | None, transport: str) -> Found:
        if port is None:
            for way, name in await self._names(host, transport):
                if (found := await self._services(way, name, host)) is not None:
                    return found
        hosts, seconds = await self._addresses(host)
        if not hosts:
            raise Unresolved(f"{host} has no address")
        return Found((Service(tuple(_target(each, port, transport, host) for each in hosts)),), seconds)

    async def _names(self, host: str, transport: str) -> list[tuple[str, str]]:
        """Give the names to ask for SRV records, each with its transport, in order (section 4.1)."""
        if transport:
            return [(transport, f"{_PREFIXES[transport]}.{host}")]
        records, _ = await self._ask(host, "NAPTR")
        told = [
            (_NAPTR[service], str(record.replacement))
            for record in sorted(records, key=lambda each: (each.order, each.preference))
            if (service := record.service.decode("ascii", "replace").upper()) in _NAPTR and record.flags.lower() == b"s"
        ]
        return told or [(way, f"{prefix}.{host}") for way, prefix in _PREFIXES.items()]

    async def _services(self, transport: str, name: str, host: str) -> Found | None:
        """Look at the SRV records of a name; nothing if there are none (section 4.2)."""
        records, seconds = await self._ask(name, "SRV")
        if not records:
            return None
        records = sorted(records, key=lambda each: each.priority)[:_RECORDS]
        known = await asyncio.gather(*(self._addresses(str(each.target)) for each in records), return_exceptions=True)
        services: list[Service] = []
        for record, addresses in zip(records, known, strict=True):
            if isinstance(addresses, BaseException):
                log.warning("not resolved", name=str(record.target), why=str(addresses))
                continue
            targets = tuple(Target(transport, each, record.port, host) for each in addresses[0])
            services.append(Service(targets, record.priority, record.weight))
            seconds = min(seconds, addresses[1])
        if not any(service.targets for service in services):
            silent = any(isinstance(each, _Silent) for each in known)
            raise (_Silent if silent else Unresolved)(f"{host} has SRV records, but their hosts have no address")
        return Found(tuple(services), seconds)

    async def _addresses(self, name: str) -> tuple[list[str], float]:
        """Find the addresses of a host; it may have none. The second is for how many seconds."""
        if told := _from_hosts(self._hosts, name):
            return told, _LEAST
        answers = await asyncio.gather(self._ask(name, "A"), self._ask(name, "AAAA"), return_exceptions=True)
        good = [answer for answer in answers if not isinstance(answer, BaseException)]
        hosts = [str(record.address) for records, _ in good for record in records[:_RECORDS]]
        if not hosts:
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer
        return hosts, min((seconds for records, seconds in good if records), default=_LEAST)

    async def _ask(self, name: str, kind: str) -> tuple[list[Any], float]:
        """Ask for the records of a name; there may be none. The second is their time to live in seconds."""
        try:
            answer = await self._dns.resolve(name, kind, raise_on_no_answer=False, lifetime=_PATIENCE, search=False)
        except NXDOMAIN:
            return [], _LEAST
        except (DNSException, OSError, ValueError) as error:
            raise _Silent(f"no answer for {kind} of {name}: {type(error).__name__}") from None
        return list(answer.rrset or ()), answer.chaining_result.minimum_ttl


def _dns(nameservers: Sequence[HostPort]) -> Dns:
    try:
        made = Dns(configure=not nameservers)
    except NoResolverConfiguration:
        made = Dns(configure=False)  # every question then goes unanswered
    if nameservers:
        made.nameservers = [Do53Nameserver(host, port) for host, port in nameservers]
    return made


def _target(host: str, port: int | None, transport: str, name: str) -> Target:
    transport = transport or "UDP"
    return Target(transport, host, port or (5061 if transport == "TLS" else 5060), name)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _from_hosts(path: Path, name: str) -> list[str]:
    """Look a name up in a hosts file; IPv4 comes first."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    wanted = name.lower().rstrip(".")
    words = [line.partition("#")[0].split() for line in lines]
    told = [each[0] for each in words if each and wanted in map(str.lower, each[1:]) and _is_ip(each[0])]
    return sorted(dict.fromkeys(told), key=lambda host: ":" in host)
