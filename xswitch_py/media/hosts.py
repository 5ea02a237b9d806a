"""Our addresses: from which of them a peer of plain RTP is reached, and which of them it is told."""

import contextlib
import socket
from ipaddress import ip_address
from typing import Final

from xswitch_py.base.errors import MediaError

__all__ = ["Hosts"]

_DISCARD: Final = 9  # the port of the discard service: where a route is asked for, nothing is sent


class Hosts:
    """Our addresses, and which of them a peer of plain RTP is told."""

    def __init__(self, hosts: list[str], public: str | None, *, only: bool) -> None:
        """`public` is told in place of them; with `only` no other address of this host may be used."""
        self._hosts = hosts
        self._public = public
        self._only = only

    def towards(self, peer: str) -> str:
        """Choose the address from which packets go to a peer; of one that gives none, the first.

        Raises:
            MediaError: there is none from which it can be reached.
        """
        if not _is_address(peer) or ip_address(peer).is_unspecified:
            return self._hosts[0]
        routed = _way_to(peer)
        alike = [host for host in self._hosts if (":" in host) == (":" in peer)]
        if routed and (routed in alike or not self._only or ip_address(routed).is_loopback):
            return routed
        if not alike:
            raise MediaError("the peer's address is of a family that we do not have")
        return alike[0]

    def told(self, host: str) -> str:
        """Say what the peer is told of one of our addresses."""
        if self._public is None or ip_address(host).is_loopback or (":" in host) != (":" in self._public):
            return host
        return self._public


def _way_to(peer: str) -> str:
    """Say from which address of this host packets go to that one; `""` if there is no way."""
    family = socket.AF_INET6 if ip_address(peer).version == 6 else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, _DISCARD))
        return str(probe.getsockname()[0])
    return ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
