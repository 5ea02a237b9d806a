"""Whatever the bytes, a message is read or refused; what we write is read back, by us and by another library."""

import re
import time
from contextlib import suppress
from typing import Final

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from tests.pysip.elsewhere import read_elsewhere
from tests.torture.messages import GOOD, REFUSED
from xswitch_py.pysip.auth import Challenge, Credentials, challenges_in, credentials_in
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.framing import Framer, Ping
from xswitch_py.pysip.grammar import unescape
from xswitch_py.pysip.headers import Address, Via, parse_address, parse_via
from xswitch_py.pysip.login import answer
from xswitch_py.pysip.message import Request, note_source, parse, refusal, response_to, serialise
from xswitch_py.pysip.uri import Uri, escape_user, parse_uri, same

CASES: Final = [*[case.data for case in GOOD], *[case.data for case in REFUSED]]
LINES: Final = sorted({line for case in CASES for line in case.partition(b"\r\n\r\n")[0].split(b"\r\n")})

# What a caller, an operator or another protocol may put into a field.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
words = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=20)
names = st.sampled_from(["localhost", "pbx.example", "q8-v2.invalid", "1.example.com"])
hosts = st.one_of(names, st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str))
ports = st.none() | st.integers(1, 65_535)
flags = st.dictionaries(st.from_regex(r"x[a-z0-9-]{0,5}", fullmatch=True), st.none() | words, max_size=3)
uris = st.builds(
    Uri,
    scheme=st.sampled_from(["sip", "sips"]),
    user=texts.map(escape_user),
    host=hosts,
    port=ports,
    parameters=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True),
        st.none() | st.text("abcXYZ019-_.!~*'()[]/:&+$", min_size=1, max_size=20),
        max_size=3,
    ),
)
addresses = st.builds(Address, display=texts, uri=uris, params=flags)
vias = st.builds(
    Via,
    transport=st.sampled_from(["UDP", "TCP", "TLS", "WS", "WSS"]),
    host=hosts,
    port=ports,
    branch=words,
    received=st.just("") | st.ip_addresses(v=4).map(str),
    rport=st.none() | st.integers(0, 65_535),
    others=flags,
)
requests = st.builds(
    Request.new,
    method=st.sampled_from(["INVITE", "BYE", "REGISTER", "OPTIONS", "MESSAGE"]),
    uri=uris,
    via=vias,
    from_=addresses.map(lambda address: address.with_tag("t1")),
    to=addresses,
    call_id=words,
    cseq=st.integers(0, 2**31 - 1),
    contact=st.none() | addresses,
    routes=st.lists(addresses, max_size=3),
    fields=st.lists(st.tuples(st.just("X-Text"), texts), max_size=2),
    body=st.binary(max_size=30),
    content_type=st.sampled_from(["", "text/plain"]),
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A message with lines put in, left out or replaced, and a few bytes changed."""
    head, _, body = draw(st.sampled_from(CASES)).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = [draw(st.sampled_from(LINES) | st.binary(max_size=20))]
    data = bytearray(draw(st.sampled_from([b"\r\n", b"\n"])).join([*lines, b"", b""]) + body)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(
            st.sampled_from([b'"', b"<", b">", b",", b";", b"\0", b"\r", b"%", b"\xff", b"["])
        )
    return bytes(data)


@pytest.mark.item("S6")
@pytest.mark.item("S107")
@given(st.binary(max_size=200) | spoilt())
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    """And what was read can be written, read and answered."""
    try:
        message = parse(data)
    except BadMessage as bad:
        said = refusal(bad, "t1")
        assert (said is None) == (bad.status == 0)
        assert said is None or serialise(said)
        return
    again = parse(serialise(message))
    assert parse(serialise(again)) == again
    assert (again.vias, again.cseq, again.call_id, again.body) == (
        message.vias,
        message.cseq,
        message.call_id,
        message.body,
    )
    if isinstance(message, Request):
        note_source(message, "192.0.2.9", 5099)
        assert parse(serialise(response_to(message, 200, to_tag="t1"))).cseq == message.cseq


@pytest.mark.item("S15")
@given(st.lists(spoilt() | st.sampled_from(CASES) | st.binary(max_size=40), max_size=3).map(b"".join), st.data())
def test_a_stream_says_the_same_however_it_is_cut(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    whole, pieces = Framer(), Framer()
    at_once = whole.feed(stream)
    in_pieces = [
        one
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for one in pieces.feed(stream[start:end])
    ]
    assert list(map(str, in_pieces)) == list(map(str, at_once))
    assert (pieces.broken, pieces.waiting) == (whole.broken, whole.waiting)


@pytest.mark.item("S15")
@given(st.lists(requests | st.just(Ping()), max_size=4))
def test_what_is_sent_comes_out_of_the_stream(sent: list[Request | Ping]) -> None:
    stream = b"".join(b"\r\n\r\n" if isinstance(one, Ping) else serialise(one) for one in sent)
    assert Framer().feed(stream) == [one if isinstance(one, Ping) else parse(serialise(one)) for one in sent]


@given(requests)
def test_a_request_is_read_as_it_was_made(made: Request) -> None:
    assert parse(serialise(made)) == made


@pytest.mark.item("S9")
@pytest.mark.item("S11")
@given(addresses, vias)
def test_values_are_read_as_they_were_made(address: Address, via: Via) -> None:
    assert same(parse_uri(str(address.uri)), address.uri)
    assert parse_address(str(address)) == address
    assert parse_via(str(via)) == via


@pytest.mark.item("S11")
@given(st.text(max_size=30))
def test_any_text_is_a_user(text: str) -> None:
    """A number dialled is one user, whatever is in it."""
    if text and text.isprintable():
        uri = parse_uri(str(Uri(user=escape_user(text), host="h")))
        assert (uri.name, uri.host, uri.parameters, uri.headers) == (text, "h", {}, ())


@pytest.mark.item("S11")
@given(st.text(max_size=30))
def test_any_text_is_displayed_or_refused(text: str) -> None:
    try:
        written = str(Address(text, Uri(host="h")))
    except ValueError:
        assert not text.isprintable()
    else:
        assert parse_address(written).display == text


@pytest.mark.item("S43")
@given(texts, words, words, texts, st.sampled_from(["MD5", "SHA-256", "MD5-sess"]), st.booleans())
def test_credentials_are_read_as_they_were_made(
    user: str, nonce: str, opaque: str, realm: str, algorithm: str, qop: bool
) -> None:
    challenge = Challenge(realm, nonce, algorithm, ("auth",) if qop else (), opaque)
    made = answer(challenge, user, "secret", "INVITE", "sip:h")
    request = Request()
    request.headers.add("WWW-Authenticate", str(challenge))
    request.headers.add("Authorization", str(made))
    assert challenges_in(request.headers, "WWW-Authenticate") == [challenge]
    assert credentials_in(request.headers, "Authorization", realm) == made


@pytest.mark.item("S2")
@given(requests, st.sampled_from([100, 180, 200, 404, 486]))
def test_another_library_reads_what_we_write(made: Request, status: int) -> None:
    other = read_elsewhere(made)
    assert isinstance(other, sipmessage.Request)
    assert (other.method, other.call_id, other.body) == (made.method, made.call_id, made.body)
    assert other.uri.user == (made.uri.name or None)
    assert other.to_address.name == re.sub(r"\s+", " ", made.to.display)  # it makes one blank of any white space
    assert unescape(made.vias[0].branch) == other.via[0].parameters["branch"]
    said = read_elsewhere(response_to(made, status, to_tag="t2", contact=made.to, body=b"x"))
    assert isinstance(said, sipmessage.Response)
    assert said.code == status


def test_another_library_reads_our_challenges_and_credentials() -> None:
    made = Request.new("REGISTER", Uri(host="h"), from_=address(), to=address(), call_id="c", cseq=1, via=Via(host="h"))
    challenge = Challenge("pbx.example", "aR9x", stale=True)
    made.headers.add("Authorization", str(answer(challenge, "1001", "secret", "REGISTER", "sip:h")))
    said = response_to(made, 401)
    said.headers.add("WWW-Authenticate", str(challenge))
    proof, asked = read_elsewhere(made).authorization, read_elsewhere(said).www_authenticate
    assert proof and proof.parameters
    assert asked and asked.parameters
    assert (proof.parameters["username"], asked.parameters["nonce"]) == ("1001", "aR9x")


def address(uri: Uri | None = None) -> Address:
    return Address(uri=uri or Uri(host="h"))


# What is legal, and refused there.
ODD: Final[dict[str, tuple[str, str]]] = {
    "headers in a URI": ("Contact", "<sip:h?Replaces=a>"),
    "all contacts": ("Contact", "*"),
    "a foreign scheme": ("Contact", "<urn:service:sos>"),
    "a digit in the last label of a host": ("Contact", "<sip:a1>"),
    "an underscore in a host": ("Contact", "<sip:my_host>"),
    "a comma in a quoted value of digest authentication": (
        "Authorization",
        str(Credentials("u", "r", "a,b", "sip:h", "")),
    ),
    "received in IPv6, which has no brackets there": ("Via", str(Via(host="h", received="2001:db8::1"))),
}


@pytest.mark.parametrize("name", ODD)
def test_what_another_library_refuses_is_listed(name: str) -> None:
    field, value = ODD[name]
    made = Request.new("REGISTER", Uri(host="h"), from_=address(), to=address(), call_id="c", cseq=1, via=Via(host="h"))
    made.headers.set(field, value)
    assert parse(serialise(made)) == made
    with pytest.raises(ValueError):
        read_elsewhere(made)


TEXTS: Final = [
    '"', "<", "\\", '"\\', "\\x", ",", "; ", ";a", "=", "%", "a@", ":", "[", "SIP/2.0/UDP ", "\t", " ,", "a ",
    "Digest a=", "?a=&", "x", ".", "1",
]  # fmt: skip
# A message is read up to where these begin, and then comes any amount of the same.
BEGUN: Final = [
    "Contact: <sip:h>", "Contact: ", "Contact: <sip:h>, ", 'Contact: "', "Contact: <sip:", "Contact: <sip:h;", "To: ",
    'To: "', "To: <", "To: <sip:h>;a=", 'To: <sip:h>;a="', "v: SIP/2.0/UDP h", 'v: SIP/2.0/UDP h;a="', "v: SIP",
    "CSeq: 1", "Route: ", 'Authorization: Digest a="', "Authorization: Digest ",
]  # fmt: skip


@pytest.mark.item("S107")
@pytest.mark.parametrize("text", TEXTS)
def test_reading_takes_time_by_length_alone(text: str) -> None:
    """No shape of a field costs more than its length; a thousand times what is usual would show here."""
    head = [
        "REGISTER sip:h SIP/2.0",
        "Via: SIP/2.0/UDP h",
        "From: <sip:h>",
        "To: <sip:h>",
        "Call-ID: a",
        "CSeq: 1 REGISTER",
    ]
    started = time.process_time()
    for begun in BEGUN:
        replaced = begun.partition(":")[0] + ":"
        lines = [line for line in head if not line.startswith(replaced)]
        with suppress(BadMessage):
            message = parse("\r\n".join([*lines, begun + (text * 8000)[:8000], "", ""]).encode())
            credentials_in(message.headers, "Authorization", "r")
    assert time.process_time() - started < 1.0
