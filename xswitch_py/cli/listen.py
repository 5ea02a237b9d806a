"""Hearing what happens: server-sent events, also after the connection was lost (HTML Living Standard, section 9.2)."""

import json
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

import httpx

from xswitch_py.cli.remote import API, RemoteError, Server

__all__ = ["Reader", "hear"]

_SILENCE: Final = 45.0  # seconds; a comment comes every 15
_FIRST: Final = 2.0  # seconds before we come back, until the server says
_LONGEST: Final = 30.0

Event = dict[str, Any]


class Reader:
    """Makes events of the bytes of a stream; knows the last id, and when to come back."""

    def __init__(self) -> None:
        self.last = ""
        self.retry = _FIRST
        self._rest = b""
        self._data: list[str] = []

    def begin(self) -> None:
        """Read a new stream: what was not whole is gone."""
        self._rest, self._data = b"", []

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Give the events that are whole now."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            name, _, value = line.decode("utf-8", "replace").rstrip("\r").partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                self._data.append(value)
            elif name == "id":
                self.last = value
            elif name == "retry" and value.isdecimal():
                self.retry = min(int(value) / 1000, _LONGEST)
            elif not name and not value and self._data:
                text, self._data = "\n".join(self._data), []
                yield json.loads(text)


def hear(
    server: Server,
    types: str = "",
    call: str | None = None,
    after: str = "",
    *,
    lost: Callable[[str], None],
    opened: Callable[[httpx.Response], None] | None = None,
) -> Generator[Event, None, None]:
    """Give events as they happen, for ever; `lost` is told why the connection is made anew.

    Raises:
        RemoteError: there is no connection at first, or the server does not let us listen.
    """
    reader, query, begun = Reader(), {name: value for name, value in (("types", types), ("call", call)) if value}, False
    reader.last = after
    while True:
        try:
            for event in _stream(server, reader, query, opened):
                begun = True
                if event:
                    yield event
            lost("the stream has ended")
        except RemoteError as error:
            if not begun or error.code:
                raise
            lost(str(error))
        time.sleep(reader.retry)


def _stream(
    server: Server, reader: Reader, query: dict[str, str], opened: Callable[[httpx.Response], None] | None
) -> Iterator[Event]:
    """Give the events of one connection; first an empty one, when there is one."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": reader.last} if reader.last else {})
    timeout = httpx.Timeout(_SILENCE, connect=10)
    reader.begin()
    with (
        server.reaching(),
        server.client.stream("GET", f"{API}/events", params=query, headers=headers, timeout=timeout) as response,
    ):
        if not response.is_success:
            response.read()
            raise server.refused(response)
        if opened is not None:
            opened(response)
        yield {}
        for piece in response.iter_raw():
            yield from reader.feed(piece)
