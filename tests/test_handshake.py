"""The opening handshake of a WebSocket: what is read from it, and whom it lets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.handshake import (
    BadOpening,
    accepting,
    client_of,
    origin_allowed,
    read_opening,
    refusing,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {
    "Host": "localhost:8081",
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "WebSocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "Origin": "http://localhost:8081",
    "User-Agent": "Test \u00e9",
}


def head(first: str = "GET /ws HTTP/1.1", extra: str = "", **changes: str | None) -> bytes:
    headers = GOOD | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"{first}\r\n{lines}{extra}\r\n".encode("latin-1")


def test_a_good_request_is_read() -> None:
    opening = read_opening(head("GET /a%20b?token=x%20y HTTP/1.1", "Cookie: a=1\r\ncookie:b=2 \r\n"))
    assert (opening.path, opening.query, opening.key, opening.offered) == ("/a b", "token=x%20y", KEY, ())
    assert opening.headers == {
        "host": "localhost:8081",
        "origin": "http://localhost:8081",
        "user-agent": "Test \u00e9",
        "cookie": "a=1, b=2",
    }


def test_subprotocols_are_read_however_they_are_written() -> None:
    """V1: an offer that makes no sense fails nothing."""
    extra = "Sec-WebSocket-Protocol: sip,,  x y\r\nSec-WebSocket-Protocol: @\r\n"
    assert read_opening(head(extra=extra)).offered == ("sip", "x y", "@")


BAD = {
    "another method": (400, head("POST /ws HTTP/1.1")),
    "another version of HTTP": (400, head("GET /ws HTTP/1.0")),
    "absolute form": (400, head("GET http://localhost/ws HTTP/1.1")),
    "a space in the target": (400, head("GET /a b HTTP/1.1")),
    "no upgrade": (400, head(Upgrade=None)),
    "another upgrade": (400, head(Upgrade="h2c")),
    "no connection": (400, head(Connection="close")),
    "no host": (400, head(Host=None)),
    "two hosts": (400, head(extra="host: other\r\n")),
    "two origins": (400, head(extra="Origin: http://other\r\n")),
    "a body": (400, head(extra="Content-Length: 5\r\n")),
    "a chunked body": (400, head(extra="Transfer-Encoding: chunked\r\n")),
    "a folded header": (400, head(extra="X-A: 1\r\n 2\r\n")),
    "a space before the colon": (400, head(extra="X-A : 1\r\n")),
    "a header without a colon": (400, head(extra="X-A\r\n")),
    "a control character": (400, head(extra="X-A: a\0b\r\n")),
    "a bare line feed": (400, head(extra="X-A: a\nX-B: b\r\n")),
    "no key": (400, head(Sec_WebSocket_Key=None)),
    "a short key": (400, head(Sec_WebSocket_Key="dGhl")),
    "a key with stray bits": (400, head(Sec_WebSocket_Key=KEY[:-3] + "R==")),
    "no version": (426, head(Sec_WebSocket_Version=None)),
    "an old version": (426, head(Sec_WebSocket_Version="8")),
    "half a head": (400, head()[:-2]),
    "nothing": (400, b""),
}


@pytest.mark.parametrize(("status", "request_"), BAD.values(), ids=BAD)
def test_a_bad_request_is_refused(status: int, request_: bytes) -> None:
    with pytest.raises(BadOpening) as bad:
        read_opening(request_)
    assert bad.value.status == status


@given(st.binary() | st.binary().map(lambda junk: head(extra=junk.decode("latin-1"))))
def test_any_bytes_give_an_opening_or_a_refusal(data: bytes) -> None:
    try:
        read_opening(data)
    except BadOpening as bad:
        assert bad.status in (400, 426)


def test_the_key_is_answered_as_in_the_rfc() -> None:
    """RFC 6455 section 1.3."""
    lines = accepting(KEY, None).decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 101 Switching Protocols"
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in lines
    assert not any("Protocol:" in line or "Extensions" in line for line in lines)
    assert b"\r\nSec-WebSocket-Protocol: sip\r\n" in accepting(KEY, "sip")


def test_a_refusal_closes_the_connection() -> None:
    assert refusing(404).startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"Connection: close\r\n" in refusing(404)
    assert b"Sec-WebSocket-Version: 13\r\n" in refusing(426)


NOBODY: frozenset[str] = frozenset()
LISTED = frozenset({"https://phone.example.org"})


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "verdict"),
    [
        (None, "localhost:8081", NOBODY, True),
        ("http://localhost:8081", "localhost:8081", NOBODY, True),
        ("https://pbx.example.org", "pbx.example.org:8082", NOBODY, True),
        ("https://PBX.example.org", "pbx.EXAMPLE.org", NOBODY, True),
        ("http://[::1]:8081", "[::1]:8081", NOBODY, True),
        ("https://phone.example.org", "pbx.example.org", LISTED, True),
        ("https://Phone.Example.org", "pbx.example.org", LISTED, True),
        ("https://evil.example", "pbx.example.org", frozenset({"*"}), True),
        ("http://phone.example.org", "pbx.example.org", LISTED, False),
        ("https://phone.example.org.evil.example", "pbx.example.org", LISTED, False),
        ("https://evil.example", "pbx.example.org", NOBODY, False),
        ("https://pbx.example.org.evil.example", "pbx.example.org", NOBODY, False),
        ("https://pbx.example.org@evil.example", "pbx.example.org", NOBODY, False),
        ("null", "localhost:8081", NOBODY, False),
        ("", "localhost:8081", NOBODY, False),
        ("null", None, NOBODY, False),
        ("http://[bad", "localhost", NOBODY, False),
    ],
)
def test_only_known_pages_get_in(origin: str | None, host: str | None, allowed: frozenset[str], verdict: bool) -> None:
    """X5."""
    assert origin_allowed(origin, host, allowed) is verdict


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", None, ("127.0.0.1", 5)),
        ("127.0.0.1", "", ("127.0.0.1", 5)),
        ("127.0.0.1", "192.0.2.7", ("192.0.2.7", 0)),
        ("127.0.0.1", "1.1.1.1, 192.0.2.7", ("192.0.2.7", 0)),
        ("127.0.0.1", "192.0.2.7, 127.0.0.1", ("192.0.2.7", 0)),
        ("127.0.0.1", "127.0.0.1", ("127.0.0.1", 5)),
        ("192.0.2.9", "10.0.0.1", ("192.0.2.9", 5)),
    ],
)
def test_only_a_proxy_of_ours_may_speak_for_others(peer: str, forwarded: str | None, client: tuple[str, int]) -> None:
    assert client_of((peer, 5), forwarded, frozenset({"127.0.0.1"})) == client
