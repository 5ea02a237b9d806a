"""Recordings: known from their beginning, found by whose they are, ended after a crash."""

from dataclasses import replace

import pytest

from xswitch_py.base.errors import Taken
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.records import Recording
from xswitch_py.store.open import Store

RUNNING = Recording("rec_1", CallId("c1"), LegId("l1"), "a.wav", 100.0, ("1000@x", "1001@x"))


def made(number: int, *users: str, call: str = "c") -> Recording:
    return Recording(f"rec_{number}", CallId(call), LegId("l"), f"{number}.wav", float(number), users)


async def ids(store: Store, **asked: str) -> list[str]:
    call = CallId(asked["call"]) if "call" in asked else None
    return [one.id for one in await store.recordings.list(user=asked.get("user", ""), call=call)]


async def test_a_recording_grows(store: Store) -> None:
    await store.recordings.begin(RUNNING)
    assert await store.recordings.get("rec_1") == RUNNING
    assert await store.recordings.finish("rec_1", ended=160.0, seconds=59.5, size=1234, why="hangup")
    whole = replace(RUNNING, ended=160.0, seconds=59.5, size=1234, why="hangup")
    assert await store.recordings.get("rec_1") == whole
    assert await store.recordings.list() == [whole]


async def test_an_id_is_had_once(store: Store) -> None:
    await store.recordings.begin(RUNNING)
    with pytest.raises(Taken, match="recording rec_1 exists already"):
        await store.recordings.begin(replace(RUNNING, users=("1002@x",)))
    assert await ids(store, user="1002@x") == []


async def test_what_is_not_there_is_said(store: Store) -> None:
    assert await store.recordings.get("rec_1") is None
    assert not await store.recordings.finish("rec_1", ended=1.0, seconds=1.0, size=1, why="stopped")
    assert not await store.recordings.remove("rec_1")


async def test_recordings_are_found_by_user_and_call(store: Store) -> None:
    for one in (made(1, "a@x", "b@x"), made(2, "b@x"), made(3, call="other"), made(4, "a@x", "a@x", call="other")):
        await store.recordings.begin(one)
    assert await ids(store) == ["rec_4", "rec_3", "rec_2", "rec_1"]
    assert await ids(store, user="a@x") == ["rec_4", "rec_1"]
    assert await ids(store, user="b@x") == ["rec_2", "rec_1"]
    assert await ids(store, user="a") == []
    assert await ids(store, call="other") == ["rec_4", "rec_3"]
    assert await ids(store, call="other", user="b@x") == []


async def test_recordings_come_page_by_page(store: Store) -> None:
    for number in range(5):
        await store.recordings.begin(made(number, "a@x" if number != 2 else "b@x"))
    first = await store.recordings.list(2, user="a@x")
    assert [one.id for one in first] == ["rec_4", "rec_3"]
    assert [one.id for one in await store.recordings.list(2, first[-1].id, user="a@x")] == ["rec_1", "rec_0"]


async def test_a_removed_recording_is_nobodys(store: Store) -> None:
    await store.recordings.begin(RUNNING)
    assert await store.recordings.remove("rec_1")
    assert await ids(store, user="1000@x") == []
    assert await store.database.rows("SELECT * FROM recording_users") == []


async def test_a_crash_ends_what_ran_at_the_last_beat(store: Store) -> None:
    for one in (made(30), made(1), made(2)):
        await store.recordings.begin(one)
    await store.recordings.finish("rec_2", ended=9.0, seconds=7.0, size=5, why="stopped")
    await store.cdrs.beat(20.0)
    first = replace(made(1), ended=20.0, seconds=19.0, why="crash")
    last = replace(made(30), ended=30.0, seconds=0.0, why="crash")
    assert await store.recordings.recover() == [first, last]
    assert await store.recordings.get("rec_1") == first
    assert await store.recordings.recover() == []


async def test_without_a_beat_a_recording_ends_where_it_began(store: Store) -> None:
    await store.recordings.begin(RUNNING)
    assert await store.recordings.recover() == [replace(RUNNING, ended=100.0, why="crash")]
