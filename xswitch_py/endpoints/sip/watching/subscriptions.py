"""Subscriptions of phones to what users do: lamps, presence, waiting messages (RFC 6665)."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from xswitch_py.base.address import Address
from xswitch_py.base.user import User
from xswitch_py.core.services import Services
from xswitch_py.endpoints.sip.flow import Flow, contact_of, via_of
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.stack import Stack
from xswitch_py.endpoints.sip.watching.packages import PACKAGES, Facts, Package
from xswitch_py.endpoints.sip.watching.seen import Appearances
from xswitch_py.endpoints.sip.watching.table import Entry, Table
from xswitch_py.pysip.dialog import dialog_id, dialog_of_request
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.grammar import parse_params, write_params
from xswitch_py.pysip.message import Request, Response, new_tag, response_to
from xswitch_py.pysip.notifier import Changed, Done, Lapsed, Notifier, NotifierEvent, Subscribed, Told, Withdrawn
from xswitch_py.pysip.transaction import Failure
from xswitch_py.pysip.usage import Arm, Ask, Clock, Disarm, Fired, Refused, Reply

__all__ = ["ALLOW_EVENTS", "Subscriptions"]

log = structlog.get_logger("xswitch.sip")

ALLOW_EVENTS: Final = ", ".join(PACKAGES)
_LEAST: Final = 60  # seconds
_MOST: Final = 3600
_PER_USER: Final = 100
_PACE: Final = 1.0  # seconds between NOTIFYs of a subscription
_LAST_WORDS: Final = 1_000  # NOTIFYs when we stop
_LATER: Final = "probation;retry-after=30"  # why they end then: "deactivated" would bring all phones back at once


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a SUBSCRIBE asks for."""

    package: Package
    event: str  # for the Event of NOTIFYs
    expires: int  # seconds; 0: the state once, or no more of it


class Subscriptions:
    """All subscriptions to users of this switch."""

    def __init__(self, services: Services, stack: Stack, settings: Settings, pace: float = _PACE) -> None:
        self._services = services
        self._stack = stack
        self._most = settings.dialogs
        self._pace = pace
        self._table = Table()
        self._seen = Appearances()
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._table)

    async def subscribe(self, request: Request, flow: Flow, user: User) -> None:
        """Answer a SUBSCRIBE of a user outside of dialogs; NOTIFYs follow on its flow."""
        try:
            wish = _wish(request)
            watched = await self._watched(request, wish, user)
            if wish.expires:
                self._check_room(user)
            entry = self._entry(request, flow, user, watched, wish)
            if wish.expires:
                self._table.add(entry)
                log.info("subscribed", user=str(user.address), to=str(watched), package=wish.event)
            self._feed(entry, Subscribed(request, wish.expires))
        except Refused as refused:
            self._refuse(request, refused)
        except BadMessage as bad:
            self._refuse(request, Refused(bad.status, bad.text))

    def knows(self, request: Request) -> bool:
        """Say whether a request is inside one of our dialogs."""
        return self._table.find(dialog_id(request)) is not None

    def in_dialog(self, request: Request, flow: Flow) -> bool:
        """Answer a SUBSCRIBE inside one of our dialogs; say whether it was one.

        It must come by the same flow, or from the same address; from elsewhere it is answered 481, whereupon the phone
        subscribes anew and shows who it is.
        """
        entry = self._table.find(dialog_id(request))
        if entry is None or request.method != "SUBSCRIBE":
            return False
        before = entry.flow
        try:
            if flow != before and flow.remote[0] != before.remote[0]:
                raise Refused(481)
            wish = _wish(request)
            if wish.event != entry.machine.event:
                raise _bad_event()
            self._move(entry, flow)
            self._feed(entry, Subscribed(request, wish.expires))
        except Refused as refused:
            self._move(entry, before)
            self._refuse(request, refused)
        return True

    def lost(self, flow: Flow) -> None:
        """A flow has ended: nobody can be told by it."""
        for entry in self._table.on(flow):
            self._feed(entry, Lapsed())

    async def watch(self) -> None:
        """Tell subscribers what users do, until the bus closes."""
        async for event in self._services.bus.listen():
            user = self._seen.take(event)
            if user is not None and (entries := self._table.of(user)):
                facts = self._facts(user)
                for entry in entries:
                    self._feed(entry, Changed(entry.package.document(facts)))

    def stop(self) -> None:
        """End all; as many as can be told at once are told. The stack must still run."""
        for place, entry in enumerate(self._table):
            self._feed(entry, Withdrawn(_LATER) if place < _LAST_WORDS else Lapsed())

    async def _watched(self, request: Request, wish: _Wish, user: User) -> Address:
        """Name whom they ask for: of their own domain anybody, but of a private package only themselves."""
        directory = self._services.directory
        watched = directory.address(request.uri.name)
        if user.domain != watched.domain or (wish.package.private and user.address != watched):
            raise Refused(403)
        if await directory.find_recent(watched.user) is None:
            raise Refused(404)
        return watched

    def _check_room(self, user: User) -> None:
        if self._table.count(user.address) >= _PER_USER:
            raise Refused(403, "Too Many Subscriptions")
        if len(self._table) >= self._most:
            raise Refused(503, fields=(("Retry-After", "60"),))

    def _entry(self, request: Request, flow: Flow, user: User, watched: Address, wish: _Wish) -> Entry:
        dialog = dialog_of_request(request, new_tag(), contact_of(flow), 0)
        dialog.confirm()
        package, document = wish.package, wish.package.document(self._facts(watched))
        machine = Notifier(dialog, wish.event, package.content_type, document, partial(via_of, flow), self._pace)
        return Entry(user.address, watched, package, flow, machine)

    def _facts(self, user: Address) -> Facts:
        return Facts(user, bool(self._services.registry.find(user)), self._seen.of(user))

    def _move(self, entry: Entry, flow: Flow) -> None:
        if flow != entry.flow:
            self._table.move(entry, flow)
            entry.machine.via = partial(via_of, flow)
            entry.machine.dialog.contact = contact_of(flow)

    def _refuse(self, request: Request, refused: Refused) -> None:
        answer = response_to(request, refused.status, refused.reason, to_tag=new_tag(), fields=refused.fields)
        self._stack.reply(request, answer)

    def _feed(self, entry: Entry, event: NotifierEvent) -> None:
        for effect in entry.machine.receive(event, self._loop.time()):
            match effect:
                case Reply(request=request, response=response):
                    self._stack.reply(request, response)
                case Ask(request=request):
                    self._stack.ask(request, entry.flow, partial(self._heard, entry))
                case Arm(clock=clock, seconds=seconds):
                    self._disarm(entry, clock)
                    entry.timers[clock] = self._loop.call_later(seconds, self._fired, entry, clock)
                case Disarm(clock=clock):
                    self._disarm(entry, clock)
                case Done():
                    self._table.remove(entry)

    def _heard(self, entry: Entry, answer: Response | Failure) -> None:
        if isinstance(answer, Failure):
            self._feed(entry, Lapsed())
        elif answer.status >= 200:
            self._feed(entry, Told(answer.status))

    def _fired(self, entry: Entry, clock: Clock) -> None:
        del entry.timers[clock]
        self._feed(entry, Fired(clock))

    def _disarm(self, entry: Entry, clock: Clock) -> None:
        timer = entry.timers.pop(clock, None)
        if timer is not None:
            timer.cancel()


def _wish(request: Request) -> _Wish:
    """Read a SUBSCRIBE.

    Raises:
        Refused: we have no such package (489), or cannot write it so (406), or they want it for too short (423).
    """
    try:
        name, semicolon, params = (request.headers.get("Event") or "").partition(";")
        event_id = parse_params(semicolon + params).get("id")
        accepted = {value.partition(";")[0].strip().lower() for value in request.tokens("Accept")}
    except BadMessage as bad:
        raise Refused(bad.status, bad.text) from None
    name = name.strip().lower()
    package = PACKAGES.get(name)
    if package is None:
        raise _bad_event()
    if accepted and not accepted & {package.content_type, "application/*", "*/*"}:
        raise Refused(406)
    expires = _MOST if request.expires is None else min(request.expires, _MOST)
    if 0 < expires < _LEAST:
        raise Refused(423, fields=(("Min-Expires", str(_LEAST)),))
    return _Wish(package, name + write_params({"id": event_id} if event_id else {}), expires)


def _bad_event() -> Refused:
    return Refused(489, fields=(("Allow-Events", ALLOW_EVENTS),))
