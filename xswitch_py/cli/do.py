"""`xswitch do`: any command by its name."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from xswitch_py.cli import out, secret
from xswitch_py.cli.remote import Server, asking
from xswitch_py.cli.words import Methods

__all__ = ["do", "known", "listed", "perform"]

Name = Annotated[str | None, typer.Argument(metavar="COMMAND", help="Its name: calls.hangup.")]
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="What it is given: text or JSON; @FILE is what a file says, @- input."),
]
List = Annotated[bool, typer.Option("--list", help="List all commands; with the beginning of a name, those.")]


@asking
def do(
    server: Server, name: Name = None, words: Words = None, listing: List = False, as_json: out.AsJson = False
) -> None:
    """Do any command of the switch, such as `xswitch do calls.hangup call=call_1234`."""
    methods = known(server)
    if listing:
        listed(methods, name or "", as_json)
    elif name is None:
        out.fail(2, "which command? `xswitch do --list` lists them")
    else:
        result = perform(server, methods, name, words or [])
        out.json_line(result) if as_json else out.line(json.dumps(result, ensure_ascii=False, indent=2))


def known(server: Server) -> Methods:
    """Ask the server what it can be told."""
    return Methods(server.ask("GET", "/openrpc.json"))


def perform(server: Server, methods: Methods, name: str, words: list[str]) -> Any:
    """Do a command; ends the program if there is none, or the words make no sense."""
    try:
        methods.check(name)
        params = methods.params(name, words, lambda file: secret.from_file(Path(file), "@FILE"))
    except ValueError as error:
        out.fail(2, out.clean(str(error)))
    with out.progress(name):
        return server.rpc(name, params)


def listed(methods: Methods, start: str, as_json: bool) -> None:
    """List commands with what they are given."""
    names = methods.near(start)
    if as_json:
        out.json_line([methods.by_name[name] for name in names])
        return
    for name in names:
        out.line(methods.usage(name))
        out.line(f"    {methods.by_name[name].get('summary', '')}")
