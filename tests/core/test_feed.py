"""Events for programs: who hears which, and what is heard after a loss."""

import asyncio
from dataclasses import replace

import pytest

from tests.core.facts import (
    ALICE,
    BOB,
    CALL,
    LEG,
    OF_CALL,
    OF_NOBODY,
    OF_USER,
    SAMPLES,
    answered,
    ended,
    gateway,
    started,
)
from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.core import feed as feeds
from xswitch_py.core.bus import Bus
from xswitch_py.core.envelope import GAP, TYPES
from xswitch_py.core.feed import Feed, Subscription, unknown, wanted


async def heard(subscription: Subscription) -> list[str]:
    """Give the types of what waits."""
    async with asyncio.timeout(1):
        return [each.type for each in await subscription.batch()]


def quiet(subscription: Subscription) -> bool:
    """Say whether nothing waits."""
    return not subscription._queue


@pytest.mark.parametrize(
    ("kind", "types", "fits"),
    [
        ("call.ended", {"call.ended"}, True),
        ("call.ended", {"call.*"}, True),
        ("call.ended", {"call.created", "gateway.*"}, False),
        ("gateway.changed", {"call.*"}, False),
        (GAP, {"call.*"}, True),
    ],
)
def test_types_are_wanted_by_name_or_by_kind(kind: str, types: set[str], fits: bool) -> None:
    assert wanted(kind, types) is fits


def test_types_that_no_event_has_are_found() -> None:
    assert unknown(["call.*", "call.ended", "events.*"]) == []
    assert unknown(["calls.*", "*", "", "call", "call.end"]) == ["calls.*", "*", "", "call", "call.end"]


async def test_events_are_numbered_in_their_order() -> None:
    feed = Feed("n1")
    all_of_it = feed.subscribe()
    for event in SAMPLES:
        feed.publish(event)
    batch = await all_of_it.batch()
    assert [each.seq for each in batch] == list(range(1, len(SAMPLES) + 1))
    assert {each.type for each in batch} | {GAP} == set(TYPES)


async def test_only_the_types_that_are_wanted_come() -> None:
    feed = Feed()
    calls, gateways = feed.subscribe({"call.*"}), feed.subscribe({"gateway.changed"})
    feed.publish(started())
    feed.publish(gateway())
    assert await heard(calls) == ["call.created"]
    assert await heard(gateways) == ["gateway.changed"]


async def test_only_one_call_is_heard_where_one_is_named() -> None:
    feed = Feed()
    one = feed.subscribe(call="call_c2")
    for event in (started("c1"), gateway(), answered("c2")):
        feed.publish(event)
    assert [each.call_id for each in await one.batch()] == ["call_c2"]


async def test_a_user_hears_their_own_calls_and_phones_to_the_end_and_nothing_else() -> None:
    feed = Feed()
    alice, bob, everybody = feed.subscribe(user=ALICE), feed.subscribe(user=BOB), feed.subscribe()
    for event in SAMPLES:
        feed.publish(event)
    assert len(await heard(alice)) == len(OF_CALL) + len(OF_USER)
    assert quiet(bob)
    assert len(await heard(everybody)) == len(OF_CALL) + len(OF_USER) + len(OF_NOBODY)


async def test_who_joins_a_call_hears_it_from_then_on() -> None:
    feed = Feed()
    bob = feed.subscribe(user=BOB)
    feed.publish(started())
    feed.publish(events.LegJoined(CALL, LegId("l2"), 1.0, BOB))
    feed.publish(answered())
    assert await heard(bob) == ["call.answered"]


async def test_a_user_of_another_domain_is_somebody_else() -> None:
    feed = Feed()
    stranger = feed.subscribe(user=Address("1000", "example.com"))
    feed.publish(started())
    assert quiet(stranger)


async def test_whose_a_call_was_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "OVER", 10)
    feed = Feed()
    for number in range(100):
        feed.publish(started(f"c{number}"))
        feed.publish(ended(f"c{number}"))
    assert len(feed._users) == 10


async def test_a_poor_measurement_is_of_the_call_of_its_leg() -> None:
    feed = Feed()
    alice = feed.subscribe({"quality.*"}, user=ALICE)
    feed.publish(started())
    feed.publish(events.LegMeasured(LEG, 1.0, 1.5, {}, CALL))
    feed.publish(events.LegMeasured(LEG, 1.0, 1.5, {}, CallId("c2")))
    assert await heard(alice) == ["quality.warning"]


async def test_who_comes_back_hears_what_was_missed_and_then_what_comes() -> None:
    feed = Feed("n1")
    for number in range(5):
        feed.publish(gateway(f"g{number}"))
    back = feed.subscribe(after="evt_n1_3")
    feed.publish(gateway("g5"))
    assert [each.id for each in await back.batch()] == ["evt_n1_4", "evt_n1_5", "evt_n1_6"]


async def test_who_missed_nothing_hears_nothing_twice() -> None:
    feed = Feed("n1")
    feed.publish(gateway())
    assert quiet(feed.subscribe(after="evt_n1_1"))


async def test_a_replay_is_filtered_as_all_is() -> None:
    feed = Feed("n1")
    for event in SAMPLES:
        feed.publish(event)
    assert quiet(feed.subscribe(user=BOB, after="evt_n1_0"))
    assert await heard(feed.subscribe({"security.blocked"}, after="evt_n1_0")) == ["security.blocked"]


@pytest.mark.parametrize(
    "after", ["evt_other_3", "evt_n1_9", "nonsense", "evt_n1_", "evt_n1_x", "evt_n1_-1", "evt_n1_٣", "9" * 5000]
)
async def test_who_names_what_was_never_told_hears_of_a_gap_and_then_what_comes(after: str) -> None:
    feed = Feed("n1")
    for number in range(5):
        feed.publish(gateway(f"g{number}"))
    back = feed.subscribe({"gateway.changed"}, user=None, after=after)
    feed.publish(gateway())
    gap, following = await back.batch()
    assert (gap.type, gap.seq, following.seq) == (GAP, 5, 6)
    assert gap.data["oldest"] == "evt_n1_1"


async def test_what_is_not_kept_any_more_is_a_gap_before_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "KEPT", 3)
    feed = Feed("n1")
    for number in range(10):
        feed.publish(gateway(f"g{number}"))
    back = feed.subscribe(after="evt_n1_2")
    assert [each.id for each in await back.batch()] == ["evt_n1_7.gap", "evt_n1_8", "evt_n1_9", "evt_n1_10"]


async def test_who_leaves_behind_a_gap_goes_on_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "KEPT", 3)
    feed = Feed("n1")
    for number in range(10):
        feed.publish(gateway(f"g{number}"))
    assert [each.seq for each in await feed.subscribe(after="evt_n1_7.gap").batch()] == [8, 9, 10]


async def test_who_is_too_slow_has_a_gap_and_the_latest() -> None:
    feed = Feed("n1")
    slow = feed.subscribe(most=10)
    for number in range(15):
        feed.publish(gateway(f"g{number}"))
    assert [each.id for each in await slow.batch()] == ["evt_n1_10.gap", *(f"evt_n1_{seq}" for seq in range(11, 16))]


async def test_a_long_replay_is_not_taken_for_being_slow() -> None:
    feed = Feed("n1")
    for number in range(50):
        feed.publish(gateway(f"g{number}"))
    back = feed.subscribe(after="evt_n1_0", most=10)
    feed.publish(gateway())
    assert [each.seq for each in await back.batch()] == list(range(1, 52))


async def test_what_one_subscriber_may_be_behind_is_bounded() -> None:
    feed = Feed()
    slow = feed.subscribe()
    for _ in range(3 * feeds.WAITING):
        feed.publish(gateway())
    assert len(slow._queue) <= feeds.WAITING + 1


async def test_iterating_ends_when_it_is_closed_after_what_waits() -> None:
    feed = Feed()
    subscription = feed.subscribe()
    feed.publish(started())
    subscription.close()
    feed.publish(gateway())
    assert [each.type async for each in subscription] == ["call.created"]
    assert len(feed) == 0


async def test_a_batch_that_waits_is_empty_once_it_is_closed() -> None:
    feed = Feed()
    subscription = feed.subscribe()
    waiting = asyncio.create_task(subscription.batch())
    await asyncio.sleep(0)
    subscription.close()
    assert await waiting == []


async def test_a_batch_that_waits_can_be_woken_and_nothing_is_lost() -> None:
    feed = Feed()
    subscription = feed.subscribe()
    waiting = asyncio.create_task(subscription.batch())
    await asyncio.sleep(0)
    subscription.wake()
    assert await waiting == []
    assert subscription.open
    feed.publish(started())
    assert await heard(subscription) == ["call.created"]


async def test_an_iteration_that_is_broken_off_leaves_the_feed() -> None:
    feed = Feed()
    feed.publish(gateway())
    iteration = aiter(feed.subscribe(after=f"evt_{feed.node}_0"))
    await anext(iteration)
    assert len(feed) == 1
    await iteration.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert len(feed) == 0


async def test_all_ends_when_the_bus_closes_and_nobody_misses_the_last_event() -> None:
    feed, bus = Feed(), Bus()
    running = asyncio.create_task(feed.run(bus))
    subscription = feed.subscribe()
    await asyncio.sleep(0)
    bus.publish(replace(gateway(), name="last"))
    bus.close()
    assert [each.data["name"] async for each in subscription] == ["last"]
    await running
    assert [each async for each in feed.subscribe()] == []


async def test_two_runs_are_never_taken_for_each_other() -> None:
    assert Feed().node != Feed().node


async def test_who_hears_only_their_own_costs_nothing_when_others_call() -> None:
    feed = Feed()
    crowd = [feed.subscribe(user=Address(f"{number}", "example.org")) for number in range(50)]
    assert len(feed) == 50
    taken: list[Subscription] = []
    for each in crowd:
        each.take = lambda envelope, each=each: taken.append(each)  # type: ignore[method-assign,misc]  # a spy
    feed.publish(started("c1", Address("7", "example.org")))
    assert taken == [crowd[7]]
    for each in crowd:
        each.close()
        each.close()
    assert len(feed) == 0
