"""The command `xswitch`, put together."""

import sys
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

import typer

from xswitch_py import __version__
from xswitch_py.cli.lazy import Entry, LazyGroup

__all__ = ["COMMANDS", "command", "main"]

_RUN: Final = "Run the switch"
_SET: Final = "Set it up"
_ASK: Final = "Ask and tell a running switch"
_HELP: Final = "Look after it"
_HERE: Final = "xswitch_py.cli"

COMMANDS: Final[Mapping[str, Entry]] = {
    "demo": Entry(f"{_HERE}.serve:demo", _RUN, "Try everything out: on this computer only, in memory."),
    "serve": Entry(f"{_HERE}.serve:serve", _RUN, "Run the switch."),
    "check": Entry(f"{_HERE}.check:check", _RUN, "Judge the config, start nothing."),
    "user": Entry(f"{_HERE}.user:command", _SET, "Add, list, change and remove users, in the database."),
    "gateway": Entry(f"{_HERE}.gateway:command", _SET, "Carriers: add, list, change, remove, register, ping."),
    "route": Entry(f"{_HERE}.route:command", _SET, "The dialplan: add, list, move, remove and explain rules."),
    "key": Entry(f"{_HERE}.key:command", _SET, "API keys: add, list and remove."),
    "first-key": Entry(
        f"{_HERE}.first_key:first_key", _SET, "Make the administrator's first API key, in the database."
    ),
    "status": Entry(f"{_HERE}.status:status", _ASK, "How the switch is."),
    "calls": Entry(f"{_HERE}.calls:calls", _ASK, "The calls that are up."),
    "call": Entry(f"{_HERE}.calls:call", _ASK, "Place a call: ring A, and let it dial B."),
    "hangup": Entry(f"{_HERE}.calls:hangup", _ASK, "End a call."),
    "console": Entry(f"{_HERE}.console:console", _ASK, "A prompt for all commands, with events scrolling by."),
    "trace": Entry(f"{_HERE}.trace:trace", _ASK, "What happened to a call, drawn as a ladder."),
    "events": Entry(f"{_HERE}.events:events", _ASK, "What happens, as it happens."),
    "do": Entry(f"{_HERE}.do:do", _ASK, "Any command by its name; --list has them all."),
    "doctor": Entry(f"{_HERE}.doctor:doctor", _HELP, "Find what is wrong, and say how to put it right."),
    "nginx": Entry(f"{_HERE}.files:nginx", _HELP, "Print a site for nginx that puts all behind port 443."),
    "systemd": Entry(f"{_HERE}.files:systemd", _HELP, "Print a unit for systemd."),
    "export": Entry(f"{_HERE}.export:export", _HELP, "Write the description of REST or JSON-RPC to a file."),
}
"""By name, in the order in which help lists them."""


class _Commands(LazyGroup):
    entries: ClassVar[Mapping[str, Entry]] = COMMANDS


command = typer.Typer(
    cls=_Commands,
    help="A softswitch: Verto, SIP and WebRTC phones, dialplan, media relay.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@command.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version)] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; exits 0 if it is good, 1 if it failed, 2 if it or the config was written wrong."""
    command(prog_name="xswitch")
