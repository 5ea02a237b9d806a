"""The application: the only place where the parts meet."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import structlog

from xswitch_py import __version__, assets
from xswitch_py.actions import ACTIONS
from xswitch_py.api.app import http_app
from xswitch_py.base.errors import ConfigError, MediaError
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.user import User
from xswitch_py.config import Config, Demo, permissions, read_table
from xswitch_py.core import dialplan
from xswitch_py.core.bus import Bus
from xswitch_py.core.cdr import keep_records, pulse
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Endpoint
from xswitch_py.core.registry import Registry
from xswitch_py.core.script import follow
from xswitch_py.core.services import Plan, Services
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.verto.endpoint import Limits, Verto
from xswitch_py.listen import certificate
from xswitch_py.listen.gate import Limits as SocketLimits
from xswitch_py.listen.listener import Listener
from xswitch_py.media import tones
from xswitch_py.media.plane import Plane
from xswitch_py.media.player import Sounds, read_wav
from xswitch_py.store.open import Store, open_store

__all__ = ["App", "Files", "build", "read_files"]

log = structlog.get_logger("xswitch.app")

_NUMBERS: Final = {"echo": "9196", "tone": "9197", "music": "9198"}  # of the shipped dialplan
_PATHS: Final = ("/", "/ws")  # where Verto is spoken


def build(config: Config, *, demo: Demo | None) -> "App":
    """Make the switch; with `demo`, one that keeps everything in memory and has these accounts.

    Raises:
        ConfigError: with all that is wrong in the dialplan, the permissions and the tones.
    """
    return App(config, demo)


@dataclass(frozen=True, slots=True)
class Files:
    """What the files beside the config say."""

    rules: tuple[dialplan.Rule, ...]
    permissions: dict[str, Permissions]  # by role
    tones: tones.Tones


def read_files(config: Config) -> Files:
    """Read the dialplan, the permissions and the tones.

    Raises:
        ConfigError: with all that is wrong in them, and with what the config names and is not there.
    """
    files, problems = config.files, list[str]()
    rules: tuple[dialplan.Rule, ...] = ()
    granted: dict[str, Permissions] = {}
    known: tones.Tones = {config.call.ringback: tones.Tone(())}  # if they cannot be read, one problem is enough
    with _collected(problems):
        granted = permissions(files.permissions)
    with _collected(problems):
        rules = read_table(files.dialplan, lambda table: dialplan.load(table, ACTIONS))
    with _collected(problems):
        known = read_table(files.tones, tones.load)
    if config.call.ringback not in known:
        problems.append(f"call.ringback: there is no tone {config.call.ringback} in {files.tones}")
    if config.media.music.name:
        try:
            read_wav(config.media.music, most=0)
        except MediaError as error:
            problems.append(f"media.music: {error}")
    if problems:
        raise ConfigError(problems)
    return Files(rules, granted, known)


class App:
    """A switch, from its database to its ports."""

    def __init__(self, config: Config, demo: Demo | None) -> None:
        self._config = config
        self._demo = demo
        self._files = read_files(config)
        self._plan = Plan(self._files.rules, config.call.ring_timeout, _ringback(config))
        self._permissions = dict(self._files.permissions)
        self._media = _media(config, self._files.tones)
        self._bus = Bus()
        self._registry = Registry(self._bus)
        self._stopping = asyncio.Event()
        self._tls_ca = ""
        self._switch: Switch
        self._listener: Listener
        self._opened: AsyncExitStack  # what `run` closes at the end, the last opened first

    async def start(self) -> None:
        """Open the database and the ports; what was opened is closed again if one of them fails.

        Raises:
            ConfigError: something that was configured cannot be used.
            StoreError: the database cannot be opened.
        """
        async with AsyncExitStack() as opened:
            await self._start_media(opened)  # first: where another switch has the port, its database is left alone
            store = await self._open_store(opened)
            doors: dict[str, Endpoint] = {}
            directory = Directory(store.users, self._config.domain)
            services = Services(self._media, self._bus, directory, self._registry, self._plan, doors)
            self._switch = Switch(services, follow(ACTIONS))
            verto = Verto(self._switch, self._permissions, _verto_limits(self._config))
            doors[verto.name] = verto
            self._listen_to_bus(opened, store, verto)
            self._listener = self._make_listener(verto)
            await self._listener.start()
            opened.push_async_callback(self._listener.stop)
            self._opened = opened.pop_all()
        log.info("ready", version=__version__, **self._listener.addresses)

    def facts(self) -> dict[str, Any]:
        """Say where everything is, for people and for scripts."""
        at = self._listener.addresses
        facts: dict[str, Any] = {"version": __version__, "pid": os.getpid()}
        for scheme, verto in (("http", "ws"), ("https", "wss")):
            if scheme in at:
                facts |= {scheme: f"{scheme}://{at[scheme]}", verto: f"{verto}://{at[scheme]}/ws"}
        facts["media"] = {"webrtc": [f"{host}:{port}" for host, port in self._media.open_at]}
        if self._demo is not None:
            facts["admin"] = {"user": self._demo.admin.user, "password": self._demo.admin.password}
            facts["users"] = [{"user": each.user, "password": each.password} for each in self._demo.users]
            facts["numbers"] = dict(_NUMBERS)
        if self._tls_ca:
            facts["tls_ca"] = self._tls_ca
        return facts

    async def run(self) -> None:
        """Go on until `stop`, then end calls, tell clients, and close everything."""
        await self._stopping.wait()
        log.info("stopping", calls=len(self._switch.calls))
        await self._switch.drain(self._config.shutdown.drain)
        await self._opened.aclose()

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping.set()

    def reload(self, load: Callable[[], Config]) -> None:
        """Read the dialplan, permissions and ringback again and swap them at once; a bad file changes nothing."""
        try:
            config = load()
            files = read_files(config)
        except ConfigError as error:
            log.error("not reloaded", problems=error.problems)
            return
        self._plan.rules, self._plan.ring_timeout = files.rules, config.call.ring_timeout
        self._plan.ringback = _ringback(config)
        self._permissions.clear()
        self._permissions.update(files.permissions)
        tones_differ = ["tones"] if files.tones != self._files.tones else []
        log.info("reloaded", needs_restart=_changed(self._config, config) + tones_differ)

    def _make_listener(self, verto: Verto) -> Listener:
        listen = self._config.listen
        tls = self._tls() if listen.https is not None else None
        return Listener(
            http_app(assets.web(), __version__),
            dict.fromkeys(_PATHS, verto),
            http=str(listen.http),
            https=str(listen.https) if listen.https is not None else None,
            tls=tls,
            origins=frozenset(listen.origins),
            proxies=frozenset(listen.proxies),
            limits=_socket_limits(self._config),
        )

    def _tls(self) -> ssl.SSLContext:
        """Load the certificate, made when missing; the demo's never stays on disk."""
        path, names = self._config.listen.certificate, (self._config.domain, socket.gethostname())
        if self._demo is not None and not path.name:
            tls, self._tls_ca = certificate.temporary_context(*names)
            return tls
        path = path if path.name else self._config.store.path.parent / "wss.pem"
        if certificate.ensure(path, *names):
            log.info("certificate made", path=str(path))
        self._tls_ca = certificate.public_part(path)
        return certificate.ssl_context(path)

    async def _start_media(self, opened: AsyncExitStack) -> None:
        media = self._config.media
        try:
            await self._media.start()
        except OSError as error:
            which = f"media.webrtc_port = {media.webrtc_port}"
            if error.errno == errno.EADDRNOTAVAIL:
                which = f"media.addresses = {list(media.addresses)}"
            raise ConfigError([f"{which}: {error.strerror}"]) from error
        opened.push_async_callback(self._media.stop)

    async def _open_store(self, opened: AsyncExitStack) -> Store:
        store = await open_store(":memory:" if self._demo else self._config.store.path)
        opened.push_async_callback(store.close)
        if self._demo is not None:
            await _populate(store, self._config.domain, self._demo)
        if crashed := await store.cdrs.recover():
            log.warning("calls cut off by a crash", records=crashed)
        return store

    def _listen_to_bus(self, opened: AsyncExitStack, store: Store, verto: Verto) -> None:
        """Keep records and tell subscribers until the bus closes; then all that happened is written."""
        beat = asyncio.create_task(pulse(store.cdrs), name="pulse")
        records = asyncio.create_task(keep_records(self._bus, store.cdrs), name="records")
        presence = asyncio.create_task(verto.watch(), name="presence")
        for task in (beat, records, presence):
            task.add_done_callback(_tell_failure)

        async def finish() -> None:
            self._bus.close()
            beat.cancel()
            await asyncio.wait((beat, records, presence))

        opened.push_async_callback(finish)


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background work failed", work=task.get_name(), exc_info=error)


@contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        problems += error.problems


def _ringback(config: Config) -> str:
    return f"tone:{config.call.ringback}"


def _media(config: Config, known: tones.Tones) -> Plane:
    call, media = config.call, config.media
    return Plane(
        Sounds(known, *(path if path.name else None for path in (media.recordings, media.music))),
        addresses=media.addresses or None,
        port=media.webrtc_port,
        public_address=media.public_address or None,
        setup_limit=call.setup_limit,
        media_timeout=call.media_timeout,
        held_timeout=call.held_timeout,
    )


def _verto_limits(config: Config) -> Limits:
    verto = config.verto
    return Limits(verto.login_deadline, config.call.detach_timeout, verto.idle_ping)


def _socket_limits(config: Config) -> SocketLimits:
    listen, verto = config.listen, config.verto
    return SocketLimits(
        sockets=listen.connections,
        per_address=listen.connections_per_address,
        message=verto.message_limit,
        ping=verto.ping_interval,
        dead=verto.ping_interval * (verto.ping_misses + 1) - 1,
        waiting=verto.queue_limit,
    )


async def _populate(store: Store, domain: str, demo: Demo) -> None:
    for account in demo.users:
        user = User(account.user, domain, f"User {account.user}", account.user)
        await store.users.add(user)
        await store.users.set_phone_secret(user.name, domain, account.password)
    await store.users.add(User(demo.admin.user, domain, "Administrator", role="admin"))
    await store.users.set_phone_secret(demo.admin.user, domain, demo.admin.password)
    await store.users.set_web_password(demo.admin.user, domain, demo.admin.password)


def _changed(old: Config, new: Config) -> list[str]:
    """Name the sections with changes that a reload does not take."""
    taken = replace(new.call, ring_timeout=old.call.ring_timeout, ringback=old.call.ringback)
    new = replace(new, call=taken, files=old.files)
    return [one.name for one in fields(Config) if getattr(new, one.name) != getattr(old, one.name)]
