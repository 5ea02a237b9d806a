"""`xswitch events`: what happens, as it happens."""

import contextlib
from itertools import islice
from typing import Annotated

import typer

from xswitch_py.cli import out, shown
from xswitch_py.cli.calls import call_id
from xswitch_py.cli.listen import hear
from xswitch_py.cli.remote import Server, asking

__all__ = ["events"]

Types = Annotated[str, typer.Option("--types", help='Types with commas between: "call.*,gateway.changed".')]
Call = Annotated[str | None, typer.Option("--call", help="Only of this call.")]
After = Annotated[str, typer.Option("--after", help="The id of the event that was heard last.")]
Count = Annotated[int | None, typer.Option("--count", min=1, help="End after so many.")]


@asking
def events(
    server: Server,
    types: Types = "",
    call: Call = None,
    after: After = "",
    count: Count = None,
    as_json: out.AsJson = False,
) -> None:
    """Tell what happens, a line an event, until Ctrl-C; nothing is missed when the connection is lost for a moment."""
    named = None if call is None else call_id(call)
    heard = hear(server, types, named, after, lost=lambda why: out.note(f"{why}; trying again"))
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(heard):
        for event in islice(heard, count):
            out.json_line(event) if as_json else out.line(out.clean(shown.event(event)))
