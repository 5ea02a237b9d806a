"""API keys: found by their hash, kept whole."""

from dataclasses import replace

import pytest

from xswitch_py.base.errors import Taken
from xswitch_py.base.records import ApiKey
from xswitch_py.store.open import Store

KEY = ApiKey(
    "key_1", "nightly", "ann", "admin", ("cdr:read", "calls:write"), ("10.0.0.0/8",), 100.0, 200.0, 150.0, hash="h1"
)
BARE = ApiKey("key_2", "", "bo", "user", (), (), 50.0, hash="h2")


async def test_a_key_is_kept_whole_and_found_by_its_hash(store: Store) -> None:
    for key in (KEY, BARE):
        await store.keys.add(key)
        assert await store.keys.get(key.hash) == key
    assert await store.keys.get("key_1") is None
    assert await store.keys.list() == [BARE, KEY]


@pytest.mark.parametrize("other", [replace(KEY, id="key_3"), replace(KEY, hash="h3")])
async def test_an_id_and_a_hash_are_had_once(store: Store, other: ApiKey) -> None:
    await store.keys.add(KEY)
    with pytest.raises(Taken, match="exists already"):
        await store.keys.add(other)
    assert await store.keys.list() == [KEY]


async def test_a_removed_key_is_gone(store: Store) -> None:
    await store.keys.add(KEY)
    assert await store.keys.remove("key_1")
    assert not await store.keys.remove("key_1")
    assert await store.keys.get("h1") is None


async def test_the_keys_of_a_user_go_together(store: Store) -> None:
    for key in (KEY, BARE, replace(KEY, id="key_3", hash="h3")):
        await store.keys.add(key)
    assert await store.keys.remove_owner("ann") == 2
    assert await store.keys.list() == [BARE]


async def test_the_last_use_is_noted_and_never_goes_back(store: Store) -> None:
    other = replace(KEY, id="key_3", hash="h3")
    for key in (KEY, BARE, other):
        await store.keys.add(key)
    await store.keys.touch(["key_1", "key_2", "gone"], 160.0)
    await store.keys.touch(["key_1"], 155.0)
    await store.keys.touch([], 999.0)
    assert await store.keys.list() == [replace(BARE, used=160.0), replace(KEY, used=160.0), other]
