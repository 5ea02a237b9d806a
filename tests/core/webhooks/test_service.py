"""Webhooks at work, with a real database and a real server."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.core.facts import SAMPLES, gateway, started
from tests.core.webhooks.receiver import OK, SECRET, Receiver, Told, receiving, status
from xswitch_py.base.errors import StoreError
from xswitch_py.base.records import Delivery, Webhook
from xswitch_py.core.envelope import GAP, TYPES
from xswitch_py.core.feed import Feed
from xswitch_py.core.webhooks import service
from xswitch_py.core.webhooks.sending import Sender
from xswitch_py.core.webhooks.service import WAITS, Webhooks, next_attempt
from xswitch_py.store.open import Store, open_store

LOOPBACK = (ip_network("127.0.0.1/32"),)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what takes a day take a second."""
    monkeypatch.setattr(service, "WAITS", (0.01, 0.02, 0.03))
    monkeypatch.setattr(service, "LOOK", 0.02)
    monkeypatch.setattr(service, "REST", 0.02)
    monkeypatch.setattr(service, "GRACE", 0.1)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    made = await open_store(":memory:")
    yield made
    await made.close()


def hook(id: str, url: str, *events: str) -> Webhook:
    return Webhook(id, url, events, created=1.0, changed=1.0, secret=SECRET)


@contextlib.asynccontextmanager
async def working(store: Store, patience: float = 2.0) -> AsyncIterator[Feed]:
    """Let webhooks work; what was published is written down at the end."""
    feed = Feed("n1")
    webhooks = Webhooks(store.webhooks, store.deliveries, Sender(LOOPBACK, patience=patience))
    running = asyncio.create_task(webhooks.run(feed))
    await asyncio.sleep(0)
    try:
        yield feed
    finally:
        webhooks.close()
        await running


async def until(store: Store, status: str, count: int = 1, of: str = "hook_1") -> list[Delivery]:
    """Wait until so many deliveries are in a state."""
    async with asyncio.timeout(10):
        while True:
            found = [each for each in await store.deliveries.list(of) if each.status == status]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)


async def test_an_event_is_told_signed_and_as_everybody_gets_it(store: Store) -> None:
    async with receiving(Receiver()) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            heard = feed.subscribe()
            feed.publish(started())
            (told,) = await receiver.until(1)
            told.verify(SECRET)
            assert told.body.decode() == (await heard.batch())[0].text()
            (delivery,) = await until(store, "delivered")
            assert (delivery.id, delivery.event, delivery.type) == (told.id, "evt_n1_1", "call.created")
            assert (delivery.code, delivery.attempts) == (204, 1)


async def test_a_webhook_is_told_every_type_or_those_it_chose(store: Store) -> None:
    async with receiving(Receiver()) as all_of_it, receiving(Receiver()) as some, receiving(Receiver()) as off:
        await store.webhooks.add(hook("hook_1", all_of_it.url))
        await store.webhooks.add(hook("hook_2", some.url, "gateway.*", "call.ended"))
        await store.webhooks.add(replace(hook("hook_3", off.url), enabled=False))
        async with working(store) as feed:
            for event in SAMPLES:
                feed.publish(event)
            await all_of_it.until(len(SAMPLES))
            await some.until(2)
        assert {told.event["type"] for told in all_of_it.told} | {GAP} == set(TYPES)
        assert {told.event["type"] for told in some.told} == {"gateway.changed", "call.ended"}
        assert off.told == []


async def test_what_fails_is_told_again_with_the_same_id_until_it_arrives(store: Store) -> None:
    async with receiving(Receiver(status(500), status(302, "Location: http://127.0.0.1/"), OK)) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            feed.publish(started())
            told = await receiver.until(3)
            (delivery,) = await until(store, "delivered")
        assert len({each.id for each in told}) == len({each.body for each in told}) == 1
        for each in told:
            each.verify(SECRET)
        assert delivery.attempts == 3


async def test_a_slow_server_is_told_again(store: Store) -> None:
    async with receiving(Receiver(None, OK)) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store, patience=0.1) as feed:
            feed.publish(started())
            assert (await until(store, "delivered"))[0].attempts == 2


async def test_what_never_arrives_has_failed_in_the_end(store: Store) -> None:
    async with receiving(Receiver(status(500))) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            feed.publish(started())
            (delivery,) = await until(store, "failed")
        assert (delivery.attempts, delivery.code, delivery.next_at) == (4, 500, None)
        assert len(receiver.told) == 4


async def test_a_server_that_is_gone_is_told_nothing_more(store: Store) -> None:
    async with receiving(Receiver(status(410))) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            feed.publish(started())
            (delivery,) = await until(store, "failed")
            assert (delivery.attempts, delivery.code) == (1, 410)
            async with asyncio.timeout(5):
                while (row := await store.webhooks.get("hook_1")) and row.enabled:
                    await asyncio.sleep(0.01)
            feed.publish(gateway())
        assert len(receiver.told) == 1


async def test_a_webhook_that_was_pointed_elsewhere_meanwhile_is_not_disabled(store: Store) -> None:
    async with receiving(Receiver()) as other, receiving(Receiver(status(410))) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        moved = asyncio.Event()

        def gone(told: Told) -> bytes:
            task = asyncio.ensure_future(store.webhooks.change(hook("hook_1", other.url)))
            task.add_done_callback(lambda _: moved.set())
            return status(410)

        receiver.answers = [gone]
        async with working(store) as feed:
            feed.publish(started())
            await until(store, "failed")
            await moved.wait()
            feed.publish(gateway())
            await other.until(1)


async def test_what_is_put_there_by_others_is_found(store: Store) -> None:
    async with receiving(Receiver(status(500), status(500), status(500), status(500), OK)) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            feed.publish(started())
            (delivery,) = await until(store, "failed")
            await store.deliveries.requeue(delivery.id, time.time())
            (again,) = await until(store, "delivered")
        assert (again.id, again.attempts) == (delivery.id, 1)


async def test_a_restart_loses_nothing_that_was_written_down(tmp_path: Path) -> None:
    async with receiving(Receiver(None)) as receiver:
        store = await open_store(tmp_path / "x.db")
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            for number in range(20):
                feed.publish(gateway(f"g{number}"))
            await receiver.until(1)  # some are under way, most wait
        await store.close()
        before = {each.id for each in receiver.told}
        receiver.answers, receiver.told = [OK], []
        store = await open_store(tmp_path / "x.db")
        async with working(store):
            assert len(await until(store, "delivered", 20)) == 20
        await store.close()
        assert {each.event["data"]["name"] for each in receiver.told} == {f"g{number}" for number in range(20)}
        assert before <= {each.id for each in receiver.told}  # at least once, and known by its id


async def test_a_run_that_is_cut_off_loses_nothing_either(tmp_path: Path) -> None:
    async with receiving(Receiver(None)) as receiver:
        store = await open_store(tmp_path / "x.db")
        await store.webhooks.add(hook("hook_1", receiver.url))
        feed = Feed()
        running = asyncio.create_task(Webhooks(store.webhooks, store.deliveries, Sender(LOOPBACK)).run(feed))
        await asyncio.sleep(0)
        feed.publish(gateway())
        await receiver.until(1)
        running.cancel()
        await asyncio.wait((running,))
        receiver.answers = [OK]
        async with working(store):
            await until(store, "delivered")
        await store.close()


async def test_what_happened_last_is_written_down_when_the_feed_ends(store: Store) -> None:
    async with receiving(Receiver(None)) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            for _ in range(100):
                feed.publish(gateway())
        assert len(await store.deliveries.list("hook_1", 1000)) == 100


async def test_one_server_is_told_few_at_a_time_and_a_dead_one_holds_up_nobody(store: Store) -> None:
    async with receiving(Receiver(None)) as dead, receiving(Receiver()) as good:
        await store.webhooks.add(hook("hook_1", dead.url))
        await store.webhooks.add(hook("hook_2", good.url))
        async with working(store, patience=5.0) as feed:
            for _ in range(200):
                feed.publish(gateway())
            await good.until(200)
            assert dead.most == service.TO_ONE
            assert good.most <= service.TO_ONE


async def test_no_more_than_so_many_are_told_at_a_time_in_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "AT_ONCE", 6)
    async with receiving(Receiver(None)) as dead:
        for number in range(5):
            await store.webhooks.add(hook(f"hook_{number}", dead.url))
        async with working(store, patience=5.0) as feed:
            for _ in range(10):
                feed.publish(gateway())
            await dead.until(6)
            await asyncio.sleep(0.1)  # a few looks
            assert dead.most == 6


async def test_a_server_that_takes_nothing_is_left_alone_for_longer_each_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "REST", 60.0)
    async with receiving(Receiver(status(500))) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            for _ in range(1000):
                feed.publish(gateway())
            await receiver.until(2)
            await asyncio.sleep(0.3)
        assert len(receiver.told) <= service.TO_ONE + 2


async def test_nothing_is_told_twice_when_all_goes_well(store: Store) -> None:
    async with receiving(Receiver()) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            for number in range(300):
                feed.publish(gateway(f"g{number}"))
                if number % 7 == 0:
                    await asyncio.sleep(0.001)
            await until(store, "delivered", 100)
            await receiver.until(300)
            await asyncio.sleep(0.1)
        assert len(receiver.told) == len({each.id for each in receiver.told}) == 300


async def test_a_webhook_that_is_removed_is_told_nothing_more(store: Store) -> None:
    async with receiving(Receiver(status(500))) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            feed.publish(started())
            await receiver.until(1)
            await store.webhooks.remove("hook_1")
            told = len(receiver.told)
            feed.publish(gateway())
            await asyncio.sleep(0.1)
        assert len(receiver.told) <= told + 1


async def test_a_database_that_fails_for_a_moment_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add, failures = store.deliveries.add, iter((True, True))

    async def failing(rows: list[Delivery]) -> None:
        if next(failures, False):
            raise StoreError("disk full")
        await add(rows)

    monkeypatch.setattr(store.deliveries, "add", failing)
    async with receiving(Receiver()) as receiver:
        await store.webhooks.add(hook("hook_1", receiver.url))
        async with working(store) as feed:
            feed.publish(started())
            await receiver.until(1)


async def test_a_secret_is_in_no_log(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    async with receiving(Receiver(status(500))) as receiver:
        await store.webhooks.add(hook("hook_1", f"{receiver.url}?token=very-secret"))
        await store.webhooks.add(replace(hook("hook_2", receiver.url), secret="whsec_broken"))
        async with working(store) as feed:
            feed.publish(started())
            await until(store, "failed")
            (broken,) = await until(store, "failed", of="hook_2")
        assert broken.error == "the secret cannot be used"
    said = "".join(capsys.readouterr())
    assert "not delivered" in said
    assert "whsec_" not in said
    assert SECRET.removeprefix("whsec_") not in said
    assert "very-secret" not in said


def test_attempts_are_spread_over_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(service, "WAITS", WAITS)
    now = 1000.0
    for attempt, wait in enumerate(WAITS, 1):
        at = next_attempt(attempt, now)
        assert at is not None
        assert 0.9 * wait <= at - now <= wait
        now = at
    assert next_attempt(len(WAITS) + 1, now) is None
    assert 0.85 * 86_400 < sum(WAITS) < 86_400 - 15 * len(WAITS)
