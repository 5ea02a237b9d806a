"""A form with one file (RFC 7578), written to disk as it comes, in bounded memory and time."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code

__all__ = ["Form", "read_form"]

PATIENCE: Final = 600.0  # seconds for all of it
FIELDS: Final = frozenset({"name", "replace"})
FILE: Final = "file"
_HEADERS: Final = 8  # of a part
_LONGEST: Final = 1000  # bytes of a field, of a header
_AROUND: Final = 16_384  # bytes of a form besides its file


@dataclass(slots=True)
class Form:
    """What came: the fields, and what the file is called where it comes from; None if there was none."""

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str | None = None


async def read_form(request: Request, target: Path, largest: int) -> Form:
    """Read the form of a request, its file of at most so many bytes into `target`, which must not be there yet.

    Raises:
        Refused: it is no form of that kind, it is too large or too slow, or it cannot be written.
    """
    kind, more = parse_options_header(request.headers.get("content-type"))
    boundary = more.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise Refused(Code.UNSUPPORTED, "a sound is sent as multipart/form-data, in a part called file")
    if (length := request.headers.get("content-length", "")).isdigit() and int(length[:18]) > largest + _AROUND:
        raise _too_large(largest)
    try:
        reader = _Reader(boundary, largest)
        async with asyncio.timeout(PATIENCE):
            await _receive(request, reader, target)
    except FormParserError:
        raise Refused(Code.MALFORMED, "the form cannot be read") from None
    except (ClientDisconnect, TimeoutError):
        raise Refused(Code.MALFORMED, "the form did not come to its end") from None
    except OSError as error:
        raise Refused(Code.UNAVAILABLE, "there is no room for it") from error
    if not reader.over:
        raise Refused(Code.MALFORMED, "the form is not complete")
    return reader.form


async def _receive(request: Request, reader: "_Reader", target: Path) -> None:
    with await asyncio.to_thread(target.open, "xb") as file:
        async for chunk in request.stream():
            reader.read(chunk)
            if reader.pieces:
                await asyncio.to_thread(_write, file, reader.pieces)
                reader.pieces.clear()
    reader.finish()


def _write(file: BinaryIO, pieces: list[bytes]) -> None:
    file.writelines(pieces)


class _Reader:
    """Takes a form apart; `pieces` of the file are for whoever writes them."""

    def __init__(self, boundary: bytes, largest: int) -> None:
        self.form = Form()
        self.pieces: list[bytes] = []
        self.over = False
        self._largest = largest
        self._left = largest + _AROUND  # bytes of the whole form
        self._size = 0  # bytes of the file
        self._header, self._disposition = [bytearray(), bytearray()], b""
        self._name, self._text = "", bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_read,
                "on_headers_finished": self._headers_read,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finished,
            },
            max_header_count=_HEADERS,
            max_header_size=_LONGEST,
        )

    def read(self, chunk: bytes) -> None:
        """Take what came.

        Raises:
            FormParserError: it is no form.
            Refused: it is not what is expected.
        """
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large(self._largest)
        self._parser.write(chunk)

    def finish(self) -> None:
        """Nothing comes any more; raises as `read`."""
        self._parser.finalize()

    def _begin(self) -> None:
        self._disposition, self._name, self._text = b"", "", bytearray()

    def _header_read(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = [bytearray(), bytearray()]

    def _headers_read(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = _text("", options.get(b"name", b""))
        if self._name == FILE and self.form.file_name is None:
            self.form.file_name = _text(FILE, options.get(b"filename", b""))
        elif self._name not in FIELDS or self._name in self.form.fields:
            raise _invalid(self._name, "there can be one file, one name and one replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == FILE:
            self._size += end - start
            if self._size > self._largest:
                raise _too_large(self._largest)
            self.pieces.append(data[start:end])
        else:
            self._text += data[start:end]
            if len(self._text) > _LONGEST:
                raise _invalid(self._name, "too long")

    def _end(self) -> None:
        if self._name != FILE:
            self.form.fields[self._name] = _text(self._name, bytes(self._text))

    def _finished(self) -> None:
        self.over = True


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _invalid(name, "no UTF-8") from None


def _invalid(name: str, detail: str) -> Refused:
    return Refused(Code.INVALID, errors=[{"pointer": f"/{name[:100]}", "detail": detail}])


def _too_large(largest: int) -> Refused:
    return Refused(Code.TOO_LARGE, f"a sound may have {largest // 1_000_000} MB at most")
