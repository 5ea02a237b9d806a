"""The desk: what REST, JSON-RPC, flows and the command line work with, made of the parts of a running switch."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog

from xswitch_py import __version__
from xswitch_py.actions import ACTIONS
from xswitch_py.app_files import Files
from xswitch_py.base.errors import ConfigError
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.records import AuditEntry, Route
from xswitch_py.config import problems_of
from xswitch_py.core import dialplan
from xswitch_py.core.commands.desk import Desk, Finding, Lines, Site
from xswitch_py.core.dialplan import Rule
from xswitch_py.core.feed import Feed
from xswitch_py.core.figures import Vitals
from xswitch_py.core.registry import Contact
from xswitch_py.core.services import Plan
from xswitch_py.core.switch import Switch
from xswitch_py.core.trace import Traces
from xswitch_py.endpoints.sip.endpoint import Sip
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig
from xswitch_py.endpoints.sip.gateways.config import load as load_gateways
from xswitch_py.store.open import Store

__all__ = ["Book", "make_desk"]

log = structlog.get_logger("xswitch.app")


@dataclass(slots=True)
class Book:
    """What may change while we run: the files', the database's and the flows' rules and gateways, as one."""

    files: Files
    plan: Plan
    store: Store
    sip: Sip
    flow_rules: Callable[[], Sequence[Rule]]
    made: dict[str, GatewayConfig] = field(default_factory=dict)

    async def renew_rules(self) -> None:
        """Route calls by the rules of the database, then of the flows, then of the file."""
        rows = [row for row in await self.store.routes.list() if row.enabled]
        made = [rule for row in rows if (rule := _rule(row)) is not None]
        flows = [replace(rule, origin="flow") for rule in self.flow_rules()]
        self.plan.rules = (*made, *flows, *self.files.rules)

    async def renew_gateways(self) -> None:
        """Let the SIP door have the gateways of the file, and those of the database whose names are not there."""
        taken = {gateway.name for gateway in self.files.gateways}
        rows = await self.store.gateways.list()
        more = [self._gateway(row.name, row.settings) for row in rows if row.enabled and row.name not in taken]
        await self.sip.gateways.reload((*self.files.gateways, *(each for each in more if each is not None)))

    def _gateway(self, name: str, settings: Mapping[str, Any]) -> GatewayConfig | None:
        try:
            return read_gateway(name, settings)
        except ConfigError as error:  # of another version of ours
            log.error("a gateway of the database cannot be used", gateway=name, problems=error.problems)
            return None


def make_desk(
    *,
    book: Book,
    switch: Switch,
    feed: Feed,
    traces: Traces,
    vitals: Vitals,
    roles: Mapping[str, Permissions],
    audit: Callable[[AuditEntry], None],
    described: Callable[[], Mapping[str, Any]],
    reload: Callable[[], Awaitable[Sequence[str]]],
    webhook_problem: Callable[[str], str],
    doctor: Callable[[], Awaitable[Sequence[Finding]]],
    site: Site,
    lines: Lines,
    recordings: Path,
    sounds: Path,
) -> Desk:
    """Make it."""
    services = switch.services

    def kick(contact: Contact) -> bool:
        door = services.doors.get(contact.door)
        return door is not None and door.drop(contact)

    return Desk(
        switch=switch,
        stores=book.store,
        feed=feed,
        traces=traces,
        vitals=vitals,
        guard=services.directory.guard,
        roles=roles,
        audit=audit,
        check_password=book.store.passwords.check,
        carriers=book.sip.gateways,
        gateway_problems=_gateway_problems,
        file_gateways=lambda: book.files.tables,
        renew_gateways=book.renew_gateways,
        file_rules=lambda: book.files.rules,
        flow_rules=book.flow_rules,
        read_rule=read_rule,
        renew_rules=book.renew_rules,
        webhook_problem=webhook_problem,
        kick=kick,
        config=described,
        check_config=problems_of,
        reload=reload,
        doctor=doctor,
        site=site,
        lines=lines,
        sounds=sounds,
        recordings=recordings,
        version=__version__,
    )


def read_rule(table: Mapping[str, Any]) -> Rule:
    """Read one rule, as the dialplan file has it.

    Raises:
        ConfigError: with all that is wrong.
    """
    try:
        return dialplan.load({"rule": [dict(table)]}, ACTIONS)[0]
    except ConfigError as error:
        raise ConfigError([problem.removeprefix("rule 1: ") for problem in error.problems]) from None


def read_gateway(name: str, settings: Mapping[str, Any]) -> GatewayConfig:
    """Read one gateway, as gateways.toml has it.

    Raises:
        ConfigError: with all that is wrong.
    """
    return load_gateways({"gateway": {name: dict(settings)}}, Path())[0]


def _gateway_problems(name: str, settings: Mapping[str, Any]) -> Sequence[str]:
    try:
        read_gateway(name, settings)
    except ConfigError as error:
        return [problem.removeprefix(f"gateway {name}: ") for problem in error.problems]
    return [] if "password_file" not in settings else ["password_file is for the file only"]


def _rule(row: Route) -> Rule | None:
    try:
        return dialplan.from_route(row, read_rule)
    except ConfigError as error:  # of another version of ours
        log.error("a route of the database cannot be used", route=row.id, problems=error.problems)
        return None
