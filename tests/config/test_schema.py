"""What the operator may set, and what is said when it cannot be used."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py import assets, config
from xswitch_py.base.errors import ConfigError
from xswitch_py.base.permissions import NOTHING, Permissions
from xswitch_py.config import DEMO, Config, HostPort, LogFormat, Ports, load, permissions
from xswitch_py.config.read import readers

ENVIRON = {"HOME": "/home/someone"}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "xswitch.toml"
    path.write_text(text)
    return path


def problems(path: Path | None = None, *overrides: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, overrides, ENVIRON | environ)
    return caught.value.problems


def test_the_shipped_file_shows_every_key_with_its_default(tmp_path: Path) -> None:
    shipped = assets.conf("xswitch.toml")
    assert load(shipped, [], ENVIRON) == load(None, [], ENVIRON)
    shown = {
        keys
        for name, value in config.read_table(shipped, dict).items()
        for keys in ([(name, key) for key in value] if isinstance(value, dict) else [(name,)])
    }
    assert shown == set(readers(Config))


def test_every_key_of_the_shipped_file_has_a_comment_above_its_group() -> None:
    lines = assets.conf("xswitch.toml").read_text().splitlines()
    for before, line in itertools.pairwise(lines):
        if "=" in line and not line.startswith("#"):
            assert before.startswith("#") or "=" in before, line


def test_the_file_then_the_environment_then_the_command_line(tmp_path: Path) -> None:
    path = written(tmp_path, '[listen]\nhttp = "127.0.0.1:1"\nhttps = "127.0.0.1:2"\nsip_udp = "127.0.0.1:3"\n')
    environ = ENVIRON | {"XSWITCH_LISTEN__HTTPS": "127.0.0.1:20", "XSWITCH_LISTEN__SIP_UDP": "127.0.0.1:30"}
    listen = load(path, ["listen.sip_udp=127.0.0.1:300"], environ).listen
    assert (listen.http.port, listen.https, listen.sip_udp) == (1, ("127.0.0.1", 20), ("127.0.0.1", 300))


def test_what_the_demo_sets_can_be_set_otherwise() -> None:
    demo = load(None, [], ENVIRON, base=DEMO)
    assert demo.listen.https == HostPort("127.0.0.1", 8082)
    assert demo.shutdown.drain == 0
    assert load(None, ["shutdown.drain=5"], ENVIRON, base=DEMO).shutdown.drain == 5


def test_all_problems_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    head = 'domain = "a b"\n\n[listen]\nhtp = "127.0.0.1:1"  # typo\n  https = "x"\n'
    path = written(tmp_path, head + '[call]\nring_timeout = "60"\n[cal]\nx = 1\n')
    sections = "api, call, domain, files, flow, guard, listen, log, media, record, shutdown, sip, store, trace, verto"
    assert problems(path, "media.webrtc_port=70000", "nonsense", XSWITCH_LOG__LEVEL="loud") == [
        "--set: nonsense: write it as section.key=value",
        f'{path}:1:1: domain = "a b": must be a domain such as "pbx.example.com"',
        f'{path}:4:1: listen.htp = "127.0.0.1:1": there is no such key; did you mean listen.http?',
        f'{path}:5:3: listen.https = "x": must be "host:port" such as "127.0.0.1:8081", or "" for off',
        f'{path}:7:1: call.ring_timeout = "60": must be seconds, from 1 to 3600',
        f"{path}:9:1: cal.x = 1: there is no such section; known are {sections}",
        'XSWITCH_LOG__LEVEL: log.level = "loud": must be one of "debug", "info", "warning", "error"',
        '--set: media.webrtc_port = "70000": must be a whole number from 0 to 65535',
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("listen.htps", "did you mean listen.https?"),
        ("call.login_deadline", "did you mean verto.login_deadline?"),
        ("lisen.https", "did you mean listen.https?"),
        ("http", "did you mean listen.http?"),
        ("shutdown.whatsoever", "known are shutdown.drain"),
        ("listen", "known are listen.certificate"),
        ("nonsense.whatsoever", "known are api, call, domain"),
        ("", "known are api, call, domain"),
        ("listen.http.x", "did you mean listen.http?"),
    ],
)
def test_an_unknown_key_is_told_the_nearest_one(name: str, hint: str) -> None:
    (problem,) = problems(None, f"{name}=1")
    assert hint in problem


BAD = [
    ("listen.http", ""),
    ("listen.http", "127.0.0.1"),
    ("listen.http", "127.0.0.1:65536"),
    ("listen.http", ":8081"),
    ("listen.http", "127.0.0.1:٨"),
    ("listen.origins", "phone.example.com"),
    ("listen.origins", "https://phone.example.com/path"),
    ("listen.proxies", "localhost"),
    ("listen.certificate", "/nowhere/at.all"),
    ("media.rtp_ports", "20000"),
    ("media.rtp_ports", "20001-20000"),
    ("media.rtp_ports", "0-70000"),
    ("media.public_address", "pbx.example.com"),
    ("media.addresses", "0.0.0.0"),
    ("media.addresses", "239.1.2.3"),
    ("media.webrtc_port", "-1"),
    ("media.webrtc_port", "true"),
    ("media.webrtc_port", "1.5"),
    ("media.webrtc_port", "25000"),
    ("call.ring_timeout", "nan"),
    ("call.ring_timeout", "inf"),
    ("call.ring_timeout", "0"),
    ("call.ringback", "../../etc/passwd"),
    ("shutdown.drain", "soon"),
    ("log.format", "xml"),
    ("files.dialplan", "/nowhere/at.all"),
    ("files.dialplan", "~nobody-of-that-name/x"),
    ("files.dialplan", "x\0y"),
    ("domain", ""),
    ("domain", "-"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_out_of_bounds_is_refused(name: str, value: str) -> None:
    (problem,) = problems(None, f"{name}={value}")
    assert name in problem
    assert value in problem


GOOD: list[tuple[str, str, Any]] = [
    ("listen.http", "[::1]:0", HostPort("::1", 0)),
    ("listen.https", "", None),
    ("listen.sip_wss", "0.0.0.0:7443", HostPort("0.0.0.0", 7443)),
    ("listen.origins", "https://a.example,http://[::1]:3000", ("https://a.example", "http://[::1]:3000")),
    ("listen.origins", '["*"]', ("*",)),
    ("listen.origins", "", ()),
    ("media.rtp_ports", "30000-30000", Ports(30000, 30000)),
    ("media.public_address", "192.0.2.1", "192.0.2.1"),
    ("media.addresses", "192.0.2.1, ::1", ("192.0.2.1", "::1")),
    ("media.webrtc_port", "0", 0),
    ("call.ring_timeout", "2.5", 2.5),
    ("call.ring_timeout", "2", 2.0),
    ("log.format", "json", LogFormat.JSON),
    ("domain", "pbx.example.com", "pbx.example.com"),
]


@pytest.mark.parametrize(("name", "value", "expected"), GOOD)
def test_a_value_from_the_command_line_is_read(name: str, value: str, expected: object) -> None:
    found: Any = load(None, [f"{name}={value}"], ENVIRON)
    for part in name.split("."):
        found = getattr(found, part)
    assert found == expected
    assert type(found) is type(expected)


def test_two_listeners_cannot_have_one_address() -> None:
    assert problems(None, "listen.https=127.0.0.1:8081") == [
        "listen.https = 127.0.0.1:8081: listen.http has the same"
    ]  # fmt: skip
    assert load(None, ["listen.http=127.0.0.1:0", "listen.https=127.0.0.1:0"], ENVIRON)


def test_the_database_is_kept_where_state_belongs() -> None:
    assert load(None, [], {"HOME": "/home/x"}).store.path == Path("/home/x/.local/state/xswitch/xswitch.db")
    assert load(None, [], {"HOME": "/home/x", "XDG_STATE_HOME": "/var/s"}).store.path == Path(
        "/var/s/xswitch/xswitch.db"
    )


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text("")
    read = load(written(tmp_path, '[files]\ndialplan = "plan.toml"\n[store]\npath = "x/y.db"\n'), [], ENVIRON)
    assert read.files.dialplan == tmp_path / "plan.toml"
    assert read.store.path == tmp_path / "x/y.db"
    assert read.files.permissions == assets.conf("permissions.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[listen\n", r":1:8: "),
        ("a = 1\na = 2\n", r":2:6: Cannot overwrite a value"),
        ("x = " + "9" * 5000, r":1:1: Exceeds the limit"),
    ],
)
def test_a_file_that_is_not_toml_is_told_where(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    (problem,) = problems(path)
    assert re.match(re.escape(str(path)) + said, problem)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == [f"{tmp_path}/none.toml: cannot be read: No such file or directory"]
    (tmp_path / "bin.toml").write_bytes(b"\xff\xfe")
    assert problems(tmp_path / "bin.toml") == [f"{tmp_path}/bin.toml: is not UTF-8 text: byte 0"]


def test_names_in_the_environment_that_are_not_ours_are_left_alone() -> None:
    assert load(None, [], ENVIRON | {"XSWITCH_HOME": "/x", "XSWITCHING": "1", "XSWITCH_DOMAIN": "d"}).domain == "d"
    assert "XSWITCH_LISTEN__HTPP: listen.htpp" in problems(None, XSWITCH_LISTEN__HTPP="127.0.0.1:1")[0]


def test_a_path_that_no_system_takes_is_told() -> None:
    (problem,) = problems(None, f"files.dialplan={'x' * 300}")
    assert problem.endswith("cannot be read: File name too long")


def test_a_wrong_value_is_quoted_in_short() -> None:
    (problem,) = problems(None, f"domain={' ' * 10_000}")
    assert len(problem) < 200


def test_an_empty_section_is_no_problem_and_an_unknown_one_is(tmp_path: Path) -> None:
    assert load(written(tmp_path, "[listen]\n[call]\n"), [], ENVIRON) == load(None, [], ENVIRON)
    assert len(problems(written(tmp_path, "[listener]\n"))) == 1


@given(st.text(), st.text())
def test_any_override_gives_a_config_or_a_problem(name: str, value: str) -> None:
    try:
        load(None, [f"{name}={value}"], ENVIRON)
    except ConfigError as error:
        assert error.problems


def test_the_shipped_roles_deny_what_they_do_not_name() -> None:
    roles = permissions(assets.conf("permissions.toml"))
    assert set(roles) == {"user", "operator", "admin"}
    user = roles["user"]
    assert user.allows("methods", "verto.invite")
    assert not user.allows("methods", "jsapi")
    assert not user.allows("channels", "FSevent.channel_create")
    assert roles["admin"].allows("fsapi", "status")


def test_problems_in_permissions_are_told_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('[user]\nmethods = "verto"\nmethod = ["verto"]\n[x]\nfsapi = ["a b"]\n')
    with pytest.raises(ConfigError) as caught:
        permissions(path)
    assert caught.value.problems == [
        f'{path}:2:1: user.methods = "verto": must be a list of names without blanks and commas',
        f"{path}:3:1: user.method = ['verto']: there is no such key; did you mean user.methods?",
        f"{path}:5:1: x.fsapi = ['a b']: must be a list of names without blanks and commas",
    ]


def test_a_role_may_do_what_its_table_says_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('[guest]\n[user]\nmethods = ["verto"]\n')
    assert permissions(path) == {"guest": NOTHING, "user": Permissions(methods=frozenset({"verto"}))}
