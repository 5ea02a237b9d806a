"""Deliveries: told when they are due, and never more than so many kept."""

from dataclasses import replace

import pytest

from xswitch_py.base.errors import Taken
from xswitch_py.base.records import Delivery, Webhook
from xswitch_py.store import deliveries
from xswitch_py.store.deliveries import DAY
from xswitch_py.store.open import Store

HOOK, OTHER = Webhook("hook_1", "https://a", ()), Webhook("hook_2", "https://b", ())
ONE = Delivery("m1", "hook_1", "evt_1", "call.ended", '{"a": "\u00e9"}', 100.0, next_at=100.0)


@pytest.fixture(autouse=True)
async def hooks(store: Store) -> None:
    await store.webhooks.add(HOOK)
    await store.webhooks.add(OTHER)


def made(number: int, webhook: str = "hook_1", next_at: float = 0.0) -> Delivery:
    return replace(ONE, id=f"m{number}", webhook=webhook, created=float(number), next_at=next_at)


async def names(store: Store, webhook: str = "hook_1") -> list[str]:
    return [one.id for one in await store.deliveries.list(webhook)]


async def due(store: Store, now: float = 1e9, limit: int = 100, busy: tuple[str, ...] = ()) -> list[str]:
    return [one.id for one in await store.deliveries.due(now, limit, busy)]


async def test_a_delivery_is_kept_whole(store: Store) -> None:
    done = replace(
        ONE, id="m2", status="failed", attempts=3, next_at=None, finished=105.0, code=500, error="server error"
    )
    await store.deliveries.add([ONE, done])
    assert await store.deliveries.get("m1") == ONE
    assert await store.deliveries.get("m2") == done
    assert await store.deliveries.get("m3") is None
    assert await store.deliveries.list("hook_1") == [done, ONE]


async def test_an_id_that_is_there_keeps_all_of_them_out(store: Store) -> None:
    await store.deliveries.add([ONE])
    with pytest.raises(Taken):
        await store.deliveries.add([made(2), ONE])
    assert await names(store) == ["m1"]


async def test_those_to_a_webhook_that_is_gone_are_forgotten(store: Store) -> None:
    await store.deliveries.add([made(1, "gone"), made(2)])
    assert await due(store) == ["m2"]


async def test_what_is_due_longest_comes_first(store: Store) -> None:
    await store.deliveries.add([made(1, next_at=3.0), made(2, next_at=1.0), made(3, next_at=2.0), made(4, next_at=4.0)])
    assert await due(store, 3.0) == ["m2", "m3", "m1"]
    assert await due(store, 3.0, limit=2) == ["m2", "m3"]
    assert await due(store, 0.9) == []
    assert await store.deliveries.next_due() == 1.0


async def test_the_disabled_and_the_busy_are_left_out(store: Store) -> None:
    await store.deliveries.add([made(1, next_at=1.0), made(2, "hook_2", 2.0)])
    assert await due(store, busy=("hook_1", "x")) == ["m2"]
    await store.webhooks.change(replace(HOOK, enabled=False))
    assert await due(store) == ["m2"]
    assert await store.deliveries.next_due() == 2.0
    await store.webhooks.change(replace(OTHER, enabled=False))
    assert await due(store) == []
    assert await store.deliveries.next_due() is None


async def test_attempts_are_noted_up_to_success(store: Store) -> None:
    await store.deliveries.add([ONE])
    assert await store.deliveries.attempted("m1", 101.0, delivered=False, next_at=105.0, error="timeout")
    assert await store.deliveries.get("m1") == replace(ONE, attempts=1, next_at=105.0, error="timeout")
    assert await store.deliveries.attempted("m1", 105.5, delivered=True, code=204)
    done = replace(ONE, attempts=2, status="delivered", next_at=None, finished=105.5, code=204)
    assert await store.deliveries.get("m1") == done
    assert await due(store) == []


async def test_an_attempt_without_a_next_is_the_last(store: Store) -> None:
    await store.deliveries.add([ONE])
    await store.deliveries.attempted("m1", 101.0, delivered=False, code=410)
    assert await store.deliveries.get("m1") == replace(
        ONE, attempts=1, status="failed", next_at=None, finished=101.0, code=410
    )


async def test_an_attempt_at_what_is_gone_is_said(store: Store) -> None:
    assert not await store.deliveries.attempted("m1", 101.0, delivered=True)
    assert not await store.deliveries.requeue("m1", 1.0)


async def test_a_delivery_begins_anew(store: Store) -> None:
    await store.deliveries.add([ONE])
    await store.deliveries.attempted("m1", 101.0, delivered=False, code=500, error="no")
    assert await store.deliveries.requeue("m1", 5 * DAY)
    assert await store.deliveries.expire(5 * DAY + 1) == 0
    assert await store.deliveries.get("m1") == replace(ONE, next_at=5 * DAY, code=500, error="no")
    assert await due(store, 5 * DAY) == ["m1"]


async def test_what_waits_too_long_is_given_up(store: Store) -> None:
    await store.deliveries.add([made(1), made(100, next_at=1e6)])
    assert await store.deliveries.expire(50 + DAY) == 1
    assert await store.deliveries.get("m1") == replace(
        made(1), status="failed", next_at=None, finished=50 + DAY, error="waited too long"
    )
    assert await due(store, 1e6) == ["m100"]


async def test_what_ended_long_ago_is_forgotten(store: Store) -> None:
    await store.deliveries.add([made(1), made(2)])
    for name, at in (("m1", 10.0), ("m2", 20.0)):
        await store.deliveries.attempted(name, at, delivered=True)
    assert await store.deliveries.expire(19.0 + 30 * DAY) == 0
    assert await names(store) == ["m2"]


async def test_only_the_last_to_finish_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "KEPT", 2)
    await store.deliveries.add([made(number) for number in range(5)] + [made(9, "hook_2")])
    await store.deliveries.attempted("m9", 1.0, delivered=True)
    for at, name in enumerate(("m3", "m1", "m4", "m0")):
        await store.deliveries.attempted(name, 10.0 + at, delivered=at % 2 == 0)
    assert await names(store) == ["m4", "m2", "m0"]  # m2 waits
    assert await names(store, "hook_2") == ["m9"]


async def test_only_so_many_may_wait(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "WAITING", 3)
    await store.deliveries.add([made(8, "hook_2")])
    await store.deliveries.add([made(1), made(2)])
    await store.deliveries.add([made(3), made(4), made(5)])
    assert sorted(await due(store)) == ["m3", "m4", "m5", "m8"]
    assert await store.deliveries.get("m2") == replace(
        made(2), status="failed", next_at=None, finished=5.0, error="too many are waiting"
    )


async def test_they_are_listed_newest_first_page_by_page(store: Store) -> None:
    await store.deliveries.add([made(number) for number in range(5)] + [made(9, "hook_2")])
    pages, before = [], None
    while found := await store.deliveries.list("hook_1", 2, before):
        pages.append([one.id for one in found])
        before = found[-1].id
    assert pages == [["m4", "m3"], ["m2", "m1"], ["m0"]]
    assert await store.deliveries.list("hook_1", 2, "gone") == []
