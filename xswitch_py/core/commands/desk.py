"""What commands work with: built once by the application."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from xswitch_py.base.errors import Refused
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.problem import Code
from xswitch_py.base.records import AuditEntry
from xswitch_py.base.user import User
from xswitch_py.core.access import Asker
from xswitch_py.core.dialplan import Rule
from xswitch_py.core.feed import Feed
from xswitch_py.core.figures import Vitals
from xswitch_py.core.guard import Guard
from xswitch_py.core.registry import Contact
from xswitch_py.core.stores import (
    AuditStore,
    CdrStore,
    DeliveryStore,
    GatewayStore,
    KeyStore,
    RecordingStore,
    RouteStore,
    SessionStore,
    UserStore,
    WebhookStore,
)
from xswitch_py.core.switch import Switch
from xswitch_py.core.trace import Traces

__all__ = ["Carriers", "Desk", "Finding", "Line", "Lines", "Site", "Standing", "Stores", "missing"]


class Stores(Protocol):
    """The database, table by table."""

    @property
    def users(self) -> UserStore: ...
    @property
    def keys(self) -> KeyStore: ...
    @property
    def sessions(self) -> SessionStore: ...
    @property
    def routes(self) -> RouteStore: ...
    @property
    def gateways(self) -> GatewayStore: ...
    @property
    def webhooks(self) -> WebhookStore: ...
    @property
    def deliveries(self) -> DeliveryStore: ...
    @property
    def audit(self) -> AuditStore: ...
    @property
    def recordings(self) -> RecordingStore: ...
    @property
    def cdrs(self) -> CdrStore: ...


class Standing(Protocol):
    """How a gateway stands now. Times are Unix seconds."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def up(self) -> bool: ...
    @property
    def code(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def since(self) -> float: ...
    @property
    def inbound(self) -> int: ...
    @property
    def outbound(self) -> int: ...
    @property
    def target(self) -> str: ...


class Carriers(Protocol):
    """The gateways of the SIP door, as an operator has them."""

    def status(self) -> Sequence[Standing]:
        """Say how all gateways stand."""

    def register(self, name: str) -> None:
        """Register now; raises CallError INVALID_GATEWAY."""

    def unregister(self, name: str) -> None:
        """Take the registration away, until `register`."""

    def ping(self, name: str) -> None:
        """See now whether a gateway answers."""


class Finding(Protocol):
    """What was found out about the set-up."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> Literal["ok", "warn", "fail", "skip"]: ...
    @property
    def text(self) -> str: ...
    @property
    def fix(self) -> str: ...


class Line(Protocol):
    """A line of the log."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def level(self) -> str: ...
    @property
    def logger(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def call(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, str | int | float | bool | None]: ...


class Lines(Protocol):
    """The last lines of the log, without secrets."""

    def after(self, id: int) -> Sequence[Line]:
        """Give those that came after one, the oldest first."""


class Site(Protocol):
    """What is known of where the switch stands, and how it was set up."""

    @property
    def demo(self) -> bool: ...

    def first_password(self) -> bool:
        """Say whether the password still stands that was made at the first start; may block for a moment."""

    def password_changed(self, user: str) -> None:
        """Hear that somebody has another web password, or that there is no such user any more."""

    def facts(self) -> Mapping[str, Any]:
        """Give what else `setup.get` shows; blocks."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of the switch that commands work with."""

    switch: Switch
    stores: Stores
    feed: Feed
    traces: Traces
    vitals: Vitals  # how the process does
    guard: Guard
    roles: Mapping[str, Permissions]
    audit: Callable[[AuditEntry], None]  # written soon; never waits
    check_password: Callable[[User | None, str], Awaitable[bool]]  # of a web page; takes as long for nobody
    carriers: Carriers
    gateway_problems: Callable[[str, Mapping[str, Any]], Sequence[str]]  # what is wrong with settings of a gateway
    file_gateways: Callable[[], Mapping[str, Mapping[str, Any]]]  # those of gateways.toml, without passwords
    renew_gateways: Callable[[], Awaitable[None]]  # let the SIP door have those of the file and of the database
    file_rules: Callable[[], Sequence[Rule]]  # of dialplan.toml
    flow_rules: Callable[[], Sequence[Rule]]  # of the call flows
    read_rule: Callable[[Mapping[str, Any]], Rule]  # as of a dialplan file; raises ConfigError
    renew_rules: Callable[[], Awaitable[None]]  # let calls be routed by what database, flows and file say
    webhook_problem: Callable[[str], str]  # why events cannot be told to a URL; "" if nothing is known
    kick: Callable[[Contact], bool]  # end a registration, or the socket it lasts with
    config: Callable[[], Mapping[str, Any]]  # "section.key" -> value and origin, secrets left out
    check_config: Callable[[str], Sequence[str]]  # problems of a config text, as TOML
    reload: Callable[[], Awaitable[Sequence[str]]]  # read the files again: what needs a restart; raises ConfigError
    doctor: Callable[[], Awaitable[Sequence[Finding]]]  # look at the set-up: files, ports, certificate
    site: Site
    lines: Lines
    sounds: Path  # the folder of what can be played
    recordings: Path  # and of what was recorded
    version: str

    def asker(self, name: str, role: str, **more: Any) -> Asker:
        """Make who asks, with what a role may now."""
        granted = self.roles[role].api if role in self.roles else frozenset[str]()
        return Asker(name, role, granted, **more)


def missing(what: str, name: str) -> Refused:
    """Say that there is none."""
    return Refused(Code.NOT_FOUND, f"there is no {what} {name!r}")
