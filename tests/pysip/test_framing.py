"""Messages out of a stream, however it is cut; keep-alives; lies about lengths (S7, S15, S25)."""

import pytest

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.framing import PONG, Framer, Ping, Received, is_keep_alive, is_ping
from xswitch_py.pysip.limits import Limits
from xswitch_py.pysip.message import Request, parse, refusal


def message(*more: str, body: str = "", length: int | str | None = -1) -> bytes:
    said = [] if length is None else [f"Content-Length: {len(body) if length == -1 else length}"]
    head = [
        "MESSAGE sip:b@h SIP/2.0",
        "Via: SIP/2.0/TCP h;branch=z9hG4bK1",
        "From: <sip:a@h>;tag=1",
        "To: <sip:b@h>",
        "Call-ID: c1",
        "CSeq: 1 MESSAGE",
    ]
    return ("\r\n".join([*head, *more, *said, "", ""]) + body).encode()


ONE, TWO = message(body="one"), message(body="two\r\n\r\n")


def fed(*pieces: bytes) -> list[Received]:
    framer = Framer()
    return [one for piece in pieces for one in framer.feed(piece)]


def status(one: Received) -> int:
    assert isinstance(one, BadMessage)
    return one.status


@pytest.mark.item("S15")
def test_several_messages_come_at_once() -> None:
    assert fed(ONE + TWO + ONE) == [parse(ONE), parse(TWO), parse(ONE)]


@pytest.mark.item("S15")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_one_message_comes_in_pieces(size: int) -> None:
    stream = ONE + b"\r\n\r\n" + TWO + b"\r\n" + ONE
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert fed(*pieces) == [parse(ONE), Ping(), parse(TWO), parse(ONE)]


def test_a_message_that_has_begun_is_waited_for() -> None:
    framer = Framer()
    for piece, waiting in [
        (b"", 0),
        (b"\r\n", 0),
        (ONE[:1], 1),
        (ONE[1:-2], 1),
        (ONE[-2:-1], 1),
        (ONE[-1:], 0),
        (TWO[:50], 1),
    ]:
        framer.feed(piece)
        assert framer.waiting == bool(waiting)


@pytest.mark.item("S25")
def test_two_line_ends_are_a_ping_and_one_is_a_pong() -> None:
    assert fed(b"\r\n\r\n") == [Ping()]
    assert fed(b"\r\n", b"\r\n") == [Ping()]
    assert fed(b"\r\n", ONE) == [parse(ONE)]
    assert fed(b"\r\n\r\n\r\n\r\n\r\n" + ONE) == [Ping(), Ping(), parse(ONE)]
    assert PONG == b"\r\n"


def test_an_error_inside_a_message_breaks_nothing() -> None:
    framer = Framer()
    bad = ONE.replace(b"CSeq: 1 MESSAGE", b"CSeq: 1 BYE")
    first, second = framer.feed(bad + TWO)
    assert status(first) == 400
    assert isinstance(first, BadMessage)
    assert refusal(first, "t")
    assert second == parse(TWO)
    assert not framer.broken


@pytest.mark.item("S6")
@pytest.mark.item("S7")
@pytest.mark.item("S108")
@pytest.mark.parametrize(
    ("stream", "answer"),
    [
        (message(length=None), 400),
        (message(length="-1"), 400),
        (message(length="x"), 400),
        (message("l: 1", body="ab"), 400),
        (message(length=Limits.STREAM), 513),
        (message("no colon"), 400),
        (message("X: " + "x" * Limits.HEAD), 513),
        (message("X: " + "x" * Limits.HEAD)[: Limits.HEAD + 1], 513),
        (b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 0),
        (b"\x16\x03\x01" + b"\0" * 100 + b"\r\n\r\n", 0),
        (b"\nOPTIONS sip:h SIP/2.0\r\n\r\n", 0),
        (b"\r\n\rx\r\n\r\n", 0),
    ],
)
def test_an_error_of_framing_ends_the_stream(stream: bytes, answer: int) -> None:
    framer = Framer()
    (bad,) = framer.feed(stream + ONE)
    assert status(bad) == answer
    assert framer.broken
    assert not framer.waiting
    assert framer.feed(ONE) == []


def test_what_came_before_an_error_is_kept() -> None:
    first, second = fed(ONE + b"x\r\n\r\n" + TWO)
    assert first == parse(ONE)
    assert status(second) == 0


@pytest.mark.item("S7")
def test_a_body_that_lies_about_its_length_cannot_hide_a_message_for_long() -> None:
    """What is called a body is one, and what is left of it is no message."""
    one = fed(message(length=len(TWO)) + TWO)
    assert isinstance(one[0], Request)
    assert one[0].body == TWO
    assert len(one) == 1
    assert [type(each) for each in fed(message(body="abc", length=1) + ONE)] == [Request, BadMessage]


def test_keep_alives_are_no_messages() -> None:
    assert all(map(is_keep_alive, [b"", b"\0", b"\r\n\r\n", b"\r\n\r\n\r\n\0", b"\xff\xff\xff\xff"]))
    assert not is_keep_alive(ONE)
    assert not is_keep_alive(b"hello")
    assert is_ping(b"\r\n\r\n")
    assert not is_ping(b"\r\n")
