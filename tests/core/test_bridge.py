"""The action `bridge`: whom it rings, in which order, and what the caller hears meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.core.world import RULES, Peer, World, answers, at_once, refuses
from xswitch_py.actions import ACTIONS
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import ProtocolError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Offer
from xswitch_py.core.dialplan import load
from xswitch_py.core.leg import Leg, State
from xswitch_py.core.registry import Contact
from xswitch_py.media.api import Digit


class Carriers:
    """A door that only reaches gateways, and writes down which."""

    name = "sip"

    def __init__(self, world: World) -> None:
        self.world = world
        self.dialled: list[str] = []
        self.does: Callable[[Leg], None] = Leg.peer_rang

    def dial(self, to: Contact, offer: Offer) -> Leg:
        self.dialled.append(f"{to.key} {offer.callee.number}")
        peer = Peer(f"gw{len(self.dialled)}", self.world.scene)
        peer.does = self.does
        peer.leg = self.world.switch.new_leg(LegId(f"to-gw{len(self.dialled)}"), peer, offer)
        return peer.leg

    def drop(self, contact: Contact) -> bool:
        """See `Endpoint`."""
        return False

    def deliver(self, to: Contact, message: Any) -> bool:
        return False


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.over()
    assert not made.switch.legs
    assert not made.media.joined()
    assert not made.media.playing


def ways(world: World, steps: str) -> Carriers:
    """Let 7 be dialled for these targets; give the door of gateways."""
    rules: dict[str, Any] = {"rule": [{"number": "7", "steps": [f"bridge {steps}"]}, *RULES["rule"]]}
    world.plan.rules = load(rules, ACTIONS)
    carriers = Carriers(world)
    world.switch.services.doors["sip"] = carriers  # type: ignore[index]  # the application fills it so
    return carriers


async def rung(world: World, *names: str) -> list[Leg]:
    """Wait until these were offered the call; give their legs."""
    await world.until(*(f"{name} < invite offer opus" for name in names))
    peers = {peer.name: peer for peers in world.peers.values() for peer in peers}
    legs = [peers[name].leg for name in names]
    return [leg for leg in legs if leg is not None]


async def test_users_are_rung_at_once_and_the_first_to_answer_talks(world: World) -> None:
    ways(world, "1001,1002")
    world.contact("1001")
    world.contact("1002")
    caller = world.call("1000", "7")
    one, two = await rung(world, "1001", "1002")
    at_once(two)
    await world.until("1000 < display 1002")
    assert one.cause is Cause.LOSE_RACE
    caller.peer_left(Cause.NORMAL_CLEARING)


@pytest.mark.item("S52")
async def test_who_is_not_there_keeps_nobody_else_from_being_rung(world: World) -> None:
    ways(world, "1003, 1001 ,4711")
    world.contact("1001").does = at_once
    caller = world.call("1000", "7")
    await world.until("1000 < display 1001")
    caller.peer_left(Cause.NORMAL_CLEARING)


async def test_users_are_rung_one_after_the_other(world: World) -> None:
    ways(world, "1001|1003|1002")
    first = world.contact("1001")
    world.contact("1002").does = at_once
    caller = world.call("1000", "7")
    await rung(world, "1001")
    assert "1002 < invite offer opus" not in world.scene
    assert first.leg is not None
    first.leg.peer_left(Cause.USER_BUSY)
    await world.until("1000 < display 1002")
    caller.peer_left(Cause.NORMAL_CLEARING)


@pytest.mark.parametrize("cause", [Cause.DECLINE, Cause.BUSY_EVERYWHERE, Cause.DOES_NOT_EXIST_ANYWHERE])
async def test_who_refuses_for_all_ends_the_search(world: World, cause: Cause) -> None:
    ways(world, "1001,1003|1002")
    world.contact("1001").does = refuses(cause)
    world.contact("1003")
    world.contact("1002")
    caller = world.call("1000", "7")
    await world.until(f"1000 < bye {cause}")
    assert "1002 < invite offer opus" not in world.scene
    assert caller.cause is cause


@pytest.mark.item("S52")
async def test_the_preferred_ring_first_and_those_of_one_rank_together(world: World) -> None:
    peers = [world.contact("1001") for _ in range(3)]
    address = Address("1001", "example.org")
    for peer, q in zip(peers, (0.5, 1.0, 1.0), strict=True):
        world.registry.add(Contact(address, "door", peer.name, q=q))
    caller = world.call("1000", "1001")
    one, two = await rung(world, "1001.1", "1001.2")
    assert "1001 < invite offer opus" not in world.scene
    one.peer_left(Cause.USER_BUSY)
    two.peer_left(Cause.NO_USER_RESPONSE)
    (last,) = await rung(world, "1001")
    at_once(last)
    await world.until("1000 < display 1001")
    caller.peer_left(Cause.NORMAL_CLEARING)


async def test_a_number_goes_through_either_of_two_gateways_and_else_to_a_user(world: World) -> None:
    carriers = ways(world, "gateway/berlin+paris/049|user/1001@example.org")
    carriers.does = refuses(Cause.NORMAL_TEMPORARY_FAILURE)
    world.contact("1001").does = at_once
    caller = world.call("1000", "7")
    await world.until("1000 < display 1001")
    assert carriers.dialled == ["gateway/berlin+paris 049"]
    caller.peer_left(Cause.NORMAL_CLEARING)


async def test_a_door_that_is_not_there_reaches_no_gateway(world: World) -> None:
    ways(world, "gateway/berlin/049")
    del world.switch.services.doors["sip"]  # type: ignore[attr-defined]  # as above
    world.call("1000", "7")
    await world.until("1000 < bye INVALID_GATEWAY")


@pytest.mark.parametrize("targets", ["", ",", "|", "4711"])
async def test_nobody_to_ring(world: World, targets: str) -> None:
    ways(world, targets)
    world.call("1000", "7")
    await world.until("1000 < bye NO_ROUTE_DESTINATION")


@pytest.mark.item("S21")
async def test_a_contact_that_leaves_while_another_is_offered_the_call_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.plan.ring_timeout = 60.0
    first, second = world.contact("1001"), world.contact("1001")
    make, begun, go_on = world.media.make_offer, asyncio.Event(), asyncio.Event()

    async def slow(leg: LegId, wish: Any) -> str:
        begun.set()
        await go_on.wait()
        return await make(leg, wish)

    monkeypatch.setattr(world.media, "make_offer", slow)
    world.call("1000", "1001")
    await begun.wait()
    assert first.leg is not None and second.leg is not None
    second.leg.peer_left(Cause.DESTINATION_OUT_OF_ORDER)
    go_on.set()
    await rung(world, "1001")
    first.leg.peer_left(Cause.USER_BUSY)
    await world.until("1000 < bye USER_BUSY")


@pytest.mark.parametrize("steps", range(8))
async def test_an_answer_and_the_callers_goodbye_leave_nobody_however_they_meet(world: World, steps: int) -> None:
    callee = world.contact("1001")
    caller = world.call("1000", "1001")
    await world.until("1000 < early answer opus")
    assert callee.leg is not None
    await answers(callee.leg)
    for _ in range(steps):
        await asyncio.sleep(0)
    caller.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    assert callee.leg.cause is not None


# What the caller hears before the answer.


@pytest.mark.item("S57")
async def test_the_caller_hears_the_media_of_who_sends_some_before_the_answer(world: World) -> None:
    callee = world.contact("1001")
    caller = world.call("1000", "1001", can_ring=True)
    (leg,) = await rung(world, "1001")
    await world.until("1000 < ring")
    await leg.peer_progressed("PCMU")
    await world.until("1000 < early answer PCMU")
    assert leg.state is State.EARLY
    assert world.media.joined() == {(caller.id, leg.id)}
    assert world.media.playing == {}
    await leg.peer_progressed("opus")  # another fork: it is the same leg that is heard
    assert world.scene.count("1000 < early answer PCMU") == 1
    assert world.media.codec(leg.id) == "opus"
    leg.peer_rang()
    assert leg.state is State.EARLY
    await answers(leg, "opus")
    await world.until("1000 < answer")
    await world.until("1001 < display 1000")
    assert world.media.joined() == {(caller.id, leg.id)}
    assert callee.leg is leg
    caller.peer_left(Cause.NORMAL_CLEARING)


async def test_ringback_gives_way_to_early_media(world: World) -> None:
    world.contact("1001")
    caller = world.call("1000", "1001")
    (leg,) = await rung(world, "1001")
    await world.until("1000 < early answer opus")
    assert world.media.playing == {caller.id: "tone:ringback"}
    await leg.peer_progressed("opus")
    async with asyncio.timeout(2):
        while world.media.joined() != {(caller.id, leg.id)}:
            await asyncio.sleep(0)
    assert world.media.playing == {}
    caller.peer_left(Cause.ORIGINATOR_CANCEL)
    await world.over()
    assert leg.cause is Cause.ORIGINATOR_CANCEL


async def test_early_media_that_cannot_be_used_is_passed_over(world: World) -> None:
    world.contact("1001")
    caller = world.call("1000", "1001", can_ring=True)
    (leg,) = await rung(world, "1001")
    await leg.peer_progressed("bad")
    assert leg.state is State.RINGING
    await answers(leg)
    await world.until("1000 < answer answer opus")
    caller.peer_left(Cause.NORMAL_CLEARING)


async def test_early_media_of_a_caller_or_after_the_answer_changes_nothing(world: World) -> None:
    world.contact("1001").does = at_once
    caller = world.call("1000", "1001")
    (leg,) = await rung(world, "1001")
    await world.until("1001 < display 1000")
    await leg.peer_progressed("PCMU")
    await caller.peer_progressed("PCMU")
    assert (leg.state, world.media.codec(leg.id)) == (State.ACTIVE, "opus")
    caller.peer_left(Cause.NORMAL_CLEARING)
    await world.over()
    await leg.peer_progressed("PCMU")
    assert leg.state is State.ENDED


# Digits.


async def talking(world: World) -> tuple[Leg, Leg]:
    """Let 1000 call 1001, who answers."""
    world.contact("1001").does = at_once
    caller = world.call("1000", "1001")
    await world.until("1000 < display 1001", "1001 < display 1000")
    assert caller.bridged is not None
    return caller, caller.bridged


@pytest.mark.item("S83")
async def test_a_digit_that_comes_by_two_ways_counts_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("xswitch_py.core.leg.time.monotonic", lambda: now)
    caller, _ = await talking(world)
    assert caller.peer_pressed("5", 100, "rfc4733")
    assert not caller.peer_pressed("5", 100, "info")  # the same press
    now += 0.2
    assert caller.peer_pressed("5", 100, "rfc4733")  # pressed again
    assert not caller.peer_pressed("5", 100, "info")
    assert caller.peer_pressed("6", 100, "info")
    now += 0.41
    assert caller.peer_pressed("6", 100, "rfc4733")
    assert [caller.digits.get_nowait() for _ in range(caller.digits.qsize())] == ["5", "5", "6", "6"]
    caller.peer_left(Cause.NORMAL_CLEARING)


@pytest.mark.item("S83")
async def test_digits_in_rtp_are_told_to_a_peer_whose_media_takes_none(world: World) -> None:
    caller, callee = await talking(world)
    world.media.tell(caller.id, Digit("1", 120))
    assert not [line for line in world.scene if "press" in line]  # they pass with the media
    world.media.deaf.add(callee.id)
    world.media.tell(caller.id, Digit("2", 130))
    assert world.scene[-1] == "1001 < press 2 130"
    caller.peer_left(Cause.NORMAL_CLEARING)


@pytest.mark.item("S83")
async def test_digits_leave_in_media_or_one_after_the_other_by_the_doors_word(world: World) -> None:
    caller, callee = await talking(world)
    callee.send_digits("12#", 100)
    assert world.scene[-1] == f"{callee.id} digits 12#@100"
    world.media.deaf.add(callee.id)
    for bad in ("1x", "1" * 33):
        with pytest.raises(ProtocolError):
            callee.send_digits(bad, 20)
    callee.send_digits("1d2", 20)
    presses = [line for line in world.scene if "press" in line]
    assert presses == ["1001 < press 1 20"]
    await world.until("1001 < press D 20", "1001 < press 2 20")
    callee.send_digits("34", 20)
    caller.peer_left(Cause.NORMAL_CLEARING)
    await asyncio.sleep(0.1)
    assert "1001 < press 4 20" not in world.scene


async def test_who_sends_the_called_party_on_does_so_with_the_callees_rights(world: World) -> None:
    find = world.switch.services.directory.find

    async def barred(name: str) -> Any:
        user = await find(name)
        return user and replace(user, context="barred", variables={"sip_srtp": "sdes"})

    world.switch.services.directory.find = barred  # type: ignore[method-assign]  # a user with other rights
    caller, callee = await talking(world)
    assert (callee.offer.context, callee.offer.variables) == ("barred", {"sip_srtp": "sdes"})
    assert caller.offer.context == "default"
    caller.peer_left(Cause.NORMAL_CLEARING)
