"""The whole SIP door on wires without sockets: the real switch and door, and phones and carriers that a test plays.

    async with world() as made:
        ann, bob = await made.registered("1000", "1001")
        call = await ann.calls("1001")
        ringing = await bob.rings()
        ringing.answer()
        await call.answered()
        call.bye()
        await made.empty()

What arrives at a phone waits there, in order, until the test takes it (`Phone.next`). Repeats are counted and dropped.
A phone acknowledges refusals, and says 200 to what `auto` names, by itself. A phone that lies at an address that the
door opens a way to (`World.phone(..., at=...)`) plays a carrier.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from tests.fakes import FakeMedia
from tests.pysip.elsewhere import read_elsewhere
from xswitch_py.actions import ACTIONS
from xswitch_py.base.address import Address as UserAddress
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.base.passwords import ha1_pair
from xswitch_py.base.user import User
from xswitch_py.core.bus import Bus
from xswitch_py.core.dialplan import load
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Endpoint
from xswitch_py.core.guard import Guard
from xswitch_py.core.registry import Contact, Registry
from xswitch_py.core.script import follow
from xswitch_py.core.services import Plan, Services
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.sip.endpoint import Sip
from xswitch_py.endpoints.sip.flow import Ears, Flow, HostPort
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, Proxy
from xswitch_py.endpoints.sip.gateways.resolve import Resolver
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.media.api import Media, Taken
from xswitch_py.pysip.dialog import Dialog, dialog_of_request, dialog_of_response
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.headers import Address, Via
from xswitch_py.pysip.login import Login
from xswitch_py.pysip.message import (
    Request,
    Response,
    new_branch,
    new_call_id,
    new_tag,
    note_source,
    parse,
    response_to,
    serialise,
)
from xswitch_py.pysip.transaction import Times
from xswitch_py.pysip.uri import Uri, parse_uri
from xswitch_py.pysip.usage import Fields

__all__ = [
    "DOMAIN",
    "NEAR",
    "PASSWORD",
    "PLAIN",
    "RULES",
    "WEBRTC",
    "Phone",
    "Talk",
    "World",
    "account",
    "eventually",
    "kinds",
    "together",
    "world",
]

DOMAIN: Final = "pbx.test"
PASSWORD: Final = "1234"
NEAR: Final = ("192.0.2.1", 5060)  # where the door is
USERS: Final = ("1000", "1001", "1002", "1003")
PLAIN: Final = (  # what a phone offers, and answers
    "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
WEBRTC: Final = PLAIN.replace("RTP/AVP", "UDP/TLS/RTP/SAVPF")
RULES: Final[dict[str, Any]] = {
    "rule": [
        {"number": "9196", "steps": ["answer", "echo"]},
        {"number": "9197", "steps": ["tone beep 1", "answer", "sleep 1"]},
        {"number": "95(..)", "steps": ["bridge 10$1"]},
        {"number": "94(.*)", "steps": ["hangup $1"]},
        {"number": "92(.*)", "steps": ["bridge gateway/one/$1|gateway/two/$1"]},
        {"number": "91(.*)", "steps": ["bridge gateway/one+two/$1"]},
        {"number": "90(.*)", "steps": ["bridge gateway/one/$1"]},
        {"number": "1.*", "steps": ["bridge $0"]},
        {"number": "2.*", "context": "public", "steps": ["bridge 1001"]},
    ]
}

_NUMBERS: Final = count(1)
_PATIENCE: Final = 5.0  # seconds


class Phone:
    """A peer, and the flow to it. Its answers have the tag `tag`, or that of the dialog they are in."""

    def __init__(self, world: "World", user: str, remote: HostPort, transport: str = "UDP") -> None:
        self.world = world
        self.user = user
        self.transport = transport
        self.remote = remote
        self.near = NEAR
        self.alive = True
        self.login = Login(user, PASSWORD)
        self.auto = {"BYE": 200, "CANCEL": 200, "NOTIFY": 200, "INFO": 200, "UPDATE": 200, "PRACK": 200, "OPTIONS": 200}
        self.contact = Address(uri=Uri(user=user, host=remote[0], port=remote[1]))
        self.agent: Fields = (("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, INFO"),)  # of INVITEs and answers
        self.seen: list[Request | Response] = []  # all that came
        self.repeats = 0
        self._got: set[bytes] = set()
        self._inbox: list[Request | Response] = []
        self._invites: dict[str, Request] = {}  # of theirs, not answered for good, by branch
        self._sent: dict[str, Request] = {}  # INVITEs of ours, by branch
        self._news = asyncio.Event()

    # What the door calls.

    def send(self, data: bytes) -> None:
        """See `Flow`."""
        if not self.alive:
            raise ConnectionError
        if data in self._got:
            self.repeats += 1
            return
        self._got.add(data)
        message = parse(data)
        read_elsewhere(message)
        self.seen.append(message)
        self._inbox.append(message)
        self._news.set()
        self._react(message)

    # What the test does.

    def says(self, message: Request | Response) -> None:
        """Send the door a message, as it is read from the wire, soon."""
        try:
            read = parse(serialise(message))
        except BadMessage as bad:
            asyncio.get_running_loop().call_soon(self.world.ears.malformed, bad, self)
            return
        if isinstance(read, Request):
            note_source(read, *self.remote)
            if read.method == "INVITE":
                self._sent[read.vias[0].branch] = read
        asyncio.get_running_loop().call_soon(self.world.ears.received, read, self)

    def asks(
        self,
        method: str,
        to: str = "",
        fields: Fields = (),
        body: str = "",
        *,
        uri: str = "",
        content_type: str = "application/sdp",
        call_id: str = "",
        tag: str = "",
        cseq: int = 1,
        max_forwards: int = 70,
        from_: Address | None = None,
        routes: tuple[Address, ...] = (),
        contact: bool = True,
    ) -> Request:
        """Send a request outside of dialogs, without credentials; give it."""
        target = parse_uri(uri or (f"sip:{to}@{DOMAIN}" if to else f"sip:{DOMAIN}"))
        request = Request.new(
            method,
            target,
            from_=(from_ or Address(f"Phone {self.user}", Uri(user=self.user, host=DOMAIN))).with_tag(tag or new_tag()),
            to=Address(uri=Uri(user=to or self.user, host=DOMAIN)),
            call_id=call_id or new_call_id(),
            cseq=cseq,
            via=self.via(),
            contact=self.contact if contact else None,
            routes=routes,
            max_forwards=max_forwards,
            fields=fields,
            body=body.encode(),
            content_type=content_type if body else "",
        )
        self.says(request)
        return request

    async def proves(self, request: Request) -> Request:
        """Take the challenge to a request and send it again with the digest; give that."""
        challenge = await self.next(401 if request.method == "REGISTER" else 407)
        assert isinstance(challenge, Response) and self.login.challenged(challenge)
        again = Request(request.headers.copy(), request.body, request.method, request.uri)
        again.headers.set("Via", str(self.via()))
        again.headers.set("CSeq", f"{request.cseq.number + 1} {request.method}")
        for name, value in self.login.fields(request.method, str(request.uri)):
            again.headers.set(name, value)
        self.login.accepted()
        self.says(again)
        return again

    async def asked(self, method: str, to: str = "", *more: Any, **named: Any) -> Response:
        """Ask as `asks` does, with credentials; give the final answer."""
        await self.proves(self.asks(method, to, *more, **named))
        return await self.final(method)

    async def register(self, fields: Fields = (("Expires", "600"),)) -> Response:
        """Register."""
        response = await self.asked("REGISTER", "", fields, uri=f"sip:{DOMAIN}")
        assert response.status == 200, response
        return response

    async def calls(self, to: str, sdp: str = PLAIN, fields: Fields = (), **more: Any) -> "Talk":
        """Place a call; `sdp=""` leaves the offer to the door."""
        invite = await self.proves(self.asks("INVITE", to, (*self.agent, *fields), sdp, **more))
        return Talk(self, invite)

    def dials(self, to: str, sdp: str = PLAIN, fields: Fields = (), **more: Any) -> "Talk":
        """Place a call without credentials, as a carrier."""
        return Talk(self, self.asks("INVITE", to, (*self.agent, *fields), sdp, **more))

    async def rings(self) -> "Talk":
        """Wait for a call."""
        invite = await self.next("INVITE")
        assert isinstance(invite, Request)
        return Talk(self, invite)

    async def next(self, what: str | int) -> Any:
        """Take the first message that waits here of this method, or of this status; wait for it if need be."""
        return await self._take(lambda message: _kind(message) == what, what)

    async def final(self, method: str) -> Response:
        """Take the final answer to a request of this method."""

        def is_it(message: Request | Response) -> bool:
            return isinstance(message, Response) and message.status >= 200 and message.cseq.method == method

        found = await self._take(is_it, f"an answer to {method}")
        assert isinstance(found, Response)
        return found

    def waiting(self, what: str | int = "") -> list[Request | Response]:
        """List what waits here, all or that of this method or status."""
        return [message for message in self._inbox if what in ("", _kind(message))]

    def answers(
        self, request: Request, status: int, sdp: str = "", fields: Fields = (), *, tag: str = "", reason: str = ""
    ) -> Response:
        """Answer a request of the door."""
        response = response_to(
            request,
            status,
            reason,
            to_tag=tag,
            contact=self.contact if request.method == "INVITE" and 100 < status < 300 else None,
            fields=(*self.agent, *fields) if 100 < status < 300 else fields,
            body=sdp.encode(),
            content_type="application/sdp" if sdp else "",
        )
        self.says(response)
        return response

    def via(self) -> Via:
        """Make the Via of the next request."""
        asks_port = 0 if self.transport == "UDP" else None
        return Via(self.transport, self.remote[0], self.remote[1], new_branch(), rport=asks_port)

    def hangs(self) -> None:
        """Break the connection."""
        self.alive = False
        self.world.ears.lost(self)

    # Inside.

    def _react(self, message: Request | Response) -> None:
        if isinstance(message, Response):
            if message.status >= 300 and message.cseq.method == "INVITE":
                invite = self._sent.pop(message.vias[0].branch, None)
                if invite is not None:
                    self.says(_ack_of_refusal(invite, message))
        elif message.method == "INVITE":
            self._invites[message.vias[0].branch] = message
        elif (status := self.auto.get(message.method)) is not None:
            self.answers(message, status)
            given_up = self._invites.pop(message.vias[0].branch, None)
            if message.method == "CANCEL" and given_up is not None:
                self.answers(given_up, 487, tag=new_tag())

    async def _take(self, wanted: Callable[[Request | Response], bool], what: object) -> Any:
        try:
            async with asyncio.timeout(_PATIENCE):
                while (found := next(filter(wanted, self._inbox), None)) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} came, but {[_kind(message) for message in self._inbox]}") from None
        self._inbox.remove(found)
        return found


class Talk:
    """One call at a phone: its INVITE, whoever sent it, and the dialog as the phone sees it."""

    def __init__(self, phone: Phone, invite: Request) -> None:
        self.phone = phone
        self.invite = invite
        self.ours = invite.vias[0].host == phone.remote[0]  # the phone called
        self.tag = new_tag()
        self.dialog: Dialog | None = None if self.ours else dialog_of_request(invite, self.tag, phone.contact, 1000)

    # Of a call that the phone was offered.

    def says(self, status: int, sdp: str = "", fields: Fields = (), *, tag: str = "") -> Response:
        """Answer the INVITE; with `tag`, as another fork does."""
        if status >= 200:
            self.phone._invites.pop(self.invite.vias[0].branch, None)
        return self.phone.answers(self.invite, status, sdp, fields, tag=tag or self.tag)

    def rings(self) -> None:
        """Say 180."""
        self.says(180)

    async def answers(self, sdp: str = PLAIN, fields: Fields = ()) -> Request:
        """Say 200, and give the ACK."""
        self.says(200, sdp, fields)
        assert self.dialog is not None
        self.dialog.confirm()
        ack = await self.phone.next("ACK")
        assert isinstance(ack, Request)
        return ack

    # Of a call that the phone placed.

    async def answered(self, *, sdp: str = "") -> Response:
        """Wait for the 200, and acknowledge it; give it."""
        response = await self.phone.final("INVITE")
        assert response.status == 200, (response.status, response.reason)
        self.acknowledge(response, sdp)
        return response

    def acknowledge(self, response: Response, sdp: str = "") -> None:
        """Send the ACK of a 2xx."""
        if self.dialog is None:
            self.dialog = dialog_of_response(self.invite, response)
            self.dialog.contact = self.phone.contact
        self.dialog.confirm(response)
        self.phone.says(self.dialog.ack(response.cseq.number, self.phone.via(), sdp.encode()))

    def provided(self, response: Response) -> None:
        """Take a provisional answer as the beginning of the dialog."""
        self.dialog = dialog_of_response(self.invite, response)

    def cancels(self, fields: Fields = ()) -> Request:
        """Give up."""
        cancel = Request.new(
            "CANCEL",
            self.invite.uri,
            from_=self.invite.from_,
            to=self.invite.to,
            call_id=self.invite.call_id,
            cseq=self.invite.cseq.number,
            via=self.invite.vias[0],
            fields=fields,
        )
        self.phone.says(cancel)
        return cancel

    # Of both.

    def asks(
        self, method: str, sdp: str = "", fields: Fields = (), *, content_type: str = "application/sdp"
    ) -> Request:
        """Send a request inside the dialog; give it."""
        assert self.dialog is not None
        request = self.dialog.request(method, self.phone.via(), sdp.encode(), content_type, fields)
        self.phone.says(request)
        return request

    async def asked(self, method: str, sdp: str = "", fields: Fields = (), **more: Any) -> Response:
        """Ask, and give the final answer; one to an INVITE is acknowledged."""
        request = self.asks(method, sdp, fields, **more)
        response = await self.phone.final(method)
        if method == "INVITE" and response.status < 300:
            assert self.dialog is not None
            self.phone.says(self.dialog.ack(request.cseq.number, self.phone.via()))
        return response

    async def bye(self, fields: Fields = ()) -> None:
        """Hang up."""
        assert (await self.asked("BYE", fields=fields)).status == 200


@dataclass
class Wires:
    """The transports of the door: ways to phones."""

    world: "World"
    addresses: dict[str, str] = field(default_factory=lambda: {"udp": "{}:{}".format(*NEAR)})
    trusted: list[Flow] = field(default_factory=list)

    async def start(self, ears: Ears) -> None:
        """See `Wires`."""

    async def stop(self) -> None:
        """See `Wires`."""

    def open(self, transport: str, host: str, port: int, name: str = "", *, verify: bool = True) -> Flow:
        """See `Links`: there is a way to whoever lies at the address."""
        found = next((phone for phone in self.world.phones if phone.remote == (host, port)), None)
        if found is None or not found.alive:
            raise ConnectionError
        return found

    def trust(self, flow: Flow) -> None:
        """See `Wires`."""
        self.trusted.append(flow)


class Sound(FakeMedia):
    """Media that knows what it said last, as the real one does."""

    async def make_answer(self, leg: LegId, wish: Wish) -> str:
        """See `Media`."""
        return self._said(leg, await super().make_answer(leg, wish))

    async def make_offer(self, leg: LegId, wish: Wish) -> str:
        """See `Media`."""
        return self._said(leg, await super().make_offer(leg, wish))

    async def take_offer(self, leg: LegId, sdp: str) -> Taken:
        """See `Media`."""
        taken = await super().take_offer(leg, sdp)
        self._said(leg, taken.sdp)
        return taken

    async def reoffer(self, leg: LegId) -> str:
        """See `Media`."""
        return self._said(leg, await super().reoffer(leg))

    def _said(self, leg: LegId, sdp: str) -> str:
        self._track(leg).local = sdp
        return sdp


class People:
    """Users 1000 to 1003; what `changed` has of one counts."""

    def __init__(self) -> None:
        self.changed: dict[str, User] = {}

    async def get(self, name: str, domain: str) -> User | None:
        """See `Users`."""
        if name not in USERS:
            return None
        md5, sha256 = ha1_pair(name, domain, PASSWORD)
        usual = User(name, domain, f"User {name}", name, ha1_md5=md5, ha1_sha256=sha256)
        return self.changed.get(name, usual)

    async def find_number(self, number: str, domain: str) -> User | None:
        return None


class World:
    """The switch, the door, and all phones."""

    def __init__(self, settings: Settings, media: Media | None, ring_timeout: float) -> None:
        self.phones: list[Phone] = []
        self.bus = Bus()
        self.events = self.bus.listen()
        self.registry = Registry(self.bus)
        self.media: Any = media or Sound()
        self.people = People()
        self.doors: dict[str, Endpoint] = {}
        self.plan = Plan(load(RULES, ACTIONS), ring_timeout)
        directory = Directory(self.people, DOMAIN, Guard())
        self.services = Services(self.media, self.bus, directory, self.registry, self.plan, self.doors)
        self.switch = Switch(self.services, follow(ACTIONS))
        self.wires = Wires(self)
        self.sip = Sip(
            self.switch,
            settings,
            self.wires,  # type: ignore[arg-type]  # what the door needs of them
            resolver=Resolver([("127.0.0.1", 9)]),
            is_own=lambda host, port: (host, port) == NEAR,
        )
        self.doors["sip"] = self.sip
        self.ears: Ears = self.sip

    def phone(self, user: str = "1000", transport: str = "UDP", *, at: HostPort | None = None) -> Phone:
        """Give a new phone, at an address of its own or at this one."""
        number = next(_NUMBERS) % 250 + 1
        made = Phone(self, user, at or (f"198.51.100.{number}", 5060 + number), transport)
        self.phones.append(made)
        return made

    async def registered(self, *users: str, transport: str = "UDP") -> list[Phone]:
        """Give phones that are registered."""
        phones = [self.phone(user, transport) for user in users]
        for phone in phones:
            await phone.register()
        return phones

    async def change(self, user: str, **facts: Any) -> None:
        """Change an account."""
        known = await self.people.get(user, DOMAIN)
        assert known is not None
        self.people.changed[user] = replace(known, **facts)

    async def gateways(self, *configs: GatewayConfig) -> None:
        """Begin with gateways, and wait until they are up."""
        await self.sip.gateways.start(configs)
        await eventually(lambda: all(each.up for each in self.sip.gateways.status()))

    async def joined(self) -> tuple[Talk, Talk]:
        """Give both ends of a call that is up, from 1000 to 1001."""
        caller, callee = await self.registered("1000", "1001")
        call = await caller.calls("1001")
        rung = await callee.rings()
        await rung.answers()
        await call.answered()
        await eventually(lambda: bool(self.media.bridges))
        return call, rung

    def contacts(self, user: str) -> tuple[Contact, ...]:
        """List where a user can be reached."""
        return self.registry.find(UserAddress(user, DOMAIN))

    async def empty(self) -> None:
        """Wait until nothing is left of any call: no leg, no line, no dialog, no media, and in time no transaction."""
        await self.quiet()
        await eventually(lambda: len(self.sip.stack) == 0)

    async def quiet(self) -> None:
        """Wait until nothing but transactions that linger is left of any call."""
        house, switch = self.sip.house, self.switch

        def left() -> list[object]:
            return [*switch.legs, *switch.calls, *house.lines, *house.dialogs, *house.inviting, *self._media_left()]

        try:
            await eventually(lambda: not left())
        except TimeoutError:
            raise AssertionError(f"left: {left()}") from None

    def _media_left(self) -> list[object]:
        return [*self.media.tracks, *self.media.bridges] if isinstance(self.media, FakeMedia) else []


@asynccontextmanager
async def world(media: Media | None = None, ring_timeout: float = 5.0, **settings: Any) -> AsyncIterator[World]:
    """A world with these settings of the door; T1 is 20 ms."""
    said: dict[str, Any] = {"domain": DOMAIN, "times": Times(0.02, 0.08, 0.1)} | settings
    made = World(Settings(**said), media, ring_timeout)
    await made.sip.start()
    try:
        yield made
    finally:
        await made.switch.drain(0)
        await made.sip.stop()
        made.bus.close()


def account(name: str, carrier: Phone, **values: Any) -> GatewayConfig:
    """A gateway at the address of a phone, which is asked nothing, unless said otherwise."""
    said: dict[str, Any] = {"ping": 0.0, "timeout": 0.5} | values
    return GatewayConfig(name, Proxy(*carrier.remote), **said)


async def eventually(holds: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    """Wait until something holds that tells nobody."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.005)


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Do several things at once; give what comes of them."""
    return list(await asyncio.gather(*work))


def kinds(messages: Collection[Request | Response]) -> list[str | int]:
    """Give the method or the status of each."""
    return [_kind(message) for message in messages]


def _kind(message: Request | Response) -> str | int:
    return message.method if isinstance(message, Request) else message.status


def _ack_of_refusal(invite: Request, response: Response) -> Request:
    return Request.new(
        "ACK",
        invite.uri,
        from_=invite.from_,
        to=response.to,
        call_id=invite.call_id,
        cseq=invite.cseq.number,
        via=invite.vias[0],
        routes=invite.routes,
    )
