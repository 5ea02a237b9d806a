"""What can be found out about a set-up without asking the switch; each check says what to do."""

import asyncio
import errno
import resource
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal

from xswitch_py import app_files
from xswitch_py.base.errors import ConfigError
from xswitch_py.config import Config, HostPort
from xswitch_py.core.first_run import PASSWORD_FILE
from xswitch_py.listen import certificate
from xswitch_py.listen.certificate import About
from xswitch_py.media.mux import advertised

__all__ = ["PINNED", "Check", "Doctor", "certificate_of", "fail", "good", "judge", "private", "skip", "warn"]

PINNED: Final = {"aioice": "0.13", "aiortc": "1.16"}
"""Packages whose inner parts we touch, and the only version of them that we know."""

_OTHERS: Final = (
    "aiosqlite",
    "cryptography",
    "fastapi",
    "httpx",
    "numpy",
    "pydantic",
    "pylibsrtp",
    "uvicorn",
    "websockets",
)
_FILES: Final = 4096  # open files that many calls need
_LOW, _LEAST = 1_000_000_000, 100_000_000  # bytes of disk
_SOON: Final = 14  # days
_OTHERS_READ: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_TCP: Final = ("http", "https", "sip_tcp", "sip_tls", "sip_ws", "sip_wss")


@dataclass(frozen=True, slots=True)
class Check:
    """What was found; `fix` says what to do, if something is."""

    name: str
    state: Literal["ok", "warn", "fail", "skip"]  # skip: it was not looked at
    text: str
    fix: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as programs see it."""
        return asdict(self)


def good(name: str, text: str) -> Check:
    """Nothing is wrong."""
    return Check(name, "ok", text)


def warn(name: str, text: str, fix: str) -> Check:
    """It works, but not for everybody, or not for long."""
    return Check(name, "warn", text, fix)


def fail(name: str, text: str, fix: str) -> Check:
    """It cannot work."""
    return Check(name, "fail", text, fix)


def skip(name: str, text: str) -> Check:
    """It was not looked at."""
    return Check(name, "skip", text)


def judge(config: Config, *, running: bool, lasting: bool = True) -> Iterator[Check]:
    """Make all checks; with `running` the ports may be taken: by the switch itself. What is not `lasting` is a demo."""
    parts: tuple[_Part, ...] = (
        _config, _packages, _open_files, lambda config: _ports(config, running), _certificate, _origin, _media,
        _private, _folders, _disk,
    )  # fmt: skip
    for each in parts:
        yield from each(config) if lasting or each not in (_certificate, _private) else _nothing_kept(each)


class Doctor:
    """Makes the checks while the switch runs: in a thread, for all who ask at a time together."""

    def __init__(self, config: Config, *, lasting: bool) -> None:
        self._config, self._lasting = config, lasting
        self._running: asyncio.Task[list[Check]] | None = None

    async def examine(self) -> list[Check]:
        """Give what is found now."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(asyncio.to_thread(self._judged), name="doctor")
        return await asyncio.shield(self._running)

    def _judged(self) -> list[Check]:
        return list(judge(self._config, running=True, lasting=self._lasting))


_Part = Callable[[Config], Iterable[Check]]


def _nothing_kept(part: _Part) -> Iterator[Check]:
    yield skip("certificate" if part is _certificate else "files", "a demo keeps it in memory only")


def certificate_of(config: Config) -> Path:
    """Say where the certificate is, or will be."""
    path = config.listen.certificate
    return path if path.name else config.store.path.parent / "wss.pem"


def _config(config: Config) -> Iterator[Check]:
    try:
        app_files.read_files(config)
    except ConfigError as error:
        for problem in error.problems:
            yield fail("config", problem, "put it right; `xswitch check` tells when it is")
    else:
        yield good("config", "config, dialplan, gateways, permissions and tones can be read")


def _packages(config: Config) -> Iterator[Check]:
    found = {name: _version(name) for name in (*PINNED, *_OTHERS)}
    for name, wanted in PINNED.items():
        if not found[name].startswith(f"{wanted}."):
            fix = f"pip install '{name}=={wanted}.*'"
            text = f"{name} {found[name]} is not the {wanted} that we know"
            yield fail("packages", text if found[name] else f"{name} is missing", fix)
    for name in _OTHERS:
        if not found[name]:
            yield fail("packages", f"{name} is missing", f"pip install {name}")
    told = ", ".join(f"{name} {found[name]}" for name in PINNED)
    yield good("packages", f"Python {sys.version.partition(' ')[0]}, {told}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _open_files(config: Config) -> Iterator[Check]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _FILES:
        yield good("open files", f"{soft} may be open")
    else:
        fix = "LimitNOFILE=65536 in the systemd unit, or `ulimit -n 65536` in the shell"
        yield warn("open files", f"only {soft} may be open here: a call takes two to five", fix)


def _ports(config: Config, running: bool) -> Iterator[Check]:
    for name in _TCP:
        at: HostPort | None = getattr(config.listen, name)
        if at is not None:
            yield _port(f"listen.{name}", "tcp", at, running)
    if config.listen.sip_udp is not None:
        yield _port("listen.sip_udp", "udp", config.listen.sip_udp, running)
    for host in config.media.addresses or ("127.0.0.1",):
        yield _port("media.webrtc_port", "udp", HostPort(host, config.media.webrtc_port), running)


def _port(key: str, kind: str, at: HostPort, running: bool) -> Check:
    name = f"port {at.port}/{kind}"
    if at.port == 0:
        return good(name, f"{key}: any free one")
    problem = _taken(kind, at)
    if problem is None:
        free = "free" if not running else "free, though the switch runs: has it another config?"
        return good(name, f"{key}: {at} is {free}")
    if problem == "in use" and running:
        return good(name, f"{key}: {at} is in use, and the switch runs")
    fix = f"`ss -lnp` shows what uses it; or choose another: --set {key}=..."
    if problem == "not allowed":
        fix = "choose one from 1024 on, or give the right: AmbientCapabilities=CAP_NET_BIND_SERVICE"
    if problem == "no address of this computer":
        fix = "0.0.0.0 stands for all addresses of this computer"
    return fail(name, f"{key}: {at} is {problem}", fix)


_ERRORS: Final = {
    errno.EADDRINUSE: "in use",
    errno.EACCES: "not allowed",
    errno.EADDRNOTAVAIL: "no address of this computer",
}


def _taken(kind: str, at: HostPort) -> str | None:
    """Say why an address cannot be had; None if it can."""
    type = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    try:
        family, _, _, _, address = socket.getaddrinfo(at.host, at.port, type=type)[0]
        with socket.socket(family, type) as probe:
            if kind == "tcp":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            if kind == "tcp":
                probe.listen(1)
    except OSError as error:
        return _ERRORS.get(error.errno or 0, error.strerror or "not to be had")
    return None


def _certificate(config: Config) -> Iterator[Check]:
    listen, path = config.listen, certificate_of(config)
    if all(at is None for at in (listen.https, listen.sip_tls, listen.sip_wss)):
        yield skip("certificate", "no port uses TLS")
        return
    if not path.exists():
        if config.listen.certificate.name:
            yield fail("certificate", f"{path} is missing", "put key and chain there, in one PEM file")
        else:
            yield good("certificate", f"{path} is made at the first start")
        return
    try:
        certificate.ssl_context(path)
        found = certificate.about(certificate.public_part(path))
    except (ConfigError, ValueError) as error:
        yield fail("certificate", f"{path}: {error}", "put key and chain there, in one PEM file")
        return
    yield _judged(config, path, found)


def _judged(config: Config, path: Path, found: About) -> Check:
    names, days = found.names, (found.until - datetime.now(UTC)).days
    if days < 0:
        fix = f"put a new one there, or remove {path}: another is made, signed by ourselves"
        return fail("certificate", f"{path} ended {-days} days ago", fix)
    text = f"{path} is good for {days} days, for {', '.join(names)}"
    if days < _SOON:
        return warn("certificate", text, "renew it, and let the switch read it: kill -HUP")
    if not any(_covers(name, config.domain.lower()) for name in names):
        return warn("certificate", text, f"none of these is the domain {config.domain}: get one for it")
    if found.self_signed:
        fix = "browsers and phones warn of it: get one that they trust, say by certbot, and set listen.certificate"
        return (
            warn("certificate", f"{text}; signed by ourselves", fix)
            if config.domain != "localhost"
            else good("certificate", f"{text}; signed by ourselves")
        )
    return good("certificate", text)


def _covers(name: str, domain: str) -> bool:
    """Say whether a name of a certificate is for a domain; a star stands for one label (RFC 6125 section 6.4.3)."""
    return name == domain or (name.startswith("*.") and name[2:] == domain.partition(".")[2])


def _origin(config: Config) -> Iterator[Check]:
    listen = config.listen
    if listen.http is not None and not _is_local(listen.http.host):
        fix = 'listen.http = "127.0.0.1:8081"; others come by listen.https, or by nginx: `xswitch nginx`'
        yield warn(
            "secure origin", f"{listen.http} takes passwords in clear, and browsers allow no microphone there", fix
        )
    elif listen.https is None:
        fix = 'listen.https = "0.0.0.0:8082", or nginx before us: `xswitch nginx`'
        yield warn("secure origin", "browsers of other computers get no page that may use the microphone", fix)
    else:
        yield good("secure origin", f"pages come by https, on {listen.https}; http is for this computer only")


def _media(config: Config) -> Iterator[Check]:
    media, known = config.media, advertised(None)
    strange = [address for address in media.addresses if address not in known and not _is_local(address)]
    told = list(media.addresses) or known
    if strange:
        fix = f"this computer has {', '.join(known)}: put one of them into media.addresses"
        yield fail("media addresses", f"{', '.join(strange)} is not of this computer", fix)
    elif media.public_address:
        yield good("media addresses", f"others are told {media.public_address} in place of {', '.join(told)}")
    elif any(_is_global(address) for address in told):
        yield good("media addresses", f"others are told {', '.join(told)}")
    else:
        fix = "behind NAT: set media.public_address, and lead the UDP ports here; in a closed network all is well"
        yield warn("media addresses", f"others are told {', '.join(told)}, which the internet cannot reach", fix)
    yield skip("STUN", "no STUN server is configured: nothing outside is asked")


def private(name: str, files: Iterable[Path]) -> Iterator[Check]:
    """See that nobody else can read what is secret."""
    there = [file for file in files if file.exists()]
    open_to_others = [file for file in there if file.stat().st_mode & _OTHERS_READ]
    for file in open_to_others:
        yield fail(name, f"{file} can be read by others", f"chmod 600 {file}")
    if there and not open_to_others:
        yield good(name, f"{', '.join(map(str, there))}: for the owner only")


def _private(config: Config) -> Iterator[Check]:
    folder, flows = config.store.path.parent, config.flow.folder
    first = folder / PASSWORD_FILE
    kept = [config.store.path.with_name(f"{config.store.path.name}{end}") for end in ("", "-wal", "-shm")]
    yield from private("files", [*kept, certificate_of(config), first])
    if first.exists():
        fix = f"log in as admin, and choose another password: then {first} is removed"
        yield warn("first password", "the one that was made at the first start lies in a file", fix)
    if folder.is_dir() and folder.stat().st_mode & _OTHERS_WRITE:
        yield fail("files", f"others can write to {folder}, where the database is", f"chmod go-w {folder}")
    if flows.name and flows.is_dir() and flows.stat().st_mode & _OTHERS_WRITE:
        yield fail("flows", f"whoever can write to {flows} runs code as the switch", f"chmod go-w {flows}")


def _folders(config: Config) -> Iterator[Check]:
    named = {"sounds": config.media.sounds, "recordings": config.record.folder, "flows": config.flow.folder}
    for name, folder in named.items():
        if not folder.name:
            yield skip(name, "there is no such folder in the config")
        elif not folder.exists():
            yield good(name, f"{folder} is made when something is kept there")
        elif not folder.is_dir():
            yield fail(name, f"{folder} is no folder", "remove it, or name another in the config")
        elif name == "flows":
            yield good(name, f"{folder} has {len(list(folder.glob('*.py')))} files of Python")
        elif not _is_writable(folder):
            yield fail(
                name, f"{folder} cannot be written to", f"chown it to who runs the switch: chown -R USER {folder}"
            )
        else:
            yield good(name, f"{folder} can be written to")


def _is_writable(folder: Path) -> bool:
    try:
        probe = folder / f".xswitch-doctor-{socket.gethostname()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def _disk(config: Config) -> Iterator[Check]:
    places = {"database": config.store.path.parent, "recordings": config.record.folder}
    for name, folder in places.items():
        there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        text = f"{free / 1e9:.1f} GB are free for the {name}, at {there}"
        if free < _LEAST:
            yield fail("disk", text, "make room: calls cannot be recorded, nor their records kept")
        elif free < _LOW:
            yield warn("disk", text, "make room soon")
        else:
            yield good("disk", text)


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_global(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return False
