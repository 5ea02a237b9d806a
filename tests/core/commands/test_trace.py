"""The trace and the quality of calls, on the real core with peers that write down what they are told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.core.commands.live import Live, live
from tests.core.world import at_once
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import Refused
from xswitch_py.base.ids import LegId
from xswitch_py.base.problem import Code
from xswitch_py.core.access import SYSTEM, Asker
from xswitch_py.core.commands import trace as commands
from xswitch_py.core.leg import Leg
from xswitch_py.media.api import CallQuality, LegStats, Measured, Milestone, Quality, Way, WayTotal
from xswitch_py.models.trace import Heard

QUALITY = Quality("opus", Way(500, 3, 0.6, 2.5, 4.1), None, 21.5)
TOTAL = CallQuality(WayTotal(3, 0.6, 8.0, 4.2, 3.9), None, 22.0)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        running = asyncio.create_task(made.desk.traces.run(made.world.bus))
        await asyncio.sleep(0)
        yield made
        await made.world.switch.drain(0)
        running.cancel()


async def settled() -> None:
    """Let the bus be heard."""
    for _ in range(5):
        await asyncio.sleep(0)


async def talking(at: Live) -> tuple[str, Leg, Leg]:
    """1000 talks to 1001: the call's id, and both legs."""
    peer = at.world.contact("1001")
    peer.does = at_once
    leg = at.world.call("1000", "1001")
    async with asyncio.timeout(2):
        while leg.bridged is None:
            await asyncio.sleep(0)
    await settled()
    assert peer.leg is not None
    return f"call_{leg.call}", leg, peer.leg


async def refused(work: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await work
    return caught.value


async def test_a_call_that_is_up_is_shown_with_its_messages_and_milestones(at: Live) -> None:
    call, caller, callee = await talking(at)
    at.desk.traces.note(callee.id, "sip", "<", "200 OK", lambda: "SIP/2.0 200 OK" + "x" * 20_000)
    at.world.media.tell(callee.id, Milestone("media", "first packet heard PCMU"))
    await settled()
    shown = await commands.trace(at.desk, SYSTEM, call)
    assert shown.call == call and shown.ended is None and shown.missing == 0
    assert [(leg.id, leg.side, leg.party.number) for leg in shown.legs] == [
        (caller.id, "caller", "1000"), (callee.id, "callee", "1001"),
    ]  # fmt: skip
    by_text = {entry.text: entry for entry in shown.entries}
    assert {"call 1000 to 1001", "bridged with 1001", "call is answered", "first packet heard PCMU"} <= by_text.keys()
    wire = by_text["200 OK"]
    assert (wire.leg, wire.layer, wire.way) == (callee.id, "sip", "<")
    assert wire.message is not None and len(wire.message) == 16_384
    assert wire.ms == pytest.approx((wire.at - shown.began).total_seconds() * 1000, abs=1.1)
    assert [entry.at for entry in shown.entries] == sorted(entry.at for entry in shown.entries)
    short = await commands.trace(at.desk, SYSTEM, call, messages=False)
    assert [entry.text for entry in short.entries] == [entry.text for entry in shown.entries]
    assert all(entry.message is None for entry in short.entries)


async def test_a_call_that_ended_is_still_shown(at: Live) -> None:
    call, caller, callee = await talking(at)
    caller.peer_left(Cause.NORMAL_CLEARING)
    async with asyncio.timeout(2):
        while at.world.switch.calls:
            await asyncio.sleep(0)
    await settled()
    shown = await commands.trace(at.desk, SYSTEM, call)
    assert shown.ended is not None and "call ended: NORMAL_CLEARING" in [entry.text for entry in shown.entries]
    assert {leg.id for leg in shown.legs} == {caller.id, callee.id}


async def test_users_see_their_own_calls_and_their_own_wire(at: Live) -> None:
    call, caller, callee = await talking(at)
    for leg in (caller, callee):
        at.desk.traces.note(leg.id, "sip", "<", f"INFO of {leg.party.number}")
    for name, theirs, others in (("1000", "1000", "1001"), ("1001", "1001", "1000")):
        shown = await commands.trace(at.desk, at.asker("user", name), call)
        texts = [entry.text for entry in shown.entries]
        assert f"INFO of {theirs}" in texts and f"INFO of {others}" not in texts and "call is answered" in texts
    everything = await commands.trace(at.desk, at.asker("operator", "olga"), call)
    assert {"INFO of 1000", "INFO of 1001"} <= {entry.text for entry in everything.entries}


@pytest.mark.parametrize("command", [commands.trace, commands.quality])
async def test_a_call_of_others_is_not_there(at: Live, command: Any) -> None:
    call, _, _ = await talking(at)
    stranger = at.asker("user", "1002")
    theirs = await refused(command(at.desk, stranger, call))
    nothing = await refused(command(at.desk, stranger, "call_nothing"))
    assert theirs.code is nothing.code is Code.NOT_FOUND
    assert theirs.detail.replace(call, "X") == nothing.detail.replace("call_nothing", "X")
    assert (await refused(commands.report_quality(at.desk, stranger, call, Heard()))).code is Code.NOT_FOUND
    assert (await refused(command(at.desk, SYSTEM, call.removeprefix("call_")))).code is Code.NOT_FOUND


async def test_who_has_no_rights_is_refused(at: Live) -> None:
    call, _, _ = await talking(at)
    nobody = Asker("key_1", "user", frozenset({"status:read"}))
    for work in (
        commands.trace(at.desk, nobody, call),
        commands.quality(at.desk, nobody, call),
        commands.report_quality(at.desk, nobody, call, Heard()),
    ):
        assert (await refused(work)).code is Code.FORBIDDEN


async def test_the_quality_of_a_call_as_measured_and_as_reported(at: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    call, caller, callee = await talking(at)
    at.world.media.tell(caller.id, Measured(QUALITY))
    await settled()

    def stats(leg: LegId) -> LegStats:
        return LegStats("opus", quality=TOTAL if leg == caller.id else None)

    monkeypatch.setattr(at.world.media, "stats", stats)
    person = at.asker("user", "1001")
    said = Heard(leg=callee.id, rtt=40.5, loss=1.5, mos=3.9, codec="opus")
    await commands.report_quality(at.desk, person, call, said)
    shown = await commands.quality(at.desk, person, call)
    first, second = shown.legs
    assert first.last is not None and first.last.heard is not None and first.total is not None
    assert first.last.heard.model_dump() == asdict(QUALITY.heard) and first.last.mos == 4.1 and first.last.told is None
    assert first.last.rtt == 21.5 and first.total.heard is not None and first.total.rtt == 22.0
    assert first.total.heard.model_dump() == asdict(TOTAL.heard) if TOTAL.heard else False
    assert (second.side, second.last, second.total) == ("callee", None, None)
    assert [(one.by, one.figures) for one in shown.reported] == [("1001@example.org", said)]


async def test_the_figures_of_the_caller_are_kept_when_the_call_is_over(
    at: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, caller, _ = await talking(at)
    monkeypatch.setattr(at.world.media, "close", lambda leg: LegStats("opus", quality=TOTAL))
    caller.peer_left(Cause.NORMAL_CLEARING)
    async with asyncio.timeout(2):
        while at.world.switch.calls:
            await asyncio.sleep(0)
    await settled()
    shown = await commands.quality(at.desk, SYSTEM, call)
    assert shown.legs[0].total is not None and shown.legs[0].total.rtt == 22.0


async def test_a_phone_reports_for_its_own_call_and_of_many_reports_the_latest_stay(at: Live) -> None:
    call, caller, _ = await talking(at)
    person = at.asker("user", "1000")
    assert (await refused(commands.report_quality(at.desk, person, call, Heard(leg="other")))).code is Code.INVALID
    for number in range(150):
        await commands.report_quality(at.desk, person, call, Heard(rtt=number))
    shown = await commands.quality(at.desk, person, call)
    assert [one.figures.rtt for one in shown.reported] == list(range(50, 150))
    assert caller.cause is None


async def test_every_command_can_be_asked_with_plain_json(at: Live) -> None:
    call, _, _ = await talking(at)
    assert await commands.report_quality.ask(at.desk, SYSTEM, {"call": call, "rtt": 5}) is None
    shown = await commands.quality.ask(at.desk, SYSTEM, {"call": call})
    assert shown["reported"][0]["figures"]["rtt"] == 5
    trace = await commands.trace.ask(at.desk, SYSTEM, {"call": call, "messages": False})
    assert trace["entries"][0]["ms"] <= 0.0 and trace["began"].endswith("Z")
