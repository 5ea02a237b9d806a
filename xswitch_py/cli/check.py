"""`xswitch check`: judge the config, start nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from xswitch_py import config
from xswitch_py.actions import ACTIONS
from xswitch_py.base.errors import ConfigError
from xswitch_py.cli import out
from xswitch_py.core import dialplan
from xswitch_py.media import tones

__all__ = ["check"]

T = TypeVar("T")


def check(path: out.ConfigPath = None, settings: out.Settings = None, as_json: out.AsJson = False) -> None:
    """Read and judge the config, dialplan, permissions and tones; start nothing."""
    problems: list[str] = []
    read = _judge(problems, lambda: out.load(path, settings))
    if read is not None:
        files = read.files
        _judge(problems, lambda: config.permissions(files.permissions))
        _judge_table(problems, files.dialplan, lambda table: dialplan.load(table, ACTIONS))
        known = _judge_table(problems, files.tones, tones.load)
        if known is not None and read.call.ringback not in known:
            problems.append(f"call.ringback: there is no tone {read.call.ringback} in {files.tones}")
    if as_json:
        out.json_line({"good": not problems, "problems": problems})
    if problems:
        out.fail(2, *(() if as_json else problems))
    if not as_json:
        out.line("good")


def _judge(problems: list[str], read: Callable[[], T], where: str = "") -> T | None:
    """Read something; what is wrong with it goes to `problems`."""
    try:
        return read()
    except ConfigError as error:
        problems += [where + problem for problem in error.problems]
        return None


def _judge_table(problems: list[str], path: Path, read: Callable[[Mapping[str, Any]], T]) -> T | None:
    """Read another file; where its reader does not say which file it is, we do."""
    table = _judge(problems, lambda: config.read_table(path))
    return None if table is None else _judge(problems, lambda: read(table), f"{path}: ")
