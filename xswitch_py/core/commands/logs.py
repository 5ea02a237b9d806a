"""Commands about the log: its last lines."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, cast, get_args

from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, Line
from xswitch_py.models.logs import Level, LogLine, LogLines, LogsWanted
from xswitch_py.models.shape import moment

__all__ = ["list_lines"]

_CALL: Final = "call_"
_LEVELS: Final[tuple[str, ...]] = get_args(Level)  # the lightest first


@command("logs.list", "logs:read")
async def list_lines(desk: Desk, who: Asker, wish: LogsWanted) -> LogLines:
    """Show the last lines of the log, without secrets; some thousand are kept, and a restart forgets them.

    With `after` they can be followed: ask again with `next_cursor`.
    """
    lines = desk.lines.after(wish.after or 0)
    newest = lines[-1].id if lines else wish.after or 0
    if wish.after is None:
        found = list(islice(_wanted(reversed(lines), wish), wish.limit))[::-1]
    else:
        found = list(islice(_wanted(iter(lines), wish), wish.limit + 1))
        if len(found) > wish.limit:
            found.pop()
            newest = found[-1].id
    return LogLines(items=[_shown(line) for line in found], next_cursor=newest)


def _wanted(lines: Iterator[Line], wish: LogsWanted) -> Iterator[Line]:
    levels, call = _LEVELS[_LEVELS.index(wish.level) :], wish.call.removeprefix(_CALL)
    return (line for line in lines if line.level in levels and (not call or line.call == call))


def _shown(line: Line) -> LogLine:
    return LogLine(
        id=line.id,
        at=moment(line.at),
        level=cast(Level, line.level),
        logger=line.logger,
        event=line.event,
        call=f"{_CALL}{line.call}" if line.call else None,
        facts={name: value for name, value in line.facts.items() if name != "call"},
    )
