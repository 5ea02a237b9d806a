"""A real stack on flows that only write down, and the switch behind it: for what is said and watched without calls."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from tests.fakes import FakeMedia
from xswitch_py.base.address import Address
from xswitch_py.base.user import User
from xswitch_py.core.bus import Bus
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Endpoint, Message
from xswitch_py.core.leg import Leg
from xswitch_py.core.registry import Contact, Registry
from xswitch_py.core.services import Plan, Services
from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.stack import Let, Stack
from xswitch_py.pysip.headers import Via, parse_address
from xswitch_py.pysip.message import Request, Response, new_branch, parse, response_to, serialise
from xswitch_py.pysip.transaction import Key
from xswitch_py.pysip.uri import parse_uri
from xswitch_py.pysip.usage import Fields

__all__ = ["ALICE", "BOB", "DOMAIN", "OtherDoor", "Phone", "World", "user"]

DOMAIN: Final = "pbx.test"
ALICE: Final = Address("alice", DOMAIN)
BOB: Final = Address("bob", DOMAIN)


def user(name: str, domain: str = DOMAIN) -> User:
    """An account."""
    return User(name, domain, name.title(), name)


class People:
    """Alice, Bob, Carol and a hundred more."""

    async def get(self, name: str, domain: str) -> User | None:
        """See `Users`."""
        return user(name, domain) if name in ("alice", "bob", "carol") or name.startswith("user") else None

    async def find_number(self, number: str, domain: str) -> User | None:
        return None


class OtherDoor:
    """A door whose contacts take all that they are told."""

    name = "other"

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.there = True

    def dial(self, to: Contact, offer: object) -> Leg:
        """Nobody calls here."""
        raise NotImplementedError

    def drop(self, contact: Contact) -> bool:
        """See `Endpoint`."""
        return False

    def deliver(self, to: Contact, message: Message) -> bool:
        """See `Endpoint`."""
        if self.there:
            self.told.append(message)
        return self.there


@dataclass(eq=False)
class Phone:
    """A flow with a phone behind it: what it was sent, and what it says to a NOTIFY or a MESSAGE."""

    world: "World"
    transport: str = "TCP"
    remote: tuple[str, int] = ("198.51.100.7", 5070)
    near: tuple[str, int] = ("192.0.2.1", 5060)
    alive: bool = True
    answers: int = 200  # 0: nothing
    heard: list[Request | Response] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, data: bytes) -> None:
        """See `Flow`."""
        if not self.alive:
            raise ConnectionError
        message = parse(data)
        self.heard.append(message)
        self.news.set()
        if isinstance(message, Request) and self.answers:
            answer = response_to(message, self.answers, to_tag="phone")
            asyncio.get_running_loop().call_soon(self.world.stack.received, answer, self)

    def says(
        self,
        method: str,
        to: str,
        fields: Fields = (),
        body: bytes = b"",
        *,
        tag: str = "",
        call_id: str = "",
        cseq: int = 1,
        contact: bool = True,
    ) -> Request:
        """A request of the phone, as it is read from the wire."""
        request = Request.new(
            method,
            parse_uri(f"sip:{to}@{DOMAIN}" if to else f"sip:{DOMAIN}"),
            from_=parse_address(f"<sip:alice@{DOMAIN}>;tag=alice"),
            to=parse_address(f"<sip:bob@{DOMAIN}>{tag}"),
            call_id=call_id or f"call-{next(self.world.numbers)}",
            cseq=cseq,
            via=Via(self.transport, "198.51.100.7", 5070, new_branch()),
            contact=parse_address("<sip:alice@198.51.100.7:5070;transport=tcp>") if contact else None,
            fields=fields,
            body=body,
        )
        read = parse(serialise(request))
        assert isinstance(read, Request)
        return read

    @property
    def answer(self) -> Response:
        """The last answer that it got."""
        return [message for message in self.heard if isinstance(message, Response)][-1]

    @property
    def asked(self) -> list[Request]:
        """All requests that it got."""
        return [message for message in self.heard if isinstance(message, Request)]

    async def until(self, number: int) -> Request:
        """Wait for so many requests; give the last of them."""
        async with asyncio.timeout(5):
            while len(self.asked) < number:
                self.news.clear()
                await self.news.wait()
        return self.asked[number - 1]


class World:
    """A stack that lets every request in and leaves it to the test, which passes it on; and the core."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.bus = Bus()
        self.registry = Registry(self.bus)
        self.other = OtherDoor()
        self.doors: dict[str, Endpoint] = {"other": self.other}
        self.directory = Directory(People(), DOMAIN)
        plan = Plan(())
        self.services = Services(FakeMedia(), self.bus, self.directory, self.registry, plan, self.doors)
        self.stack = Stack(self)

    def arrive(self, request: Request, flow: Flow) -> Request:
        """Let a request begin its transaction."""
        self.stack.received(request, flow)
        return request

    # What the stack asks of its core.

    def gate(self, request: Request, flow: Flow) -> Response | Let:
        """See `Core`."""
        return Let.IN

    def request(self, request: Request, flow: Flow) -> None:
        """See `Core`: the test does the rest."""

    def ack(self, ack: Request, flow: Flow) -> None:
        """See `Core`."""

    def cancelled(self, invite: Key, cancel: Request) -> None:
        """See `Core`."""
