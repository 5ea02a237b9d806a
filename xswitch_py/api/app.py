"""The HTTP side of ports 8081 and 8082: pages and a sign of life."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

__all__ = ["http_app"]

_READ: Final = ["GET", "HEAD"]
# What no page can say of itself: nobody may frame it, nor take it for something else.
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def http_app(web: Path, version: str) -> FastAPI:
    """Make the application: `web` is the folder of the pages."""
    app = FastAPI(title="xswitch", version=version, docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    @app.api_route("/healthz", methods=_READ)
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "version": version}

    @app.api_route("/", methods=_READ)
    async def index() -> RedirectResponse:
        return RedirectResponse("/demo/")

    app.mount("/demo", StaticFiles(directory=web / "demo", html=True), name="demo")
    return app
