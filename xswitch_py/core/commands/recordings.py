"""Commands about what was recorded."""

import asyncio
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import structlog

from xswitch_py.base.errors import Refused
from xswitch_py.base.ids import CallId
from xswitch_py.base.problem import Code
from xswitch_py.base.records import Recording
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.signing import Links
from xswitch_py.models.given import Cursor, Id, Limit
from xswitch_py.models.recordings import RecordingLink, RecordingShown
from xswitch_py.models.shape import Page, moment

__all__ = ["file_of", "get", "link", "linked", "list_recordings", "remove"]

log = structlog.get_logger("xswitch.core")

GOOD_FOR: Final = 300  # seconds that a link is good

_READ: Final = "recordings:read"
_WRITE: Final = "recordings:write"
_CALL: Final = "call_"
_LINKS: Final = Links()  # of this start of the switch


@command("recordings.list", _READ, own=True)
async def list_recordings(
    desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None, call: Id = "", user: Id = ""
) -> Page[RecordingShown]:
    """List recordings, the newest first: of one call, or of the calls of one user, `name@domain`."""
    own = who.only(_READ)
    if own is not None and user not in ("", str(own)):
        return Page[RecordingShown](items=[])
    of_call = CallId(call.removeprefix(_CALL)) if call else None
    found = await desk.stores.recordings.list(limit + 1, cursor, user=str(own) if own else user, call=of_call)
    items = [RecordingShown.of(row) for row in found[:limit]]
    return Page[RecordingShown](items=items, next_cursor=items[-1].id if len(found) > limit else None)


@command("recordings.get", _READ, own=True)
async def get(desk: Desk, who: Asker, recording: Id) -> RecordingShown:
    """Show a recording."""
    return RecordingShown.of(await _row(desk, who, recording, _READ))


@command("recordings.remove", _WRITE, own=True)
async def remove(desk: Desk, who: Asker, recording: Id) -> None:
    """Remove a recording that does not go on any more, and its file."""
    row = await _row(desk, who, recording, _WRITE)
    if row.ended is None:
        raise Refused(Code.CONFLICT, "the recording goes on", state="going on")
    try:  # the file first: should we end here, there is nothing left that nobody knows of
        await asyncio.to_thread(_path(desk, row).unlink, missing_ok=True)
    except OSError as error:
        log.error("a recording cannot be removed", recording=row.id, error=str(error))
        raise Refused(Code.UNAVAILABLE, "the file cannot be removed") from error
    if not await desk.stores.recordings.remove(row.id):
        raise missing("recording", recording)


@command("recordings.link", _READ, own=True)
async def link(desk: Desk, who: Asker, recording: Id) -> RecordingLink:
    """Give an address where a recording can be heard for five minutes, as an element `<audio>` does."""
    row = await _row(desk, who, recording, _READ)
    expires = int(time.time()) + GOOD_FOR
    proof = {"expires": expires, "by": who.name, "signature": _LINKS.sign(row.id, who.name, expires)}
    url = f"/api/v1/recordings/{row.id}/content?{urlencode(proof)}"
    return RecordingLink(url=url, expires=moment(float(expires)))


async def file_of(desk: Desk, who: Asker, recording: str) -> Path:
    """Find the file of a recording, for who may hear it.

    Raises:
        Refused: there is none, or they may not.
    """
    return _path(desk, await _row(desk, who, recording, _READ))


async def linked(desk: Desk, recording: str, by: str, expires: int, signature: str) -> Path | None:
    """Find the file of a recording, for who has a link to it; None: the link is no good any more.

    Raises:
        Refused: there is no such recording any more.
    """
    if not _LINKS.good(recording, by, expires, signature, time.time()):
        return None
    row = await desk.stores.recordings.get(recording)
    if row is None:
        raise missing("recording", recording)
    return _path(desk, row)


async def _row(desk: Desk, who: Asker, recording: str, scope: str) -> Recording:
    user = who.only(scope)
    row = await desk.stores.recordings.get(recording)
    if row is None or (user is not None and str(user) not in row.users):
        raise missing("recording", recording)
    return row


def _path(desk: Desk, row: Recording) -> Path:
    """Say where its file is. The name is ours, made when it began; no other is followed out of the folder."""
    if Path(row.file).name != row.file:
        raise missing("recording", row.id)
    return desk.recordings / row.file
