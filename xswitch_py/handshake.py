"""The opening handshake of a WebSocket (RFC 6455 section 4.2): read the request, judge it, write the reply."""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha1
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urlsplit

from xswitch_py.base.errors import ProtocolError

__all__ = ["BadOpening", "Opening", "accepting", "client_of", "origin_allowed", "read_opening", "refusing"]

GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class BadOpening(ProtocolError):
    """The request cannot become a WebSocket; `status` is what HTTP says of it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"handshake refused with {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Opening:
    """What a client asks for when it opens a WebSocket."""

    path: str  # percent-decoded
    query: str  # still encoded
    key: str
    offered: tuple[str, ...]  # subprotocols
    headers: dict[str, str]  # names in lower case, without those of the handshake itself


def read_opening(head: bytes) -> Opening:
    """Read the head of a request, up to and with its empty line.

    Raises:
        BadOpening: it is no valid handshake.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None or lines[-2:] != ["", ""]:
        raise BadOpening(400)
    headers = _headers(lines[:-2])
    key = _judged(headers)
    offered = tuple(word.strip() for word in headers.get("sec-websocket-protocol", "").split(",") if word.strip())
    path, _, query = request[1].partition("?")
    return Opening(unquote(path), query, key, offered, {n: v for n, v in headers.items() if not _SPENT.fullmatch(n)})


def accepting(key: str, subprotocol: str | None) -> bytes:
    """Write the response that opens the WebSocket. No extension is ever agreed."""
    answer = b64encode(sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode()
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol is not None else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {answer}\r\n{chosen}\r\n"
    ).encode("latin-1")


def refusing(status: int) -> bytes:
    """Write a response without a body that ends the connection."""
    version = "Sec-WebSocket-Version: 13\r\n" if status == HTTPStatus.UPGRADE_REQUIRED else ""
    phrase = HTTPStatus(status).phrase
    return f"HTTP/1.1 {status} {phrase}\r\n{version}Connection: close\r\nContent-Length: 0\r\n\r\n".encode()


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


_REQUEST: Final = re.compile(r"GET (/[!-~]*) HTTP/1\.1")
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_KEY: Final = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")  # 16 bytes
_SPENT: Final = re.compile("connection|upgrade|sec-.*|accept.*|pragma|cache-control")
_ONCE: Final = frozenset({"host", "origin", "sec-websocket-key", "sec-websocket-version", "upgrade"})


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise BadOpening(400)
        name, value = header[1].lower(), header[2].rstrip(" \t")
        if name in headers:
            if name in _ONCE:
                raise BadOpening(400)
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return headers


def _judged(headers: dict[str, str]) -> str:
    """Return the key, if all is there that RFC 6455 section 4.2.1 asks for, and nothing that announces a body."""
    connection = [word.strip().lower() for word in headers.get("connection", "").split(",")]
    if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in connection or "host" not in headers:
        raise BadOpening(400)
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise BadOpening(400)
    if headers.get("sec-websocket-version") != "13":
        raise BadOpening(HTTPStatus.UPGRADE_REQUIRED)
    key = headers.get("sec-websocket-key", "")
    if not _KEY.fullmatch(key):
        raise BadOpening(400)
    return key


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
