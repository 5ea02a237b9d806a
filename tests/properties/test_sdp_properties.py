"""Whatever the text, an SDP is read or refused; what we write is read back as it was."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch_py.base.errors import MediaError, ProtocolError
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Candidate, Fingerprint, Session, parse, serialise
from xswitch_py.media.negotiate import Agreed, Local, heard, make_answer, make_offer, read_answer

OFFER = (Path(__file__).parent.parent / "media" / "data" / "chromium_audio_video_offer.sdp").read_bytes().decode()
LINES = OFFER.split("\r\n")
NAMES = sorted({line.partition(":")[0] for line in LINES if line.startswith("a=")})
ENCODINGS = ("opus", "G722", "PCMU", "PCMA", "iLBC")
PICTURES = ("VP8", "H264", "VP9", "AV1")

ice_text = st.text("abcdefXYZ019+/", min_size=22, max_size=32)
candidates = st.builds(
    Candidate,
    foundation=st.sampled_from(["1", "a+/"]),
    component=st.just(1),
    transport=st.just("udp"),
    priority=st.integers(0, 2**31 - 1),
    host=st.ip_addresses().map(str),
    port=st.integers(1, 65535),
)
locals_ = st.builds(
    Local,
    ufrag=ice_text,
    pwd=ice_text,
    fingerprint=st.binary(min_size=32, max_size=32).map(lambda raw: Fingerprint("sha-256", raw.hex(":").upper())),
    candidates=st.lists(candidates, max_size=4).map(tuple),
    ssrcs=st.dictionaries(st.sampled_from(["audio", "video"]), st.integers(0, 2**32 - 1)),
    session=st.integers(0, 2**62),
    version=st.integers(0, 2**31),
)
wishes = st.builds(
    Wish,
    audio=st.lists(st.sampled_from(ENCODINGS)).map(tuple),
    video=st.lists(st.sampled_from(PICTURES)).map(tuple),
)
values = st.one_of(st.text(max_size=60), st.sampled_from([line.partition(":")[2] for line in LINES]))
odd_lines = st.one_of(
    st.builds("{}:{}".format, st.sampled_from(NAMES), values),
    st.builds("m={} {} {} {}".format, *[st.text(max_size=8)] * 4),
    st.text(max_size=40),
)


@st.composite
def spoilt_offers(draw: st.DrawFn) -> str:
    """A good offer with a few lines replaced, put in or cut away."""
    lines = LINES[: draw(st.integers(1, len(LINES)))]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = [draw(odd_lines)]
    return draw(st.sampled_from(["\r\n", "\n"])).join(lines)


def read(text: str) -> Session | None:
    try:
        return parse(text)
    except ProtocolError as error:
        assert str(error)
        return None


@given(st.text())
def test_any_text_is_a_session_or_a_protocol_error(text: str) -> None:
    read(text)
    read("v=0\n" + text)


@given(st.binary())
def test_any_bytes_are_a_session_or_a_protocol_error(raw: bytes) -> None:
    read("v=0\r\nm=audio 9 RTP/AVP 0\r\n" + raw.decode(errors="replace"))
    read("v=0\r\na=" + raw.decode("latin-1"))


@given(spoilt_offers())
def test_a_spoilt_offer_is_answered_or_refused(text: str) -> None:
    """X12."""
    local = Local("u" * 8, "p" * 24, Fingerprint("sha-256", ":".join(["AB"] * 32)), ())
    if session := read(text):
        try:
            heard(session)
            answer, agreed = make_answer(session, Wish(("opus", "PCMU"), ("VP8",)), local)
        except MediaError:
            return
        assert isinstance(agreed, Agreed)
        assert len(answer.sections) == len(session.sections)
        assert serialise(answer).isascii()
        assert parse(serialise(answer)) == answer


@given(spoilt_offers())
def test_what_was_read_survives_being_written_and_read_again(text: str) -> None:
    session = read(text)
    if session and all(section.formats or section.tokens for section in session.sections):
        assert parse(serialise(session)) == session


@given(wishes, locals_)
def test_our_offer_is_read_back_as_it_was_and_answered(wish: Wish, local: Local) -> None:
    try:
        offer = make_offer(wish, local)
    except MediaError:
        assert set(wish.audio) <= {"iLBC"}
        return
    assert parse(serialise(offer)) == offer
    answer, theirs = make_answer(offer, wish, local)
    assert parse(serialise(answer)) == answer
    ours = read_answer(offer, answer)
    assert [stream.formats[:1] for stream in ours.streams] == [stream.formats[:1] for stream in theirs.streams]
    assert [stream.digits for stream in ours.streams] == [stream.digits for stream in theirs.streams]
    assert ours.remote.dtls_client is not theirs.remote.dtls_client


@given(wishes, locals_)
@settings(max_examples=50)
def test_every_line_of_an_answer_ends_in_crlf(wish: Wish, local: Local) -> None:
    """V60."""
    try:
        answer, _ = make_answer(parse(OFFER), wish, local)
    except MediaError:
        return
    text = serialise(answer)
    assert parse(text) == answer
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n") == len(text.splitlines())
