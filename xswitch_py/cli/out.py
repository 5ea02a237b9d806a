"""What every command shares: its options, how it prints, how it ends."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from xswitch_py import config
from xswitch_py.base.errors import ConfigError, StoreError

__all__ = ["AsJson", "ConfigPath", "Settings", "clear_errors", "console", "fail", "json_line", "line", "load"]

ConfigPath = Annotated[Path | None, typer.Option("--config", help="Config file; without it, the defaults.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a key of the config.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


def load(path: Path | None, settings: list[str] | None, base: Mapping[str, object] | None = None) -> config.Config:
    """Read the config of this command."""
    return config.load(path, settings or [], os.environ, base=base)


def console() -> Console:
    """Give what prints to people: colours on a terminal, plain text otherwise."""
    return Console(highlight=False, soft_wrap=True)


def line(text: str) -> None:
    """Print one line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def json_line(facts: Any) -> None:
    """Print facts as one line of JSON, at once."""
    line(json.dumps(facts, ensure_ascii=False))


def fail(code: int, *problems: str) -> NoReturn:
    """Say what is wrong, and end: 1 if something failed, 2 if it was written wrong."""
    for problem in problems:
        sys.stderr.write(f"xswitch: {problem}\n")
    raise typer.Exit(code)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what an operator can do something about into clear lines."""
    try:
        yield
    except ConfigError as error:
        fail(2, *error.problems)
    except StoreError as error:
        fail(1, str(error))
