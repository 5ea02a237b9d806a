"""Answers and fresh identifiers: what is copied from a request into its responses (RFC 3261 section 8.2.6)."""

import secrets
from collections.abc import Iterable
from typing import Final

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.fields import Headers
from xswitch_py.pysip.headers import COOKIE, Address, parse_address
from xswitch_py.pysip.model import Request, Response

__all__ = [
    "new_branch",
    "new_call_id",
    "new_tag",
    "note_source",
    "reason_phrase",
    "refusal",
    "response_to",
]

_COPIED: Final = ("Via", "From", "To", "Call-ID", "CSeq")
_FORMING: Final = frozenset({"INVITE", "SUBSCRIBE", "REFER"})  # requests whose answers make a dialog

_PHRASES: Final = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    199: "Early Dialog Terminated",
    200: "OK",
    202: "Accepted",
    204: "No Notification",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    412: "Conditional Request Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    417: "Unknown Resource-Priority",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    424: "Bad Location Information",
    428: "Use Identity Header",
    429: "Provide Referrer Identity",
    430: "Flow Failed",
    433: "Anonymity Disallowed",
    436: "Bad Identity Info",
    437: "Unsupported Credential",
    438: "Invalid Identity Header",
    439: "First Hop Lacks Outbound Support",
    440: "Max-Breadth Exceeded",
    469: "Bad Info Package",
    470: "Consent Needed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    494: "Security Agreement Required",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    555: "Push Notification Service Not Supported",
    580: "Precondition Failure",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
    608: "Rejected",
}
_CLASSES: Final = {1: "Progress", 2: "OK", 3: "Redirection", 4: "Client Error", 5: "Server Error", 6: "Global Failure"}


def reason_phrase(status: int) -> str:
    """Give the registered phrase of a status, or the name of its class."""
    return _PHRASES.get(status) or _CLASSES.get(status // 100, "Unknown")


def response_to(
    request: Request,
    status: int,
    reason: str = "",
    *,
    to_tag: str = "",
    contact: Address | None = None,
    fields: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    content_type: str = "",
) -> Response:
    """Answer a request: Vias, From, To, Call-ID and CSeq are copied, `fields` and the body added.

    The To gets `to_tag` unless it has a tag or the status is 100. Record-Routes are copied into what may make a dialog,
    101 to 299 to an INVITE and its like, and a Timestamp into 100. Without `reason` the registered phrase is used.

    Raises:
        ValueError: a text has control characters.
    """
    headers = request.headers.copy(*_COPIED)
    if status == 100:
        headers.adopt(request.headers, "Timestamp")
    elif to_tag and not request.to.tag:
        headers.set("To", str(request.to.with_tag(to_tag)))
    if 100 < status < 300 and request.method in _FORMING:
        headers.adopt(request.headers, "Record-Route")
    if contact is not None:
        headers.add("Contact", str(contact))
    for name, value in fields:
        headers.add(name, value)
    if content_type:
        headers.add("Content-Type", content_type)
    return Response(headers, body, status, reason or reason_phrase(status))


def refusal(bad: BadMessage, to_tag: str) -> Response | None:
    """Answer a message that could not be read with what could be read of it; nothing if it deserves no answer."""
    if not bad.status:
        return None
    headers = Headers(*bad.echo)
    try:
        to = parse_address(headers.get("To") or "")
        headers.set("To", str(to if to.tag else to.with_tag(to_tag)))
    except (BadMessage, ValueError):
        pass  # it goes back as it came
    return Response(headers, b"", bad.status, bad.text)


def note_source(request: Request, host: str, port: int) -> None:
    """Write into the top Via where the request really came from, so that its answers go there (RFC 3581)."""
    via = request.vias[0]
    seen = via.seen_from(host, port)
    if seen is not via:
        request.headers.set_first("Via", str(seen))


def new_tag() -> str:
    """Make a tag of 64 random bits."""
    return secrets.token_hex(8)


def new_branch() -> str:
    """Make a branch of 96 random bits."""
    return COOKIE + secrets.token_hex(12)


def new_call_id() -> str:
    """Make a Call-ID of 128 random bits; it names no host."""
    return secrets.token_hex(16)
