"""Addresses of sockets: read from settings, bound, shown, and what a peer is told of ours."""

import socket
from ipaddress import ip_address
from typing import Final

import ifaddr

from xswitch_py.base.errors import ConfigError
from xswitch_py.endpoints.sip.flow import HostPort
from xswitch_py.endpoints.sip.settings import Settings, contains

__all__ = ["bind_datagrams", "bind_stream", "near", "shown", "source_for", "wild"]

QUEUE: Final = 2048  # connections that wait to be accepted
BUFFER: Final = 4 << 20  # bytes of datagrams that the kernel may keep for us while we are busy, if it lets us


def bind_stream(key: str, text: str) -> socket.socket:
    """Listen on `host:port`; an empty host is all addresses, of IPv4 and IPv6, and port 0 any free one.

    Raises:
        ConfigError: the address cannot be used; `key` is the setting it came from.
    """
    try:
        host, port = _split(text)
        return socket.create_server((host, port), family=_family(host), dualstack_ipv6=not host, backlog=QUEUE)
    except (OSError, ValueError) as problem:
        raise ConfigError([f"{key} = {text!r}: {problem}"]) from problem


def bind_datagrams(key: str, text: str) -> list[socket.socket]:
    """Make the UDP sockets for `host:port`; all on the same port.

    One for each address of this computer if the host is empty or a wildcard: a reply must leave from the address that
    the request came to.

    Raises:
        ConfigError: the address cannot be used; `key` is the setting it came from.
    """
    bound: list[socket.socket] = []
    try:
        host, port = _split(text)
        for address in _local_addresses(host) if wild(host) else [host]:
            bound.append(_bind_datagram(address, port))
            port = bound[0].getsockname()[1]
    except (OSError, ValueError) as problem:
        for one in bound:
            one.close()
        raise ConfigError([f"{key} = {text!r}: {problem}"]) from problem
    return bound


def shown(text: str, port: socket.socket) -> str:
    """Write the address a socket is really bound to; `text` is what the operator wrote."""
    host, number = port.getsockname()[:2]
    wanted = _split(text)[0]
    host = (wanted or "::") if wild(wanted) else host
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def wild(host: str) -> bool:
    """Say whether a host stands for all addresses."""
    return host in ("", "0.0.0.0", "::")


def near(settings: Settings, own: HostPort, remote: str) -> HostPort:
    """Choose what a peer is told of ourselves: the address of our socket, or the one that the world outside knows.

    An outside address of the other IP version is of no use to the peer. `remote` may be no IP address, if a proxy
    said so.
    """
    outside = settings.external
    if not outside or _version(outside) not in (0, _version(own[0])) or not _version(remote):
        return own
    return own if contains(settings.local_nets, remote) else (outside, own[1])


def source_for(host: str) -> str:
    """Find the address of ours that packets to an IP address leave from.

    Raises:
        OSError: no way leads there.
    """
    with socket.socket(_family(host), socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))  # sends nothing
        return str(probe.getsockname()[0])


def _split(text: str) -> tuple[str, int]:
    host, _, number = text.rpartition(":")
    if not 0 <= (port := int(number)) < 65536:
        raise ValueError("a port is 0 to 65535")
    return host.strip("[]"), port


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host or not host else socket.AF_INET


def _bind_datagram(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def _local_addresses(host: str) -> list[str]:
    """Give this computer's addresses, of the IP version of the wildcard, without those good on one link only."""
    found = [address.ip for adapter in ifaddr.get_adapters() for address in adapter.ips]
    known = [ip if isinstance(ip, str) else ip[0] for ip in found]
    wanted = [ip for ip in known if not host or (":" in ip) == (":" in host)]
    return [ip for ip in dict.fromkeys(wanted) if not ip_address(ip).is_link_local]


def _version(host: str) -> int:
    """Give the version of an IP address; 0 if it is none."""
    try:
        return ip_address(host).version
    except ValueError:
        return 0
