"""A demo that looks lived in: users, ways in and out, and calls of all kinds, made by the API and by phones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from tests.peers.verto import VertoPeer

__all__ = ["administrator", "fill", "talking"]

_USERS: Final = (
    {"name": "2001", "display_name": "Ada Lovelace", "number": "2001"},
    {"name": "2002", "display_name": "王小明", "number": "2002"},
    {"name": "2003", "display_name": "Grace Hopper", "number": "2003", "enabled": False},
    {"name": "operator", "display_name": "Night shift", "role": "admin"},
)
_ROUTES: Final = (
    {"name": "Reception by day", "number": "0", "hours": "mon-fri 08:00-18:00", "steps": ["bridge 2001"]},
    {"name": "Reception at night", "number": "0", "steps": ["answer", "playback music", "hangup"]},
    {"name": "Abroad", "number": "00(.*)", "steps": ["bridge gateway/carrier/$1"], "enabled": False},
)
_ADDRESSES: Final = ("192.0.2.7", "198.51.100.23")  # nobody has them
_SECONDS: Final = 1.5


@asynccontextmanager
async def administrator(http: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API with an API key."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"{http}/api/v1", headers=headers, timeout=20, trust_env=False) as client:
        yield client


async def fill(facts: dict[str, Any], password: str) -> None:
    """Make a bit of everything in a demo that has just begun; `password` is that of its users."""
    async with administrator(facts["http"], facts["api_key"]) as api:
        for user in _USERS:
            await _make(api, "/users", {**user, "phone_secret": "lost-in-the-dark", "web_password": "lost-in-the-dark"})
        for route in _ROUTES:
            await _make(api, "/routes", route)
        await _make(api, "/gateways", {"name": "carrier", "proxy": "127.0.0.1:9", "register": False, "ping": 10})
        await _make(api, "/gateways", {
            "name": "backup", "proxy": "127.0.0.1:10", "register": True, "username": "pbx", "password": "x",
        })  # fmt: skip
        await _make(api, "/webhooks", {"url": "https://hooks.example.com/xswitch", "events": ["call.*"]})
        await _make(api, "/api-keys", {"name": "wallboard", "scopes": ["calls:read", "status:read"]})
        for source in _ADDRESSES:
            await _make(api, "/blocks", {"source": source, "seconds": 3600, "reason": "wrong passwords"})
        await _calls(api, facts["ws"], password)


@asynccontextmanager
async def talking(facts: dict[str, Any], password: str) -> AsyncIterator[None]:
    """Keep a call of two phones up, which is recorded, and one that rings nobody hears."""
    alice, bob = await VertoPeer.open(facts["ws"]), await VertoPeer.open(facts["ws"])
    async with alice, bob, administrator(facts["http"], facts["api_key"]) as api:
        await alice.login("1005", password)
        await bob.login("1006", password)
        call = await alice.invite("1006")
        await bob.answer(await bob.ringing())
        await call.answered()
        await _record(api)
        yield
        await call.bye()


async def _calls(api: httpx.AsyncClient, ws: str, password: str) -> None:
    """One with an answer and a recording, one to the echo, one that is refused, one that finds nobody."""
    alice, bob = await VertoPeer.open(ws), await VertoPeer.open(ws)
    async with alice, bob:
        await alice.login("1003", password)
        await bob.login("1004", password)
        call = await alice.invite("1004")
        await bob.answer(await bob.ringing())
        await call.answered()
        await _record(api)
        await asyncio.sleep(_SECONDS)
        await call.bye()
        call = await alice.invite("9196")
        await call.answered()
        await asyncio.sleep(_SECONDS)
        await call.bye()
        call = await alice.invite("1004")
        await bob.refuse(await bob.ringing())
        await call.ended()
        call = await alice.invite("1019")
        await call.ended()


async def _record(api: httpx.AsyncClient) -> None:
    found = (await api.get("/calls")).json()["items"]
    await _make(api, f"/calls/{found[-1]['id']}/record", {})


async def _make(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    reply = await api.post(path, json=body)
    assert reply.is_success, f"{path}: {reply.status_code} {reply.text}"
    return reply.json() if reply.content else None
