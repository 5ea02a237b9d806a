"""`xswitch user`: who may come in, kept in the database of this set-up, or asked of a running switch."""

import secrets
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from xswitch_py.cli import out, remote, secret
from xswitch_py.cli.lazy import apart
from xswitch_py.cli.people import InDatabase, OverApi, People
from xswitch_py.cli.remote import handing

__all__ = ["command"]

_WEB_PASSWORD: Final = 8  # characters at least
_HEAD: Final = ("name", "display_name", "number", "role", "context", "enabled")

Name = Annotated[str, typer.Argument(help="The user's name, what others dial: 1001.")]
Password = Annotated[str | None, typer.Option("--password", help="The phone secret; better from a file or the prompt.")]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", help='A file with the secret; "-" is input.')]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="The name that others see.")]
Number = Annotated[str | None, typer.Option("--number", help="The number that others see.")]
Role = Annotated[str | None, typer.Option("--role", help="A role of permissions.toml.")]
Context = Annotated[str | None, typer.Option("--context", help="The context of the dialplan.")]
Enabled = Annotated[bool | None, typer.Option("--enabled/--disabled", help="Whether the user may come in.")]
Web = Annotated[bool, typer.Option("--web", help="The password of the web pages, in place of the phone secret.")]
MadeUp = Annotated[bool, typer.Option("--made-up", help="Make one up, and print it.")]
Url = Annotated[str | None, typer.Option("--url", help="A running switch to ask, in place of the database.")]


def _people(
    path: Path | None,
    settings: list[str] | None,
    url: str | None,
    key: str | None,
    key_file: Path | None,
    ca: Path | None,
) -> People:
    if url is None:
        return InDatabase(out.load(path, settings))
    if path is not None or settings:
        out.fail(2, "give --url for a running switch, or --config and --set for the database, not both")
    return OverApi(remote.connect(url, key, key_file, ca))


_asking: Final = handing(_people, {"path": out.ConfigPath, "settings": out.Settings, **remote.OPTIONS, "url": Url})


@_asking
def add(
    people: People,
    name: Name,
    password: Password = None,
    password_file: PasswordFile = None,
    display_name: DisplayName = None,
    number: Number = None,
    role: Role = None,
    context: Context = None,
    enabled: Enabled = None,
) -> None:
    """Add a user."""
    facts = _given(display_name, number, role, context, enabled)
    people.add(name, facts, secret.given(password, password_file) or secret.asked())


@_asking
def show(people: People, as_json: out.AsJson = False) -> None:
    """List the users."""
    facts = people.list()
    if as_json:
        out.json_line(facts)
    else:
        rows = [[_word(fact[name]) for name in _HEAD] for fact in facts]
        out.table(_HEAD, rows, "no users yet: xswitch user add NAME")


@_asking
def change(
    people: People,
    name: Name,
    password: Password = None,
    password_file: PasswordFile = None,
    display_name: DisplayName = None,
    number: Number = None,
    role: Role = None,
    context: Context = None,
    enabled: Enabled = None,
) -> None:
    """Change a user; what is not named stays."""
    facts = _given(display_name, number, role, context, enabled)
    people.change(name, facts, secret.given(password, password_file))


@_asking
def remove(people: People, name: Name) -> None:
    """Remove a user."""
    people.remove(name)


@_asking
def reset_password(
    people: People,
    name: Name,
    password: Password = None,
    password_file: PasswordFile = None,
    web: Web = False,
    made_up: MadeUp = False,
) -> None:
    """Give a user another phone secret, or web password; who logs in next needs it."""
    word = secret.given(password, password_file)
    if made_up and word is not None:
        out.fail(2, "give a password or --made-up, not both")
    word = word or (secrets.token_urlsafe(12) if made_up else secret.asked())
    if web and len(word) < _WEB_PASSWORD:
        out.fail(2, f"a web password has at least {_WEB_PASSWORD} characters")
    people.reset(name, word, web=web)
    if made_up:
        out.line(word)


def _given(*fields: str | bool | None) -> dict[str, Any]:
    return {name: value for name, value in zip(_HEAD[1:], fields, strict=True) if value is not None}


def _word(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value) or "-"


command: Final = apart(
    {"add": add, "list": show, "set": change, "remove": remove, "reset-password": reset_password},
    "Add, list, change and remove users: in the database, whether the switch runs or not, or by --url.",
)
