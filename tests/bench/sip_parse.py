"""SIP messages alone: an INVITE of 1.1 kB read, checked and asked for its values; an answer made and written."""

import re
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any, Final, TypeVar

import sipmessage

from tests.bench.table import Figure
from xswitch_py.pysip.message import Request, new_tag, note_source, parse, response_to, serialise

__all__ = ["INVITE", "respond", "sip_parse", "understand"]

T = TypeVar("T")

_MESSAGES: Final = 400  # each of its own: nothing is found in a cache because it came before
_ROUNDS: Final = 15
_WHOSE: Final = "sipmessage"

INVITE: Final = "\r\n".join([
    "INVITE sip:1002@pbx.example.com;transport=udp SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.17:5060;rport;branch=z9hG4bK{branch}",
    "Max-Forwards: 70",
    'From: "Alice Liddell" <sip:1001@pbx.example.com>;tag={tag}',
    'To: "Bob" <sip:1002@pbx.example.com>',
    "Call-ID: {call_id}",
    "CSeq: 20711 INVITE",
    'Contact: <sip:1001@192.0.2.17;transport=udp>;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"',
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY, MESSAGE, SUBSCRIBE",
    "Supported: 100rel, timer, replaces, outbound, path",
    "Session-Expires: 1800;refresher=uac",
    "Min-SE: 90",
    "User-Agent: Desk Phone 9.1",
    "Content-Type: application/sdp",
    "Content-Length: 392",
    "",
    "v=0", "o=- 3853498112 3853498112 IN IP4 192.0.2.17", "s=-", "c=IN IP4 192.0.2.17", "t=0 0",
    "m=audio 40376 RTP/AVP 96 9 8 0 101", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 useinbandfec=1;minptime=10",
    "a=rtpmap:9 G722/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16", "a=ptime:20", "a=sendrecv", "a=rtcp:40377", "a=ssrc:1523456789 cname:desk",
    "a=label:primary-audio", "",
])  # fmt: skip
_SDP: Final = INVITE.partition("\r\n\r\n")[2].encode()
_FIELDS: Final = (
    ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY, MESSAGE, SUBSCRIBE, REGISTER"),
    ("Supported", "100rel, timer, replaces, norefersub, path, outbound"),
)


async def sip_parse() -> list[Figure]:
    """Read and write, each message a new one; ours and the other library take turns."""
    written = [_written() for _ in range(_MESSAGES)]
    requests = [_request(data) for data in written]
    read, read_elsewhere = _times(written, understand, _understand_elsewhere)
    made, made_elsewhere = _times(requests, respond, partial(_respond_elsewhere, _elsewhere(written[0])))
    size = f"{len(written[0])} B, all values read"
    return [
        Figure("INVITE parsed, checked, read", read, "us", read_elsewhere, _WHOSE, size),
        Figure("answer made and written", made, "us", made_elsewhere, _WHOSE, "200 with SDP"),
    ]


def understand(data: bytes) -> object:
    """Read a request as far as a call needs it."""
    request = _request(data)
    note_source(request, "192.0.2.17", 5060)
    return (
        request.uri, request.vias, request.from_.tag, request.to.tag, request.call_id, request.cseq, request.contacts,
        request.max_forwards, request.routes, request.record_routes, request.content_type, request.expires,
        request.tokens("Allow"), request.tokens("Supported"), request.tokens("Require"), request.body,
    )  # fmt: skip


def respond(request: Request) -> bytes:
    """Accept a call: to bytes."""
    contact = request.contacts[0]
    answer = response_to(
        request, 200, to_tag=new_tag(), contact=contact, fields=_FIELDS, body=_SDP, content_type="application/sdp"
    )
    return serialise(answer)


def _understand_elsewhere(data: bytes) -> object:
    request = _elsewhere(data)
    return (
        request.uri, request.via, request.from_address, request.to_address, request.call_id, request.cseq,
        request.contact, request.max_forwards, request.route, request.record_route, request.content_type,
        request.expires, request.supported, request.require, request.body,
    )  # fmt: skip


def _respond_elsewhere(request: Any, _: object) -> bytes:
    answer = sipmessage.Response(code=200, phrase="OK")
    for name in ("via", "from_address", "to_address", "call_id", "cseq", "contact"):
        setattr(answer, name, getattr(request, name))
    answer.body = _SDP
    return bytes(answer)


def _times(items: Sequence[T], ours: Callable[[T], object], theirs: Callable[[T], object]) -> tuple[float, float]:
    """Give the medians of both in microseconds of this thread's CPU."""
    spent = [(_spent(items, ours), _spent(items, theirs)) for _ in range(_ROUNDS)]
    return median(one for one, _ in spent), median(other for _, other in spent)


def _spent(items: Sequence[T], what: Callable[[T], object]) -> float:
    start = time.thread_time_ns()
    for item in items:
        what(item)
    return (time.thread_time_ns() - start) / len(items) / 1000


def _request(data: bytes) -> Request:
    request = parse(data)
    assert isinstance(request, Request)
    return request


def _elsewhere(data: bytes) -> Any:
    return sipmessage.Message.parse(data)


def _written() -> bytes:
    return re.sub(r"\{\w+\}", lambda _: secrets.token_hex(10), INVITE).encode()
