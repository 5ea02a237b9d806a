"""Which places may be told of events."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.core.webhooks.places import permitted, problem

INSIDE = (ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("fd00::/8"))

NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001::1",
    "2002:7f00:1::1",
    "2001:db8::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_address_of_the_inside_may_be_told(address: str) -> None:
    assert not permitted(address, ())
    host = f"[{address}]" if ":" in address else address
    assert problem(f"https://{host}/hook", ())


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_an_address_of_the_internet_may_be_told_but_not_plainly(address: str) -> None:
    assert permitted(address, ())
    assert not permitted(address, INSIDE, plain=True)


def test_what_the_operator_allows_may_be_told_also_plainly() -> None:
    for address in ("10.1.2.3", "127.0.0.1", "fd00::5"):
        assert permitted(address, INSIDE)
        assert permitted(address, INSIDE, plain=True)
    assert not permitted("192.168.0.1", INSIDE)
    assert problem("http://10.1.2.3:8080/hook?a=b", INSIDE) == ""


@pytest.mark.parametrize("text", ["", "nonsense", "1.2.3", "0x7f.1", "2130706433", "1.2.3.4/8"])
def test_what_is_no_address_may_not_be_told(text: str) -> None:
    assert not permitted(text, INSIDE)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/",
        "https://hooks.example:8443/a/b?c=d&e=%20",
        "https://hooks.example:443",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/x",
    ],
)
def test_these_may_be_told(url: str) -> None:
    assert problem(url, ()) == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/", "plain http"),
        ("ftp://hooks.example/", "https"),
        ("file:///etc/passwd", "https"),
        ("https:///x", "https"),
        ("hooks.example", "https"),
        ("https://user:word@hooks.example/", "password"),
        ("https://hooks.example/#part", "fragment"),
        ("https://hooks.example:22/", "port"),
        ("https://hooks.example:0/", "port"),
        ("https://hooks.example:1023/", "port"),
        ("https://hooks.example:99999/", "port"),
        ("https://hooks.example:x/", "URL"),
        ("https://[::1/", "URL"),
        ("https://hooks.example/a b", "printable"),
        ("https://hooks.example/\r\nHost: x", "printable"),
        ("https://hooks.example\\@127.0.0.1/", "printable"),
        ("https://bücher.example/", "printable"),
        ("https://hooks.example/" + "x" * 2000, "printable"),
        ("https://127.0.0.1/", "not allowed"),
        ("https://[::ffff:10.0.0.1]/", "not allowed"),
    ],
)
def test_these_may_not_and_it_is_said_why(url: str, why: str) -> None:
    assert why in problem(url, ())


@given(st.text(max_size=60).map("https://".__add__))
def test_any_text_is_judged(url: str) -> None:
    assert isinstance(problem(url, INSIDE), str)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_hidden_in_no_ipv6_address(address: object) -> None:
    value = int(address)  # type: ignore[call-overload]  # an address is a number
    for hidden in (f"::ffff:{address}", f"64:ff9b::{value >> 16:x}:{value & 0xFFFF:x}", f"2002:{value >> 16:x}::1"):
        assert not permitted(hidden, ())
