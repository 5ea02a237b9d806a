"""Losing the socket and coming back (verto.md section 10)."""

import asyncio
from typing import Any

import pytest

from tests.endpoints.verto.world import Client, World
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.endpoints.verto.endpoint import Limits


async def attach(client: Client, call_id: str, sdp: str = "answer") -> Any:
    """What a page does with an attach: our offer comes back inside dialogParams."""
    params = {"callID": call_id, "attach": True, "sdp": "bad: this is the offer"}
    return await client.ask("verto.attach", sdp=sdp, dialogParams=params)


async def test_a_call_goes_on_after_its_page_is_loaded_again(world: World) -> None:
    """V40, V13, V23: reply, attach with a fresh offer, clientReady that lists it; then the client's answer."""
    client = await world.client("1000", "s")
    await client.echo("c1")
    await client.gone()
    assert world.media.tracks[LegId("c1")].suspended
    back = world.connect("s")
    await back.login("1000")
    attached = await back.told("verto.attach")
    names = {
        "caller_id_name": "User 1000",
        "caller_id_number": "1000",
        "callee_id_name": "Outbound Call",
        "callee_id_number": "9196",
    }
    rest = {"callID": "c1", "sdp": attached["sdp"], "variables": {}, "display_direction": "inbound"}
    assert attached == {**names, **rest}
    assert attached["sdp"].startswith("renewed")
    assert await back.told("verto.clientReady") == {"reattached_sessions": ["c1"]}
    assert "result" in back.socket.heard[0]
    assert (await attach(back, "c1"))["result"] == {"sessid": "s"}
    assert world.media.tracks[LegId("c1")].sdps == ["offer", "answer"]
    await back.quiet()
    assert back.methods() == ["verto.attach", "verto.clientReady"]
    assert (await back.result("verto.bye", dialogParams={"callID": "c1"}))["cause"] == "NORMAL_CLEARING"
    assert (await attach(back, "c1"))["error"] == {"code": -32002, "message": "CALL DOES NOT EXIST"}


async def test_the_other_end_stays_and_is_shown_again(world: World) -> None:
    """V39, V40."""
    one, other, mine, invited = await world.pair()
    await other.gone()
    await one.quiet()
    assert one.methods()[-1] == "verto.display"
    back = world.connect(other.sessid)
    await back.login("1001")
    assert (await back.told("verto.attach"))["display_direction"] == "outbound"
    await attach(back, invited)
    assert (await back.told("verto.display"))["display_number"] == "1000"
    await one.result("verto.bye", dialogParams={"callID": mine})
    assert (await back.told("verto.bye"))["callID"] == invited


async def test_a_held_call_is_taken_off_hold(world: World) -> None:
    client = await world.client("1000", "s")
    await client.echo("c1")
    await client.result("verto.modify", action="hold", dialogParams={"callID": "c1"})
    await client.gone()
    back = await world.client("1000", "s")
    assert "result" in await attach(back, "c1")
    assert not world.media.tracks[LegId("c1")].held


async def test_an_unanswered_call_ends_with_its_socket(world: World) -> None:
    """V39: as the callee sees it."""
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    await other.told("verto.invite")
    await one.gone()
    assert (await other.told("verto.bye"))["cause"] == "ORIGINATOR_CANCEL"
    assert not world.switch.legs


async def test_a_callee_that_is_gone_is_out_of_order(world: World) -> None:
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    await other.told("verto.invite")
    await other.gone()
    assert (await one.told("verto.bye"))["causeCode"] == 27


@pytest.mark.parametrize("word", [False, "false", 0])
async def test_a_call_that_shall_not_be_recovered_ends(world: World, word: Any) -> None:
    """V39."""
    client = await world.client("1000", "s")
    await client.echo("c1", recoverCall=word)
    await client.gone()
    assert world.media.closed == ["c1"]


async def test_a_takeover_moves_the_calls(world: World) -> None:
    """V11: the old page hears punt and no bye."""
    old = await world.client("1000", "s")
    await old.echo("c1")
    new = world.connect("s")
    await new.login("1000")
    assert (await new.told("verto.attach"))["callID"] == "c1"
    await old.serving
    assert old.methods() == ["verto.clientReady", "verto.answer", "verto.punt"]
    await attach(new, "c1")
    await new.gone()
    third = world.connect("s")
    await third.login("1000")
    assert (await third.told("verto.attach"))["callID"] == "c1"


async def test_calls_left_behind_keep_their_session_from_others(world: World) -> None:
    """V12."""
    client = await world.client("1000", "s")
    await client.echo("c1")
    await client.gone()
    thief = world.connect("s")
    assert (await thief.login("1001"))["error"]["message"] == "Session in use"
    world.switch.legs[LegId("c1")].hangup(Cause.MANAGER_REQUEST)
    heir = world.connect("s")
    assert "result" in await heir.login("1001")


async def test_a_call_that_ended_meanwhile_is_not_offered(world: World) -> None:
    one, other, mine, _ = await world.pair()
    await other.gone()
    await one.result("verto.bye", dialogParams={"callID": mine})
    await one.quiet()
    back = world.connect(other.sessid)
    await back.login("1001")
    assert await back.told("verto.clientReady") == {"reattached_sessions": []}


async def test_an_attach_is_taken_once_and_only_when_offered(world: World) -> None:
    client = await world.client("1000", "s")
    await client.echo("c1")
    assert (await attach(client, "c1"))["error"]["message"] == "Call is attached"
    assert (await client.error("verto.attach", dialogParams={"callID": "c1"}))["message"] == "SDP missing"
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c3", "1001")
    await other.told("verto.invite")
    error = (await attach(one, "c3"))["error"]
    assert error["message"] == "Cannot attach to a call that has not been answered."


async def test_an_attach_that_cannot_be_used_ends_the_call(world: World) -> None:
    client = await world.client("1000", "s")
    await client.echo("c1")
    await client.gone()
    back = await world.client("1000", "s")
    assert (await attach(back, "c1", "bad"))["error"] == {"code": -32002, "message": "CODEC NEGOTIATION ERROR"}
    assert (await back.told("verto.bye"))["causeCode"] == 58


async def test_an_attach_that_is_overtaken_by_another_page_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await world.client("1000", "s")
    await client.echo("c1")
    await client.gone()
    second, heirs, read = await world.client("1000", "s"), list[Client](), world.media.read_answer

    async def overtaken(leg: LegId, sdp: str) -> None:
        if not heirs:
            heirs.append(await world.client("1000", "s"))
        await read(leg, sdp)

    monkeypatch.setattr(world.media, "read_answer", overtaken)
    params = {"sdp": "answer", "dialogParams": {"callID": "c1"}}
    second.socket.say(
        [{"jsonrpc": "2.0", "method": "verto.attach", "params": params, "id": number} for number in (1, 2)]
    )
    await second.serving
    assert second.methods() == ["verto.attach", "verto.clientReady", "verto.punt"]
    assert "result" in await attach(heirs[0], "c1")


async def test_media_that_cannot_be_renewed_ends_the_call_and_not_the_login(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(leg: LegId) -> str:
        raise MediaError("no port")

    client = await world.client("1000", "s")
    await client.echo("c1")
    await client.gone()
    monkeypatch.setattr(world.media, "renew", fail)
    back = world.connect("s")
    await back.login("1000")
    assert await back.told("verto.clientReady") == {"reattached_sessions": []}
    assert "verto.attach" not in back.methods()
    assert not world.switch.legs


async def test_a_client_lost_while_it_is_greeted_may_come_back_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, renew = asyncio.Event(), world.media.renew

    async def slowly(leg: LegId) -> str:
        ready.set()
        await asyncio.sleep(0.01)
        return await renew(leg)

    client = await world.client("1000", "s")
    await client.echo("c1")
    await client.gone()
    monkeypatch.setattr(world.media, "renew", slowly)
    second = world.connect("s")
    second.socket.say(
        {"jsonrpc": "2.0", "method": "login", "params": {"login": "1000", "passwd": "1234", "sessid": "s"}, "id": 1}
    )
    await ready.wait()
    third = await world.client("1000", "s")
    assert "verto.clientReady" not in second.methods()
    assert third.methods() == ["verto.attach", "verto.clientReady"]
    assert "result" in await attach(third, "c1")
    assert len(world.registry.find(Address("1000", "pbx.test"))) == 1


class TestTimeOut:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(detach=0.05)

    async def test_who_does_not_come_back_in_time_loses_the_call(self, world: World) -> None:
        """V39."""
        one, other, *_ = await world.pair()
        await other.gone()
        assert (await one.told("verto.bye"))["cause"] == "RECOVERY_ON_TIMER_EXPIRE"
        assert world.media.tracks == {}
        back = world.connect(other.sessid)
        await back.login("1001")
        assert await back.told("verto.clientReady") == {"reattached_sessions": []}

    async def test_who_comes_back_but_does_not_attach_loses_it_too(self, world: World) -> None:
        client = await world.client("1000", "s")
        await client.echo("c1")
        await client.gone()
        back = await world.client("1000", "s")
        assert (await back.told("verto.bye"))["causeCode"] == 102

    async def test_who_comes_back_in_time_keeps_it(self, world: World) -> None:
        client = await world.client("1000", "s")
        await client.echo("c1")
        await client.gone()
        back = await world.client("1000", "s")
        await attach(back, "c1")
        await asyncio.sleep(0.1)
        await back.quiet()
        assert "verto.bye" not in back.methods()
