"""Contacts are kept over a restart, without anybody waiting for the database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from xswitch_py.base.address import Address
from xswitch_py.base.contact import KeptContact
from xswitch_py.store import contacts
from xswitch_py.store.open import Store, open_store

DESK = KeptContact(
    "k1",
    Address("1000", "example.org"),
    "<sip:1000@10.0.0.1:5060>;q=0.5",
    "UDP",
    "198.51.100.7",
    5070,
    "r1",
    7,
    100.0,
    700.0,
    ("<sip:192.0.2.9;lr>", "<sip:192.0.2.10;lr>"),
    "Phone 1",
    True,
)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    opened = await open_store(":memory:")
    yield opened
    await opened.close()


async def written(store: Store) -> None:
    """Write all that waits."""
    store.contacts.close()
    await store.contacts.run()


async def test_a_contact_is_kept_whole_over_a_restart(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "xswitch.db")
    store.contacts.keep(DESK)
    store.contacts.keep(replace(DESK, key="k2", since=50.0, path=(), outbound=False))
    await written(store)
    await store.close()
    store = await open_store(tmp_path / "xswitch.db")
    assert await store.contacts.load(699.9) == [replace(DESK, key="k2", since=50.0, path=(), outbound=False), DESK]
    await store.close()


async def test_what_a_phone_writes_need_not_be_text(store: Store) -> None:
    odd = replace(DESK, agent="Caf\udce9", url='<sip:\u5f20@[2001:db8::1]>;x="\'"', call_id="\udcff")
    store.contacts.keep(odd)
    await written(store)
    assert await store.contacts.load(0.0) == [odd]


async def test_the_expired_are_not_loaded_and_not_kept(store: Store) -> None:
    store.contacts.keep(DESK)
    await written(store)
    assert await store.contacts.load(700.0) == []
    assert await store.contacts.load(0.0) == []


async def test_a_later_change_takes_the_place_of_an_earlier(store: Store) -> None:
    store.contacts.keep(DESK)
    store.contacts.keep(replace(DESK, until=800.0))
    store.contacts.keep(replace(DESK, key="k2"))
    store.contacts.drop("k2")
    store.contacts.drop("never was")
    await written(store)
    assert await store.contacts.load(0.0) == [replace(DESK, until=800.0)]


async def test_what_changes_is_written_while_the_switch_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "PAUSE", 0.01)
    store, other = await open_store(tmp_path / "xswitch.db"), await open_store(tmp_path / "xswitch.db")
    running = asyncio.create_task(store.contacts.run())
    for number in range(contacts.TOGETHER + 1):
        store.contacts.keep(replace(DESK, key=str(number)))
    while len(await other.contacts.load(0.0)) <= contacts.TOGETHER:
        await asyncio.sleep(0.01)
    store.contacts.drop("0")
    store.contacts.close()
    await running
    assert len(await other.contacts.load(0.0)) == contacts.TOGETHER
    await store.close()
    await other.close()


async def test_only_so_many_may_wait(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "WAITING", 2)
    with capture_logs() as logs:
        for key in ("a", "b", "c", "b", "d"):
            store.contacts.keep(replace(DESK, key=key))
    assert [line["event"] for line in logs] == ["contacts not kept"]
    assert store.contacts.lost == 2
    await written(store)
    assert [kept.key for kept in await store.contacts.load(0.0)] == ["a", "b"]


async def test_a_database_that_fails_costs_what_was_to_be_written_and_no_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "PAUSE", 0.01)
    await store.database.run("ALTER TABLE contacts RENAME TO away")
    running = asyncio.create_task(store.contacts.run())
    store.contacts.keep(DESK)
    with capture_logs() as logs:
        while not store.contacts.lost:
            await asyncio.sleep(0.01)
    assert "no such table" in logs[0]["why"]
    await store.database.run("ALTER TABLE away RENAME TO contacts")
    store.contacts.keep(replace(DESK, key="k2"))
    store.contacts.close()
    await running
    assert [kept.key for kept in await store.contacts.load(0.0)] == ["k2"]
