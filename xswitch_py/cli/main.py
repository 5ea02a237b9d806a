"""The command `xswitch`, put together."""

import sys
from typing import Annotated

import typer

from xswitch_py import __version__
from xswitch_py.cli import check, files, out, serve, user

__all__ = ["command", "main"]

command = typer.Typer(
    help="A softswitch: Verto and WebRTC phones, dialplan, media relay.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
)


def _version(wanted: bool) -> None:
    if wanted:
        out.line(__version__)
        raise typer.Exit


@command.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version)] = False,
) -> None:
    pass


command.command()(serve.demo)
command.command()(serve.serve)
command.command()(check.check)
command.add_typer(user.command, name="user")
command.command()(files.nginx)
command.command()(files.systemd)


def main() -> None:
    """Run the command line; exits 0 if it is good, 1 if it failed, 2 if it or the config was written wrong."""
    command(prog_name="xswitch")
