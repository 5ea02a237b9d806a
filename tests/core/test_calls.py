"""Whole calls through the core: who is told what, in which order, and with which cause all of it ends."""

import asyncio

import pytest

from tests.core.world import World, at_once, refuses
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.core.leg import Leg, State
from xswitch_py.media.api import Digit, Failed


@pytest.fixture
def world() -> World:
    return World()


async def talking(world: World) -> tuple[Leg, Leg]:
    """Let 1000 call 1001, who answers."""
    callee = world.contact("1001")
    callee.does = at_once
    caller = world.call("1000", "1001")
    await world.until("1000 < display 1001", "1001 < display 1000")
    assert callee.leg is not None
    return caller, callee.leg


async def test_a_call_from_ringing_to_the_callers_goodbye(world: World) -> None:
    callee = world.contact("1001")
    caller = world.call("1000", "1001")
    await world.until("1000 < early answer opus")
    assert world.media.playing == {caller.id: "tone:ringback"}
    assert callee.leg is not None
    at_once(callee.leg)
    await world.until("1001 < display 1000")
    assert world.media.joined() == {(caller.id, callee.leg.id)}
    assert caller.bridged is callee.leg
    caller.peer_left(Cause.NORMAL_CLEARING)
    [ended] = await world.over()
    assert world.scene == [
        "1001 < invite offer opus",
        "1000 < early answer opus",
        "1000 < answer",
        "1000 < display 1001",
        "1001 < display 1000",
        "1001 < bye NORMAL_CLEARING",
    ]
    assert (ended.cause, ended.caller.number, ended.callee.number, ended.codec) == (
        Cause.NORMAL_CLEARING, "1000", "1001", "opus",
    )  # fmt: skip
    assert ended.answered is not None
    assert ended.started <= ended.answered <= ended.ended
    assert not world.switch.legs
    assert not world.media.joined()


async def test_the_callee_says_goodbye(world: World) -> None:
    _, callee = await talking(world)
    callee.peer_left(Cause.NORMAL_CLEARING)
    [ended] = await world.over()
    assert world.scene[-1] == "1000 < bye NORMAL_CLEARING"
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_a_callee_that_answers_without_ringing_decides_the_codec(world: World) -> None:
    world.contact("1001").does = lambda leg: at_once(leg)
    world.call("1000", "1001", "PCMU opus")
    await world.until("1000 < display 1001")
    assert "1001 < invite offer PCMU" in world.scene


async def test_a_door_with_a_word_for_ringing_gets_no_early_media(world: World) -> None:
    world.contact("1001")
    caller = world.call("1000", "1001", can_ring=True)
    await world.until("1000 < ring")
    caller.peer_left(Cause.ORIGINATOR_CANCEL)
    await world.over()
    assert world.scene == ["1001 < invite offer opus", "1000 < ring", "1001 < bye ORIGINATOR_CANCEL"]


async def test_all_devices_ring_and_the_losers_are_told_so(world: World) -> None:
    first, second, third = (world.contact("1001") for _ in range(3))
    world.call("1000", "1001")
    await world.until("1001.2 < invite offer opus", "1000 < early answer opus")
    assert first.leg is not None and second.leg is not None and third.leg is not None
    third.leg.peer_left(Cause.CALL_REJECTED)
    at_once(second.leg)
    await world.until("1000 < display 1001")
    assert "1001 < bye LOSE_RACE" in world.scene
    second.leg.peer_left(Cause.NORMAL_CLEARING)
    [ended] = await world.over()
    assert ended.cause is Cause.NORMAL_CLEARING


@pytest.mark.parametrize("cause", [Cause.USER_BUSY, Cause.CALL_REJECTED])
async def test_a_refusal_reaches_the_caller(world: World, cause: Cause) -> None:
    world.contact("1001").does = refuses(cause)
    world.call("1000", "1001")
    [ended] = await world.over()
    assert world.scene[-1] == f"1000 < bye {cause}"
    assert (ended.cause, ended.answered) == (cause, None)


async def test_of_several_refusals_the_most_telling_counts(world: World) -> None:
    for cause in (Cause.DESTINATION_OUT_OF_ORDER, Cause.USER_BUSY, Cause.NORMAL_TEMPORARY_FAILURE):
        world.contact("1001").does = refuses(cause)
    world.call("1000", "1001")
    [ended] = await world.over()
    assert ended.cause is Cause.USER_BUSY


async def test_nobody_answers(world: World) -> None:
    world.plan.ring_timeout = 0.01
    world.contact("1001")
    world.call("1000", "1001")
    [ended] = await world.over()
    assert ended.cause is Cause.NO_ANSWER
    assert "1001 < bye NO_ANSWER" in world.scene


async def test_the_caller_gives_up(world: World) -> None:
    world.contact("1001")
    caller = world.call("1000", "1001")
    await world.until("1000 < early answer opus")
    caller.peer_left(Cause.DESTINATION_OUT_OF_ORDER)
    [ended] = await world.over()
    assert world.scene[-1] == "1001 < bye ORIGINATOR_CANCEL"
    assert ended.cause is Cause.DESTINATION_OUT_OF_ORDER


@pytest.mark.parametrize(
    ("number", "sdp", "cause"),
    [
        ("1001", "opus", Cause.USER_NOT_REGISTERED),
        ("1999", "opus", Cause.NO_ROUTE_DESTINATION),
        ("5", "opus", Cause.NO_ROUTE_DESTINATION),
        ("9486", "opus", Cause.USER_BUSY),
        ("9196", "bad", Cause.INCOMPATIBLE_DESTINATION),
        ("9000", "opus", Cause.EXCHANGE_ROUTING_ERROR),
    ],
)
async def test_calls_that_go_nowhere(world: World, number: str, sdp: str, cause: Cause) -> None:
    world.call("1000", number, sdp)
    [ended] = await world.over()
    assert ended.cause is cause
    assert world.scene == [f"1000 < bye {cause}"]


async def test_a_bad_offer_rings_nobody(world: World) -> None:
    world.contact("1001")
    world.call("1000", "1001", "bad")
    [ended] = await world.over()
    assert ended.cause is Cause.INCOMPATIBLE_DESTINATION
    assert world.scene == ["1000 < bye INCOMPATIBLE_DESTINATION"]


async def test_early_media_then_answer_then_the_end_of_the_steps(world: World) -> None:
    world.call("1000", "9001")
    [ended] = await world.over()
    assert world.scene == ["1000 < early answer opus", "1000 < answer", "1000 < bye NORMAL_CLEARING"]
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_steps_after_a_bridge_are_not_taken_when_the_callee_leaves(world: World) -> None:
    world.contact("1001").does = at_once
    world.call("1000", "9002")
    await world.until("1000 < display 1001")
    callee = world.peers["1001"][0].leg
    assert callee is not None
    callee.peer_left(Cause.NORMAL_CLEARING)
    [ended] = await world.over()
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_echo(world: World) -> None:
    caller = world.call("1000", "9196")
    await world.until("1000 < answer answer opus")
    assert world.media.joined() == {(caller.id, caller.id)}
    caller.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert not world.media.joined()


async def test_a_callee_whose_answer_cannot_be_used(world: World) -> None:
    peer = world.contact("1001")
    world.call("1000", "1001")
    await world.until("1000 < early answer opus")
    assert peer.leg is not None
    with pytest.raises(MediaError):
        await peer.leg.peer_answered("bad")
    [ended] = await world.over()
    assert ended.cause is Cause.INCOMPATIBLE_DESTINATION


async def test_a_second_answer_is_refused_and_changes_nothing(world: World) -> None:
    _, callee = await talking(world)
    with pytest.raises(CallError) as error:
        await callee.peer_answered("PCMU")
    assert error.value.cause is Cause.WRONG_CALL_STATE
    callee.peer_is_up()
    assert world.media.codec(callee.id) == "opus"


async def test_a_caller_cannot_answer_its_own_call(world: World) -> None:
    caller, _ = await talking(world)
    with pytest.raises(CallError):
        await caller.peer_answered("opus")


async def test_failing_media_ends_the_call(world: World) -> None:
    caller, _ = await talking(world)
    world.media.tell(caller.id, Failed(Cause.MEDIA_TIMEOUT, "silence"))
    [ended] = await world.over()
    assert ended.cause is Cause.MEDIA_TIMEOUT
    assert {"1000 < bye MEDIA_TIMEOUT", "1001 < bye MEDIA_TIMEOUT"} <= set(world.scene)


async def test_a_leg_that_ends_talks_to_nobody_at_once(world: World) -> None:
    caller, callee = await talking(world)
    caller.peer_left(Cause.NORMAL_CLEARING)
    assert (caller.bridged, callee.bridged) == (None, None)
    with pytest.raises(CallError):
        world.switch.transfer(callee, "9196")
    assert len(await world.over()) == 1


async def test_digits_wait_to_be_read_and_the_oldest_goes_first_when_there_are_too_many(world: World) -> None:
    caller = world.call("1000", "9196")
    for number in range(65):
        world.media.tell(caller.id, Digit(str(number % 10), 100))
    assert caller.digits.qsize() == 64
    assert caller.digits.get_nowait() == "1"


async def test_hold_needs_an_answered_call(world: World) -> None:
    world.contact("1001")
    caller = world.call("1000", "1001")
    with pytest.raises(CallError):
        caller.hold(True)
    caller.peer_left(Cause.NORMAL_CLEARING)


async def test_hold_and_unhold_count_once(world: World) -> None:
    caller, _ = await talking(world)
    for held in (True, True, False, False):
        caller.hold(held)
        assert caller.held is held
    assert world.scene[-2:] == [f"{caller.id} held", f"{caller.id} unheld"]


async def test_the_caller_sends_the_callee_elsewhere(world: World) -> None:
    caller, callee = await talking(world)
    world.switch.transfer(caller, "9196")
    async with asyncio.timeout(2):
        while world.media.joined() != {(callee.id, callee.id)}:
            await asyncio.sleep(0)
    assert world.scene[-1] == "1000 < bye BLIND_TRANSFER"
    callee.peer_left(Cause.NORMAL_CLEARING)
    first, second = await world.over()
    assert (first.cause, first.caller.number, first.callee.number) == (Cause.BLIND_TRANSFER, "1000", "1001")
    assert (second.cause, second.caller.number, second.callee.number) == (Cause.NORMAL_CLEARING, "1001", "9196")


async def test_the_callee_sends_the_caller_to_a_third(world: World) -> None:
    caller, callee = await talking(world)
    world.contact("1002").does = at_once
    world.switch.transfer(callee, "1002")
    await world.until("1000 < display 1002", "1002 < display 1000")
    assert caller.cause is None
    assert "1001 < bye BLIND_TRANSFER" in world.scene
    third = world.peers["1002"][0].leg
    assert third is not None
    third.peer_left(Cause.NORMAL_CLEARING)
    first, second = await world.over()
    assert first.cause is Cause.BLIND_TRANSFER
    assert (second.caller.number, second.callee.number) == ("1000", "1002")
    assert world.scene[-1] == "1000 < bye NORMAL_CLEARING"


async def test_a_transferred_party_that_reaches_nobody_is_told_why(world: World) -> None:
    caller, callee = await talking(world)
    world.switch.transfer(caller, "1003")
    await world.over()
    assert world.scene[-1] == "1001 < bye USER_NOT_REGISTERED"
    assert callee.state is State.ENDED


async def test_a_leg_that_talks_to_nobody_cannot_transfer(world: World) -> None:
    caller = world.call("1000", "9196")
    await world.until("1000 < answer answer opus")
    with pytest.raises(CallError):
        world.switch.transfer(caller, "1001")
    assert caller.cause is None


async def test_attended_transfer_joins_the_two_others(world: World) -> None:
    first, one = await talking(world)
    world.contact("1002").does = at_once
    second = world.call("1000", "1002")
    await world.until("1002 < display 1000")
    other = world.peers["1002"][0].leg
    assert other is not None
    world.switch.replace(second, first)
    await world.until("1001 < display 1002", "1002 < display 1001")
    assert world.scene.count("1000 < bye ATTENDED_TRANSFER") == 2
    assert (one.bridged, other.bridged) == (other, one)
    one.peer_left(Cause.NORMAL_CLEARING)
    ends = await world.over()
    assert [end.cause for end in ends] == [
        Cause.ATTENDED_TRANSFER, Cause.ATTENDED_TRANSFER, Cause.NORMAL_CLEARING,
    ]  # fmt: skip
    assert world.scene[-1] == "1002 < bye NORMAL_CLEARING"


async def test_attended_transfer_needs_two_talks_but_not_one_codec(world: World) -> None:
    first, one = await talking(world)
    alone = world.call("1000", "9196")
    for leg, replaced in ((first, alone), (alone, first), (first, first)):
        with pytest.raises(CallError):
            world.switch.replace(leg, replaced)
    world.contact("1002").does = at_once
    second = world.call("1000", "1002")
    await world.until("1002 < display 1000")
    other = second.bridged
    assert other is not None
    world.media.codecs[other.id] = "PCMU"
    world.switch.replace(second, first)
    await world.until("1001 < display 1002", "1002 < display 1001")
    assert (one.bridged, other.bridged) == (other, one)


async def test_a_leg_id_in_use_is_refused(world: World) -> None:
    caller = world.call("1000", "9196")
    with pytest.raises(CallError) as error:
        world.switch.new_leg(caller.id, caller.wire, caller.offer)
    assert error.value.cause is Cause.CALL_AWARDED_DELIVERED


async def test_shutting_down_ends_every_call_and_takes_no_more(world: World) -> None:
    caller, _ = await talking(world)
    await world.switch.drain(0)
    [ended] = await world.over()
    assert ended.cause is Cause.SYSTEM_SHUTDOWN
    assert {"1000 < bye SYSTEM_SHUTDOWN", "1001 < bye SYSTEM_SHUTDOWN"} <= set(world.scene)
    with pytest.raises(CallError):
        world.switch.new_leg(LegId("late"), caller.wire, caller.offer)


async def test_draining_lets_a_call_end_by_itself(world: World) -> None:
    caller, _ = await talking(world)
    asyncio.get_running_loop().call_soon(caller.peer_left, Cause.NORMAL_CLEARING)
    await world.switch.drain(2)
    [ended] = await world.over()
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_a_bug_in_a_step_ends_only_its_own_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = world.call("1001", "9196")
    await world.until("1001 < answer answer opus")

    async def broken(leg: LegId, wish: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(world.media, "make_answer", broken)
    world.call("1000", "9196")
    await world.until("1000 < bye NORMAL_TEMPORARY_FAILURE")
    assert other.cause is None
    other.peer_left(Cause.NORMAL_CLEARING)
    assert {end.cause for end in await world.over()} == {Cause.NORMAL_TEMPORARY_FAILURE, Cause.NORMAL_CLEARING}


@pytest.mark.item("S108")
async def test_a_call_ends_when_it_has_lasted_as_long_as_it_may() -> None:
    world = World()
    world.plan.longest = 0.01
    world.contact("1001").does = at_once
    world.call("1000", "1001")
    (record,) = await world.over()
    assert record.cause is Cause.ALLOTTED_TIMEOUT
    assert {f"1000 < bye {record.cause}", f"1001 < bye {record.cause}"} <= set(world.scene)
