"""What a flow can do with a call, in the real core."""

import asyncio
from typing import Any

import pytest

from tests.core.world import at_once, refuses
from tests.flow.house import House
from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError, ProtocolError, Refused
from xswitch_py.base.ids import LegId
from xswitch_py.flow import Call
from xswitch_py.flow.call import Bridged


async def test_a_flow_knows_who_calls_whom(house: House) -> None:
    seen: list[Any] = []

    async def reception(call: Call) -> None:
        call.variables["language"] = "de"
        seen.extend((call.caller.number, call.callee.number, call.user, call.answered, call.id))
        await call.answer()
        seen.append(call.answered)

    house.dial(reception)
    [name] = [f"call_{call}" for call in house.world.switch.calls]
    [ended] = await house.world.over()
    assert seen == ["1000", "8000", "1000@example.org", False, name, True]
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_a_flow_that_returns_hangs_up_whatever_steps_follow(house: House) -> None:
    async def nothing(call: Call) -> None:
        pass

    house.dial(nothing)
    [ended] = await house.world.over()
    assert ended.cause is Cause.NORMAL_CLEARING
    assert house.world.scene == ["1000 < bye NORMAL_CLEARING"]


async def test_ringing_is_told(house: House) -> None:
    async def ringing(call: Call) -> None:
        await call.ring()
        await call.hangup("USER_BUSY")

    house.dial(ringing)
    [ended] = await house.world.over()
    assert ended.cause is Cause.USER_BUSY
    assert any(isinstance(event, events.CallRinging) for event in house.world.bus.seen)


async def test_sounds_are_played_in_order_and_before_the_answer(house: House) -> None:
    async def welcome(call: Call) -> None:
        await call.play("welcome.wav", "silence:5", "tone:beep")
        assert not call.answered

    house.dial(welcome)
    await house.world.over()
    played = [event.source for event in house.world.bus.seen if isinstance(event, events.PlaybackStarted)]
    assert played == ["file:welcome.wav", "silence:5", "tone:beep"]
    assert house.world.scene[0] == "1000 < early answer opus"


async def test_several_sounds_go_round_until_a_program_stops_them(house: House) -> None:
    async def waiting(call: Call) -> None:
        await call.play("a.wav", "music", loop=True)
        await call.hangup("USER_BUSY")

    house.dial(waiting)
    async with asyncio.timeout(2):
        while (plays := [e for e in house.world.bus.seen if isinstance(e, events.PlaybackStarted)])[4:] == []:
            await asyncio.sleep(0)
    [call] = house.world.switch.calls.values()
    async with asyncio.timeout(2):
        while call.cause is None:
            for sound in call.sounds:
                sound.cancel()
            await asyncio.sleep(0)
    assert [play.source for play in plays[:4]] == ["file:a.wav", "music", "file:a.wav", "music"]
    assert call.cause is Cause.USER_BUSY


async def test_a_sound_that_is_not_there_is_the_flows_to_handle(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(leg: LegId, source: str, *, loop: bool = False) -> None:
        raise MediaError("there is no such sound")

    monkeypatch.setattr(house.world.media, "play", missing)

    async def careful(call: Call) -> None:
        try:
            await call.play("lost.wav")
        except MediaError:
            await call.hangup("CALL_REJECTED")

    house.dial(careful)
    [ended] = await house.world.over()
    assert ended.cause is Cause.CALL_REJECTED


async def test_an_offer_that_nobody_can_use_is_the_callers_fault_and_not_the_flows(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    async def reception(call: Call) -> None:
        await call.answer()

    house.dial(reception).hangup(Cause.NORMAL_CLEARING)
    house.world.call("1001", "8000", "bad")
    ends = await house.world.over()
    assert ends[-1].cause is Cause.INCOMPATIBLE_DESTINATION
    assert "flow failed" not in capsys.readouterr().out


async def test_digits_are_gathered(house: House) -> None:
    got: list[str] = []

    async def menu(call: Call) -> None:
        await call.answer()
        got.append(await call.gather(digits=4, timeout=1))
        got.append(await call.gather(digits=4, timeout=0.01))
        got.append(await call.gather(play="silence:1", digits=2, timeout=0.01, tries=2))

    leg = house.dial(menu)
    await house.until("1000 < answer answer opus")
    for digit in "12#":
        leg.peer_pressed(digit, 100, "info")
    await house.world.over()
    assert got == ["12", "", ""]


async def test_secret_digits_are_told_to_nobody_else(house: House) -> None:
    got: list[str] = []

    async def pin(call: Call) -> None:
        got.append(await call.gather(play=["music"], digits=2, secret=True))

    leg = house.dial(pin)
    async with asyncio.timeout(2):
        while not any(isinstance(event, events.PlaybackStarted) for event in house.world.bus.seen):
            await asyncio.sleep(0)
    for digit in "47":
        leg.peer_pressed(digit, 100, "info")
    await house.world.over()
    assert got == ["47"]
    told = [event for event in house.world.bus.seen if isinstance(event, events.DigitHeard | events.DigitsGathered)]
    assert len(told) == 3 and "4" not in {getattr(event, "digit", "") for event in told}


async def test_the_caller_stays_when_who_was_reached_hangs_up(house: House) -> None:
    results: list[Bridged] = []

    async def reception(call: Call) -> None:
        results.append(await call.bridge("user/1001", timeout=2))
        assert not house.world.media.joined()
        results.append(await call.bridge("1001"))
        await call.hangup("USER_BUSY")

    callee = house.world.contact("1001")
    callee.does = at_once
    caller = house.dial(reception)
    for count in (1, 2):
        async with asyncio.timeout(2):
            while house.world.scene.count("1001 < display 1000") < count:
                await asyncio.sleep(0)
        assert callee.leg is not None
        callee.leg.peer_left(Cause.NORMAL_CLEARING)
        assert caller.cause is None
    [ended] = await house.world.over()
    assert results == [Bridged(True, Cause.NORMAL_CLEARING)] * 2
    assert ended.cause is Cause.USER_BUSY
    kinds = [type(event) for event in house.world.bus.seen]
    assert kinds.count(events.CallBridged) == kinds.count(events.CallUnbridged) == 2
    assert not house.world.switch.legs


async def test_keys_that_were_for_the_other_side_are_not_gathered_afterwards(house: House) -> None:
    got: list[str] = []

    async def reception(call: Call) -> None:
        await call.bridge("1001")
        got.append(await call.gather(timeout=0.01))

    callee = house.world.contact("1001")
    callee.does = at_once
    caller = house.dial(reception)
    await house.until("1001 < display 1000")
    caller.peer_pressed("7", 100, "info")
    assert callee.leg is not None
    callee.leg.peer_left(Cause.NORMAL_CLEARING)
    await house.world.over()
    assert got == [""]


async def test_who_does_not_answer_is_told_with_the_cause(house: House) -> None:
    results: list[Bridged] = []

    async def reception(call: Call) -> None:
        results.append(await call.bridge("1001"))
        results.append(await call.bridge("1002", timeout=0.01))
        results.append(await call.bridge("1003"))
        results.append(await call.bridge("nobody"))

    house.world.contact("1001").does = refuses(Cause.USER_BUSY)
    house.world.contact("1002")
    house.dial(reception)
    [ended] = await house.world.over()
    causes = [Cause.USER_BUSY, Cause.NO_ANSWER, Cause.USER_NOT_REGISTERED, Cause.NO_ROUTE_DESTINATION]
    assert results == [Bridged(False, cause) for cause in causes]
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_a_call_is_recorded(house: House) -> None:
    got: list[str] = []

    async def recorded(call: Call) -> None:
        await call.answer()
        got.append(await call.record(longest=60))
        await call.stop_recording()

    house.dial(recorded)
    await house.world.over()
    [recording] = got
    row = await house.desk.stores.recordings.get(recording)
    assert row is not None and row.users == ("1000@example.org",)
    kinds = [type(event) for event in house.world.bus.seen]
    assert events.RecordingStarted in kinds
    assert [held[0] for held in house.world.media.recordings.values()] == [LegId("")]


async def test_a_transfer_lets_the_call_start_anew_and_the_flow_end(house: House) -> None:
    after: list[str] = []

    async def reception(call: Call) -> None:
        try:
            await call.transfer("1001")
        finally:
            after.append("over")

    house.world.contact("1001").does = at_once
    caller = house.dial(reception)
    await house.until("1000 < display 1001")
    assert after == ["over"]
    [call] = house.world.switch.calls.values()
    assert (call.offer.caller.number, call.offer.callee.number) == ("1000", "1001")
    [sent] = [event for event in house.world.bus.seen if isinstance(event, events.CallTransferred)]
    assert (sent.to, sent.goes_on) == ("1001", call.id)
    caller.peer_left(Cause.NORMAL_CLEARING)
    [ended] = await house.world.over()
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_a_flow_that_sends_calls_to_itself_is_stopped(house: House) -> None:
    async def circle(call: Call) -> None:
        await call.transfer("8000")

    house.dial(circle)
    [ended] = await house.world.over()
    assert ended.cause is Cause.EXCHANGE_ROUTING_ERROR


async def test_hold_mute_and_digits_reach_the_caller(house: House) -> None:
    async def busy(call: Call) -> None:
        with pytest.raises(CallError):
            await call.hold()
        await call.answer()
        await call.hold()
        await call.unhold()
        await call.mute()
        await call.mute(False)
        await call.send_digits("12w3", ms=80)
        house.world.media.deaf.add(LegId("from-1000-0"))
        with pytest.raises(ProtocolError):
            await call.send_digits("hello")

    house.dial(busy)
    [ended] = await house.world.over()
    assert ended.cause is Cause.NORMAL_CLEARING
    did = ["held", "unheld", "muted", "unmuted", "digits 12w3@80"]
    assert [line for line in house.world.scene if line.startswith("from-")] == [f"from-1000-0 {word}" for word in did]


async def test_a_flow_waits_for_digits_and_events(house: House) -> None:
    got: list[Any] = []

    async def waits(call: Call) -> None:
        await call.answer()
        got.append(await call.wait_for("dtmf", timeout=1))
        got.append(await call.wait_for("dtmf", timeout=0.01))
        got.append(await call.wait_for("call.held", timeout=0.01))
        house.world.scene.append("ready")
        got.append((await call.wait_for("call.held"))["type"])

    leg = house.dial(waits)
    await house.until("1000 < answer answer opus")
    leg.peer_pressed("5", 100, "info")
    await house.until("ready")
    await asyncio.sleep(0)
    leg.hold(True)
    await house.world.over()
    assert got == ["5", None, None, "call.held"]
    assert len(house.desk.feed) == 0


async def test_a_flow_hears_only_its_own_calls_events(house: House) -> None:
    heard: list[dict[str, Any]] = []

    async def listens(call: Call) -> None:
        never = call.events()
        happenings = call.events("call.*")
        await call.answer()
        async for event in happenings:
            heard.append(event)
            if event["type"] == "call.held":
                break
        del never

    leg = house.dial(listens)
    [name] = house.world.switch.calls
    await house.until("1000 < answer answer opus")
    other = house.world.call("1001", "1000")
    other.hangup(Cause.NORMAL_CLEARING)
    leg.hold(True)
    await house.world.over()
    assert [event["type"] for event in heard] == ["call.answered", "call.held"]
    assert {event["call_id"] for event in heard} == {f"call_{name}"}
    assert len(house.desk.feed) == 0


async def test_a_flow_can_do_all_that_programs_can(house: House) -> None:
    got: list[Any] = []

    async def does(call: Call) -> None:
        page = await call.do("calls.list", limit=5)
        got.append([each["id"] == call.id for each in page["items"]])
        with pytest.raises(Refused) as refused:
            await call.do("calls.list", limit="many")
        got.append(refused.value.code)
        with pytest.raises(Refused) as refused:
            await call.do("system.run", text="rm")
        got.append(refused.value.code)
        await call.do("calls.hangup", call=call.id, cause="USER_BUSY")
        await asyncio.sleep(5)

    house.dial(does)
    [ended] = await house.world.over()
    assert got == [[True], "invalid", "not_found"]
    assert ended.cause is Cause.USER_BUSY


async def test_a_cause_that_is_none_is_an_error_of_the_flow(house: House) -> None:
    async def wrong(call: Call) -> None:
        with pytest.raises(ValueError, match="no cause 'BORED'"):
            await call.hangup("BORED")
        await call.hangup("USER_BUSY")

    house.dial(wrong)
    [ended] = await house.world.over()
    assert ended.cause is Cause.USER_BUSY
