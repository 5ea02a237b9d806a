"""`verto.modify`: hold, transfers, and what cannot be done."""

import pytest

from tests.endpoints.verto.world import World
from xswitch_py.base.ids import LegId


async def test_hold_is_told_truly_and_needs_no_sdp(world: World) -> None:
    """V30, V31."""
    one, other, mine, invited = await world.pair()
    states = [
        (await one.result("verto.modify", action=action, dialogParams={"callID": mine}))["holdState"]
        for action in ("hold", "HOLD", "unhold", "unhold", "toggleHold", "toggleHold", "togglehold")
    ]
    assert states == ["held", "held", "active", "active", "held", "active", "held"]
    assert world.media.tracks[LegId(mine)].held
    result = await other.result("verto.modify", action="videoRefresh", dialogParams={"callID": invited})
    assert result == {"callID": invited, "action": "videoRefresh", "holdState": "active"}
    assert world.media.tracks[LegId(mine)].refreshed == 1
    assert "sdp" not in str(one.requests[-1])


async def test_a_blind_transfer_sends_the_other_on_and_ends_the_own_leg(world: World) -> None:
    """The reply comes first; the client hears NORMAL_CLEARING, as FreeSWITCH says."""
    one, other, mine, invited = await world.pair()
    result = await one.result("verto.modify", action="transfer", destination="9196", dialogParams={"callID": mine})
    assert result == {"callID": mine, "action": "transfer", "message": "CALL TRANSFERRED", "holdState": "active"}
    assert await one.told("verto.bye") == {"callID": mine, "causeCode": 16, "cause": "NORMAL_CLEARING"}
    assert "result" in one.socket.heard[-2]
    await one.quiet()
    assert (LegId(invited), LegId(invited)) in world.media.bridges.values()
    assert (await other.result("verto.bye", dialogParams={"callID": invited}))["cause"] == "NORMAL_CLEARING"


async def test_a_callee_transfers_the_caller_to_a_third(world: World) -> None:
    one, other, mine, invited = await world.pair()
    third = await world.client("1002")
    await other.result("verto.modify", action="transfer", destination="1002", dialogParams={"callID": invited})
    await other.told("verto.bye")
    ringing = (await third.told("verto.invite"))["callID"]
    await third.result("verto.answer", sdp="answer", dialogParams={"callID": ringing})
    assert (await one.told("verto.display"))["display_number"] == "1002"
    await third.result("verto.bye", dialogParams={"callID": ringing})
    assert (await one.told("verto.bye"))["callID"] == mine


async def test_an_attended_transfer_joins_the_two_others(world: World) -> None:
    one, other, first, invited = await world.pair()
    third = await world.client("1002")
    await one.invite("c-second", "1002")
    ringing = (await third.told("verto.invite"))["callID"]
    await third.result("verto.answer", sdp="answer", dialogParams={"callID": ringing})
    await third.told("verto.display")
    result = await one.result(
        "verto.modify", action="replace", replaceCallID=first, dialogParams={"callID": "c-second"}
    )
    assert result == {"callID": "c-second", "action": "replace", "holdState": "active"}
    byes = [await one.told("verto.bye"), await one.told("verto.bye")]
    assert {bye["callID"] for bye in byes} == {first, "c-second"}
    assert {bye["causeCode"] for bye in byes} == {16}
    assert (await third.told("verto.display"))["display_number"] == "1001"
    assert (await other.told("verto.display"))["display_number"] == "1002"
    await other.result("verto.bye", dialogParams={"callID": invited})
    assert (await third.told("verto.bye"))["cause"] == "NORMAL_CLEARING"


async def test_parties_without_a_common_codec_are_joined_all_the_same(world: World) -> None:
    one, _, first, invited = await world.pair()
    third = await world.client("1002")
    await one.invite("c-second", "1002")
    ringing = (await third.told("verto.invite"))["callID"]
    await third.result("verto.answer", sdp="answer", dialogParams={"callID": ringing})
    await third.told("verto.display")
    world.media.tracks[LegId(invited)].codec = "PCMU"
    await one.result("verto.modify", action="replace", replaceCallID=first, dialogParams={"callID": "c-second"})
    await third.told("verto.display")
    assert (LegId(invited), LegId(ringing)) in world.media.bridges.values()


@pytest.mark.parametrize(
    ("action", "more", "message"),
    [
        ("transfer", {"destination": "1001"}, "call is not bridged"),
        ("transfer", {}, "destination missing"),
        ("transfer", {"destination": {}}, "destination missing"),
        ("replace", {}, "replaceCallID missing"),
        ("replace", {"replaceCallID": "nope"}, "invalid transfer leg"),
        ("replace", {"replaceCallID": "c-echo"}, "invalid transfer leg"),
        ("replace", {"replaceCallID": "c-other"}, "invalid transfer leg"),
        ("nosuchaction", {}, "Invalid action"),
    ],
)
async def test_what_cannot_be_done_is_said(world: World, action: str, more: dict[str, object], message: str) -> None:
    """V30."""
    client = await world.client()
    await client.echo()
    await client.echo("c-other")
    error = await client.error("verto.modify", action=action, dialogParams={"callID": "c-echo"}, **more)
    assert error == {"callID": "c-echo", "action": action, "message": message, "code": -32002}
    assert (await client.result("verto.modify", action="unhold", dialogParams={"callID": "c-echo"}))[
        "holdState"
    ] == "active"


async def test_a_refresh_with_nobody_there_does_nothing(world: World) -> None:
    client = await world.client()
    await client.echo()
    await client.result("verto.modify", action="videoRefresh", dialogParams={"callID": "c-echo"})
    assert world.media.tracks[LegId("c-echo")].refreshed == 0


@pytest.mark.parametrize("action", ["hold", "unhold", "toggleHold"])
async def test_an_unanswered_call_is_not_held(world: World, action: str) -> None:
    """V30: and its reply has no hold state."""
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    await other.told("verto.invite")
    error = await one.error("verto.modify", action=action, dialogParams={"callID": "c1"})
    assert error == {"callID": "c1", "action": action, "message": "Call is not answered", "code": -32002}


async def test_an_action_must_be_named_before_anything_else(world: World) -> None:
    """V25."""
    client = await world.client()
    error = await client.error("verto.modify", dialogParams={"callID": "nope"})
    assert error == {"code": -32002, "message": "action missing"}
    error = await client.error("verto.modify", action="hold", dialogParams={"callID": "nope"})
    assert error == {"callID": "nope", "action": "hold", "message": "CALL DOES NOT EXIST", "code": -32002}
