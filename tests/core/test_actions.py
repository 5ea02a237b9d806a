"""Words of the dialplan that leave a call to programs, ask for digits, or record."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.commands.live import Live, live
from tests.core.world import at_once
from xswitch_py.actions import ACTIONS
from xswitch_py.base.cause import Cause
from xswitch_py.core.access import SYSTEM
from xswitch_py.core.commands import calls
from xswitch_py.core.dialplan import load
from xswitch_py.models.calls import Ending


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        made.world.plan.rules = load(
            {
                "rule": [
                    {"number": "7000", "steps": ["control 1"]},
                    {"number": "7001", "steps": ["answer", "gather 4 1 tone:dial", "hangup USER_BUSY"]},
                    {"number": "7002", "steps": ["answer", "record 60", "sleep 5", "hangup"]},
                    {"number": "1.*", "steps": ["bridge $0"]},
                ]
            },
            ACTIONS,
        )
        yield made


async def test_a_call_that_no_program_takes_ends(at: Live) -> None:
    at.world.plan.rules = load({"rule": [{"number": "7000", "steps": ["control 0"]}]}, ACTIONS)
    at.world.call("1000", "7000")
    [ended] = await at.world.over()
    assert ended.cause is Cause.NO_USER_RESPONSE


async def test_a_program_that_does_something_with_a_call_has_taken_it(at: Live) -> None:
    leg = at.world.call("1000", "7000")
    await asyncio.sleep(0)
    name = f"call_{leg.call}"
    await calls.answer(at.desk, SYSTEM, name)
    await asyncio.sleep(1.1)  # longer than it waits for one
    assert leg.cause is None
    await calls.hangup(at.desk, SYSTEM, name, Ending(cause=Cause.USER_BUSY))
    [ended] = await at.world.over()
    assert ended.cause is Cause.USER_BUSY


async def test_what_is_pressed_is_dialled(at: Live) -> None:
    at.world.contact("1001").does = at_once
    leg = at.world.call("1000", "7001")
    await at.world.until("1000 < answer answer opus")
    for digit in "1001":
        leg.peer_pressed(digit, 100, "info")
    await at.world.until("1000 < display 1001")


async def test_who_presses_nothing_gets_the_next_step(at: Live) -> None:
    at.world.plan.rules = load(
        {"rule": [{"number": "7001", "steps": ["answer", "gather 4 0", "hangup USER_BUSY"]}]}, ACTIONS
    )
    at.world.call("1000", "7001")
    async with asyncio.timeout(6):
        while at.world.switch.calls:
            await asyncio.sleep(0.01)
    [ended] = await at.world.over()
    assert ended.cause is Cause.USER_BUSY


async def test_a_recording_begins_and_the_steps_go_on(at: Live) -> None:
    leg = at.world.call("1000", "7002")
    async with asyncio.timeout(2):
        while not at.world.media.recordings:
            await asyncio.sleep(0)
    [row] = await at.desk.stores.recordings.list()
    assert (row.leg, row.users, row.ended) == (leg.id, ("1000@example.org",), None)
    leg.peer_left(Cause.NORMAL_CLEARING)
    [ended] = await at.world.over()
    assert ended.cause is Cause.NORMAL_CLEARING
