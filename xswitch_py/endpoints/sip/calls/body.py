"""The SDP in a message's body: alone, or as a part of several (RFC 3261 section 7.4, RFC 5621)."""

import re
from email.parser import BytesParser
from typing import Final

from xswitch_py.pysip.limits import Limits
from xswitch_py.pysip.message import Message
from xswitch_py.pysip.usage import Refused

__all__ = ["SDP", "sdp_in"]

SDP: Final = "application/sdp"

_PARTS: Final = 8  # of one body
_BOUNDARY: Final = re.compile(r"""boundary[ \t]*=[ \t]*(?:"([^"\r\n]{1,70})"|([^;,\s"]{1,70}))""", re.IGNORECASE)
_OPTIONAL: Final = re.compile(r"handling[ \t]*=[ \t]*optional", re.IGNORECASE)


def sdp_in(message: Message) -> str | None:
    """Find the SDP of a message; nothing if it has none.

    Raises:
        Refused: 415, the body is of another kind and not optional, or is encoded; 513, it is too long.
    """
    if not message.body:
        return None
    kind = message.content_type
    if (message.headers.get("Content-Encoding") or "identity").strip().lower() != "identity":
        raise Refused(415, "", (("Accept", SDP), ("Accept-Encoding", "identity")))
    body = _part(message) if kind.startswith("multipart/") else message.body if kind in (SDP, "") else None
    if body is None:
        if _OPTIONAL.search(message.headers.get("Content-Disposition") or ""):
            return None
        raise Refused(415, "", (("Accept", SDP),))
    if len(body) > Limits.SDP_BODY:
        raise Refused(513)
    return body.decode("utf-8", "replace")


def _part(message: Message) -> bytes | None:
    """Give the first part that is SDP; the boundary is looked for in what the peer wrote, and nothing is nested."""
    said = _BOUNDARY.search(message.headers.get("Content-Type") or "")
    if said is None:
        raise Refused(400, "Bad Content-Type")
    mark = re.escape((said[1] or said[2]).encode("utf-8", "replace"))
    delimiter = re.compile(rb"(?:^|\r?\n)--" + mark + rb"(?:--)?[ \t]*(?:\r?\n|$)")  # RFC 2046 section 5.1.1
    for part in delimiter.split(message.body, _PARTS + 1)[1 : _PARTS + 1]:
        found = BytesParser().parsebytes(part)
        if found.get_content_type() == SDP and not found.is_multipart():
            content = found.get_payload(decode=True)
            return content if isinstance(content, bytes) else None
    return None
