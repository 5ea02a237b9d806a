"""`xswitch calls`, `call` and `hangup`: the calls of a running switch."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from xswitch_py.cli import out, shown
from xswitch_py.cli.remote import LONG, Server, asking, part

__all__ = ["CallName", "call", "call_id", "calls", "hangup"]

_PREFIX: Final = "call_"

CallName = Annotated[str, typer.Argument(metavar="CALL", help="The call, as `xswitch calls` names it.")]
From = Annotated[str, typer.Argument(metavar="A", help="Who is rung first: 1001, or gateway/NAME/NUMBER.")]
To = Annotated[str | None, typer.Argument(metavar="B", help="What is dialled then; without it the call waits.")]
Wait = Annotated[bool, typer.Option("--wait", help="Until it is answered, or failed.")]
RingFor = Annotated[float | None, typer.Option("--ring-for", help="Seconds.")]
CallerName = Annotated[str | None, typer.Option("--caller-name", help="What A sees.")]
CallerNumber = Annotated[str | None, typer.Option("--caller-number", help="What A sees.")]
Context = Annotated[str | None, typer.Option("--context", help="The context of the dialplan.")]
Variables = Annotated[list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable of the call.")]
Cause = Annotated[str | None, typer.Option("--cause", help="Why: USER_BUSY and the like.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="So many at most.")]


@asking
def calls(server: Server, limit: Limit = None, as_json: out.AsJson = False) -> None:
    """List the calls that are up."""
    found = list(server.items("/calls", limit))
    if as_json:
        out.json_line(found)
    else:
        out.table(shown.CALLS, shown.calls(found, datetime.now(UTC)), "no calls")


@asking
def call(
    server: Server,
    caller: From,
    callee: To = None,
    wait: Wait = False,
    ring_for: RingFor = None,
    caller_name: CallerName = None,
    caller_number: CallerNumber = None,
    context: Context = None,
    variables: Variables = None,
    as_json: out.AsJson = False,
) -> None:
    """Place a call: A is rung, and then goes on as if it had dialled B."""
    names = ("to", "ring_for", "caller_name", "caller_number", "context")
    values = (callee, ring_for, caller_name, caller_number, context)
    wish: dict[str, Any] = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    wish |= {"from": caller, "wait": wait, "variables": _variables(variables or [])}
    if wait:
        with out.progress(f"ringing {caller}"):
            made = server.post("/calls", wish, patience=LONG)
    else:
        made = server.post("/calls", wish)
    out.json_line(made) if as_json else out.line(shown.call(made))


@asking
def hangup(server: Server, name: CallName, cause: Cause = None, as_json: out.AsJson = False) -> None:
    """End a call."""
    query = {} if cause is None else {"cause": cause.upper()}
    ended = server.delete(f"/calls/{part(call_id(name))}", **query)
    out.json_line(ended) if as_json else out.line(f"{ended['id']} hung up")


def call_id(name: str) -> str:
    """Give a call's whole id, of one that may be written without its prefix."""
    return name if name.startswith(_PREFIX) else f"{_PREFIX}{name}"


def _variables(words: list[str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            out.fail(2, f"--var: {word}: write it as name=value")
        made[name] = value
    return made
