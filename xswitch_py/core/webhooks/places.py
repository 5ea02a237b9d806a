"""Which places may be told of events: public ones, and what the operator allows besides; pure."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx

__all__ = ["Network", "permitted", "port_of", "problem"]

Network = IPv4Network | IPv6Network

LONGEST: Final = 2000  # characters of a URL
_PORTS: Final = {"http": 80, "https": 443}
_OTHERS: Final = 1024  # from this port on services are no system's own


def problem(url: str, allowed: Collection[Network]) -> str:
    """Say why events cannot be told to a URL; "" as far as can be said before its name is looked up."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "a URL has up to 2000 printable ASCII characters"
    try:
        target = httpx.URL(url)
        address = _literal(target.host)
    except (httpx.InvalidURL, ValueError):
        return "this is no URL"
    if target.scheme not in _PORTS or not target.host:
        return "a webhook is told by https"
    if target.userinfo or target.fragment:
        return "a URL has neither a password nor a fragment here"
    if port_of(target) not in _PORTS.values() and not _OTHERS <= port_of(target) <= 65535:
        return "the port is 80, 443 or from 1024 on"
    if target.scheme == "http" and not allowed:
        return "plain http is only for networks that the operator allows"
    if address is not None and not permitted(address, allowed, plain=target.scheme == "http"):
        return "this address is not allowed"
    return ""


def port_of(url: httpx.URL) -> int:
    """Give the port that a URL leads to."""
    return _PORTS.get(url.scheme, 0) if url.port is None else url.port


def permitted(address: str, allowed: Collection[Network], *, plain: bool = False) -> bool:
    """Say whether an IP address may be connected to: one of the Internet or, and only there `plain`, an allowed one."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if any(found in network for network in allowed):
        return True
    return not plain and _public(found)


def _public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is one of the Internet, by itself and by any IPv4 address that is hidden in it."""
    if isinstance(address, IPv6Address) and (address.is_site_local or any(address in each for each in _HIDING)):
        return False
    odd = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not (odd or address.is_private or address.is_link_local)


_HIDING: Final = tuple(
    map(IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"))
)  # IPv4-compatible and -mapped, NAT64, Teredo, 6to4: where they lead, the address does not say


def _literal(host: str) -> str | None:
    """Give a host that is an IP address; None for a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None
