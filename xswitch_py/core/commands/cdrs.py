"""Commands about records of calls."""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from xswitch_py.base.address import Address
from xswitch_py.base.errors import Refused
from xswitch_py.base.ids import CallId
from xswitch_py.base.problem import Code
from xswitch_py.base.records import Cdr as Row
from xswitch_py.base.records import CdrFilter
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.models.cdrs import Cdr, CdrsWanted
from xswitch_py.models.given import Id
from xswitch_py.models.shape import Page

__all__ = ["everything", "get", "list_cdrs", "remove"]

_READ: Final = "cdr:read"
_WRITE: Final = "cdr:write"
_HEAR: Final = "recordings:read"
_CALL: Final = "call_"
_CURSOR: Final = "cdr_"
_TOGETHER: Final = 50  # records that are read at once: some 2 ms, so that packets need not wait
_RECORDINGS: Final = 100  # of one call that are listed


@command("cdrs.list", _READ, own=True)
async def list_cdrs(desk: Desk, who: Asker, wish: CdrsWanted) -> Page[Cdr]:
    """List records of calls, the newest first."""
    store, filter = desk.stores.cdrs, _filter(who, wish)
    before = None if wish.cursor is None else _number(wish.cursor)
    found = await store.list(wish.limit + 1, before, filter)
    rows = found[: wish.limit]
    return Page[Cdr](
        items=[await _shown(desk, who, row) for row in rows],
        next_cursor=f"{_CURSOR}{rows[-1].id}" if len(found) > wish.limit else None,
        total=await store.count(filter) if wish.total else None,
    )


@command("cdrs.get", _READ, own=True)
async def get(desk: Desk, who: Asker, call: Id) -> Cdr:
    """Show the record of a call."""
    return await _shown(desk, who, await _row(desk, who, call, _READ))


@command("cdrs.remove", _WRITE, own=True)
async def remove(desk: Desk, who: Asker, call: Id) -> None:
    """Remove the record of a call that is over; its recordings stay."""
    row = await _row(desk, who, call, _WRITE)
    if row.ended is None:
        raise Refused(Code.CONFLICT, "the call goes on", state="going on")
    if not await desk.stores.cdrs.remove(row.call):
        raise missing("call", call)


def everything(desk: Desk, who: Asker, wish: CdrsWanted) -> AsyncIterator[Sequence[Row]]:
    """Give all records that are wanted, newest first and some at a time, in bounded memory.

    Raises:
        Refused: they may not see any.
    """
    return desk.stores.cdrs.pages(_filter(who, wish), _TOGETHER)


def _filter(who: Asker, wish: CdrsWanted) -> CdrFilter:
    return replace(wish.filter(), user=who.only(_READ))


async def _row(desk: Desk, who: Asker, name: str, scope: str) -> Row:
    row = await desk.stores.cdrs.get(CallId(name.removeprefix(_CALL))) if name.startswith(_CALL) else None
    user = who.only(scope)
    if row is None or (user is not None and not await _is_of(desk, row, user)):
        raise missing("call", name)
    return row


async def _is_of(desk: Desk, row: Row, user: Address) -> bool:
    """Say whether a call is among a user's own: the database knows which these are, so it is asked for that moment."""
    moment = CdrFilter(since=row.started, until=math.nextafter(row.started, math.inf), user=user)
    return any(each.id == row.id for each in await desk.stores.cdrs.list(1000, None, moment))


async def _shown(desk: Desk, who: Asker, row: Row) -> Cdr:
    if not who.may_own(_HEAR):
        return Cdr.of(row, [])
    user = who.only(_HEAR)
    found = await desk.stores.recordings.list(_RECORDINGS, user="" if user is None else str(user), call=row.call)
    return Cdr.of(row, [each.id for each in reversed(found)])


def _number(cursor: str) -> int:
    number = cursor.removeprefix(_CURSOR)
    if not (cursor.startswith(_CURSOR) and number.isascii() and number.isdigit() and len(number) <= 18):
        errors = [{"pointer": "/cursor", "detail": "not one of ours"}]
        raise Refused(Code.INVALID, "there is no such page", errors=errors)
    return int(number)
