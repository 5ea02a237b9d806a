"""What programs do with calls, on the real core with peers that write down what they are told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.core.commands.live import Live, live
from tests.core.world import Peer, People, at_once, refuses
from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import Refused
from xswitch_py.base.events import Event
from xswitch_py.base.problem import Code
from xswitch_py.base.user import User
from xswitch_py.core.access import SYSTEM
from xswitch_py.core.commands import COMMANDS, bridges, calls
from xswitch_py.core.leg import Leg
from xswitch_py.models.calls import (
    BridgeMember,
    Bridging,
    Digits,
    Ending,
    Gather,
    Holding,
    Mute,
    NewBridge,
    Originate,
    Play,
    Record,
    Supervise,
    Transfer,
    Variables,
)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        yield made


async def until(condition: Any) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0)


async def placed(at: Live, who: str = "1001", **more: Any) -> tuple[str, Leg, Peer]:
    """Let a program call somebody, who answers, and keep the call; its id, its leg, its peer."""
    peer = at.world.contact(who)
    peer.does = at_once
    shown = await calls.originate(at.desk, SYSTEM, Originate.model_validate({"from": who, "wait": True, **more}))
    assert peer.leg is not None
    return shown.id, peer.leg, peer


def published(at: Live, kind: type[Event]) -> list[Any]:
    """Give what the bus was told so far, of one kind."""
    return [event for event in at.world.bus.seen if isinstance(event, kind)]


async def test_a_call_without_a_number_waits_for_programs(at: Live) -> None:
    name, leg, _ = await placed(at)
    shown = await calls.get(at.desk, SYSTEM, name)
    assert (shown.state, shown.caller.number, [one.side for one in shown.legs]) == ("answered", "1001", ["caller"])
    await calls.hangup(at.desk, SYSTEM, name, Ending(cause=Cause.USER_BUSY))
    [ended] = await at.world.over()
    assert (ended.cause, ended.leg, ended.caller.number) == (Cause.USER_BUSY, leg.id, "1001")


async def test_who_answers_goes_on_as_if_they_had_dialled(at: Live) -> None:
    callee = at.world.contact("1002")
    callee.does = at_once
    await placed(at, to="1002", caller_number="4711")
    await at.world.until("1001 < display 1002", "1002 < display 1001")
    [call] = (await calls.list_calls(at.desk, SYSTEM)).items
    assert (call.state, call.callee.number) == ("bridged", "1002")
    assert {(leg.side, leg.party.number) for leg in call.legs} == {("caller", "1001"), ("callee", "1002")}


@pytest.mark.parametrize(
    ("who", "cause"),
    [("1001", Cause.USER_BUSY), ("4711", Cause.NO_ROUTE_DESTINATION), ("1003", Cause.USER_NOT_REGISTERED)],
)
async def test_a_call_that_nobody_takes_has_a_record(at: Live, who: str, cause: Cause) -> None:
    at.world.contact("1001").does = refuses(Cause.USER_BUSY)
    shown = await calls.originate(at.desk, SYSTEM, Originate.model_validate({"from": who}))
    assert shown.state == "dialing"
    [ended] = await at.world.over()
    assert (f"call_{ended.call}", ended.cause) == (shown.id, cause)


async def test_who_waits_for_the_answer_hears_why_there_is_none(at: Live) -> None:
    at.world.contact("1001").does = refuses(Cause.CALL_REJECTED)
    with pytest.raises(Refused) as refused:
        await calls.originate(at.desk, SYSTEM, Originate.model_validate({"from": "1001", "wait": True}))
    [ended] = published(at, events.CallEnded)
    facts = {"cause": "CALL_REJECTED", "call": f"call_{ended.call}"}
    assert (refused.value.code, refused.value.facts) == (Code.CALL_FAILED, facts)


async def test_a_call_that_still_rings_can_be_hung_up(at: Live) -> None:
    at.world.contact("1001")
    shown = await calls.originate(at.desk, SYSTEM, Originate.model_validate({"from": "1001"}))
    await at.world.until("1001 < invite offer opus")
    await calls.hangup(at.desk, SYSTEM, shown.id, Ending())
    [ended] = await at.world.over()
    assert ended.cause is Cause.MANAGER_REQUEST
    assert at.world.scene[-1] == "1001 < bye ORIGINATOR_CANCEL"


async def test_a_transfer_keeps_the_call(at: Live) -> None:
    name, leg, _ = await placed(at)
    at.world.contact("1002").does = at_once
    await calls.transfer(at.desk, SYSTEM, name, Transfer(to="1002"))
    await at.world.until("1002 < display 1001")
    [call] = (await calls.list_calls(at.desk, SYSTEM)).items
    assert (call.id, call.state, call.callee.number) == (name, "bridged", "1002")
    assert at.world.media.joined() == {(leg.id, "to-1002")}
    [moved] = published(at, events.CallTransferred)
    assert (moved.to, f"call_{moved.goes_on}") == ("1002", name)


async def test_who_was_reached_is_let_go_when_the_caller_is_sent_on(at: Live) -> None:
    at.world.contact("1002").does = at_once
    name, _, _ = await placed(at, to="1002")
    await at.world.until("1002 < display 1001")
    at.world.contact("1003").does = at_once
    await calls.transfer(at.desk, SYSTEM, name, Transfer(to="1003"))
    await at.world.until("1002 < bye BLIND_TRANSFER", "1003 < display 1001")


async def test_the_callee_is_sent_on_as_a_call_of_its_own(at: Live) -> None:
    at.world.contact("1002").does = at_once
    name, _, _ = await placed(at, to="1002")
    await at.world.until("1002 < display 1001")
    at.world.contact("1003").does = at_once
    await calls.transfer(at.desk, SYSTEM, name, Transfer(to="1003", side="callee"))
    await at.world.until("1001 < bye BLIND_TRANSFER", "1003 < display 1002")
    [moved] = published(at, events.CallTransferred)
    assert f"call_{moved.call}" == name
    assert f"call_{moved.goes_on}" == (await calls.list_calls(at.desk, SYSTEM)).items[0].id != name


async def test_a_bridge_that_fails_can_leave_the_call_up(at: Live) -> None:
    name, leg, _ = await placed(at)
    at.world.contact("1002").does = refuses(Cause.USER_BUSY)
    with pytest.raises(Refused) as refused:
        await calls.bridge(at.desk, SYSTEM, name, Bridging(to="1002", then="stay", wait=True))
    assert refused.value.facts["cause"] == "USER_BUSY"
    assert leg.cause is None
    at.world.peers["1002"][0].does = at_once
    done = await calls.bridge(at.desk, SYSTEM, name, Bridging(to="1002", then="stay", wait=True))
    assert done.state == "answered"
    callee = at.world.peers["1002"][0].leg
    assert callee is not None
    callee.peer_left(Cause.NORMAL_CLEARING)
    await until(lambda: leg.bridged is None)
    assert leg.cause is None, "the call waits for the next command"
    await calls.bridge(at.desk, SYSTEM, name, Bridging(to="1002", wait=True))
    callee = at.world.peers["1002"][0].leg
    assert callee is not None
    callee.peer_left(Cause.NORMAL_CLEARING)
    [ended] = await at.world.over()
    assert ended.cause is Cause.NORMAL_CLEARING


async def test_a_second_bridge_takes_the_place_of_the_first(at: Live) -> None:
    name, _, _ = await placed(at)
    at.world.contact("1002").does = at_once
    at.world.contact("1003").does = at_once
    await calls.bridge(at.desk, SYSTEM, name, Bridging(to="1002", wait=True))
    await calls.bridge(at.desk, SYSTEM, name, Bridging(to="1003", wait=True))
    await at.world.until("1002 < bye NORMAL_CLEARING", "1003 < display 1001")


async def test_what_is_played_is_told_and_can_be_stopped(at: Live) -> None:
    name, leg, _ = await placed(at)
    assert (await calls.play(at.desk, SYSTEM, name, Play(source="tone:test", wait=True))).why == "done"
    await calls.play(at.desk, SYSTEM, name, Play(source="music", loop=True))
    await until(lambda: at.world.media.playing == {leg.id: "music"})
    assert (await calls.stop(at.desk, SYSTEM, name)).sounds == 1
    await until(lambda: len(published(at, events.PlaybackEnded)) == 2)
    told = [(event.source, event.why) for event in published(at, events.PlaybackEnded)]
    assert told == [("tone:test", "done"), ("music", "stopped")]


async def test_what_is_played_without_waiting_ends_with_the_call(at: Live) -> None:
    name, leg, _ = await placed(at)
    await calls.play(at.desk, SYSTEM, name, Play(source="music", loop=True))
    await until(lambda: bool(at.world.media.playing))
    leg.peer_left(Cause.NORMAL_CLEARING)
    await until(lambda: bool(published(at, events.PlaybackEnded)))
    assert [event.why for event in published(at, events.PlaybackEnded)] == ["hangup"]


async def test_digits_are_gathered_until_there_are_enough(at: Live) -> None:
    name, leg, _ = await placed(at)
    wish = Gather(most=3, play=["tone:test"], timeout=2, between=2)
    gathering = asyncio.create_task(calls.gather(at.desk, SYSTEM, name, wish))
    await until(lambda: bool(published(at, events.PlaybackStarted)))
    for digit in "123":
        leg.peer_pressed(digit, 100, "info")
    heard = await gathering
    assert (heard.digits, heard.why) == ("123", "count")
    assert [event.digits for event in published(at, events.DigitsGathered)] == ["123"]


@pytest.mark.parametrize(
    ("pressed", "digits", "why"), [("12#", "12", "terminator"), ("", "", "timeout"), ("7", "7", "timeout")]
)
async def test_how_gathering_ends(at: Live, pressed: str, digits: str, why: str) -> None:
    name, leg, _ = await placed(at)
    gathering = asyncio.create_task(calls.gather(at.desk, SYSTEM, name, Gather(most=5, timeout=0.1, between=0.1)))
    await asyncio.sleep(0)
    for digit in pressed:
        leg.peer_pressed(digit, 100, "info")
    heard = await gathering
    assert (heard.digits, heard.why) == (digits, why)


async def test_secret_digits_are_told_to_nobody_else(at: Live) -> None:
    name, leg, _ = await placed(at)
    gathering = asyncio.create_task(calls.gather(at.desk, SYSTEM, name, Gather(most=2, secret=True)))
    await until(lambda: leg.secret)
    for digit in "42":
        leg.peer_pressed(digit, 100, "info")
    assert (await gathering).digits == "42"
    assert {event.digit for event in published(at, events.DigitHeard)} == {""}
    assert [event.digits for event in published(at, events.DigitsGathered)] == [""]


async def test_a_hang_up_ends_the_gathering(at: Live) -> None:
    name, leg, _ = await placed(at)
    gathering = asyncio.create_task(calls.gather(at.desk, SYSTEM, name, Gather(timeout=60)))
    await asyncio.sleep(0)
    leg.peer_left(Cause.NORMAL_CLEARING)
    with pytest.raises(Refused) as refused:
        await gathering
    assert refused.value.code is Code.CONFLICT


async def test_hold_mute_and_digits_reach_the_right_side(at: Live) -> None:
    at.world.contact("1002").does = at_once
    name, leg, _ = await placed(at, to="1002")
    await at.world.until("1002 < display 1001")
    assert (await calls.hold(at.desk, SYSTEM, name, Holding(side="callee"))).state == "held"
    assert (await calls.unhold(at.desk, SYSTEM, name, Holding(side="callee"))).state == "bridged"
    muted = await calls.mute(at.desk, SYSTEM, name, Mute())
    assert {one.side: one.muted for one in muted.legs} == {"caller": True, "callee": False}
    await calls.dtmf(at.desk, SYSTEM, name, Digits(digits="42#", side="callee"))
    told = [line for line in at.world.scene if line.split()[-1] in ("held", "unheld", "muted") or "digits" in line]
    assert told == ["to-1002 held", "to-1002 unheld", f"{leg.id} muted", "to-1002 digits 42#@100"]


async def test_a_recording_is_known_from_its_first_moment(at: Live) -> None:
    name, leg, _ = await placed(at)
    begun = await calls.record(at.desk, SYSTEM, name, Record())
    row = await at.desk.stores.recordings.get(begun.id)
    assert row is not None
    assert (row.leg, row.ended, begun.call) == (leg.id, None, name)
    assert (await calls.stop(at.desk, SYSTEM, name)).recordings == 1
    await until(lambda: bool(published(at, events.RecordingEnded)))
    row = await at.desk.stores.recordings.get(begun.id)
    assert row is not None
    assert (row.why, row.size, row.users) == ("stopped", 32044, ("1001@example.org",))


async def test_a_supervisor_hears_and_is_not_heard(at: Live) -> None:
    name, leg, _ = await placed(at)
    supervisor = at.world.contact("1002")
    supervisor.does = at_once
    await calls.supervise(at.desk, SYSTEM, name, Supervise(by="1002"))
    await until(lambda: ("to-1002", leg.id) in at.world.media.joined())
    leg.peer_left(Cause.NORMAL_CLEARING)
    assert len(await at.world.over()) == 2
    assert "1002 < bye NORMAL_CLEARING" in at.world.scene


async def test_variables_are_set_and_removed(at: Live) -> None:
    name, _, _ = await placed(at, variables={"a": "1", "b": "2"})
    shown = await calls.set_variables(at.desk, SYSTEM, name, Variables(variables={"a": None, "c": "3"}))
    assert shown.variables == {"b": "2", "c": "3"}


@pytest.mark.parametrize("side", ["callee"])
async def test_a_side_where_nobody_is_says_so_with_the_state(at: Live, side: str) -> None:
    name, _, _ = await placed(at)
    with pytest.raises(Refused) as refused:
        await calls.hold(at.desk, SYSTEM, name, Holding(side="callee"))
    assert (refused.value.code, refused.value.facts) == (Code.CONFLICT, {"state": "answered"})


async def test_two_calls_are_joined_parted_and_joined_again(at: Live) -> None:
    one, leg, _ = await placed(at, "1001")
    other, peer, _ = await placed(at, "1002")
    made = await bridges.make(at.desk, SYSTEM, NewBridge(calls=[one, other], then="stay"))
    await until(lambda: at.world.media.joined() == {(leg.id, peer.id)})
    assert leg.bridged is peer
    assert {(bridge.kind, *bridge.calls) for bridge in (await bridges.list_bridges(at.desk, SYSTEM)).items} == {
        ("meeting", one, other)
    }
    left = await bridges.remove(at.desk, SYSTEM, made.id, BridgeMember(call=other))
    assert left.calls == [one]
    await until(lambda: not at.world.media.joined())
    assert (leg.cause, peer.cause) == (None, None)
    await bridges.add(at.desk, SYSTEM, made.id, BridgeMember(call=other))
    await until(lambda: at.world.media.joined() == {(leg.id, peer.id)})
    peer.peer_left(Cause.NORMAL_CLEARING)
    await until(lambda: not at.world.media.joined())
    assert leg.cause is None
    await calls.hangup(at.desk, SYSTEM, one, Ending())
    await at.world.over()
    assert not at.desk.switch.meetings


async def test_a_bridge_ends_with_the_first_who_hangs_up(at: Live) -> None:
    one, leg, _ = await placed(at, "1001")
    other, peer, _ = await placed(at, "1002")
    await bridges.make(at.desk, SYSTEM, NewBridge(calls=[one, other]))
    await until(lambda: leg.bridged is peer)
    peer.peer_left(Cause.NORMAL_CLEARING)
    assert {ended.cause for ended in await at.world.over()} == {Cause.NORMAL_CLEARING}
    assert not at.desk.switch.meetings


async def test_a_third_call_finds_no_place(at: Live) -> None:
    names = [(await placed(at, who))[0] for who in ("1001", "1002", "1003")]
    made = await bridges.make(at.desk, SYSTEM, NewBridge(calls=names[:2]))
    with pytest.raises(Refused) as refused:
        await bridges.add(at.desk, SYSTEM, made.id, BridgeMember(call=names[2]))
    assert refused.value.code is Code.CONFLICT


class TestOwn:
    """Who may only touch what is theirs (X19)."""

    async def test_they_see_their_own_calls_only(self, at: Live) -> None:
        mine, _, _ = await placed(at, "1001")
        theirs, _, _ = await placed(at, "1002")
        who = at.asker("user", "1001")
        assert [call.id for call in (await calls.list_calls(at.desk, who)).items] == [mine]
        for command in (calls.get, calls.answer, calls.stop):
            with pytest.raises(Refused) as refused:
                await command(at.desk, who, theirs)
            assert refused.value.code is Code.NOT_FOUND, "not even that it is there"

    async def test_they_let_only_their_own_phone_ring_first(self, at: Live) -> None:
        at.world.contact("1001").does = at_once
        who = at.asker("user", "1001")
        with pytest.raises(Refused) as refused:
            await calls.originate(at.desk, who, Originate.model_validate({"from": "1002", "to": "1001"}))
        assert refused.value.code is Code.FORBIDDEN
        shown = await calls.originate(at.desk, who, Originate.model_validate({"from": "1001", "context": "other"}))
        assert shown.context == "default", "the context is that of their record"

    async def test_they_reach_gateways_through_the_dialplan_only(self, at: Live) -> None:
        name, _, _ = await placed(at, "1001")
        with pytest.raises(Refused) as refused:
            await calls.bridge(at.desk, at.asker("user", "1001"), name, Bridging(to="gateway/carrier/0900"))
        assert refused.value.code is Code.FORBIDDEN

    @pytest.mark.parametrize("side", ["caller", "callee"])
    async def test_they_send_nobody_where_they_could_not_call_themselves(
        self, at: Live, side: Literal["caller", "callee"], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """X10: not with the rights of whoever called them."""

        async def get(people: People, name: str, domain: str) -> User:
            return User(name, domain, number=name, context="house" if name == "1002" else "default")

        monkeypatch.setattr(People, "get", get)
        at.world.contact("1002").does = at_once
        name, _, _ = await placed(at, to="1002")
        await at.world.until("1002 < display 1001")
        await calls.transfer(at.desk, at.asker("user", "1002"), name, Transfer(to="4711", side=side))
        sent = published(at, events.CallTransferred)[-1].goes_on
        assert at.desk.switch.calls[sent].offer.context == "house"

    async def test_nothing_is_granted_that_no_table_grants(self, at: Live) -> None:
        nobody = at.asker("user", "1001")
        for command in COMMANDS.values():
            if not command.own and command.scope not in nobody.granted:
                with pytest.raises(Refused) as refused:
                    await command.ask(at.desk, nobody, {name: "x" for name in command.plain if name not in ("limit",)})
                assert refused.value.code in (Code.FORBIDDEN, Code.INVALID)


async def test_what_changes_something_is_kept_in_mind_and_what_reads_is_not(at: Live) -> None:
    name, _, _ = await placed(at)
    at.audit.clear()
    await calls.get(at.desk, SYSTEM, name)
    await calls.mute(at.desk, SYSTEM, name, Mute())
    with pytest.raises(Refused):
        await calls.mute(at.desk, SYSTEM, "call_none", Mute())
    rows = [(row.who, row.command, row.target, row.outcome) for row in at.audit]
    assert rows == [("system", "calls.mute", name, "done"), ("system", "calls.mute", "call_none", "not_found")]


async def test_a_command_takes_plain_members_and_points_at_wrong_ones(at: Live) -> None:
    name, _, _ = await placed(at)
    assert (await calls.mute.ask(at.desk, SYSTEM, {"call": name, "muted": True}))["legs"][0]["muted"] is True
    with pytest.raises(Refused) as refused:
        await calls.mute.ask(at.desk, SYSTEM, {"call": name, "muted": [], "more": 1})
    assert {fault["pointer"] for fault in refused.value.facts["errors"]} == {"/muted", "/more"}
