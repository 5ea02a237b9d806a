"""Web sessions: found by the hash of their cookie, gone when they are old."""

from dataclasses import replace

import pytest

from xswitch_py.base.errors import Taken
from xswitch_py.base.records import WebSession
from xswitch_py.store.open import Store

ANN = WebSession("ann", "admin", "192.0.2.1", "Browser \u00e9", 100.0, 100.0, hash="h1", csrf="c1")


async def test_a_session_is_kept_whole(store: Store) -> None:
    await store.sessions.add(ANN)
    assert await store.sessions.get("h1") == ANN
    assert await store.sessions.get("c1") is None
    with pytest.raises(Taken):
        await store.sessions.add(ANN)


async def test_when_somebody_was_seen_never_goes_back(store: Store) -> None:
    await store.sessions.add(ANN)
    await store.sessions.touch("h1", 120.0)
    await store.sessions.touch("h1", 110.0)
    await store.sessions.touch("gone", 130.0)
    assert await store.sessions.get("h1") == replace(ANN, seen=120.0)


async def test_a_removed_session_is_gone(store: Store) -> None:
    await store.sessions.add(ANN)
    assert await store.sessions.remove("h1")
    assert not await store.sessions.remove("h1")


async def test_a_user_is_logged_out_everywhere_but_here(store: Store) -> None:
    for hash, user in (("h1", "ann"), ("h2", "ann"), ("h3", "bo")):
        await store.sessions.add(replace(ANN, hash=hash, user=user))
    assert await store.sessions.remove_user("ann", but="h2") == 1
    assert await store.sessions.get("h1") is None
    assert await store.sessions.remove_user("ann") == 1
    assert await store.sessions.get("h3") is not None


async def test_what_is_idle_or_old_is_purged(store: Store) -> None:
    for hash, created, seen in (("fresh", 90.0, 100.0), ("idle", 90.0, 99.0), ("old", 89.0, 100.0)):
        await store.sessions.add(replace(ANN, hash=hash, created=created, seen=seen))
    assert await store.sessions.purge(seen=100.0, created=90.0) == 2
    assert await store.sessions.get("fresh") is not None
