"""REST: records of calls."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from xswitch_py.api.operation import AtDesk, Who, op
from xswitch_py.base.problem import Code
from xswitch_py.base.records import Cdr as Row
from xswitch_py.core.cdr_csv import HEADER, lines
from xswitch_py.core.commands import cdrs
from xswitch_py.models.cdrs import Cdr, CdrsAsked
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

_CDR: Final = "/cdrs/{call}"
_BREATH: Final = 0.002  # seconds between pages of a table, for packets to go first
_CSV: Final = "text/csv; charset=utf-8; header=present"
CallId = Annotated[str, Path(max_length=80, description="`call_...`")]
_TABLE: Final[dict[int | str, Any]] = {
    200: {"description": "A page, or with `format=csv` all of them as a table.", "content": {"text/csv": {}}}
}


@router.get("/cdrs", **op(cdrs.list_cdrs, tags=["cdrs"], responses=_TABLE), response_model=Page[Cdr])
async def list_cdrs(desk: AtDesk, who: Who, asked: Annotated[CdrsAsked, Query()]) -> Page[Cdr] | Response:
    if asked.format == "csv":
        return _Table(cdrs.everything(desk, who, asked))
    return await cdrs.list_cdrs(desk, who, asked)


@router.get(_CDR, **op(cdrs.get, Code.NOT_FOUND, tags=["cdrs"]))
async def get(desk: AtDesk, who: Who, call: CallId) -> Cdr:
    return await cdrs.get(desk, who, call)


@router.delete(_CDR, **op(cdrs.remove, Code.NOT_FOUND, Code.CONFLICT, tags=["cdrs"]), status_code=204)
async def remove(desk: AtDesk, who: Who, call: CallId) -> None:
    await cdrs.remove(desk, who, call)


class _Table(StreamingResponse):
    """A table that is sent as it is read. When who reads it leaves, no further page is asked for."""

    def __init__(self, pages: AsyncIterator[Sequence[Row]]) -> None:
        name = time.strftime("cdrs-%Y%m%dT%H%M%SZ.csv", time.gmtime())
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
        self._pages, self._written = pages, _text(pages)
        super().__init__(self._written, headers=headers, media_type=_CSV)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and end what it is read from, however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._written.aclose()
            if isinstance(self._pages, AsyncGenerator):
                await self._pages.aclose()


async def _text(pages: AsyncIterator[Sequence[Row]]) -> AsyncGenerator[str, None]:
    yield HEADER
    async for page in pages:
        yield lines(page)
        await asyncio.sleep(_BREATH)
