"""A desk over HTTP, without a switch's ports: who asks says their role, and is believed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import APIRouter, FastAPI, Request

from tests.core.commands.live import ROLES
from xswitch_py.api import docs, pages, problems
from xswitch_py.base.address import Address
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.desk import Desk

__all__ = ["asking", "served"]


class Gate:
    """Takes a role for a key."""

    async def asker(self, request: Request) -> Asker:
        role = request.headers.get("authorization", "").removeprefix("Bearer ")
        if role not in ROLES:
            raise Refused(Code.NOT_AUTHENTICATED)
        return Asker(role, role, ROLES[role].api, Address("1000", "example.org"))


def served(desk: Desk, *routers: APIRouter, beside: APIRouter | None = None, web: Path | None = None) -> FastAPI:
    """Serve these routers under /api/v1, and one beside; with `web` the documents, too."""
    app = FastAPI(version=desk.version, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk, app.state.gatekeeper, app.state.editing = desk, Gate(), asyncio.Lock()
    app.state.openrpc = lambda: {"openrpc": "1.3.2", "methods": []}
    problems.install(app)
    for router in routers:
        app.include_router(router, prefix="/api/v1")
    if beside is not None:
        app.include_router(beside)
    if web is not None:
        docs.install(app)
        pages.install(app, web)
    return app


@asynccontextmanager
async def asking(
    app: FastAPI, role: str = "admin", host: str = "127.0.0.1", base: str = "http://localhost/api/v1"
) -> AsyncIterator[httpx.AsyncClient]:
    """Ask as somebody with a role, from an address."""
    transport = httpx.ASGITransport(app, client=(host, 40000), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {role}"} if role else {}
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client:
        yield client
