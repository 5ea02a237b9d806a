"""The application: the only place where the parts meet."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import structlog

from xswitch_py import __version__, app_settings, assets
from xswitch_py.actions import ACTIONS
from xswitch_py.api.app import http_app
from xswitch_py.base.errors import ConfigError, MediaError
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.user import User
from xswitch_py.config import Config, Demo, HostPort, permissions, read_table
from xswitch_py.core import dialplan
from xswitch_py.core.bus import Bus
from xswitch_py.core.cdr import keep_records, pulse
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Endpoint
from xswitch_py.core.guard import Guard
from xswitch_py.core.registry import Registry
from xswitch_py.core.script import follow
from xswitch_py.core.services import Plan, Services
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.sip.endpoint import Sip
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig
from xswitch_py.endpoints.sip.gateways.config import load as load_gateways
from xswitch_py.endpoints.sip.gateways.resolve import Resolver
from xswitch_py.endpoints.sip.transport.links import Wires
from xswitch_py.endpoints.verto.endpoint import Verto
from xswitch_py.listen import certificate
from xswitch_py.listen.door import SocketDoor
from xswitch_py.listen.gate import Limits
from xswitch_py.listen.listener import Listener
from xswitch_py.media import tones
from xswitch_py.media.player import read_wav
from xswitch_py.store.open import Store, open_store

__all__ = ["App", "Files", "build", "read_files"]

log = structlog.get_logger("xswitch.app")

_NUMBERS: Final = {"echo": "9196", "tone": "9197", "music": "9198"}  # of the shipped dialplan
_PATHS: Final = ("/", "/ws")  # where Verto is spoken
_ANY: Final = ("0.0.0.0", "::")  # listening on all addresses
_SIP_PATHS: Final = ("/sip", "/sips")  # and SIP; "/sips" is kept for old page configurations
_SIP_ALONE: Final = ("/", "/sip", "/ws-sip")  # on ports where there is nothing else


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
    gateways: tuple[GatewayConfig, ...]
    permissions: dict[str, Permissions]  # by role
    tones: tones.Tones


def read_files(config: Config) -> Files:
    """Read the dialplan, the gateways, the permissions and the tones.

    Raises:
        ConfigError: with all that is wrong in them, and with what the config names and is not there.
    """
    files, problems = config.files, list[str]()
    rules: tuple[dialplan.Rule, ...] = ()
    gateways: tuple[GatewayConfig, ...] = ()
    granted: dict[str, Permissions] = {}
    known: tones.Tones = {config.call.ringback: tones.Tone(())}  # if they cannot be read, one problem is enough
    with _collected(problems):
        granted = permissions(files.permissions)
    with _collected(problems):
        rules = read_table(files.dialplan, lambda table: dialplan.load(table, ACTIONS))
    with _collected(problems):
        gateways = read_table(files.gateways, lambda table: load_gateways(table, files.gateways.parent))
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
    return Files(rules, gateways, granted, known)


class App:
    """A switch, from its database to its ports."""

    def __init__(self, config: Config, demo: Demo | None) -> None:
        self._config = config
        self._demo = demo
        self._files = read_files(config)
        self._plan = Plan(
            self._files.rules, config.call.ring_timeout, config.call.longest, app_settings.ringback(config)
        )
        self._permissions = dict(self._files.permissions)
        self._media = app_settings.media(config, self._files.tones)
        self._bus = Bus()
        self._registry = Registry(self._bus)
        self._stopping = asyncio.Event()
        self._tls_ca = ""
        self._pem: Path | None = None  # our certificate, unless it is the demo's
        self._own: set[tuple[str, int]] = set()  # where we listen
        self._outside = {config.sip.public_address, config.media.public_address} - {""}
        self._reloading: asyncio.Task[None]
        self._switch: Switch
        self._sip: Sip
        self._listeners: list[Listener] = []
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
            directory = Directory(
                store.users, self._config.domain, Guard(app_settings.guard_limits(self._config)), store.users.version
            )
            services = Services(self._media, self._bus, directory, self._registry, self._plan, doors)
            self._switch = Switch(services, follow(ACTIONS))
            verto = Verto(self._switch, self._permissions, app_settings.verto_limits(self._config))
            tls = self._tls()
            self._sip = sip = Sip(
                self._switch,
                app_settings.sip_settings(self._config),
                self._make_wires(tls),
                resolver=Resolver(),
                keeper=store.contacts,
                is_own=self._is_own,
            )
            doors |= {verto.name: verto, sip.name: sip}
            self._listen_to_bus(opened, store, verto, sip)
            self._keep_contacts(opened, store)
            opened.push_async_callback(sip.stop)
            await sip.start(self._files.gateways)
            for listener in self._make_listeners(verto, sip, tls):
                await listener.start()
                self._listeners.append(listener)
                opened.push_async_callback(listener.stop)
            self._own.update(self._places())
            self._opened = opened.pop_all()
        log.info("ready", version=__version__, **self._addresses())

    def facts(self) -> dict[str, Any]:
        """Say where everything is, for people and for scripts."""
        at = self._addresses()
        facts: dict[str, Any] = {"version": __version__, "pid": os.getpid()}
        for scheme, verto in (("http", "ws"), ("https", "wss")):
            if scheme in at:
                facts |= {scheme: f"{scheme}://{at[scheme]}", verto: f"{verto}://{at[scheme]}/ws"}
        facts["sip"] = self._sip_facts(at)
        ports = self._config.media.rtp_ports
        facts["media"] = {"webrtc": [f"{host}:{port}" for host, port in self._media.open_at], "rtp": str(ports)}
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
        """Read the dialplan, gateways, permissions, ringback and certificate again; a bad file changes nothing."""
        try:
            config = load()
            files = read_files(config)
            if self._pem is not None:
                self._sip.wires.renew_certificate(self._pem)
        except ConfigError as error:
            log.error("not reloaded", problems=error.problems)
            return
        self._plan.rules, self._plan.ring_timeout = files.rules, config.call.ring_timeout
        self._plan.longest = config.call.longest
        self._plan.ringback = app_settings.ringback(config)
        self._permissions.clear()
        self._permissions.update(files.permissions)
        self._reloading = asyncio.create_task(self._sip.gateways.reload(files.gateways), name="gateways")
        self._reloading.add_done_callback(_tell_failure)
        tones_differ = ["tones"] if files.tones != self._files.tones else []
        log.info("reloaded", needs_restart=_changed(self._config, config) + tones_differ)

    def _addresses(self) -> dict[str, str]:
        """Say where we listen: "http", "https", "sip_udp"... -> host:port."""
        at = {f"sip_{name}": text for name, text in self._sip.wires.addresses.items()}
        for listener, names in zip(self._listeners, (("http", "https"), ("sip_ws", "sip_wss")), strict=False):
            at |= {names[name == "https"]: text for name, text in listener.addresses.items()}
        return at

    def _sip_facts(self, at: dict[str, str]) -> dict[str, str]:
        facts = {name: at[f"sip_{name}"] for name in ("udp", "tcp", "tls") if f"sip_{name}" in at}
        for scheme, shared, alone in (("ws", "http", "sip_ws"), ("wss", "https", "sip_wss")):
            if shared in at:
                facts[scheme] = f"{scheme}://{at[shared]}/sip"
            elif alone in at:
                facts[scheme] = f"{scheme}://{at[alone]}"
        return facts | {"domain": self._config.domain}

    def _is_own(self, host: str, port: int) -> bool:
        """Say whether an IP address and port are ours, for SIP."""
        return (host, port) in self._own or host in self._outside

    def _places(self) -> Iterator[tuple[str, int]]:
        """List every address and port that we listen on."""
        ours = {host for host, _ in self._media.open_at}
        for text in self._addresses().values():
            host, _, port = text.rpartition(":")
            host = host.strip("[]")
            yield from ((each, int(port)) for each in (ours if host in _ANY else (host,)))

    def _make_wires(self, tls: ssl.SSLContext | None) -> Wires:
        listen, sip = self._config.listen, self._config.sip
        names = ("sip_udp", "sip_tcp", "sip_tls")
        udp, tcp, secure = (None if at is None else str(at) for at in (getattr(listen, name) for name in names))
        return Wires(
            app_settings.sip_settings(self._config),
            udp=udp,
            tcp=tcp,
            tls=secure,
            certificate=tls,
            authorities=sip.authorities if sip.authorities.name else None,
            in_use=lambda flow: self._sip.uses(flow),
        )

    def _make_listeners(self, verto: Verto, sip: Sip, tls: ssl.SSLContext | None) -> Iterator[Listener]:
        listen = self._config.listen
        everything: dict[str, SocketDoor] = {**dict.fromkeys(_PATHS, verto), **dict.fromkeys(_SIP_PATHS, sip)}
        alone: dict[str, SocketDoor] = dict.fromkeys(_SIP_ALONE, sip)
        ports: list[tuple[HostPort | None, HostPort | None, dict[str, SocketDoor], Limits]] = [
            (listen.http, listen.https, everything, app_settings.socket_limits(self._config)),
            (listen.sip_ws, listen.sip_wss, alone, app_settings.sip_socket_limits(self._config)),
        ]
        for http, https, doors, limits in ports:
            if http is not None or https is not None:
                yield Listener(
                    http_app(assets.web(), __version__),
                    doors,
                    http=str(http) if http is not None else None,
                    https=str(https) if https is not None else None,
                    tls=tls,
                    origins=frozenset(listen.origins),
                    proxies=frozenset(listen.proxies),
                    limits=limits,
                )

    def _tls(self) -> ssl.SSLContext | None:
        """Load the certificate if a port needs it, made when missing; the demo's never stays on disk."""
        listen = self._config.listen
        if all(at is None for at in (listen.https, listen.sip_tls, listen.sip_wss)):
            return None
        path, names = self._config.listen.certificate, (self._config.domain, socket.gethostname())
        if self._demo is not None and not path.name:
            tls, self._tls_ca = certificate.temporary_context(*names)
            return tls
        path = path if path.name else self._config.store.path.parent / "wss.pem"
        if certificate.ensure(path, *names):
            log.info("certificate made", path=str(path))
        self._tls_ca, self._pem = certificate.public_part(path), path
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

    def _keep_contacts(self, opened: AsyncExitStack, store: Store) -> None:
        """Write where phones are until the door is closed; then all that is known is written."""
        writer = asyncio.create_task(store.contacts.run(), name="contacts")
        writer.add_done_callback(_tell_failure)

        async def finish() -> None:
            store.contacts.close()
            await asyncio.wait([writer])

        opened.push_async_callback(finish)

    def _listen_to_bus(self, opened: AsyncExitStack, store: Store, verto: Verto, sip: Sip) -> None:
        """Keep records and tell subscribers until the bus closes; then all that happened is written."""
        beat = asyncio.create_task(pulse(store.cdrs), name="pulse")
        records = asyncio.create_task(keep_records(self._bus, store.cdrs), name="records")
        presence = asyncio.create_task(verto.watch(), name="presence")
        packages = asyncio.create_task(sip.watch(), name="event packages")
        for task in (beat, records, presence, packages):
            task.add_done_callback(_tell_failure)

        async def finish() -> None:
            self._bus.close()
            beat.cancel()
            await asyncio.wait((beat, records, presence, packages))

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
    taken = replace(new.call, ring_timeout=old.call.ring_timeout, longest=old.call.longest, ringback=old.call.ringback)
    new = replace(new, call=taken, files=old.files)
    return [one.name for one in fields(Config) if getattr(new, one.name) != getattr(old, one.name)]
