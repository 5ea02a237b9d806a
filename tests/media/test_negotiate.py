"""Offer and answer: what is agreed, what our SDP says, and what is refused, with descriptions real peers sent."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError, ProtocolError
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Candidate, Fingerprint, Format, Section, Session, parse, serialise
from xswitch_py.media.api import Heard, Video
from xswitch_py.media.negotiate import Agreed, Local, heard, make_answer, make_offer, read_answer, remake_offer

DATA = Path(__file__).parent / "data"
OFFERS = ("chromium_audio_offer", "chromium_audio_video_offer", "client_offer", "freeswitch_offer")
LOCAL = Local(
    ufrag="ourufrag",
    pwd="ourpasswordourpassword",
    fingerprint=Fingerprint("sha-256", ":".join(["AB"] * 32)),
    candidates=(
        Candidate("1", 1, "udp", 2130706431, "127.0.0.1", 40000),
        Candidate("2", 1, "udp", 2130706430, "127.0.0.2", 40000),
    ),
    ssrcs={"audio": 1111, "video": 2222},
    session=77,
    version=3,
)
LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
ALL = Wish(("opus", "G722", "PCMU", "PCMA"), ("VP8", "H264", "VP9"))
REMB = ("goog-remb", "ccm fir", "nack", "nack pli")


def load(name: str) -> Session:
    return parse((DATA / f"{name}.sdp").read_bytes().decode())


def changed(session: Session, index: int = 0, **fields: Any) -> Session:
    """Change fields of one m-line."""
    sections = list(session.sections)
    sections[index] = replace(sections[index], **fields)
    return replace(session, sections=tuple(sections))


def answered(offer: Session, wish: Wish = ALL) -> tuple[Session, Agreed]:
    answer, agreed = make_answer(offer, wish, LOCAL)
    assert parse(serialise(answer)) == answer
    return answer, agreed


def peer_answer(offer: Session, **fields: Any) -> Session:
    """Answer our own offer as a peer would: everything taken, `setup:active`."""
    sections = tuple(replace(section, setup="active") for section in offer.sections)
    return changed(replace(offer, sections=sections), **fields)


CHROMIUM = load("chromium_audio_offer")
CHROMIUM_AV = load("chromium_audio_video_offer")
OURS = make_offer(ALL, LOCAL)


# What is heard in an offer


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("chromium_audio_offer", Heard(("opus", "G722", "PCMU", "PCMA"), (), True)),
        ("chromium_audio_video_offer", Heard(("opus", "G722", "PCMU", "PCMA"), ("VP8", "H264", "VP9"), True)),
        ("client_offer", Heard(("opus", "PCMU", "PCMA"), (), True)),
        ("freeswitch_offer", Heard(("opus", "PCMU", "PCMA"), (), False)),
    ],
)
def test_what_an_offer_has_in_common_with_us_is_heard_in_its_order(name: str, result: Heard) -> None:
    assert heard(load(name)) == result


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"rtcp_mux": False}, "offer lacks a=rtcp-mux"),
        ({"fingerprints": ()}, "offer lacks a usable a=fingerprint"),
        ({"fingerprints": (Fingerprint("sha-1", ":".join(["AB"] * 20)),)}, "fingerprint"),
        ({"fingerprints": (Fingerprint("sha-256", ":".join(["AB"] * 31)),)}, "fingerprint"),
        ({"fingerprints": (Fingerprint("sha-256", ":".join(["XY"] * 32)),)}, "fingerprint"),
        ({"fingerprints": (Fingerprint("x", ""),)}, "fingerprint"),
        ({"ufrag": ""}, "offer lacks a legal a=ice-ufrag"),
        ({"ufrag": "abc"}, "ufrag"),
        ({"ufrag": "a:bc"}, "ufrag"),
        ({"ufrag": "x" * 257}, "ufrag"),
        ({"pwd": ""}, "offer lacks a legal a=ice-pwd"),
        ({"pwd": "x" * 21}, "pwd"),
        ({"pwd": "x" * 257}, "pwd"),
        ({"setup": ""}, "offer lacks a usable a=setup"),
        ({"setup": "holdconn"}, "setup"),
        ({"ufrag": "", "pwd": "", "rtcp_mux": False}, "a=rtcp-mux, a legal a=ice-ufrag, a legal a=ice-pwd"),
        ({"formats": (Format(97, "iLBC", 8000),)}, "no audio codec in common"),
        ({"formats": (Format(97),)}, "no audio codec in common"),
        ({"formats": ()}, "no audio codec in common"),
        ({"formats": (Format(70, "opus", 48000, 2),)}, "no audio codec in common"),  # would look like RTCP
        ({"formats": (Format(96, "opus", 48000, 1),)}, "no audio codec in common"),
        ({"port": 0}, "no audio over DTLS-SRTP"),
        ({"protocol": "RTP/AVP"}, "no audio over DTLS-SRTP"),
        ({"protocol": "UDP/AVPF"}, "no audio over DTLS-SRTP"),
        ({"kind": "text"}, "no audio over DTLS-SRTP"),
    ],
)
def test_an_offer_that_lacks_something_is_refused_and_the_error_says_what(fields: dict[str, Any], why: str) -> None:
    """V60."""
    offer = changed(CHROMIUM, **fields)
    with pytest.raises(MediaError, match=why) as refused:
        heard(offer)
    assert refused.value.cause is Cause.INCOMPATIBLE_DESTINATION
    with pytest.raises(MediaError, match=why):
        make_answer(offer, ALL, LOCAL)


@pytest.mark.parametrize(("pt", "common"), [(63, True), (64, False), (95, False), (96, True), (127, True)])
def test_a_payload_number_that_looks_like_rtcp_is_not_taken(pt: int, common: bool) -> None:
    """RFC 5761 section 4."""
    offer = changed(CHROMIUM, formats=(Format(pt, "opus", 48000, 2), Format(0, "PCMU", 8000)))
    assert ("opus" in heard(offer).audio) is common


def test_an_offer_without_m_lines_is_refused() -> None:
    with pytest.raises(MediaError, match="no audio"):
        heard(Session())


def test_two_m_lines_of_one_mid_are_refused() -> None:
    with pytest.raises(MediaError, match="one mid"):
        heard(changed(CHROMIUM_AV, 1, mid="0"))


def test_bundled_video_without_rtcp_mux_is_refused() -> None:
    """V60."""
    with pytest.raises(MediaError, match="rtcp-mux"):
        heard(changed(CHROMIUM_AV, 1, rtcp_mux=False))


@pytest.mark.parametrize(
    "offer",
    [
        replace(CHROMIUM_AV, groups=()),
        replace(CHROMIUM_AV, groups=(("LS", "0", "1"),)),
        replace(CHROMIUM_AV, groups=(("BUNDLE", "0"),)),
        replace(CHROMIUM_AV, groups=(("BUNDLE", "1"),)),
        changed(CHROMIUM_AV, 0, mid=""),
        changed(CHROMIUM_AV, 1, port=0),
        changed(CHROMIUM_AV, 1, formats=(Format(45, "AV1", 90000),)),
    ],
)
def test_video_that_does_not_share_the_transport_of_the_audio_is_not_taken(offer: Session) -> None:
    assert heard(offer).video == ()
    answer, agreed = answered(offer)
    assert agreed.stream("video") is None
    assert [section.port for section in answer.sections] == [40000, 0]


def test_bundle_only_video_is_taken_without_a_port_or_a_transport_of_its_own() -> None:
    bare = {"port": 0, "bundle_only": True, "ufrag": "", "pwd": "", "fingerprints": (), "setup": "", "candidates": ()}
    answer, agreed = answered(changed(CHROMIUM_AV, 1, **bare))
    assert agreed.stream("video") is not None
    assert answer.sections[1].port == 40000


@pytest.mark.parametrize(
    ("name", "fmtp", "common"),
    [
        ("H264", "packetization-mode=1;profile-level-id=42e01f", True),
        ("H264", "level-asymmetry-allowed=1; Packetization-Mode=1; profile-level-id=42C034", True),
        ("H264", "packetization-mode=0;profile-level-id=42e01f", False),
        ("H264", "profile-level-id=42e01f", False),
        ("H264", "packetization-mode=1", False),
        ("H264", "packetization-mode=1;profile-level-id=42001f", False),
        ("H264", "packetization-mode=1;profile-level-id=640c1f", False),
        ("H264", "packetization-mode=1;profile-level-id=4d001f", False),
        ("VP9", "", True),
        ("VP9", "profile-id=0", True),
        ("VP9", "profile-id=2", False),
        ("VP8", "", True),
        ("vp8", "max-fr=30", True),
        ("AV1", "", False),
    ],
)
def test_a_video_encoding_is_common_in_the_variant_that_we_know(name: str, fmtp: str, common: bool) -> None:
    offer = changed(CHROMIUM_AV, 1, formats=(Format(100, name, 90000, fmtp=fmtp),))
    assert heard(offer).video == ((name.upper(),) if common else ())


# The answer we make


def test_the_answer_to_chromium_has_all_that_chromium_asks_for() -> None:
    """V60, V58."""
    text = serialise(answered(CHROMIUM, Wish(("opus",)))[0])
    assert text.split("\r\n") == [
        "v=0",
        "o=- 77 3 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "a=msid-semantic:WMS xswitch",
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111 110",
        "c=IN IP4 127.0.0.1",
        "a=ice-ufrag:ourufrag",
        "a=ice-pwd:ourpasswordourpassword",
        "a=setup:active",
        "a=mid:0",
        "a=msid:xswitch audio",
        "a=ptime:20",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        f"a=extmap:1 {LEVEL}",
        f"a=extmap:2 {SEND_TIME}",
        f"a=extmap:4 {MID}",
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtpmap:110 telephone-event/48000",
        "a=fmtp:110 0-15",
        "a=ssrc:1111 cname:xswitch",
        "a=candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host",
        "a=candidate:2 1 udp 2130706430 127.0.0.2 40000 typ host",
        "a=end-of-candidates",
        "",
    ]


def test_the_answer_to_an_offer_shaped_like_those_of_firefox() -> None:
    """V60, V59: fingerprint and direction of the session, other payload types, digits at 8 kHz only, `.local` names.

    The file is written after Firefox's shape; it was not recorded.
    """
    answer, agreed = answered(load("firefox_audio_offer"), Wish(("opus",)))
    [section] = answer.sections
    [stream] = agreed.streams
    assert [(each.pt, each.name, each.clock) for each in section.formats] == [
        (109, "opus", 48000),
        (101, "telephone-event", 8000),
    ]
    assert (section.mid, section.setup, section.direction) == ("0", "active", "sendrecv")
    assert answer.groups == (("BUNDLE", "0"),)
    assert stream.extensions == ((1, LEVEL), (3, MID))  # that of `a=extmap:2/recvonly` is not sent
    assert [(each.transport, each.host[-6:]) for each in agreed.remote.candidates] == [("udp", ".local")]
    assert agreed.remote.fingerprints[0].value.startswith("5A:1D:3C")


def test_audio_and_video_are_answered_in_the_order_of_the_offer() -> None:
    """V60."""
    answer, agreed = answered(CHROMIUM_AV, Wish(("G722",), ("H264", "VP8")))
    audio, video = answer.sections
    assert answer.groups == (("BUNDLE", "0", "1"),)
    assert [form.pt for form in audio.formats] == [9, 126]
    assert video.formats == (
        Format(108, "H264", 90000, 1, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", REMB),
    )
    assert video.sources == ((2222, "xswitch"),)
    assert video.extensions == ((2, SEND_TIME), (4, MID))
    assert video.ptime == 0
    assert [stream.kind for stream in agreed.streams] == ["audio", "video"]
    assert agreed.streams[0].digits == Format(126, "telephone-event", 8000)


def test_a_refused_m_line_keeps_its_place_with_port_0() -> None:
    """V60."""
    answer, agreed = answered(CHROMIUM_AV, Wish(("opus",)))
    refused = answer.sections[1]
    assert (refused.port, refused.mid, refused.protocol) == (0, "1", "UDP/TLS/RTP/SAVPF")
    assert [form.pt for form in refused.formats] == [form.pt for form in CHROMIUM_AV.sections[1].formats]
    assert answer.groups == (("BUNDLE", "0"),)
    assert agreed.stream("video") is None
    assert agreed.streams[1].mid == "1"


def test_m_lines_that_we_do_not_know_are_refused() -> None:
    second = Section("application", 9, "UDP/DTLS/SCTP", tokens=("webrtc-datachannel",), mid="1")
    third = Section("audio", 9, "RTP/AVP", (Format(0, "PCMU", 8000), Format(97)), mid="2")
    offer = replace(CHROMIUM, sections=(second, third, *CHROMIUM.sections))
    answer, agreed = answered(offer)
    assert [section.port for section in answer.sections] == [0, 0, 40000]
    assert answer.sections[0].tokens == ("webrtc-datachannel",)
    assert [bool(stream.formats) for stream in agreed.streams] == [False, False, True]
    assert answer.groups == (("BUNDLE", "0"),)


def test_an_m_line_without_any_legal_format_is_refused_with_one() -> None:
    alien = replace(CHROMIUM.sections[0], formats=(), mid="x")
    answer, _ = answered(replace(CHROMIUM, sections=(*CHROMIUM.sections, alien)))
    assert (answer.sections[1].port, answer.sections[1].formats) == (0, (Format(0, "PCMU", 8000),))


def test_the_second_of_two_audio_lines_is_refused_and_one_without_our_codecs_passed_over() -> None:
    alien = replace(CHROMIUM.sections[0], formats=(Format(97, "iLBC", 8000),), mid="a")
    again = replace(CHROMIUM.sections[0], mid="b")
    answer, _ = answered(replace(CHROMIUM, sections=(alien, *CHROMIUM.sections, again)))
    assert [section.port for section in answer.sections] == [0, 40000, 0]


@pytest.mark.parametrize(
    ("wish", "pts"),
    [
        (("opus",), [111, 110]),
        (("PCMA", "opus"), [8, 126]),
        (("iLBC", "pcmu"), [0, 126]),
    ],
)
def test_the_first_encoding_of_the_wish_that_was_offered_is_agreed(wish: tuple[str, ...], pts: list[int]) -> None:
    answer, agreed = answered(CHROMIUM, Wish(wish))
    assert [form.pt for form in answer.sections[0].formats] == pts
    assert [form.pt for form in agreed.streams[0].formats] == pts[:1]


@pytest.mark.parametrize("wish", [("iLBC",), ()])
def test_a_wish_that_was_not_offered_is_an_error(wish: tuple[str, ...]) -> None:
    with pytest.raises(MediaError, match="no audio encoding of"):
        make_answer(CHROMIUM, Wish(wish), LOCAL)


@pytest.mark.parametrize(
    ("wish", "events", "pt"),
    [
        ("opus", [(110, 48000), (126, 8000)], 110),
        ("PCMU", [(110, 48000), (126, 8000)], 126),
        ("opus", [(126, 8000)], 126),
        ("PCMU", [(110, 48000)], 110),
        ("PCMU", [(110, 16000)], None),
        ("PCMU", [(80, 8000)], None),
        ("opus", [], None),
    ],
)
def test_telephone_event_is_agreed_at_the_clock_of_the_audio_if_possible(
    wish: str, events: list[tuple[int, int]], pt: int | None
) -> None:
    media = (Format(111, "opus", 48000, 2), Format(0, "PCMU", 8000))
    offered = tuple(Format(number, "Telephone-Event", clock) for number, clock in events)
    _, agreed = answered(changed(CHROMIUM, formats=media + offered), Wish((wish,)))
    digits = agreed.streams[0].digits
    assert (digits.pt if digits else None) == pt


@pytest.mark.parametrize(
    ("setup", "ours", "dtls_client"),
    [("actpass", "active", True), ("passive", "active", True), ("active", "passive", False)],
)
def test_the_dtls_role_is_never_left_open(setup: str, ours: str, dtls_client: bool) -> None:
    """V60."""
    answer, agreed = answered(changed(CHROMIUM, setup=setup))
    assert answer.sections[0].setup == ours
    assert agreed.remote.dtls_client is dtls_client


@pytest.mark.parametrize(
    ("offered", "ours", "sends", "hears"),
    [
        ("sendrecv", "sendrecv", True, True),
        ("sendonly", "recvonly", False, True),
        ("recvonly", "sendonly", True, False),
        ("inactive", "inactive", False, False),
    ],
)
def test_the_direction_is_mirrored(offered: str, ours: str, sends: bool, hears: bool) -> None:
    answer, agreed = answered(changed(CHROMIUM, direction=offered))
    section, stream = answer.sections[0], agreed.streams[0]
    assert section.direction == ours
    assert (stream.sends, stream.hears) == (sends, hears)
    assert section.msid and section.sources  # a stream that comes back is the same one


def test_extensions_are_those_we_let_pass_under_the_ids_of_the_offerer() -> None:
    extensions = ((9, MID), (3, LEVEL), (5, "urn:other"), (6, LEVEL), (15, SEND_TIME))
    answer, agreed = answered(changed(CHROMIUM, extensions=extensions))
    assert agreed.streams[0].extensions == answer.sections[0].extensions == ((3, LEVEL), (9, MID))


def test_an_offer_without_mids_and_bundle_is_answered_without_them() -> None:
    answer, agreed = answered(load("freeswitch_offer"), Wish(("opus",)))
    assert answer.groups == ()
    assert answer.sections[0].mid == agreed.streams[0].mid == ""
    assert answer.sections[0].protocol == "RTP/SAVPF"
    assert agreed.streams[0].formats[0].pt == 102


def test_without_candidates_and_ssrcs_the_answer_leaves_them_open() -> None:
    answer, _ = make_answer(CHROMIUM, ALL, replace(LOCAL, candidates=(), ssrcs={}))
    section = answer.sections[0]
    assert (section.port, section.address, section.candidates, section.sources) == (9, "0.0.0.0", (), ())
    assert parse(serialise(answer)) == answer


# The peer's end of the transport


@pytest.mark.parametrize(
    ("candidate", "kept"),
    [
        ({}, True),
        ({"host": "2001:db8::1"}, True),
        ({"host": "127.0.0.1"}, True),
        ({"host": "10.1.2.3", "kind": "relay"}, True),
        ({"host": "4ab6a2d6-90a0-4a0f-9a52-1d0f3fd02b37.local"}, True),
        ({"host": "example.org"}, False),
        ({"host": "127.1"}, False),
        ({"host": "fe80::1%eth0"}, False),
        ({"host": "224.0.0.1"}, False),
        ({"host": "255.255.255.255"}, False),
        ({"host": "0.0.0.0"}, False),
        ({"host": "::"}, False),
        ({"host": "ff02::1"}, False),
        ({"host": "::ffff:224.0.0.1"}, False),
        ({"host": "::ffff:0.0.0.0"}, False),
        ({"component": 2}, False),
        ({"transport": "tcp"}, False),
    ],
)
def test_only_candidates_that_may_be_checked_are_kept(candidate: dict[str, Any], kept: bool) -> None:
    """V59, X12."""
    one = replace(Candidate("1", 1, "udp", 5, "192.0.2.1", 9), **candidate)
    _, agreed = answered(changed(CHROMIUM, candidates=(one,)))
    assert agreed.remote.candidates == ((one,) if kept else ())


def test_the_transport_is_that_of_the_first_accepted_m_line_of_the_bundle() -> None:
    """RFC 8843 section 7.3.1."""
    turned = replace(CHROMIUM_AV, groups=(("BUNDLE", "1", "0"),))
    turned = changed(turned, 1, ufrag="videoufrag")
    assert answered(turned)[1].remote.ufrag == "videoufrag"
    assert answered(turned, Wish(("opus",)))[1].remote.ufrag == CHROMIUM_AV.sections[0].ufrag


def test_the_remote_says_how_the_peer_is_recognised() -> None:
    strong = Fingerprint("sha-512", ":".join(["CD"] * 64))
    weak = Fingerprint("sha-1", ":".join(["CD"] * 20))
    _, agreed = answered(changed(CHROMIUM, fingerprints=(weak, strong), ice_lite=True))
    assert agreed.remote.fingerprints == (strong,)
    assert agreed.remote.lite
    assert agreed.remote.pwd == CHROMIUM.sections[0].pwd


# The offer we make


def test_our_offer_has_all_that_a_browser_asks_for() -> None:
    """V60, V58."""
    offer = make_offer(Wish(("opus", "PCMA"), ("VP8",)), LOCAL)
    assert parse(serialise(offer)) == offer
    assert offer.groups == (("BUNDLE", "0", "1"),)
    audio, video = offer.sections
    assert [(form.pt, form.name, form.clock) for form in audio.formats] == [
        (111, "opus", 48000),
        (8, "PCMA", 8000),
        (110, "telephone-event", 48000),
        (101, "telephone-event", 8000),
    ]
    assert audio.formats[0].fmtp == "minptime=10;useinbandfec=1"
    assert audio.extensions == ((1, LEVEL), (2, SEND_TIME), (4, MID))
    assert video.formats == (Format(96, "VP8", 90000, feedback=REMB),)
    for section in offer.sections:
        assert (section.protocol, section.setup, section.direction) == ("UDP/TLS/RTP/SAVPF", "actpass", "sendrecv")
        assert section.rtcp_mux
        assert section.end_of_candidates
        assert (section.ufrag, section.pwd, section.fingerprints) == (LOCAL.ufrag, LOCAL.pwd, (LOCAL.fingerprint,))
        assert (section.port, section.address, section.candidates) == (40000, "127.0.0.1", LOCAL.candidates)
    assert (audio.sources, video.sources) == (((1111, "xswitch"),), ((2222, "xswitch"),))


@pytest.mark.parametrize(
    ("wish", "pts"),
    [
        (Wish(("opus",)), [[111, 110]]),
        (Wish(("PCMU",)), [[0, 101]]),
        (Wish(("G722", "iLBC", "g722", "opus")), [[9, 111, 110, 101]]),
        (Wish(("PCMA",), ("AV1",)), [[8, 101]]),
        (Wish(("PCMA",), ("VP9", "H264")), [[8, 101], [98, 102]]),
    ],
)
def test_only_what_is_wished_for_and_known_is_offered(wish: Wish, pts: list[list[int]]) -> None:
    offer = make_offer(wish, LOCAL)
    assert [[form.pt for form in section.formats] for section in offer.sections] == pts


@pytest.mark.parametrize("wish", [Wish(()), Wish(("iLBC",)), Wish((), ("VP8",))])
def test_without_audio_there_is_nothing_to_offer(wish: Wish) -> None:
    with pytest.raises(MediaError, match="no audio encoding of"):
        make_offer(wish, LOCAL)


# The peer's answer


def test_an_answer_agrees_on_what_both_have_in_its_own_order() -> None:
    formats = tuple(
        Format(pt, name, clock)
        for pt, name, clock in [
            (8, "pcma", 8000),
            (97, "iLBC", 8000),
            (0, "PCMU", 8000),
            (100, "G722", 8000),  # not the number we offered
            (101, "telephone-event", 8000),
        ]
    )
    agreed = read_answer(OURS, peer_answer(OURS, formats=formats, extensions=((2, SEND_TIME), (3, MID))))
    stream = agreed.streams[0]
    assert [(form.pt, form.name) for form in stream.formats] == [(8, "PCMA"), (0, "PCMU")]
    assert stream.digits == Format(101, "telephone-event", 8000)
    assert stream.extensions == ((2, SEND_TIME),)


def test_an_answer_without_mid_and_bundle_is_matched_by_order() -> None:
    """As FreeSWITCH answers."""
    offer = make_offer(Wish(("opus",)), LOCAL)
    agreed = read_answer(offer, load("freeswitch_answer"))
    assert agreed.streams[0].formats == (Format(111, "opus", 48000, 2, "useinbandfec=1; minptime=10"),)
    assert agreed.streams[0].digits == Format(110, "telephone-event", 48000)
    assert agreed.streams[0].mid == "0"
    assert agreed.remote.dtls_client is False
    assert len(agreed.remote.candidates) == 1


def test_all_that_we_offer_can_be_agreed() -> None:
    agreed = read_answer(OURS, peer_answer(OURS))
    audio, video = agreed.streams
    assert [form.name for form in audio.formats] == ["opus", "G722", "PCMU", "PCMA"]
    assert [form.name for form in video.formats] == ["VP8", "H264", "VP9"]
    assert video.digits is None
    assert (audio.mid, video.mid) == ("0", "1")


@pytest.mark.parametrize(
    "answer",
    [
        changed(peer_answer(OURS), 1, port=0),
        changed(peer_answer(OURS), 1, mid=""),
        changed(peer_answer(OURS), 1, formats=(Format(45, "AV1", 90000),)),
        replace(peer_answer(OURS), groups=()),
        replace(peer_answer(OURS), groups=(("BUNDLE", "0"),)),
    ],
)
def test_an_answer_may_do_without_our_video(answer: Session) -> None:
    agreed = read_answer(OURS, answer)
    assert agreed.stream("audio") is not None
    assert agreed.stream("video") is None
    assert agreed.streams[1].mid == "1"


@pytest.mark.parametrize(("setup", "dtls_client"), [("active", False), ("passive", True)])
def test_the_answer_says_who_begins_the_dtls_handshake(setup: str, dtls_client: bool) -> None:
    assert read_answer(OURS, peer_answer(OURS, setup=setup)).remote.dtls_client is dtls_client


@pytest.mark.parametrize(
    ("direction", "sends", "hears"),
    [("sendrecv", True, True), ("sendonly", False, True), ("recvonly", True, False), ("inactive", False, False)],
)
def test_the_answer_says_who_may_send(direction: str, sends: bool, hears: bool) -> None:
    stream = read_answer(OURS, peer_answer(OURS, direction=direction)).streams[0]
    assert (stream.sends, stream.hears) == (sends, hears)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Session(), "other m-lines"),
        (replace(OURS, sections=OURS.sections[:1]), "other m-lines"),
        (replace(OURS, sections=OURS.sections[::-1]), "other m-lines"),
        (replace(OURS, sections=OURS.sections * 2), "other m-lines"),
        (peer_answer(OURS, setup="actpass"), "answer lacks a usable a=setup"),
        (peer_answer(OURS, setup=""), "answer lacks a usable a=setup"),
        (peer_answer(OURS, fingerprints=()), "answer lacks a usable a=fingerprint"),
        (peer_answer(OURS, ufrag=""), "answer lacks a legal a=ice-ufrag"),
        (peer_answer(OURS, pwd="short"), "answer lacks a legal a=ice-pwd"),
        (peer_answer(OURS, rtcp_mux=False), "answer lacks a=rtcp-mux"),
        (peer_answer(OURS, port=0), "no audio encoding of the offer"),
        (peer_answer(OURS, formats=()), "no audio encoding of the offer"),
        (peer_answer(OURS, formats=(Format(97, "iLBC", 8000),)), "no audio encoding of the offer"),
        (peer_answer(OURS, formats=(Format(101, "telephone-event", 8000),)), "no audio encoding of the offer"),
    ],
)
def test_an_answer_that_does_not_answer_our_offer_is_refused(answer: Session, why: str) -> None:
    """V60."""
    with pytest.raises(MediaError, match=why) as refused:
        read_answer(OURS, answer)
    assert refused.value.cause is Cause.INCOMPATIBLE_DESTINATION


def test_an_answer_to_an_offer_of_nothing_is_refused() -> None:
    with pytest.raises(MediaError, match="no audio"):
        read_answer(Session(), Session())


# Broken descriptions


@pytest.mark.parametrize("name", OFFERS)
def test_an_offer_with_any_one_line_missing_or_twice_is_answered_or_refused(name: str) -> None:
    """X12."""
    lines = (DATA / f"{name}.sdp").read_bytes().decode().split("\r\n")
    spoilt = [lines[:n] + lines[n + more :] for n in range(len(lines)) for more in (1, -1)]
    outcomes: set[type] = set()
    for text in spoilt:
        try:
            outcomes.add(type(make_answer(parse("\r\n".join(text)), ALL, LOCAL)[1]))
        except (MediaError, ProtocolError) as error:
            outcomes.add(type(error))
    assert outcomes == {Agreed, MediaError, ProtocolError}


def test_an_answer_with_any_one_line_missing_is_taken_or_refused() -> None:
    """X12."""
    lines = serialise(peer_answer(OURS)).split("\r\n")
    outcomes: set[type] = set()
    for n in range(len(lines)):
        try:
            outcomes.add(type(read_answer(OURS, parse("\r\n".join(lines[:n] + lines[n + 1 :])))))
        except (MediaError, ProtocolError) as error:
            outcomes.add(type(error))
    assert outcomes == {Agreed, MediaError, ProtocolError}


# An independent far end


def peer() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


async def test_aiortc_accepts_our_answer() -> None:
    """V60."""
    pc = peer()
    pc.addTransceiver("audio")
    pc.addTransceiver("video")
    await pc.setLocalDescription(await pc.createOffer())
    offer = parse(pc.localDescription.sdp)
    assert heard(offer) == Heard(("opus", "G722", "PCMU", "PCMA"), ("VP8", "H264"), False)
    answer, agreed = answered(offer, Wish(("PCMU",), ("H264",)))
    await pc.setRemoteDescription(RTCSessionDescription(serialise(answer), "answer"))
    assert pc.signalingState == "stable"
    assert [transceiver.currentDirection for transceiver in pc.getTransceivers()] == ["sendrecv", "sendrecv"]
    assert [stream.formats[0].name for stream in agreed.streams] == ["PCMU", "H264"]
    await pc.close()


async def test_aiortc_accepts_our_offer_and_we_its_answer() -> None:
    """V60."""
    pc = peer()
    await pc.setRemoteDescription(RTCSessionDescription(serialise(OURS), "offer"))
    await pc.setLocalDescription(await pc.createAnswer())
    agreed = read_answer(OURS, parse(pc.localDescription.sdp))
    audio, video = agreed.streams
    assert [form.name for form in audio.formats] == ["opus", "G722", "PCMU", "PCMA"]
    assert [form.name for form in video.formats] == ["VP8", "H264"]
    assert agreed.remote.dtls_client is False
    await pc.close()


# Video that is offered later


def test_video_is_added_in_an_m_line_of_its_own_under_numbers_that_are_free() -> None:
    audio = changed(CHROMIUM, formats=(Format(96, "opus", 48000, 2),), extensions=((2, LEVEL), (9, MID)))
    _, agreed = answered(audio)
    offer = remake_offer(audio, agreed, LOCAL, Video(("VP8",), sends=True))
    assert [(section.kind, section.direction) for section in offer.sections] == [
        ("audio", "sendrecv"),
        ("video", "sendrecv"),
    ]
    sound, pictures = offer.sections
    assert pictures.mid != sound.mid and offer.groups == (("BUNDLE", sound.mid, pictures.mid),)
    assert {form.pt for form in pictures.formats}.isdisjoint({form.pt for form in sound.formats} | {96})
    assert {uri: number for number, uri in pictures.extensions} == {SEND_TIME: 1, MID: 9}
    assert parse(serialise(offer)) == offer


@pytest.mark.parametrize(
    ("video", "direction"),
    [
        (Video(("VP8",), sends=True), "sendrecv"),
        (Video(("VP8",)), "recvonly"),
        (Video(), "inactive"),
    ],
)
def test_video_that_is_agreed_on_stays_in_its_m_line(video: Video, direction: str) -> None:
    _, agreed = answered(CHROMIUM_AV)
    offer = remake_offer(CHROMIUM_AV, agreed, LOCAL, video)
    assert [section.direction for section in offer.sections] == ["sendrecv", direction]
    assert offer.sections[1].formats[0].pt == agreed.streams[1].formats[0].pt
    assert offer.sections[1].mid == CHROMIUM_AV.sections[1].mid


def test_an_m_line_that_was_refused_is_used_again_under_another_name() -> None:
    stopped = changed(CHROMIUM_AV, 1, port=0)
    _, agreed = answered(stopped)
    offer = remake_offer(stopped, agreed, LOCAL, Video(("VP8",), sends=True))
    assert len(offer.sections) == 2 and offer.sections[1].port
    assert offer.sections[1].mid not in {section.mid for section in stopped.sections}
    assert [section.port for section in remake_offer(stopped, agreed, LOCAL, Video()).sections][1:] == [0]


def test_who_has_nothing_to_show_answers_so() -> None:
    answer, agreed = answered(CHROMIUM_AV, replace(ALL, shows=False))
    assert [section.direction for section in answer.sections] == ["sendrecv", "recvonly"]
    assert [(stream.sends, stream.hears) for stream in agreed.streams] == [(True, True), (False, True)]


def test_an_answer_does_not_bring_back_an_m_line_that_was_refused() -> None:
    sound = CHROMIUM.sections[0]
    twice = replace(CHROMIUM, sections=(sound, replace(sound, mid="9")), groups=(("BUNDLE", sound.mid),))
    _, before = answered(twice)
    ours = remake_offer(twice, before, LOCAL)
    took = zip(twice.sections, ours.sections, strict=True)
    answer = replace(twice, sections=tuple(replace(one, setup="active", formats=two.formats) for one, two in took))
    assert [bool(stream.formats) for stream in read_answer(ours, answer).streams] == [True, False]
