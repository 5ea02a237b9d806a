"""Where a key stands in a TOML text: `tomllib` keeps no positions."""

import tomllib
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Place", "locate"]


class Place(NamedTuple):
    """Where something is written; lines and columns are counted from 1."""

    line: int
    column: int


def locate(text: str) -> dict[tuple[str, ...], Place]:
    """Find every table header and key of a valid TOML text.

    The tables of an array are told apart by their number, from 0: `("rule", "0", "name")`.
    Keys inside an inline table have no place of their own.
    """
    scan = _Scan(text.replace("\r\n", "\n"))
    while scan.at < len(scan.text):
        scan.line()
    return scan.places


@dataclass(slots=True)
class _Scan:
    text: str
    at: int = 0
    table: tuple[str, ...] = ()
    places: dict[tuple[str, ...], Place] = field(default_factory=dict)
    counts: dict[tuple[str, ...], int] = field(default_factory=dict)  # last number of each array of tables

    def line(self) -> None:
        """Take one line, or the several lines of one value."""
        start = self.at = self.at + _blanks(self.text, self.at)
        if self.text[start : start + 1] not in ("", "\n", "#"):
            if self.text[start] == "[":
                self.header()
            else:
                self.skip("=")
                self.note((*self.table, *_names(self.text[start : self.at])), start)
        self.skip("\n")
        self.at += 1

    def header(self) -> None:
        """Take a table header."""
        start, many = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        inner = self.at
        self.skip("]")
        names = self.numbered(_names(self.text[inner : self.at]))
        if many:
            self.counts[names] = self.counts.get(names, -1) + 1
            names = (*names, str(self.counts[names]))
        self.table = names
        self.note(names, start)

    def numbered(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Put in the numbers of the arrays of tables that a header goes through."""
        path: tuple[str, ...] = ()
        for name in names[:-1]:
            path = (*path, name)
            if path in self.counts:
                path = (*path, str(self.counts[path]))
        return (*path, names[-1])

    def note(self, names: tuple[str, ...], start: int) -> None:
        before = self.text[:start]
        self.places.setdefault(names, Place(before.count("\n") + 1, start - before.rfind("\n")))

    def skip(self, end: str) -> None:
        """Go on to `end`, past strings, comments and, if it is a new line, brackets that are open."""
        depth = 0
        while self.at < len(self.text):
            here = self.text[self.at]
            if here == end and depth == 0:
                return
            if here in "\"'":
                self.at = _after_string(self.text, self.at)
                continue
            if here == "#":
                self.at = _find(self.text, "\n", self.at)
                continue
            depth += (here in "[{") - (here in "]}") if end == "\n" and here in "[]{}" else 0
            self.at += 1
            depth = max(depth, 0)


def _blanks(text: str, at: int) -> int:
    rest = text[at : _find(text, "\n", at)]
    return len(rest) - len(rest.lstrip(" \t"))


def _after_string(text: str, at: int) -> int:
    quote = text[at]
    mark = quote * 3 if text.startswith(quote * 3, at) else quote
    at += len(mark)
    while at < len(text) and not text.startswith(mark, at):
        at += 2 if quote == '"' and text[at] == "\\" else 1
    at += len(mark)
    while len(mark) == 3 and text.startswith(quote, at):  # a long string may end in quotes of its own
        at += 1
    return at


def _find(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found


def _names(key: str) -> tuple[str, ...]:
    """Split a dotted key, quoted or not."""
    table: object = tomllib.loads(f"{key} = 0")
    names: list[str] = []
    while isinstance(table, dict):
        ((name, table),) = table.items()
        names.append(name)
    return tuple(names)
