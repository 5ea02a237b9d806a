"""REST: sounds that can be played."""

from pathlib import Path as File
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from pydantic import ValidationError

from xswitch_py.api.content import CONTENT, content
from xswitch_py.api.operation import AtDesk, Cursor, Limit, Who, op, problems
from xswitch_py.api.upload import Form, read_form
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core import sounds
from xswitch_py.core.commands import media
from xswitch_py.core.commands.command import pointer
from xswitch_py.models.media import BroughtSound, Sound
from xswitch_py.models.shape import Page

__all__ = ["router"]

router = APIRouter()

_SOUND: Final = "/media/{name}"
_CONTENT: Final = f"{_SOUND}/content"
Name = Annotated[str, Path(max_length=120, description="The sound's name.")]

_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "WAV, MP3, Ogg or FLAC; 50 MB at most."},
        "name": {"type": "string", "description": "If there is none, what the file is called without its suffix."},
        "replace": {"type": "boolean", "default": False, "description": "Whether one of this name may be there."},
    },
}
_BODY: Final = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}}


@router.get("/media", **op(media.list_media, tags=["media"]))
async def list_media(desk: AtDesk, who: Who, limit: Limit = 50, cursor: Cursor = None) -> Page[Sound]:
    return await media.list_media(desk, who, limit, cursor)


@router.post(
    "/media",
    **op(media.add, Code.TAKEN, Code.CONFLICT, Code.UNSUPPORTED, tags=["media"], openapi_extra=_BODY),
    status_code=201,
)
async def add(request: Request, desk: AtDesk, who: Who, response: Response) -> Sound:
    if not who.may(media.add.scope):
        return await media.add(desk, who, "", _wish(Form(), File()))  # refuses before anything is read
    async with sounds.workplace(desk.sounds) as place:
        file = place / "brought"
        form = await read_form(request, file, sounds.LARGEST)
        made = await media.add(desk, who, _name(form), _wish(form, file))
    response.headers["Location"] = f"/api/v1/media/{quote(made.name, safe='')}"
    return made


@router.get(_SOUND, **op(media.get, Code.NOT_FOUND, tags=["media"]))
async def get(desk: AtDesk, who: Who, name: Name) -> Sound:
    return await media.get(desk, who, name)


@router.delete(_SOUND, **op(media.remove, Code.NOT_FOUND, tags=["media"]), status_code=204)
async def remove(desk: AtDesk, who: Who, name: Name) -> None:
    await media.remove(desk, who, name)


@router.head(_CONTENT, include_in_schema=False)
@router.get(
    _CONTENT,
    operation_id="media.content",
    summary="Hear a sound",
    description="Needs the scope `media:read`.",
    tags=["media"],
    response_class=Response,
    responses=CONTENT
    | problems(Code.NOT_AUTHENTICATED, Code.FORBIDDEN, Code.NOT_FOUND, Code.RANGE, Code.INVALID, Code.TOO_MANY),
)
async def hear(request: Request, desk: AtDesk, who: Who, name: Name) -> Response:
    file = media.file_of(desk, who, name)
    return await content(request, file, file.name)


def _name(form: Form) -> str:
    if form.file_name is None:
        raise Refused(Code.INVALID, errors=[{"pointer": "/file", "detail": "there is no file"}])
    return form.fields.get("name") or File(form.file_name.replace("\\", "/")).stem


def _wish(form: Form, file: File) -> BroughtSound:
    try:
        return BroughtSound.model_validate({"file": file, "replace": form.fields.get("replace", False)})
    except ValidationError as error:
        errors = [{"pointer": pointer(one["loc"]), "detail": one["msg"]} for one in error.errors()]
        raise Refused(Code.INVALID, errors=errors) from None
