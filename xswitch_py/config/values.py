"""What a setting may be: one reader for each kind of value."""

import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

__all__ = [
    "HostPort",
    "Network",
    "Ports",
    "Reader",
    "address",
    "addresses",
    "choice",
    "file",
    "flag",
    "folder",
    "host_port",
    "key",
    "names",
    "networks",
    "number",
    "ports",
    "seconds",
    "text",
]

T = TypeVar("T")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST_PORT: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})")
_PORTS: Final = re.compile(r"(?P<first>[0-9]{1,5})-(?P<last>[0-9]{1,5})")


class HostPort(NamedTuple):
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Ports(NamedTuple):
    """A range of ports, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Reader:
    """How a value is read: `read` takes what TOML gave, and raises `ValueError` if that is not `allowed`."""

    allowed: str
    read: Callable[[Any, Path], Any]  # the value, and the folder that relative paths count from
    plain: bool = True  # in a shell it is written as it is, not as TOML
    secret: bool = False  # may lie in a file of its own, named by KEY_file; never shown


def key(default: T, reader: Reader) -> T:
    """Declare a key of a section."""
    made: T = field(default=default, metadata={"reader": reader}, repr=not reader.secret)
    return made


def host_port(*, off: bool = False) -> Reader:
    """Read `host:port`; with `off` the empty text is allowed too and gives `None`."""

    def read(value: object, folder: Path) -> HostPort | None:
        if off and value == "":
            return None
        found = _HOST_PORT.fullmatch(_text(value)) or _refuse()
        return HostPort(found["v6"] or found["host"], _port(found["port"]))

    return Reader('"host:port" such as "127.0.0.1:8081"' + (', or "" for off' if off else ""), read)


def ports() -> Reader:
    """Read a range of ports."""

    def read(value: object, folder: Path) -> Ports:
        found = _PORTS.fullmatch(_text(value)) or _refuse()
        made = Ports(_port(found["first"]), _port(found["last"]))
        return made if 0 < made.first <= made.last else _refuse()

    return Reader('a range of ports such as "20000-29999"', read)


def number(least: int, most: int) -> Reader:
    """Read a whole number."""

    def read(value: object, folder: Path) -> int:
        return value if type(value) is int and least <= value <= most else _refuse()

    return Reader(f"a whole number from {least} to {most}", read, plain=False)


def seconds(least: float, most: float) -> Reader:
    """Read a time in seconds."""

    def read(value: object, folder: Path) -> float:
        return float(value) if type(value) in (int, float) and least <= value <= most else _refuse()  # type: ignore[operator, arg-type]

    return Reader(f"seconds, from {least:g} to {most:g}", read, plain=False)


def text(allowed: str, pattern: str, *, secret: bool = False) -> Reader:
    """Read a text that fits a pattern as a whole."""

    def read(value: object, folder: Path) -> str:
        return _fitting(value, pattern)

    return Reader(allowed, read, secret=secret)


def choice(words: type[StrEnum]) -> Reader:
    """Read one of the words of an enumeration."""

    def read(value: object, folder: Path) -> StrEnum:
        return words(_text(value))

    return Reader("one of " + ", ".join(f'"{word}"' for word in words), read)


def names(allowed: str, pattern: str) -> Reader:
    """Read a list of texts that each fit a pattern."""

    def read(value: object, folder: Path) -> tuple[str, ...]:
        return tuple(_fitting(item, pattern) for item in _list(value))

    return Reader(f"a list of {allowed}", read, plain=False)


def address() -> Reader:
    """Read an IP address that packets can be sent to; the empty text stays empty."""

    def read(value: object, folder: Path) -> str:
        return "" if value == "" else _ip(value)

    return Reader('an IP address, or ""', read)


def addresses() -> Reader:
    """Read a list of IP addresses."""

    def read(value: object, folder: Path) -> tuple[str, ...]:
        return tuple(map(_ip, _list(value)))

    return Reader("a list of IP addresses", read, plain=False)


def networks() -> Reader:
    """Read a list of IP networks; an address alone is one of its own."""

    def read(value: object, folder: Path) -> tuple[Network, ...]:
        return tuple(ipaddress.ip_network(_text(item)) for item in _list(value))

    return Reader('a list of networks such as "10.0.0.0/8"', read, plain=False)


def flag() -> Reader:
    """Read true or false."""

    def read(value: object, folder: Path) -> bool:
        return value if isinstance(value, bool) else _refuse()

    return Reader("true or false", read, plain=False)


def file(*, new: bool = False) -> Reader:
    """Read the path of a file, `new` if it need not exist; the empty text gives the empty path."""

    def read(value: object, folder: Path) -> Path:
        path = folder / os.path.expanduser(_text(value))
        return Path() if value == "" else path if new or path.is_file() else _refuse()

    return Reader("the path of a file" + ("" if new else " that exists") + ', or ""', read)


def folder() -> Reader:
    """Read the path of a folder; the empty text gives the empty path."""

    def read(value: object, folder: Path) -> Path:
        path = folder / os.path.expanduser(_text(value))
        return Path() if value == "" else path if path.is_dir() else _refuse()

    return Reader('the path of a folder that exists, or ""', read)


def _text(value: object) -> str:
    return value if isinstance(value, str) else _refuse()


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else _refuse()


def _fitting(value: object, pattern: str) -> str:
    return _text(value) if re.fullmatch(pattern, _text(value)) else _refuse()


def _port(digits: str) -> int:
    port = int(digits)
    return port if port < 65536 else _refuse()


def _ip(value: object) -> str:
    ip = ipaddress.ip_address(_text(value))
    return str(ip) if not (ip.is_unspecified or ip.is_multicast) else _refuse()


def _refuse() -> Any:
    raise ValueError
