"""The HTTP side of ports 8081 and 8082: REST, documents, pages."""

import asyncio
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from fastapi import APIRouter, FastAPI, Request
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette.types import Receive, Scope, Send

from xswitch_py.api import (
    audit,
    auth,
    blocks,
    calls,
    cdrs,
    config,
    docs,
    doctor,
    events,
    gateways,
    health,
    keys,
    logs,
    media,
    pages,
    phone,
    problems,
    reach,
    recordings,
    registrations,
    routes,
    rpc,
    setup,
    status,
    trace,
    users,
    webhooks,
)
from xswitch_py.api.events import Streams
from xswitch_py.api.front import Front
from xswitch_py.api.idempotency import Remembered
from xswitch_py.api.reach import NOWHERE, Reach
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.desk import Desk
from xswitch_py.models.problem import Problem
from xswitch_py.rpc.answer import Rpc

__all__ = ["Gatekeeping", "closed", "http_app"]

ROUTERS: Final[tuple[APIRouter, ...]] = (
    calls.router,  # the first is found the soonest, and this is asked for most
    auth.router,
    phone.router,
    keys.router,
    users.router,
    registrations.router,
    routes.router,
    gateways.router,
    trace.router,
    media.router,
    recordings.router,
    cdrs.router,
    events.router,
    webhooks.router,
    config.router,
    status.router,
    doctor.router,
    logs.router,
    setup.router,
    blocks.router,
    audit.router,
)
"""What is under /api/v1, a resource a router."""


class Gatekeeping(Protocol):
    """Who says who asks."""

    async def asker(self, request: Request) -> Asker:
        """Find out who sent a request; raises Refused."""


def http_app(
    desk: Desk,
    gatekeeper: Gatekeeping,
    web: Path,
    streams: Streams | None = None,
    programs: Rpc | None = None,
    sockets: Reach = NOWHERE,
) -> FastAPI:
    """Make the application: `web` is the folder of the pages, `sockets` says whom the sockets beside it let in."""
    programs = programs or Rpc(desk)
    # FastAPI keeps this quiet where it makes its fields; those of ours are finished later, when they are wanted.
    warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)
    app = FastAPI(title="xswitch", version=desk.version, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk, app.state.gatekeeper = desk, gatekeeper
    app.state.rpc, app.state.openrpc = programs, programs.document
    app.state.reach = sockets
    app.state.streams = Streams() if streams is None else streams
    app.state.remembered, app.state.editing = Remembered(), asyncio.Lock()
    app.router.redirect_slashes = False
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix="/api/v1")
    app.include_router(rpc.router)
    app.add_middleware(Front)
    _pages(app, web)
    _document(app)
    return app


def _pages(app: FastAPI, web: Path) -> None:
    app.include_router(health.router)
    app.include_router(reach.router)
    docs.install(app)
    pages.install(app, web)


def _document(app: FastAPI) -> None:
    """Let /openapi.json also say what a refusal looks like, and how to prove who one is."""
    made: Callable[[], dict[str, Any]] = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = made()
            parts = found.setdefault("components", {})
            shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.setdefault("schemas", {}).update({**shape.pop("$defs", {}), "Problem": shape})
            parts["securitySchemes"] = {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key, `xs_...`."},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-xswitch"},
            }
            found["security"] = [{"key": []}, {"session": []}]
        schema: dict[str, Any] = app.openapi_schema or {}
        return schema

    app.openapi = document  # type: ignore[method-assign]  # the way FastAPI's own documentation tells


async def closed(scope: Scope, receive: Receive, send: Send) -> None:
    """Say that there is nothing: on ports that are for sockets only."""
    await problems.problem(Request(scope), Code.NOT_FOUND)(scope, receive, send)
