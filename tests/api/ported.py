"""Routes on a real port, for what only a real connection shows: what is streamed, and who goes away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter

from tests.api.office import served
from xswitch_py.core.commands.desk import Desk
from xswitch_py.listen.listener import Listener

__all__ = ["asked_raw", "ported"]


@asynccontextmanager
async def ported(desk: Desk, *routers: APIRouter) -> AsyncIterator[httpx.AsyncClient]:
    """Serve these routers; give the administrator's client."""
    listener = Listener(served(desk, *routers), {}, http="127.0.0.1:0")
    await listener.start()
    base, headers = f"http://{listener.addresses['http']}/api/v1", {"Authorization": "Bearer admin"}
    try:
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=20, trust_env=False) as client:
            yield client
    finally:
        await listener.stop()


async def asked_raw(
    client: httpx.AsyncClient, head: str, *headers: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a request, as `GET /cdrs`, on a connection that takes little at a time."""
    method, _, path = head.partition(" ")
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port, limit=4096)
    lines = (f"{method} /api/v1{path} HTTP/1.1", "Host: localhost", "Authorization: Bearer admin", *headers, "", "")
    writer.write("\r\n".join(lines).encode())
    return reader, writer
