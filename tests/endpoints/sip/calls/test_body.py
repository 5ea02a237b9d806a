"""The SDP in a body: alone, among other parts, or not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.endpoints.sip.calls.body import sdp_in
from xswitch_py.pysip.limits import Limits
from xswitch_py.pysip.message import Headers, Message
from xswitch_py.pysip.usage import Refused

SDP = "v=0\r\ns=--b1\r\nt=0 0\r\n"
ISUP = (
    "Content-Type: application/isup;version=nxv3\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x10\r\n"
)
BASE64 = "dj0wDQpzPS0tYjENCnQ9MCAwDQo="
PIECES = (
    b"--b1", b"--b1--",
    b"\r\n", b"\n", b"Content-Type:", b"application/sdp", b"/", b";", b'"', b"=", b"*0*", b"\xff", b"x"
)  # fmt: skip
MIXED = 'multipart/mixed;boundary="b1"'


def message(body: str | bytes, kind: str = "application/sdp", *fields: tuple[str, str]) -> Message:
    named = (("Content-Type", kind),) if kind else ()
    return Message(Headers(*named, *fields), body.encode() if isinstance(body, str) else body)


def parts(*each: str, mark: str = "b1") -> str:
    return "".join(f"--{mark}\r\n{part}\r\n" for part in each) + f"--{mark}--\r\n"


@pytest.mark.parametrize("kind", ["application/sdp", "Application/SDP; charset=utf-8", ""])
def test_sdp_alone_is_found(kind: str) -> None:
    assert sdp_in(message(SDP, kind)) == SDP


def test_no_body_is_no_sdp() -> None:
    assert sdp_in(message("")) is None


@pytest.mark.item("S79")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (MIXED, parts(ISUP, f"Content-Type: application/sdp\r\n\r\n{SDP}")),
        (MIXED, parts(f"Content-Type: application/sdp\r\n\r\n{SDP}", ISUP)),
        (MIXED, "A preamble.\r\n" + parts(f"content-type:application/SDP\r\nContent-ID: <1>\r\n\r\n{SDP}")),
        ("multipart/mixed; boundary=b.1", parts(f"Content-Type: application/sdp\r\n\r\n{SDP}", mark="b.1")),
        ("Multipart/Related;type=x;BOUNDARY=b1;q=1", parts(f"Content-Type: application/sdp\r\n\r\n{SDP}")),
        (MIXED, parts(f"Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\n{BASE64}")),
    ],
)
def test_sdp_is_found_among_other_parts(kind: str, body: str) -> None:
    """A mark inside a line is no mark."""
    assert sdp_in(message(body, kind)) == SDP


@pytest.mark.item("S79")
def test_parts_with_bare_line_feeds_are_read() -> None:
    body = parts(ISUP, f"Content-Type: application/sdp\r\n\r\n{SDP}").replace("\r\n", "\n")
    assert sdp_in(message(body, MIXED)) == SDP.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (415, message("hello", "text/plain")),
        (415, message(SDP, "application/sdp", ("Content-Encoding", "gzip"))),
        (415, message(parts(ISUP), MIXED)),
        (415, message(parts("\r\nno type"), MIXED)),
        (
            415,
            message(parts(*["Content-Type: a/b\r\n\r\nx"] * 8, f"Content-Type: application/sdp\r\n\r\n{SDP}"), MIXED),
        ),
        (400, message(SDP, "multipart/mixed")),
        (513, message("x" * (Limits.SDP_BODY + 1))),
    ],
)
def test_what_is_no_sdp_is_refused(status: int, refused: Message) -> None:
    with pytest.raises(Refused) as caught:
        sdp_in(refused)
    assert caught.value.status == status
    assert (status == 415) == ("Accept" in dict(caught.value.fields))


def test_what_may_be_ignored_is() -> None:
    assert sdp_in(message("x", "application/x", ("Content-Disposition", "render; handling=optional"))) is None


@pytest.mark.item("S107")
@given(st.lists(st.sampled_from(PIECES)))
def test_any_parts_give_sdp_or_a_refusal(pieces: list[bytes]) -> None:
    try:
        sdp_in(message(b"".join(pieces), MIXED))
    except Refused as refused:
        assert refused.status in (400, 415)
