"""Where the users of phones are: their bindings, the flows these came on, and when they end."""

import asyncio
import heapq
import math
import operator
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol, cast

import structlog

from xswitch_py.base.address import Address
from xswitch_py.base.contact import KeptContact
from xswitch_py.core.guard import Guard
from xswitch_py.core.registry import Contact, Registry
from xswitch_py.endpoints.sip.flow import SECURE, Flow
from xswitch_py.endpoints.sip.settings import Settings, contains
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.headers import parse_address
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.registrar import Arrival, Binding, live, register, without_flow
from xswitch_py.pysip.uri import Uri, same
from xswitch_py.pysip.usage import Fields

__all__ = ["Keeper", "Location", "Moved", "flow_of"]

log = structlog.get_logger("xswitch.sip")

Moved = Callable[[Address, Binding, Flow], None]  # a device of a user is reached through a flow that is new to it

_DOOR: Final = "sip"
_SOCKETS: Final = frozenset({"WS", "WSS"})
_KEPT: Final = "UDP"  # the transport whose flows survive a restart


class Keeper(Protocol):
    """What the location needs of the store. Only `load` waits."""

    def keep(self, contact: KeptContact) -> None:
        """Write a contact soon, in place of one of the same key."""

    def drop(self, key: str) -> None:
        """Remove a contact soon."""

    async def load(self, now: float) -> list[KeptContact]:
        """Return those that have not expired."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """What the registry calls a contact: a URI that was registered, or a device with all its flows (RFC 5626)."""

    key: str
    bindings: tuple[Binding, ...]  # the one registered last at the end


class Location:
    """The bindings of all users. What the registry has under `key` is found again by `binding`."""

    def __init__(
        self,
        registry: Registry,
        guard: Guard,
        settings: Settings,
        keeper: Keeper | None = None,
        moved: Moved = lambda user, binding, flow: None,
    ) -> None:
        self._registry = registry
        self._guard = guard
        self._settings = settings
        self._keeper = keeper
        self._moved = moved
        rules = settings.registrations
        self._rules = rules
        self._socket_rules = replace(rules, most=min(rules.most, settings.longest_on_socket))
        self._places: dict[Address, tuple[_Place, ...]] = {}
        self._owners: dict[str, Address] = {}  # by key
        self._flows: dict[Flow, set[Address]] = {}  # who has bindings there
        self._clock = _Clock(self._expire)

    def __len__(self) -> int:
        return sum([len(place.bindings) for places in self._places.values() for place in places])

    def register(self, request: Request, flow: Flow, user: Address, is_ours: Callable[[Uri], bool]) -> Fields:
        """Carry out the REGISTER of a user, all of it or nothing; returns the fields of the 200.

        Raises:
            Refused: the answer it deserves.
            BadMessage: a Contact or a Path cannot be read.
        """
        now, host, transport = time.time(), flow.remote[0], flow.transport
        trusted = bool(self._settings.proxies) and contains(self._settings.proxies, host)
        arrival = Arrival(flow, host, transport, transport in SECURE, trusted)
        rules = self._socket_rules if transport in _SOCKETS else self._rules
        done = register(request, self._all(user), arrival, now, rules, is_ours)
        for binding in done.added:
            log.info("registered", user=str(user), contact=str(binding.contact.uri), host=host, transport=transport)
        for binding in done.removed:
            log.info("unregistered", user=str(user), contact=str(binding.contact.uri))
        for place, old in self._put(user, done.bindings):
            self._settle(user, place, now)
            for binding in _moved(place, old):
                self._moved(user, binding, flow_of(binding))
        return done.fields

    def has(self, flow: Flow) -> bool:
        """Say whether somebody is reached through a flow."""
        return flow in self._flows

    def of(self, user: Address) -> tuple[Binding, ...]:
        """List the bindings of a user."""
        return live(self._all(user), time.time())

    def binding(self, key: str) -> Binding | None:
        """Find what a contact in the registry stands for; of several flows of a device the one registered last."""
        place = self._place(key)
        found = live(place.bindings, time.time()) if place is not None else ()
        alive = [binding for binding in found if flow_of(binding).alive]
        return (alive or found)[-1] if found else None

    def forget(self, key: str) -> bool:
        """Remove a contact, as if its phone had; false if there is none."""
        place = self._place(key)
        if place is None:
            return False
        user = self._owners[key]
        self._put(user, _bindings([each for each in self._places[user] if each is not place]))
        return True

    def forget_user(self, user: Address) -> int:
        """Remove all contacts of a user; returns how many there were."""
        count = len(self._places.get(user, ()))
        self._put(user, ())
        return count

    def lost(self, flow: Flow) -> None:
        """A connection has ended: whoever was reached through it no longer is. A UDP flow cannot end."""
        if flow.transport == _KEPT:
            return
        for user in tuple(self._flows.get(flow, ())):
            log.info("unreachable", user=str(user), host=flow.remote[0], transport=flow.transport)
            self._put(user, without_flow(self._all(user), flow))

    async def restore(self, open_flow: Callable[[str, str, int], Flow]) -> int:
        """Take up the bindings from before a restart; `open_flow` is given transport, IP address and port.

        Returns how many there are. One that cannot be used any more is passed over.
        """
        now = time.time()
        for kept in await self._keeper.load(now) if self._keeper is not None else ():
            try:
                binding = _restored(kept, open_flow(kept.transport, kept.host, kept.port))
            except (ConnectionError, SipError) as error:
                log.warning("not restored", user=str(kept.user), why=str(error))
                continue
            for place, _ in self._put(kept.user, (*self._all(kept.user), binding), kept.key):
                self._settle(kept.user, place, now)
        return len(self)

    def close(self) -> None:
        """Let no timer run any more; bindings stay."""
        self._clock.stop()

    def _all(self, user: Address) -> tuple[Binding, ...]:
        return _bindings(self._places.get(user, ()))

    def _place(self, key: str) -> _Place | None:
        user = self._owners.get(key)
        return next((place for place in self._places[user] if place.key == key), None) if user is not None else None

    def _put(self, user: Address, bindings: tuple[Binding, ...], key: str = "") -> list[tuple[_Place, _Place | None]]:
        """Let these be the bindings of a user; returns the places that have changed, each with what it was before.

        `key` is for a place that is new.
        """
        before = self._places.pop(user, ())
        pairs = _matched(_devices(bindings), before, key)
        places = tuple([place for place, _ in pairs])
        if places:
            self._places[user] = places
        self._note_flows(user, before, places)
        keys = {place.key for place in places}
        for gone in [place for place in before if place.key not in keys]:
            self._remove(user, gone)
        changed = [(place, old) for place, old in pairs if place is not old]
        for place, old in changed:
            self._publish(user, place, old)
        return changed

    def _note_flows(self, user: Address, before: tuple[_Place, ...], after: tuple[_Place, ...]) -> None:
        had, has = (set(map(flow_of, _bindings(places))) for places in (before, after))
        for flow in has - had:
            self._flows.setdefault(flow, set()).add(user)
        for flow in had - has:
            self._flows[flow].discard(user)
            if not self._flows[flow]:
                del self._flows[flow]

    def _publish(self, user: Address, place: _Place, old: _Place | None) -> None:
        self._owners[place.key] = user
        self._registry.add(_contact(user, place))
        for binding in place.bindings:
            self._clock.add(binding.expires_at, user)
        if self._keeper is not None:
            if _is_kept(place):
                self._keeper.keep(_record(user, place))
            elif old is not None and _is_kept(old):
                self._keeper.drop(place.key)

    def _remove(self, user: Address, place: _Place) -> None:
        del self._owners[place.key]
        self._registry.remove(_contact(user, place))
        if self._keeper is not None and _is_kept(place):
            self._keeper.drop(place.key)

    def _settle(self, user: Address, place: _Place, now: float) -> None:
        """Tell the guard, whose clock is another one, who lives where."""
        for binding in place.bindings:
            self._guard.settled(binding.arrival.source, user.user, time.monotonic() + binding.expires_at - now)

    def _expire(self, user: Address) -> float | None:
        """Remove what of a user has expired; returns when to look again."""
        before = self._all(user)
        left = live(before, time.time())
        if len(left) < len(before):
            log.info("expired", user=str(user), left=len(left))
            self._put(user, left)
        return min([binding.expires_at for binding in left], default=None)


class _Clock:
    """Looks after whoever is due, by one timer for all. Times are Unix seconds."""

    def __init__(self, look: Callable[[Address], float | None]) -> None:
        """`look` says when to look after the same one again, if ever."""
        self._look = look
        self._queue: list[tuple[float, Address]] = []
        self._due: dict[Address, float] = {}  # what is in the queue and is not here was put forward
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def add(self, at: float, who: Address) -> None:
        """Look after this one at that time; earlier if that was asked for before."""
        if at >= self._due.get(who, math.inf):
            return
        self._due[who] = at
        heapq.heappush(self._queue, (at, who))
        if self._queue[0] == (at, who):
            self._wind()

    def stop(self) -> None:
        """Look after nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._queue.clear()
        self._due.clear()

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(max(0.0, self._queue[0][0] - time.time()), self._ring)

    def _ring(self) -> None:
        while self._queue and self._queue[0][0] <= time.time():
            at, who = heapq.heappop(self._queue)
            if self._due.get(who) == at:
                del self._due[who]
                if (again := self._look(who)) is not None:
                    self.add(again, who)
        if self._queue:
            self._wind()


def flow_of(binding: Binding) -> Flow:
    """Give the flow of a binding, into which the library does not look."""
    return cast(Flow, binding.arrival.flow)


def _bindings(places: Iterable[_Place]) -> tuple[Binding, ...]:
    return tuple([binding for place in places for binding in place.bindings])


def _devices(bindings: tuple[Binding, ...]) -> list[tuple[Binding, ...]]:
    """Put the flows of one device together: it is rung once, not once for each (RFC 5626 section 5.3)."""
    found: dict[str | int, list[Binding]] = {}
    for number, binding in enumerate(bindings):
        found.setdefault(binding.instance if binding.outbound else number, []).append(binding)
    return [tuple(group) for group in found.values()]


def _matched(
    groups: list[tuple[Binding, ...]], before: tuple[_Place, ...], key: str
) -> list[tuple[_Place, _Place | None]]:
    """Find the place that each of these has had, or give it one; a place where nothing has changed stays itself."""
    free = {place.key: place for place in before}
    pairs: list[tuple[_Place, _Place | None]] = []
    for group in groups:
        old = next((place for place in free.values() if _are_of_one(group[-1], place.bindings[-1])), None)
        if old is None:
            pairs.append((_Place(key or secrets.token_hex(8), group), None))
        else:
            del free[old.key]
            pairs.append((old if _are_identical(group, old.bindings) else _Place(old.key, group), old))
    return pairs


def _are_of_one(a: Binding, b: Binding) -> bool:
    if a is b:
        return True
    if a.outbound and b.outbound:
        return a.instance == b.instance
    return not (a.outbound or b.outbound) and same(a.contact.uri, b.contact.uri)


def _are_identical(a: tuple[Binding, ...], b: tuple[Binding, ...]) -> bool:
    return len(a) == len(b) and all(map(operator.is_, a, b))


def _moved(place: _Place, old: _Place | None) -> list[Binding]:
    """List the bindings of a place whose flow is new to it."""
    had = set(map(flow_of, old.bindings)) if old is not None else set()
    return [binding for binding in place.bindings if flow_of(binding) not in had]


def _is_kept(place: _Place) -> bool:
    return place.bindings[-1].arrival.transport == _KEPT


def _contact(user: Address, place: _Place) -> Contact:
    last = place.bindings[-1]
    return Contact(
        user,
        _DOOR,
        place.key,
        q=last.q,
        url=str(last.contact.uri),
        host=last.arrival.source,
        transport=last.arrival.transport.lower(),
        agent=last.user_agent,
        until=last.expires_at,
    )


def _record(user: Address, place: _Place) -> KeptContact:
    last = place.bindings[-1]
    host, port = flow_of(last).remote
    return KeptContact(
        key=place.key,
        user=user,
        url=str(last.contact),
        transport=_KEPT,
        host=host,
        port=port,
        call_id=last.call_id,
        cseq=last.cseq,
        since=last.since,
        until=last.expires_at,
        path=tuple(map(str, last.path)),
        agent=last.user_agent,
        outbound=last.outbound,
    )


def _restored(kept: KeptContact, flow: Flow) -> Binding:
    return Binding(
        contact=parse_address(kept.url),
        arrival=Arrival(flow, kept.host, kept.transport, trusted=bool(kept.path)),
        call_id=kept.call_id,
        cseq=kept.cseq,
        since=kept.since,
        expires_at=kept.until,
        path=tuple(map(parse_address, kept.path)),
        user_agent=kept.agent,
        outbound=kept.outbound,
    )
