"""Whom a WebSocket's request lets in: the door, the page, the peer behind a proxy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.listen.serving import Echo
from xswitch_py.listen.admission import client_of, origin_allowed, plain, route, split_target


def test_routes() -> None:
    verto, sip = Echo(), Echo("sip")
    doors = {"/": verto, "/ws": verto, "/sip": sip}
    table = {("/", ""): verto, ("/ws", "x"): verto, ("/ws", "sip"): sip, ("/no", "sip"): sip, ("/sip", "sip"): sip}
    for (path, offered), door in table.items():
        assert route(path, offered.split(), doors) is door
    assert (route("/sip", [], doors), route("/ws/", [], doors)) == (400, 404)


@pytest.mark.item("S18")
def test_who_offers_something_else_does_not_get_into_sip() -> None:
    verto, sip = Echo(), Echo("sip")
    shared = {"/": verto, "/ws": verto, "/sip": sip, "/sips": sip}
    alone = {"/": sip, "/sip": sip, "/ws-sip": sip}
    for path in ("/sip", "/sips"):
        assert (route(path, ["xmpp"], shared), route(path, [], shared)) == (400, 400)
    for path in alone:
        assert (route(path, ["xmpp", "sip"], alone), route(path, ["xmpp"], alone), route(path, [], alone)) == (
            sip,
            400,
            400,
        )
    assert (route("/ws", [], shared), route("/ws", ["sip"], shared)) == (verto, sip)


@pytest.mark.parametrize(
    ("target", "split"),
    [
        ("/", ("/", "")),
        ("/a%20b?token=x%20y", ("/a b", "token=x%20y")),
        ("/ws?a?b", ("/ws", "a?b")),
        ("", None),
        ("*", None),
        ("http://localhost/ws", None),
        ("/a b", None),
        ("/a\x01", None),
        ("/\u00e9", None),
    ],
)
def test_a_target_is_a_path_and_a_query(target: str, split: tuple[str, str] | None) -> None:
    assert split_target(target) == split


@given(st.text())
def test_any_target_is_split_or_refused(target: str) -> None:
    found = split_target(target)
    assert found is None or (found[0].startswith("/") and target.endswith(found[1]))


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
        ("127.0.0.1", "2001:db8::7", ("2001:db8::7", 0)),
        ("127.0.0.1", "unknown", ("127.0.0.1", 5)),
        ("127.0.0.1", "192.0.2.7;x=\r\ny", ("127.0.0.1", 5)),
    ],
)
def test_only_a_proxy_of_ours_may_speak_for_others(peer: str, forwarded: str | None, client: tuple[str, int]) -> None:
    assert client_of((peer, 5), forwarded, frozenset({"127.0.0.1"})) == client


@pytest.mark.parametrize(
    ("seen", "shown"),
    [("::ffff:192.0.2.1", "192.0.2.1"), ("192.0.2.1", "192.0.2.1"), ("::1", "::1"), ("::ffff:1", "::ffff:1")],
)
def test_an_ipv4_address_is_shown_as_one(seen: str, shown: str) -> None:
    assert plain(seen) == shown
