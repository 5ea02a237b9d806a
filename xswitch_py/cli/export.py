"""`xswitch export`: the descriptions of REST and JSON-RPC, of this version or of a running switch."""

import json
import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Final, cast

import typer

from xswitch_py import __version__, assets
from xswitch_py.api.app import Gatekeeping, http_app
from xswitch_py.cli import out
from xswitch_py.cli.remote import Authority, Server, address, clear_errors
from xswitch_py.core.commands.desk import Desk
from xswitch_py.rpc.methods import described

__all__ = ["Document", "export"]


class Document(StrEnum):
    """Which one."""

    OPENAPI = "openapi"
    OPENRPC = "openrpc"


Which = Annotated[Document, typer.Argument(help="openapi describes REST, openrpc JSON-RPC.")]
File = Annotated[Path | None, typer.Option("-o", "--output", help="The file; else standard output.")]
Of = Annotated[str | None, typer.Option("--url", help="Of a running switch, or of XSWITCH_URL; else of this version.")]


def export(which: Which, output: File = None, url: Of = None, ca: Authority = None) -> None:
    """Write a description that generators of clients read. Without --url no switch is asked."""
    with clear_errors():
        if url or os.environ.get("XSWITCH_URL"):
            with Server(address(url), "", ca) as server:
                found = server.ask("GET", f"/{which.value}.json")
        else:
            found = _OURS[which]()
        _write(json.dumps(found, ensure_ascii=False, indent=2), output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        out.line(text)
        return
    try:
        output.write_text(text + "\n", "utf-8")
    except OSError as error:
        out.fail(1, f"{output} cannot be written: {error.strerror}")


def _openapi() -> dict[str, Any]:
    # Routes take the desk from the application when they are asked; their description needs none.
    desk = cast(Desk, SimpleNamespace(version=__version__))
    return http_app(desk, cast(Gatekeeping, SimpleNamespace()), assets.web()).openapi()


_OURS: Final[Mapping[Document, Callable[[], dict[str, Any]]]] = {
    Document.OPENAPI: _openapi,
    Document.OPENRPC: lambda: described(__version__),
}
