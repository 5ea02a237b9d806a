"""`xswitch key`: API keys of a running switch."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from xswitch_py.cli import out
from xswitch_py.cli.lazy import apart
from xswitch_py.cli.remote import Server, asking, hand_over, part

__all__ = ["command"]

_HEAD: Final = ("id", "name", "owner", "scopes", "networks", "expires", "used")

Id = Annotated[str, typer.Argument(metavar="KEY", help="The key's id: key_...")]
Name = Annotated[str, typer.Argument(help="What it is for.")]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help="What it may do: calls:read. None: all that you may.")
]
Networks = Annotated[list[str] | None, typer.Option("--network", help="Where it may be used from: 192.0.2.0/24.")]
Days = Annotated[float | None, typer.Option("--days", min=0.001, max=36_500, help="How long it is good.")]


@asking
def add(
    server: Server,
    name: Name,
    scopes: Scopes = None,
    networks: Networks = None,
    days: Days = None,
    as_json: out.AsJson = False,
) -> None:
    """Make a key. It is shown this once, on standard output."""
    expires = {} if days is None else {"expires": (datetime.now(UTC) + timedelta(days=days)).isoformat()}
    wish = {"name": name, "scopes": scopes or ["__ANY__"], "networks": networks or [], **expires}
    made = server.post("/api-keys", wish)
    if as_json:
        out.json_line(made)
        return
    hand_over(made["secret"], made["id"])


@asking
def show(server: Server, as_json: out.AsJson = False) -> None:
    """List the keys, without their secrets."""
    found = list(server.items("/api-keys"))
    if as_json:
        out.json_line(found)
    else:
        out.table(_HEAD, [_row(key) for key in found], "no keys yet: xswitch key add NAME")


@asking
def remove(server: Server, name: Id) -> None:
    """Remove a key: it is good for nothing from now on."""
    server.delete(f"/api-keys/{part(name)}")


def _row(key: dict[str, Any]) -> list[str]:
    return [(" ".join(key[name]) if isinstance(key[name], list) else key[name]) or "-" for name in _HEAD]


command: Final = apart({"add": add, "list": show, "remove": remove}, "Add, list and remove API keys.")
