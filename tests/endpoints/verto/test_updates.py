"""Other media for calls that are up, and what clients are told of them: the words on the wire."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.endpoints.verto.world import Client, World
from xswitch_py.base.events import RecordingEnded, RecordingStarted
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.core.updates import Updates

FEATURES = ["updateMedia", "callState", "of tomorrow", 7]


async def pair(world: World, other: Any = FEATURES) -> tuple[Client, Client, str]:
    """Two clients in a call; the callee's call id. `other` is what the callee can do."""
    one, two = await world.client("1000", "one", features=FEATURES), await world.client("1001", "two", features=other)
    await one.invite("c1", "1001")
    called = (await two.told("verto.invite"))["callID"]
    await one.told("verto.media")
    await two.result("verto.answer", sdp="answer", dialogParams={"callID": called})
    await one.told("verto.display")
    await two.told("verto.display")
    return one, two, called


async def offers(client: Client, call_id: str, sdp: str = "offer video sendrecv") -> Any:
    return await client.ask("verto.modify", action="updateMedia", sdp=sdp, dialogParams={"callID": call_id})


async def answers(client: Client, call_id: str, **said: Any) -> Any:
    return await client.ask("verto.modify", action="updateMediaAnswer", dialogParams={"callID": call_id}, **said)


async def test_pictures_are_answered_at_once_and_offered_to_the_other_end(world: World) -> None:
    one, two, called = await pair(world)
    result = (await offers(one, "c1"))["result"]
    sdp = result.pop("sdp")
    assert sdp.startswith("answer ") and sdp.endswith(" video recvonly")
    assert result == {"callID": "c1", "action": "updateMedia", "holdState": "active", "sessid": "one"}
    offered = await two.told("verto.modify")
    sdp = offered.pop("sdp")
    assert sdp.startswith("offer ") and sdp.endswith(" video sendrecv")
    assert offered == {"callID": called, "action": "updateMedia"}
    answer = await answers(two, called, sdp="answer video sendrecv")
    assert answer["result"] == {"callID": called, "action": "updateMediaAnswer", "holdState": "active", "sessid": "two"}
    assert (await one.told("verto.modify"))["sdp"].endswith(" video sendrecv")


async def test_a_restart_of_ice_concerns_nobody_else_and_leaves_hold_as_it_is(world: World) -> None:
    one, two, _ = await pair(world)
    await one.result("verto.modify", action="hold", dialogParams={"callID": "c1"})
    assert (await offers(one, "c1", "offer"))["result"]["holdState"] == "held"
    await two.quiet()
    assert "verto.modify" not in two.methods()


@pytest.mark.parametrize("features", [[], ["callState"], "nothing", {"updateMedia": True}])
async def test_who_cannot_update_is_offered_nothing_and_pictures_are_refused(world: World, features: Any) -> None:
    one, two, _ = await pair(world, features)
    assert "video" not in (await offers(one, "c1"))["result"]["sdp"]
    await two.quiet()
    assert "verto.modify" not in two.methods()


async def test_of_two_offers_at_once_ours_counts(world: World) -> None:
    one, two, called = await pair(world)
    await offers(one, "c1")
    await two.told("verto.modify")
    said = {"callID": called, "action": "updateMedia"}
    error = {**said, "message": "Update in progress", "code": -32002}
    assert (await offers(two, called))["error"] == error
    await answers(two, called, sdp="answer video recvonly")
    assert "result" in await offers(two, called)


async def test_what_changes_while_an_offer_is_open_is_offered_afterwards(world: World) -> None:
    one, two, called = await pair(world)
    await offers(one, "c1")
    await two.told("verto.modify")
    await offers(one, "c1", "offer video inactive")
    await two.quiet()
    assert two.methods().count("verto.modify") == 1
    await answers(two, called, sdp="answer video recvonly")
    assert (await two.told("verto.modify"))["sdp"].endswith("video inactive")


async def test_an_offer_that_is_never_answered_is_given_up(world: World) -> None:
    world.switch.updates = Updates(world.media, wait=0.01)
    one, two, called = await pair(world)
    await offers(one, "c1")
    await two.told("verto.modify")
    await asyncio.sleep(0.05)
    error = await answers(two, called, sdp="answer video recvonly")
    assert error["error"]["message"] == "No update in progress"
    assert not world.media.video(LegId(called)).on
    assert "result" in await offers(two, called, "offer")


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ({"error": "no camera"}, None),
        ({"sdp": "bad"}, "CODEC NEGOTIATION ERROR"),
        ({"sdp": "answer"}, None),
    ],
)
async def test_whoever_shows_pictures_hears_that_they_are_refused(
    world: World, said: dict[str, str], reply: str | None
) -> None:
    one, two, called = await pair(world)
    await offers(one, "c1")
    await two.told("verto.modify")
    answer = await answers(two, called, **said)
    assert answer.get("error", {}).get("message") == reply
    assert (await one.told("verto.modify"))["sdp"].endswith("video inactive")
    assert not world.media.closed


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"sdp": "bad"}, "CODEC NEGOTIATION ERROR"),
        ({"sdp": 7}, "SDP missing"),
        ({}, "SDP missing"),
    ],
)
async def test_a_call_goes_on_after_an_offer_that_is_refused(
    world: World, said: dict[str, object], message: str
) -> None:
    client = await world.client(features=FEATURES)
    await client.echo("c1")
    error = await client.error("verto.modify", action="updateMedia", dialogParams={"callID": "c1"}, **said)
    assert error == {"callID": "c1", "action": "updateMedia", "message": message, "code": -32002}
    assert "result" in await offers(client, "c1")
    error = await client.error("verto.modify", action="updateMediaAnswer", dialogParams={"callID": "c1"}, sdp="answer")
    assert error["message"] == "No update in progress"


async def test_what_changed_while_an_offer_was_open_is_offered_even_if_that_is_refused(world: World) -> None:
    one, two, called = await pair(world)
    await offers(one, "c1")
    await two.told("verto.modify")
    await offers(one, "c1", "offer video inactive")
    await offers(one, "c1")
    await answers(two, called, error="not now")
    assert (await two.told("verto.modify"))["sdp"].endswith("video sendrecv")
    await one.quiet()
    assert "verto.modify" not in one.methods()  # it is not said yet that nobody wants the pictures


async def transferred(world: World, third: Any = FEATURES) -> tuple[Client, Client, str]:
    """The first, who shows pictures, and a third without; the second has joined them. The third's call id."""
    one, two, called = await pair(world)
    await offers(one, "c1")
    await two.told("verto.modify")
    await answers(two, called, sdp="answer video recvonly")
    last = await world.client("1002", "three", features=third)
    await two.invite("c2", "1002")
    reached = (await last.told("verto.invite"))["callID"]
    await last.result("verto.answer", sdp="answer", dialogParams={"callID": reached})
    await two.told("verto.answer")
    await two.result("verto.modify", action="replace", replaceCallID=called, dialogParams={"callID": "c2"})
    return one, last, reached


async def test_who_is_joined_by_a_transfer_is_offered_the_pictures_of_the_other(world: World) -> None:
    one, last, reached = await transferred(world)
    offered = await last.told("verto.modify")
    assert offered["callID"] == reached and offered["sdp"].endswith(" video sendrecv")
    await answers(last, reached, sdp="answer video recvonly")
    assert world.media.video(LegId(reached)).on
    await one.quiet()
    assert "verto.modify" not in one.methods()


async def test_who_shows_pictures_hears_that_they_do_not_reach_whom_a_transfer_brought(world: World) -> None:
    one, last, _ = await transferred(world, [])
    assert (await one.told("verto.modify"))["sdp"].endswith("video inactive")
    await last.quiet()
    assert "verto.modify" not in last.methods()


async def test_a_call_that_is_not_answered_is_not_updated(world: World) -> None:
    one, two = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    await two.told("verto.invite")
    message = (await offers(one, "c1"))["error"]["message"]
    assert message == "Cannot update a call that has not been answered."


async def test_a_client_that_comes_back_keeps_what_it_names(world: World) -> None:
    one, two, called = await pair(world)
    await two.echo("c-other")
    await two.gone()
    track = world.media.tracks[LegId(called)]
    assert (track.suspended, track.watched) == (False, False)
    back = world.connect("two")
    await back.login("1001", features=FEATURES, keep=[called, "c1", 7])
    assert (await back.told("verto.attach"))["callID"] == "c-other"
    assert await back.told("verto.clientReady") == {"reattached_sessions": [called, "c-other"]}
    told = {"callID": called, "callState": {"peerHeld": False, "recording": False}}
    assert await back.told("verto.info") == told
    assert (track.suspended, track.watched) == (False, True)
    assert [m for m in back.methods() if m == "verto.attach"] == ["verto.attach"]
    await offers(back, called)
    assert (await one.told("verto.modify"))["action"] == "updateMedia"


@pytest.mark.parametrize(("before", "after"), [([], FEATURES), (FEATURES, [])])
async def test_who_cannot_update_keeps_nothing(world: World, before: Any, after: Any) -> None:
    client = await world.client("1000", "s", features=before)
    await client.echo("c1")
    await client.gone()
    back = world.connect("s")
    await back.login("1000", features=after, keep=["c1"])
    assert (await back.told("verto.attach"))["callID"] == "c1"


async def test_what_changed_while_a_client_was_away_is_offered_when_it_is_back(world: World) -> None:
    one, two, called = await pair(world)
    await offers(one, "c1", "offer video sendrecv")
    await two.told("verto.modify")
    await answers(two, called, sdp="answer video recvonly")
    await one.gone()
    await offers(two, called, "offer video sendrecv")
    back = world.connect("one")
    await back.login("1000", features=FEATURES, keep=["c1"])
    assert (await back.told("verto.modify"))["sdp"].endswith("video sendrecv")


async def test_the_other_end_is_told_of_a_hold(world: World) -> None:
    one, two, called = await pair(world)
    for action, held in (("hold", True), ("unhold", False)):
        await one.result("verto.modify", action=action, dialogParams={"callID": "c1"})
        state = {"peerHeld": held, "recording": False}
        assert await two.told("verto.info") == {"callID": called, "callState": state}
    assert "verto.info" not in one.methods()


async def test_both_ends_are_told_of_a_recording_and_others_are_not(world: World, tmp_path: Path) -> None:
    one, two, called = await pair(world)
    third = await world.client("1002", features=FEATURES)
    await third.echo("c3")
    stock = await world.client("1003")
    await stock.echo("c4")
    for leg in ("c1", "c4"):
        world.bus.publish(RecordingStarted(f"rec-{leg}", CallId("x"), LegId(leg), 0.0))
    state = {"peerHeld": False, "recording": True}
    assert await one.told("verto.info") == {"callID": "c1", "callState": state}
    assert await two.told("verto.info") == {"callID": called, "callState": state}
    for leg in ("c1", "c4"):
        world.bus.publish(RecordingEnded(f"rec-{leg}", CallId("x"), LegId(leg), 0.0, 1.0, 1, "stopped"))
    assert not (await one.told("verto.info"))["callState"]["recording"]
    assert not (await two.told("verto.info"))["callState"]["recording"]
    for each in (third, stock):
        await each.quiet()
        assert "verto.info" not in each.methods()


async def test_a_state_is_told_after_a_reload(world: World) -> None:
    one, two, called = await pair(world)
    await one.result("verto.modify", action="hold", dialogParams={"callID": "c1"})
    await two.told("verto.info")
    await two.gone()
    back = await world.client("1001", "two", features=FEATURES)
    await back.result("verto.attach", sdp="answer", dialogParams={"callID": called})
    told = {"callID": called, "callState": {"peerHeld": True, "recording": False}}
    assert await back.told("verto.info") == told
