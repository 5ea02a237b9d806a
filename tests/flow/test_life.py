"""What a flow waits for, and the moments around the end of its call."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, ProtocolError
from xswitch_py.flow.ended import CallEnded
from xswitch_py.flow.life import Life


async def gives() -> str:
    return "given"


async def fails() -> str:
    raise CallError(Cause.USER_BUSY)


async def test_what_is_waited_for_comes_through() -> None:
    life = Life(lambda: False)
    assert await life.during(gives()) == "given"
    with pytest.raises(CallError):
        await life.during(fails())


@pytest.mark.parametrize("work", [gives, fails])
async def test_what_comes_of_a_call_that_has_just_ended_is_its_end(
    work: Callable[[], Coroutine[Any, Any, str]],
) -> None:
    life = Life(lambda: True)  # the caller has left, and the call's task does not know yet
    task = asyncio.create_task(life.during(work()))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    await life.end(Cause.NORMAL_CLEARING, task)
    with pytest.raises(CallEnded) as ended:
        await task
    assert ended.value.cause is Cause.NORMAL_CLEARING


async def test_what_is_vital_ends_the_call_when_it_fails() -> None:
    life = Life(lambda: False)
    task = asyncio.create_task(life.during(fails(), vital=True))
    why = await life.left
    assert isinstance(why, CallError) and why.cause is Cause.USER_BUSY
    await life.end(why.cause, task)
    assert task.cancelled()


async def test_the_first_leave_counts() -> None:
    life = Life(lambda: False)
    tasks = [asyncio.create_task(life.leave(CallError(cause))) for cause in (Cause.USER_BUSY, Cause.NO_ANSWER)]
    why = await life.left
    await asyncio.sleep(0)
    assert isinstance(why, CallError) and why.cause is Cause.USER_BUSY
    await life.end(why.cause, tasks[0])
    assert all(task.cancelled() for task in tasks)


async def test_errors_of_other_kinds_are_the_flows() -> None:
    async def wrong() -> None:
        raise ProtocolError("no digits")

    with pytest.raises(ProtocolError):
        await Life(lambda: False).during(wrong(), vital=True)


async def test_the_end_waits_no_longer_than_a_second_for_who_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.flow.life._UNWIND", 0.02)
    life, let_go = Life(lambda: False), asyncio.Event()

    async def stays() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                pass

    task = asyncio.create_task(life.during(stays()))
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await life.end(Cause.NORMAL_CLEARING, task)
    assert not task.done()
    let_go.set()
    await task


async def test_who_asks_in_a_circle_is_slowed_down() -> None:
    life = Life(lambda: False)
    await life.end(Cause.NORMAL_CLEARING, asyncio.create_task(asyncio.sleep(60)))
    asked = 0
    try:
        async with asyncio.timeout(0.2):
            while True:
                asked += 1
                with pytest.raises(CallEnded):
                    await life.during(gives())
    except TimeoutError:
        pass
    assert 10 <= asked < 20
