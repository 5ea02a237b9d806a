"""What the operator set for the SIP door."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

from xswitch_py.pysip.registrar import Rules
from xswitch_py.pysip.session_timer import Policy
from xswitch_py.pysip.transaction import Times

__all__ = ["Network", "Settings", "contains"]

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds."""

    domain: str = "localhost"  # ours, and the realm of our challenges
    aliases: frozenset[str] = frozenset()  # more host names that are ours, in lower case
    external: str = ""  # what peers outside `local_nets` are told in place of a listener's own address
    local_nets: tuple[Network, ...] = ()
    proxies: tuple[Network, ...] = ()  # whose Path and X-Forwarded-For are believed
    times: Times = field(default_factory=Times)
    registrations: Rules = field(default_factory=Rules)
    longest_on_socket: int = 600  # seconds that a registration over a WebSocket lasts at most
    algorithm: str = "MD5"  # the one we challenge with: MD5 or SHA-256 (S38)
    without_qop: bool = False  # whether answers in the form of RFC 2069 are taken
    strict_uri: bool = False  # whether the digest's uri must be the Request-URI
    reliable: bool = False  # whether provisional answers go reliably to those who can (RFC 3262)
    session: Policy = field(default_factory=Policy)
    grace: float = 30.0  # that a call survives the connection it was set up on
    dialogs: int = 10_000
    dialogs_per_user: int = 20


def contains(networks: tuple[Network, ...], host: str) -> bool:
    """Say whether an IP address lies in one of these networks."""
    address = ip_address(host)
    return any(address.version == network.version and address in network for network in networks)
