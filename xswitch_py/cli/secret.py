"""Secrets: by a file, by standard input or at a prompt, and never shown."""

import sys
from pathlib import Path

import typer

from xswitch_py.cli import out

__all__ = ["asked", "from_file", "given"]


def given(password: str | None, file: Path | None) -> str | None:
    """Take the password that was given, if one was; the file "-" is standard input."""
    if file is None:
        found = password
    elif password is not None:
        out.fail(2, "give --password or --password-file, not both")
    else:
        found = from_file(file, "--password-file")
    if found == "":
        out.fail(2, "the password must not be empty")
    return found


def asked() -> str:
    """Ask for it twice; without a terminal nothing is asked."""
    if not sys.stdin.isatty():
        out.fail(2, "give the password by --password-file or --password; there is no terminal to ask for it")
    word: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return word


def from_file(file: Path, option: str) -> str:
    """Read a secret; the newline at its end is not part of it."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        out.fail(2, f"{option}: {file} cannot be read: {error}")
    return text.removesuffix("\n")
