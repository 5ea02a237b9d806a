"""The application: the only place where the parts meet."""

import asyncio
import errno
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import structlog

from xswitch_py import __version__, app_facts, app_settings, assets, logs
from xswitch_py.actions import ACTIONS
from xswitch_py.api import events_socket
from xswitch_py.api.app import http_app
from xswitch_py.api.budget import Budgets, Rate
from xswitch_py.api.events import Streams
from xswitch_py.api.events_socket import EventSocket
from xswitch_py.api.gatekeeper import Gatekeeper
from xswitch_py.app_checks import Doctor
from xswitch_py.app_desk import Book, make_desk
from xswitch_py.app_files import read_files
from xswitch_py.app_ports import make_listeners, make_wires, reach, sealed
from xswitch_py.app_setup import Site
from xswitch_py.app_store import prepared_folders, prepared_store
from xswitch_py.base.errors import ConfigError
from xswitch_py.base.events import ConfigReloaded
from xswitch_py.config import Config, Demo
from xswitch_py.core.audit import Auditor
from xswitch_py.core.bus import Bus
from xswitch_py.core.cdr import keep_records, pulse
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Endpoint
from xswitch_py.core.feed import Feed
from xswitch_py.core.figures import Figures, Vitals
from xswitch_py.core.guard import Guard
from xswitch_py.core.recording import Recorder
from xswitch_py.core.registry import Registry
from xswitch_py.core.script import follow
from xswitch_py.core.services import Plan, Services
from xswitch_py.core.switch import Switch
from xswitch_py.core.trace import Traces
from xswitch_py.core.watchdog import Watchdog
from xswitch_py.core.web_login import WebLogins
from xswitch_py.core.webhooks.sending import Sender
from xswitch_py.core.webhooks.service import Webhooks
from xswitch_py.endpoints.sip.endpoint import Sip
from xswitch_py.endpoints.sip.gateways.resolve import Resolver
from xswitch_py.endpoints.sip.hep import Hep
from xswitch_py.endpoints.verto.endpoint import Verto
from xswitch_py.flow.book import Flows
from xswitch_py.listen import certificate
from xswitch_py.listen.listener import Listener
from xswitch_py.media.plane import Plane
from xswitch_py.rpc.answer import Rpc
from xswitch_py.rpc.visit import Programs
from xswitch_py.store.open import Store

__all__ = ["App", "Source", "build"]

log = structlog.get_logger("xswitch.app")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the config comes from, to be read again: both raise ConfigError."""

    load: Callable[[], Config]
    describe: Callable[[], Mapping[str, Any]]


def build(config: Config, *, demo: Demo | None, source: Source | None = None, lines: logs.Ring | None = None) -> "App":
    """Make the switch; with `demo`, one that keeps everything in memory and has these accounts.

    Without a source what was given is all there is to reload; `lines` has the last lines of the log.

    Raises:
        ConfigError: with all that is wrong in the dialplan, the permissions and the tones.
    """
    return App(config, demo, source or Source(lambda: config, dict), lines or logs.Ring())


class App:
    """A switch, from its database to its ports."""

    def __init__(self, config: Config, demo: Demo | None, source: Source, lines: logs.Ring) -> None:
        self._config = self._given = config
        self._demo = demo
        self._source = source
        self._lines = lines
        self._files = read_files(config)
        self._plan = Plan(
            self._files.rules, config.call.ring_timeout, config.call.longest, app_settings.ringback(config)
        )
        self._permissions = dict(self._files.permissions)
        self._media: Plane
        self._bus = Bus()
        self._registry = Registry(self._bus)
        self._stopping = asyncio.Event()
        self._tls_ca = ""
        self._pem: Path | None = None  # our certificate, unless it is the demo's
        self._own: set[tuple[str, int]] = set()  # where we listen
        self._outside = {config.sip.public_address, config.media.public_address} - {""}
        self._reloading: asyncio.Task[None]
        self._feed = Feed()
        self._traces = Traces()
        self._figures, self._watchdog = Figures(), Watchdog()
        self._switch: Switch
        self._sip: Sip
        self._book: Book
        self._auditor: Auditor
        self._webhooks: Webhooks
        self._streams = Streams()
        self._flows = Flows(config.flow.folder, lambda: self.desk)
        self._gatekeeper: Gatekeeper
        self.desk: Desk
        self._listeners: list[Listener] = []
        self._doors: dict[str, Endpoint] = {}
        self._opened: AsyncExitStack  # what `run` closes at the end, the last opened first

    async def start(self) -> None:
        """Open the database and the ports; what was opened is closed again if one of them fails.

        Raises:
            ConfigError: something that was configured cannot be used.
            StoreError: the database cannot be opened.
        """
        async with AsyncExitStack() as opened:
            self._prepare(opened)
            await self._start_media(opened)  # first: where another switch has the port, its database is left alone
            store = await prepared_store(self._config, self._demo)
            opened.push_async_callback(store.close)
            self._switch = Switch(self._make_services(store, opened), follow(ACTIONS))
            verto = Verto(self._switch, self._permissions, app_settings.verto_limits(self._config))
            seal = sealed(self._config, keep=self._demo is None)
            self._tls_ca, self._pem = seal.authority, seal.path
            self._sip = sip = Sip(
                self._switch,
                app_settings.sip_settings(self._config),
                make_wires(self._config, seal.context, lambda flow: self._sip.uses(flow)),
                resolver=Resolver(),
                keeper=store.contacts,
                is_own=self._is_own,
                hep=await self._start_hep(opened),
            )
            self._doors |= {verto.name: verto, sip.name: sip}
            self.desk = self._make_desk(store)
            programs = Rpc(self.desk)
            verto.admit(Programs(programs))
            await self._flows.reload()
            await self._book.renew_rules()
            self._gatekeeper = self._make_gatekeeper(opened)
            self._listen_to_bus(opened, store, verto, sip)
            self._keep_contacts(opened, store)
            opened.push_async_callback(sip.stop)
            await sip.start(self._files.gateways)
            await self._book.renew_gateways()
            sockets = reach(self._config, lambda: self._addresses().get("https", ""))
            pages = http_app(self.desk, self._gatekeeper, assets.web(), self._streams, programs, sockets)
            doors = {events_socket.PATH: EventSocket(self._feed, self._gatekeeper)}
            for listener in make_listeners(self._config, seal.context, pages, verto, sip, doors):
                await listener.start()
                self._listeners.append(listener)
                opened.push_async_callback(listener.stop)
            opened.push_async_callback(self._end_streams)  # or the listeners would wait for them
            if self._demo is None:  # the shapes of requests are made now, and beside, not when the first of them comes
                _spawn("shapes", asyncio.to_thread(pages.openapi))
            self._own.update(app_facts.places(self._addresses(), {host for host, _ in self._media.open_at}))
            self._opened = opened.pop_all()
        log.info("ready", version=__version__, **self._addresses())

    def facts(self) -> dict[str, Any]:
        """Say where everything is, for people and for scripts."""
        config, media = self._config, [f"{host}:{port}" for host, port in self._media.open_at]
        facts = app_facts.facts(self._addresses(), config.domain, media, str(config.media.rtp_ports), self._demo)
        return facts | ({"tls_ca": self._tls_ca} if self._tls_ca else {})

    async def run(self) -> None:
        """Go on until `stop`, then end calls, tell clients, and close everything."""
        await self._stopping.wait()
        log.info("stopping", calls=len(self._switch.calls))
        await self._switch.drain(self._config.shutdown.drain)
        await self._flows.close()
        await self._opened.aclose()

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping.set()

    def hang_up(self) -> None:
        """Reload, as SIGHUP asks for; what is wrong is logged."""
        self._reloading = asyncio.create_task(self._reload_and_tell(), name="reload")
        self._reloading.add_done_callback(_tell_failure)

    async def reload(self) -> list[str]:
        """Read dialplan, gateways, permissions, flows, ringback and certificate again; returns what needs a restart.

        Raises:
            ConfigError: with all that is wrong; nothing has changed.
        """
        config = self._source.load()
        files = read_files(config)
        if self._pem is not None:
            self._sip.wires.renew_certificate(self._pem)
            self._tls_ca = certificate.public_part(self._pem)
        self._plan.ring_timeout, self._plan.longest = config.call.ring_timeout, config.call.longest
        self._plan.ringback = app_settings.ringback(config)
        self._permissions.clear()
        self._permissions.update(files.permissions)
        self._book.files = files
        await self._flows.reload()
        await self._book.renew_rules()
        await self._book.renew_gateways()
        tones_differ = ["tones"] if files.tones != self._files.tones else []
        restart = _changed(self._given, config) + tones_differ
        self._bus.publish(ConfigReloaded(time.time(), tuple(restart)))
        log.info("reloaded", needs_restart=restart)
        return restart

    async def _reload_and_tell(self) -> None:
        try:
            await self.reload()
        except ConfigError as error:
            log.error("not reloaded", problems=error.problems)

    def _addresses(self) -> dict[str, str]:
        """Say where we listen: "http", "https", "sip_udp"... -> host:port."""
        return app_facts.addresses(self._sip.wires.addresses, self._listeners)

    def _is_own(self, host: str, port: int) -> bool:
        """Say whether an IP address and port are ours, for SIP."""
        return (host, port) in self._own or host in self._outside

    def _prepare(self, opened: AsyncExitStack) -> None:
        folders = ExitStack()
        opened.callback(folders.close)
        self._config = prepared_folders(self._config, self._demo, folders)
        self._media = app_settings.media(self._config, self._files.tones)

    def _make_services(self, store: Store, opened: AsyncExitStack) -> Services:
        config = self._config
        directory = Directory(store.users, config.domain, Guard(app_settings.guard_limits(config)), store.users.version)
        recorder = Recorder(self._media, self._bus, store.recordings, config.record.folder)
        opened.push_async_callback(recorder.finish)
        parts = (self._media, self._bus, directory, self._registry, self._plan, self._doors)
        return Services(*parts, recorder, self._traces, self._flows)

    def _make_desk(self, store: Store) -> Desk:
        self._auditor = Auditor(store.audit)
        sender = Sender(self._config.api.webhook_networks, agent=f"xswitch/{__version__}")
        self._webhooks = Webhooks(store.webhooks, store.deliveries, sender)
        self._book = Book(self._files, self._plan, store, self._sip, self._flows.rules)
        return make_desk(
            book=self._book,
            switch=self._switch,
            feed=self._feed,
            traces=self._traces,
            vitals=self._make_vitals(),
            roles=self._permissions,
            audit=self._auditor.note,
            described=self._source.describe,
            reload=self.reload,
            webhook_problem=self._webhooks.problem,
            doctor=Doctor(self._config, lasting=self._demo is None).examine,
            site=Site(self._config, self._demo, lambda: (self._tls_ca, self._pem), lambda: self._media.open_at[0][1]),
            lines=self._lines,
            recordings=self._config.record.folder,
            sounds=self._config.media.sounds,
        )

    def _make_vitals(self) -> Vitals:
        checks = {"media": lambda: bool(self._media.open_at), "calls": lambda: not self._switch.draining}
        store = None if self._demo is not None else self._config.store.path.parent
        return Vitals(self._figures, self._watchdog, time.time(), store, checks)

    async def _end_streams(self) -> None:
        await asyncio.sleep(0)
        self._streams.close()

    async def _start_hep(self, opened: AsyncExitStack) -> Hep | None:
        trace = self._config.trace
        if trace.hep is None:
            return None
        hep = Hep(trace.hep.host, trace.hep.port, trace.hep_node, trace.hep_password)
        try:
            await hep.start()
        except OSError as error:
            raise ConfigError([f"trace.hep = {trace.hep}: {error.strerror or error}"]) from error
        opened.callback(hep.close)
        return hep

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

    def _keep_contacts(self, opened: AsyncExitStack, store: Store) -> None:
        """Write where phones are until the door is closed; then all that is known is written."""
        _until_closed(opened, "contacts", store.contacts.run(), store.contacts.close)

    def _listen_to_bus(self, opened: AsyncExitStack, store: Store, verto: Verto, sip: Sip) -> None:
        """Keep records and tell subscribers until the bus closes; then all that happened is written."""
        _until_closed(opened, "audit", self._auditor.run(), self._auditor.close)
        watching = _spawn("flows", self._flows.watch(self._book.renew_rules))
        beat, dog = _spawn("pulse", pulse(store.cdrs)), _spawn("watchdog", self._watchdog.run())
        listening = (
            _spawn("records", keep_records(self._bus, store.cdrs)),
            _spawn("presence", verto.watch()),
            _spawn("event packages", sip.watch()),
            _spawn("feed", self._feed.run(self._bus)),
            _spawn("webhooks", self._webhooks.run(self._feed)),
            _spawn("traces", self._traces.run(self._bus)),
            _spawn("figures", self._figures.run(self._bus)),
        )

        async def finish() -> None:
            self._bus.close()
            beat.cancel()
            dog.cancel()
            watching.cancel()
            await asyncio.wait((beat, dog, watching, *listening))

        opened.push_async_callback(finish)

    def _make_gatekeeper(self, opened: AsyncExitStack) -> Gatekeeper:
        api = self._config.api
        logins = WebLogins(self.desk, idle=api.session_idle, longest=api.session_longest)
        budgets = Budgets(asker=Rate(api.rate, api.burst), host=Rate(1.5 * api.rate, 1.5 * api.burst))
        gatekeeper = Gatekeeper(self.desk, logins, budgets)
        _until_closed(opened, "gatekeeper", gatekeeper.run(), gatekeeper.close)
        return gatekeeper


def _spawn(name: str, work: Coroutine[Any, Any, object]) -> "asyncio.Task[object]":
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell_failure)
    return task


def _until_closed(
    opened: AsyncExitStack, name: str, work: Coroutine[Any, Any, None], close: Callable[[], object]
) -> None:
    """Let something go on until it is closed, and then to its end."""
    task = _spawn(name, work)

    async def finish() -> None:
        close()
        await asyncio.wait([task])

    opened.push_async_callback(finish)


def _tell_failure(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background work failed", work=task.get_name(), exc_info=error)


def _changed(old: Config, new: Config) -> list[str]:
    """Name the sections with changes that a reload does not take."""
    taken = replace(new.call, ring_timeout=old.call.ring_timeout, longest=old.call.longest, ringback=old.call.ringback)
    new = replace(new, call=taken, files=old.files)
    return [one.name for one in fields(Config) if getattr(new, one.name) != getattr(old, one.name)]
