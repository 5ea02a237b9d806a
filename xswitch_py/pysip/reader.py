"""Bytes to messages: what is read, what is refused, and with which answer (RFC 3261 section 7)."""

from typing import Final

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.fields import Headers
from xswitch_py.pysip.grammar import is_token
from xswitch_py.pysip.head import RequestLine, StatusLine, content_length, cut, fields, lines_of, read_head
from xswitch_py.pysip.headers import STAR
from xswitch_py.pysip.limits import Limits
from xswitch_py.pysip.model import Request, Response
from xswitch_py.pysip.uri import Uri, parse_uri

__all__ = ["build", "parse", "salvaged"]

_ONCE: Final = ("From", "To", "Call-ID", "CSeq")
_ECHOED: Final = ("Via", "From", "To", "Call-ID", "CSeq")


def parse(data: bytes) -> Request | Response:
    """Read one whole message: a datagram, a WebSocket message, or what the stream reader cut out.

    Without Content-Length the body is the rest; what comes after the body is ignored.

    Raises:
        BadMessage: it cannot be served; `status` is the answer it deserves, 0 for none.
    """
    head = data
    try:
        if len(data) > Limits.STREAM:
            raise BadMessage(513, "Message Too Large")
        head, rest = cut(data)
        start, headers = read_head(head)
        length = content_length(headers)
        if length is not None and length > len(rest):
            raise BadMessage(400, "Bad Content-Length")
        return build(start, headers, rest[:length])
    except BadMessage as bad:
        raise salvaged(bad, head) from None


def build(start: RequestLine | StatusLine, headers: Headers, body: bytes) -> Request | Response:
    """Make a message of its parts, and see that it may be served.

    Raises:
        BadMessage: it may not.
    """
    headers.remove("Content-Length")
    if isinstance(start, RequestLine):
        request = Request(headers, body, start.method, _request_uri(start.uri))
        _check(request)
        _check_request(request)
        return request
    response = Response(headers, body, start.status, start.reason)
    _check(response)
    return response


def salvaged(bad: BadMessage, head: bytes) -> BadMessage:
    """Add to an error what its answer must repeat. It deserves none (status 0) when no request with a good Via is left.

    An ACK is never answered.
    """
    bare = BadMessage(0, bad.text)
    try:
        lines = lines_of(head[: Limits.HEAD].partition(b"\r\n\r\n")[0])
    except BadMessage:
        return bare
    method = lines[0].partition(" ")[0]
    if not bad.status or method == "ACK" or not is_token(method):
        return bare
    found = [pair for line in lines[1 : Limits.LINES + 1] for pair in _echoed(line)]
    vias = [pair for pair in found if pair[0] == "Via"]
    try:
        trusted = bool(Request(Headers(*vias)).vias)
    except BadMessage:
        trusted = False
    rest = [(name, value) for name in _ONCE if (value := dict(reversed(found)).get(name)) is not None]
    return BadMessage(bad.status, bad.text, method, (*vias, *rest)) if trusted else bare


def _request_uri(text: str) -> Uri:
    uri = parse_uri(text)
    if uri.scheme not in ("sip", "sips", "tel"):
        raise BadMessage(416, "Unsupported URI Scheme")
    return uri


def _check(message: Request | Response) -> None:
    fields = message.headers.by_name()
    for name in _ONCE:
        if len(fields.get(name, ())) != 1:
            raise BadMessage(400, f"Repeated {name}" if name in fields else f"Missing {name}")
    if not 0 < len(message.call_id) <= Limits.CALL_ID or " " in message.call_id:
        raise BadMessage(400, "Bad Call-ID")
    method = message.cseq.method
    if isinstance(message, Request) and method != message.method:
        raise BadMessage(400, "Bad CSeq")
    if message.from_.uri.scheme == "*" or message.to.uri.scheme == "*":
        raise BadMessage(400, "Bad Address")
    if len(message.vias) > Limits.VIAS:
        raise BadMessage(483, "Too Many Hops")
    if "Contact" in fields and len(message.contacts) > Limits.CONTACTS:
        raise BadMessage(400, "Too Many Contacts")
    if "Route" in fields and len(message.routes) > Limits.ROUTES:
        raise BadMessage(400, "Too Many Routes")
    if "Record-Route" in fields and len(message.record_routes) > Limits.ROUTES:
        raise BadMessage(400, "Too Many Routes")


def _check_request(request: Request) -> None:
    contacts = request.contacts if "Contact" in request.headers else ()
    if STAR in contacts and (request.method != "REGISTER" or len(contacts) > 1):
        raise BadMessage(400, "Bad Contact")
    if not 0 <= request.max_forwards <= 255:
        raise BadMessage(400, "Bad Max-Forwards")
    limit = Limits.TEXT_BODY if request.method == "MESSAGE" else Limits.SDP_BODY
    if len(request.body) > limit and (request.method == "MESSAGE" or request.content_type == "application/sdp"):
        raise BadMessage(513, "Message Too Large")


def _echoed(line: str) -> list[tuple[str, str]]:
    try:
        return [(name, value) for name, value in fields([line]) if name in _ECHOED]
    except BadMessage:
        return []
