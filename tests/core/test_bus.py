"""The bus: everybody hears, nobody is waited for."""

import asyncio

from structlog.testing import capture_logs

from xswitch_py.base.events import CallAnswered, CallRinging, Event
from xswitch_py.base.ids import CallId
from xswitch_py.core.bus import Bus


def fact(number: int) -> Event:
    return CallAnswered(CallId(str(number)), float(number))


async def collect(bus: Bus, size: int = 10) -> list[Event]:
    return [event async for event in bus.listen(size)]


async def test_every_listener_hears_every_event_in_order_until_the_bus_closes() -> None:
    bus = Bus()
    listeners = [asyncio.create_task(collect(bus)) for _ in range(2)]
    await asyncio.sleep(0)
    for number in range(3):
        bus.publish(fact(number))
    bus.close()
    assert await asyncio.gather(*listeners) == [[fact(0), fact(1), fact(2)]] * 2


async def test_a_slow_listener_loses_events_and_that_is_counted() -> None:
    bus = Bus()
    listener = asyncio.create_task(collect(bus, size=2))
    await asyncio.sleep(0)
    for number in range(5):
        bus.publish(fact(number))
    bus.close()
    assert await listener == [fact(0), fact(1)]
    assert bus.lost == 3


async def test_a_bus_that_is_closed_has_nothing_to_say() -> None:
    bus = Bus()
    bus.close()
    assert await asyncio.wait_for(collect(bus), 1) == []


async def test_a_listener_that_leaves_is_forgotten() -> None:
    bus = Bus()
    listener = asyncio.create_task(collect(bus))
    await asyncio.sleep(0)
    listener.cancel()
    await asyncio.wait([listener])
    bus.publish(fact(1))
    assert bus.lost == 0


async def test_batches_hold_what_comes_together_and_only_what_is_wanted() -> None:
    bus = Bus()
    batches = bus.batches(0.0, only=(CallAnswered,))
    for number in range(3):
        bus.publish(fact(number))
        bus.publish(CallRinging(CallId(str(number)), 1.0))
    assert await anext(batches) == [fact(0), fact(1), fact(2)]
    bus.publish(fact(4))
    bus.close()
    assert [batch async for batch in batches] == [[fact(4)]]


async def test_who_is_served_hears_at_once_and_goes_on_after_a_fault() -> None:
    bus, heard = Bus(), list[Event]()

    def take(event: Event) -> None:
        heard.append(event)
        if event == fact(1):
            raise ValueError

    serving = asyncio.create_task(bus.serve(take))
    await asyncio.sleep(0)
    with capture_logs() as logs:
        for number in range(3):
            bus.publish(fact(number))
            assert heard[-1] == fact(number)
    bus.close()
    await serving
    bus.publish(fact(3))
    assert heard == [fact(0), fact(1), fact(2)]
    assert [line["event_type"] for line in logs] == ["CallAnswered"]
    await bus.serve(take)  # closed already
