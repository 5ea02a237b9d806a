"""One Verto socket as a client sees it: requests with their replies, and what the server says by itself, in order."""

import asyncio
import itertools
import json
import ssl
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

__all__ = ["Closed", "Frame", "Message", "Refused", "VertoSocket"]

Message = dict[str, Any]

_WAIT_S: Final = 10.0
_LONG: Final = ("sdp", "dialogParams", "variables")
_LIMIT: Final = 4_000_000  # bytes of a frame we take


class Refused(Exception):
    """The server answered a request with an error."""

    def __init__(self, error: Message) -> None:
        super().__init__(json.dumps(error))
        self.error = error
        self.code: int | None = error.get("code")
        self.message: str = error.get("message", "")


class Closed(Exception):
    """The server closed the socket while something was awaited."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Frame:
    """One WebSocket message; `sent` by this client, or else received."""

    sent: bool
    body: Any  # what JSON gave, or the text as it was


class VertoSocket:
    """A logged-in (or not yet) Verto client without media.

    Server requests are replied to at once, as the stock client does, unless `polite` is false.
    """

    def __init__(self, link: ClientConnection, sessid: str, polite: bool = True) -> None:
        self.link = link
        self.sessid = sessid
        self.polite = polite
        self.frames: list[Frame] = []
        self.events: list[Message] = []  # server requests that nobody expected yet
        self._ids = itertools.count(1)
        self._gone = False
        self._replies: dict[Any, asyncio.Future[Message]] = {}
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read(), name="verto reader")

    @classmethod
    async def open(
        cls, url: str, sessid: str | None = None, tls: ssl.SSLContext | None = None, polite: bool = True, **options: Any
    ) -> Self:
        """Connect; `options` go to websockets."""
        settings: dict[str, Any] = {"max_size": _LIMIT, "open_timeout": _WAIT_S, "ping_interval": None, "proxy": None}
        link = await connect(url, ssl=tls, **(settings | options))
        return cls(link, sessid or str(uuid4()), polite)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave politely; safe to repeat."""
        if not self._reader.done():
            await self.link.close()
        await self._reader

    async def abort(self) -> None:
        """Lose the connection without a close frame, as when the network goes."""
        self.link.transport.abort()
        await self._reader

    @property
    def close_code(self) -> int | None:
        """The code the socket was closed with; None while it is open."""
        return self.link.close_code

    # Requests.

    def send(self, body: Message | list[Any] | str | bytes) -> "asyncio.Task[None]":
        """Send a frame: an object as JSON, a text as it is."""
        self.frames.append(Frame(True, body))
        wire = body if isinstance(body, str | bytes) else json.dumps(body)
        return asyncio.create_task(self._send(wire), name="verto send")

    async def request(self, method: str, params: Message | None = None, **more: Any) -> Message:
        """Ask, and wait for the result.

        Raises:
            Refused: the reply is an error.
            Closed: there was none.
        """
        number = next(self._ids)
        body = {"jsonrpc": "2.0", "method": method, "params": {**(params or {}), **more, "sessid": self.sessid}}
        reply = self.pending(number)
        self.send({**body, "id": number})
        async with asyncio.timeout(_WAIT_S):
            message = await reply
        if "error" in message:
            raise Refused(message["error"])
        return dict(message["result"])

    def pending(self, number: Any) -> "asyncio.Future[Message]":
        """Be ready for the reply with this id."""
        self._replies[number] = asyncio.get_running_loop().create_future()
        return self._replies[number]

    async def login(self, user: str, password: str = "1234", **params: Any) -> Message:
        """Log in with the credentials at once and wait for `verto.clientReady`; gives the params of that."""
        await self.request(
            "login", {"login": user, "passwd": password, "loginParams": {}, "userVariables": {}}, **params
        )
        return await self.expect("verto.clientReady")

    async def stock_login(self, user: str, password: str = "1234") -> Message:
        """Log in as the stock client does: bare first, then with credentials (verto.md 3.3)."""
        with suppress(Refused):
            await self.request("login")
        return await self.login(user, password)

    # What the server says by itself.

    async def expect(self, method: str, within: float = _WAIT_S, **match: Any) -> Message:
        """Wait for the next server request of this method whose params hold `match`, take it, and give its params.

        Raises:
            Closed: the socket closed before.
            TimeoutError: it did not come; the message lists what did.
        """
        return (await self.first((method,), within, **match))[1]

    async def first(self, methods: Collection[str], within: float = _WAIT_S, **match: Any) -> tuple[str, Message]:
        """The same for whichever of several methods comes first; gives the method too."""
        try:
            async with asyncio.timeout(within):
                return await self._first(methods, match)
        except TimeoutError:
            seen = "\n".join(map(_brief, self.frames[-8:]))
            raise TimeoutError(f"no {methods} {match}; the last frames:\n{seen}") from None

    async def closed(self, within: float = _WAIT_S) -> int | None:
        """Wait until the server closes the socket, and give the code."""
        async with asyncio.timeout(within):
            await asyncio.shield(self._reader)
        return self.close_code

    def waiting(self, method: str, **match: Any) -> list[Message]:
        """What came of this method and was not taken."""
        return [dict(event["params"]) for event in self.events if _fits(event, (method,), match)]

    async def _first(self, methods: Collection[str], match: Message) -> tuple[str, Message]:
        while True:
            for event in self.events:
                if _fits(event, methods, match):
                    self.events.remove(event)
                    return event["method"], event["params"]
            if self._gone:
                raise Closed(self.close_code)
            self._news.clear()
            await self._news.wait()

    async def _send(self, wire: str | bytes) -> None:
        with suppress(ConnectionClosed):
            await self.link.send(wire)

    async def _read(self) -> None:
        try:
            async for text in self.link:
                self._take(text)
        except ConnectionClosed:
            pass
        finally:
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_exception(Closed(self.close_code))
                    reply.exception()  # asked for here, so that a reply nobody awaits is not complained about
            self._gone = True
            self._news.set()

    def _take(self, text: str | bytes) -> None:
        body = _parsed(text)
        self.frames.append(Frame(False, body))
        for message in body if isinstance(body, list) else [body]:
            if isinstance(message, dict):
                self._judge(message)
        self._news.set()

    def _judge(self, message: Message) -> None:
        if "method" in message:
            self.events.append(message)
            if self.polite:
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": {"method": message["method"]}})
        elif (reply := self._replies.get(message.get("id"))) and not reply.done():
            reply.set_result(message)


def _brief(frame: Frame) -> str:
    """A frame for an error message: without the long parts."""
    body = frame.body
    if isinstance(body, dict) and "params" in body:
        body = body | {"params": {key: "..." if key in _LONG else each for key, each in body["params"].items()}}
    return f"{'<' if frame.sent else '>'} {json.dumps(body)[:300]}"


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fits(event: Message, methods: Collection[str], match: Message) -> bool:
    params = event.get("params", {})
    return event["method"] in methods and all(params.get(key) == value for key, value in match.items())
