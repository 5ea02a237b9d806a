"""Whom a WebSocket's request lets in, and where to: the door, the page it comes from, the peer behind a proxy."""

import re
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from xswitch_py.listen.door import SocketDoor

__all__ = ["client_of", "origin_allowed", "plain", "route", "split_target"]


def route(path: str, offered: Collection[str], doors: Mapping[str, SocketDoor]) -> SocketDoor | int:
    """Find the door for a WebSocket, or the HTTP status to refuse it with.

    An offered subprotocol chooses its door on any path; offers that nobody knows are ignored.
    """
    for door in doors.values():
        if door.subprotocol is not None and door.subprotocol in offered:
            return door
    found = doors.get(path)
    if found is None:
        return 404
    return found if found.subprotocol is None else 400


def split_target(target: str) -> tuple[str, str] | None:
    """Split what was asked for into the path, percent-decoded, and the query, still encoded.

    None unless it is in origin form (RFC 9112 section 3.2.1), without blanks and control characters.
    """
    if not _TARGET.fullmatch(target):
        return None
    path, _, query = target.partition("?")
    return unquote(path), query


def origin_allowed(origin: str | None, host: str | None, allowed: frozenset[str]) -> bool:
    """Judge a web page that wants a socket: no page at all, one of our own host, or one that the operator listed.

    `allowed` holds origins in lower case (`https://example.org`), or `*` for all.
    """
    if origin is None or "*" in allowed or origin.lower() in allowed:
        return True
    ours = _host(f"//{host}") if host else None
    return ours is not None and _host(origin) == ours


def client_of(peer: tuple[str, int], forwarded: str | None, proxies: frozenset[str]) -> tuple[str, int]:
    """Say who is at the far end: the last address in X-Forwarded-For that is no proxy of ours, if a proxy says so.

    What is no IP address, such as `unknown`, tells nothing.
    """
    if peer[0] not in proxies or not forwarded:
        return peer
    hops = [hop.strip() for hop in forwarded.split(",")]
    client = next((hop for hop in reversed(hops) if hop and hop not in proxies), "")
    return (client, 0) if _is_address(client) else peer


def plain(host: str) -> str:
    """Write an IPv4 address that a socket of both IP versions saw (`::ffff:192.0.2.1`) as what it is."""
    return host[7:] if host.startswith("::ffff:") and "." in host else host


_TARGET: Final = re.compile(r"/[!-~]*")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
