"""`xswitch gateway`: the carriers of a running switch."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from xswitch_py.cli import out, secret
from xswitch_py.cli.do import known
from xswitch_py.cli.lazy import apart
from xswitch_py.cli.remote import Server, asking, part

__all__ = ["command"]

_HEAD: Final = ("name", "origin", "proxy", "transport", "state", "up", "calls", "problem")

Name = Annotated[str, typer.Argument(help="The gateway's name.")]
Proxy = Annotated[str, typer.Argument(help="Where it is: host, or host:port.")]
Words = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings, as in gateways.toml: register=true.")
]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", help='A file with the password; "-" is input.')]
Ask = Annotated[bool, typer.Option("--ask-password", help="Ask for the password.")]


@asking
def add(
    server: Server,
    name: Name,
    proxy: Proxy,
    words: Words = None,
    file: PasswordFile = None,
    ask: Ask = False,
    as_json: out.AsJson = False,
) -> None:
    """Add a gateway to the database; it is used from now on."""
    given = {"name": name, "proxy": proxy, **_settings(server, "gateways.create", words, file, ask)}
    _tell(server.post("/gateways", given), as_json)


@asking
def change(
    server: Server,
    name: Name,
    words: Words = None,
    file: PasswordFile = None,
    ask: Ask = False,
    as_json: out.AsJson = False,
) -> None:
    """Change a gateway of the database; what is not named stays."""
    given = _settings(server, "gateways.change", words, file, ask)
    if not given:
        out.fail(2, "what is to be changed? KEY=VALUE")
    _tell(server.ask("PATCH", f"/api/v1/gateways/{part(name)}", body=given), as_json)


@asking
def show(server: Server, as_json: out.AsJson = False) -> None:
    """List the gateways, and how they stand."""
    found = list(server.items("/gateways"))
    if as_json:
        out.json_line(found)
    else:
        out.table(_HEAD, [_row(gateway) for gateway in found], "no gateways yet: xswitch gateway add NAME PROXY")


@asking
def remove(server: Server, name: Name) -> None:
    """Remove a gateway from the database; calls that are up go on."""
    server.delete(f"/gateways/{part(name)}")


@asking
def register(server: Server, name: Name, as_json: out.AsJson = False) -> None:
    """Register there now."""
    _told(server, name, "register", as_json)


@asking
def unregister(server: Server, name: Name, as_json: out.AsJson = False) -> None:
    """Take the registration away, until it is told to register."""
    _told(server, name, "unregister", as_json)


@asking
def ping(server: Server, name: Name, as_json: out.AsJson = False) -> None:
    """See whether it answers; `xswitch gateway list` then says so, and an event tells it."""
    _told(server, name, "ping", as_json)


def _settings(server: Server, method: str, words: list[str] | None, file: Path | None, ask: bool) -> dict[str, Any]:
    try:
        given = known(server).params(method, words or []) if words else {}
    except ValueError as error:
        out.fail(2, out.clean(str(error)))
    password = secret.asked() if ask else secret.given(None, file)
    return given if password is None else given | {"password": password}


def _told(server: Server, name: str, what: str, as_json: bool) -> None:
    standing = server.post(f"/gateways/{part(name)}/{what}")
    if as_json:
        out.json_line(standing)
    else:
        out.line(" ".join(word for word in (out.clean(name), standing["state"], out.clean(standing["text"])) if word))


def _tell(gateway: dict[str, Any], as_json: bool) -> None:
    if as_json:
        out.json_line(gateway)
    else:
        out.table(_HEAD, [_row(gateway)])


def _row(gateway: dict[str, Any]) -> list[str]:
    standing = gateway["status"] or {"state": "-", "up": False, "inbound": 0, "outbound": 0, "text": ""}
    return [
        gateway["name"],
        gateway["origin"],
        gateway["proxy"],
        gateway["transport"] or "dns",
        standing["state"],
        "yes" if standing["up"] else "no",
        str(standing["inbound"] + standing["outbound"]),
        standing["text"] or "-",
    ]


command: Final = apart(
    {
        "add": add,
        "list": show,
        "set": change,
        "remove": remove,
        "register": register,
        "unregister": unregister,
        "ping": ping,
    },
    "Add, list, change, remove, register and ping gateways.",
)
