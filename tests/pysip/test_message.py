"""Messages: what is read, what is refused with which answer, what is written, and what answers copy."""

import re

import pytest

from xswitch_py.pysip.errors import BadMessage, SipError
from xswitch_py.pysip.headers import STAR, Address, CSeq, Via
from xswitch_py.pysip.message import (
    Headers,
    Message,
    Request,
    Response,
    new_branch,
    new_call_id,
    new_tag,
    note_source,
    parse,
    reason_phrase,
    refusal,
    response_to,
    serialise,
)
from xswitch_py.pysip.uri import Uri, parse_uri

ANN = Address("Ann", parse_uri("sip:1001@pbx.example"), {"tag": "c0e1u"})
BOB = Address(uri=parse_uri("sip:1002@pbx.example"))
HEAD = [
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
    "From: <sip:a@h>;tag=1",
    "To: <sip:b@h>",
    "Call-ID: c1",
    "CSeq: 1 INVITE",
]


def lines(
    *more: str, start: str = "INVITE sip:b@h SIP/2.0", without: str = "", body: str = "", end: str = "\r\n"
) -> bytes:
    """A message of the usual fields but those that begin with `without`, and of more."""
    kept = [line for line in HEAD if not (without and line.startswith(without))]
    return (end.join([start, *kept, *more, "", ""]) + body).encode("utf-8", "surrogateescape")


def request(*more: str, **how: str) -> Request:
    message = parse(lines(*more, **how))
    assert isinstance(message, Request)
    return message


def refused(data: bytes) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        parse(data)
    return caught.value


def test_a_request_is_read() -> None:
    message = request(
        "m: <sip:a@1.2.3.4>, <sip:c@h>;q=0.5", "k: timer,100rel", "c: application/SDP; x=y", "Expires: 60"
    )
    assert (message.method, message.uri) == ("INVITE", parse_uri("sip:b@h"))
    assert message.vias == (Via("UDP", "192.0.2.1", 5060, "z9hG4bK1"),)
    assert (message.from_.tag, message.to.tag, message.call_id) == ("1", "", "c1")
    assert message.cseq == CSeq(1, "INVITE")
    assert [str(contact) for contact in message.contacts] == ["<sip:a@1.2.3.4>", "<sip:c@h>;q=0.5"]
    assert message.tokens("Supported") == {"timer", "100rel"}
    assert (message.content_type, message.expires, message.max_forwards) == ("application/sdp", 60, 70)
    assert message.routes == message.record_routes == message.addresses("Path") == ()
    assert message.address("Refer-To") is None


def test_a_response_is_read() -> None:
    message = parse(lines(start="SIP/2.0 183 Bald größer"))
    assert message == Response(message.headers, b"", 183, "Bald größer")
    assert parse(lines(start="SIP/2.0 200 ")).headers == message.headers


@pytest.mark.item("S5")
def test_names_come_in_any_case_compact_folded_and_with_blanks() -> None:
    message = request("sUBJECT  :  I know\r\n   you're there,\r\n\tpick up   ", "X-Odd: \t 1", "k\t:timer", "s2:")
    assert message.headers.get("Subject") == "I know you're there, pick up"
    assert message.headers.get("x-odd") == "1"
    assert message.headers.get("Supported") == "timer"
    assert message.headers.get("S2") == ""


def test_lines_may_all_end_in_bare_lf() -> None:
    message = request("Subject: a\n b", end="\n", body="v=0\r\n\r\n")
    assert message.headers.get("Subject") == "a b"
    assert message.body == b"v=0\r\n\r\n"


def test_line_ends_before_a_message_are_skipped() -> None:
    assert parse(b"\r\n\r\n\n" + lines()) == parse(lines())


def test_bytes_that_are_no_utf_8_kill_no_call() -> None:
    """A display name in Latin-1 is kept in here, and leaves as question marks."""
    message = parse(lines('P-Name: "J\udcfcrg" <sip:j\udcfc@h>'))
    named = message.address("P-Name")
    assert named
    assert named.display == "J\udcfcrg"
    assert str(named.uri) == "sip:j%FC@h"
    assert b'"J?rg"' in serialise(message)


def test_a_display_name_in_utf_8_goes_through() -> None:
    message = request('P-Name: "Jörg" <sip:j@h>')
    assert 'P-Name: "Jörg"'.encode() in serialise(message)


@pytest.mark.item("S4")
@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("INVITE sip:b@h SIP/3.0", 505), ("INVITE sip:b@h sip/1.0", 505), ("INVITE sip:b c@h SIP/2.0", 400),
        ("INVITE  sip:b@h SIP/2.0", 400), ("INVITE sip:b@h SIP/2.0 ", 400), ("INVITE <sip:b@h> SIP/2.0", 400),
        ("INVITE  SIP/2.0", 400), ("INVITE sip:@ SIP/2.0", 400), ("INVITE http://x SIP/2.0", 416),
        (f"INVITE sip:{'b' * 1024}@h SIP/2.0", 414), ("INVITE sip:b@h SIP/2.0\r\n folded", 0),
        ("GET / HTTP/1.1", 0), ("INVITE sip:b@h", 0), ("", 0), ("IN(VITE sip:b@h SIP/2.0", 0),
        ("SIP/2.0 099 x", 0), ("SIP/2.0 700 x", 0), ("SIP/2.0 20 x", 0), ("SIP/2.0 4294967301 x", 0),
        ("SIP/1.0 200 x", 0),
    ],
)  # fmt: skip
def test_a_start_line_that_is_none_gets_its_answer(start: str, status: int) -> None:
    assert refused(lines(start=start)).status == status


@pytest.mark.item("S4")
@pytest.mark.parametrize("start", ["invite sip:b@h SIP/2.0", "!odd-M.%*_+`'~ sip:b@h sip/2.0", "X tel:1 SIP/2.0"])
def test_other_methods_and_cases_are_read(start: str) -> None:
    message = parse(lines(f"CSeq: 1 {start.partition(' ')[0]}", start=start, without="CSeq"))
    assert isinstance(message, Request)
    assert message.method == start.partition(" ")[0]


@pytest.mark.item("S6")
@pytest.mark.item("S108")
@pytest.mark.parametrize(
    ("more", "without", "status"),
    [
        (["X: \0"], "", 0), (["X: \x01"], "", 0), (["X: a\rb"], "", 0), (["X: a\nY: b"], "", 0),
        (["no colon"], "", 400), (["a b: c"], "", 400), ([": c"], "", 400),
        ([], "Call-ID", 400), ([], "CSeq", 400), ([], "From", 400), ([], "To", 400), ([], "Via", 0),
        (["Call-ID: c2"], "", 400), (["CSeq: 1 INVITE"], "", 400), (["f: <sip:x>"], "", 400), (["t: <sip:x>"], "", 400),
        (["Max-Forwards: 1", "Max-Forwards: 1"], "", 400), (["Max-Forwards: 256"], "", 400),
        (["Max-Forwards: -1"], "", 400), (["Max-Forwards: 12345678901"], "", 400),
        (["CSeq: 1 BYE"], "CSeq", 400), (["CSeq: 2147483648 INVITE"], "CSeq", 400), (["CSeq: x INVITE"], "CSeq", 400),
        (["Content-Length: -1"], "", 400), (["l: x"], "", 400), (["l: 00000000000"], "", 400),
        (["l: 0", "Content-Length: 1"], "", 400), (["l: 1"], "", 400),
        (["Call-ID:"], "Call-ID", 400), (["Call-ID: a b"], "Call-ID", 400), ([f"Call-ID: {'c' * 257}"], "Call-ID", 400),
        (['From: "x <sip:a@h>'], "From", 400), (["To: <sip:a@h"], "To", 400), (["To: *"], "To", 400),
        ([f"To: <sip:a@h>;tag={'t' * 129}"], "To", 400), (["Via: x"], "", 0), (["Via: x"], "Via", 0),
        (["Contact: <sip:a@h>, <sip"], "", 400), (["Contact: *"], "", 400), (["Contact: sip:a@h?x=y"], "", 400),
        (["Contact: <sip:a@h>"] * 11, "", 400), (["Route: <sip:a@h>"] * 21, "", 400),
        (["Record-Route: <sip:a@h>"] * 21, "", 400), (["Route: x"], "", 400),
        (["Via: SIP/2.0/UDP h"] * 70, "", 483), (["X: y"] * 196, "", 400), ([f"X: {'y' * 8190}"], "", 400),
        ([f"X: {'y' * 8000}"] * 5, "", 513),
    ],
)  # fmt: skip
def test_what_is_refused(more: list[str], without: str, status: int) -> None:
    """0 where nothing can be answered."""
    assert refused(lines(*more, without=without)).status == status


@pytest.mark.item("S108")
def test_what_is_just_not_refused() -> None:
    assert len(request(*["Via: SIP/2.0/UDP h"] * 69).vias) == 70
    assert len(request(*["X: y"] * 195).headers) == 200
    assert request(f"X: {'y' * 8189}", "Max-Forwards: 255").max_forwards == 255
    assert len(request(*["Contact: <sip:a@h>"] * 10, *["Route: <sip:a@h>"] * 20).routes) == 20


@pytest.mark.item("S108")
def test_a_message_has_a_largest_size() -> None:
    small = lines(body="x")
    assert len(parse(small + b"x" * (65_536 - len(small))).body) > 60_000
    assert refused(small + b"x" * (65_536 - len(small) + 1)).status == 513
    assert refused(b"x" * 40_000).status == 0
    assert refused(lines("c: application/sdp", body="x" * 32_769)).status == 513
    assert parse(lines("c: application/sdp", body="x" * 32_768)).body
    text = {"start": "MESSAGE sip:b@h SIP/2.0", "without": "CSeq"}
    assert refused(lines("CSeq: 1 MESSAGE", body="x" * 16_385, **text)).status == 513
    assert parse(lines("CSeq: 1 MESSAGE", body="x" * 16_384, **text)).body


@pytest.mark.item("S7")
def test_a_body_is_as_long_as_it_says_or_the_rest() -> None:
    assert request("l: 3", body="abcdef").body == b"abc"
    assert request("l: 3", "Content-Length: 3", body="abc").body == b"abc"
    assert request(body="abc").body == b"abc"
    assert refused(lines("l: 4", body="abc")).status == 400
    assert "Content-Length" not in request("l: 0").headers


def test_a_head_has_an_end() -> None:
    assert refused(lines()[:-2]).status == 400
    assert refused(b"").status == 0


@pytest.mark.item("S10")
@pytest.mark.parametrize(
    "line",
    [
        "Date: yesterday", "Retry-After: x", "Accept-Language: ;;", "Warning: x", "Expires: 1e9", "Refer-To: <",
        "Authorization: ?", "Supported: \", x", "Content-Type: ;", "X-\x21: ",
    ],
)  # fmt: skip
def test_a_broken_field_that_need_not_be_there_fails_no_message(line: str) -> None:
    message = request(line)
    assert message.expires is None
    assert line.partition(":")[0] in message.headers


def test_a_broken_field_fails_who_reads_it() -> None:
    with pytest.raises(BadMessage):
        request("Refer-To: <").address("Refer-To")
    for read in ("vias", "from_", "to", "cseq"):
        with pytest.raises(BadMessage):
            getattr(Message(), read)


@pytest.mark.item("S47")
def test_only_a_register_may_have_a_star() -> None:
    register = {"start": "REGISTER sip:h SIP/2.0", "without": "CSeq"}
    assert request("CSeq: 1 REGISTER", "Contact: *", "Expires: 0", **register).contacts == (STAR,)
    assert refused(lines("CSeq: 1 REGISTER", "Contact: *", "Contact: <sip:a@h>", **register)).status == 400
    assert parse(lines("Contact: *", start="SIP/2.0 200 OK")).contacts == (STAR,)


def test_typed_values_follow_the_headers() -> None:
    message = request()
    assert message.cseq.number == 1
    message.headers.set("CSeq", "2 INVITE")
    assert message.cseq.number == 2


def test_a_refusal_repeats_what_could_be_read() -> None:
    """The answer to a message that is not quite one."""
    bad = refused(lines("no colon", "CSeq: 2 INVITE", "Via: SIP/2.0/TCP x", "Subject: y"))
    answer = refusal(bad, "t1")
    assert answer
    assert serialise(answer).decode().split("\r\n") == [
        "SIP/2.0 400 Bad Header Field",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
        "Via: SIP/2.0/TCP x",
        "From: <sip:a@h>;tag=1",
        "To: <sip:b@h>;tag=t1",
        "Call-ID: c1",
        "CSeq: 1 INVITE",
        "Content-Length: 0",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("to", "answered"), [("<sip:b@h>;tag=x", "<sip:b@h>;tag=x"), ("<broken", "<broken"), ("", None)]
)
def test_a_refusal_leaves_a_to_that_it_cannot_tag(to: str, answered: str | None) -> None:
    bad = refused(lines(*([f"To: {to}"] if to else []), "no colon", without="To"))
    answer = refusal(bad, "t1")
    assert answer
    assert answer.headers.get("To") == answered


@pytest.mark.item("S6")
@pytest.mark.item("S30")
@pytest.mark.parametrize(
    "data",
    [
        lines("CSeq: 1 ACK", "no colon", start="ACK sip:b@h SIP/2.0", without="CSeq"),
        lines("no colon", start="SIP/2.0 200 OK"),
        lines("no colon", without="Via"), lines("Via: x", "no colon"), b"\x16\x03\x01\x02\0", lines("x: \0"),
    ],
)  # fmt: skip
def test_what_deserves_no_answer_gets_none(data: bytes) -> None:
    """No ACK and no response is answered, nor what has no Via to trust."""
    assert refusal(refused(data), "t1") is None


def test_an_error_says_what_is_wrong_and_nothing_of_the_peer() -> None:
    bad = refused(lines("no colon secret"))
    assert str(bad) == "400 Bad Header Field"
    assert isinstance(bad, SipError)


def invite(**more: object) -> Request:
    made = Request.new("INVITE", BOB.uri, from_=ANN, to=BOB, call_id="0t5ajq", cseq=4271, via=Via("WSS", "q8.invalid"))
    for name, value in more.items():
        made.headers.add(name.replace("_", "-"), str(value))
    return made


def test_a_request_is_written_in_order() -> None:
    made = Request.new(
        "INVITE",
        parse_uri("sip:1002@198.51.100.20:5062"),
        via=Via("UDP", "203.0.113.5", 5060, "z9hG4bKb7", rport=0),
        from_=ANN,
        to=BOB,
        call_id="6c1f",
        cseq=20117,
        contact=Address(uri=parse_uri("sip:gw@203.0.113.5:5060")),
        routes=[Address(uri=parse_uri("sip:p1;lr")), Address(uri=parse_uri("sip:p2;lr"))],
        max_forwards=68,
        fields=[("k", "100rel, timer")],
        body=b"v=0\r\n",
        content_type="application/sdp",
    )
    made.headers.add("Record-Route", "<sip:p3;lr>")
    assert serialise(made).decode() == "\r\n".join(
        [
            "INVITE sip:1002@198.51.100.20:5062 SIP/2.0",
            "Via: SIP/2.0/UDP 203.0.113.5:5060;rport;branch=z9hG4bKb7",
            "Max-Forwards: 68",
            "Record-Route: <sip:p3;lr>",
            "Route: <sip:p1;lr>",
            "Route: <sip:p2;lr>",
            'From: "Ann" <sip:1001@pbx.example>;tag=c0e1u',
            "To: <sip:1002@pbx.example>",
            "Call-ID: 6c1f",
            "CSeq: 20117 INVITE",
            "Contact: <sip:gw@203.0.113.5:5060>",
            "Supported: 100rel, timer",
            "Content-Type: application/sdp",
            "Content-Length: 5",
            "",
            "v=0\r\n",
        ]
    )
    assert parse(serialise(made)) == made
    bare = Request.new("BYE", BOB.uri, from_=ANN, to=BOB, call_id="x", cseq=1)
    assert "Via" not in bare.headers


@pytest.mark.item("S11")
@pytest.mark.parametrize(
    "made",
    [
        Request(Headers(), b"", "IN VITE", BOB.uri), Request(Headers(), b"", "", BOB.uri),
        Request(Headers(), b"", "A", Uri()),
        Response(Headers(), b"", 200, "OK\r\nVia: x"), Response(Headers(), b"", 0, ""),
        Response(Headers(), b"", 700, ""),
    ],
)  # fmt: skip
def test_a_start_line_that_is_none_is_not_written(made: Request | Response) -> None:
    with pytest.raises(ValueError):
        serialise(made)


def test_the_body_decides_its_length() -> None:
    made = Response(Headers(("Subject", "x")), b"\xff\0", 200, "OK")
    assert serialise(made) == b"SIP/2.0 200 OK\r\nSubject: x\r\nContent-Length: 2\r\n\r\n\xff\0"
    made.headers.add("Content-Length", "9")
    assert serialise(made).count(b"Content-Length") == 1


def test_an_answer_copies_what_it_must() -> None:
    asked = invite(Record_Route="<sip:p;lr>", Timestamp="5", Via="SIP/2.0/UDP h")
    answer = response_to(
        asked,
        200,
        to_tag="a77d",
        contact=ANN,
        fields=[("Require", "timer")],
        body=b"v=0",
        content_type="application/sdp",
    )
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"v=0")
    assert answer.headers.all("Via") == ["SIP/2.0/WSS q8.invalid", "SIP/2.0/UDP h"]
    assert answer.to.tag == "a77d"
    assert answer.headers.get("Record-Route") == "<sip:p;lr>"
    assert "Timestamp" not in answer.headers
    assert "Max-Forwards" not in answer.headers
    assert answer.contacts == (ANN,)
    assert answer.tokens("Require") == {"timer"}
    assert answer.content_type == "application/sdp"


def test_a_100_has_no_tag_but_the_timestamp() -> None:
    asked = invite(Record_Route="<sip:p;lr>", Timestamp="5")
    answer = response_to(asked, 100, to_tag="a77d")
    assert answer.to.tag == ""
    assert answer.headers.get("Timestamp") == "5"
    assert "Record-Route" not in answer.headers


def test_a_refusing_answer_and_one_outside_dialogs_have_no_route() -> None:
    assert "Record-Route" not in response_to(invite(Record_Route="<sip:p;lr>"), 486).headers
    asked = Request.new(
        "OPTIONS", BOB.uri, from_=ANN, to=BOB, call_id="x", cseq=1, fields=[("Record-Route", "<sip:p>")]
    )
    assert "Record-Route" not in response_to(asked, 200).headers


def test_a_tag_stays() -> None:
    asked = invite()
    asked.headers.set("To", "<sip:b@h>;tag=old")
    assert response_to(asked, 200, "Fine", to_tag="new").headers.get("To") == "<sip:b@h>;tag=old"
    assert response_to(asked, 200, "Fine").reason == "Fine"


def test_an_answer_changes_no_request() -> None:
    asked = invite()
    response_to(asked, 200, to_tag="x").headers.add("Via", "SIP/2.0/UDP h")
    assert len(asked.headers.all("Via")) == 1
    assert asked.to.tag == ""


def test_statuses_have_phrases() -> None:
    assert reason_phrase(486) == "Busy Here"
    assert reason_phrase(499) == "Client Error"
    assert reason_phrase(999) == "Unknown"


@pytest.mark.item("S14")
def test_where_a_request_came_from_is_noted() -> None:
    asked = invite(Via="SIP/2.0/UDP h")
    note_source(asked, "198.51.100.7", 50122)
    assert asked.headers.all("Via") == ["SIP/2.0/WSS q8.invalid;received=198.51.100.7", "SIP/2.0/UDP h"]
    assert asked.vias[0].received == "198.51.100.7"
    same = request()
    note_source(same, "192.0.2.1", 5060)
    assert same == request()


@pytest.mark.item("S12")
def test_identifiers_are_random() -> None:
    for make, size in ((new_tag, 16), (new_branch, 31), (new_call_id, 32)):
        made = {make() for _ in range(100)}
        assert len(made) == 100
        assert {len(one) for one in made} == {size}
        assert all(re.fullmatch("(z9hG4bK)?[0-9a-f]+", one) for one in made)  # no address, no host name
    assert Via(branch=new_branch()).has_cookie
