"""What a REGISTER does to the bindings of an address-of-record (RFC 3261 section 10.3, RFC 3327, RFC 5626).

Times are seconds since 1970. A flow is opaque. Who may register what has been checked before.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from xswitch_py.pysip.headers import STAR, Address, parse_number
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.transaction import Flow
from xswitch_py.pysip.uri import Uri, same
from xswitch_py.pysip.usage import Fields, Refused

__all__ = ["Arrival", "Binding", "Registration", "Rules", "live", "register", "ring_order", "without_flow"]

_Q: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_DAYS: Final = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_USER_AGENT: Final = 128  # characters that are kept


@dataclass(frozen=True, slots=True)
class Rules:
    """What a listener grants; times in seconds."""

    least: int = 60
    usual: int = 600  # when nothing is said
    most: int = 3600
    limit: int = 10  # bindings of one address-of-record


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a REGISTER came. `trusted`: from a proxy whose Path counts; `secure`: on TLS."""

    flow: Flow
    source: str = ""  # the address, as text
    transport: str = "UDP"
    secure: bool = False
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a user can be reached."""

    contact: Address  # as registered, without `expires`
    arrival: Arrival
    call_id: str
    cseq: int
    since: float
    expires_at: float
    path: tuple[Address, ...] = ()
    user_agent: str = ""
    outbound: bool = False  # found by instance and reg-id (RFC 5626)

    @property
    def instance(self) -> str:
        """The device, if it says which; the value of `+sip.instance`."""
        return self.contact.params.get("+sip.instance") or ""

    @property
    def reg_id(self) -> str:
        """Which of the device's flows this is."""
        return self.contact.params.get("reg-id") or ""

    @property
    def q(self) -> float:
        """How much it is preferred, from 0 to 1."""
        text = self.contact.params.get("q") or ""
        return float(text) if _Q.fullmatch(text) else 1.0


@dataclass(frozen=True, slots=True)
class Registration:
    """What came of a REGISTER: all bindings now, those that are new, and those that are gone; the fields of the 200."""

    bindings: tuple[Binding, ...]
    added: tuple[Binding, ...]
    removed: tuple[Binding, ...]
    fields: Fields


def register(
    request: Request,
    bindings: tuple[Binding, ...],
    arrival: Arrival,
    now: float,
    rules: Rules,
    is_ours: Callable[[Uri], bool] = lambda uri: False,
) -> Registration:
    """Carry out a REGISTER on the bindings of its address-of-record: all of it, or nothing.

    `is_ours` knows the listeners of this server, which nobody may register: a call there would come round again.

    Raises:
        Refused: the answer it deserves: 400, 403, 423, or 500 when it is older than what it would change.
        BadMessage: a Contact or a Path cannot be read.
    """
    if not _is_own(request):
        raise Refused(403, "Third-Party Registration")
    before = live(bindings, now)
    if STAR in request.contacts:
        after = _remove_all(request, before)
    else:
        wanted = [_wanted(request, contact, arrival, now, rules, is_ours) for contact in request.contacts]
        after = _merge(request, before, wanted, rules)
    added = tuple([each for each in after if not any(_same(each, old) for old in before)])
    removed = tuple([each for each in before if not any(_same(each, new) for new in after)])
    return Registration(after, added, removed, _fields(after, arrival, request, now))


def live(bindings: tuple[Binding, ...], now: float) -> tuple[Binding, ...]:
    """The bindings that have not expired."""
    return tuple([each for each in bindings if each.expires_at > now])


def without_flow(bindings: tuple[Binding, ...], flow: Flow) -> tuple[Binding, ...]:
    """The bindings that are left when a flow has ended."""
    return tuple([each for each in bindings if each.arrival.flow != flow])


def ring_order(bindings: tuple[Binding, ...], now: float) -> list[tuple[Binding, ...]]:
    """The live bindings in the order to call them; those of equal `q` together (RFC 3261 section 16.6)."""
    ordered = sorted(live(bindings, now), key=lambda each: -each.q)
    return [tuple(group) for _, group in groupby(ordered, key=lambda each: each.q)]


def _is_own(request: Request) -> bool:
    """Whether a user registers itself; several names of this server may stand behind the "@"."""
    return request.from_.uri.name == request.to.uri.name


def _remove_all(request: Request, before: tuple[Binding, ...]) -> tuple[Binding, ...]:
    """Section 10.3, step 6: "*" stands alone, and with `Expires: 0`."""
    if len(request.contacts) != 1 or request.expires != 0:
        raise Refused(400, "Bad Contact")
    for binding in before:
        _check_order(request, binding)
    return ()


def _wanted(
    request: Request, contact: Address, arrival: Arrival, now: float, rules: Rules, is_ours: Callable[[Uri], bool]
) -> Binding:
    """The binding that one Contact asks for; one that expires now is to be removed."""
    _check_contact(contact, arrival, is_ours)
    seconds = _expires(request, contact, rules)
    outbound = {"+sip.instance", "reg-id"} <= contact.params.keys() and "outbound" in request.tokens("Supported")
    return Binding(
        contact=replace(contact, params={name: value for name, value in contact.params.items() if name != "expires"}),
        arrival=arrival,
        call_id=request.call_id,
        cseq=request.cseq.number,
        since=now,
        expires_at=now + seconds,
        path=request.addresses("Path") if arrival.trusted else (),
        user_agent=(request.headers.get("User-Agent") or "")[:_USER_AGENT],
        outbound=outbound,
    )


def _check_contact(contact: Address, arrival: Arrival, is_ours: Callable[[Uri], bool]) -> None:
    uri = contact.uri
    if uri.scheme not in ("sip", "sips") or (uri.secure and not arrival.secure):
        raise Refused(400, "Bad Contact")
    if uri.headers or is_ours(uri):
        raise Refused(403, "Contact Not Allowed")


def _expires(request: Request, contact: Address, rules: Rules) -> int:
    """How many seconds a Contact gets (section 10.2.1.1); 0 removes it."""
    said = parse_number(contact.params.get("expires") or "")
    if said is None:
        said = request.expires
    seconds = rules.usual if said is None else said
    if 0 < seconds < rules.least:
        raise Refused(423, "", (("Min-Expires", str(rules.least)),))
    return min(seconds, rules.most)


def _merge(request: Request, before: tuple[Binding, ...], wanted: list[Binding], rules: Rules) -> tuple[Binding, ...]:
    after = list(before)
    for binding in wanted:
        old = next((each for each in before if _same(each, binding)), None)
        if old is not None:
            _check_order(request, old)
        after = [each for each in after if not _same(each, binding)]
        if binding.expires_at > binding.since:
            after.append(binding if old is None else replace(binding, since=old.since))
    return _fit(request, tuple(after), wanted, rules)


def _fit(request: Request, after: tuple[Binding, ...], wanted: list[Binding], rules: Rules) -> tuple[Binding, ...]:
    """Keep to the limit: a device may push out its own oldest bindings, but nobody else's."""
    devices = {each.instance for each in wanted if each.instance}
    this = (request.call_id, request.cseq.number)
    while len(after) > rules.limit:
        oldest = min(
            (each for each in after if each.instance in devices and (each.call_id, each.cseq) != this),
            key=lambda each: each.since,
            default=None,
        )
        if oldest is None:
            raise Refused(403, "Too Many Contacts")
        after = tuple([each for each in after if each is not oldest])
    return after


def _check_order(request: Request, binding: Binding) -> None:
    """Section 10.3, step 7: what comes late must not undo what came after it."""
    if binding.call_id == request.call_id and request.cseq.number <= binding.cseq:
        raise Refused(500, "CSeq Out Of Order")


def _same(a: Binding, b: Binding) -> bool:
    if a.outbound and b.outbound:
        return (a.instance, a.reg_id) == (b.instance, b.reg_id)
    return not (a.outbound or b.outbound) and same(a.contact.uri, b.contact.uri)


def _fields(after: tuple[Binding, ...], arrival: Arrival, request: Request, now: float) -> Fields:
    contacts = [("Contact", str(_shown(each, now))) for each in after]
    path = [("Path", str(each)) for each in request.addresses("Path")] if arrival.trusted else []
    return (*contacts, *path, ("Date", _date(now)))


def _shown(binding: Binding, now: float) -> Address:
    left = math.ceil(round(binding.expires_at - now, 3))  # what was granted comes back whole
    return replace(binding.contact, params={**binding.contact.params, "expires": str(left)})


def _date(now: float) -> str:
    """Section 20.17: always English, always GMT."""
    at = datetime.fromtimestamp(now, UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} GMT"
