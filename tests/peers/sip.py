"""Where a server under test speaks SIP, as peers need to know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

__all__ = ["SIP_PORTS", "Door"]

SIP_PORTS: Final = tuple(f"listen.sip_{each}=127.0.0.1:0" for each in ("udp", "tcp", "tls", "ws", "wss"))
"""Settings of a server that is to listen for SIP on free ports of loopback."""


@dataclass(frozen=True, slots=True)
class Door:
    """Addresses as `host:port`, those of WebSockets as URLs."""

    udp: str
    tcp: str
    tls: str
    ws: str
    wss: str
    domain: str
    ca: str  # PEM

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Read what a server printed of itself."""
        sip = facts["sip"]
        return cls(
            **{each: str(sip[each]) for each in ("udp", "tcp", "tls", "ws", "wss", "domain")}, ca=facts["tls_ca"]
        )

    def address(self, transport: str) -> str:
        """The `host:port` of `udp`, `tcp` or `tls`."""
        return {"udp": self.udp, "tcp": self.tcp, "tls": self.tls}[transport]
