"""Events as they come, whole and in order, over lost connections."""

from itertools import islice
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.shell import serving
from xswitch_py.cli.listen import Reader, hear
from xswitch_py.cli.remote import RemoteError, Server

STREAM: Final = 'retry: 10\n\nid: a\nevent: x\ndata: {"n":1}\n\n:\n\nid: b\ndata: {"t":"é\u2028"}\n\n'.encode()


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_however_a_stream_is_cut_its_events_are_the_same(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    reader = Reader()
    found = [event for begin, end in zip(places, places[1:], strict=False) for event in reader.feed(STREAM[begin:end])]  # noqa: RUF007
    assert found == [{"n": 1}, {"t": "é\u2028"}]
    assert (reader.last, reader.retry) == ("b", 0.01)


def test_what_was_not_whole_is_forgotten_with_its_connection() -> None:
    reader = Reader()
    assert list(reader.feed(b'id: a\ndata: {"n":1}\nda')) == []
    reader.begin()
    assert list(reader.feed(b'data: {"n":2}\r\n\r\n')) == [{"n": 2}]


def test_who_loses_the_connection_comes_back_for_what_was_missed() -> None:
    lost: list[str] = []
    with serving(STREAM, b'id: c\ndata: {"n":3}\n\n') as (url, seen), Server(url) as server:
        found = list(islice(hear(server, after="z", lost=lost.append), 3))
    assert [event.get("n") for event in found] == [1, None, 3]
    assert (seen, lost) == (["z", "b"], ["the stream has ended"])


@pytest.mark.parametrize("pieces", [(403,), (STREAM, 403)])
def test_who_may_not_listen_is_told_at_once(pieces: tuple[bytes | int, ...]) -> None:
    with serving(*pieces) as (url, _), Server(url) as server:
        with pytest.raises(RemoteError, match="not allowed: this needs events:read"):
            list(hear(server, lost=lambda why: None))


def test_where_nobody_answers_nothing_is_waited_for() -> None:
    with Server("http://127.0.0.1:1") as server, pytest.raises(RemoteError, match="nothing answers"):
        next(hear(server, lost=lambda why: None))
