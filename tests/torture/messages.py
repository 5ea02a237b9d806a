"""Messages that are hard to read, after RFC 4475 and RFC 5118: their names, their texts, and what becomes of them."""

from dataclasses import dataclass
from typing import Final

__all__ = ["GOOD", "REFUSED", "Good", "Refused", "simple"]


@dataclass(frozen=True, slots=True)
class Good:
    """A message that is read. `says` are pairs of an expression over `m` and its value in Python's own spelling."""

    name: str
    data: bytes
    says: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not served, and the answer it gets; 0 for none."""

    name: str
    data: bytes
    status: int


FROM: Final = "From: <sip:caller@example.net>;tag=323"
TO: Final = "To: sip:user@example.com"
CONTACT: Final = "Contact: <sip:caller@host5.example.net>"
VIA: Final = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw"


def lines(*text: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*text, "", ""]).encode() + body


def simple(start: str = "OPTIONS sip:user@example.com SIP/2.0", *more: str, body: bytes = b"", **other: str) -> bytes:
    """A plain message. `other` puts a line in place of one of its own; an empty one leaves it out."""
    method = "OPTIONS" if start.startswith("SIP") else start.partition(" ")[0]
    own = {
        "To": TO, "Max_Forwards": "Max-Forwards: 70", "From": FROM, "Call_ID": "Call-ID: torture.1",
        "CSeq": f"CSeq: 8 {method}", "Via": VIA, "Length": f"l: {len(body)}",
    }  # fmt: skip
    return lines(start, *filter(None, (own | other).values()), *more, body=body)


ODD_USER: Final = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
ODD_PASSWORD: Final = "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
ODD_METHOD: Final = "!interesting-Method0123456789_*+`.%indeed'~"

GOOD: Final = [
    Good(
        "a short tortuous INVITE (4475 3.1.1.1)",
        lines(
            "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
            "TO :",
            " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
            'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
            "  ;",
            "  tag = 98asjd8",
            "MaX-fOrWaRdS: 0068",
            "Call-ID: wsinv.ndaksdj@192.0.2.1",
            "Content-Length   : 3",
            "cseq: 0009",
            "  INVITE",
            "Via  : SIP  /   2.0",
            " /UDP",
            "    192.0.2.2;branch=390skdjuw",
            "s :",
            "NewFangledHeader:   newfangled value",
            " continued newfangled value",
            "UnknownHeaderWithUnusualValue: ;;,,;;,;",
            "Content-Type: application/sdp",
            "Route:",
            " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
            "v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
            "  branch  =   z9hG4bK9ikj8  ,",
            " SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
            " z9hG4bK30239",
            'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
            "      newvalue ;",
            "  secondparam ; q = 0.33",
            body=b"v=0",
        ),
        (
            ("m.to.tag", "1918181833n"),
            ("m.from_.display", 'J Rosenberg \\"'),
            ("m.from_.tag", "98asjd8"),
            ("m.max_forwards", 68),
            ("m.cseq.number", 9),
            ("len(m.vias)", 3),
            ("m.vias[0].branch", "390skdjuw"),
            ("m.vias[1].host", "spindle.example.com"),
            ("m.vias[2].branch", "z9hG4bK30239"),
            ("m.headers.get('Subject')", ""),
            ("m.contacts[0].params['q']", "0.33"),
            ("m.contacts[0].display", 'Quoted string ""'),
            ("m.routes[0].uri.parameters['unknown-no-value']", None),
            ("m.body", b"v=0"),
            ("m.headers.get('NewFangledHeader')", "newfangled value continued newfangled value"),
        ),
    ),
    Good(
        "a wide range of characters (3.1.1.2)",
        simple(
            f"{ODD_METHOD} sip:{ODD_USER}:{ODD_PASSWORD}@example.com SIP/2.0",
            "extensionHeader-!.%*+_`'~: \ufeff\u5927\u505c\u96fb",
            From="From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;"
            "fromParam''~+*_!.-%=\"\u0440\u0430\";tag=_tok~1'+`*%!-.",
            Call_ID="Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            Via="Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~",
        ),
        (
            ("m.method", ODD_METHOD),
            ("m.uri.user", ODD_USER),
            ("m.uri.password", ODD_PASSWORD),
            ("m.from_.tag", "_tok~1'+`*%!-."),
            ("m.vias[0].branch", "z9hG4bK-.!%66*_+`'~"),
            ("m.call_id", "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"),
        ),
    ),
    Good(
        "escapes that matter (3.1.1.3)",
        simple("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", To="To: sip:%75se%72@example.com"),
        (
            ("m.uri.name", "sips:user@example.com"),
            ("m.uri.host", "example.net"),
            ("m.to.uri.name", "user"),
            ("m.to.uri.user", "%75se%72"),
        ),
    ),
    Good(
        "an escaped NUL (3.1.1.4)",
        simple(
            "REGISTER sip:example.com SIP/2.0",
            "Contact: <sip:%00@host5.example.com>",
            "Contact: <sip:%00%00@host5.example.com>",
            To="To: sip:null-%00-null@example.com",
        ),
        (("m.to.uri.name", "null-\0-null"), ("len(m.contacts)", 2), ("m.contacts[0].uri != m.contacts[1].uri", True)),
    ),
    Good(
        "a % that is no escape (3.1.1.5)",
        simple("RE%47IST%45R sip:registrar.example.com SIP/2.0"),
        (("m.method", "RE%47IST%45R"),),
    ),
    Good(
        "no blank before < (3.1.1.6)",
        simple(From="From: caller<sip:caller@example.com>;tag=323"),
        (("m.from_.display", "caller"),),
    ),
    Good(
        "long values (3.1.1.7)",
        simple(
            "INVITE sip:user@example.com SIP/2.0",
            *[f"Via: SIP/2.0/TCP sip{number}.example.com" for number in range(33, 0, -1)],
            To=f'To: "I have a user name of {"long " * 60}"<sip:user{"long" * 200}@example.com:6000;p={"v" * 90}>',
            Call_ID=f"Call-ID: longreq.one{'really' * 38}longcallid",
        ),
        (("len(m.vias)", 34), ("len(m.to.display)", 256), ("m.to.uri.port", 6000)),
    ),
    Good(
        "octets after the body of a datagram (3.1.1.8)",
        simple("REGISTER sip:example.com SIP/2.0") + simple("INVITE sip:joe@example.com SIP/2.0"),
        (("m.method", "REGISTER"), ("m.body", b"")),
    ),
    Good(
        "a semicolon in the user (3.1.1.9)",
        simple("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
        (("m.uri.name", "user;par=u@example.net"), ("m.uri.host", "example.com"), ("len(m.uri.parameters)", 0)),
    ),
    Good(
        "transports that nobody knows (3.1.1.10)",
        simple(
            Via="Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw",
            Max_Forwards="Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf",
            CSeq="CSeq: 8 OPTIONS\r\nVia: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasdfwe",
        ),
        (("[via.transport for via in m.vias]", ["SCTP", "UNKNOWN", "UDP"]),),
    ),
    Good(
        "a body in parts, some of them binary (3.1.1.11)",
        simple(
            "MESSAGE sip:kumiko@example.org SIP/2.0",
            "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
            body=b"--7a9cbec02ceef655\r\nContent-Type: x/y\r\n\r\n\x00\xff\r\n\r\n\x80\r\n--7a9cbec02ceef655--",
        ),
        (("m.content_type", "multipart/mixed"), ("m.body[-4:]", b"55--")),
    ),
    Good(
        "an unusual reason phrase (3.1.1.12)",
        simple("SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e, \u043f\u0440\u043e\u0441\u0442\u043e\u0435"),
        (("m.status", 200), ("m.reason[:13]", "= 2**3 * 5**2")),
    ),
    Good("an empty reason phrase (3.1.1.13)", simple("SIP/2.0 100 "), (("m.status", 100), ("m.reason", ""))),
    Good(
        "escaped headers in the Request-URI (3.1.2.11)",
        simple("INVITE sip:user@example.com?Route=%3Csip:x%3E SIP/2.0"),
        (("m.routes", ()),),
    ),
    Good(
        "a date in no time zone of SIP (3.1.2.12)",
        simple("INVITE sip:user@example.com SIP/2.0", "Date: Fri, 01 Jan 2010 16:00:00 EST"),
    ),
    Good(
        "blanks about an addr-spec (3.1.2.14)",
        simple(To='To: "Watson, Thomas" < sip:t.watson@example.org >'),
        (("m.to.uri.user", "t.watson"), ("str(m.to)", '"Watson, Thomas" <sip:t.watson@example.org>')),
    ),
    Good(
        "a display name that should be quoted (3.1.2.15)",
        simple(From="From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43"),
        (("m.from_.display", "Bell, Alexander"),),
    ),
    Good(
        "a branch that is only the cookie (3.2.1)",
        simple(Via="Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"),
        (("m.vias[0].has_cookie", False),),
    ),
    Good("a To of a foreign scheme (3.3.4)", simple(To="To: <isbn:2983792873>"), (("m.to.uri.scheme", "isbn"),)),
    Good(
        "extensions that nobody knows (3.3.5)",
        simple("OPTIONS sip:u@h SIP/2.0", "Require: nothingSupportsThis, alsoNot", "Proxy-Require: noProxies"),
        (("m.tokens('Require')", {"nothingSupportsThis", "alsoNot"}),),
    ),
    Good(
        "a body of an unknown type (3.3.6)",
        simple("INVITE sip:u@h SIP/2.0", "Content-Type: application/unknownformat", body=b"<audio>\r\n"),
        (("m.content_type", "application/unknownformat"),),
    ),
    Good(
        "an unknown scheme of authorization (3.3.7)",
        simple("REGISTER sip:h SIP/2.0", "Authorization: NoOneKnowsThisScheme opaque-data=here"),
        (("credentials_in(m.headers, 'Authorization', 'r')", None),),
    ),
    Good(
        "an answer with another Via behind ours (3.3.10)",
        simple("SIP/2.0 200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"),
        (("m.vias[1].host", "255.255.255.255"),),
    ),
    Good("Max-Forwards of zero (3.3.11)", simple(Max_Forwards="Max-Forwards: 0"), (("m.max_forwards", 0),)),
    Good(
        "a parameter behind a bare Contact (3.3.12)",
        simple("REGISTER sip:h SIP/2.0", "Contact: sip:+19725552222@gw1.example.net;unknownparam"),
        (("m.contacts[0].params", {"unknownparam": None}), ("len(m.contacts[0].uri.parameters)", 0)),
    ),
    Good(
        "a parameter in a Contact's URI (3.3.13)",
        simple("REGISTER sip:h SIP/2.0", "Contact: <sip:+19725552222@gw1.example.net;unknownparam>"),
        (("m.contacts[0].uri.parameters", {"unknownparam": None}), ("len(m.contacts[0].params)", 0)),
    ),
    Good(
        "escaped headers in a Contact (3.3.14)",
        simple("REGISTER sip:h SIP/2.0", "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>"),
        (("m.contacts[0].uri.header('Route')", "<sip:sip.example.com>"),),
    ),
    Good(
        "nothing is accepted that could be given (3.3.15)",
        simple("INVITE sip:user@example.com SIP/2.0", "Accept: text/nobodyKnowsThis", "Content-Type: application/sdp"),
        (("m.tokens('Accept')", {"text/nobodyKnowsThis"}),),
    ),
    Good(
        "an INVITE of RFC 2543 (3.4.1)",
        simple(
            "INVITE sip:UserB@example.com SIP/2.0",
            Max_Forwards="",
            Length="",
            Via="Via: SIP/2.0/UDP iftgw.example.com",
            From="From: <sip:+13035551111@ift.client.example.net;user=phone>",
        ),
        (("m.max_forwards", 70), ("m.vias[0].branch", ""), ("m.from_.tag", "")),
    ),
    Good(
        "IPv6 in the Request-URI (5118 4.1)",
        simple(
            "REGISTER sip:[2001:db8::10] SIP/2.0",
            "Contact: <sip:caller@[2001:db8::1]>",
            Via="Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111",
        ),
        (("m.uri.host", "2001:db8::10"), ("m.vias[0].host", "2001:db8::9:1")),
    ),
    Good(
        "what looks like a port is none (5118 4.3)",
        simple("REGISTER sip:[2001:db8::10:5070] SIP/2.0"),
        (("m.uri.host", "2001:db8::10:5070"), ("m.uri.port", None)),
    ),
    Good(
        "a port behind an IPv6 address (5118 4.4)",
        simple("REGISTER sip:[2001:db8::10]:5070 SIP/2.0"),
        (("m.uri.port", 5070),),
    ),
    Good(
        "received in brackets (5118 4.5)",
        simple(Via="Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111"),
        (("m.vias[0].received", "2001:db8::9:255"),),
    ),
    Good(
        "received without brackets (5118 4.5)",
        simple(Via="Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3"),
        (("m.vias[0].received", "2001:db8::9:255"),),
    ),
    Good(
        "IPv6 in SDP (5118 4.6)",
        simple(
            "INVITE sip:user@[2001:db8::10] SIP/2.0",
            "Content-Type: application/sdp",
            body=b"v=0\r\no=a 1 1 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP6 2001:db8::20\r\nt=0 0\r\n",
        ),
        (("m.body[:30]", b"v=0\r\no=a 1 1 IN IP6 2001:db8::"),),
    ),
    Good(
        "addresses of two kinds in one field (5118 4.7)",
        simple(Via="Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=a, SIP/2.0/UDP 192.0.2.1;branch=b"),
        (("[via.host for via in m.vias]", ["2001:db8::9:1", "192.0.2.1"]),),
    ),
    Good(
        "addresses of two kinds in SDP (5118 4.8)",
        simple(
            "INVITE sip:user@[2001:db8::10] SIP/2.0",
            "Content-Type: application/sdp",
            body=b"v=0\r\nc=IN IP6 2001:db8::1\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n",
        ),
        (("len(m.body)", 68),),
    ),
    Good(
        "an IPv4 address in IPv6 (5118 4.9)",
        simple("INVITE sip:user@example.com SIP/2.0", "Contact: <sip:user@[::ffff:192.0.2.2]>"),
        (("m.contacts[0].uri.host", "::ffff:192.0.2.2"),),
    ),
    Good(
        "three colons of an old grammar (5118 4.10)",
        simple("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0"),
        (("m.uri.host", "2001:db8:::192.0.2.1"),),
    ),
]

REFUSED: Final = [
    Refused("control characters in a quoted string (3.1.1.2)", simple(To='To: "BEL:\\\x07 NUL:\\\x00" <sip:a@h>'), 0),
    Refused("separators without values (3.1.2.1)", simple(Via="Via: SIP/2.0/UDP 192.0.2.15;;,;,,"), 0),
    Refused(
        "a separator without a Contact (3.1.2.1)",
        simple("INVITE sip:a@h SIP/2.0", 'Contact: "Joe" <sip:joe@example.org>;;;;, ;'),
        400,
    ),
    Refused("a Content-Length beyond the datagram (3.1.2.2)", simple(Length="Content-Length: 9999"), 400),
    Refused("a negative Content-Length (3.1.2.3)", simple(Length="Content-Length: -999"), 400),
    Refused("too large a CSeq (3.1.2.4)", simple(CSeq="CSeq: 36893488147419103232 OPTIONS"), 400),
    Refused("too large a Max-Forwards (3.1.2.4)", simple(Max_Forwards="Max-Forwards: 300"), 400),
    Refused(
        "too large numbers in an answer (3.1.2.5)",
        simple("SIP/2.0 503 Service Unavailable", CSeq="CSeq: 9292394834772304023312 OPTIONS"),
        0,
    ),
    Refused("a quote without its partner (3.1.2.6)", simple(To='To: "Mr. J. User <sip:j.user@example.com>'), 400),
    Refused("brackets about the Request-URI (3.1.2.7)", simple("INVITE <sip:user@example.com> SIP/2.0"), 400),
    Refused("blanks in the Request-URI (3.1.2.8)", simple("INVITE sip:user@example.com; lr SIP/2.0"), 400),
    Refused("many blanks in the Request-Line (3.1.2.9)", simple("INVITE  sip:user@example.com  SIP/2.0"), 400),
    Refused(
        "a blank behind the Request-Line (3.1.2.10)", simple("OPTIONS sip:remote-target@example.com SIP/2.0  "), 400
    ),
    Refused(
        "headers in a bare Contact (3.1.2.13)",
        simple("REGISTER sip:h SIP/2.0", "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E"),
        400,
    ),
    Refused("an address that is no URI", simple(To='To: "Watson, Thomas" <t.watson@example.org>'), 400),
    Refused("another version (3.1.2.16)", simple("OPTIONS sip:t.watson@example.org SIP/7.0"), 505),
    Refused("a CSeq of another method (3.1.2.17)", simple(CSeq="CSeq: 8 INVITE"), 400),
    Refused(
        "a CSeq of another, unknown method (3.1.2.18)",
        simple("NEWMETHOD sip:user@example.com SIP/2.0", CSeq="CSeq: 8 INVITE"),
        400,
    ),
    Refused("too large a status (3.1.2.19)", simple("SIP/2.0 4294967301 better not break the receiver"), 0),
    Refused(
        "fields that are missing (3.3.1)",
        simple("INVITE sip:user@example.com SIP/2.0", To="", From="", Call_ID=""),
        400,
    ),
    Refused("an unknown scheme (3.3.2)", simple("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"), 416),
    Refused("a known scheme that is not SIP's (3.3.3)", simple("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"), 416),
    Refused(
        "fields that come twice (3.3.8)",
        simple("INVITE sip:u@h SIP/2.0", "CSeq: 59 INVITE", "To: <sip:u@h>", "From: <sip:x@h>"),
        400,
    ),
    Refused(
        "two Content-Lengths (3.3.9)",
        simple("OPTIONS sip:u@h SIP/2.0", "Content-Length: 5", body=b"There's no way"),
        400,
    ),
    Refused("IPv6 without brackets (5118 4.2)", simple("REGISTER sip:2001:db8::10 SIP/2.0"), 400),
]
