"""What the switch can be told: every command, in the open, for all doors alike."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from xswitch_py.core.commands import (
    audit,
    blocks,
    bridges,
    calls,
    cdrs,
    config,
    doctor,
    gateways,
    history,
    keys,
    logs,
    me,
    media,
    phone,
    recordings,
    registrations,
    routes,
    setup,
    status,
    trace,
    users,
    webhooks,
)
from xswitch_py.core.commands.command import Command

__all__ = ["COMMANDS"]

_AREAS: Final = (
    me, phone, keys, users, registrations, routes, gateways, calls, trace, bridges, media, recordings, cdrs, webhooks,
    config, status, history, doctor, logs, setup, blocks, audit,
)  # fmt: skip

COMMANDS: Final[Mapping[str, Command[..., Any]]] = MappingProxyType(
    {each.name: each for area in _AREAS for each in vars(area).values() if isinstance(each, Command)}
)
"""By name; each area's module is one line above."""
