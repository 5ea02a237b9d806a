"""How a flow ends: with its call, whatever it waits for; by itself; or because it has to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.core.world import at_once
from tests.flow import house as houses
from tests.flow.house import House
from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import LegId
from xswitch_py.flow import Call, CallEnded, flow
from xswitch_py.flow.watched import SLOW


async def answering(call: Call) -> None:
    await call.answer()


async def playing(call: Call) -> None:
    await call.play("music", loop=True)


async def gathering(call: Call) -> None:
    await call.gather(timeout=60)


async def prompting(call: Call) -> None:
    await call.gather(play=["silence:1", "tone:beep"], timeout=60)


async def ringing(call: Call) -> None:
    await call.bridge("1001")


async def talking(call: Call) -> None:
    await call.bridge("1002")


async def sleeping(call: Call) -> None:
    await call.sleep(60)


async def elsewhere(call: Call) -> None:
    await asyncio.sleep(60)


async def waiting_for_a_digit(call: Call) -> None:
    await call.wait_for("dtmf", timeout=60)


async def waiting_for_an_event(call: Call) -> None:
    await call.wait_for("call.held")


async def listening(call: Call) -> None:
    async for _ in call.events("call.held"):
        pass


async def doing(call: Call) -> None:
    await call.do("calls.gather", call=call.id, timeout=60)


async def two_at_once(call: Call) -> None:
    await asyncio.gather(call.play("music", loop=True), call.wait_for("dtmf"))


async def in_time(call: Call) -> None:
    async with asyncio.timeout(60):
        await call.play("music", loop=True)


AWAITS = [
    answering, playing, gathering, prompting, ringing, talking, sleeping, elsewhere, waiting_for_a_digit,
    waiting_for_an_event, listening, doing, two_at_once, in_time,
]  # fmt: skip


@pytest.mark.parametrize("waits", AWAITS)
async def test_a_hang_up_ends_whatever_a_flow_waits_for(
    house: House, waits: Callable[[Call], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.world.contact("1001")
    house.world.contact("1002").does = at_once
    steps: list[object] = []

    async def never(leg: LegId, wish: object) -> str:
        await asyncio.Event().wait()
        return ""

    if waits is answering:
        monkeypatch.setattr(house.world.media, "make_answer", never)

    async def reception(call: Call) -> None:
        try:
            steps.append("begun")
            await waits(call)
            steps.append("came back")
        except Exception:
            steps.append("taken for an error")
        except CallEnded as ended:
            steps.append(ended.cause)
            with pytest.raises(CallEnded):
                await call.play("music")
            with pytest.raises(CallEnded):
                await anext(call.events())
        finally:
            await asyncio.sleep(0)
            steps.append("cleaned up")

    caller = house.dial(reception)
    async with asyncio.timeout(2):
        while not steps:
            await asyncio.sleep(0)
    for _ in range(40):
        await asyncio.sleep(0)
    caller.peer_left(Cause.PICKED_OFF)
    [ended] = await house.world.over()
    await asyncio.wait(house.tasks)
    assert ended.cause is Cause.PICKED_OFF
    assert steps == ["begun", Cause.PICKED_OFF, "cleaned up"]
    assert not house.world.switch.legs and not house.world.media.joined() and not house.world.media.playing
    assert len(house.desk.feed) == 0
    last = [event for event in house.world.bus.seen if getattr(event, "call", None) == ended.call][-1]
    assert isinstance(last, events.CallEnded)


async def test_a_task_group_ends_with_the_call(house: House) -> None:
    steps: list[str] = []

    async def waits(call: Call) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(call.play("music", loop=True))
                group.create_task(asyncio.sleep(60))
        except* CallEnded:
            steps.append("ended")

    caller = house.dial(waits)
    async with asyncio.timeout(2):
        while not house.world.media.playing:
            await asyncio.sleep(0)
    caller.peer_left(Cause.NORMAL_CLEARING)
    with capture_logs() as logs:
        await house.world.over()
        await asyncio.wait(house.tasks)
    assert steps == ["ended"]
    assert [line for line in logs if line["event"] == "flow failed"] == []


async def test_cancelling_a_task_of_ones_own_is_no_hang_up(house: House) -> None:
    steps: list[str] = []

    async def reception(call: Call) -> None:
        music = asyncio.create_task(call.play("music", loop=True))
        await asyncio.sleep(0.01)
        music.cancel()
        try:
            await music
        except CallEnded:
            steps.append("hung up")
        except asyncio.CancelledError:
            steps.append("cancelled")
        try:
            async with asyncio.timeout(0.01):
                await call.gather(timeout=60)
        except TimeoutError:
            steps.append("too late")

    house.dial(reception)
    [ended] = await house.world.over()
    assert steps == ["cancelled", "too late"]
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_a_sound_that_a_flow_left_playing_ends_with_it(house: House) -> None:
    left: list[asyncio.Task[None]] = []

    async def forgets(call: Call) -> None:
        left.append(asyncio.create_task(call.play("music", loop=True)))
        await asyncio.sleep(0.01)

    house.dial(forgets)
    await house.world.over()
    assert left[0].cancelled() or isinstance(left[0].exception(), CallEnded)
    assert not house.world.media.playing


async def test_the_calls_end_does_not_wait_for_what_the_flow_does_then(house: House) -> None:
    go_on, steps = asyncio.Event(), list[str]()

    async def slow(call: Call) -> None:
        try:
            await call.sleep(60)
        finally:
            async with asyncio.timeout(2):
                await go_on.wait()
            steps.append("noted")

    caller = house.dial(slow)
    await asyncio.sleep(0.01)
    caller.peer_left(Cause.NORMAL_CLEARING)
    await house.world.over()
    assert steps == []
    go_on.set()
    await asyncio.wait(house.tasks)
    assert steps == ["noted"]


@pytest.fixture
async def hurried(tmp_path: Path) -> AsyncIterator[House]:
    """A house in which a flow has little time at the end."""
    async with houses.house(tmp_path, cleanup=0.05) as made:
        yield made


async def asks_on(call: Call) -> None:
    while True:
        try:
            await call.gather()
        except CallEnded:
            pass


async def sleeps_on(call: Call) -> None:
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


async def never_ends(call: Call) -> None:
    try:
        await call.sleep(60)
    finally:
        await asyncio.sleep(60)


@pytest.mark.parametrize("stubborn", [asks_on, sleeps_on, never_ends])
async def test_a_flow_that_does_not_end_is_stopped(hurried: House, stubborn: Callable[[Call], Any]) -> None:
    caller = hurried.dial(stubborn)
    await asyncio.sleep(0.01)
    began = time.monotonic()
    with capture_logs() as logs:
        caller.peer_left(Cause.NORMAL_CLEARING)
        await hurried.world.over()
        await asyncio.wait(hurried.tasks, timeout=2)
    assert time.monotonic() - began < 1
    assert all(task.done() for task in hurried.tasks)
    [line] = [line for line in logs if line["event"].startswith("flow")]
    assert (line["event"], line["flow"]) == ("flow does not end with its call, and is stopped", stubborn.__name__)


async def test_an_error_ends_the_call_and_is_logged_with_its_line(house: House) -> None:
    async def broken(call: Call) -> None:
        await call.answer()
        raise KeyError("menu")

    house.dial(broken)
    with capture_logs() as logs:
        [ended] = await house.world.over()
    assert ended.cause is Cause.NORMAL_TEMPORARY_FAILURE
    [line] = [line for line in logs if line["event"] == "flow failed"]
    at = broken.__code__.co_firstlineno + 2
    assert (line["flow"], line["line"], line["error"]) == ("broken", f"test_run.py:{at}", "KeyError('menu')")


async def test_an_error_while_cleaning_up_is_logged_and_changes_nothing(house: House) -> None:
    async def broken(call: Call) -> None:
        try:
            await call.sleep(60)
        finally:
            raise KeyError("menu")

    caller = house.dial(broken)
    await asyncio.sleep(0.01)
    caller.peer_left(Cause.NORMAL_CLEARING)
    with capture_logs() as logs:
        [ended] = await house.world.over()
        await asyncio.wait(house.tasks)
    assert ended.cause is Cause.NORMAL_CLEARING
    assert [line["flow"] for line in logs if line["event"] == "flow failed"] == ["broken"]


async def test_a_flow_cannot_end_the_switch(house: House) -> None:
    async def quits(call: Call) -> None:
        raise SystemExit(1)

    house.dial(quits)
    with capture_logs() as logs:
        [ended] = await house.world.over()
    assert ended.cause is Cause.NORMAL_TEMPORARY_FAILURE
    assert [line["flow"] for line in logs if line["event"] == "flow failed"] == ["quits"]


async def test_a_flow_has_a_deadline(house: House) -> None:
    causes: list[Cause] = []

    @flow(number="8000", deadline=0.02)
    async def long(call: Call) -> None:
        try:
            await call.play("music", loop=True)
        except CallEnded as ended:
            causes.append(ended.cause)
            raise

    house.dial(long)
    [ended] = await house.world.over()
    await asyncio.wait(house.tasks)
    assert ended.cause is Cause.ALLOTTED_TIMEOUT
    assert causes == [Cause.ALLOTTED_TIMEOUT]


async def test_a_flow_that_holds_the_loop_is_reported_by_name_and_line(house: House) -> None:
    async def blocks(call: Call) -> None:
        await call.answer()
        time.sleep(SLOW + 0.03)  # noqa: ASYNC251  # what nobody should do
        await call.sleep(0.1)

    house.dial(blocks)
    with capture_logs() as logs:
        await house.world.over()
    [line] = [line for line in logs if line["event"] == "flow blocks"]
    first = blocks.__code__.co_firstlineno
    assert line["flow"] == "blocks" and line["ms"] >= 80
    assert line["line"] == f"test_run.py:{first + 1}-{first + 3}" or line["line"] == f"test_run.py:{first}-{first + 3}"


async def test_a_flow_that_waits_is_not_reported(house: House) -> None:
    async def waits(call: Call) -> None:
        await call.sleep(SLOW + 0.03)

    house.dial(waits)
    with capture_logs() as logs:
        await house.world.over()
    assert [line for line in logs if line["event"] == "flow blocks"] == []


async def test_a_call_that_is_turned_to_something_else_leaves_the_flow(house: House) -> None:
    causes: list[Cause] = []

    async def reception(call: Call) -> None:
        await call.answer()
        try:
            await call.bridge("1001")
        except CallEnded as ended:
            causes.append(ended.cause)
            raise

    house.world.contact("1001")
    house.world.contact("1002").does = at_once
    caller = house.dial(reception)
    await house.until("1001 < invite offer opus")
    [call] = house.world.switch.calls.values()
    house.world.switch.redirect(call, "1002")
    await house.until("1000 < display 1002")
    assert causes == [Cause.BLIND_TRANSFER]
    assert caller.cause is None
    caller.peer_left(Cause.NORMAL_CLEARING)
    assert [end.cause for end in await house.world.over()] == [Cause.NORMAL_CLEARING]


async def test_the_caller_who_is_sent_on_by_whom_it_talks_to_lives_on(house: House) -> None:
    causes: list[Cause] = []

    async def reception(call: Call) -> None:
        try:
            await call.bridge("1001")
        except CallEnded as ended:
            causes.append(ended.cause)

    callee = house.world.contact("1001")
    callee.does = at_once
    house.world.contact("1002").does = at_once
    caller = house.dial(reception)
    await house.until("1001 < display 1000")
    assert callee.leg is not None
    house.world.switch.transfer(callee.leg, "1002")
    await house.until("1000 < display 1002")
    assert (causes, caller.cause) == ([Cause.BLIND_TRANSFER], None)
    caller.peer_left(Cause.NORMAL_CLEARING)
    await house.world.over()


async def test_closing_down_ends_flows(house: House) -> None:
    causes: list[Cause] = []

    async def waits(call: Call) -> None:
        try:
            await asyncio.sleep(60)
        except CallEnded as ended:
            causes.append(ended.cause)

    house.dial(waits)
    await asyncio.sleep(0.01)
    await house.world.switch.drain(0)
    [ended] = await house.world.over()
    await asyncio.wait(house.tasks)
    assert causes == [Cause.SYSTEM_SHUTDOWN] and ended.cause is Cause.SYSTEM_SHUTDOWN
