"""The SIP door: lets phones, web pages and carriers in, places calls to them, and hands them chat."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import structlog

from xswitch_py.base.address import Address as UserAddress
from xswitch_py.base.errors import CallError
from xswitch_py.base.events import GatewayChanged
from xswitch_py.base.ids import LegId, new_id
from xswitch_py.base.offer import Offer
from xswitch_py.core.endpoint import Message
from xswitch_py.core.guard import Offence
from xswitch_py.core.leg import Leg
from xswitch_py.core.registry import Contact
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.sip import reaching
from xswitch_py.endpoints.sip.abilities import ABILITIES, DOOR
from xswitch_py.endpoints.sip.auth import Auth, Denied
from xswitch_py.endpoints.sip.calls import midcall, taking
from xswitch_py.endpoints.sip.calls.body import SDP
from xswitch_py.endpoints.sip.calls.leg import SipWire
from xswitch_py.endpoints.sip.calls.line import House, Line
from xswitch_py.endpoints.sip.calls.placing import Placing
from xswitch_py.endpoints.sip.calls.reasons import refusal_of, status_of
from xswitch_py.endpoints.sip.chat import Chat
from xswitch_py.endpoints.sip.checks import check
from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig
from xswitch_py.endpoints.sip.gateways.gateway import Gateway
from xswitch_py.endpoints.sip.gateways.gateways import Gateways
from xswitch_py.endpoints.sip.gateways.resolve import Resolver
from xswitch_py.endpoints.sip.hep import Hep
from xswitch_py.endpoints.sip.location import Keeper, Location, flow_of
from xswitch_py.endpoints.sip.methods import METHODS, Sender
from xswitch_py.endpoints.sip.operating import Operator
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.stack import Let, Stack
from xswitch_py.endpoints.sip.transport.links import Wires
from xswitch_py.endpoints.sip.watching.subscriptions import Subscriptions
from xswitch_py.endpoints.sip.way import Way
from xswitch_py.listen.door import Socket
from xswitch_py.pysip.dialog import dialog_id
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.message import Request, Response, new_tag, refusal, response_to, serialise
from xswitch_py.pysip.registrar import Binding
from xswitch_py.pysip.transaction import Key, server_key
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import Fields, Refused

__all__ = ["Sip"]

log = structlog.get_logger("xswitch.sip")


class Sip:
    """The door. It is `Endpoint` to calls, `SocketDoor` to the WebSocket port, `Ears` to the transports."""

    name = DOOR
    subprotocol: str | None = "sip"

    def __init__(
        self,
        switch: Switch,
        settings: Settings,
        wires: Wires,
        *,
        resolver: Resolver,
        keeper: Keeper | None = None,
        is_own: Callable[[str, int], bool] = lambda host, port: False,
        hep: Hep | None = None,
    ) -> None:
        """`is_own` says whether an IP address and port are ones that we listen on; `keeper` and `hep` outlive us."""
        services = switch.services
        self.wires = wires
        self.stack = Stack(self, settings.times)
        self.stack.trace.traces, self.stack.trace.hep = services.traces, hep
        self.auth = Auth(services.directory, settings)
        self.guard = services.directory.guard
        self.location = Location(services.registry, self.guard, settings, keeper, self._moved)
        self.gateways = Gateways(self.stack, wires, settings, self._tell_gateway, resolver)
        self.chat = Chat(services, self.stack, self._way)
        self.subscriptions = Subscriptions(services, self.stack, settings)
        gateways = self.gateways
        self.house = House(
            switch,
            settings,
            self.stack,
            self.chat,
            lambda name: gateways.taken(name).end,
            gateways.failed,
            self.is_ours,
        )
        self.operator = Operator(
            self.house,
            self.location,
            services.registry,
            self.gateways,
            self.guard,
            self.stack.trace,
            wires,
        )
        self._is_own = is_own
        self._secret = secrets.token_bytes(16)
        self._tasks: set[asyncio.Task[None]] = set()
        self._begun: dict[Key, tuple[Request, asyncio.Task[None]]] = {}  # INVITEs whose sender is being looked for

    async def start(self, gateways: Collection[GatewayConfig] = ()) -> None:
        """Open the ports, take up what was registered before, and begin with the gateways.

        Raises:
            ConfigError: an address cannot be used.
        """
        await self.wires.start(self)
        restored = await self.location.restore(self.wires.open)
        if restored:
            log.info("registrations taken up", contacts=restored)
        await self.gateways.start(gateways)

    async def stop(self) -> None:
        """Take our registrations away, end subscriptions, and close the ports."""
        await self.gateways.stop()
        self.subscriptions.stop()
        for task in tuple(self._tasks):
            task.cancel()
        await self.wires.stop()
        self.stack.stop()
        self.location.close()

    # For the WebSocket port, calls, and whoever listens.

    async def serve(self, socket: Socket) -> None:
        """Talk to one WebSocket peer until it leaves."""
        await self.wires.serve(socket)

    def dial(self, to: Contact, offer: Offer) -> Leg:
        """Make a leg towards a phone, or with the key `gateway/NAME[+NAME...]` through one of these gateways.

        Raises:
            CallError: there is no way to it now.
        """
        reached = reaching.reach(to, offer, self.location, self.gateways, self.house.settings)
        way = reached.ways[0]
        user = None if way.gateway else to.user
        line = Line(self.house, way.flow, user, gateway=way.gateway)
        line.instance = reached.instance
        wire = SipWire(line, Placing(line, reached.ways), way.media, offer.caller.number)
        try:
            line.leg = self.house.switch.new_leg(LegId(new_id()), wire, reached.offer)
        except CallError:
            line.close()
            raise
        return line.leg

    def drop(self, contact: Contact) -> bool:
        """Forget a registration; the phone may make it anew."""
        return self.location.forget(contact.key)

    def deliver(self, to: Contact, message: Message) -> bool:
        """Hand a chat message to a phone; say whether there was a way to it."""
        return self.chat.deliver(to, message)

    async def watch(self) -> None:
        """Tell subscribers what users do, until the bus closes."""
        await self.subscriptions.watch()

    def is_ours(self, uri: Uri) -> bool:
        """Say whether a URI leads here: one of our domains, or an address that we listen on."""
        return self._is_domain(uri) or self._is_own(uri.host.lower(), uri.port or (5061 if uri.secure else 5060))

    def uses(self, flow: Flow) -> bool:
        """Say whether a registration or a call needs a connection."""
        return self.location.has(flow) or any(line.flow == flow for line in self.house.lines)

    # What the transports tell.

    def admits(self, host: str) -> bool:
        """See `Ears`."""
        return self.guard.admits(host, time.monotonic())

    def received(self, message: Request | Response, flow: Flow) -> None:
        """See `Ears`. What goes wrong with one message concerns no other (S36)."""
        try:
            self.stack.received(message, flow)
        except Exception:
            log.exception("message failed", call_id=message.call_id)
            if isinstance(message, Request) and message.method != "ACK":
                self.stack.send(response_to(message, 500, to_tag=new_tag()), flow)

    def malformed(self, bad: BadMessage, flow: Flow) -> None:
        """See `Ears`."""
        host = flow.remote[0]
        ban = self.guard.failed(Offence.MALFORMED, host, time.monotonic(), forgeable=flow.transport == "UDP")
        if ban is not None:
            log.warning(ban.line)
        answer = refusal(bad, new_tag())
        if answer is not None and bad.method != "ACK":
            try:
                flow.send(serialise(answer))
            except (ConnectionError, ValueError):
                log.debug("not answered", host=host)

    def lost(self, flow: Flow) -> None:
        """See `Ears`."""
        self.stack.lost(flow)
        self.location.lost(flow)
        self.subscriptions.lost(flow)
        self.gateways.lost(flow)
        if flow.transport != "UDP":
            for line in tuple(self.house.lines):
                if line.flow == flow:
                    line.lose()
                    self._find(line)

    # What the transactions tell.

    def gate(self, request: Request, flow: Flow) -> Response | Let:
        """See `Core`. Whoever has shown nothing yet costs nothing but an answer (S104)."""
        if self.guard.is_scanner(request.headers.get("User-Agent") or ""):
            return Let.DROP
        try:
            if request.to.tag:
                known = dialog_id(request) in self.house.dialogs or self.subscriptions.knows(request)
                return Let.IN if known else self._answer(request, 481)
            check(request, self.is_ours)
            if request.method == "OPTIONS" and not request.uri.user and self.is_ours(request.uri):
                return self._answer(request, 200, fields=(*ABILITIES, ("Accept", SDP)))
            if self._gateway(request, flow) is not None or self.auth.credentials(request) is not None:
                return Let.IN
        except Refused as no:
            return self._answer(request, no.status, no.reason, no.fields)
        except BadMessage as bad:
            return self._answer(request, bad.status or 400, bad.text)
        return self.auth.challenge(request)

    def request(self, request: Request, flow: Flow) -> None:
        """See `Core`."""
        line = self.house.dialogs.get(dialog_id(request)) if request.to.tag else None
        if line is None:
            if not (request.to.tag and self.subscriptions.in_dialog(request, flow)):
                self._spawn(self._serve(request, flow), request)
        elif flow == line.flow or flow.remote[0] == line.flow.remote[0]:
            line.move(flow)  # a NAT may have given it another port
            midcall.asked(line, request)
        else:
            self._spawn(self._returned(line, request, flow), request)

    def ack(self, ack: Request, flow: Flow) -> None:
        """See `Core`."""
        line = self.house.dialogs.get(dialog_id(ack))
        if line is not None:
            line.acknowledged(ack)

    def cancelled(self, invite: Key, cancel: Request) -> None:
        """See `Core`."""
        line = self.house.inviting.get(invite)
        if line is not None:
            taking.cancelled(line, cancel)
        elif invite in self._begun:
            request, task = self._begun[invite]
            task.cancel()
            self.stack.reply(request, self._answer(request, 487))

    # Inside.

    async def _serve(self, request: Request, flow: Flow) -> None:
        """Serve a request that begins something, for whoever it is from."""
        gateway = self._gateway(request, flow)
        user = await self.auth.user(request, flow) if gateway is None else None
        if user is not None:
            self.wires.trust(flow)
        await METHODS[request.method](self, request, Sender(flow, user, gateway))

    async def _returned(self, line: Line, request: Request, flow: Flow) -> None:
        """A request inside a call comes another way than the call did: it must prove whose it is (S23, S37)."""
        if line.gateway:
            gateway = self.gateways.recognise(request, flow)
            if gateway is None or gateway.config.name != line.gateway:
                raise Refused(403)
        else:
            user = await self.auth.user(request, flow)
            if user.address != line.user:
                raise Refused(403)
        line.move(flow)
        midcall.asked(line, request)

    async def _guarded(self, work: Coroutine[Any, Any, None], request: Request) -> None:
        reply = self.stack.reply
        try:
            await work
        except Denied as denied:
            reply(request, denied.response)
        except Refused as no:
            reply(request, response_to(request, no.status, no.reason, to_tag=new_tag(), fields=no.fields))
        except BadMessage as bad:
            reply(request, response_to(request, bad.status or 400, bad.text, to_tag=new_tag()))
        except CallError as error:
            fields = refusal_of(error.cause)
            reply(request, response_to(request, status_of(error.cause), to_tag=new_tag(), fields=fields))
        except Exception:
            log.exception("request failed", call_id=request.call_id, method=request.method)
            reply(request, response_to(request, 500, to_tag=new_tag()))

    def _spawn(self, work: Coroutine[Any, Any, None], request: Request) -> None:
        task = asyncio.create_task(self._guarded(work, request), name=f"{request.method} {request.call_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # if it was cancelled before it began
        if request.method == "INVITE":
            key = server_key(request)
            self._begun[key] = request, task
            task.add_done_callback(lambda _: self._begun.pop(key, None))

    def _gateway(self, request: Request, flow: Flow) -> Gateway | None:
        """Find the gateway that a request comes from. One may not pass for a user of ours unless it is trusted.

        A From with our address and not our domain says nothing: many carriers write it so.
        """
        gateway = self.gateways.recognise(request, flow)
        if gateway is None or request.method == "REGISTER":
            return None
        return None if self._is_domain(request.from_.uri) and not gateway.config.trusted else gateway

    def _is_domain(self, uri: Uri) -> bool:
        host, settings = uri.host.lower(), self.house.settings
        return host == settings.domain.lower() or host in settings.aliases

    def _answer(self, request: Request, status: int, reason: str = "", fields: Fields = ()) -> Response:
        """Answer without a transaction: each copy of a request gets the same tag."""
        of = f"{request.call_id}\n{request.from_.tag}\n{request.cseq}\n{request.vias[0].branch}"
        tag = hashlib.blake2b(of.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=8).hexdigest()
        return response_to(request, status, reason, to_tag=tag, fields=fields)

    def _way(self, to: Contact) -> Way | None:
        return reaching.way_to(to, self.location, self.house.settings)

    def _moved(self, user: UserAddress, binding: Binding, flow: Flow) -> None:
        """A device registered on another flow: its calls go on there (S23), though the old one may not have ended yet.

        A page that lost its network comes back long before we hear that the old connection is dead.
        """
        for line in tuple(self.house.lines):
            if line.user != user or not line.is_up or line.flow == flow or self._is_where_it_was(line, user):
                continue
            if reaching.is_same_device(line, binding):
                log.info("call moved", leg=line.leg.id, transport=flow.transport)
                line.move(flow)

    def _is_where_it_was(self, line: Line, user: UserAddress) -> bool:
        """Say whether a call's phone is still registered on its flow: then it is another phone that came."""
        assert line.dialog is not None
        target = line.dialog.target
        return any(flow_of(one) == line.flow and one.contact.uri == target for one in self.location.of(user))

    def _tell_gateway(self, name: str, state: str, text: str) -> None:
        self.house.switch.services.bus.publish(GatewayChanged(name, time.time(), state, text))

    def _find(self, line: Line) -> None:
        """A call has lost its flow: if the device has registered on another one already, it goes on there."""
        if line.adrift is None or line.user is None:
            return
        for binding in self.location.of(line.user):
            if flow_of(binding).alive and reaching.is_same_device(line, binding):
                line.move(flow_of(binding))
                return
