"""REFER, Replaces and sipfrag are read as they are meant (RFC 3515, 3891, 3420; S84 to S86)."""

import pytest

from tests.pysip.scenes import request, sip
from xswitch_py.pysip.dialog import DialogId
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.refer import Replaces, read_refer, read_replaces, read_sipfrag, sipfrag
from xswitch_py.pysip.usage import Refused


@pytest.mark.item("S84")
def test_a_blind_transfer() -> None:
    transfer = read_refer(request("REFER", fields=(("r", "<sip:1003@pbx.example>"), ("Referred-By", "<sip:a@b>"))))
    assert transfer.target == sip("sip:1003@pbx.example")
    assert (transfer.replaces, transfer.referred_by, transfer.notify) == (None, "<sip:a@b>", True)


@pytest.mark.item("S84")
def test_an_attended_transfer_names_a_dialog() -> None:
    to = "<sip:1003@pbx.example?Replaces=abc%40host%3Bto-tag%3Dt1%3Bfrom-tag%3Df1&Route=%3Csip:evil.example%3E>"
    transfer = read_refer(request("REFER", fields=(("Refer-To", to),)))
    assert transfer.replaces == Replaces(DialogId("abc@host", "t1", "f1"))
    assert transfer.target == sip("sip:1003@pbx.example")  # other headers are dropped


@pytest.mark.item("S84")
@pytest.mark.parametrize("value", ["false", "FALSE", " false ", "false;x"])
def test_who_wants_no_notify_gets_none(value: str) -> None:
    fields = (("Refer-To", "<sip:1003@pbx.example>"), ("Refer-Sub", value))
    assert not read_refer(request("REFER", fields=fields)).notify


@pytest.mark.item("S84")
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ((), 400),
        ((("Refer-To", "<sip:a@b>"), ("Refer-To", "<sip:c@d>")), 400),
        ((("Refer-To", "<sip:a@b;method=BYE>"),), 403),
        ((("Refer-To", "<sip:a@b?Replaces=x>"),), 400),
        ((("Refer-To", "<sip:a@b?Replaces=x%3Bto-tag%3Dt>"),), 400),
    ],
)
def test_what_cannot_be_done_is_refused(fields: tuple[tuple[str, str], ...], status: int) -> None:
    with pytest.raises(Refused) as refused:
        read_refer(request("REFER", fields=fields))
    assert refused.value.status == status


def test_what_cannot_be_read_is_bad() -> None:
    with pytest.raises(BadMessage):
        read_refer(request("REFER", fields=(("Refer-To", "<<>"),)))


def test_an_invite_may_be_asked_for_by_name() -> None:
    transfer = read_refer(request("REFER", fields=(("Refer-To", "<sip:a@b;method=invite;x=y>"),)))
    assert transfer.target == sip("sip:a@b;x=y")


def test_the_replaces_of_an_invite() -> None:
    """The tags as we see them."""
    invite = request(fields=(("Replaces", "abc@host;to-tag=ours;from-tag=theirs;early-only"),))
    replaces = read_replaces(invite)
    assert replaces == Replaces(DialogId("abc@host", "ours", "theirs"), True)
    assert str(replaces) == "abc@host;to-tag=ours;from-tag=theirs;early-only"
    assert str(Replaces(DialogId("c", "t", "f"))) == "c;to-tag=t;from-tag=f"
    assert read_replaces(request()) is None


@pytest.mark.parametrize(
    "values",
    [
        ("x",),
        ("x;to-tag=a",),
        (";to-tag=a;from-tag=b",),
        ("x;to-tag=\x22a;from-tag=b",),
        ("x;to-tag=a;from-tag=b",) * 2,
    ],
)
def test_a_broken_replaces_is_400(values: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as refused:
        read_replaces(request(fields=tuple(("Replaces", value) for value in values)))
    assert refused.value.status == 400


@pytest.mark.item("S84")
def test_a_sipfrag_ends_with_crlf() -> None:
    """Without it JsSIP drops the event."""
    assert sipfrag(180) == b"SIP/2.0 180 Ringing\r\n"
    assert sipfrag(486, "B\u00fcsy\udcff") == "SIP/2.0 486 B\u00fcsy?\r\n".encode()


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b"SIP/2.0 200 OK\r\n", (200, "OK")),
        (b"SIP/2.0 486 Busy Here", (486, "Busy Here")),
        (b"SIP/2.0 100 \r\nTo: <sip:x>\r\n", (100, "")),
        (b"SIP/2.0 200", (200, "")),
        (b"SIP/2.0 900 No", None),
        (b"HTTP/1.1 200 OK", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_what_a_sipfrag_says(body: bytes, read: tuple[int, str] | None) -> None:
    assert read_sipfrag(body) == read
