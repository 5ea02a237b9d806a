"""Commands about the configuration: see it, judge another, read the files again."""

import asyncio
from collections.abc import Mapping
from typing import Any

from xswitch_py.base.errors import ConfigError, Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.models.config import ConfigShown, ConfigText, Judgement, Reloaded, Setting

__all__ = ["get", "reload", "validate"]


@command("config.get", "config:read")
async def get(desk: Desk, who: Asker) -> ConfigShown:
    """Show what is in force, and where each value comes from."""
    rows = desk.config().items()
    settings = {key: Setting(value=_plain(row["value"]), origin=str(row["origin"])) for key, row in rows}
    return ConfigShown(settings=settings)


@command("config.validate", "config:write")
async def validate(desk: Desk, who: Asker, wish: ConfigText) -> Judgement:
    """Say whether a configuration could be used, and all that is wrong with it; nothing is changed.

    It looks at the files that the text names, so it is for those who may write.
    """
    try:
        problems = await asyncio.to_thread(desk.check_config, wish.toml)
    except RecursionError:
        problems = ["it is nested too deeply"]
    return Judgement(good=not problems, problems=list(problems))


@command("config.reload", "config:write")
async def reload(desk: Desk, who: Asker) -> Reloaded:
    """Read the files again, and take what can be taken while we run; bad files change nothing."""
    try:
        return Reloaded(needs_restart=list(await desk.reload()))
    except ConfigError as error:
        raise Refused(
            Code.CONFLICT, "the files cannot be used; nothing has changed", problems=error.problems
        ) from error


def _plain(value: Any) -> Any:
    """Make JSON of a value of the configuration."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if type(value) in (list, tuple):  # a named tuple has a text of its own: "127.0.0.1:8081"
        return [_plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return str(value)
