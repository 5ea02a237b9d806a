"""Commands about who is kept out."""

import time
from contextlib import suppress
from heapq import nlargest
from typing import Final

from xswitch_py.base.errors import Refused
from xswitch_py.base.events import SourceBlocked, SourceUnblocked
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.guard import Ban
from xswitch_py.models.blocks import Block, NewBlock, source_of
from xswitch_py.models.given import Cursor, Id, Limit
from xswitch_py.models.shape import Page, moment

__all__ = ["create", "list_blocks", "remove"]

_READ: Final = "blocks:read"
_WRITE: Final = "blocks:write"


@command("blocks.list", _READ)
async def list_blocks(
    desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None, total: bool = False
) -> Page[Block]:
    """List the sources that nothing is taken from, the last blocked first."""
    bans = desk.guard.bans(time.monotonic())
    before = None if cursor is None else _read(cursor)
    fitting = bans if before is None else [ban for ban in bans if _place(ban) < before]
    chosen = nlargest(limit + 1, fitting, key=_place)
    last = chosen[limit - 1] if len(chosen) > limit else None
    return Page[Block](
        items=[_shown(ban) for ban in chosen[:limit]],
        next_cursor=None if last is None else f"{last.since!r}_{last.source}",
        total=len(bans) if total else None,
    )


@command("blocks.create", _WRITE)
async def create(desk: Desk, who: Asker, wish: NewBlock) -> Block:
    """Take nothing from a source for a while, at no door; a block that it has is replaced."""
    if _is_source(who.host, wish.source):
        raise Refused(Code.CONFLICT, "this is the address that you come from")
    ban = desk.guard.block(wish.source, wish.seconds, wish.reason, time.monotonic())
    desk.switch.services.bus.publish(SourceBlocked(ban.source, time.time(), ban.reason, wish.seconds))
    return _shown(ban)


@command("blocks.remove", _WRITE)
async def remove(desk: Desk, who: Asker, source: Id) -> None:
    """Listen to a source again, and forget what it did."""
    with suppress(ValueError):  # what a proxy made up can be blocked too
        source = source_of(source)
    if not desk.guard.unban(source, time.monotonic()):
        raise missing("block", source)
    desk.switch.services.bus.publish(SourceUnblocked(source, time.time()))


def _shown(ban: Ban) -> Block:
    offset = time.time() - time.monotonic()  # the guard's clock never goes back, and means nothing to people
    return Block(
        source=ban.source,
        reason=ban.reason,
        count=ban.count,
        since=moment(ban.since + offset),
        until=moment(ban.until + offset),
    )


def _place(ban: Ban) -> tuple[float, str]:
    return ban.since, ban.source


def _read(cursor: str) -> tuple[float, str]:
    """Read the place of the last one of the page before."""
    since, _, source = cursor.partition("_")
    try:
        return float(since), source
    except ValueError:
        errors = [{"pointer": "/cursor", "detail": "unknown"}]
        raise Refused(Code.INVALID, "this is no cursor of ours", errors=errors) from None


def _is_source(host: str, source: str) -> bool:
    try:
        return source_of(host) == source
    except ValueError:  # whoever asks comes from no address: a flow of ours
        return False
