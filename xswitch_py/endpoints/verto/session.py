"""One Verto peer: reads its frames one at a time, answers each, and only then lets anything follow from it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, assert_never

import structlog

from xswitch_py.base.ids import LegId, new_id
from xswitch_py.base.permissions import NOTHING, Permissions
from xswitch_py.base.user import User
from xswitch_py.core.registry import Contact
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.channels import deliver
from xswitch_py.endpoints.verto.house import DOOR, House
from xswitch_py.endpoints.verto.leg import Calls
from xswitch_py.endpoints.verto.machine import Send
from xswitch_py.endpoints.verto.returning import regain
from xswitch_py.endpoints.verto.speed import SpeedTest
from xswitch_py.endpoints.verto.trace import Frames, quiet
from xswitch_py.endpoints.verto.visit import (
    Bound,
    Close,
    Detach,
    Displaced,
    Gone,
    Greet,
    Greeted,
    Phase,
    Register,
    Silent,
    Unregister,
    Visit,
    VisitEffect,
    VisitEvent,
)
from xswitch_py.endpoints.verto.wire import Bad, Code, Json, Reply, Request
from xswitch_py.jsonrpc import BATCH, BadJson, Context, Refusal, Refusals, call, dump, error_reply, parse

__all__ = ["Asked", "Session", "Socket"]

log = structlog.get_logger("xswitch.verto")


class Socket(Protocol):
    """What a session needs of its WebSocket."""

    @property
    def remote(self) -> tuple[str, int]:
        """IP address and port of the peer."""

    @property
    def secure(self) -> bool:
        """Whether the peer uses TLS."""

    @property
    def slow(self) -> bool:
        """Whether the peer is behind with taking what was sent."""

    async def receive(self) -> str | bytes | None:
        """Wait for the next message: text or binary; None once the peer is gone."""

    def send(self, text: str, *, urgent: bool = True) -> None:
        """Send a text message; never waits."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye."""


@dataclass(slots=True)
class Asked(Context):
    """What a method knows beside its parameters."""

    session: "Session"
    given: bool = False  # there was a params object


class Session:
    """One socket, and who is on it."""

    __slots__ = (
        "_corked",
        "_frames",
        "_heard",
        "_script",
        "_socket",
        "_speed",
        "_timer",
        "_visit",
        "calls",
        "features",
        "house",
        "keep",
        "sessid",
        "subscriptions",
        "user",
        "variables",
    )

    def __init__(self, house: House, socket: Socket) -> None:
        self.house = house
        self.sessid = ""
        self.user: User | None = None
        self.features: frozenset[str] = frozenset()  # that the peer has beyond what all clients can do
        self.keep: frozenset[str] = frozenset()  # calls whose media the peer still has
        self.variables: Mapping[str, str] = {}  # set on every call (`userVariables` of the login)
        self.subscriptions: dict[str, int] = {}
        self.calls = Calls(house.switch, self, house.limits.calls, house.limits.detach)
        self._socket = socket
        self._visit = Visit()
        self._corked: list[tuple[str, bool, str, LegId | None]] | None = None
        self._frames = Frames(house.switch.services.traces)
        self._script = None if house.programs is None else house.programs.visit(self)
        self._speed: SpeedTest | None = None
        self._heard = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def permissions(self) -> Permissions:
        """What the user's role may do now."""
        return NOTHING if self.user is None else self.house.roles.get(self.user.role, NOTHING)

    @property
    def guest(self) -> bool:
        """Whether the user may see only what is public."""
        return self.user is None or self.user.name.startswith("guest")

    @property
    def host(self) -> str:
        """Where the peer is: its IP address."""
        return self._socket.remote[0]

    @property
    def contact(self) -> Contact | None:
        """How the user is reached here."""
        if self.user is None:
            return None
        url, transport = f"verto.rtc/{self.user.address}", "wss" if self._socket.secure else "ws"
        return Contact(self.user.address, DOOR, self.sessid, url=url, host=self.host, transport=transport)

    async def serve(self) -> None:
        """Talk to the peer until it leaves."""
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        self._timer = loop.call_later(self.house.limits.login, self._look)
        try:
            while (frame := await self._socket.receive()) is not None:
                self._heard = loop.time()
                await self._take(frame)
        finally:
            self.feed(Gone())
            self._timer.cancel()
            if self._script is not None:
                self._script.close()

    def tell(self, method: str, params: Json, *, urgent: bool = True) -> None:
        """Send the peer a request of ours; it leaves after the reply that is due, if one is (V9)."""
        number = next(self.house.ids)
        text = dump({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        leg = self._frames.asks(number, method, params, self.calls.dialogs)
        if self._corked is None:
            self._write(text, urgent, method, leg)
        else:
            self._corked.append((text, urgent, method, leg))

    def say(self, message: Any, *, urgent: bool = True) -> None:
        """Send a message that is no request of ours."""
        self._write(dump(message), urgent)

    def subscribe(self, channel: str) -> bool:
        """Subscribe to a channel."""
        return self.house.channels.subscribe(self, channel)

    def show(self, name: str, channel: str, event: Json) -> None:
        """Send one event of a channel this session subscribed to as `name`."""
        if name in self.subscriptions:
            deliver(self, name, channel, event)

    def bind(self, user: User, sessid: str) -> bool:
        """Let a user in who has proved who they are; False if another user has the sessid (V12)."""
        if self._visit.phase is Phase.GONE:  # while the password was checked
            return False
        if self._visit.phase is Phase.STRANGER:
            if not sessid or self.house.is_channel(sessid):
                sessid = new_id()
            if self.house.owner(sessid) not in (None, user.address):
                return False
            self._settle_in(sessid)
        elif user.address != (self.user and self.user.address):
            self._register(False)
            self.house.channels.leave(self)  # what was granted to somebody else
            if self._script is not None:
                self._script.close()
        self.user = user
        self.feed(Bound())
        log.info("login", user=str(user.address), host=self.host, sessid=self.sessid)
        return True

    async def is_welcome(self) -> bool:
        """Say whether the user may place a call: removed or disabled users may not, and changes count from here on."""
        user = self.user
        known = None if user is None else await self.house.switch.services.directory.find(user.name)
        if known is None or self.user is not user or self._visit.phase is Phase.GONE:
            return False
        self.user = known
        return True

    def end(self) -> None:
        """Close the socket once what was said has left."""
        self._socket.close(1000)

    def feed(self, event: VisitEvent) -> None:
        """Let something happen to the visit, and do what follows from it."""
        for effect in self._visit.receive(event, int(time.time())):
            self._do(effect)

    # One frame

    async def _take(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self.say(error_reply(None, _INVALID))
        elif frame.startswith("#"):
            self._measure(frame)
        elif frame:
            log.debug("<", host=self.host, text=quiet(self.calls.dialogs, frame))
            await self._read(frame)

    async def _read(self, frame: str) -> None:
        asked = Asked(self)
        self._corked = []
        try:
            reply = await self._answer(frame, asked)
            if reply is not None:
                self.say(reply)
        finally:
            self._uncork()
        asked.settle()
        if self._visit.phase is Phase.GREETING:
            await self._greet()

    async def _answer(self, frame: str, asked: Asked) -> Json | list[Json] | None:
        try:
            message = parse(frame)
        except BadJson:
            return error_reply(None, _INVALID)
        if self._script is not None and self._visit.phase is not Phase.GONE and self._script.take(message):
            return None
        if not isinstance(message, list):
            return await self._answer_one(message, asked, frame)
        if len(message) > BATCH:
            return error_reply(None, _INVALID)
        replies = [await self._answer_one(member, asked, dump(member)) for member in message]
        return [reply for reply in replies if reply] if any(replies) or not message else None

    async def _answer_one(self, message: Any, asked: Asked, frame: str) -> Json | None:
        if self._visit.phase is Phase.GONE:  # while we were at an earlier one of a batch
            return None
        match wire.read(message):
            case Reply():
                self._frames.replied(message, frame)
                return None
            case Bad(id=request_id):
                return error_reply(request_id, _REFUSALS.version)
            case Request(method=method, params=params) as request:
                refusal = self._refusal(method)
                if refusal is not None:
                    return error_reply(request.id, refusal) if request.wants_reply else None
                asked.given = params is not None
                heard = self._frames.heard(self.calls.dialogs, params, frame)
                reply = await call({**message, "params": params or {}}, self.house.methods, asked, _REFUSALS)
                reply = reply and self._dressed(reply, params or {})
                self._frames.served(self.calls.dialogs, heard, method, reply)
                return reply

    def _refusal(self, method: str) -> Refusal | None:
        """Say why a method may not be used, if it may not."""
        if method in _FREE and (self.user is not None or method == "login"):
            return None
        if self.user is None:
            return _LOGIN
        known = method in self.house.methods and self.permissions.allows("methods", method)
        return None if known else _REFUSALS.method

    def _dressed(self, reply: Json, params: Json) -> Json:
        """Add to a result what every result has (V8), and what was asked for."""
        if "result" in reply:
            reply["result"] = result = {**reply["result"], "sessid": self.sessid}
            if "echoParams" in params:
                wanted = params["echoParams"]
                result["requestParams"] = params if wire.flag(wanted) else wanted
        return reply

    def _measure(self, frame: str) -> None:
        if self.user is None:
            self.end()
            return
        self._speed = self._speed or SpeedTest(self._socket)
        self._speed.take(frame)

    def _uncork(self) -> None:
        corked, self._corked = self._corked or (), None
        for each in corked:
            self._write(*each)

    def _write(self, text: str, urgent: bool, method: str = "", leg: LegId | None = None) -> None:
        log.debug(">", host=self.host, text=quiet(self.calls.dialogs, text))
        if leg is not None:
            self._frames.told(leg, method, text)
        self._socket.send(text, urgent=urgent)

    # The visit

    def _do(self, effect: VisitEffect) -> None:
        match effect:
            case Send(method=method, params=params):
                self.tell(method, params)
            case Greet():  # after the reply to the login; from now on silence counts, and no deadline
                self._watch()
            case Register():
                self._register(True)
            case Unregister():
                self._register(False)
            case Detach():
                self._detach()
            case Close(code=code, reason=reason):
                self._uncork()
                self._socket.close(code, reason)
            case _:
                assert_never(effect)

    def _settle_in(self, sessid: str) -> None:
        """Take over a sessid: from the socket that has it, and with the calls that were left behind."""
        if (old := self.house.sessions.get(sessid)) is not None:
            old.feed(Displaced())
        if (left := self.house.detached.pop(sessid, None)) is not None:
            self.calls = left.calls
            self.calls.regain(self)
        self.sessid = sessid
        self.house.sessions[sessid] = self

    async def _greet(self) -> None:
        """Offer the calls left behind that the peer does not keep, then say that all is ready (V13)."""
        switch = self.house.switch
        kept, offered = await regain(self, tuple(self.calls.dialogs.values()), self.keep, switch)
        if self._visit.phase is Phase.GREETING:
            self.feed(Greeted(tuple(each.dialog.call_id for each in (*kept, *offered))))
        for each in kept:
            self.house.states.tell(each.leg, anew=True)
            await switch.updates.follow(each.leg)

    def _register(self, here: bool) -> None:
        if (contact := self.contact) is not None:
            registry = self.house.switch.services.registry
            (registry.add if here else registry.remove)(contact)

    def _detach(self) -> None:
        if self._speed is not None:
            self._speed.stop()
        self.house.channels.leave(self)
        self.house.leave(self)
        log.info("logout", user=str(self.user and self.user.address), host=self.host, sessid=self.sessid)

    def _look(self) -> None:
        """See whether the peer has been silent for too long; called now and then."""
        loop, limits = asyncio.get_running_loop(), self.house.limits
        stranger = self._visit.phase is Phase.STRANGER
        if stranger or loop.time() - self._heard >= limits.idle_ping:
            self.feed(Silent())
            self._heard = loop.time()
        if self._visit.phase is not Phase.GONE:
            self._watch()

    def _watch(self) -> None:
        """Look again when the peer will have been silent for too long."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(self._heard + self.house.limits.idle_ping, self._look)


_INVALID: Final = Refusal(Code.INVALID, "Invalid Request")
_LOGIN: Final = Refusal(Code.LOGIN, "Authentication Required")
_FREE: Final = frozenset({"login", "Uas.Ping"})  # allowed whatever the permissions say
_REFUSALS: Final = Refusals(
    json=_INVALID,
    request=_INVALID,
    version=Refusal(Code.INVALID, "Invalid message"),
    method=Refusal(Code.METHOD, "Invalid Method, Missing Method or Permission Denied"),
    params=Refusal(Code.REFUSED, "Permission Denied"),
    internal=Refusal(Code.CALL, "Internal error"),
)
