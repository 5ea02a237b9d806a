"""Both sides of a gateway on loopback: UDP sockets that speak SIP, a name server, a carrier."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from xswitch_py.endpoints.sip.flow import Flow, HostPort
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, Proxy
from xswitch_py.endpoints.sip.gateways.gateways import Gateways
from xswitch_py.endpoints.sip.gateways.resolve import Resolver
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.stack import Let, Stack
from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.message import Request, Response, parse, response_to, serialise
from xswitch_py.pysip.transaction import Key

__all__ = [
    "Carrier",
    "Node",
    "Switch",
    "Zone",
    "account",
    "carrier",
    "eventually",
    "good",
    "switch",
    "zone",
]


@dataclass(frozen=True)
class UdpFlow:
    """A way to one address from one socket."""

    node: "Node" = field(repr=False)
    remote: HostPort
    transport: str = "UDP"
    alive: bool = True

    def __hash__(self) -> int:
        return hash((id(self.node), self.remote))

    @property
    def near(self) -> HostPort:
        """The socket's own address."""
        return self.node.at

    def send(self, data: bytes) -> None:
        """Send a datagram."""
        self.node.out(data, self.remote)


class Node(asyncio.DatagramProtocol):
    """A UDP socket on loopback; gives ways to others as transports do, and says TCP of one if that is asked for."""

    def __init__(self, heard: Callable[[Request | Response, UdpFlow], None]) -> None:
        self.at: HostPort = ("", 0)
        self.opened: list[tuple[str, str, int, str]] = []
        self._heard = heard
        self._transport: asyncio.DatagramTransport

    async def start(self, port: int = 0) -> None:
        """Bind."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", port))
        self.at = self._transport.get_extra_info("sockname")

    def stop(self) -> None:
        """Close the socket."""
        self._transport.close()

    def open(self, transport: str, host: str, port: int, name: str = "") -> Flow:
        """Give a way to an address."""
        if transport not in ("UDP", "TCP") or ":" in host:
            raise ConnectionError
        self.opened.append((transport, host, port, name))
        return UdpFlow(self, (host, port), transport)

    def out(self, data: bytes, to: HostPort) -> None:
        """Send, if not stopped."""
        if not self._transport.is_closing():
            self._transport.sendto(data, to)

    def datagram_received(self, data: bytes, addr: HostPort) -> None:
        """Read."""
        self._heard(parse(data), UdpFlow(self, addr))


class Carrier:
    """The far side: answers each request as its script says; `None` leaves it without an answer."""

    def __init__(self, script: Callable[[Request], Response | None]) -> None:
        self.script = script
        self.requests: asyncio.Queue[Request] = asyncio.Queue()
        self.node = Node(self._heard)
        self._seen: dict[str, Response | None] = {}

    async def start(self, port: int = 0) -> None:
        """Bind."""
        await self.node.start(port)

    async def next(self, method: str = "") -> Request:
        """Wait for the next request, of this method."""
        while True:
            request = await asyncio.wait_for(self.requests.get(), 5)
            if method in ("", request.method):
                return request

    def _heard(self, message: Request | Response, flow: UdpFlow) -> None:
        assert isinstance(message, Request)
        branch = message.vias[0].branch
        if branch not in self._seen:
            self._seen[branch] = self.script(message)
            self.requests.put_nowait(message)
        if (response := self._seen[branch]) is not None:
            flow.send(serialise(response))


class Zone(asyncio.DatagramProtocol):
    """A name server: what is not in `records` does not exist."""

    def __init__(self, records: dict[tuple[str, str], list[str]], ttl: int = 300) -> None:
        self.records = records
        self.ttl = ttl
        self.broken = False
        self.broken_names: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.at: HostPort = ("", 0)
        self._transport: asyncio.DatagramTransport

    async def start(self) -> None:
        """Bind."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.at = self._transport.get_extra_info("sockname")

    def stop(self) -> None:
        """Close the socket."""
        self._transport.close()

    def datagram_received(self, data: bytes, addr: HostPort) -> None:
        """Answer a question."""
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = str(question.name).rstrip("."), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.broken or name in self.broken_names:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) in self.records:
            response.answer.append(
                dns.rrset.from_text_list(question.name, self.ttl, "IN", kind, self.records[name, kind])
            )
        elif not any(name == known for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(response.to_wire(), addr)


class Switch:
    """Our side: a stack with nothing above, and the gateways."""

    def __init__(self, resolver: Resolver, settings: Settings) -> None:
        self.stack = Stack(self)
        self.node = Node(lambda message, flow: self.stack.received(message, flow))
        self.told: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()
        self.gateways = Gateways(
            self.stack, self.node, settings, lambda *facts: self.told.put_nowait(facts), resolver, chance=lambda: 0.0
        )

    async def until(self, *states: str) -> list[str]:
        """Wait until gateways have told these states one after the other; give their texts."""
        texts = []
        for state in states:
            _, said, text = await asyncio.wait_for(self.told.get(), 8)
            assert said == state, (said, text)
            texts.append(text)
        return texts

    # What the stack calls: nothing is expected.

    def gate(self, request: Request, flow: Flow) -> Response | Let:
        """Let it in."""
        return Let.IN

    def request(self, request: Request, flow: Flow) -> None:
        """Take a request."""

    def ack(self, ack: Request, flow: Flow) -> None:
        """Take an ACK."""

    def cancelled(self, invite: Key, cancel: Request) -> None:
        """Take a CANCEL."""


@asynccontextmanager
async def switch(nameserver: HostPort | None = None) -> AsyncIterator[Switch]:
    """Our side, with a name server or none."""
    made = Switch(Resolver([nameserver or ("127.0.0.1", 9)]), Settings(domain="pbx.example"))
    await made.node.start()
    try:
        yield made
    finally:
        await made.gateways.stop(0.5)
        made.stack.stop()
        made.node.stop()


@asynccontextmanager
async def zone(records: dict[tuple[str, str], list[str]], ttl: int = 300) -> AsyncIterator[Zone]:
    """A name server."""
    made = Zone(records, ttl)
    await made.start()
    try:
        yield made
    finally:
        made.stop()


@asynccontextmanager
async def carrier(script: Callable[[Request], Response | None], port: int = 0) -> AsyncIterator[Carrier]:
    """A far side."""
    made = Carrier(script)
    await made.start(port)
    try:
        yield made
    finally:
        made.node.stop()


def good(request: Request) -> Response:
    """Answer 200, a REGISTER with its Contact for as long as it asks."""
    contact = request.contacts[0] if request.contacts else Address()
    if request.method != "REGISTER":
        return response_to(request, 200, to_tag="far")
    given = replace(contact, params={**contact.params, "expires": str(request.expires)})
    return response_to(request, 200, to_tag="far", contact=given if request.expires else None)


def account(at: tuple[str, int | None], name: str = "carrier", **values: Any) -> GatewayConfig:
    """A gateway at an address that registers and is not pinged, unless said otherwise."""
    said: dict[str, Any] = {
        "register": True,
        "username": "acct77",
        "password": "secret",
        "ping": 0.0,
        "timeout": 2.0,
    } | values
    return GatewayConfig(name, Proxy(*at), **said)


async def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something holds that tells nobody."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)
