"""The driver of a flow's coroutine, without a call."""

import asyncio
import time

import pytest

from xswitch_py.base.cause import Cause
from xswitch_py.flow.ended import CallEnded
from xswitch_py.flow.watched import SLOW, Watched


class Slow(list[tuple[float, int, int, int]]):
    """What was told of slow steps."""

    def __call__(self, took: float, began: int, over: int, times: int) -> None:
        self.append((took, began, over, times))


async def test_a_cancellation_is_passed_on_as_it_is_while_the_call_lasts() -> None:
    seen: list[type[BaseException]] = []

    async def body() -> None:
        try:
            await asyncio.sleep(60)
        except BaseException as error:
            seen.append(type(error))
            raise

    task = asyncio.create_task(Watched(body(), Slow()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))
    assert seen == [asyncio.CancelledError] and task.cancelled()


async def test_after_the_end_it_says_so_and_what_follows_is_not_cancelled() -> None:
    seen: list[object] = []

    async def body() -> None:
        try:
            await asyncio.sleep(60)
        except CallEnded as ended:
            seen.append(ended.cause)
            await asyncio.sleep(0)
            task = asyncio.current_task()
            assert task is not None
            seen.append(task.cancelling())

    watched = Watched(body(), Slow())
    task = asyncio.create_task(watched)
    await asyncio.sleep(0)
    watched.end(Cause.USER_BUSY)
    task.cancel()
    await task
    assert seen == [Cause.USER_BUSY, 0]


async def test_a_flow_that_has_not_begun_never_does() -> None:
    seen: list[str] = []

    async def body() -> None:
        seen.append("begun")

    watched = Watched(body(), Slow())
    task = asyncio.create_task(watched)
    watched.end(Cause.USER_BUSY)
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled() and seen == []


async def test_a_slow_step_is_told_also_the_last_one() -> None:
    slow = Slow()

    async def body() -> None:
        await asyncio.sleep(0)
        time.sleep(SLOW + 0.01)  # noqa: ASYNC251  # what nobody should do

    await asyncio.create_task(Watched(body(), slow))
    [(took, began, over, times)] = slow
    assert took > SLOW and began == body.__code__.co_firstlineno + 1 and (over, times) == (0, 1)


async def test_a_flow_that_is_slow_again_and_again_does_not_fill_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.flow.watched.SLOW", -1.0)
    slow = Slow()

    async def body() -> None:
        for _ in range(99):
            await asyncio.sleep(0)

    await asyncio.create_task(Watched(body(), slow))
    assert [times for *_, times in slow] == [1, 2, 4, 8, 16, 32, 64]


async def test_one_that_ends_by_nothing_is_left_where_it_is() -> None:
    swallowed: list[type[BaseException]] = []

    async def body() -> None:
        for _ in range(3):
            try:
                await asyncio.sleep(60)
            except BaseException as error:
                swallowed.append(type(error))

    watched = Watched(body(), Slow())
    task = asyncio.create_task(watched)
    await asyncio.sleep(0)
    watched.end(Cause.USER_BUSY)
    task.cancel()
    await asyncio.sleep(0)
    watched.kill()
    task.cancel()
    await asyncio.wait((task,), timeout=1)
    assert task.cancelled() and swallowed == [CallEnded, GeneratorExit]


async def test_it_can_only_be_run_by_a_task() -> None:
    async def body() -> None:
        pass

    watched = Watched(body(), Slow())
    with pytest.raises(TypeError):
        await watched
    watched.close()


async def test_watching_costs_little() -> None:
    async def body() -> None:
        for _ in range(10_000):
            await asyncio.sleep(0)

    began = time.process_time()
    await asyncio.create_task(body())
    plain = time.process_time() - began
    began = time.process_time()
    await asyncio.create_task(Watched(body(), Slow()))
    assert time.process_time() - began < plain + 0.2  # 20 us a step, on a slow machine
