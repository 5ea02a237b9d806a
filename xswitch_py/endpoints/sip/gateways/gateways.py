"""All gateways: which of them a request comes from, how a number is reached through one, how they stand."""

import asyncio
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.endpoints.sip.flow import Flow, Links
from xswitch_py.endpoints.sip.gateways import inbound as gateway_inbound
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, rewritten
from xswitch_py.endpoints.sip.gateways.gateway import Event, Gateway, Ping, Register, Unregister
from xswitch_py.endpoints.sip.gateways.inbound import number_of, plain
from xswitch_py.endpoints.sip.gateways.keeper import Keeper, Surroundings, target_uri
from xswitch_py.endpoints.sip.gateways.load import Load, Taken
from xswitch_py.endpoints.sip.gateways.resolve import Resolver, Target, shuffled
from xswitch_py.endpoints.sip.settings import Settings, contains
from xswitch_py.endpoints.sip.stack import Stack
from xswitch_py.endpoints.sip.way import Way
from xswitch_py.media.api import Transport
from xswitch_py.pysip.login import Login
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.uri import escape_user

__all__ = ["Gateways", "Standing"]

_PATIENCE: Final = 3.0  # seconds that a registrar has to answer when we leave
_LONGEST_NUMBER: Final = 64
_SIGNS: Final = frozenset("*#+._~!-")  # of a number, beside letters and digits


@dataclass(frozen=True, slots=True)
class Standing:
    """How a gateway stands: facts for people."""

    name: str
    state: str  # NOREG, UNREGED, TRYING, REGED, FAILED, FAIL_WAIT, DOWN
    up: bool  # whether calls go out through it
    code: int  # of the last answer to a REGISTER or an OPTIONS; 0: none yet
    text: str  # what went wrong last; empty: nothing is wrong
    since: float  # Unix seconds when it came into this state
    inbound: int  # calls now
    outbound: int
    target: str  # the address that is tried first, "udp:192.0.2.1:5060"; empty: none is known


class Gateways:
    """The gateways of a switch, by name. `told` hears of each change: name, state, text."""

    def __init__(
        self,
        stack: Stack,
        links: Links,
        settings: Settings,
        told: Callable[[str, str, str], None],
        resolver: Resolver,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._around = Surroundings(stack, links, resolver, settings.domain, told, chance)
        self._keepers: dict[str, Keeper] = {}
        self._tokens: dict[str, Gateway] = {}  # by the user of our Contact
        self._loads: dict[str, Load] = {}

    async def start(self, configs: Collection[GatewayConfig]) -> None:
        """Begin with these gateways; nothing is waited for."""
        for config in configs:
            self._add(config)

    async def stop(self, seconds: float = _PATIENCE) -> None:
        """Take all registrations away, waiting no longer than this for the answers."""
        await self._remove(list(self._keepers), seconds)

    async def reload(self, configs: Collection[GatewayConfig]) -> None:
        """Go over to these gateways: one that says the same as before goes on untouched, calls are counted on."""
        wanted = {config.name: config for config in configs}
        kept = {name for name, keeper in self._keepers.items() if wanted.get(name) == keeper.gateway.config}
        # What goes is gone first: a new registration of the same account must not be taken away by the old one.
        await self._remove([name for name in self._keepers if name not in kept], _PATIENCE)
        for name in wanted.keys() - kept:
            self._add(wanted[name])
        self._keepers = {name: self._keepers[name] for name in wanted}  # in the order of the file

    # Calls that come in.

    def recognise(self, request: Request, flow: Flow) -> Gateway | None:
        """Say which gateway a request comes from, by our Contact there, then by its address; or none."""
        if (found := self._tokens.get(request.uri.name)) is not None:
            return found
        if flow.transport in ("WS", "WSS"):  # through proxies come people, not carriers
            return None
        here = [keeper.gateway for keeper in self._keepers.values() if _is_at(keeper, flow.remote[0])]
        accounts = {number_of(request.uri), number_of(request.to.uri)} - {""}
        return next((each for each in here if each.config.username in accounts), here[0] if here else None)

    def dialled(self, request: Request, gateway: Gateway) -> str:
        """Say which number a request from a gateway is for."""
        return gateway_inbound.dialled(request, gateway.config, gateway.token)

    def caller(self, request: Request, gateway: Gateway) -> tuple[str, str]:
        """Say who calls through a gateway: a name, which may be empty, and a number, which may be "anonymous"."""
        return gateway_inbound.caller(request, gateway.config)

    def admit(self, gateway: Gateway) -> bool:
        """Say whether a gateway may have one more call; if not, 503 with Retry-After is due. `taken` counts it."""
        config, load = gateway.config, self._loads[gateway.config.name]
        return load.admits(config.max_calls, config.calls_per_second, self._now())

    # Calls that go out.

    def ways(self, name: str, number: str) -> list[Way]:
        """Give the ways to a number through a gateway, in the order to try them.

        Raises:
            CallError: there is none: no such gateway (INVALID_GATEWAY), no such number (INVALID_NUMBER_FORMAT), not
                allowed (OUTGOING_CALL_BARRED), down (GATEWAY_DOWN), or busy (SWITCH_CONGESTION).
        """
        keeper = self._keeper(name)
        config = keeper.gateway.config
        number = plain(number.strip())
        wanted = plain(rewritten(config.rewrite, number))
        if not (_is_number(number) and _is_number(wanted)):
            raise CallError(Cause.INVALID_NUMBER_FORMAT)
        if config.deny and (number.startswith(config.deny) or wanted.startswith(config.deny)):
            raise CallError(Cause.OUTGOING_CALL_BARRED, f"{name} is not for {number}")
        if not keeper.gateway.up:
            raise CallError(Cause.GATEWAY_DOWN, f"{name} is {keeper.gateway.state}: {keeper.gateway.text}")
        if not self.admit(keeper.gateway):
            raise CallError(Cause.SWITCH_CONGESTION, f"{name} has all the calls that it may have")
        ways = [way for target in keeper.targets() if (way := self._way(keeper, target, wanted)) is not None]
        if not ways:
            raise CallError(Cause.GATEWAY_DOWN, f"{name} has no address that can be tried now")
        return ways

    def taken(self, name: str, *, inbound: bool = False) -> Taken:
        """Count a call of a gateway that begins; say `end` to what this gives when it is over."""
        rate = self._keeper(name).gateway.config.calls_per_second
        return self._loads[name].take(rate, self._now(), inbound=inbound)

    def failed(self, way: Way, seconds: float = 0.0) -> None:
        """Do not try the target of this way for so long, as its Retry-After says; 0: for as long as is usual."""
        self._around.avoid((way.flow.transport, way.flow.remote), seconds)

    def order(self, names: Collection[str]) -> list[str]:
        """Give gateways in the order to try them: by lot, with their weights."""
        weights = {name: keeper.gateway.config.weight for name, keeper in self._keepers.items()}
        return shuffled([(name, weights.get(name, 1)) for name in names], self._around.chance)

    # For operators.

    def status(self) -> list[Standing]:
        """Say how all gateways stand."""
        return [self._standing(keeper) for keeper in self._keepers.values()]

    def register(self, name: str) -> None:
        """Register now.

        Raises:
            CallError: there is no such gateway (INVALID_GATEWAY).
        """
        self._tell(name, Register())

    def unregister(self, name: str) -> None:
        """Take the registration away, until `register`. Raises as that does."""
        self._tell(name, Unregister())

    def ping(self, name: str) -> None:
        """See now whether a gateway answers. Raises as `register` does."""
        self._tell(name, Ping())

    def lost(self, flow: Flow) -> None:
        """A flow has ended: who is registered over it registers anew."""
        for keeper in self._keepers.values():
            keeper.lost(flow)

    def addresses(self) -> frozenset[str]:
        """Give the addresses that gateways are known at, for the guard."""
        return frozenset(host for keeper in self._keepers.values() for host in keeper.found.hosts)

    def _add(self, config: GatewayConfig) -> None:
        keeper = self._keepers[config.name] = Keeper(config, self._around)
        self._tokens[keeper.gateway.token] = keeper.gateway
        self._loads.setdefault(config.name, Load())
        keeper.start()

    async def _remove(self, names: Collection[str], seconds: float) -> None:
        leaving = [self._keepers[name].leave(seconds) for name in names]
        await asyncio.gather(*leaving)
        for name in names:
            del self._tokens[self._keepers.pop(name).gateway.token]

    def _keeper(self, name: str) -> Keeper:
        if (keeper := self._keepers.get(name)) is None:
            raise CallError(Cause.INVALID_GATEWAY, f"there is no gateway {name}")
        return keeper

    def _tell(self, name: str, event: Event) -> None:
        self._keeper(name).feed(event)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _way(self, keeper: Keeper, target: Target, number: str) -> Way | None:
        """Make the way over one target; nothing if we have no socket for it."""
        gateway, config = keeper.gateway, keeper.gateway.config
        try:
            flow = self._around.links.open(target.transport, target.host, target.port, target.name)
        except ConnectionError:
            return None
        user = escape_user(number)
        account = config.auth_username or config.username
        return Way(
            uri=target_uri(config, target.transport, user),
            flow=flow,
            to=target_uri(config, "", user),
            media=Transport.SRTP if config.srtp else Transport.RTP,
            codecs=config.codecs,
            domain=config.domain,
            user=config.from_user or config.caller_id,
            contact=gateway.token,
            contact_params=dict(config.contact_params),
            trusted=config.trusted,
            login=Login(account, config.password) if config.password else None,
            times=keeper.times,
            gateway=config.name,
        )

    def _standing(self, keeper: Keeper) -> Standing:
        gateway, load = keeper.gateway, self._loads[keeper.gateway.config.name]
        tried = next(iter(keeper.targets()), None)
        return Standing(
            name=gateway.config.name,
            state=gateway.state.value,
            up=gateway.up,
            code=gateway.code,
            text=gateway.text,
            since=gateway.since,
            inbound=load.inbound,
            outbound=load.outbound,
            target=f"{tried.transport.lower()}:{tried.host}:{tried.port}" if tried else "",
        )


def _is_at(keeper: Keeper, host: str) -> bool:
    config = keeper.gateway.config
    return (bool(config.allow) and contains(config.allow, host)) or (
        (config.register or config.trusted) and host in keeper.found.hosts
    )


def _is_number(text: str) -> bool:
    good = all(char in _SIGNS or (char.isascii() and char.isalnum()) for char in text)
    return good and 0 < len(text) <= _LONGEST_NUMBER
