"""The clock of a media plane: even steps, no bursts, and nobody's mistake is another's."""

import asyncio
import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from xswitch_py.media.ticker import TICK, Ticker


async def ticks(ticker: Ticker, count: int, also: Callable[[int], None] = lambda n: None) -> list[tuple[int, float]]:
    """Gather (number, loop time) of the next ticks."""
    loop = asyncio.get_running_loop()
    over, heard = loop.create_future(), list[tuple[int, float]]()

    def tick(n: int) -> None:
        heard.append((n, loop.time()))
        also(n)
        if len(heard) == count and not over.done():
            over.set_result(None)

    ticker.add(tick)
    await over
    ticker.remove(tick)
    return heard


async def test_ticks_come_every_20_ms_by_the_clock_and_do_not_drift() -> None:
    heard = await ticks(Ticker(), 26)
    numbers = [n for n, _ in heard]
    if numbers[-1] - numbers[0] == 25:  # this machine was not too busy
        assert numbers == list(range(numbers[0], numbers[0] + 26))
    (first, begun), (last, ended) = heard[0], heard[-1]
    assert ended - begun == pytest.approx((last - first) * TICK, abs=0.05)


async def test_everyone_hears_the_same_number_in_the_order_of_coming() -> None:
    ticker, heard = Ticker(), list[tuple[str, int]]()

    def one(n: int) -> None:
        heard.append(("one", n))

    def two(n: int) -> None:
        heard.append(("two", n))

    ticker.add(one)
    ticker.add(two)
    await ticks(ticker, 2)
    assert [who for who, _ in heard[:4]] == ["one", "two", "one", "two"]
    assert heard[0][1] == heard[1][1] < heard[2][1] == heard[3][1]
    ticker.remove(one)
    ticker.remove(two)


async def test_a_ticker_late_by_more_than_60_ms_skips_and_never_bursts() -> None:
    ticker, stalls = Ticker(), [False]

    def stall(n: int) -> None:
        if not stalls[0]:
            stalls[0] = True
            time.sleep(0.15)  # blocks the loop: that is what is tested

    with capture_logs() as logs:
        heard = await ticks(ticker, 6, stall)
    numbers = [n for n, _ in heard]
    assert numbers[1] - numbers[0] >= 7
    assert numbers == sorted(set(numbers))
    assert heard[2][1] - heard[1][1] > 0  # and what follows is again by the clock
    assert heard[-1][1] - heard[1][1] == pytest.approx((numbers[-1] - numbers[1]) * TICK, abs=0.05)
    assert logs[0]["event"] == "ticks skipped"
    assert logs[0]["count"] >= 6


async def test_a_little_lateness_is_caught_up_with_and_loses_nothing() -> None:
    ticker, stalls = Ticker(), [False]

    def stall(n: int) -> None:
        if not stalls[0]:
            stalls[0] = True
            time.sleep(0.035)

    with capture_logs() as logs:
        heard = await ticks(ticker, 5, stall)
    if not logs:  # this machine did not stall by itself
        assert [n for n, _ in heard] == list(range(heard[0][0], heard[0][0] + 5))


async def test_lateness_is_the_worst_of_the_last_second_and_nothing_at_rest() -> None:
    ticker, worst = Ticker(), list[float]()
    assert ticker.lateness == 0

    def stall(n: int) -> None:
        if len(worst) == 2:
            time.sleep(0.1)
        worst.append(ticker.lateness)

    await ticks(ticker, 6, stall)
    assert 0.06 < worst[3] < 1
    assert worst[5] == worst[3] or worst[5] > worst[3]
    assert ticker.lateness == 0


async def test_lateness_is_forgotten_after_a_second() -> None:
    ticker = Ticker()
    ticker._late.extend([0.5] + [0.0] * 49)
    assert ticker.lateness == 0.5
    await ticks(ticker, 2)
    ticker._late.extend([0.0] * 50)
    assert ticker.lateness == 0


async def test_who_raises_is_logged_and_removed_and_the_others_go_on() -> None:
    ticker, calls = Ticker(), [0]

    def broken(n: int) -> None:
        calls[0] += 1
        raise ValueError("broken")

    ticker.add(broken)
    with capture_logs() as logs:
        heard = await ticks(ticker, 3)
    assert calls == [1]
    assert len(heard) == 3
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["tick failed"]
    assert "broken" in logs[0]["callback"]


async def test_the_last_one_raising_stops_the_clock() -> None:
    ticker, over = Ticker(), asyncio.get_running_loop().create_future()

    def broken(n: int) -> None:
        over.set_result(None)
        raise ValueError

    with capture_logs():
        ticker.add(broken)
        await over
        await asyncio.sleep(0)
    assert ticker._handle is None


async def test_one_that_is_removed_in_a_tick_is_not_called_in_it() -> None:
    ticker, called = Ticker(), list[int]()

    def first(n: int) -> None:
        ticker.remove(called.append)

    victim = called.append
    ticker.add(first)
    ticker.add(victim)
    await ticks(ticker, 2)
    ticker.remove(first)
    assert called == []


async def test_it_runs_only_while_there_is_someone_and_numbers_grow_over_a_rest() -> None:
    ticker = Ticker()
    first = await ticks(ticker, 2)
    assert ticker._handle is None
    await asyncio.sleep(0.1)
    second = await ticks(ticker, 2)
    missed = second[0][0] - first[-1][0]
    assert missed * TICK == pytest.approx(second[0][1] - first[-1][1], abs=0.05)
    assert missed >= 5


async def test_leaving_and_coming_within_a_tick_does_not_double_the_pace() -> None:
    ticker, loop, numbers = Ticker(), asyncio.get_running_loop(), list[int]()
    over = loop.create_future()

    def tick(n: int) -> None:
        numbers.append(n)
        ticker.remove(tick)
        if len(numbers) < 6:
            ticker.add(tick)
        else:
            over.set_result(None)

    ticker.add(tick)
    await over
    assert numbers == sorted(set(numbers))


async def test_removing_a_stranger_is_no_error() -> None:
    Ticker().remove(print)
