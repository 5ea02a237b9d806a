"""A Verto door with the real core behind it, and clients in front of it."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, Final

from tests.fakes import FakeMedia, FakeSocket
from xswitch_py.actions import ACTIONS
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.user import User
from xswitch_py.core.bus import Bus
from xswitch_py.core.dialplan import load
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Endpoint
from xswitch_py.core.registry import Registry
from xswitch_py.core.script import follow
from xswitch_py.core.services import Plan, Services
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.verto.endpoint import Limits, Verto
from xswitch_py.media.api import Media

__all__ = ["AUTH", "DOMAIN", "Client", "World"]

DOMAIN: Final = "pbx.test"
AUTH: Final = {"code": -32000, "message": "Authentication Required"}
RULES: Final = {
    "rule": [
        {"number": "9196", "steps": ["answer", "echo"]},
        {"number": "9198", "steps": ["tone test", "answer", "echo"]},
        {"number": "9486", "steps": ["hangup USER_BUSY"]},
        {"number": "1[0-9]{3}", "steps": ["bridge $0"]},
    ]
}
GRANTS: Final = {
    "user": Permissions(methods=frozenset({"verto"})),
    "operator": Permissions(
        methods=frozenset({"verto", "echo", "jsapi", "fsapi"}),
        jsapi=frozenset({"status", "fsapi", "mediaStats", "channelData"}),
        fsapi=frozenset({"status", "uptime", "version", "show", "verto", "sofia"}),
        channels=frozenset({"demo", "presence", "FSevent"}),
    ),
    "admin": Permissions(*(frozenset({"__ANY__"}),) * 4),
}


class Account(User):
    """A user whose phone secret is 1234."""

    __slots__ = ()

    def check_phone(self, password: str) -> bool:
        """See `User`."""
        return password == "1234"


class People:
    """Users 1000 to 1009 of the role `user`, 1010 to 1019 of `operator`, and `admin`; the password is 1234."""

    def __init__(self) -> None:
        names = {str(number): "user" if number < 1010 else "operator" for number in range(1000, 1020)}
        self.users = {
            name: _account(name, role) for name, role in {**names, "admin": "admin", "guest1": "operator"}.items()
        }

    async def get(self, name: str, domain: str) -> User | None:
        """See `Users`."""
        return self.users.get(name) if domain == DOMAIN else None

    async def find_number(self, number: str, domain: str) -> User | None:
        return None


class World:
    """Everything there is."""

    def __init__(self, limits: Limits, media: Media | None = None) -> None:
        """`media` that is real takes the place of `self.media`."""
        self.bus = Bus()
        self.media = FakeMedia()
        self.registry = Registry(self.bus)
        self.doors: dict[str, Endpoint] = {}
        plan = Plan(load(RULES, ACTIONS), ring_timeout=30)
        self.people = People()
        directory = Directory(self.people, DOMAIN)
        services = Services(media or self.media, self.bus, directory, self.registry, plan, self.doors)
        self.switch = Switch(services, follow(ACTIONS))
        self.grants = dict(GRANTS)
        self.door = Verto(self.switch, self.grants, limits)
        self.doors[self.door.name] = self.door
        self.tasks = [asyncio.create_task(self.door.watch())]
        self._ports = itertools.count(1)

    def connect(self, sessid: str | None = None) -> "Client":
        """Open a socket."""
        port = next(self._ports)
        client = Client(FakeSocket(port=port), f"sess-{port}" if sessid is None else sessid)
        client.serving = asyncio.create_task(self.door.serve(client.socket))
        self.tasks.append(client.serving)
        return client

    async def client(self, user: str = "1000", sessid: str | None = None, **params: Any) -> "Client":
        """Open a socket and log in."""
        client = self.connect(sessid)
        reply = await client.login(user, **params)
        assert reply["result"]["message"] == "logged in"
        await client.told("verto.clientReady")
        return client

    async def pair(self) -> tuple["Client", "Client", str, str]:
        """Two clients in a call of the first to the second, and their call ids."""
        one, other = await self.client("1000"), await self.client("1001")
        await one.invite("c-one", "1001")
        invited = (await other.told("verto.invite"))["callID"]
        await one.told("verto.media")
        assert "result" in await other.ask("verto.answer", sdp="answer", dialogParams={"callID": invited})
        await one.told("verto.answer")
        await one.told("verto.display")
        await other.told("verto.display")
        return one, other, "c-one", invited

    async def close(self) -> None:
        """End it all."""
        await self.switch.drain(0)
        self.bus.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Client:
    """A Verto client that a test drives."""

    serving: asyncio.Task[None]

    def __init__(self, socket: FakeSocket, sessid: str) -> None:
        self.socket = socket
        self.sessid = sessid
        self._ids = itertools.count(1)
        self._read = 0  # requests of the server that were looked at

    @property
    def requests(self) -> list[Any]:
        """All requests the server made."""
        return [message for message in self.socket.heard if isinstance(message, dict) and "method" in message]

    def methods(self) -> list[str]:
        """What the server asked so far, in order."""
        return [message["method"] for message in self.requests]

    async def login(self, user: str, password: str = "1234", **params: Any) -> Any:
        """Log in as a user."""
        named = {"sessid": self.sessid} if self.sessid else {}
        return await self.ask("login", login=f"{user}@{DOMAIN}", passwd=password, **named, **params)

    async def ask(self, method: str, **params: Any) -> Any:
        """Make a request and give the reply."""
        number = f"id-{next(self._ids)}"
        self.socket.say({"jsonrpc": "2.0", "method": method, "params": params, "id": number})
        return await self.reply(number)

    async def error(self, method: str, **params: Any) -> Any:
        """Make a request and give the error."""
        reply = await self.ask(method, **params)
        assert "result" not in reply, reply
        return reply["error"]

    async def result(self, method: str, **params: Any) -> Any:
        """Make a request and give the result, without the sessid."""
        reply = await self.ask(method, **params)
        assert "error" not in reply, reply
        assert reply["result"].pop("sessid")
        return reply["result"]

    async def reply(self, number: Any) -> Any:
        """Wait for a reply."""
        return await self.socket.until(self._find(lambda message: "method" not in message and message["id"] == number))

    async def told(self, method: str) -> Any:
        """Wait for the next request of the server with this method, and give its params."""
        found = await self.socket.until(lambda: self._next(method))
        self._read = self.requests.index(found) + 1
        return found["params"]

    async def invite(self, call_id: str, number: str, sdp: str = "offer", **said: Any) -> Any:
        """Place a call."""
        params = {"callID": call_id, "destination_number": number, **said}
        return await self.result("verto.invite", sdp=sdp, dialogParams=params)

    async def echo(self, call_id: str = "c-echo", **said: Any) -> str:
        """Have an answered call to the echo."""
        await self.invite(call_id, "9196", **said)
        await self.told("verto.answer")
        return call_id

    async def quiet(self) -> None:
        """Wait until whatever was on its way has come."""
        for _ in range(3):
            await self.ask("Uas.Ping")
            await asyncio.sleep(0)

    async def gone(self) -> None:
        """Lose the socket, and wait until the door knows."""
        self.socket.drop()
        await self.serving

    def _next(self, method: str) -> Any:
        return next((message for message in self.requests[self._read :] if message["method"] == method), None)

    def _find(self, wanted: Callable[[Any], bool]) -> Callable[[], Any]:
        return lambda: next((each for each in self.socket.heard if isinstance(each, dict) and wanted(each)), None)


def _account(name: str, role: str) -> User:
    variables = {"moderator": "true"} if role == "admin" else {}
    return Account(name, DOMAIN, f"User {name}", name, role=role, variables=variables)
