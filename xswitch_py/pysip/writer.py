"""Messages to bytes: one writer, in one order (RFC 3261 section 7.3.1)."""

from typing import Final

from xswitch_py.pysip.grammar import clean, is_token
from xswitch_py.pysip.model import Request, Response

__all__ = ["serialise"]

_FIRST: Final = ("Via", "Max-Forwards", "Record-Route", "Route", "From", "To", "Call-ID", "CSeq", "Contact")
_ELSEWHERE: Final = frozenset({*_FIRST, "Content-Length"})


def serialise(message: Request | Response) -> bytes:
    """Write a message, with its Content-Length. What is no Unicode leaves as "?".

    Raises:
        ValueError: a text of the start line is not what may stand there.
    """
    fields = message.headers.by_name()
    lines = [_start_line(message)]
    for name in [*_FIRST, *[name for name in fields if name not in _ELSEWHERE]]:
        if name in fields:
            lines += [f"{name}: {value}" for value in fields[name]]
    lines.append(f"Content-Length: {len(message.body)}\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8", "replace") + message.body


def _start_line(message: Request | Response) -> str:
    if isinstance(message, Response):
        if not 100 <= message.status <= 699:
            raise ValueError("no status of a response")
        return f"SIP/2.0 {message.status} {clean(message.reason)}"
    if not is_token(message.method):
        raise ValueError("no method")
    return f"{message.method} {message.uri} SIP/2.0"
