"""Header fields: names, lists, parameters, and the values of Via, name-addr and CSeq."""

import pytest

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.fields import Headers, canonical
from xswitch_py.pysip.grammar import clean, parse_list, parse_params, quote, unescape, unquote_string, write_params
from xswitch_py.pysip.headers import (
    STAR,
    Address,
    CSeq,
    Via,
    parse_address,
    parse_cseq,
    parse_number,
    parse_via,
)
from xswitch_py.pysip.uri import Uri

URI = Uri(user="a", host="h")
BAD = ["a\rb", "a\nb", "a\r\nVia: x", "\0", "a\x7f", "\x1b[2J"]


@pytest.mark.item("S5")
@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Via", "Via"), ("v", "Via"), ("V", "Via"), ("CALL-ID", "Call-ID"), ("i", "Call-ID"), ("cseq", "CSeq"),
        ("www-authenticate", "WWW-Authenticate"), ("x-my-header", "X-My-Header"), ("X-MY-HEADER", "X-My-Header"),
    ],
)  # fmt: skip
def test_a_name_has_one_spelling(name: str, spelled: str) -> None:
    assert canonical(name) == spelled


@pytest.mark.item("S5")
@pytest.mark.parametrize(
    ("letter", "name"),
    [
        ("i", "Call-ID"), ("m", "Contact"), ("e", "Content-Encoding"), ("l", "Content-Length"), ("c", "Content-Type"),
        ("f", "From"), ("s", "Subject"), ("k", "Supported"), ("t", "To"), ("v", "Via"), ("o", "Event"),
        ("u", "Allow-Events"), ("r", "Refer-To"), ("b", "Referred-By"), ("x", "Session-Expires"),
        ("j", "Reject-Contact"), ("d", "Request-Disposition"), ("a", "Accept-Contact"), ("y", "Identity"),
        ("n", "Identity-Info"),
    ],
)  # fmt: skip
def test_a_letter_stands_for_a_name(letter: str, name: str) -> None:
    assert canonical(letter) == canonical(letter.upper()) == name


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\n", "ä"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        canonical(name)


@pytest.mark.item("S8")
@pytest.mark.parametrize(
    "name",
    "Via Route Record-Route Contact Path Service-Route Require Supported Proxy-Require Unsupported Allow".split(),
)
def test_lists_are_split_and_keep_their_order_across_lines(name: str) -> None:
    headers = Headers((name, "<a>, b"), ("X", "y"), (name, '"c, d" <e,f>,g'))
    assert headers.all(name) == ["<a>", "b", '"c, d" <e,f>', "g"]


@pytest.mark.item("S8")
@pytest.mark.parametrize(
    "name", ["WWW-Authenticate", "Proxy-Authenticate", "Authorization", "Proxy-Authorization", "Subject", "Date"]
)
def test_what_is_no_list_is_not_split(name: str) -> None:
    assert Headers((name, "Digest a=b, c=d"), (name, "e, f")).all(name) == ["Digest a=b, c=d", "e, f"]


def test_fields_are_kept_in_order() -> None:
    headers = Headers(("v", "1"), ("Route", "<sip:a>, <sip:b>"), ("Via", "2"), ("route", "<sip:c>"))
    assert headers.all("via") == ["1", "2"]
    assert headers.all("Route") == ["<sip:a>", "<sip:b>", "<sip:c>"]
    assert headers.lines("Route") == ["<sip:a>, <sip:b>", "<sip:c>"]
    assert list(headers) == [("Via", "1"), ("Via", "2"), ("Route", "<sip:a>, <sip:b>"), ("Route", "<sip:c>")]
    assert len(headers) == 4


def test_the_first_value_is_given() -> None:
    headers = Headers(("Route", "<sip:a>, <sip:b>"), ("Subject", "a, b"), ("Allow", ","))
    assert headers.get("Route") == "<sip:a>"
    assert headers.get("s") == "a, b"
    assert headers.get("Allow") == ""
    assert headers.get("To") is None


def test_fields_are_put_in_place_and_dropped() -> None:
    headers = Headers(("Via", "1, 2"), ("Via", "3"), ("To", "x"))
    headers.set_first("v", "9")
    assert headers.all("Via") == ["9", "2", "3"]
    headers.set("via", "8")
    headers.remove("T")
    headers.remove("T")
    assert list(headers) == [("Via", "8")]
    assert "v" in headers
    assert "To" not in headers
    assert 1 not in headers


def test_a_copy_is_another() -> None:
    headers = Headers(("Via", "1"), ("To", "x"))
    copied, part = headers.copy(), headers.copy("To", "From")
    headers.add("Via", "2")
    headers.set("To", "y")
    assert list(copied) == [("Via", "1"), ("To", "x")]
    assert list(part) == [("To", "x")]
    part.adopt(headers, "Via")
    part.adopt(headers, "From")
    assert part == Headers(("To", "x"), ("Via", "1"), ("Via", "2"))
    assert part != headers
    assert part != "To"


@pytest.mark.item("S10")
def test_a_typed_value_is_read_once_until_it_changes() -> None:
    asked: list[list[str]] = []

    def read(values: list[str]) -> int:
        asked.append(values)
        return len(asked)

    headers = Headers(("Via", "1"))
    assert [headers.typed("Via", read), headers.typed("v", read)] == [1, 1]
    headers.add("v", "2")
    assert headers.typed("Via", read) == 2
    assert asked == [["1"], ["1", "2"]]
    assert headers.typed("Via", len) == 2


def test_headers_show_no_values() -> None:
    assert repr(Headers(("Authorization", "secret"))) == "<Headers Authorization>"


@pytest.mark.item("S11")
@pytest.mark.parametrize("value", BAD)
def test_no_control_character_gets_into_a_header(value: str) -> None:
    headers = Headers()
    for put in (headers.add, headers.set, headers.set_first):
        with pytest.raises(ValueError):
            put("Subject", value)
        with pytest.raises(ValueError):
            put(value, "x")
    with pytest.raises(ValueError):
        quote(value)
    assert len(headers) == 0


@pytest.mark.parametrize("value", ["a\tb", "größe", "a\udcffb", "\u2028", ""])
def test_other_characters_pass(value: str) -> None:
    assert clean(value) == value


@pytest.mark.item("S8")
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        (",a,,b,", ["a", "b"]),
        ("", []),
        ('"x, \\", y" <sip:a,b>;p="1,2", <sip:c>', ['"x, \\", y" <sip:a,b>;p="1,2"', "<sip:c>"]),
        ("<sip:a>,", ["<sip:a>"]),
    ],
)
def test_a_list_is_split_outside_quotes_and_brackets(text: str, parts: list[str]) -> None:
    assert parse_list(text) == parts


@pytest.mark.item("S6")
@pytest.mark.parametrize("text", ['"a, b', "<a, b", "a>, <b>", 'a, "b\\"'])
def test_a_list_with_a_lone_quote_or_bracket_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse_list(text)


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("", {}),
        (";lr", {"lr": None}),
        (' ; A = b ;; c="d \\" ;" ', {"a": "b", "c": 'd " ;'}),
        (";a=1;A=2", {"a": "1"}),
        (";a=", {"a": ""}),
        (';+sip.instance="<urn:uuid:1>"', {"+sip.instance": "<urn:uuid:1>"}),
    ],
)
def test_parameters_are_read(text: str, params: dict[str, str | None]) -> None:
    assert parse_params(text) == params
    assert parse_params(write_params(params)) == params


@pytest.mark.parametrize("text", ["x", ';a="b', ";a=b c", ";a b", ";a=<b>", ";ä=1", ";a=b,c"])
def test_what_are_no_parameters_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse_params(text)


def test_parameters_are_quoted_where_they_must_be() -> None:
    params = {"a": "b", "h": "[::1]", "q": 'c "d\\', "text": "BUSY", "+x": "y", "e": "", "lr": None}
    assert write_params(params) == r';a=b;h=[::1];q="c \"d\\";text="BUSY";+x="y";e="";lr'
    with pytest.raises(ValueError):
        write_params({"a b": "c"})
    with pytest.raises(ValueError):
        write_params({"a": "\r\n"})


def test_quoting_and_escapes_go_back() -> None:
    assert unquote_string(quote('a"b\\c')[1:-1]) == 'a"b\\c'
    assert unescape("%E4%20") == "\ufffd "


@pytest.mark.parametrize(
    ("text", "via"),
    [
        ("SIP/2.0/UDP h", Via(host="h")),
        ("sip / 2.0 / tcp  h : 5070 ;branch=z9hG4bKa", Via("TCP", "h", 5070, "z9hG4bKa")),
        ("SIP/2.0/WSS q8.invalid;rport;x=y", Via("WSS", "q8.invalid", rport=0, others={"x": "y"})),
        ("SIP/2.0/UDP [::1]:5;received=[::2];rport=7", Via("UDP", "::1", 5, received="::2", rport=7)),
        ("SIP/2.0/UDP h;received=::2;maddr=[ff02::1];ttl=16", Via(host="h", received="::2", maddr="ff02::1", ttl=16)),
        ("SIP/2.0/UDP h;rport=x;ttl=y", Via(host="h", rport=0)),
        ("SIP/2.0/UDP h;rport=65536", Via(host="h", rport=0)),
    ],
)
def test_a_via_is_read(text: str, via: Via) -> None:
    assert parse_via(text) == via
    assert parse_via(str(via)) == via


@pytest.mark.parametrize(
    "text",
    ["", "SIP/1.0/UDP h", "SIP/2.0/UDP", "SIP/2.0/UDP ;x", "SIP/2.0/UDP h:65536", "SIP/2.0/UDP h x", "SIP/2.0/U DP h"],
)
def test_what_is_no_via_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse_via(text)


@pytest.mark.item("S11")
@pytest.mark.parametrize("via", [Via(), Via("U P", "h"), Via("UDP", "h\r\n"), Via("UDP", "h", branch="\n")])
def test_a_via_that_is_none_is_not_written(via: Via) -> None:
    with pytest.raises(ValueError):
        str(via)


@pytest.mark.item("S14")
def test_a_via_notes_where_a_request_came_from() -> None:
    asking = Via(host="10.0.0.1", port=5060, rport=0)
    assert asking.seen_from("10.0.0.1", 5060) == Via(host="10.0.0.1", port=5060, received="10.0.0.1", rport=5060)
    assert Via(host="A.example").seen_from("a.example", 9) == Via(host="A.example")
    assert Via(host="h").seen_from("1.2.3.4", 9) == Via(host="h", received="1.2.3.4")
    assert str(asking.seen_from("::1", 7)) == "SIP/2.0/UDP 10.0.0.1:5060;rport=7;received=::1"


@pytest.mark.item("S27")
def test_a_via_tells_its_key_and_its_cookie() -> None:
    assert Via(host="H.example", port=5).sent_by == ("h.example", 5)
    assert Via(branch="Z9HG4BKx").has_cookie
    assert not Via(branch="z9hG4bK").has_cookie
    assert not Via(branch="1").has_cookie


@pytest.mark.item("S9")
@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<sip:a@h>", Address(uri=URI)),
        ("Ann<sip:a@h>;tag=1", Address("Ann", URI, {"tag": "1"})),
        ('"Ann \\"x\\" <b>, c" < sip:a@h > ;tag=1', Address('Ann "x" <b>, c', URI, {"tag": "1"})),
        ("Bell, Ann  <sip:a@h>", Address("Bell, Ann", URI)),
        ("sip:a@h", Address(uri=URI)),
        ("sip:a@h;tag=1;lr", Address(uri=URI, params={"tag": "1", "lr": None})),
        ("<sip:a@h;lr>;lr", Address("", Uri(user="a", host="h", parameters={"lr": None}), {"lr": None})),
        ("*", STAR),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.item("S6")
@pytest.mark.parametrize(
    "text",
    [
        "",
        '"Ann <sip:a@h>',
        "<sip:a@h",
        "sip:a@h>",
        "<>",
        "<sip:a@h>x",
        "sip:a@h?x=y",
        "Ann sip:a@h",
        '<sip:a@h>;tag="x',
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse_address(text)


@pytest.mark.item("S108")
def test_the_parts_of_an_address_have_bounds() -> None:
    assert parse_address(f'"{"x" * 300}" <sip:a@h>').display == "x" * 256
    assert parse_address(f"<sip:a@h>;tag={'x' * 128}").tag == "x" * 128
    with pytest.raises(BadMessage):
        parse_address(f"<sip:a@h>;tag={'x' * 129}")


def test_a_tag_is_put_on_an_address() -> None:
    address = Address("Ann", URI, {"x": "1"})
    assert address.tag == ""
    assert str(address.with_tag("t")) == '"Ann" <sip:a@h>;x=1;tag=t'
    assert str(STAR) == "*"


@pytest.mark.item("S11")
@pytest.mark.parametrize("display", BAD)
def test_no_control_character_gets_into_a_display_name(display: str) -> None:
    with pytest.raises(ValueError):
        str(Address(display, URI))


def test_a_cseq_is_read() -> None:
    assert parse_cseq("0009 \t INVITE") == CSeq(9, "INVITE")
    assert parse_cseq("2147483647 x").number == 2**31 - 1
    assert str(CSeq(9, "INVITE")) == "9 INVITE"


@pytest.mark.item("S6")
@pytest.mark.parametrize("text", ["", "1", "INVITE", "-1 A", "2147483648 A", "00000000001 A", "1 A B", "1A", "٣ A"])
def test_what_is_no_cseq_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse_cseq(text)


def test_a_number_has_ten_digits() -> None:
    assert [parse_number(text) for text in ("0", "9999999999", "10000000000", "", "-1", "²")] == [0, 9999999999] + [
        None
    ] * 4
