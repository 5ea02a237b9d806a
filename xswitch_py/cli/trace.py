"""`xswitch trace`: what happened to a call, drawn in the terminal."""

import shutil
import sys
from typing import Annotated, Any

import typer

from xswitch_py.cli import out
from xswitch_py.cli.calls import CallName, call_id
from xswitch_py.cli.ladder import ladder
from xswitch_py.cli.remote import Server, asking, part

__all__ = ["trace"]

Messages = Annotated[bool, typer.Option("--messages", help="Show the messages themselves, too.")]
Width = Annotated[int | None, typer.Option("--width", min=60, max=1000, help="Columns; else those of the terminal.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Draw with plain signs.")]


@asking
def trace(
    server: Server,
    name: CallName,
    messages: Messages = False,
    width: Width = None,
    plain: Ascii = False,
    as_json: out.AsJson = False,
) -> None:
    """Draw what happened to a call, up or ended not long ago."""
    found = server.get(f"/calls/{part(call_id(name))}/trace", messages=messages or as_json)
    if as_json:
        out.json_line(found)
        return
    for text in ladder(found, width or shutil.get_terminal_size((100, 24)).columns, plain=plain or not _draws()):
        out.line(text)
    if found["missing"]:
        out.note(f"{found['missing']} entries were not kept")
    if messages:
        _tell(found["entries"])


def _tell(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        if entry.get("message"):
            out.line(f"\n{entry['at']} {entry['way']} {entry['layer']} {out.clean(entry['leg'] or '')}".rstrip())
            for text in entry["message"].splitlines():
                out.line(f"    {out.clean(text)}".rstrip())


def _draws() -> bool:
    """Say whether standard output takes lines and arrows."""
    return (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")
