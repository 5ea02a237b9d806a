"""The pages: files of the folder `web`, packed for the way, with the rules that a browser is to keep."""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from xswitch_py.api import problems
from xswitch_py.base.problem import Code

__all__ = ["Shelf", "install"]

_READ: Final = ["GET", "HEAD"]
_KINDS: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
# Nothing inline, nothing of anybody else; "self" is the sockets of this host too (Content Security Policy level 3).
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALLOWED: Final = "microphone=(self), camera=(self), display-capture=(self), speaker-selection=(self), geolocation=()"
_PAGE: Final[Mapping[str, str]] = {"Content-Security-Policy": _POLICY, "Permissions-Policy": _ALLOWED}
# The phone is for pages of others, too. Its code is no secret: the gate is at the socket, which looks at the origin.
_FOR_ALL: Final[Mapping[str, str]] = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_NONE: Final[Mapping[str, str]] = {}
_FOLDERS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "/static": ("", _FOR_ALL),
    "/demo": ("demo", {}),
    "/docs": ("docs", {}),
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes
    tag: str
    kind: str
    seen: tuple[int, int]  # when it was changed, and its size


class Shelf:
    """Files of a folder, read when they are wanted and again when they have changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files: dict[Path, _File] = {}  # as many as there are, by whatever name they are asked for

    def find(self, name: str) -> _File | None:
        """Give a file by its path in the folder; None if there is no such, or it is not for browsers."""
        try:
            path = (self._folder / name).resolve()
            kind = _KINDS.get(path.suffix)
            if kind is None or not path.is_relative_to(self._folder) or not path.is_file():
                return None
            about = path.stat()
            seen = (about.st_mtime_ns, about.st_size)
            kept = self._files.get(path)
            if kept is None or kept.seen != seen:
                body = path.read_bytes()
                tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
                kept = self._files[path] = _File(body, gzip.compress(body, mtime=0), tag, kind, seen)
        except (OSError, ValueError):  # a name that cannot be one
            return None
        return kept


def install(app: FastAPI, web: Path) -> None:
    """Serve the site at `/`, and the folders of others beside it."""
    shelf = Shelf(web)

    @app.api_route("/", methods=_READ, include_in_schema=False)
    async def index(request: Request) -> Response:
        return await _answer(shelf, request, "admin/index.html")

    for prefix, (folder, more) in _FOLDERS.items():
        _folder(app, shelf, prefix, folder, more)


def _folder(app: FastAPI, shelf: Shelf, prefix: str, folder: str, more: Mapping[str, str]) -> None:
    @app.api_route(prefix, methods=_READ, include_in_schema=False)
    async def bare(request: Request) -> Response:
        query = request.url.query
        return RedirectResponse(f"{prefix}/?{query}" if query else f"{prefix}/")

    @app.api_route(prefix + "/{name:path}", methods=_READ, include_in_schema=False)
    async def file(request: Request, name: str) -> Response:
        path = name if name and not name.endswith("/") else f"{name}index.html"
        return await _answer(shelf, request, f"{folder}/{path}" if folder else path, more)


async def _answer(shelf: Shelf, request: Request, name: str, more: Mapping[str, str] = _NONE) -> Response:
    kept = await asyncio.to_thread(shelf.find, name)
    if kept is None:
        return problems.problem(request, Code.NOT_FOUND)
    headers = {"ETag": kept.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding", **more}
    if kept.kind.startswith("text/html"):
        headers |= _PAGE
    if kept.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = kept.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = kept.packed, "gzip"
    return Response(body, headers=headers, media_type=kept.kind)
