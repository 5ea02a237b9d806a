"""The audit: who changed what, newest first, and not for ever."""

from dataclasses import replace

import pytest

from xswitch_py.base.records import AuditEntry
from xswitch_py.store.open import Store

ENTRY = AuditEntry(0, 100.0, "ann", "admin", "192.0.2.1", "users.create", "1001", "done", "role=user \u00e9")


async def fill(store: Store, count: int) -> None:
    for number in range(count):
        await store.audit.add(replace(ENTRY, at=float(number)))


async def ids(store: Store) -> list[int]:
    return [entry.id for entry in await store.audit.list()]


async def test_an_entry_is_kept_whole_with_an_id_of_its_own(store: Store) -> None:
    assert await store.audit.add(replace(ENTRY, id=77)) == 1
    assert await store.audit.list() == [replace(ENTRY, id=1)]


async def test_entries_are_listed_newest_first_page_by_page(store: Store) -> None:
    await fill(store, 5)
    first = await store.audit.list(3)
    assert [entry.id for entry in first] == [5, 4, 3]
    assert [entry.id for entry in await store.audit.list(3, first[-1].id)] == [2, 1]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"who": "ann"}, [3, 1]), ({"command": "users.remove"}, [3, 2]), ({"target": "1002"}, [2]),
        ({"who": "ann", "command": "users.remove"}, [3]), ({"who": "' OR 1"}, []), ({}, [3, 2, 1]),
    ],
)  # fmt: skip
async def test_entries_are_found_by_who_what_and_whom(store: Store, asked: dict[str, str], found: list[int]) -> None:
    await store.audit.add(ENTRY)
    await store.audit.add(replace(ENTRY, who="bo", command="users.remove", target="1002"))
    await store.audit.add(replace(ENTRY, command="users.remove"))
    who, command, target = (asked.get(column, "") for column in ("who", "command", "target"))
    assert [entry.id for entry in await store.audit.list(who=who, command=command, target=target)] == found


@pytest.mark.parametrize(
    ("most", "before", "left"), [(10, 0.0, [5, 4, 3, 2, 1]), (2, 0.0, [5, 4]), (10, 3.0, [5, 4]), (0, 0.0, [])]
)
async def test_old_entries_go(store: Store, most: int, before: float, left: list[int]) -> None:
    await fill(store, 5)
    assert await store.audit.trim(most, before) == 5 - len(left)
    assert await ids(store) == left


async def test_an_id_never_comes_twice(store: Store) -> None:
    await fill(store, 3)
    await store.audit.trim(0, 0.0)
    assert await store.audit.add(ENTRY) == 4
