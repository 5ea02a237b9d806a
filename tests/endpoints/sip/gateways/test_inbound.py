"""Who calls through a gateway, and what they dialled."""

import re
from dataclasses import replace

import pytest

from tests.pysip.scenes import request
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, Proxy, Rewrite
from xswitch_py.endpoints.sip.gateways.inbound import caller, dialled

PLAIN = GatewayConfig("carrier", Proxy("sip.carrier.example"))
TRUSTED = replace(PLAIN, trusted=True, normalise=(Rewrite(re.compile("0([1-9].*)"), "+49$1"),))
PAI = ("P-Asserted-Identity", '"Alice A" <sip:+15551234@carrier.example>')
RPID = ("Remote-Party-ID", '"Rita" <sip:0305678@carrier.example>;party=calling')


@pytest.mark.item("S99")
@pytest.mark.parametrize(
    ("uri", "to", "number"),
    [
        ("sip:+4930123@192.0.2.1", "<sip:else@x>", "+4930123"),
        ("tel:+49-30-123", "<sip:else@x>", "+4930123"),
        ("sip:(030)%20123;phone-context=x@192.0.2.1;user=phone", "<sip:else@x>", "030123"),
        ("sip:gw-1@192.0.2.1", "<sip:4711@carrier.example>", "4711"),
        ("sip:gw-1@192.0.2.1", "<tel:4711>", "4711"),
        ("sip:192.0.2.1", "<sip:4711@carrier.example>", "4711"),
        ("sip:bob-2@192.0.2.1", "<sip:else@x>", "bob-2"),
    ],
)
def test_the_number_dialled_is_in_the_request_uri_or_in_the_to(uri: str, to: str, number: str) -> None:
    assert dialled(request(uri=uri, to=to), PLAIN, "gw-1") == number


def test_an_extension_stands_for_whatever_is_dialled() -> None:
    assert dialled(request(uri="sip:4711@x"), replace(PLAIN, extension="1000"), "gw-1") == "1000"


@pytest.mark.item("S99")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([PAI, RPID], ("Alice A", "+15551234")),
        ([("P-Asserted-Identity", "<tel:+1-555-1234>")], ("", "+15551234")),
        ([("P-Asserted-Identity", "<urn:x>, <sip:7@c>")], ("", "7")),
        ([RPID], ("Rita", "+49305678")),
        ([("P-Asserted-Identity", "<<"), RPID], ("Rita", "+49305678")),
        ([(RPID[0], RPID[1] + ";privacy=full")], ("Bob", "+49301")),
        ([PAI, ("Privacy", "user;id")], ("Bob", "+49301")),
        ([], ("Bob", "+49301")),
    ],
)
def test_a_trusted_gateway_says_who_calls(fields: list[tuple[str, str]], expected: tuple[str, str]) -> None:
    assert caller(request(from_='"Bob" <sip:0301@c>;tag=a', fields=tuple(fields)), TRUSTED) == expected


@pytest.mark.item("S99")
def test_others_are_believed_their_from_only() -> None:
    assert caller(request(from_='"Bob" <sip:0301@c>;tag=a', fields=(PAI, RPID)), PLAIN) == ("Bob", "0301")


@pytest.mark.parametrize("uri", ["sip:c", "sip:anonymous@anonymous.invalid", "mailto:a@b"])
def test_who_shows_no_number_is_anonymous(uri: str) -> None:
    assert caller(request(from_=f"<{uri}>;tag=a"), TRUSTED) == ("", "anonymous")
