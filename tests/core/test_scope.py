"""A scope ends with its leg, and its leg with it."""

import asyncio

import pytest

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, LegEnded
from xswitch_py.core.scope import Scope, cause_of


class Held:
    """A leg, as far as a scope is concerned."""

    def __init__(self) -> None:
        self.cause: Cause | None = None
        self.scope: Scope | None = None

    def hangup(self, cause: Cause) -> None:
        if self.cause is None:
            self.cause = cause
            self.take(cause)

    def take(self, cause: Cause) -> None:
        scope, self.scope = self.scope, None
        if scope is not None:
            scope.end(cause)


async def test_leaving_hangs_up() -> None:
    leg = Held()
    async with Scope(leg):
        assert leg.cause is None
    assert leg.cause is Cause.NORMAL_CLEARING


async def test_a_refusal_hangs_up_with_its_cause() -> None:
    leg = Held()
    with pytest.raises(CallError):
        async with Scope(leg):
            raise CallError(Cause.USER_BUSY)
    assert leg.cause is Cause.USER_BUSY


async def test_a_bug_hangs_up_with_temporary_failure() -> None:
    leg = Held()
    with pytest.raises(ZeroDivisionError):
        async with Scope(leg):
            raise ZeroDivisionError
    assert leg.cause is Cause.NORMAL_TEMPORARY_FAILURE


async def test_a_leg_that_is_over_cannot_be_held() -> None:
    leg = Held()
    leg.cause = Cause.NO_ANSWER
    with pytest.raises(LegEnded) as ended:
        async with Scope(leg):
            pytest.fail("the body ran")
    assert ended.value.cause is Cause.NO_ANSWER


async def test_the_body_is_cancelled_when_the_leg_ends() -> None:
    leg = Held()
    asyncio.get_running_loop().call_soon(leg.hangup, Cause.CALL_REJECTED)
    with pytest.raises(LegEnded) as ended:
        async with Scope(leg):
            await asyncio.Event().wait()
    assert ended.value.cause is Cause.CALL_REJECTED
    await asyncio.sleep(0)  # no cancellation is left over
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_leg_that_ends_in_the_last_statement_still_counts() -> None:
    leg = Held()
    with pytest.raises(LegEnded):
        async with Scope(leg):
            leg.hangup(Cause.NORMAL_CLEARING)
    await asyncio.sleep(0)


async def test_an_inner_leg_leaves_with_the_cause_of_the_outer() -> None:
    outer, inner = Held(), Held()
    asyncio.get_running_loop().call_soon(outer.hangup, Cause.MEDIA_TIMEOUT)
    with pytest.raises(LegEnded) as ended:
        async with Scope(outer), Scope(inner):
            await asyncio.Event().wait()
    assert ended.value.cause is inner.cause is Cause.MEDIA_TIMEOUT


async def test_two_legs_ending_at_once_end_the_outer_scope_once() -> None:
    outer, inner = Held(), Held()

    def both() -> None:
        inner.hangup(Cause.USER_BUSY)
        outer.hangup(Cause.NORMAL_CLEARING)

    asyncio.get_running_loop().call_soon(both)
    with pytest.raises(LegEnded) as ended:
        async with Scope(outer), Scope(inner):
            await asyncio.Event().wait()
    assert ended.value.cause is Cause.NORMAL_CLEARING
    await asyncio.sleep(0)


async def test_a_leg_that_was_taken_lives_on() -> None:
    leg = Held()
    asyncio.get_running_loop().call_soon(leg.take, Cause.BLIND_TRANSFER)
    with pytest.raises(LegEnded) as ended:
        async with Scope(leg):
            await asyncio.Event().wait()
    assert ended.value.cause is Cause.BLIND_TRANSFER
    assert leg.cause is None


async def test_a_taken_leg_belongs_to_its_next_scope() -> None:
    leg = Held()
    entered = asyncio.Event()

    async def next_call() -> None:
        async with Scope(leg):
            entered.set()
            await asyncio.Event().wait()

    async def take_over() -> None:
        leg.take(Cause.BLIND_TRANSFER)
        with pytest.raises(LegEnded):
            await next_call()

    task: asyncio.Task[None] | None = None
    with pytest.raises(LegEnded):
        async with Scope(leg):
            task = asyncio.create_task(take_over())
            await asyncio.Event().wait()
    assert task is not None
    await entered.wait()
    assert leg.cause is None
    leg.hangup(Cause.NORMAL_CLEARING)
    await task


async def test_cancelling_from_outside_stays_a_cancellation_and_gives_its_cause() -> None:
    leg = Held()
    inside = asyncio.Event()

    async def work() -> None:
        async with Scope(leg):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel(Cause.SYSTEM_SHUTDOWN)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert leg.cause is Cause.SYSTEM_SHUTDOWN


async def test_a_cancellation_beside_the_end_of_the_leg_wins() -> None:
    leg = Held()
    inside = asyncio.Event()

    async def work() -> None:
        async with Scope(leg):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    leg.hangup(Cause.NORMAL_CLEARING)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (None, Cause.NORMAL_CLEARING),
        (CallError(Cause.USER_BUSY), Cause.USER_BUSY),
        (asyncio.CancelledError(), Cause.NORMAL_CLEARING),
        (asyncio.CancelledError(Cause.SYSTEM_SHUTDOWN), Cause.SYSTEM_SHUTDOWN),
        (ValueError(), Cause.NORMAL_TEMPORARY_FAILURE),
    ],
)
def test_what_leaves_a_scope_says_why_the_leg_ends(error: BaseException | None, cause: Cause) -> None:
    assert cause_of(error) is cause
