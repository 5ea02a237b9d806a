"""Offers and answers with plain phones: what is agreed, what our SDP says, and what is refused."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.base.errors import MediaError
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Format, Session, parse, serialise
from xswitch_py.media.api import Heard
from xswitch_py.media.negotiate_rtp import (
    LocalRtp,
    RtpAgreed,
    Target,
    accepted,
    heard,
    make_answer,
    make_offer,
    read_answer,
    remake_offer,
    wanted,
)
from xswitch_py.media.sdes import SUITES

KEYS = {kind: {suite: bytes(size) for suite, size in SUITES.items()} for kind in ("audio", "video")}
LOCAL = LocalRtp("192.0.2.9", {"audio": 30000, "video": 30002}, KEYS, session=77, version=3)
PLAIN = replace(LOCAL, keys={})
ALL = Wish(("opus", "G722", "PCMU", "PCMA"), ("VP8", "H264", "VP9"))
KEY = base64.b64encode(bytes(range(30))).decode()
CRYPTO = f"a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"


def offer(*lines: str, media: str = "audio 4000 RTP/AVP 0 8 101", address: str = "192.0.2.1") -> Session:
    kind = "IP6" if ":" in address else "IP4"
    head = ["v=0", f"o=x 1 1 IN {kind} {address}", "s=-", f"c=IN {kind} {address}", "t=0 0", f"m={media}"]
    return parse("\r\n".join([*head, *lines, ""]))


def answered(session: Session, wish: Wish = ALL) -> tuple[str, RtpAgreed]:
    made, agreed = make_answer(session, wish, LOCAL)
    assert parse(serialise(made)) == made
    assert [*accepted(session, wish)] == [one.kind for one in agreed.streams if one.formats]
    return serialise(made), agreed


EVENTS = "a=rtpmap:101 telephone-event/8000"


@pytest.mark.item("S72")
@pytest.mark.item("S73")
def test_the_answer_to_a_plain_phone_has_nothing_of_webrtc() -> None:
    text, _ = answered(offer(EVENTS, "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host", "a=ice-ufrag:abcd"))
    assert text.split("\r\n") == [
        "v=0",
        "o=- 77 3 IN IP4 192.0.2.9",
        "s=-",
        "t=0 0",
        "m=audio 30000 RTP/AVP 0 101",
        "c=IN IP4 192.0.2.9",
        "a=ptime:20",
        "a=sendrecv",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "",
    ]


@pytest.mark.item("S72")
@pytest.mark.parametrize("secure", [False, True])
def test_our_offer_to_a_plain_phone_has_nothing_of_webrtc(secure: bool) -> None:
    made = make_offer(Wish(("PCMA", "opus"), ("VP8",)), LOCAL if secure else PLAIN)
    text = serialise(made)
    assert parse(text) == made
    for alien in (
        "candidate",
        "fingerprint",
        "setup",
        "BUNDLE",
        "extmap",
        "msid",
        "ssrc",
        "ice-",
        "rtcp-mux",
        "rtcp-fb",
    ):
        assert alien not in text
    assert [section.protocol for section in made.sections] == ["RTP/SAVP" if secure else "RTP/AVP"] * 2
    assert [section.port for section in made.sections] == [30000, 30002]
    assert [form.pt for form in made.sections[0].formats] == [8, 111, 110, 101]
    assert len(made.sections[0].crypto) == (3 if secure else 0)


def test_static_payload_numbers_need_no_rtpmap() -> None:
    session = offer(media="audio 4000 RTP/AVP 18 9 8 0")
    assert heard(session) == Heard(("G722", "PCMA", "PCMU"), (), digits=False)
    _, agreed = answered(session, Wish(("PCMA",)))
    assert agreed.streams[0].formats == (Format(8, "PCMA", 8000),)


@pytest.mark.item("S73")
def test_the_answer_mirrors_lines_profile_mid_and_numbers() -> None:
    session = offer(
        "a=mid:a", "a=rtpmap:97 opus/48000/2", "a=rtpmap:98 telephone-event/48000",
        "m=image 5000 udptl t38", "a=T38FaxVersion:0",
        "m=video 5002 RTP/AVPF 99", "a=rtpmap:99 H265/90000",
        "m=audio 5004 RTP/AVP 0",
        media="audio 4000 RTP/AVPF 97 98",
    )  # fmt: skip
    text, agreed = answered(session)
    made = parse(text)
    assert [(s.kind, s.protocol, s.port) for s in made.sections] == [
        ("audio", "RTP/AVPF", 30000), ("image", "udptl", 0), ("video", "RTP/AVPF", 0), ("audio", "RTP/AVP", 0)
    ]  # fmt: skip
    assert "m=image 0 udptl t38" in text and "m=video 0 RTP/AVPF 99" in text
    assert made.sections[0].mid == "a"
    assert [form.pt for form in made.sections[0].formats] == [97, 98]
    assert [bool(one.formats) for one in agreed.streams] == [True, False, False, False]


@pytest.mark.item("S74")
@pytest.mark.parametrize(
    ("lines", "mux", "rtcp"),
    [((), False, 4001), (("a=rtcp:4999",), False, 4999), (("a=rtcp-mux",), True, 4000)],
)
def test_rtcp_goes_where_the_peer_wants_it(lines: tuple[str, ...], mux: bool, rtcp: int) -> None:
    text, agreed = answered(offer(*lines))
    assert agreed.targets["audio"] == Target("192.0.2.1", 4000, rtcp, mux)
    assert ("a=rtcp-mux" in text) is mux


@pytest.mark.item("S75")
@pytest.mark.parametrize(
    ("wish", "events", "pt", "fmtp"),
    [
        ("PCMU", ("101 telephone-event/8000", "102 telephone-event/48000"), 101, "0-15"),
        ("opus", ("101 telephone-event/8000", "102 telephone-event/48000"), 102, "0-15"),
        ("opus", ("101 telephone-event/8000",), 101, "0-15"),
        ("PCMU", ("102 telephone-event/48000",), 102, "0-15"),
    ],
)
def test_the_telephone_event_is_that_of_the_codecs_clock(
    wish: str, events: tuple[str, ...], pt: int, fmtp: str
) -> None:
    media = "audio 4000 RTP/AVP 0 97 " + " ".join(event.split()[0] for event in events)
    session = offer("a=rtpmap:97 opus/48000/2", *(f"a=rtpmap:{event}" for event in events), media=media)
    text, agreed = answered(session, Wish((wish,)))
    digits = agreed.streams[0].digits
    assert digits is not None and digits.pt == pt
    assert f"a=fmtp:{pt} {fmtp}" in text


@pytest.mark.item("S75")
@pytest.mark.parametrize(
    ("theirs", "ours"), [("0-15", "0-15"), ("0-16", "0-16"), ("0-15,16", "0-16"), ("0-11", "0-15"), ("x-y", "0-15")]
)
def test_the_hook_flash_is_taken_if_it_is_offered(theirs: str, ours: str) -> None:
    text, _ = answered(offer(EVENTS, f"a=fmtp:101 {theirs}"))
    assert f"a=fmtp:101 {ours}" in text


@pytest.mark.item("S75")
def test_every_telephone_event_of_an_answer_is_taken_and_that_of_the_codecs_clock_sent() -> None:
    made = make_offer(Wish(("opus", "PCMU")), PLAIN)
    theirs = parse(serialise(made))
    stream = read_answer(made, theirs).streams[0]
    assert stream.digits is not None and stream.digits.clock == 48000
    assert [form.clock for form in stream.events] == [8000]


@pytest.mark.item("S76")
@pytest.mark.parametrize(
    ("lines", "address", "ours", "sends", "hears"),
    [
        ((), "192.0.2.1", "sendrecv", True, True),
        (("a=sendonly",), "192.0.2.1", "recvonly", False, True),
        (("a=recvonly",), "192.0.2.1", "sendonly", True, False),
        (("a=inactive",), "192.0.2.1", "inactive", False, False),
        ((), "0.0.0.0", "recvonly", False, True),
        ((), "::", "recvonly", False, True),
        ((), "0:0::0", "recvonly", False, True),
        (("a=inactive",), "0.0.0.0", "inactive", False, False),
    ],
)
def test_all_forms_of_hold_are_mirrored(
    lines: tuple[str, ...], address: str, ours: str, sends: bool, hears: bool
) -> None:
    text, agreed = answered(offer(*lines, address=address))
    stream = agreed.streams[0]
    assert (stream.sends, stream.hears) == (sends, hears)
    assert f"a={ours}\r\n" in text
    assert agreed.targets["audio"].host == (address if address == "192.0.2.1" else "")


@pytest.mark.item("S72")
def test_an_offer_of_srtp_is_answered_with_a_key_of_ours() -> None:
    text, agreed = answered(offer("a=crypto:3 OTHER inline:x", CRYPTO, media="audio 4000 RTP/SAVP 0"))
    zeros = base64.b64encode(bytes(30)).decode()
    assert [line for line in text.split("\r\n") if "crypto" in line] == [
        f"a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:{zeros}"
    ]
    target = agreed.targets["audio"]
    assert target.theirs is not None and target.theirs.key == bytes(range(30))
    assert target.ours is not None and target.ours.key == bytes(30)


@pytest.mark.item("S72")
def test_keys_beside_plain_rtp_are_passed_over() -> None:
    text, agreed = answered(offer(CRYPTO))
    assert "crypto" not in text and agreed.targets["audio"].ours is None


@pytest.mark.parametrize(
    "session",
    [
        Session(),
        offer(media="audio 0 RTP/AVP 0"),
        offer(media="audio 4000 RTP/AVP 18"),
        offer(media="video 4000 RTP/AVP 34"),
        offer(media="audio 4000 UDP/TLS/RTP/SAVPF 0"),
        offer(media="audio 4000 RTP/SAVP 0"),
        offer("a=crypto:1 OTHER inline:x", media="audio 4000 RTP/SAVP 0"),
        offer(address="phone.example.org"),
        offer(address="224.0.0.1"),
        offer(address="fe80::1%eth0"),
        offer(address="255.255.255.255"),
    ],
)
def test_what_cannot_be_served_is_refused(session: Session) -> None:
    with pytest.raises(MediaError):
        heard(session)
        make_answer(session, ALL, LOCAL)


def test_a_wish_that_was_not_offered_is_an_error() -> None:
    with pytest.raises(MediaError, match="no audio encoding of"):
        make_answer(offer(), Wish(("opus",)), LOCAL)
    with pytest.raises(MediaError, match="no audio encoding of"):
        make_offer(Wish(("other",)), LOCAL)


VIDEO = ("m=video 5000 RTP/AVP 97", "a=rtpmap:97 VP8/90000", "a=rtcp-fb:* nack")


def test_video_has_ports_of_its_own_if_it_is_wished_for() -> None:
    session = offer(*VIDEO)
    assert heard(session).video == ("VP8",)
    text, agreed = answered(session)
    assert agreed.targets["video"].port == 5000
    assert parse(text).sections[1].port == 30002 and "rtcp-fb" not in text
    assert answered(session, Wish(("PCMU",)))[1].stream("video") is None
    assert wanted(ALL) == ("audio", "video") and wanted(Wish(("PCMU",), ("VP9",))) == ("audio",)


def test_video_whose_numbers_are_those_of_the_audio_is_refused() -> None:
    session = offer("a=rtpmap:97 opus/48000/2", *VIDEO, media="audio 4000 RTP/AVP 0 97")
    assert heard(session).video == ()


def test_feedback_is_agreed_in_a_profile_that_has_it() -> None:
    lines = ("m=video 5000 RTP/AVPF 97", "a=rtpmap:97 VP8/90000", "a=rtcp-fb:97 nack pli")
    assert "a=rtcp-fb:97 nack pli" in answered(offer(*lines))[0]


@pytest.mark.parametrize(("lines", "ms"), [((), 20), (("a=ptime:30",), 30), (("a=ptime:100",), 20),
                                           (("a=ptime:60", "a=maxptime:40"), 40), (("a=ptime:5",), 20),
                                           (("a=maxptime:x",), 20), (("a=maxptime:200",), 20)])  # fmt: skip
def test_the_length_of_packets_is_read(lines: tuple[str, ...], ms: int) -> None:
    assert answered(offer(*lines))[1].streams[0].ptime == ms


@pytest.mark.item("S72")
def test_the_answer_to_our_srtp_names_one_of_our_lines() -> None:
    made = make_offer(Wish(("PCMU",)), LOCAL)
    line = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"
    good = read_answer(made, offer(line, media="audio 4000 RTP/SAVP 0")).targets["audio"]
    assert good.ours is not None and good.theirs is not None and good.ours.key == bytes(30)
    for bad in (
        offer(media="audio 4000 RTP/AVP 0"),
        offer(media="audio 4000 RTP/SAVP 0"),
        offer(line.replace(":1 ", ":2 "), media="audio 4000 RTP/SAVP 0"),
        offer(line.replace("inline", "outline"), media="audio 4000 RTP/SAVP 0"),
    ):
        with pytest.raises(MediaError):
            read_answer(made, bad)


def test_an_answer_must_have_our_lines_and_one_of_our_codecs() -> None:
    made = make_offer(Wish(("PCMU",)), PLAIN)
    assert read_answer(made, offer(media="audio 4000 RTP/AVPF 0")).stream("audio") is not None
    for bad in (Session(), offer(media="audio 0 RTP/AVP 0"), offer(media="audio 4000 RTP/AVP 8"), offer(*VIDEO)):
        with pytest.raises(MediaError):
            read_answer(made, bad)


OTHER_KEY = CRYPTO.replace(KEY, base64.b64encode(bytes(range(1, 31))).decode())
OURS = {"audio": {suite: bytes([9] * size) for suite, size in SUITES.items()}}


@pytest.mark.item("S78")
@pytest.mark.parametrize(
    ("line", "address", "media", "stays"),
    [
        (CRYPTO, "192.0.2.1", "audio 4000 RTP/SAVP 0", True),
        (CRYPTO, "192.0.2.2", "audio 4000 RTP/SAVP 0", True),
        (OTHER_KEY, "192.0.2.1", "audio 4000 RTP/SAVP 0", True),
        (OTHER_KEY, "192.0.2.2", "audio 4000 RTP/SAVP 0", False),
        (OTHER_KEY, "192.0.2.1", "audio 4002 RTP/SAVP 0", False),
        (f"a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}", "192.0.2.1", "audio 4000 RTP/SAVP 0", False),
    ],
)
def test_our_key_stays_unless_the_peer_may_be_another(line: str, address: str, media: str, stays: bool) -> None:
    """RFC 4568 section 7.1.4."""
    _, before = answered(offer(CRYPTO, media="audio 4000 RTP/SAVP 0"))
    _, agreed = make_answer(offer(line, address=address, media=media), ALL, replace(LOCAL, keys=OURS), before)
    ours = agreed.targets["audio"].ours
    assert ours is not None and (ours.key == bytes(30)) is stays


def test_an_offer_made_anew_has_the_key_in_use() -> None:
    session = offer(CRYPTO, media="audio 4000 RTP/SAVP 0")
    _, agreed = answered(session)
    made = remake_offer(session, agreed, replace(LOCAL, keys=OURS))
    assert made.sections[0].crypto[0] == f"1 AES_CM_128_HMAC_SHA1_80 inline:{base64.b64encode(bytes(30)).decode()}"
    assert len(made.sections[0].crypto) == 3
    plain = offer()
    assert not remake_offer(plain, answered(plain)[1], LOCAL).sections[0].crypto


@pytest.mark.item("S73")
def test_an_offer_made_anew_keeps_lines_and_numbers() -> None:
    """RFC 3264 section 8.3.2."""
    session = offer(
        "a=mid:a", "a=rtcp-mux", "a=rtpmap:96 opus/48000/2", "a=rtpmap:111 telephone-event/48000",
        "m=image 5000 udptl t38", media="audio 4000 RTP/AVPF 96 111",
    )  # fmt: skip
    _, agreed = answered(session)
    again = remake_offer(session, agreed, LOCAL)
    assert parse(serialise(again)) == again
    audio, fax = again.sections
    assert (audio.protocol, audio.mid, audio.rtcp_mux, audio.direction) == ("RTP/AVPF", "a", True, "sendrecv")
    assert [(form.pt, form.name) for form in audio.formats] == [
        (96, "opus"), (9, "G722"), (0, "PCMU"), (8, "PCMA"), (111, "telephone-event"), (101, "telephone-event")
    ]  # fmt: skip
    assert (fax.kind, fax.port, fax.tokens) == ("image", 0, ("t38",))


LINES = ("a=crypto:1 x", "a=rtcp:9", "a=sendonly", "c=IN IP4 0.0.0.0", "m=audio 1 RTP/AVP 0")


@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from([*LINES, CRYPTO, *VIDEO, EVENTS])), max_size=8))
def test_whatever_is_offered_is_answered_or_refused(lines: list[str]) -> None:
    try:
        session = offer(*(line.replace("\r", "").replace("\n", "") for line in lines))
        made, _ = make_answer(session, ALL, LOCAL)
    except Exception as error:
        assert type(error).__name__ in ("MediaError", "ProtocolError")
        return
    assert len(made.sections) == len(session.sections)
    assert parse(serialise(made)) == made
