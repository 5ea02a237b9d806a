"""`xswitch user`: who may come in, kept in the database of this set-up."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table

from xswitch_py import config
from xswitch_py.base.errors import StoreError
from xswitch_py.base.user import User
from xswitch_py.cli import out
from xswitch_py.config import Config
from xswitch_py.store.open import Store, open_store

__all__ = ["command"]

T = TypeVar("T")

command = typer.Typer(help="Add, list, change and remove users.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The user's name, what others dial: 1001.")]
Password = Annotated[str | None, typer.Option("--password", help="The phone secret; better from a file or the prompt.")]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", help="A file with the phone secret.")]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="The name that others see.")]
Number = Annotated[str | None, typer.Option("--number", help="The number that others see.")]
Role = Annotated[str | None, typer.Option("--role", help="A role of permissions.toml.")]
Context = Annotated[str | None, typer.Option("--context", help="The context of the dialplan.")]
Enabled = Annotated[bool | None, typer.Option("--enabled/--disabled", help="Whether the user may come in.")]


@command.command()
def add(
    name: Name,
    password: Password = None,
    password_file: PasswordFile = None,
    display_name: DisplayName = None,
    number: Number = None,
    role: Role = None,
    context: Context = None,
    enabled: Enabled = None,
    path: out.ConfigPath = None,
    settings: out.Settings = None,
) -> None:
    """Add a user."""
    with out.clear_errors():
        read = out.load(path, settings)
        made = _changed(User(name, read.domain.lower()), read, display_name, number, role, context, enabled)
        secret = _given(password, password_file) or _asked()

        async def save(store: Store) -> None:
            await store.users.add(made)
            await store.users.set_phone_secret(made.name, made.domain, secret)

        _with_store(read, save)


@command.command("list")
def show(path: out.ConfigPath = None, settings: out.Settings = None, as_json: out.AsJson = False) -> None:
    """List the users."""
    with out.clear_errors():
        read = out.load(path, settings)
        users = _with_store(read, lambda store: store.users.list(read.domain))
        facts = [_facts(user) for user in users]
        if as_json:
            out.json_line(facts)
        else:
            _print_table(facts)


@command.command("set")
def change(
    name: Name,
    password: Password = None,
    password_file: PasswordFile = None,
    display_name: DisplayName = None,
    number: Number = None,
    role: Role = None,
    context: Context = None,
    enabled: Enabled = None,
    path: out.ConfigPath = None,
    settings: out.Settings = None,
) -> None:
    """Change a user; what is not named stays."""
    with out.clear_errors():
        read = out.load(path, settings)
        secret = _given(password, password_file)

        async def save(store: Store) -> None:
            user = await store.users.get(name, read.domain)
            if user is None:
                raise _missing(name, read)
            await store.users.change(_changed(user, read, display_name, number, role, context, enabled))
            if secret is not None:
                await store.users.set_phone_secret(name, read.domain, secret)

        _with_store(read, save)


@command.command()
def remove(name: Name, path: out.ConfigPath = None, settings: out.Settings = None) -> None:
    """Remove a user."""
    with out.clear_errors():
        read = out.load(path, settings)
        if not _with_store(read, lambda store: store.users.remove(name, read.domain)):
            raise _missing(name, read)


def _with_store(read: Config, work: Callable[[Store], Awaitable[T]]) -> T:
    """Open the database, made when missing, and do something with it."""

    async def run() -> T:
        store = await open_store(read.store.path)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _missing(name: str, read: Config) -> StoreError:
    return StoreError(f"there is no user {name} in {read.domain}")


def _changed(user: User, read: Config, *fields: str | bool | None) -> User:
    names = ("display_name", "number", "role", "context", "enabled")
    given = {name: value for name, value in zip(names, fields, strict=True) if value is not None}
    made = replace(user, **given)  # type: ignore[arg-type]
    roles = config.permissions(read.files.permissions)
    if made.role not in roles:
        out.fail(2, f"--role: there is no role {made.role}; known are {', '.join(roles)}")
    return made


def _given(password: str | None, file: Path | None) -> str | None:
    """Take the password that was given, if one was."""
    if file is None:
        found = password
    elif password is not None:
        out.fail(2, "give --password or --password-file, not both")
    else:
        try:
            found = file.read_text("utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            out.fail(2, f"--password-file: {file} cannot be read: {error}")
    if found == "":
        out.fail(2, "the password must not be empty")
    return found


def _asked() -> str:
    if not sys.stdin.isatty():
        out.fail(2, "give the password by --password-file or --password; there is no terminal to ask for it")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _facts(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "domain": user.domain,
        "display_name": user.display_name,
        "number": user.number,
        "role": user.role,
        "context": user.context,
        "enabled": user.enabled,
    }


def _print_table(facts: list[dict[str, Any]]) -> None:
    if not facts:
        out.line("no users yet: xswitch user add NAME")
        return
    table = Table(*facts[0], box=None, pad_edge=False)
    for fact in facts:
        table.add_row(*(("yes" if value else "no") if isinstance(value, bool) else value for value in fact.values()))
    out.console().print(table)
