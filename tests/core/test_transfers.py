"""Who is sent on while the call is kept (REFER), and who takes the place of another (Replaces, pick-up)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.core.world import Peer, World, at_once, refuses
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Offer, Party
from xswitch_py.core.leg import Leg, State
from xswitch_py.core.switch import Progress


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    made.switch.leave = 0.02
    yield made
    assert not made.switch.calls
    assert not made.switch.legs
    assert not made.media.joined()
    assert not made.media.playing


async def talking(world: World) -> tuple[Leg, Leg]:
    """Let 1000 call 1001, who answers."""
    callee = world.contact("1001")
    callee.does = at_once
    caller = world.call("1000", "1001")
    await world.until("1000 < display 1001", "1001 < display 1000")
    assert callee.leg is not None
    return caller, callee.leg


async def joined(world: World, one: Leg, other: Leg) -> None:
    """Wait until two legs hear each other."""
    async with asyncio.timeout(2):
        while world.media.joined() != {(one.id, other.id)} or one.bridged is not other:
            await asyncio.sleep(0)


async def ended(leg: Leg) -> None:
    """Wait for the end of a leg."""
    async with asyncio.timeout(2):
        while leg.cause is None:
            await asyncio.sleep(0)


def offered(world: World, user: str, sdp: str = "opus") -> Leg:
    """Give the leg of a call that came in and is not routed."""
    peer = Peer(user, world.scene)
    offer = Offer(Party("", user), Party("", "1001"), Address(user, "example.org"), sdp=sdp)
    peer.leg = world.switch.new_leg(LegId(f"new-{user}"), peer, offer)
    return peer.leg


@pytest.mark.item("S84")
async def test_who_sends_a_call_on_stays_until_the_far_end_answers(world: World) -> None:
    caller, callee = await talking(world)
    third, told = world.contact("1002"), list[Progress]()
    world.switch.refer(caller, "1002", told.append)
    await world.until("1002 < invite offer opus")
    assert third.leg is not None
    async with asyncio.timeout(2):
        while State.RINGING not in told:
            await asyncio.sleep(0)
    assert (caller.cause, callee.cause) == (None, None)
    assert not world.media.joined()
    at_once(third.leg)
    await joined(world, callee, third.leg)
    assert told[-1] is State.ACTIVE and told.count(State.ACTIVE) == 1
    assert caller.cause is None
    await ended(caller)
    assert caller.cause is Cause.BLIND_TRANSFER
    assert world.scene.count("1000 < bye BLIND_TRANSFER") == 1
    third.leg.peer_left(Cause.NORMAL_CLEARING)
    first, second = await world.over()
    assert (first.cause, second.cause) == (Cause.BLIND_TRANSFER, Cause.NORMAL_CLEARING)
    assert (second.caller.number, second.callee.number) == ("1001", "1002")


@pytest.mark.item("S84")
@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_when_nobody_takes_the_call_the_two_talk_again_and_go_on_talking(world: World, who: str) -> None:
    caller, callee = await talking(world)
    sender, sent = (caller, callee) if who == "caller" else (callee, caller)
    world.contact("1002").does = refuses(Cause.USER_BUSY)
    told = list[Progress]()
    world.switch.refer(sender, "1002", told.append)
    await joined(world, sent, sender)
    await asyncio.sleep(3 * world.switch.leave)  # nobody is ended after all
    assert told[-1] is Cause.USER_BUSY and State.ACTIVE not in told
    assert (caller.cause, callee.cause) == (None, None)
    sender.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert sent.cause is Cause.NORMAL_CLEARING


@pytest.mark.item("S84")
async def test_who_sent_on_and_left_is_not_waited_for(world: World) -> None:
    caller, callee = await talking(world)
    third, told = world.contact("1002"), list[Progress]()
    world.switch.refer(caller, "1002", told.append)
    await world.until("1002 < invite offer opus")
    caller.peer_left(Cause.NORMAL_CLEARING)
    assert third.leg is not None
    at_once(third.leg)
    await joined(world, callee, third.leg)
    callee.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert told[-1] is State.ACTIVE


@pytest.mark.item("S84")
async def test_who_is_sent_on_to_nobody_by_somebody_who_left_is_told_why(world: World) -> None:
    caller, callee = await talking(world)
    third = world.contact("1002")
    world.switch.refer(caller, "1002", lambda progress: None)
    await world.until("1002 < invite offer opus")
    caller.peer_left(Cause.NORMAL_CLEARING)
    assert third.leg is not None
    third.leg.peer_left(Cause.USER_BUSY)
    await world.over()
    assert callee.cause is Cause.USER_BUSY


@pytest.mark.item("S84")
@pytest.mark.parametrize("soon", [True, False])
async def test_who_is_sent_on_and_leaves_leaves_nobody_behind(world: World, soon: bool) -> None:
    caller, callee = await talking(world)
    third, told = world.contact("1002"), list[Progress]()
    world.switch.refer(caller, "1002", told.append)
    if not soon:
        await world.until("1002 < invite offer opus")
        assert third.leg is not None
    callee.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert caller.cause is Cause.NORMAL_CLEARING
    if not soon:
        assert told[-1] is Cause.NORMAL_CLEARING


@pytest.mark.item("S84")
async def test_steps_that_answer_serve_who_is_sent_on(world: World) -> None:
    caller, callee = await talking(world)
    told = list[Progress]()
    world.switch.refer(caller, "9196", told.append)
    async with asyncio.timeout(2):
        while world.media.joined() != {(callee.id, callee.id)}:
            await asyncio.sleep(0)
    assert told == [State.ACTIVE]
    callee.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    await ended(caller)


@pytest.mark.item("S84")
async def test_a_call_that_ends_before_who_sent_it_left_ends_for_all(world: World) -> None:
    world.switch.leave = 60.0
    caller, callee = await talking(world)
    third = world.contact("1002")
    third.does = at_once
    world.switch.refer(caller, "1002", lambda progress: None)
    await world.until("1002 < display 1001")
    assert third.leg is not None
    third.leg.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert (caller.cause, callee.cause) == (Cause.NORMAL_CLEARING, Cause.NORMAL_CLEARING)


async def test_a_leg_that_talks_to_nobody_sends_nobody_on(world: World) -> None:
    caller = world.call("1000", "9196")
    await world.until("1000 < answer answer opus")
    with pytest.raises(CallError):
        world.switch.refer(caller, "1002", lambda progress: None)
    caller.peer_left(Cause.NORMAL_CLEARING)
    await world.over()


@pytest.mark.item("S84")
async def test_shutting_down_in_the_middle_of_a_transfer_ends_all(world: World) -> None:
    caller, callee = await talking(world)
    world.contact("1002")
    world.switch.refer(caller, "1002", lambda progress: None)
    await world.until("1002 < invite offer opus")
    await world.switch.drain(0)
    assert {caller.cause, callee.cause} == {Cause.SYSTEM_SHUTDOWN}
    await world.over()


@pytest.mark.item("S85")
async def test_of_two_that_are_joined_one_leaves_at_that_moment(world: World) -> None:
    first, one = await talking(world)
    world.contact("1002").does = at_once
    second = world.call("1000", "1002")
    await world.until("1002 < display 1000")
    other = second.bridged
    assert other is not None
    world.switch.replace(second, first)
    one.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert other.cause is Cause.NORMAL_CLEARING


@pytest.mark.item("S86")
@pytest.mark.parametrize("whose", ["caller", "callee"])
async def test_a_leg_takes_the_place_of_one_that_talks(world: World, whose: str) -> None:
    caller, callee = await talking(world)
    replaced, other = (caller, callee) if whose == "caller" else (callee, caller)
    leg = offered(world, "1003")
    world.switch.take_over(leg, replaced)
    await joined(world, other, leg)
    assert replaced.cause is Cause.PICKED_OFF
    assert leg.state is State.ACTIVE
    leg.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert other.cause is Cause.NORMAL_CLEARING


@pytest.mark.item("S86")
async def test_a_ringing_leg_is_picked_up_and_all_others_hear_that_it_was(world: World) -> None:
    first, second = world.contact("1001"), world.contact("1001")
    caller = world.call("1000", "1001")
    await world.until("1001 < invite offer opus", "1001.1 < invite offer opus", "1000 < early answer opus")
    assert first.leg is not None and second.leg is not None
    leg = offered(world, "1003")
    world.switch.take_over(leg, first.leg)
    await joined(world, caller, leg)
    assert {"1001 < bye PICKED_OFF", "1001.1 < bye PICKED_OFF", "1000 < answer"} <= set(world.scene)
    assert caller.state is State.ACTIVE
    caller.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert leg.cause is Cause.NORMAL_CLEARING


@pytest.mark.item("S86")
async def test_who_cannot_be_understood_takes_nobodys_place(world: World) -> None:
    caller, callee = await talking(world)
    leg = offered(world, "1003", "bad")
    with pytest.raises(MediaError):
        world.switch.take_over(leg, callee)
    assert caller.bridged is callee
    leg.hangup(Cause.INCOMPATIBLE_DESTINATION)
    caller.peer_left(Cause.NORMAL_CLEARING)
    await world.over()


@pytest.mark.item("S86")
@pytest.mark.parametrize("soon", [True, False])
async def test_when_the_other_leaves_meanwhile_nobody_is_left_alone(
    world: World, soon: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, callee = await talking(world)
    leg, begun = offered(world, "1003"), asyncio.Event()

    async def slow(leg_id: LegId, wish: object) -> str:
        begun.set()
        return await asyncio.Future()

    monkeypatch.setattr(world.media, "make_answer", slow)
    world.switch.take_over(leg, callee)
    if not soon:
        await begun.wait()
    caller.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert leg.cause is Cause.NORMAL_CLEARING


@pytest.mark.item("S86")
async def test_a_caller_that_is_not_answered_yet_cannot_be_replaced(world: World) -> None:
    world.contact("1001")
    caller = world.call("1000", "1001")
    await world.until("1000 < early answer opus")
    leg = offered(world, "1003")
    with pytest.raises(CallError) as error:
        world.switch.take_over(leg, caller)
    assert error.value.cause is Cause.INVALID_CALL_REFERENCE
    leg.hangup(Cause.INVALID_CALL_REFERENCE)
    caller.peer_left(Cause.ORIGINATOR_CANCEL)
    await world.over()


@pytest.mark.item("S86")
async def test_who_was_sent_on_is_not_taken_for_what_it_rang_for_once(world: World) -> None:
    caller, callee = await talking(world)
    world.contact("1002")
    world.switch.refer(caller, "1002", lambda progress: None)
    await world.until("1002 < invite offer opus")
    leg = offered(world, "1003")
    with pytest.raises(CallError):
        world.switch.take_over(leg, callee)
    leg.hangup(Cause.INVALID_CALL_REFERENCE)
    callee.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert caller.cause is not None
