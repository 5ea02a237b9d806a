"""`xswitch check`: judge the config, start nothing."""

from xswitch_py import app_files
from xswitch_py.base.errors import ConfigError
from xswitch_py.cli import out

__all__ = ["check"]


def check(path: out.ConfigPath = None, settings: out.Settings = None, as_json: out.AsJson = False) -> None:
    """Read and judge the config, dialplan, permissions and tones; start nothing."""
    problems: list[str] = []
    try:
        app_files.read_files(out.load(path, settings))
    except ConfigError as error:
        problems = error.problems
    if as_json:
        out.json_line({"good": not problems, "problems": problems})
    if problems:
        out.fail(2, *(() if as_json else problems))
    if not as_json:
        out.line("good")
