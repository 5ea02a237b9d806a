"""Reading and writing SDP: tables of lines, limits, inheritance, and the whole descriptions that real peers send."""

from pathlib import Path

import pytest

from xswitch_py.base.errors import ProtocolError
from xswitch_py.base.sdp import (
    Candidate,
    Fingerprint,
    Format,
    Limits,
    Origin,
    Section,
    Session,
    parameters,
    parse,
    serialise,
)

DATA = Path(__file__).parent.parent / "media" / "data"
HEAD = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"


def section(*lines: str, media: str = AUDIO) -> Section:
    return parse(HEAD + media + "".join(f"{line}\r\n" for line in lines)).sections[0]


def read(name: str) -> str:
    return (DATA / name).read_bytes().decode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begin with v=0"),
        ("\n", "begin with v=0"),
        ("hello", "begin with v=0"),
        ("v=1\r\n", "begin with v=0"),
        ("\ufeffv=0\r\n", "begin with v=0"),
        (HEAD + "hello\r\n", "without a type"),
        (HEAD + "=\r\n", "without a type"),
        (HEAD + "m=\r\n", "malformed m-line"),
        (HEAD + "m=audio\r\n", "malformed m-line"),
        (HEAD + "m=audio 9 RTP/AVP\r\n", "malformed m-line"),
        (HEAD + "m=au(dio 9 RTP/AVP 0\r\n", "malformed m-line"),
        (HEAD + "m=audio 9 RTP/ÄVP 0\r\n", "malformed m-line"),
        (HEAD + "m=audio 9 RTP/\x01AVP 0\r\n", "malformed m-line"),
        (HEAD + "m=audio 65536 RTP/AVP 0\r\n", "bad port"),
        (HEAD + "m=audio -1 RTP/AVP 0\r\n", "bad port"),
        (HEAD + "m=audio x RTP/AVP 0\r\n", "bad port"),
        (HEAD + "m=audio 99999999999999 RTP/AVP 0\r\n", "bad port"),
        (HEAD + "a=x:" + "y" * Limits.LINE + "\r\n", "line of"),
        (HEAD + AUDIO * (Limits.SECTIONS + 1), "more than 16 m-lines"),
        (HEAD + "a=x\r\n" * 20_000, "is the limit"),
    ],
)
def test_what_is_no_sdp_is_refused_and_the_error_says_why(text: str, why: str) -> None:
    """X12."""
    with pytest.raises(ProtocolError, match=why):
        parse(text)


def test_as_many_m_lines_as_the_limit_are_read() -> None:
    assert len(parse(HEAD + AUDIO * Limits.SECTIONS).sections) == Limits.SECTIONS


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_line_ends_may_be_crlf_or_lf(end: str) -> None:
    assert parse((HEAD + AUDIO).replace("\r\n", end)) == parse(HEAD + AUDIO)


def test_what_stands_for_the_whole_session_is_read() -> None:
    session = parse(
        "v=0\r\no=alice 77 3 IN IP6 2001:db8::1\r\ns=A call\r\nb=AS:64\r\nt=0 0\r\n\r\n"
        "a=group:BUNDLE 0 1\r\na=group:\r\na=msid-semantic: WMS x\r\na=extmap-allow-mixed\r\n"
    )
    assert session == Session(
        origin=Origin("alice", "77", "3", "2001:db8::1"),
        name="A call",
        groups=(("BUNDLE", "0", "1"),),
        attributes=(("msid-semantic", " WMS x"), ("extmap-allow-mixed", "")),
    )


@pytest.mark.parametrize("line", ["o=-", "o=- 1 2 IN IP4", "o=- 1 2 XX IP4 192.0.2.1", "s=", "c=IN IP9 x", "q=?"])
def test_a_session_line_that_says_nothing_is_left_out(line: str) -> None:
    assert parse(f"v=0\r\n{line}\r\n") == Session()


def test_an_m_line_is_read() -> None:
    one = section(
        "c=IN IP4 192.0.2.7/127",
        "a=rtcp:5005 IN IP4 192.0.2.7",
        "a=mid:a0",
        "a=sendonly",
        "a=ptime:30",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=bundle-only",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:secretsecretsecretsecret",
        "a=ice-options:trickle renomination",
        "a=setup:actpass",
        "a=fingerprint:SHA-256 ab:cd",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc",
        "a=extmap:3/recvonly urn:x settings",
        "a=msid:stream track",
        "a=ssrc:7 cname:me",
        "a=ssrc:7 msid:stream track",
        "a=candidate:1 1 UDP 2130706431 192.0.2.7 5004 typ host generation 0",
        "a=end-of-candidates",
        "a=rtcp-xr:rcvr-rtt=all",
        "a=silenceSupp",
        media="m=audio 5004/2 UDP/TLS/RTP/SAVPF 0 8\r\n",
    )
    assert one == Section(
        kind="audio",
        port=5004,
        protocol="UDP/TLS/RTP/SAVPF",
        formats=(Format(0, "PCMU", 8000), Format(8, "PCMA", 8000)),
        address="192.0.2.7",
        mid="a0",
        direction="sendonly",
        ptime=30,
        rtcp_port=5005,
        rtcp_mux=True,
        rtcp_rsize=True,
        bundle_only=True,
        ufrag="abcd",
        pwd="secretsecretsecretsecret",
        ice_options="trickle renomination",
        setup="actpass",
        fingerprints=(Fingerprint("sha-256", "AB:CD"),),
        crypto=("1 AES_CM_128_HMAC_SHA1_80 inline:abc",),
        extensions=((3, "urn:x"),),
        msid="stream track",
        sources=((7, "me"),),
        candidates=(Candidate("1", 1, "udp", 2130706431, "192.0.2.7", 5004),),
        end_of_candidates=True,
        attributes=(("rtcp-xr", "rcvr-rtt=all"), ("silenceSupp", "")),
    )


@pytest.mark.parametrize(
    ("listed", "lines", "formats"),
    [
        ("111", ["rtpmap:111 opus/48000/2"], [Format(111, "opus", 48000, 2)]),
        ("111", ["rtpmap:111 opus/48000/2", "rtpmap:111 PCMU/8000"], [Format(111, "opus", 48000, 2)]),
        ("111", ["fmtp:111 minptime=10; x=1"], [Format(111, fmtp="minptime=10; x=1")]),
        ("9 18", [], [Format(9, "G722", 8000), Format(18, "G729", 8000)]),
        ("0", ["rtpmap:0 X-OWN/16000"], [Format(0, "X-OWN", 16000)]),
        ("96", ["rtpmap:96 VP8"], [Format(96)]),
        ("96", ["rtpmap:96 VP8/0"], [Format(96)]),
        ("96", ["rtpmap:96 VP8/x"], [Format(96)]),
        ("96", ["rtpmap:96 VP8/99999999999"], [Format(96)]),
        ("96", ["rtpmap:96 VP8/90000/999"], [Format(96)]),
        ("96", ["rtpmap:96 VP8/90000/"], [Format(96)]),
        ("96", ["rtpmap:96"], [Format(96)]),
        ("8", ["rtpmap:8 broken"], [Format(8, "PCMA", 8000)]),
        ("96", ["rtpmap:97 VP8/90000"], [Format(96)]),
        ("0 0 8 0", [], [Format(0, "PCMU", 8000), Format(8, "PCMA", 8000)]),
        ("128 127 -1 x 1000 99999", [], [Format(127)]),
        ("200", [], []),
        (
            "96 97",
            ["rtcp-fb:96 nack", "rtcp-fb:* ccm fir", "rtcp-fb:96 nack pli", "rtcp-fb:97", "rtcp-fb:97  "],
            [Format(96, feedback=("nack", "nack pli", "ccm fir")), Format(97, feedback=("ccm fir",))],
        ),
    ],
)
def test_payload_formats_are_put_together(listed: str, lines: list[str], formats: list[Format]) -> None:
    """X12: numbers that are out of range or listed twice are left out."""
    one = section(*(f"a={line}" for line in lines), media=f"m=video 9 RTP/AVP {listed}\r\n")
    assert list(one.formats) == formats
    assert one.tokens == ()


def test_an_m_line_without_rtp_keeps_what_it_lists() -> None:
    one = section(media="m=application 9 UDP/DTLS/SCTP webrtc-datachannel 5000\r\n")
    assert (one.kind, one.formats, one.tokens) == ("application", (), ("webrtc-datachannel", "5000"))


@pytest.mark.parametrize(
    ("value", "candidate"),
    [
        ("1 1 udp 5 192.0.2.1 9 typ host", Candidate("1", 1, "udp", 5, "192.0.2.1", 9)),
        ("1 2 UDP 5 2001:db8::1 65535 typ host", Candidate("1", 2, "udp", 5, "2001:db8::1", 65535)),
        ("a+/ 1 tcp 5 x.local 9 typ host tcptype active", Candidate("a+/", 1, "tcp", 5, "x.local", 9)),
        (
            "1 1 udp 5 192.0.2.1 9 typ srflx raddr 10.0.0.1 rport 7 generation 0",
            Candidate("1", 1, "udp", 5, "192.0.2.1", 9, "srflx", "10.0.0.1", 7),
        ),
        (
            "1 1 udp 5 192.0.2.1 9 typ relay raddr 0.0.0.0 rport 0",
            Candidate("1", 1, "udp", 5, "192.0.2.1", 9, "relay", "0.0.0.0", 0),
        ),
        ("1 1 udp 5 192.0.2.1 9 typ srflx raddr 10.0.0.1 rport 65536", None),
        ("1 1 udp 5 192.0.2.1 0 typ host", None),
        ("1 1 udp 5 192.0.2.1 65536 typ host", None),
        ("1 1 udp 5 192.0.2.1 -9 typ host", None),
        ("1 x udp 5 192.0.2.1 9 typ host", None),
        ("1 1 udp 99999999999 192.0.2.1 9 typ host", None),
        ("1 1 udp 5 192.0.2.1 9 tip host", None),
        ("1 1 udp 5 192.0.2.1 9 typ", None),
        ("1 1 udp 5 " + "x" * 256 + " 9 typ host", None),
        ("", None),
    ],
)
def test_a_candidate_is_read_or_left_out(value: str, candidate: Candidate | None) -> None:
    """V59, X12."""
    assert section(f"a=candidate:{value}").candidates == ((candidate,) if candidate else ())


@pytest.mark.parametrize(
    "line",
    [
        "mid:two words",
        "mid:ö",
        "mid:" + "m" * 65,
        "mid",
        "ptime:0",
        "ptime:x",
        "ptime:20.5",
        "rtcp:0",
        "rtcp:65536",
        "rtcp:٩",
        "fingerprint:sha-256",
        "fingerprint:sha-256 a b",
        "crypto:",
        "extmap:0 urn:x",
        "extmap:x urn:x",
        "extmap:4096 urn:x",
        "extmap:1",
        "ssrc:4294967296 cname:x",
        "ssrc:-1 cname:x",
        "ssrc:1 label:x",
    ],
)
def test_a_malformed_attribute_is_left_out(line: str) -> None:
    assert section(f"a={line}") == section()


def test_the_first_of_two_extensions_or_sources_of_one_number_counts() -> None:
    one = section("a=extmap:1 urn:a", "a=extmap:1 urn:b", "a=ssrc:5 cname:a", "a=ssrc:5 cname:b")
    assert (one.extensions, one.sources) == (((1, "urn:a"),), ((5, "a"),))


def test_an_m_line_without_own_values_has_those_of_the_session() -> None:
    common = (
        "c=IN IP6 2001:db8::9\r\na=fingerprint:sha-256 AA\r\na=ice-ufrag:abcd\r\na=ice-pwd:pppp\r\na=ice-lite\r\n"
        "a=ice-options:ice2\r\na=setup:passive\r\na=inactive\r\na=extmap:1 urn:x\r\n"
    )
    own = "c=IN IP4 192.0.2.3\r\na=fingerprint:sha-256 BB\r\na=ice-ufrag:efgh\r\na=setup:active\r\na=recvonly\r\n"
    first, second = parse(HEAD + common + AUDIO + AUDIO + own).sections
    assert (first.address, first.ufrag, first.setup, first.direction) == ("2001:db8::9", "abcd", "passive", "inactive")
    assert (first.fingerprints, first.extensions) == ((Fingerprint("sha-256", "AA"),), ((1, "urn:x"),))
    assert (first.pwd, first.ice_lite, first.ice_options) == ("pppp", True, "ice2")
    assert (second.address, second.ufrag, second.setup, second.direction) == ("192.0.2.3", "efgh", "active", "recvonly")
    assert (second.fingerprints, second.pwd) == ((Fingerprint("sha-256", "BB"),), "pppp")


@pytest.mark.parametrize(
    ("line", "name", "limit"),
    [
        ("candidate:{0} 1 udp 5 192.0.2.1 9 typ host", "candidates", Limits.CANDIDATES),
        ("fingerprint:sha-256 {0}", "fingerprints", Limits.ITEMS),
        ("crypto:{0}", "crypto", Limits.ITEMS),
        ("extmap:{1} urn:x", "extensions", Limits.ITEMS),
        ("ssrc:{0} cname:x", "sources", Limits.ITEMS),
    ],
)
def test_more_than_a_limit_is_left_out(line: str, name: str, limit: int) -> None:
    """X12."""
    one = section(*(f"a={line.format(number, number + 1)}" for number in range(1000)))
    assert len(getattr(one, name)) == limit


def test_formats_feedback_and_groups_are_limited_too() -> None:
    """X12."""
    listed = " ".join(str(pt) for pt in range(100))
    one = section(*["a=rtcp-fb:1 nack"] * 100, media=f"m=audio 9 RTP/AVP {listed}\r\n")
    assert len(one.formats) == Limits.FORMATS
    assert len(one.formats[1].feedback) == Limits.ITEMS
    assert len(parse(HEAD + "a=group:BUNDLE\r\n" * 100).groups) == Limits.ITEMS


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.sdp")))
def test_what_a_real_peer_sent_survives_being_written_and_read_again(name: str) -> None:
    session = parse(read(name))
    assert session.sections
    assert parse(serialise(session)) == session


def test_an_offer_of_chromium_is_read_whole() -> None:
    audio, video = parse(read("chromium_audio_video_offer.sdp")).sections
    assert [form.name for form in audio.formats] == [
        "opus",
        "red",
        "G722",
        "PCMU",
        "PCMA",
        "CN",
        "telephone-event",
        "telephone-event",
    ]
    assert len(video.formats) == 23
    assert [candidate.transport for candidate in audio.candidates] == ["udp", "udp", "tcp", "tcp"]
    assert video.formats[0].feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")


def test_a_description_is_written_with_crlf_line_ends() -> None:
    session = Session(
        origin=Origin("-", "1", "2", "2001:db8::1"),
        sections=(
            Section(
                kind="audio",
                port=4000,
                protocol="RTP/SAVP",
                formats=(Format(0, "PCMU", 8000), Format(96, "opus", 48000, 2, "x=1", ("nack",)), Format(97)),
                address="192.0.2.1",
                ptime=20,
                rtcp_port=4001,
                crypto=("1 X inline:y",),
                ice_lite=True,
                candidates=(Candidate("1", 1, "udp", 5, "192.0.2.1", 4000, "srflx", "10.0.0.1", 7),),
            ),
            Section("video", 0, "RTP/AVP"),
            Section("image", 0, "udptl", tokens=("t38",)),
        ),
        groups=(("BUNDLE", "0"),),
        attributes=(("tool", "x"), ("flag", "")),
    )
    assert serialise(session).split("\r\n") == [
        "v=0",
        "o=- 1 2 IN IP6 2001:db8::1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "a=ice-lite",
        "a=tool:x",
        "a=flag",
        "m=audio 4000 RTP/SAVP 0 96 97",
        "c=IN IP4 192.0.2.1",
        "a=rtcp:4001",
        "a=ptime:20",
        "a=sendrecv",
        "a=crypto:1 X inline:y",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 x=1",
        "a=rtcp-fb:96 nack",
        "a=candidate:1 1 udp 5 192.0.2.1 4000 typ srflx raddr 10.0.0.1 rport 7",
        "m=video 0 RTP/AVP 0",
        "a=sendrecv",
        "m=image 0 udptl t38",
        "a=sendrecv",
        "",
    ]


@pytest.mark.parametrize(
    ("fmtp", "read"),
    [
        ("minptime=10;useinbandfec=1", {"minptime": "10", "useinbandfec": "1"}),
        ("useinbandfec=1; Minptime = 10;", {"useinbandfec": "1", "minptime": "10"}),
        ("0-15", {"0-15": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("", {}),
        (";=1;", {}),
    ],
)
def test_the_parameters_of_a_format_are_read(fmtp: str, read: dict[str, str]) -> None:
    assert parameters(fmtp) == read
