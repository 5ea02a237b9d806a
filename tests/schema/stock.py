"""Things for a run to name: users, gateways, calls that are up, and more, made anew when they are gone."""

import asyncio
import io
import threading
import time
import wave
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Self

import httpx

from tests.peers.light import CANNED_OFFER, LightPeer
from tests.peers.wire import Closed, Message, Refused

__all__ = ["CARRIER", "KICKED", "PASSWORD", "PHONES", "Phones", "Stock", "a_wav"]

PASSWORD: Final = "right-horse"
PHONES: Final = ("1000", "1001", "1002", "1003")
KICKED: Final = PHONES[3]  # whose sockets may be ended
CARRIER: Final[Mapping[str, Any]] = {"proxy": "127.0.0.1:9", "register": True, "username": "us", "password": "word"}
_FRESH_S: Final = 0.5
_ENOUGH: Final = 3


class Stock:
    """Finds what there is by an administrator's key, and makes more where there is not enough."""

    def __init__(self, base: str, key: str) -> None:
        self.spared = {"admin", "key_demo", *PHONES}  # what nobody shall take away: the run lives by it
        self._client = httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=20, trust_env=False
        )
        self._found: dict[str, tuple[float, list[str]]] = {}
        self._made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def names(self, path: str) -> list[str]:
        """List what the collection at a path has, such as `/users`."""
        at, names = self._found.get(path, (0.0, []))
        if time.monotonic() - at > _FRESH_S:
            names = self._list(path)
            if len(names) < _ENOUGH and path in _RECIPES:
                where, wish = _RECIPES[path](self)
                self._client.post(where, **wish)
                names = self._list(path)
            self._found[path] = time.monotonic(), names
        return names

    def one(self, path: str) -> str:
        """Name one of them."""
        return next(iter(self.names(path)), "none")

    def fresh(self, word: str) -> str:
        """Make up a name that nothing has."""
        self._made += 1
        return f"{word}{self._made}"

    def show(self, path: str) -> Any:
        """Show something; None if it is not there."""
        reply = self._client.get(path)
        return reply.json() if reply.is_success else None

    def _list(self, path: str) -> list[str]:
        page = self.show(f"{path}?limit=500" if path == "/cdrs" else path) or {"items": []}
        over = [each for each in page["items"] if each.get("ended", "") is not None]  # what goes on cannot be removed
        names = [str(each.get("id") or each.get("source") or each.get("name")) for each in over]
        return [name for name in names if name not in self.spared and not name.startswith("file_")]


def _plain(path: str, make: Callable[[Stock], Mapping[str, Any]]) -> "_Recipe":
    return lambda stock: (path, {"json": make(stock)})


def _call(stock: Stock) -> Mapping[str, Any]:
    return {"from": PHONES[int(stock.fresh("")) % 2], "wait": True}


def _sound(stock: Stock) -> tuple[str, Mapping[str, Any]]:
    return "/media", {"files": {"file": (f"{stock.fresh('sound')}.wav", a_wav())}}


def _recording(stock: Stock) -> tuple[str, Mapping[str, Any]]:
    return f"/calls/{stock.one('/calls')}/record", {"json": {"longest": 1}}


def a_wav() -> bytes:
    """Make a sound of eight milliseconds, all of whose bytes are ASCII: a body of text can have it, too."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"@" * 64)
    return file.getvalue()


_Recipe = Callable[[Stock], tuple[str, Mapping[str, Any]]]  # where to post what
_RECIPES: Final[Mapping[str, _Recipe]] = {
    "/users": _plain("/users", lambda stock: {"name": stock.fresh("someone"), "number": stock.fresh("88")}),
    "/gateways": _plain("/gateways", lambda stock: {"name": stock.fresh("carrier"), **CARRIER}),
    "/routes": _plain("/routes", lambda stock: {"number": stock.fresh("77"), "steps": ["hangup"]}),
    "/api-keys": _plain("/api-keys", lambda stock: {"name": "a script", "scopes": ["calls:read"]}),
    "/webhooks": _plain("/webhooks", lambda stock: {"url": "http://127.0.0.1:9999/", "events": ["call.*"]}),
    "/blocks": _plain("/blocks", lambda stock: {"source": f"192.0.2.{int(stock.fresh('')) % 200 + 1}"}),
    "/calls": _plain("/calls", _call),
    "/bridges": _plain("/bridges", lambda stock: {"calls": [stock.one("/calls")], "then": "stay"}),
    "/media": _sound,
    "/recordings": _recording,
}


class Phones:
    """Phones in a thread of their own that answer every call, without sound."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="phones", daemon=True)
        self._tasks: list[asyncio.Task[None]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        for user in PHONES:
            asyncio.run_coroutine_threadsafe(self._begin(user), self._loop).result(20)
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    async def _begin(self, user: str) -> None:
        ready = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._live(user, ready), name=f"phone {user}"))
        await asyncio.wait_for(ready.wait(), 15)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self, user: str, ready: asyncio.Event) -> None:
        """Be logged in, whatever happens, and answer."""
        while True:
            with suppress(Closed, Refused, OSError, TimeoutError):
                async with await LightPeer.open(self._url) as peer:
                    await peer.login(user, PASSWORD)
                    ready.set()
                    while True:
                        invite = await peer.expect("verto.invite", within=3600)
                        await self._answer(peer, invite)
            await asyncio.sleep(0.2)

    async def _answer(self, peer: LightPeer, invite: Message) -> None:
        dialog = {"callID": invite["callID"], "destination_number": invite.get("callee_id_number", "")}
        with suppress(Refused):
            await peer.request("verto.answer", sdp=answer_to(invite["sdp"]), dialogParams=dialog)


def answer_to(offer: str) -> str:
    """Answer an offer of sound as `CANNED_OFFER` offers it: with a transport of which nobody is behind."""
    ours = [line for line in CANNED_OFFER.split("\r\n") if line.startswith(("a=ice", "a=fingerprint", "a=candidate"))]
    kept = [line for line in offer.splitlines() if not line.startswith(_TRANSPORT)]
    return "\r\n".join([*kept, *ours, "a=setup:active", ""])


_TRANSPORT: Final = ("a=ice", "a=fingerprint", "a=candidate", "a=setup", "a=end-of-candidates", "a=ssrc", "a=msid")
