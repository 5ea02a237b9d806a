"""Who set what: each key of the config with its value and where that comes from."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from xswitch_py.config.read import Keys, from_table, readers, settle, sources
from xswitch_py.config.schema import Config, load
from xswitch_py.config.values import HostPort, Ports

__all__ = ["described", "problems_of"]


def described(
    path: Path | None,
    overrides: Collection[str],
    environ: Mapping[str, str],
    *,
    base: Mapping[str, object] | None = None,
) -> dict[str, dict[str, object]]:
    """Say of each key, "section.key", its value and who set it: default, demo, file, environment or command line.

    Of secrets it is only said whether there is one.

    Raises:
        ConfigError: as `load` does.
    """
    config, known, problems = load(path, overrides, environ, base=base), readers(Config), list[str]()
    origins: dict[Keys, str] = {}
    for origin, source in sources({keys[0] for keys in known}, path, overrides, environ, base, problems):
        origins |= {one.keys: origin for one in source}
    found: dict[str, dict[str, object]] = {}
    for keys, reader in known.items():
        value: Any = config
        for name in keys:
            value = getattr(value, name)
        shown = _plain(value) if not reader.secret else "***" if value else ""
        found[".".join(keys)] = {"value": shown, "origin": origins.get(keys, "default")}
    return found


def problems_of(text: str) -> list[str]:
    """Judge the text of a config file: all that is wrong with it."""
    try:
        table = tomllib.loads(text)
    except ValueError as error:
        return [str(error)]
    problems: list[str] = []
    settle(readers(Config), list(from_table(table, "the text")), problems)
    return problems


def _plain(value: object) -> object:
    """Write a value as JSON has it."""
    if isinstance(value, tuple) and not isinstance(value, HostPort | Ports):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return "" if value == Path() else str(value)
