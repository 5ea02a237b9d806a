"""`xswitch route`: the dialplan of a running switch."""

from typing import Annotated, Any, Final

import typer

from xswitch_py.cli import out
from xswitch_py.cli.lazy import apart
from xswitch_py.cli.remote import Server, asking, part

__all__ = ["command"]

_HEAD: Final = ("id", "at", "name", "number", "caller", "context", "hours", "enabled", "steps")

Id = Annotated[str, typer.Argument(metavar="ROUTE", help="The rule's id: route_...")]
Steps = Annotated[list[str], typer.Argument(help='What is done, in order: answer "bridge $1".')]
Number = Annotated[str, typer.Option("--number", help="A regular expression for the whole number that is dialled.")]
Caller = Annotated[str, typer.Option("--caller", help="The same for the caller's number.")]
Name = Annotated[str, typer.Option("--name", help="For people.")]
Context = Annotated[str, typer.Option("--context", help="Which callers it is for.")]
Hours = Annotated[str, typer.Option("--hours", help='Local time: "mon-fri 09:00-17:30".')]
Position = Annotated[int | None, typer.Option("--position", min=1, help="1 is asked first; else it is the last.")]
Enabled = Annotated[bool, typer.Option("--enabled/--disabled", help="Whether it counts.")]
Place = Annotated[int, typer.Argument(metavar="POSITION", min=1, help="1 is asked first.")]
Dialled = Annotated[str, typer.Argument(metavar="NUMBER", help="What would be dialled.")]
By = Annotated[str | None, typer.Option("--caller", help="The caller's number.")]
In = Annotated[str | None, typer.Option("--context", help="The caller's context.")]
User = Annotated[str | None, typer.Option("--user", help="Who would call.")]
At = Annotated[str | None, typer.Option("--at", help="When: 2030-01-31T12:00:00Z.")]


@asking
def add(
    server: Server,
    steps: Steps,
    number: Number = "",
    caller: Caller = "",
    name: Name = "",
    context: Context = "default",
    hours: Hours = "",
    position: Position = None,
    enabled: Enabled = True,
    as_json: out.AsJson = False,
) -> None:
    """Add a rule to the database: it is asked before those of flows and of the file. Conditions left out fit any."""
    wish: dict[str, Any] = {"name": name, "number": number, "caller": caller, "context": context, "hours": hours}
    wish |= {"steps": steps, "enabled": enabled} | ({} if position is None else {"position": position})
    _tell(server.post("/routes", wish), as_json)


@asking
def show(server: Server, as_json: out.AsJson = False) -> None:
    """List the rules in the order in which they are asked."""
    found = list(server.items("/routes"))
    if as_json:
        out.json_line(found)
    else:
        out.table(_HEAD, [_row(route) for route in found], "no rules: every call fails")


@asking
def move(server: Server, route: Id, position: Place, as_json: out.AsJson = False) -> None:
    """Let a rule of the database be asked earlier or later."""
    _tell(server.post(f"/routes/{part(route)}/move", {"position": position}), as_json)


@asking
def remove(server: Server, route: Id) -> None:
    """Remove a rule from the database; calls that follow it go on."""
    server.delete(f"/routes/{part(route)}")


@asking
def explain(
    server: Server,
    number: Dialled,
    caller: By = None,
    context: In = None,
    user: User = None,
    at: At = None,
    as_json: out.AsJson = False,
) -> None:
    """Say what would become of a call, and why; none is made. Ends with 1 if the call would fail at once."""
    given = {"caller": caller, "context": context, "user": user, "at": at}
    wish = {"number": number} | {name: value for name, value in given.items() if value is not None}
    found = server.post("/routes:explain", wish)
    if as_json:
        out.json_line(found)
    else:
        for text in _explained(found):
            out.line(out.clean(text))
    if found["cause"] is not None:
        raise typer.Exit(1)


def _explained(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['number']}, called by {found['caller'] or 'nobody'} in {found['context']}, {found['local']}"]
    for rule in found["looked_at"]:
        why = "fits" if rule["fits"] else f"no: {', '.join(rule['misfits'])}"
        lines.append(f"  {rule['id']} {rule['name'] or '-'} ({rule['origin']}): {why}")
    for step in found["steps"]:
        lines.append(f"  -> {step['action']} {step['argument']}".rstrip())
        lines += (f"       {_reach(reach)}" for reach in step["reaches"])
    return lines if found["cause"] is None else [*lines, f"  fails: {found['cause']}"]


def _reach(reach: dict[str, Any]) -> str:
    places = [
        " ".join(place[name] for name in ("door", "transport", "agent") if place[name]) for place in reach["places"]
    ]
    gateways = [f"{each['name']} {each['state'] or 'unknown'}" for each in reach["gateways"]]
    how = ", ".join([*places, *gateways]) or ("reachable" if reach["reachable"] else reach["why"].replace("_", " "))
    return f"{reach['round']}. {reach['kind']} {reach['target']}: {how}"


def _tell(route: dict[str, Any], as_json: bool) -> None:
    if as_json:
        out.json_line(route)
    else:
        out.table(_HEAD, [_row(route)])


def _row(route: dict[str, Any]) -> list[str]:
    plain = [route[name] or "-" for name in ("name", "number", "caller", "context", "hours")]
    place = f"{route['origin']} {route['position']}"
    return [route["id"], place, *plain, "yes" if route["enabled"] else "no", "; ".join(route["steps"])]


command: Final = apart(
    {"add": add, "list": show, "move": move, "remove": remove, "explain": explain},
    "Add, list, move, remove and explain the rules of the dialplan.",
)
