"""What every command shares: its options, how it prints, how it ends."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.cells import cell_len
from rich.console import Console

from xswitch_py import config
from xswitch_py.base.errors import ConfigError, StoreError

__all__ = [
    "AsJson",
    "ConfigPath",
    "Settings",
    "clean",
    "clear_errors",
    "console",
    "fail",
    "json_line",
    "line",
    "load",
    "note",
    "pairs",
    "progress",
    "table",
]

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


def table(head: Sequence[str], rows: Sequence[Sequence[str]], empty: str = "none") -> None:
    """Print rows below their headings, nothing cut; or, if there are none, say `empty`."""
    if not rows:
        line(empty)
        return
    shown = [list(map(clean, row)) for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(head, *shown, strict=True)]
    title = _aligned([name.upper() for name in head], widths)
    line(f"\x1b[1m{title}\x1b[0m" if sys.stdout.isatty() else title)
    for row in shown:
        line(_aligned(row, widths))


def pairs(facts: Sequence[tuple[str, str]]) -> None:
    """Print what is known of one thing, a fact a line."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        line(f"{name:<{width}}  {clean(value)}".rstrip())


def clean(text: str) -> str:
    """Replace what would break the line or steer the terminal: peers choose some texts."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def note(text: str) -> None:
    """Say something beside the result, on standard error."""
    sys.stderr.write(f"xswitch: {text}\n")
    sys.stderr.flush()


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Show on a terminal that something takes its time."""
    shown = Console(stderr=True)
    if not shown.is_terminal:
        yield
        return
    with shown.status(clean(text)):
        yield


def fail(code: int, *problems: str) -> NoReturn:
    """Say what is wrong, and end: 1 if something failed, 2 if it was written wrong."""
    for problem in problems:
        note(problem)
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


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()
