"""Files over HTTP: whole or in part (RFC 9110 section 14), in small pieces read by a thread."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from xswitch_py.api.problems import problem
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code

__all__ = ["CONTENT", "content", "part"]

PIECE: Final = 65_536  # bytes read at once

CONTENT: Final[dict[int | str, Any]] = {
    200: {"description": "The whole sound.", "content": {"audio/wav": {}}},
    206: {"description": "The part of it that `Range` asks for.", "content": {"audio/wav": {}}},
    304: {"description": "It is still what `If-None-Match` names."},
}
"""What an operation that gives a sound answers."""

_RANGE: Final = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE | re.ASCII)


async def content(request: Request, path: Path, name: str, media_type: str = "audio/wav") -> Response:
    """Answer with a file, which is called `name` when it is kept.

    Raises:
        Refused: it is not there.
    """
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError:
        raise Refused(Code.NOT_FOUND, "the file is gone") from None
    stat = os.fstat(file.fileno())
    tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}",
    }
    if tag in _listed(request.headers.get("if-none-match", "")):
        file.close()
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range", "") if request.headers.get("if-range", tag) == tag else ""
    place = part(wanted, stat.st_size)
    start, end = place or (0, stat.st_size)
    if place is not None and start >= end:
        file.close()
        whole = {"Content-Range": f"bytes */{stat.st_size}"}
        return problem(request, Code.RANGE, f"it has {stat.st_size} bytes", headers=whole)
    if place is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{stat.st_size}"
    return _Content(file, start, end, 200 if place is None else 206, headers, media_type)


def part(wanted: str, size: int) -> tuple[int, int] | None:
    """Say which bytes a `Range` is about, from the first to behind the last: not the other way round if there are any.

    None: what is no range, or several of them, is as if it had not come (RFC 9110 section 14.2).
    """
    found = _RANGE.fullmatch(wanted)
    first, last = found.groups() if found is not None else ("", "")
    if not first:
        return (max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size


class _Content(StreamingResponse):
    """A part of an open file, which is closed whatever happens."""

    def __init__(
        self, file: BinaryIO, start: int, end: int, status: int, headers: dict[str, str], media_type: str
    ) -> None:
        headers["Content-Length"] = str(end - start)
        super().__init__(_pieces(file, start, end), status, headers, media_type)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or for HEAD what it would be like."""
        with self._file:
            if scope["method"] == "HEAD":
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": b""})
            else:
                await super().__call__(scope, receive, send)


async def _pieces(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    while start < end:
        data = await asyncio.to_thread(_read, file, start, min(PIECE, end - start))
        if not data:
            return  # somebody made it shorter: the reader sees that bytes are missing
        start += len(data)
        yield data


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)


def _listed(tags: str) -> set[str]:
    return {each.strip().removeprefix("W/") for each in tags.split(",")}
