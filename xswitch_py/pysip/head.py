"""The head of a message: from bytes to a start line and fields, and what no head may have (RFC 3261 section 7)."""

import re
from dataclasses import dataclass
from typing import Final

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.fields import Headers, canonical
from xswitch_py.pysip.headers import parse_number
from xswitch_py.pysip.limits import Limits

__all__ = ["RequestLine", "StatusLine", "content_length", "cut", "fields", "lines_of", "read_head", "start_line"]

_GOOD: Final = bytes({*range(0x20, 0x7F), *range(0x80, 0x100), *b"\t\r\n"})
_FOLD: Final = re.compile(r"\r\n[ \t]++")
_LOOSE_FOLD: Final = re.compile(r"\n[ \t]++")
_REQUEST: Final = re.compile(r"([A-Za-z0-9.!%*_+`'~-]++) ([^ \t<>]++) [Ss][Ii][Pp]/2\.0")
_LIKE_REQUEST: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]++[ \t].*[ \t][Ss][Ii][Pp]/([0-9.]++)[ \t]*+")
_STATUS: Final = re.compile(r"[Ss][Ii][Pp]/2\.0 ([1-6][0-9]{2}) (.*+)")


@dataclass(frozen=True, slots=True)
class RequestLine:
    """The first line of a request. The URI is not read yet."""

    method: str
    uri: str


@dataclass(frozen=True, slots=True)
class StatusLine:
    """The first line of a response."""

    status: int
    reason: str


def cut(data: bytes) -> tuple[bytes, bytes]:
    """Cut a whole message at its first blank line; line ends before it are skipped. Bare LFs end lines, too, if all do.

    Raises:
        BadMessage: there is no blank line, or the head is too long.
    """
    if data[:1] in (b"\r", b"\n"):
        data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    loose = data.find(b"\n\n", 0, end) if end >= 0 else data.find(b"\n\n")
    if loose >= 0:
        end, size = loose, 2
    elif end >= 0:
        size = 4
    else:
        raise BadMessage(400, "No End Of Header")
    if end > Limits.HEAD:
        raise BadMessage(513, "Message Too Large")
    return data[:end], data[end + size :]


def lines_of(head: bytes) -> list[str]:
    """Give the lines of a head, folded ones joined. Bytes that are no UTF-8 become lone surrogates (surrogateescape).

    Raises:
        BadMessage: there are control characters, bare CRs, or line ends of two kinds.
    """
    if head.translate(None, _GOOD):
        raise BadMessage(400, "Control Character")
    ends = head.count(b"\r\n")
    if head.count(b"\r") != ends or (ends and head.count(b"\n") != ends):
        raise BadMessage(400, "Bad Line End")
    text = head.decode("utf-8", "surrogateescape")
    end, fold = ("\r\n", _FOLD) if ends else ("\n", _LOOSE_FOLD)
    if end + " " in text or end + "\t" in text:
        text = fold.sub(" ", text)
    return text.split(end)


def start_line(line: str) -> RequestLine | StatusLine:
    """Read the first line.

    Raises:
        BadMessage: 505 for a request of another version, 400 for one with blanks or brackets in its URI, and 0 for what
            is no SIP at all.
    """
    if request := _REQUEST.fullmatch(line):
        return RequestLine(request[1], request[2])
    if status := _STATUS.fullmatch(line):
        return StatusLine(int(status[1]), status[2])
    like = _LIKE_REQUEST.fullmatch(line)
    if like is None:
        raise BadMessage(0, "No SIP")
    raise BadMessage(400, "Bad Request-Line") if like[1] == "2.0" else BadMessage(505, "Version Not Supported")


def fields(lines: list[str]) -> Headers:
    """Read the lines after the first.

    Raises:
        BadMessage: a line has no colon, or no token before it.
    """
    found: dict[str, list[str]] = {}
    try:
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadMessage(400, "Bad Header Field")
            name = canonical(name.rstrip(" \t"))
            if name in found:
                found[name].append(value.strip(" \t"))
            else:
                found[name] = [value.strip(" \t")]
    except ValueError:
        raise BadMessage(400, "Bad Header Field") from None
    return Headers.from_lines(found)


def read_head(head: bytes) -> tuple[RequestLine | StatusLine, Headers]:
    """Read start line and fields, with whatever Content-Length came still among them.

    Raises:
        BadMessage: no head of a SIP message.
    """
    lines = lines_of(head)
    if len(lines) > Limits.LINES + 1:
        raise BadMessage(400, "Too Many Header Fields")
    if len(head) > Limits.LINE and max(map(len, lines)) > Limits.LINE:
        raise BadMessage(400, "Line Too Long")
    return start_line(lines[0]), fields(lines[1:])


def content_length(headers: Headers) -> int | None:
    """Give what Content-Length says; nothing if there is none.

    Raises:
        BadMessage: it is no number, or said twice and differently.
    """
    values = set(headers.lines("Content-Length"))
    if not values:
        return None
    length = parse_number(values.pop())
    if length is None or values:
        raise BadMessage(400, "Bad Content-Length")
    return length
