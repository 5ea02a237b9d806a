"""What the operator may set: read once, checked, frozen, and handed on part by part."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from xswitch_py import assets
from xswitch_py.base.errors import ConfigError
from xswitch_py.base.permissions import KINDS, Permissions
from xswitch_py.config.read import (
    Keys,
    build,
    from_file,
    read_file,
    readers,
    settle,
    sources,
)
from xswitch_py.config.values import (
    HostPort,
    Network,
    Ports,
    Reader,
    address,
    addresses,
    choice,
    file,
    flag,
    folder,
    host_port,
    key,
    names,
    networks,
    number,
    ports,
    seconds,
    text,
)

__all__ = [
    "DEMO",
    "Account",
    "ApiConfig",
    "CallConfig",
    "Config",
    "Demo",
    "DigestAlgorithm",
    "FilesConfig",
    "FlowConfig",
    "GuardConfig",
    "HostPort",
    "ListenConfig",
    "LogConfig",
    "LogFormat",
    "LogLevel",
    "MediaConfig",
    "Ports",
    "RecordConfig",
    "ShutdownConfig",
    "SipConfig",
    "StoreConfig",
    "TraceConfig",
    "VertoConfig",
    "load",
    "permissions",
    "read_table",
]

T = TypeVar("T")

_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?"
_ORIGIN: Final = rf"https?://(?:{_NAME}|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?|\*"
_GRANT: Final = r"[^\s,]{1,200}"


class LogLevel(StrEnum):
    """The least weight a log line must have to be written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks; `auto` is `text` on a terminal, `json` otherwise."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ListenConfig:
    """Where peers connect; `None` is off."""

    http: HostPort = key(HostPort("127.0.0.1", 8081), host_port())
    https: HostPort | None = key(HostPort("0.0.0.0", 8082), host_port(off=True))
    certificate: Path = key(Path(), file())  # empty: wss.pem beside the database
    origins: tuple[str, ...] = key((), names('origins such as "https://phone.example.com", or "*"', _ORIGIN))
    proxies: tuple[str, ...] = key(("127.0.0.1", "::1"), addresses())
    connections: int = key(10_000, number(1, 1_000_000))
    connections_per_address: int = key(5_000, number(1, 1_000_000))
    sip_udp: HostPort | None = key(HostPort("127.0.0.1", 5060), host_port(off=True))
    sip_tcp: HostPort | None = key(HostPort("127.0.0.1", 5060), host_port(off=True))
    sip_tls: HostPort | None = key(HostPort("0.0.0.0", 5061), host_port(off=True))
    sip_ws: HostPort | None = key(None, host_port(off=True))
    sip_wss: HostPort | None = key(None, host_port(off=True))


@dataclass(frozen=True, slots=True)
class MediaConfig:
    """Where sound and pictures travel."""

    webrtc_port: int = key(10000, number(0, 65535))
    rtp_ports: Ports = key(Ports(20000, 29999), ports())
    public_address: str = key("", address())  # shown in SDP instead of our own, when set
    symmetric_rtp: bool = key(True, flag())
    addresses: tuple[str, ...] = key((), addresses())  # empty: all of this computer
    sounds: Path = key(Path(), file(new=True))  # the folder of what can be played; `load` fills it in
    music: Path = key(Path(), file())  # empty: made by us


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """The database: a file, and its folder for what else is kept."""

    path: Path = key(Path(), file(new=True))  # `load` fills it in


@dataclass(frozen=True, slots=True)
class CallConfig:
    """How long a call may take to do what; seconds."""

    ring_timeout: float = key(60.0, seconds(1, 3600))
    longest: float = key(14_400.0, seconds(1, 604_800))
    setup_limit: float = key(15.0, seconds(1, 300))
    media_timeout: float = key(60.0, seconds(1, 86400))
    held_timeout: float = key(1800.0, seconds(1, 86400))
    detach_timeout: float = key(120.0, seconds(1, 86400))
    ringback: str = key("ringback", text("the name of a tone", r"[a-z][a-z0-9_-]{0,31}"))


@dataclass(frozen=True, slots=True)
class VertoConfig:
    """Limits of one Verto socket (verto.md section 16); times in seconds, sizes in bytes."""

    login_deadline: float = key(10.0, seconds(0.1, 300))
    ping_interval: float = key(15.0, seconds(0.1, 300))
    ping_misses: int = key(2, number(1, 10))
    idle_ping: float = key(30.0, seconds(0.1, 3600))
    queue_limit: int = key(5000, number(10, 100_000))
    message_limit: int = key(1_000_000, number(10_000, 1_000_000))


class DigestAlgorithm(StrEnum):
    """What phones prove their password with; most know the first only."""

    MD5 = "MD5"
    SHA256 = "SHA-256"


@dataclass(frozen=True, slots=True)
class SipConfig:
    """How SIP is spoken (sip.md); times in seconds."""

    aliases: tuple[str, ...] = key((), names('host names such as "sip.example.com"', _NAME))
    public_address: str = key("", address())  # in Via and Contact, where the peer is not in `local_nets`
    local_nets: tuple[Network, ...] = key((), networks())
    proxies: tuple[Network, ...] = key((), networks())
    authorities: Path = key(Path(), file())
    t1: float = key(0.5, seconds(0.05, 5))
    expires: int = key(600, number(1, 86_400))
    expires_least: int = key(60, number(1, 86_400))
    expires_most: int = key(3600, number(1, 86_400))
    expires_most_ws: int = key(600, number(1, 86_400))
    contacts: int = key(10, number(1, 100))
    grace: float = key(30.0, seconds(0.1, 3600))
    session_expires: int = key(1800, number(90, 86_400))
    algorithm: DigestAlgorithm = key(DigestAlgorithm.MD5, choice(DigestAlgorithm))
    without_qop: bool = key(False, flag())
    strict_uri: bool = key(False, flag())
    reliable: bool = key(False, flag())
    dialogs: int = key(10_000, number(1, 1_000_000))
    dialogs_per_user: int = key(20, number(1, 10_000))


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """Who is kept out; times in seconds."""

    rate: float = key(100.0, seconds(1, 100_000))
    burst: float = key(500.0, seconds(1, 1_000_000))
    ban: float = key(300.0, seconds(1, 86_400))
    allow: tuple[Network, ...] = key((), networks())


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """REST and JSON-RPC; times in seconds."""

    rate: float = key(2000.0, seconds(1, 1_000_000))
    burst: float = key(4000.0, seconds(1, 1_000_000))
    session_idle: float = key(43_200.0, seconds(60, 2_592_000))
    session_longest: float = key(604_800.0, seconds(60, 31_536_000))
    webhook_networks: tuple[Network, ...] = key((), networks())  # private ones that webhooks may lead to


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """What is recorded."""

    folder: Path = key(Path(), file(new=True))  # `load` fills it in
    longest: float = key(14_400.0, seconds(1, 86_400))


@dataclass(frozen=True, slots=True)
class FlowConfig:
    """Call flows in Python."""

    folder: Path = key(Path(), folder())  # empty: there are none


@dataclass(frozen=True, slots=True)
class TraceConfig:
    """Where SIP messages are told beside the log."""

    hep: HostPort | None = key(None, host_port(off=True))
    hep_node: int = key(2001, number(1, 0xFFFF_FFFF))
    hep_password: str = key("", text("a password", r".{0,100}", secret=True))


@dataclass(frozen=True, slots=True)
class ShutdownConfig:
    """How we leave."""

    drain: float = key(10.0, seconds(0, 86400))  # seconds that calls may go on


@dataclass(frozen=True, slots=True)
class LogConfig:
    """What is logged, and how it looks."""

    level: LogLevel = key(LogLevel.INFO, choice(LogLevel))
    format: LogFormat = key(LogFormat.AUTO, choice(LogFormat))


@dataclass(frozen=True, slots=True)
class FilesConfig:
    """The other files; `load` fills in the shipped ones."""

    dialplan: Path = key(Path(), file())
    gateways: Path = key(Path(), file())
    permissions: Path = key(Path(), file())
    tones: Path = key(Path(), file())


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the operator may set, one dataclass a section."""

    domain: str = key("localhost", text('a domain such as "pbx.example.com"', _NAME))
    listen: ListenConfig = field(default_factory=ListenConfig)
    media: MediaConfig = field(default_factory=MediaConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    call: CallConfig = field(default_factory=CallConfig)
    verto: VertoConfig = field(default_factory=VertoConfig)
    sip: SipConfig = field(default_factory=SipConfig)
    guard: GuardConfig = field(default_factory=GuardConfig)
    api: ApiConfig = field(default_factory=ApiConfig)
    record: RecordConfig = field(default_factory=RecordConfig)
    flow: FlowConfig = field(default_factory=FlowConfig)
    trace: TraceConfig = field(default_factory=TraceConfig)
    shutdown: ShutdownConfig = field(default_factory=ShutdownConfig)
    log: LogConfig = field(default_factory=LogConfig)
    files: FilesConfig = field(default_factory=FilesConfig)


@dataclass(frozen=True, slots=True)
class Account:
    """A name and its password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Demo:
    """Who may come in while we are only tried out; nothing is kept on disk."""

    admin: Account
    users: tuple[Account, ...]
    key: str = field(default="", repr=False)  # an API key of the admin's


DEMO: Final[Mapping[str, object]] = {
    "listen": {
        "https": "127.0.0.1:8082",
        "sip_tls": "127.0.0.1:5061",
        "sip_ws": "127.0.0.1:5066",
        "sip_wss": "127.0.0.1:7443",
    },
    "shutdown": {"drain": 0},
}
"""What the demo sets before anybody else does: this computer only, and no waiting at the end."""


def load(
    path: Path | None,
    overrides: Collection[str],
    environ: Mapping[str, str],
    *,
    base: Mapping[str, object] | None = None,
) -> Config:
    """Read the config: `base`, then the file, then `XSWITCH_SECTION__KEY`, then `section.key=value`; the last wins.

    Relative paths in the file count from its folder.

    Raises:
        ConfigError: with everything that is wrong.
    """
    problems: list[str] = []
    known = readers(Config)
    tops = {keys[0] for keys in known}
    written = [one for _, source in sources(tops, path, overrides, environ, base, problems) for one in source]
    config = build(Config, settle(known, written, problems))
    problems += _conflicts(config)
    if problems:
        raise ConfigError(problems)
    return _with_paths(config, environ)


def permissions(path: Path) -> dict[str, Permissions]:
    """Read what each role may do.

    Raises:
        ConfigError: with everything that is wrong.
    """
    problems: list[str] = []
    written = list(from_file(path, problems))
    roles = dict.fromkeys(one.keys[0] for one in written)
    grants = names("names without blanks and commas", _GRANT)
    known: dict[Keys, Reader] = {(role, kind): grants for role in roles for kind in KINDS}
    values = settle(known, written, problems)
    if problems:
        raise ConfigError(problems)
    return {role: Permissions(**{kind: frozenset(values.get((role, kind), ())) for kind in KINDS}) for role in roles}


def read_table(path: Path, read: Callable[[dict[str, Any]], T]) -> T:
    """Read another TOML file, whose table `read` makes something of; its problems are told with the path.

    Raises:
        ConfigError: it cannot be read, is not TOML, or `read` says so.
    """
    problems: list[str] = []
    table, _ = read_file(path, problems)
    if problems:
        raise ConfigError(problems)
    try:
        return read(table)
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from None


def _conflicts(config: Config) -> Iterator[str]:
    listen, media = config.listen, config.media
    if media.rtp_ports.first <= media.webrtc_port <= media.rtp_ports.last:
        yield f"media.webrtc_port = {media.webrtc_port}: lies in media.rtp_ports = {media.rtp_ports}"
    taken: dict[HostPort, str] = {}
    for name in ("http", "https", "sip_tcp", "sip_tls", "sip_ws", "sip_wss"):
        at: HostPort | None = getattr(listen, name)
        if at is not None and at.port and taken.setdefault(at, name) != name:
            yield f"listen.{name} = {at}: listen.{taken[at]} has the same"


def _with_paths(config: Config, environ: Mapping[str, str]) -> Config:
    """Fill in the paths that nobody set."""
    state = Path(environ.get("XDG_STATE_HOME") or Path(environ.get("HOME", "/")) / ".local/state")
    store = config.store.path if config.store.path.name else state / "xswitch/xswitch.db"
    files = {
        name: path if (path := getattr(config.files, name)).name else assets.conf(f"{name}.toml")
        for name in ("dialplan", "gateways", "permissions", "tones")
    }
    sounds, recorded = config.media.sounds, config.record.folder
    return replace(
        config,
        store=StoreConfig(store),
        files=FilesConfig(**files),
        media=replace(config.media, sounds=sounds if sounds.name else store.parent / "sounds"),
        record=replace(config.record, folder=recorded if recorded.name else store.parent / "recordings"),
    )
