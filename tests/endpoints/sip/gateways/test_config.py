"""What is written about gateways becomes what they are, or a list of all that is wrong."""

import re
import tomllib
from dataclasses import fields, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from xswitch_py import assets
from xswitch_py.base.errors import ConfigError
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, Proxy, Rewrite, load, rewritten

SHIPPED = assets.conf("gateways.toml")


def one(text: str, folder: Path = Path()) -> GatewayConfig:
    """The gateway that these lines describe."""
    (gateway,) = load(tomllib.loads("[gateway.carrier]\n" + text), folder)
    return gateway


def problems(text: str) -> list[str]:
    """What is wrong with a file."""
    with pytest.raises(ConfigError) as caught:
        load(tomllib.loads(text))
    return caught.value.problems


@pytest.mark.item("S100")
def test_a_fresh_install_has_no_gateway_and_no_way_to_one() -> None:
    assert load(tomllib.loads(SHIPPED.read_text("utf-8"))) == ()
    assert "gateway" not in assets.conf("dialplan.toml").read_text("utf-8")


def test_the_shipped_file_shows_every_key_with_its_default() -> None:
    shown = "\n".join(re.findall(r"^# ([a-z_]+ = .*|\[gateway.*)$", SHIPPED.read_text("utf-8"), re.MULTILINE))
    (gateway,) = load(tomllib.loads(shown))
    fresh = GatewayConfig("carrier", Proxy("sip.carrier.example"), register=True, username="acct77", password="...")
    assert gateway == fresh
    keys = {field.name for field in fields(GatewayConfig)} - {"name"}
    assert set(tomllib.loads(shown)["gateway"]["carrier"]) == keys


def test_the_least_is_a_proxy() -> None:
    assert one('proxy = "sip.carrier.example"') == GatewayConfig("carrier", Proxy("sip.carrier.example"))
    assert load({}) == ()


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ('proxy = "192.0.2.1:5070"', "proxy", Proxy("192.0.2.1", 5070)),
        ('proxy = "[2001:db8::1]"', "proxy", Proxy("2001:db8::1", None)),
        ('transport = "tls"', "transport", "TLS"),
        ('transport = ""', "transport", ""),
        ("ping = 0", "ping", 0.0),
        ("retry = 7.5", "retry", 7.5),
        ("expire = 86400", "expire", 86400),
        ('codecs = ["PCMA", "opus"]', "codecs", ("PCMA", "opus")),
        ('srtp = "sdes"', "srtp", "sdes"),
        ('allow = ["192.0.2.7/24", "2001:db8::1"]', "allow", (ip_network("192.0.2.0/24"), ip_network("2001:db8::1"))),
        ('deny = ["+1900", "0900"]', "deny", ("+1900", "0900")),
        ("trusted = true", "trusted", True),
        ("max_calls = 30", "max_calls", 30),
        ("calls_per_second = 0.5", "calls_per_second", 0.5),
        ('contact_params = { isub = "1", ob = "" }', "contact_params", {"isub": "1", "ob": None}),
        (
            'rewrite = [{ match = "0(.*)", replace = "+49$1" }]',
            "rewrite",
            (Rewrite(re.compile("0(.*)"), "+49$1"),),
        ),
    ],
)
def test_each_key_is_read(line: str, key: str, value: Any) -> None:
    proxy = "" if key == "proxy" else 'proxy = "c.example"\n'
    assert getattr(one(proxy + line), key) == value


@pytest.mark.parametrize(
    "line",
    [
        'proxy = "c.example:0"',
        'proxy = "c.example:65536"',
        'proxy = "2001:db8::1:5060"',
        'proxy = ""',
        "proxy = 1",
        'transport = "ws"',
        "transport = 1",
        "register = 1",
        "username = 77",
        'realm = "a\\u0007"',
        'from_domain = "a b"',
        'extension = "1 2"',
        'context = ""',
        "expire = 59",
        "expire = 600.5",
        "expire = true",
        "retry = 4.9",
        "ping = 1",
        'ping = "30"',
        "timeout = 0",
        'codecs = "PCMA"',
        "codecs = [1]",
        'srtp = "dtls"',
        'rewrite = ["0"]',
        'rewrite = [{ match = "0" }]',
        'rewrite = [{ match = "(", replace = "" }]',
        'normalise = [{ match = 0, replace = "" }]',
        'caller_id = "a;b"',
        'allow = ["192.0.2.0/33"]',
        "allow = [1]",
        'deny = [""]',
        "max_calls = -1",
        "calls_per_second = nan",
        "weight = 0",
        "contact_params = 1",
        'contact_params = { "a b" = "" }',
        'contact_params = { a = "b c" }',
    ],
)
def test_what_is_not_allowed_is_told_with_what_is(line: str) -> None:
    key = line.partition(" ")[0]
    proxy = "" if key == "proxy" else 'proxy = "c.example"\n'
    (problem,) = problems(f"[gateway.c]\n{proxy}{line}")
    assert problem.startswith(f"gateway c: {key} must be ")


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = """
colour = "red"
[gateway]
b = 1
[gateway."-a"]
proxy = "a.example"
[gateway.c]
proxi = "c.example"
register = true
[gateway.d]
proxy = "d.example"
username = "u"
[gateway.e]
proxy = "e.example"
username = "u"
password = "p"
password_file = "absent"
[gateway.f]
proxy = "f.example"
password_file = 1
"""
    found = problems(text)
    assert [
        problem.partition(";")[0].replace("cannot be read: No such file or directory", "?") for problem in found
    ] == [
        "unknown key 'colour'",
        "gateway b: is not a table",
        "gateway -a: a name has letters, digits, . _ - and begins with a letter or digit",
        "gateway c: unknown key 'proxi'",
        "gateway c: proxy is missing",
        "gateway c: register needs a username",
        "gateway d: username needs a password",
        "gateway e: password_file: absent ?",
        "gateway e: password and password_file: one is enough",
        "gateway f: password_file must be the path of a file",
    ]
    assert problems("gateway = 1") == ["gateway is not a table; write [gateway.NAME]"]


def test_a_password_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("open sesame\n")
    text = 'proxy = "c.example"\nusername = "u"\npassword_file = "secret"'
    gateway = one(text, tmp_path)
    assert gateway.password == "open sesame" and "sesame" not in repr(gateway)
    (tmp_path / "secret").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="one line of text"):
        one(text, tmp_path)


def test_what_would_show_a_password_is_not_in_a_problem() -> None:
    (problem,) = problems('[gateway.c]\nproxy = "c"\nusername = "u"\npassword = ["sesame"]')
    assert "sesame" not in problem


@pytest.mark.parametrize(
    ("number", "expected"),
    [("0301234", "+49301234"), ("0", "0"), ("112", "112"), ("9x", "$x9x"), ("ab", "b-a-")],
)
def test_the_first_rule_that_fits_rewrites(number: str, expected: str) -> None:
    rules = tuple(
        Rewrite(re.compile(match), replace)
        for match, replace in [("0(3.*)", "+49$1"), ("03.*", "no"), ("9(x)", "$$1$0"), ("(a)(b)(c)?", "$2-$1-$3$9")]
    )
    assert rewritten(rules, number) == expected


def test_who_has_an_account_speaks_for_the_domain_of_the_proxy() -> None:
    plain = GatewayConfig("c", Proxy("c.example"))
    assert plain.domain == "" and replace(plain, username="u").domain == "c.example"
    assert replace(plain, username="u", from_domain="d.example").domain == "d.example"
