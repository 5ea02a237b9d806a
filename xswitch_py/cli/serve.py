"""`xswitch demo` and `xswitch serve`: what people may say to them, and which switch is then run."""

import os
import secrets
from pathlib import Path
from typing import Annotated, Final

import typer

from xswitch_py import config
from xswitch_py.cli import out
from xswitch_py.cli.lazy import load
from xswitch_py.config import Account, Demo

__all__ = ["accounts", "demo", "serve"]

_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # none that look alike

Password = Annotated[str | None, typer.Option("--password", help="Password of the admin and of all demo users.")]


def demo(password: Password = None, settings: out.Settings = None, as_json: out.AsJson = False) -> None:
    """Try everything out: on this computer only, in memory, with users, numbers and random passwords."""
    with out.clear_errors():
        if password == "":
            out.fail(2, "--password: must not be empty")
        _run(None, settings, accounts(password), as_json)


def serve(path: out.ConfigPath = None, settings: out.Settings = None, as_json: out.AsJson = False) -> None:
    """Run the switch."""
    with out.clear_errors():
        _run(path, settings, None, as_json)


def accounts(password: str | None) -> Demo:
    """Make the accounts of a demo, all with this password or each with a random one."""
    names = map(str, range(1000, 1020))
    return Demo(
        Account("admin", password or _password()),
        tuple(Account(name, password or _password()) for name in names),
        f"xs_{secrets.token_urlsafe(24)}",
    )


def _password() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _run(path: Path | None, overrides: list[str] | None, accounts: Demo | None, as_json: bool) -> None:
    base = config.DEMO if accounts is not None else None
    settings = out.load(path, overrides, base)
    # All that a switch is made of takes a second to load, which nobody shall wait for to hear of a mistake.
    run = load("xswitch_py.cli.foreground:run")
    run(
        settings,
        accounts,
        lambda: out.load(path, overrides, base),
        lambda: config.described(path, overrides or [], os.environ, base=base),
        as_json=as_json,
    )
