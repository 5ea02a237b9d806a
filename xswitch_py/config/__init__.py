"""What the operator may set: read once, checked, frozen, and handed on part by part."""

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
    "load",
    "permissions",
    "read_table",
]
