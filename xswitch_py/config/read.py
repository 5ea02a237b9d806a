"""From what a file, the environment or a command line says to dataclasses; with all that is wrong, and where."""

import difflib
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from pathlib import Path
from re import compile as pattern
from typing import Any, Final, TypeVar

from xswitch_py.config.locate import Place, locate
from xswitch_py.config.values import Reader

__all__ = [
    "Keys",
    "Written",
    "build",
    "from_environ",
    "from_file",
    "from_overrides",
    "from_table",
    "read_file",
    "readers",
    "settle",
    "sources",
]

T = TypeVar("T")
Keys = tuple[str, ...]

_TOML_PLACE: Final = pattern(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_SHOWN: Final = 60  # characters of a wrong value that a problem quotes


@dataclass(frozen=True, slots=True)
class Written:
    """One setting somebody wrote."""

    keys: Keys
    value: object
    where: str  # file:line:column, the name of a variable, or --set
    folder: Path  # relative paths count from here
    shell: bool = False  # text from a shell, not a TOML value


def from_table(table: Mapping[str, object], where: str) -> Iterator[Written]:
    """Take the settings of a table of tables."""
    for name, value in table.items():
        for keys, single in _leaves((name,), value):
            yield Written(keys, single, where, Path())


def from_file(path: Path, problems: list[str]) -> Iterator[Written]:
    """Take the settings of a TOML file."""
    table, places = read_file(path, problems)
    folder = path.absolute().parent
    for name, value in table.items():
        for keys, single in _leaves((name,), value):
            yield Written(keys, single, _where(path, places, keys), folder)


def from_environ(environ: Mapping[str, str], tops: Collection[str]) -> Iterator[Written]:
    """Take the settings of the environment, `XSWITCH_SECTION__KEY`; of plain `XSWITCH_KEY` only those among `tops`."""
    for name, value in sorted(environ.items()):
        keys = tuple(name.removeprefix("XSWITCH_").lower().split("__"))
        if name.startswith("XSWITCH_") and (len(keys) > 1 or keys[0] in tops):
            yield Written(keys, value, name, Path.cwd(), shell=True)


def from_overrides(overrides: Collection[str], problems: list[str]) -> Iterator[Written]:
    """Take the settings of a command line, `section.key=value`."""
    for override in overrides:
        name, equals, value = override.partition("=")
        if equals:
            yield Written(tuple(name.strip().split(".")), value, "--set", Path.cwd(), shell=True)
        else:
            problems.append(f"--set: {override}: write it as section.key=value")


def sources(
    tops: Collection[str],
    path: Path | None,
    overrides: Collection[str],
    environ: Mapping[str, str],
    base: Mapping[str, object] | None,
    problems: list[str],
) -> Iterator[tuple[str, list[Written]]]:
    """List what was written and where; the last one wins. `tops` are the names that stand alone in the environment."""
    yield "demo", list(from_table(base or {}, "defaults"))
    yield "file", list(from_file(path, problems) if path else ())
    yield "environment", list(from_environ(environ, tops))
    yield "command line", list(from_overrides(overrides, problems))


def read_file(path: Path, problems: list[str]) -> tuple[dict[str, Any], dict[Keys, Place]]:
    """Read a TOML file, and where its keys stand; nothing if it cannot be read, which is a problem."""
    try:
        written = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        problems.append(f"{path}: is not UTF-8 text: byte {error.start}")
        return {}, {}
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
        return {}, {}
    try:
        return tomllib.loads(written), locate(written)
    except ValueError as error:
        found = _TOML_PLACE.search(str(error))
        line, column = (found[1], found[2]) if found and found[1] else (written.count("\n") + 1, 1)
        problems.append(f"{path}:{line}:{column}: {_TOML_PLACE.sub('', str(error))}")
        return {}, {}


def settle(readers: Mapping[Keys, Reader], written: Collection[Written], problems: list[str]) -> dict[Keys, Any]:
    """Read everything that was written; the last one wins."""
    values: dict[Keys, Any] = {}
    for one in written:
        keys, reader, in_file = _reader(one.keys, readers)
        if reader is None:
            if one.value != {} or not any(known[: len(one.keys)] == one.keys for known in readers):
                problems.append(_unknown(one, readers))
            continue
        try:
            value = _held(one) if in_file else _from_shell(one, reader) if one.shell else one.value
            values[keys] = reader.read(value, one.folder)
        except OSError as error:
            problems.append(f"{_said(one, one.value)}: cannot be read: {error.strerror}")
        except ValueError:
            said = _said(one, "..." if reader.secret and not in_file else one.value)
            problems.append(f"{said}: must be {reader.allowed}")
    return values


def build(root: type[T], values: Mapping[Keys, Any], at: Keys = ()) -> T:
    """Make a dataclass and its sections; what nobody wrote has its default."""
    arguments: dict[str, Any] = {}
    for one in _fields(root):
        keys = (*at, one.name)
        if section := _section(one):
            arguments[one.name] = build(section, values, keys)
        elif keys in values:
            arguments[one.name] = values[keys]
    return root(**arguments)


def readers(root: type, at: Keys = ()) -> dict[Keys, Reader]:
    """List all keys of a dataclass and its sections."""
    found: dict[Keys, Reader] = {}
    for one in _fields(root):
        if section := _section(one):
            found |= readers(section, (*at, one.name))
        else:
            found[*at, one.name] = one.metadata["reader"]
    return found


def _fields(root: type) -> tuple[Field[Any], ...]:
    assert is_dataclass(root)
    return fields(root)


def _section(one: Field[Any]) -> type | None:
    made = one.default_factory
    return made if isinstance(made, type) and is_dataclass(made) else None


def _leaves(keys: Keys, value: object) -> Iterator[tuple[Keys, object]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves((*keys, name), inner)
    else:
        yield keys, value


def _reader(keys: Keys, known: Mapping[Keys, Reader]) -> tuple[Keys, Reader | None, bool]:
    """Find the reader of a key; KEY_file of a secret KEY has that of KEY, and is told apart."""
    if keys in known or not keys[-1].endswith("_file"):
        return keys, known.get(keys), False
    held = (*keys[:-1], keys[-1].removesuffix("_file"))
    return (held, known[held], True) if held in known and known[held].secret else (keys, None, False)


def _held(one: Written) -> str:
    """Read the secret that lies in a file of its own; the newline at its end is not part of it."""
    if not isinstance(one.value, str):
        raise ValueError
    return (one.folder / os.path.expanduser(one.value)).read_text("utf-8").removesuffix("\n")


def _from_shell(one: Written, reader: Reader) -> object:
    if reader.plain:
        return one.value
    try:
        return tomllib.loads(f"value = {one.value}")["value"]
    except ValueError:
        return [item.strip() for item in str(one.value).split(",") if item.strip()]


def _unknown(one: Written, known: Mapping[Keys, Reader]) -> str:
    said, tops = _said(one, one.value), sorted({keys[0] for keys in known})
    here = sorted(".".join(keys) for keys in known if len(keys) > 1 and keys[0] == one.keys[0])
    moved = [".".join(keys) for keys in known if keys[-1] == one.keys[-1]]  # the right key in the wrong section
    name, all_names = ".".join(one.keys), [".".join(keys) for keys in known]
    near = (
        difflib.get_close_matches(name, here, 1, 0.75) or moved or difflib.get_close_matches(name, all_names, 1, 0.75)
    )
    if near:
        return f"{said}: there is no such key; did you mean {near[0]}?"
    return f"{said}: there is no such {'key' if here else 'section'}; known are {', '.join(here or tops)}"


def _where(path: Path, places: Mapping[Keys, Place], keys: Keys) -> str:
    for end in range(len(keys), 0, -1):
        if place := places.get(keys[:end]):
            return f"{path}:{place.line}:{place.column}"
    return str(path)


def _said(one: Written, value: object) -> str:
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    short = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."
    return f"{one.where}: {'.'.join(one.keys)} = {short}"
