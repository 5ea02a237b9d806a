"""URIs: the zoo of what phones write, what is none, how they are written and compared."""

import pytest

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.uri import Uri, escape_user, parse_uri, same


@pytest.mark.item("S9")
@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:example.com", Uri(host="example.com")),
        ("SIPS:Alice@Example.COM:5061", Uri("sips", "Alice", host="Example.COM", port=5061)),
        ("sip:a:secret@h", Uri(user="a", password="secret", host="h")),
        ("sip:9#1@h", Uri(user="9%231", host="h")),
        ("sip:100%@h", Uri(user="100%25", host="h")),
        ("sip:a@my_host.local", Uri(user="a", host="my_host.local")),
        ("sip:a@[2001:db8::1]:5070", Uri(user="a", host="2001:db8::1", port=5070)),
        ("sip:a;par=u%40x@h;lr", Uri(user="a;par=u%40x", host="h", parameters={"lr": None})),
        (
            "sip:h;Transport=TCP;lr=;lr=on;;x=a%41",
            Uri(host="h", parameters={"transport": "TCP", "lr": None, "x": "a%41"}),
        ),
        ("sip:h;alias=1.2.3.4~5060~1", Uri(host="h", parameters={"alias": "1.2.3.4~5060~1"})),
        ("sip:h?Subject=a%20b&=x&To=", Uri(host="h", headers=(("Subject", "a%20b"), ("To", "")))),
        ("sip:h?", Uri(host="h")),
        ("TEL:123", Uri("tel", "123")),
        ("tel:+1-201-555-0123;phone-context=x", Uri("tel", "+1-201-555-0123", parameters={"phone-context": "x"})),
        ("urn:service:sos", Uri("urn", "service:sos")),
    ],
)
def test_a_uri_is_read(text: str, uri: Uri) -> None:
    assert parse_uri(text) == uri
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "", "sip", "sip:", "sip:@h", "sip:a@b@c", "sip:a@", "sip:a b@h", "sip:<a@h>", "sip:h:",
        "sip:h:65536", "sip:h:123456",
        "sip:2001:db8::10", "sip:[::1", "sip:a@h\r\n", "sip:ä", "no uri", "1a:b", "<sip:h>",
    ],
)  # fmt: skip
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(BadMessage) as refused:
        parse_uri(text)
    assert refused.value.status == 400


@pytest.mark.item("S108")
def test_a_uri_has_a_longest_length() -> None:
    assert parse_uri(f"sip:{'a' * 1018}@h").user == "a" * 1018
    with pytest.raises(BadMessage) as refused:
        parse_uri(f"sip:{'a' * 1019}@h")
    assert refused.value.status == 414


@pytest.mark.item("S11")
@pytest.mark.parametrize(
    ("uri", "text"),
    [
        (Uri(host="h"), "sip:h"),
        (Uri(user='a b\r\n@<>"', host="h"), "sip:a%20b%0D%0A%40%3C%3E%22@h"),
        (Uri(user="größe", host="h"), "sip:gr%C3%B6%C3%9Fe@h"),
        (Uri(user="a\udcff", host="h"), "sip:a%FF@h"),
        (Uri(user="a", password="b:c", host="::1", port=1), "sip:a:b%3Ac@[::1]:1"),
        (Uri(host="h", parameters={"a;b": "c;d", "lr": None}), "sip:h;a%3Bb=c%3Bd;lr"),
        (Uri(host="h", headers=(("Replaces", "z1;to-tag=L3"),)), "sip:h?Replaces=z1%3Bto-tag%3DL3"),
        (Uri("tel", "+1", parameters={"ext": "2"}), "tel:+1;ext=2"),
        (Uri("urn", "a b>"), "urn:a%20b%3E"),
    ],
)
def test_every_part_is_escaped_for_its_place(uri: Uri, text: str) -> None:
    assert str(uri) == text


@pytest.mark.item("S11")
@pytest.mark.parametrize(
    "uri", [Uri(), Uri(host="a b"), Uri(host="a>"), Uri(host="h:5060"), Uri(host="h\r\n"), Uri("x\r\ny", "z")]
)
def test_what_cannot_be_escaped_is_not_written(uri: Uri) -> None:
    with pytest.raises(ValueError):
        str(uri)


@pytest.mark.item("S9")
def test_a_user_is_given_without_escapes() -> None:
    assert parse_uri("sip:%2B49%23@h").name == "+49#"
    assert parse_uri("sip:1001@h").name == "1001"
    assert parse_uri(f"sip:{escape_user('50%41 ä')}@h").name == "50%41 ä"


def test_a_header_of_a_uri_is_given_without_escapes() -> None:
    uri = parse_uri("sip:h?Replaces=z1%3Bto-tag%3DL3&subject=x")
    assert uri.header("replaces") == "z1;to-tag=L3"
    assert uri.header("Subject") == "x"
    assert uri.header("Route") is None


def test_sips_is_secure() -> None:
    assert Uri("sips").secure
    assert not Uri("sip").secure


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(parse_uri("sip:a:secret@h"))


def test_uris_are_keys_of_dicts() -> None:
    assert {parse_uri("sip:h;a=1"): 1}[parse_uri("sip:h;a=1")] == 1


# RFC 3261 section 19.1.4, and more.
@pytest.mark.item("S9")
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        ("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
         "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"),
        ("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
         "sip:alice@atlanta.com?priority=urgent&Subject=project%20x"),
        ("sip:a%3bb@h", "sip:a%3Bb@h"),
        ("sip:%C3%a4@h", "sip:%C3%A4@h"),
        ("tel:+1-201-555-0123", "tel:+1.201(555)0123"),
        ("tel:7042;phone-context=EXAMPLE.com", "tel:7042;phone-context=example.com"),
        ("urn:a", "urn:a"),
    ],
)  # fmt: skip
def test_uris_are_the_same(a: str, b: str) -> None:
    assert same(parse_uri(a), parse_uri(b))
    assert same(parse_uri(b), parse_uri(a))


@pytest.mark.item("S9")
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a%3Bb@h", "sip:a;b@h"),
        ("sip:a:b@h", "sip:a@h"),
        ("sip:a@h", "sips:a@h"),
        ("sip:a@h", "sip:a@h;maddr=1.2.3.4"),
        ("tel:+1", "tel:+2"),
        ("tel:1;phone-context=a", "tel:1;phone-context=b"),
    ],
)
def test_uris_are_not_the_same(a: str, b: str) -> None:
    assert not same(parse_uri(a), parse_uri(b))
    assert not same(parse_uri(b), parse_uri(a))
