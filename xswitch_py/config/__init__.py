"""What the operator may set: read once, checked, frozen, and handed on part by part."""

from xswitch_py.config.origin import described, problems_of
from xswitch_py.config.schema import (
    DEMO,
    Account,
    Config,
    Demo,
    HostPort,
    LogFormat,
    LogLevel,
    Ports,
    load,
    permissions,
    read_table,
)

__all__ = [
    "DEMO",
    "Account",
    "Config",
    "Demo",
    "HostPort",
    "LogFormat",
    "LogLevel",
    "Ports",
    "described",
    "load",
    "permissions",
    "problems_of",
    "read_table",
]
