"""Forms with a file: read the same however they come, and never with a surprise."""

import asyncio
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from fastapi import Request
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from xswitch_py.api.upload import Form, read_form
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code

DATA = b"\r\n--\r\n-b\r\n--\r--" + bytes(range(256))
BODY = (
    b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nGr\xc3\xbc\xc3\x9f\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="\xc3\xbc.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    + DATA
    + b"\r\n--b--\r\n"
)


def request(chunks: list[bytes], **headers: str) -> Request:
    """A request whose body comes in these chunks, and whose sender then leaves."""
    left = [*chunks]

    async def receive() -> Message:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    named = {"content-type": "multipart/form-data; boundary=b"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw}, receive)


def read(chunks: list[bytes], largest: int = 1000, **headers: str) -> tuple[Form, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "brought"
        form = asyncio.run(read_form(request(chunks, **headers), target, largest))
        return form, target.read_bytes()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, len(BODY)), max_size=20))
def test_a_form_is_read_the_same_however_it_comes(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(BODY)]
    chunks = [BODY[start:end] for start, end in pairwise(places)]
    assert read(chunks) == (Form({"name": "Grüß"}, "ü.wav"), DATA)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.integers(0, len(BODY)), st.integers(0, len(BODY)))
def test_whatever_comes_is_read_or_refused(noise: bytes, start: int, end: int) -> None:
    try:
        read([BODY[:start] + noise + BODY[end:]])
    except Refused as refused:
        assert refused.code in (Code.MALFORMED, Code.INVALID, Code.TOO_LARGE)


@pytest.mark.parametrize(
    ("chunks", "largest", "code"),
    [
        ([BODY], len(DATA), None),
        ([BODY], len(DATA) - 1, Code.TOO_LARGE),
        ([BODY + bytes(20_000)], 1000, Code.TOO_LARGE),  # behind its end
        ([BODY[:100], b""], 1000, Code.MALFORMED),
    ],
)
def test_a_form_has_its_bounds(chunks: list[bytes], largest: int, code: Code | None) -> None:
    if code is None:
        read(chunks, largest)
        return
    with pytest.raises(Refused) as refused:
        read(chunks, largest)
    assert refused.value.code is code


def test_what_is_announced_too_large_is_not_read() -> None:
    with pytest.raises(Refused) as refused:
        read([], content_length="9" * 30)
    assert refused.value.code is Code.TOO_LARGE


def test_who_leaves_is_not_waited_for() -> None:
    async def leave() -> None:
        async def receive() -> Message:
            return {"type": "http.disconnect"}

        gone = Request(request([]).scope, receive)
        with tempfile.TemporaryDirectory() as folder:
            await read_form(gone, Path(folder) / "brought", 1000)

    with pytest.raises(Refused) as refused:
        asyncio.run(leave())
    assert refused.value.code is Code.MALFORMED
