"""Registrations: what one costs over UDP, first and refreshed, and what 1,000 phones on WebSockets do."""

import asyncio
import itertools
import ssl
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.bench.cpu import Spent, memory_mb
from tests.bench.table import Figure
from tests.bench.ua import HOST, Ua
from tests.peers.server import Server, running
from tests.peers.sip import Door
from xswitch_py.base.user import User
from xswitch_py.pysip.headers import Address, Via
from xswitch_py.pysip.login import Login
from xswitch_py.pysip.message import Request, Response, new_branch, new_call_id, new_tag, parse, serialise
from xswitch_py.pysip.uri import parse_uri
from xswitch_py.store.open import open_store

__all__ = ["Phone", "register"]

PHONES: Final = 1000
_PASSWORD: Final = "1234"
_DOMAIN: Final = "localhost"
_REFRESHES: Final = 4  # of each phone
_AT_ONCE: Final = 16
_IDLE_S: Final = 10.0
_FIRST: Final = 200  # phones that get by with what the start left free
_WARM: Final = 50


@dataclass(slots=True)
class Phone:
    """A phone's registration: knows the REGISTER to send next."""

    user: str
    transport: str
    contact: str
    call_id: str = field(default_factory=new_call_id)
    tag: str = field(default_factory=new_tag)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    login: Login = field(init=False)

    def __post_init__(self) -> None:
        self.login = Login(self.user, _PASSWORD)

    def request(self) -> Request:
        """Make the next REGISTER, with the credentials we have."""
        uri = parse_uri(f"sip:{_DOMAIN}")
        own = Address(uri=parse_uri(f"sip:{self.user}@{_DOMAIN}"))
        fields = [("Expires", "600"), ("User-Agent", "bench"), *self.login.fields("REGISTER", str(uri))]
        return Request.new(
            "REGISTER", uri, from_=own.with_tag(self.tag), to=own, call_id=self.call_id, cseq=next(self.numbers),
            via=Via(self.transport, f"{self.user}.invalid", None, new_branch(), rport=0),
            contact=Address(uri=parse_uri(self.contact)), fields=fields,
        )  # fmt: skip


async def register() -> list[Figure]:
    """Phones on WebSockets that stay, each kind with a server of its own, then registrations over UDP."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for transport in ("WS", "WSS"):
            async with _serving(Path(folder)) as server:
                figures += await _staying(server, transport)
        async with _serving(Path(folder)) as server:
            figures += await _over_udp(server)
    return figures


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[Server]:
    """A server as it is run, that knows so many users."""
    path = folder / "bench.db"
    if not path.exists():
        store = await open_store(path)
        for number in range(PHONES):
            await store.users.add(User(_name(number), _DOMAIN, f"Phone {number}"))
            await store.users.set_phone_secret(_name(number), _DOMAIN, _PASSWORD)
        await store.close()
    settings = (f"store.path={path}", "shutdown.drain=0", 'guard.allow=["127.0.0.0/8"]')
    async with running(folder, *settings, command="serve", options=()) as server:
        yield server


async def _over_udp(server: Server) -> list[Figure]:
    door = Door.of(server.facts).udp
    async with Ua() as ua:
        phones = [Phone(_name(number), "UDP", f"sip:{_name(number)}@{HOST}:{ua.port}") for number in range(PHONES)]
        await _each(ua, door, [phone.request() for phone in phones[:_WARM]], expect=401)
        first = [phone.request() for phone in phones]
        spent = Spent.begin(server.pid)
        challenges = await _each(ua, door, first, expect=401)
        asking = spent.cpu()
        for phone, challenge in zip(phones, challenges, strict=True):
            assert phone.login.challenged(challenge)
        proofs = [phone.request() for phone in phones]
        spent = Spent.begin(server.pid)
        await _each(ua, door, proofs)
        await asyncio.sleep(1)  # what is written late belongs to them, too
        proving = spent.cpu()
        again = [phone.request() for _ in range(_REFRESHES) for phone in phones]
        spent = Spent.begin(server.pid)
        await _each(ua, door, again)
        await asyncio.sleep(1)
        refreshing, wall = spent.cpu(), spent.wall() - 1
    share = f"{len(again) / wall:.0f} a second here, contacts kept in the database"
    return [
        Figure("REGISTER with digest, refreshed", len(again) / refreshing, "a CPU second", note=share),
        Figure("REGISTER with digest, first", PHONES / (asking + proving), "a CPU second", note="401 and 200"),
        Figure("REGISTER challenged", PHONES / asking, "a CPU second", note="what strangers cost"),
    ]


async def _each(ua: Ua, door: str, requests: Sequence[Request], expect: int = 200) -> list[Response]:
    """Send all of them, few at a time, and give the answers in this order."""
    written = [(request.vias[0].branch, serialise(request)) for request in requests]
    found: dict[str, Response] = {}
    left = iter(written)

    async def work() -> None:
        for branch, data in left:
            found[branch] = await ua.exchange(branch, data, door)

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    answers = [found[branch] for branch, _ in written]
    wrong = [answer for answer in answers if answer.status != expect]
    assert not wrong, f"{wrong[0].status} {wrong[0].reason}"
    return answers


async def _staying(server: Server, transport: str) -> list[Figure]:
    door = Door.of(server.facts)
    url, tls = (door.ws, None) if transport == "WS" else (door.wss, server.tls())
    async with AsyncExitStack() as stack:
        for number in range(PHONES):
            if number == _FIRST:
                before = memory_mb(server.pid)
            await stack.enter_async_context(await _phone(url, tls, transport, number))
        each = (memory_mb(server.pid) - before) / (PHONES - _FIRST)
        await asyncio.sleep(1)
        idle = Spent.begin(server.pid)
        await asyncio.sleep(_IDLE_S)
        share = 100 * idle.cpu() / idle.wall()
    return [
        Figure(f"{PHONES} phones on {transport}, memory of one", 1000 * each, "kB", note="registered"),
        Figure(f"{PHONES} phones on {transport} idle, CPU", share, "% of a core", note=f"over {_IDLE_S:.0f} s"),
    ]


async def _phone(url: str, tls: ssl.SSLContext | None, transport: str, number: int) -> ClientConnection:
    """Connect and register, as a page does."""
    offered = [Subprotocol("sip")]
    link = await connect(url, ssl=tls, subprotocols=offered, compression=None, ping_interval=None, proxy=None)
    phone = Phone(_name(number), transport, f"sip:{_name(number)}@{uuid4().hex}.invalid;transport=ws")
    for expected in (401, 200):
        await link.send(serialise(phone.request()).decode())
        reply = await link.recv()
        answer = parse(reply.encode() if isinstance(reply, str) else reply)
        assert isinstance(answer, Response)
        assert answer.status == expected, f"{answer.status} {answer.reason}"
        if expected == 401:
            assert phone.login.challenged(answer)
    return link


def _name(number: int) -> str:
    return f"{2000 + number}"
