"""REST: what was recorded."""

from pathlib import Path as File
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from xswitch_py.api.content import CONTENT, content
from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, all_known, op, problems
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import recordings
from xswitch_py.models.recordings import RecordingLink, RecordingShown
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

_RECORDING: Final = "/recordings/{recording}"
_CONTENT: Final = f"{_RECORDING}/content"
RecordingId = Annotated[str, Path(max_length=80, description="`rec_...`")]
Wanted = Annotated[str, Query(max_length=100)]


@router.get("/recordings", **op(recordings.list_recordings, tags=["recordings"]))
async def list_recordings(
    desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None, call: Wanted = "", user: Wanted = ""
) -> Page[RecordingShown]:
    return await recordings.list_recordings(desk, who, limit, cursor, call, user)


@router.get(_RECORDING, **op(recordings.get, Code.NOT_FOUND, tags=["recordings"]))
async def get(desk: AtDesk, who: Who, recording: RecordingId) -> RecordingShown:
    return await recordings.get(desk, who, recording)


@router.delete(_RECORDING, **op(recordings.remove, Code.NOT_FOUND, Code.CONFLICT, tags=["recordings"]), status_code=204)
async def remove(desk: AtDesk, who: Who, recording: RecordingId) -> None:
    await recordings.remove(desk, who, recording)


@router.post(f"{_RECORDING}/link", **op(recordings.link, Code.NOT_FOUND, tags=["recordings"]), status_code=201)
async def link(desk: AtDesk, who: Who, recording: RecordingId, response: Response) -> RecordingLink:
    made = await recordings.link(desk, who, recording)
    response.headers["Location"] = made.url
    return made


async def _file(
    request: Request,
    desk: AtDesk,
    recording: RecordingId,
    expires: Annotated[int, Query(ge=0, le=10**12, description="As in the link.")] = 0,
    by: Annotated[str, Query(max_length=200, description="As in the link.")] = "",
    signature: Annotated[str, Query(max_length=100, description="As in the link.")] = "",
) -> File:
    """Find a file for who has a link to it, or may hear it anyway."""
    found = await recordings.linked(desk, recording, by, expires, signature) if signature else None
    if found is None:
        found = await recordings.file_of(desk, await request.app.state.gatekeeper.asker(request), recording)
    return found


@router.head(_CONTENT, include_in_schema=False)
@router.get(
    _CONTENT,
    operation_id="recordings.content",
    summary="Hear a recording",
    description="WAV in stereo. A link of `recordings.link` takes the place of a key or session.\n\n"
    "Needs the scope `recordings:read`.",
    tags=["recordings"],
    dependencies=[Depends(all_known)],
    response_class=Response,
    responses=CONTENT
    | problems(Code.NOT_AUTHENTICATED, Code.FORBIDDEN, Code.NOT_FOUND, Code.RANGE, Code.INVALID, Code.TOO_MANY),
)
async def hear(request: Request, recording: RecordingId, file: Annotated[File, Depends(_file)]) -> Response:
    return await content(request, file, f"{recording}.wav")
