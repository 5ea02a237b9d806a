"""How we log: X22, secrets appear in no line."""

import io
import json
import logging
import time
from collections.abc import Iterator
from timeit import repeat
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.logs import Line, Ring, redact, redacted, setup

SECRET = "s3cr3tW0rd"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def logged(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    read: dict[str, Any] = json.loads(line)
    return read


TEXTS = [
    '{"method":"login","params":{"login":"1000","passwd":"s3cr3tW0rd"}}',
    '{"passwd" : "s3cr3tW0rd"}',
    '{"Password":"s3cr3tW0rd","x":1}',
    '{"passwd":"\\"s3cr3tW0rd","x":1}',
    '{"passwd":"\\\\s3cr3tW0rd\\\\","x":1}',
    '{"passwd":"s3cr3tW0rd',
    '{"xcc_token":"s3cr3tW0rd"}',
    '{"loginParams":{"jsonrpc-password":"s3cr3tW0rd"}}',
    '{"text":"{\\"passwd\\":\\"s3cr3tW0rd\\"}"}',
    '{"sdp":"v=0\\r\\na=ice-ufrag:abcd\\r\\na=ice-pwd:s3cr3tW0rd\\r\\na=mid:0"}',
    "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:s3cr3tW0rd\r\na=mid:0\r\n",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:s3cr3tW0rd|2^20|1:4\r\n",
    'Authorization: Digest username="1000", response="5ec0de"',
    "authorization: Bearer xs_s3cr3tW0rd",
    "GET /ws?token=s3cr3tW0rd&x=1",
    '{"passwd":\n"s3cr3tW0rd"}',
    '{"xui_sessid" : "s3cr3tW0rd"}',
]


@pytest.mark.parametrize("text", TEXTS)
def test_secrets_in_a_text_are_hidden(text: str) -> None:
    hidden = redacted(text)
    assert SECRET not in hidden
    assert "5ec0de" not in hidden
    assert "***" in hidden


def test_numbers_as_secrets_are_hidden() -> None:
    assert redacted('{"passwd":1234,"id":1234}') == '{"passwd":***,"id":1234}'


@pytest.mark.parametrize(
    "text",
    [
        '{"jsonrpc":"2.0","method":"verto.invite","params":{"sdp":"v=0\\r\\na=ice-ufrag:abcd"},"id":4}',
        "ice-pwd is not shown",
        '{"message":"Missing passwd"}',
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


def test_the_rest_of_a_message_stays() -> None:
    assert redacted(TEXTS[0]) == '{"method":"login","params":{"login":"1000","passwd":"***"}}'
    assert redacted(TEXTS[10]) == "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:***\r\na=mid:0\r\n"


@given(st.text(max_size=200), st.text(max_size=50).filter(lambda word: "s3cr3tw0rd" not in word.lower()))
def test_a_password_of_any_letters_is_hidden_in_json(password: str, other: str) -> None:
    told = json.dumps({"login": other, "passwd": SECRET + password + SECRET, "x": other})
    assert SECRET not in redacted(told)
    assert SECRET not in redacted(json.dumps({"text": told}))


@given(st.text(st.sampled_from('"\\:pasword{}a=ic-?& \r\n'), max_size=2000))
def test_any_text_is_read_in_bounded_time(text: str) -> None:
    redacted(text)


def test_a_long_text_of_quotes_is_read_in_bounded_time() -> None:
    redacted('"' * 100_000)
    redacted('"passwd":"' * 20_000)


@pytest.mark.parametrize("key", ["passwd", "password", "Authorization", "xcc_token", "client_secret", "ice_pwd", "ha1"])
def test_secret_keys_are_hidden_however_deep(key: str) -> None:
    event = {
        "event": "x",
        key: SECRET,
        "params": {key: SECRET, "list": [{key: SECRET}]},
        "text": f'{{"{key}":"{SECRET}"}}',
    }
    assert SECRET not in str(redact(None, "info", event))


def test_other_values_are_hidden_by_their_text() -> None:
    event = redact(
        None, "info", {"event": "x", "raw": b'{"passwd":"s3cr3tW0rd"}', "error": ValueError('"pwd":"s3cr3tW0rd"')}
    )
    assert SECRET not in str(event)
    assert redact(None, "info", {"n": 1, "f": 1.5, "t": True, "none": None}) == {
        "n": 1,
        "f": 1.5,
        "t": True,
        "none": None,
    }


def test_a_json_line_names_its_logger_call_and_leg() -> None:
    stream = io.StringIO()
    setup("info", as_json=True, stream=stream)
    with structlog.contextvars.bound_contextvars(call="c1", leg="l1"):
        structlog.get_logger("xswitch.core").info("ended", cause="USER_BUSY", name="张三")
    line = logged(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "ended", "level": "info", "logger": "xswitch.core", "call": "c1", "leg": "l1", "cause": "USER_BUSY",
        "name": "张三",
    }  # fmt: skip


def test_what_weighs_too_little_is_not_logged() -> None:
    stream = io.StringIO()
    setup("info", as_json=True, stream=stream)
    structlog.get_logger("xswitch.verto").debug("<", text="{}")
    logging.getLogger("aiortc").info("hello")
    assert stream.getvalue() == ""
    setup("debug", as_json=True, stream=stream)
    structlog.get_logger("xswitch.verto").debug("<", text='{"passwd":"s3cr3tW0rd"}')
    assert logged(stream)["text"] == '{"passwd":"***"}'


def test_warnings_of_libraries_are_lines_of_ours() -> None:
    stream = io.StringIO()
    setup("info", as_json=True, stream=stream)
    logging.getLogger("uvicorn.error").warning("bad %s", '{"passwd":"s3cr3tW0rd"}')
    line = logged(stream)
    assert (line["event"], line["level"], line["logger"]) == ('bad {"passwd":"***"}', "warning", "uvicorn.error")


@pytest.mark.parametrize("as_json", [True, False])
def test_an_exception_is_told_without_its_secrets(as_json: bool) -> None:
    stream = io.StringIO()
    setup("info", as_json=as_json, stream=stream)
    try:
        raise ValueError('{"passwd":"s3cr3tW0rd"}')
    except ValueError:
        structlog.get_logger("xswitch.core").exception("bug")
        logging.getLogger("asyncio").exception("bug")
    assert stream.getvalue().count("ValueError: ") == 2
    assert SECRET not in stream.getvalue()


def test_a_readable_line_is_one_line_whatever_a_peer_says() -> None:
    stream = io.StringIO()
    setup("info", as_json=False, stream=stream)
    structlog.get_logger("xswitch.core").info("ended", name="Eve\n2026-01-01 info forged\x1b[2J\u202e 张三")
    (line,) = stream.getvalue().splitlines()
    assert "Eve␊2026-01-01 info forged␛[2J" in line
    assert "\x1b" not in line
    assert "张三" in line


def kept(**facts: Any) -> Line:
    """Log one line; give what the ring has of it."""
    ring = Ring()
    setup("debug", as_json=True, stream=io.StringIO(), ring=ring)
    structlog.get_logger("xswitch.test").info("happened", **facts)
    (line,) = ring.after(0)
    return line


def test_the_last_lines_are_kept_as_they_were_written() -> None:
    ring, stream = Ring(), io.StringIO()
    setup("info", as_json=True, stream=stream, ring=ring)
    structlog.contextvars.bind_contextvars(call="c1", leg="l1")
    before = time.time()
    structlog.get_logger("xswitch.core").warning("odd", user="1000", times=3, share=0.5, good=True, why=None)
    structlog.get_logger("xswitch.core").debug("not so loud")
    (line,) = ring.after(0)
    assert (line.level, line.logger, line.event, line.call) == ("warning", "xswitch.core", "odd", "c1")
    facts = {"user": "1000", "times": 3, "share": 0.5, "good": True, "why": None, "call": "c1", "leg": "l1"}
    assert line.facts == facts
    assert before - 1 < line.at <= time.time() and abs(line.id / 1000 - before) < 5
    shown = logged(stream)
    assert {name: shown[name] for name in facts} == facts, "and they are written as ever"


def test_lines_of_libraries_are_kept_too_and_without_their_innards() -> None:
    ring = Ring()
    setup("info", as_json=True, stream=io.StringIO(), ring=ring)
    logging.getLogger("aiortc").error("it broke: %s", "badly", extra={"token": SECRET})
    (line,) = ring.after(0)
    assert (line.level, line.logger, line.event, line.facts) == ("error", "aiortc", "it broke: badly", {"token": "***"})


@pytest.mark.parametrize("text", TEXTS)
def test_secrets_are_in_no_line_that_is_kept(text: str) -> None:
    """X22."""
    line = kept(text=text, password=SECRET, nested={"a": [{"token": SECRET, "x": text}]}, raw=text.encode())
    assert SECRET not in repr((line.event, dict(line.facts)))
    assert "5ec0de" not in repr(dict(line.facts))


def test_a_secret_is_hidden_before_a_line_is_cut() -> None:
    """Half of a secret, whose name was cut off, would be known by no pattern."""
    for length in range(950, 1010):
        line = kept(text="x" * length + f'{{"passwd":"{SECRET}"}}')
        assert SECRET[:4] not in repr(dict(line.facts))


def test_what_is_too_long_is_cut_and_what_happened_is_seen_first() -> None:
    line = kept(first="a" * 5000, second="b", numbers=list(range(1000)))
    assert line.event == "happened"
    assert line.facts["first"] == "a" * len(str(line.facts["first"]).removesuffix("\u2026")) + "\u2026"
    assert 900 < sum(len(str(part)) for part in (line.event, *line.facts.values())) <= 1001
    assert list(kept(list=[1, 2], none=None).facts.items()) == [("list", "[1, 2]"), ("none", None)]


def test_of_what_went_wrong_the_end_is_kept() -> None:
    ring = Ring()
    setup("info", as_json=True, stream=io.StringIO(), ring=ring)
    try:
        raise ValueError("x" * 900 + "the end")
    except ValueError:
        structlog.get_logger("xswitch.test").exception("it broke")
    (line,) = ring.after(0)
    text = str(line.facts["exception"])
    assert (line.level, line.event, text[0], text[-7:]) == ("error", "it broke", "\u2026", "the end")


def test_only_so_many_lines_are_kept_in_bounded_memory() -> None:
    ring = Ring()
    setup("info", as_json=True, stream=io.StringIO(), ring=ring)
    log = structlog.get_logger("xswitch.test")
    for number in range(2500):
        log.info("\u4e2d" * 700, number=number, text="\u4e2d" * 700)
    lines = ring.after(0)
    assert (len(lines), lines[0].facts["number"], lines[-1].facts["number"]) == (2000, 500, 2499)
    assert ring.after(lines[-3].id)[0].facts["number"] == 2498
    assert sum(len(line.event) + len(str(dict(line.facts))) for line in lines) < 2000 * 1100


def test_nothing_in_a_kept_line_steers_what_shows_it() -> None:
    line = kept(text="a\x1b[2J\u202eb", **{"k\x00": "v"})
    assert line.facts == {"text": "a\u241b[2J\ufffdb", "k\u2400": "v"}


def test_keeping_a_line_costs_next_to_nothing() -> None:
    """On a machine that does nothing else it is 1 us; the bound leaves room for others."""
    ring = Ring()
    event = {"user": "1001@localhost", "door": "verto", "contact": "ws 127.0.0.1:1234", "round": 1, "event": "ringing"}
    event |= {"call": "0123456789abcdef01234567", "leg": "8f1b1f5e-1111", "level": "info", "logger": "xswitch.core"}
    assert min(repeat(lambda: ring(None, "info", event), number=1000, repeat=50)) / 1000 < 2e-6
