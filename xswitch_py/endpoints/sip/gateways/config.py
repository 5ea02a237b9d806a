"""What the operator says of gateways: the carriers and other switches that calls go out to and come in from.

    [gateway.carrier]
    proxy = "sip.carrier.example"
    register = true
    username = "acct77"
    password_file = "carrier.secret"

`conf/gateways.toml` shows every key.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple

from xswitch_py.base.errors import ConfigError
from xswitch_py.endpoints.sip.settings import Network

__all__ = ["GatewayConfig", "Proxy", "Rewrite", "load", "rewritten"]


class Proxy(NamedTuple):
    """A host, and a port if one was given; without, the DNS may say where the service is."""

    host: str  # without brackets
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A number that fits as a whole becomes another: `$0` is all of it, `$1` to `$9` are the groups."""

    match: re.Pattern[str]
    replace: str


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """One gateway. Times are in seconds."""

    name: str
    proxy: Proxy
    transport: str = "UDP"  # `UDP`, `TCP`, `TLS`; empty: as the DNS says
    register: bool = False
    username: str = ""
    auth_username: str = ""  # in place of the username, where the carrier knows us by two
    password: str = field(default="", repr=False)
    realm: str = ""  # the only one whose challenges to a REGISTER are answered
    from_user: str = ""
    from_domain: str = ""
    extension: str = ""  # what its calls dial, whatever they say
    context: str = "public"  # of the dialplan
    expire: int = 600
    retry: float = 30.0
    ping: float = 30.0  # 0: never
    timeout: float = 6.0  # until an address that does not answer is given up
    codecs: tuple[str, ...] = ()
    srtp: str = ""  # `sdes`
    rewrite: tuple[Rewrite, ...] = ()  # of numbers that are dialled out
    normalise: tuple[Rewrite, ...] = ()  # of the numbers of its callers
    caller_id: str = ""  # the number that all our calls show
    allow: tuple[Network, ...] = ()
    deny: tuple[str, ...] = ()
    max_calls: int = 0  # 0: any number
    calls_per_second: float = 0.0  # 0: any number
    trusted: bool = False
    weight: int = 1
    contact_params: Mapping[str, str | None] = field(default_factory=dict, hash=False)

    @property
    def domain(self) -> str:
        """The domain that we speak for there; empty: the switch's own."""
        return self.from_domain or (self.proxy.host if self.username else "")


def rewritten(rules: tuple[Rewrite, ...], number: str) -> str:
    """Give a number as the first rule that fits it says, or as it is."""
    for rule in rules:
        if found := rule.match.fullmatch(number):
            groups = (found.group(), *(group or "" for group in found.groups()))
            return re.sub(r"\$(\d)", lambda one, groups=groups: _group(groups, int(one[1])), rule.replace)  # type: ignore[misc]
    return number


def load(table: Mapping[str, object], folder: Path = Path()) -> tuple[GatewayConfig, ...]:
    """Read the gateways of a file, and of the files that hold passwords; `folder` is where those paths count from.

    Raises:
        ConfigError: with all that is wrong.
    """
    problems = [f"unknown key {key!r}; a gateway is a table [gateway.NAME]" for key in table if key != "gateway"]
    entries = table.get("gateway", {})
    gateways: list[GatewayConfig] = []
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        found = [] if _NAME.fullmatch(name) else ["a name has letters, digits, . _ - and begins with a letter or digit"]
        found += [] if isinstance(entry, dict) else ["is not a table"]
        values = _values(entry, folder, found) if isinstance(entry, dict) else {}
        problems += [f"gateway {name}: {problem}" for problem in found]
        if not found:
            gateways.append(GatewayConfig(name=name, **values))
    if not isinstance(entries, dict):
        problems.append("gateway is not a table; write [gateway.NAME]")
    if problems:
        raise ConfigError(problems)
    return tuple(gateways)


def _values(entry: Mapping[str, object], folder: Path, problems: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in entry.items():
        if key == "password_file":
            continue
        if key not in _READERS:
            problems.append(f"unknown key {key!r}; known are {', '.join(sorted([*_READERS, 'password_file']))}")
            continue
        allowed, read = _READERS[key]
        try:
            values[key] = read(value)
        except (ValueError, re.error):
            problems.append(f"{key} must be {allowed}")
    if "password_file" in entry:
        _read_password(entry, folder, values, problems)
    problems += _wanting(entry, values)
    return values


def _read_password(entry: Mapping[str, object], folder: Path, values: dict[str, Any], problems: list[str]) -> None:
    path = entry["password_file"]
    if not isinstance(path, str) or not path:
        problems.append("password_file must be the path of a file")
        return
    try:
        values["password"] = _READERS["password"][1](
            (folder / Path(path).expanduser()).read_text("utf-8").strip("\r\n")
        )
    except OSError as error:
        problems.append(f"password_file: {path} cannot be read: {error.strerror}")
    except ValueError:
        problems.append(f"password_file: {path} does not hold one line of text")


def _wanting(entry: Mapping[str, object], values: Mapping[str, Any]) -> Iterator[str]:
    if "proxy" not in entry:
        yield "proxy is missing"
    if "password" in entry and "password_file" in entry:
        yield "password and password_file: one is enough"
    if values.get("register") and not values.get("username"):
        yield "register needs a username"
    if values.get("username") and not {"password", "password_file"} & entry.keys():
        yield "username needs a password"


def _group(groups: tuple[str, ...], number: int) -> str:
    return groups[number] if number < len(groups) else ""


# Readers: each takes what TOML gave and raises `ValueError` if that is not what is allowed.

Reader = Callable[[Any], Any]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PROXY: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?")
_DIALLED: Final = r"[0-9A-Za-z*#+._~!-]{1,64}"
_TRANSPORTS: Final = ("", "udp", "tcp", "tls")


def _proxy(value: Any) -> Proxy:
    found = _PROXY.fullmatch(_text(value)) or _refuse()
    port = int(found[3]) if found[3] else None
    return Proxy(found[1] or found[2], port) if port is None or 0 < port < 65536 else _refuse()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _refuse()


def _fitting(pattern: str) -> Reader:
    return lambda value: value if re.fullmatch(pattern, _text(value)) else _refuse()


def _bool(value: Any) -> bool:
    return value if isinstance(value, bool) else _refuse()


def _whole(least: int, most: int) -> Reader:
    return lambda value: value if type(value) is int and least <= value <= most else _refuse()


def _seconds(least: float, most: float, *, off: bool = False) -> Reader:
    def read(value: Any) -> float:
        good = type(value) in (int, float) and (least <= value <= most or (off and value == 0))
        return float(value) if good else _refuse()

    return read


def _list(read: Reader) -> Reader:
    return lambda value: tuple(map(read, value)) if isinstance(value, list) else _refuse()


def _rewrite(value: Any) -> Rewrite:
    if not isinstance(value, dict) or value.keys() != {"match", "replace"}:
        _refuse()
    return Rewrite(re.compile(_text(value["match"])), _text(value["replace"]))


def _parameters(value: Any) -> dict[str, str | None]:
    if not isinstance(value, dict):
        _refuse()
    name, said = _fitting(r"[A-Za-z0-9.!%*_+`'~-]{1,64}"), _fitting(r"[!-~]{0,128}")
    return {name(key): said(text) or None for key, text in value.items()}


def _refuse() -> Any:
    raise ValueError


_LINE: Final = r"[^\x00-\x1f\x7f]{0,256}"
_REWRITES: Final = 'a list like [{ match = "0(.*)", replace = "+49$1" }]'

_READERS: Final[dict[str, tuple[str, Reader]]] = {
    "proxy": ('"host", "host:port", "[IPv6]:port" or a name with SRV records', _proxy),
    "transport": (
        '"udp", "tcp", "tls", or "" for what the DNS says',
        lambda value: value.upper() if value in _TRANSPORTS else _refuse(),
    ),
    "register": ("true or false", _bool),
    "username": ("text", _fitting(_LINE)),
    "auth_username": ("text", _fitting(_LINE)),
    "password": ("text", _fitting(_LINE)),
    "realm": ("text", _fitting(_LINE)),
    "from_user": ("text", _fitting(_LINE)),
    "from_domain": ('a domain, or ""', _fitting(r"[A-Za-z0-9._-]{0,253}")),
    "extension": ('a number, or ""', _fitting(_DIALLED + "|")),
    "context": ("the name of a context", _fitting(r"[A-Za-z0-9._-]{1,64}")),
    "expire": ("seconds, a whole number from 60 to 86400", _whole(60, 86_400)),
    "retry": ("seconds, from 5 to 900", _seconds(5, 900)),
    "ping": ("seconds, from 5 to 3600, or 0 for off", _seconds(5, 3600, off=True)),
    "timeout": ("seconds, from 1 to 32", _seconds(1, 32)),
    "codecs": ('a list of encodings such as "PCMA"', _list(_fitting(r"[A-Za-z0-9._-]{1,32}"))),
    "srtp": ('"" or "sdes"', _fitting("sdes|")),
    "rewrite": (_REWRITES, _list(_rewrite)),
    "normalise": (_REWRITES, _list(_rewrite)),
    "caller_id": ('a number, or ""', _fitting(_DIALLED + "|")),
    "allow": (
        'a list of addresses and networks such as "192.0.2.0/24"',
        _list(lambda value: ip_network(_text(value), strict=False)),
    ),
    "deny": ('a list of the starts of numbers such as "+1900"', _list(_fitting(_DIALLED))),
    "max_calls": ("a whole number from 0 to 100000", _whole(0, 100_000)),
    "calls_per_second": ("a number from 0 to 10000", _seconds(0, 10_000)),
    "trusted": ("true or false", _bool),
    "weight": ("a whole number from 1 to 1000", _whole(1, 1000)),
    "contact_params": ('a table of parameters such as { isub = "1" }', _parameters),
}
