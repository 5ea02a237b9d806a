"""A group of commands that are imported when they are run: what a command needs costs the others nothing."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["Entry", "LazyGroup", "apart", "load"]


class Entry(NamedTuple):
    """One command: where it is, "module:name", under which heading it is listed, and what it does."""

    place: str
    panel: str
    help: str


class LazyGroup(TyperGroup):
    """Knows its commands by a table, in its order."""

    entries: ClassVar[Mapping[str, Entry]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Name them."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """Give what help needs to know of one."""
        if (entry := self.entries.get(cmd_name)) is None:
            return None
        return TyperCommand(cmd_name, help=entry.help, short_help=entry.help, rich_help_panel=entry.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the one to be run, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is None or command is None:
            return name, command, rest
        return name, _imported(name, self.entries[name].place, self.rich_markup_mode), rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List them below their headings, where there are no colours."""
        for panel in dict.fromkeys(entry.panel for entry in self.entries.values()):
            with formatter.section(panel):
                formatter.write_dl([(name, each.help) for name, each in self.entries.items() if each.panel == panel])


def apart(commands: Mapping[str, Callable[..., Any]], help: str) -> typer.Typer:
    """Make a group of functions by their names, such as `xswitch key`."""
    made = typer.Typer(help=help, no_args_is_help=True, add_completion=False)
    for name, function in commands.items():
        made.command(name)(function)
    return made


def load(place: str) -> Any:
    """Give what is at "module:name", importing it now."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _imported(name: str, place: str, markup: Any) -> Any:
    found = load(place)
    if not isinstance(found, typer.Typer):
        made = typer.Typer(add_completion=False, rich_markup_mode=markup)
        made.command(name)(found)
        found = made
    found.rich_markup_mode = markup
    return typer.main.get_command(found)
