"""Whom a WebSocket's request lets in, and where to: the door, the page it comes from, the peer behind a proxy."""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from xswitch_py.listen.door import SocketDoor

__all__ = ["client_of", "origin_allowed", "route", "split_target"]


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
    """Say who is at the far end: the last address in X-Forwarded-For that is no proxy of ours, if a proxy says so."""
    if peer[0] not in proxies or not forwarded:
        return peer
    hops = [hop.strip() for hop in forwarded.split(",")]
    return next(((hop, 0) for hop in reversed(hops) if hop and hop not in proxies), peer)


_TARGET: Final = re.compile(r"/[!-~]*")


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
