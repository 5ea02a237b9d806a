"""The command line as a whole."""

import sys
from pathlib import Path
from subprocess import run
from typing import Final

import pytest

from tests.cli.shell import ROOT, Shell, environment
from xswitch_py import __version__
from xswitch_py.cli.main import COMMANDS

LIGHT: Final = ("main", "status", "calls", "events", "do", "console", "trace", "route", "gateway", "key")
HEAVY: Final = ("aiortc", "fastapi", "pydantic", "numpy", "aiosqlite", "uvicorn", "cryptography")


def test_help_lists_all_commands_in_order_below_their_headings(nowhere: Shell) -> None:
    said = nowhere("--help")
    places = [said.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)
    assert all(f"\n{entry.panel}:\n" in said for entry in COMMANDS.values())
    assert nowhere("--version") == f"{__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_there_and_helps(nowhere: Shell, name: str) -> None:
    assert f"Usage: xswitch {name} " in nowhere(name, "--help")


def test_a_command_that_is_not_there_is_wrong_use(nowhere: Shell) -> None:
    assert "No such command" in nowhere("nope", code=2)


def test_nothing_heavy_is_imported_to_ask(tmp_path: Path) -> None:
    imports = ", ".join(f"xswitch_py.cli.{name}" for name in LIGHT)
    code = f"import sys, {imports}; print([name for name in {HEAVY} if name in sys.modules])"
    command = [sys.executable, "-c", code]
    assert run(command, env=environment(tmp_path), cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"
