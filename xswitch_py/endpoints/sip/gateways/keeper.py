"""The shell around one gateway: finds its addresses, sends what its machine wants, runs its timers."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, assert_never

import structlog

from xswitch_py.endpoints.sip.flow import Flow, Links, contact_of, via_of
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig
from xswitch_py.endpoints.sip.gateways.gateway import (
    Alarm,
    Arm,
    Asking,
    Disarm,
    Effect,
    Event,
    Gateway,
    Heard,
    Leave,
    Left,
    Lost,
    Send,
    Told,
    Unresolved,
)
from xswitch_py.endpoints.sip.gateways.gateway import Found as Known
from xswitch_py.endpoints.sip.gateways.registering import LONGEST, State, retry_after
from xswitch_py.endpoints.sip.gateways.resolve import (
    AVOIDED,
    Found,
    Resolver,
    Spot,
    Target,
    ordered,
    usable,
)
from xswitch_py.endpoints.sip.gateways.resolve import Unresolved as NoAddress
from xswitch_py.endpoints.sip.stack import Stack
from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.message import Request, Response, new_call_id, new_tag
from xswitch_py.pysip.transaction import Failure, Times
from xswitch_py.pysip.uri import Uri, escape_user

__all__ = ["Keeper", "Surroundings", "target_uri"]

log = structlog.get_logger("xswitch.sip")

_AGAIN: Final = 30.0  # seconds until a name that stands for nothing is looked up again
_ALARMING: Final = frozenset({State.FAILED, State.DOWN})
_PARAMETERS: Final = {"TCP": "tcp", "TLS": "tls"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all gateways share."""

    stack: Stack
    links: Links
    resolver: Resolver
    domain: str  # the switch's own
    told: Callable[[str, str, str], None]  # name, state, text
    chance: Callable[[], float] = random.random
    avoided: dict[Spot, float] = field(default_factory=dict)  # until when, in the loop's time

    def avoid(self, spot: Spot, seconds: float = 0.0) -> None:
        """Do not try a target for so long; 0: for as long as is usual."""
        now = asyncio.get_running_loop().time()
        for old in [each for each, until in self.avoided.items() if until <= now]:
            del self.avoided[old]
        self.avoided[spot] = now + min(seconds or AVOIDED, LONGEST)


class Keeper:
    """One gateway at work, from `start` to `leave`."""

    def __init__(self, config: GatewayConfig, around: Surroundings) -> None:
        self.gateway = Gateway(config, since=time.time())
        self.times = Times(t1=config.timeout / 64)  # so that timers B and F run for the timeout
        self.found = Found(())
        self._around = around
        self._loop = asyncio.get_running_loop()
        self._timers: dict[Asking, asyncio.TimerHandle] = {}
        self._ids = new_call_id(), new_tag()  # of all our REGISTERs (RFC 3261 section 10.2)
        self._cseq = 0
        self._registered: Flow | None = None  # what our registration went over
        self._left = asyncio.Event()
        self._closed = False
        self._looking: asyncio.Task[None]

    def start(self) -> None:
        """Look for the addresses; all else follows."""
        self._looking = self._loop.create_task(self._look(), name=f"gateway {self.gateway.config.name}")

    async def leave(self, seconds: float) -> None:
        """Take the registration away, waiting no longer than this for it, and close."""
        self.feed(Leave())
        try:
            async with asyncio.timeout(seconds):
                await self._left.wait()
        except TimeoutError:
            log.warning("not unregistered", gateway=self.gateway.config.name, why="no answer in time")
        self._closed = True  # the timers stopped with `Leave`
        self._looking.cancel()

    def feed(self, event: Event) -> None:
        """Tell the machine what happened, and do what it wants."""
        if not self._closed:
            for effect in self.gateway.receive(event, time.time(), self._around.chance()):
                self._do(effect)

    def lost(self, flow: Flow) -> None:
        """A flow has ended: if we are registered over it, that is no use any more."""
        if flow == self._registered and flow.transport != "UDP":
            self._registered = None
            self.feed(Lost())

    def targets(self) -> list[Target]:
        """Give the addresses to try, in order: none that shall be avoided."""
        return usable(self._ordered(), self._around.avoided, self._loop.time())

    async def _look(self) -> None:
        """Know the addresses as long as there is somebody to use them."""
        config = self.gateway.config
        while True:
            try:
                self.found = await self._around.resolver.resolve(*config.proxy, config.transport)
            except NoAddress as error:
                self.found = Found((), _AGAIN)
                self.feed(Unresolved(str(error)))
            else:
                self.feed(Known())
            if self.found.seconds == float("inf"):
                return
            await asyncio.sleep(self.found.seconds)

    def _ordered(self) -> list[Target]:
        return ordered(self.found, self._around.chance)

    def _do(self, effect: Effect) -> None:
        config = self.gateway.config
        match effect:
            case Send(what=what, expires=expires):
                _Attempt(self, what, expires, self._around, self._order(what)).next(Failure.TRANSPORT)
            case Arm(what=what, seconds=seconds):
                self._disarm(what)
                self._timers[what] = self._loop.call_later(seconds, self.feed, Alarm(what))
            case Disarm(what=what):
                self._disarm(what)
            case Told(state=state, text=text):
                say = log.warning if state in _ALARMING else log.info
                say("gateway", name=config.name, state=state.value, text=text, code=self.gateway.code)
                self._around.told(config.name, state.value, text)
            case Left():
                self._left.set()
            case _:
                assert_never(effect)

    def _disarm(self, what: Asking) -> None:
        if (timer := self._timers.pop(what, None)) is not None:
            timer.cancel()

    def _order(self, what: Asking) -> list[Target]:
        """Give the addresses to ask: those to be avoided come last, and a registrar that knows us first."""
        targets = self._ordered()
        good = set(usable(targets, self._around.avoided, self._loop.time()))
        known = self._registered if what is Asking.REGISTER else None
        spot = (known.transport, known.remote) if known else None
        return sorted(targets, key=lambda target: (target not in good, target.spot != spot))

    def answered(self, what: Asking, answer: Response | Failure, flow: Flow | None) -> None:
        """Take what came of an attempt."""
        if what is Asking.REGISTER and isinstance(answer, Response) and answer.status < 300:
            self._registered = flow
        self.feed(Heard(what, answer))

    def request(self, what: Asking, expires: int, target: Target, flow: Flow) -> Request:
        """Make a REGISTER or an OPTIONS."""
        config, gateway = self.gateway.config, self.gateway
        uri = target_uri(config, target.transport)
        domain = config.domain or self._around.domain
        us = Uri(user=escape_user(config.username or config.from_user or gateway.token), host=domain)
        self._cseq += 1
        contact = contact_of(flow, gateway.token)
        if config.contact_params:
            contact = Address(contact.display, contact.uri, config.contact_params)
        register = what is Asking.REGISTER
        call_id, tag = self._ids if register else (new_call_id(), new_tag())
        login = gateway.registration.login.fields("REGISTER", str(uri)) if register else []
        return Request.new(
            what.value,
            uri,
            from_=Address(uri=us).with_tag(tag),
            to=Address(uri=us if register else Uri(host=uri.host, port=uri.port)),
            call_id=call_id,
            cseq=self._cseq,
            via=via_of(flow),
            contact=contact,
            fields=[("Expires", str(expires)), *login] if register else [("Accept", "application/sdp")],
        )

    @property
    def closed(self) -> bool:
        """Whether nothing more shall be sent."""
        return self._closed


def target_uri(config: GatewayConfig, transport: str, user: str = "") -> Uri:
    """Make the URI of the gateway, or of a number there."""
    said = _PARAMETERS.get(transport)
    return Uri(
        user=user, host=config.proxy.host, port=config.proxy.port, parameters={"transport": said} if said else {}
    )


class _Attempt:
    """One REGISTER or OPTIONS: goes to the next address when one fails (RFC 3263 section 4.3)."""

    def __init__(
        self, keeper: Keeper, what: Asking, expires: int, around: Surroundings, targets: Iterable[Target]
    ) -> None:
        self._keeper = keeper
        self._what = what
        self._expires = expires
        self._around = around
        self._targets = list(targets)
        self._target: Target
        self._flow: Flow | None = None

    def next(self, last: Response | Failure) -> None:
        """Ask the next address; if there is none, `last` is what came of it all."""
        while self._targets:
            target = self._target = self._targets.pop(0)
            try:
                self._flow = self._around.links.open(target.transport, target.host, target.port, target.name)
            except ConnectionError:
                continue  # we have no socket of this kind
            request = self._keeper.request(self._what, self._expires, target, self._flow)
            self._around.stack.ask(request, self._flow, self._heard, self._keeper.times)
            return
        self._end(last)

    def _heard(self, answer: Response | Failure) -> None:
        status = answer.status if isinstance(answer, Response) else answer.value
        if status < 200 or self._keeper.closed:
            return
        if answer in (Failure.TIMEOUT, Failure.TRANSPORT) or status == 503:
            seconds = retry_after(answer) if isinstance(answer, Response) else 0.0
            if seconds or self._targets:  # the only address is not given up before the gateway is
                self._around.avoid(self._target.spot, seconds)
            self.next(answer)
            return
        self._around.avoided.pop(self._target.spot, None)
        self._end(answer)

    def _end(self, answer: Response | Failure) -> None:
        """Tell what came of it; not now, when the machine or the stack may be in the middle of their effects."""
        asyncio.get_running_loop().call_soon(self._keeper.answered, self._what, answer, self._flow)
