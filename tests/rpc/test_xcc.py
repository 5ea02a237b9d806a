"""XCC's commands, on the real core with peers that write down what they are told."""

import asyncio
from typing import Any

import pytest

from tests.core.world import refuses
from tests.rpc.desk import Script
from xswitch_py.actions import ACTIONS
from xswitch_py.base.cause import Cause
from xswitch_py.base.problem import Code
from xswitch_py.core.access import SYSTEM
from xswitch_py.core.call import Call
from xswitch_py.core.dialplan import load
from xswitch_py.core.leg import Leg
from xswitch_py.media.api import Digit


async def until(condition: Any) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0)


def call_of(at: Script, leg: Leg) -> Call:
    """Give a leg's call."""
    assert leg.call is not None
    return at.desk.switch.calls[leg.call]


def press(at: Script, leg: Leg, *digits: str) -> None:
    """Let a leg's peer press keys."""
    for digit in digits:
        at.world.media.tell(leg.id, Digit(digit, 100))


async def test_dial_makes_a_channel_that_waits(at: Script) -> None:
    at.answers("1001")
    who = {"dial_string": "user/1001", "cid_name": "Shop", "cid_number": "4711", "uuid": "mine", "max_duration": 5}
    reply = await at.result("XNode.Dial", ctrl_uuid="c", destination={"call_params": [who], "channel_params": []})
    leg = at.desk.switch.legs[reply.pop("uuid")]
    assert reply == {"code": 200, "message": "OK", "node_uuid": "test", "cause": "SUCCESS"}
    assert (leg.party.number, leg.other.number) == ("1001", "4711")
    assert [entry.command for entry in at.at.audit] == ["XNode.Dial"]


@pytest.mark.parametrize(
    ("cause", "code"), [(Cause.USER_BUSY, 409), (Cause.CALL_REJECTED, 403), (Cause.NORMAL_CLEARING, 410)]
)
async def test_dial_says_why_nobody_answered(at: Script, cause: Cause, code: int) -> None:
    at.world.contact("1001").does = refuses(cause)
    reply = await at.result("XNode.Dial", destination={"call_params": [{"dial_string": "1001"}]})
    assert (reply["code"], reply["cause"], reply["reason"]) == (code, cause.value, "call_failed")


@pytest.mark.parametrize("text", ["sofia/default/1000@192.0.2.1", "user/1000,user/1001", "{a=b}user/1000", "", "&"])
async def test_dial_takes_no_other_ways(at: Script, text: str) -> None:
    """X20: targets are typed; what could be another instruction is refused."""
    error = await at.error("XNode.Dial", destination={"call_params": [{"dial_string": text}]})
    assert error["data"]["errors"][0]["pointer"] == "/destination/call_params/0/dial_string"


async def test_dial_runs_no_applications(at: Script) -> None:
    destination = {"call_params": [{"dial_string": "1001"}]}
    error = await at.error("XNode.Dial", destination=destination, apps=[{"app": "system", "data": "id"}])
    assert (error["code"], error["data"]["errors"][0]["pointer"]) == (-32602, "/apps")


async def test_dial_rings_all_at_once_or_one_after_the_other(at: Script) -> None:
    at.world.contact("1001").does = refuses(Cause.USER_BUSY)
    at.answers("1002")
    params = [{"dial_string": "user/1001@example.org"}, {"dial_string": "1002"}]
    reply = await at.result("XNode.Dial", destination={"call_params": params})
    assert at.desk.switch.legs[reply["uuid"]].party.number == "1002"
    at.world.contact("1003")
    params = [{"dial_string": "1003"}, {"dial_string": "1000"}]
    at.answers("1000")
    reply = await at.result("XNode.Dial", destination={"ringall": True, "call_params": params})
    assert at.desk.switch.legs[reply["uuid"]].party.number == "1000"
    assert "1003 < bye LOSE_RACE" in at.world.scene


async def test_accept_takes_a_call_over_that_waits_for_programs(at: Script) -> None:
    at.world.plan.rules = load({"rule": [{"number": "9400", "steps": ["control"]}]}, ACTIONS)
    leg = at.world.call("1000", "9400")
    call = call_of(at, leg)
    assert (await at.result("XNode.GetState", uuid=leg.id))["controlled"] is False
    await at.result("XNode.GetVar", uuid=leg.id, data=[])
    assert not call.minded.is_set()  # who only looks has not taken it
    assert (await at.result("XNode.Accept", uuid=leg.id, takeover=True))["code"] == 200
    assert (await at.result("XNode.GetState", uuid=leg.id))["controlled"] is True
    assert (await at.result("XNode.Answer", uuid=leg.id))["code"] == 200
    assert call.answered is not None


async def test_a_channel_that_is_not_there_has_code_404(at: Script) -> None:
    for name in ("Accept", "Answer", "Stop", "UnBridge", "GetState", "GetChannelData"):
        reply = await at.result(f"XNode.{name}", uuid="nobody")
        assert (reply["code"], reply["uuid"], reply["reason"]) == (404, "nobody", "not_found")


async def test_a_channel_of_others_is_not_there_for_a_user(at: Script) -> None:
    """X19: who may not see a channel does not learn that it is there."""
    leg = await at.dialled("1001")
    stranger, owner = (at.at.asker("user", name) for name in ("1002", "1001"))
    there, not_there = [await at.result("XNode.Hangup", stranger, uuid=uuid) for uuid in (leg.id, "nobody")]
    assert {**there, "message": "", "uuid": ""} == {**not_there, "message": "", "uuid": ""}
    assert leg.cause is None
    assert (await at.result("XNode.Hangup", owner, uuid=leg.id, cause="USER_BUSY"))["code"] == 200
    assert leg.cause is Cause.USER_BUSY


async def test_a_sound_is_played_to_its_end(at: Script) -> None:
    leg = await at.dialled("1001")
    reply = await at.result("XNode.Play", uuid=leg.id, media={"type": "FILE", "data": "welcome.wav", "engine": "x"})
    assert (reply["code"], reply["uuid"]) == (200, leg.id)


async def test_a_sound_that_is_stopped_has_code_410(at: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    leg = await at.dialled("1001")
    sources: list[str] = []

    async def play(leg: str, source: str, *, loop: bool = False) -> None:
        sources.append(source)
        await asyncio.Event().wait()

    monkeypatch.setattr(at.world.media, "play", play)
    media = {"data": "local_stream://moh", "loop": 3}
    playing = asyncio.create_task(at.result("XNode.Play", uuid=leg.id, media=media))
    await until(lambda: sources)
    assert (await at.result("XNode.Stop", uuid=leg.id))["code"] == 200
    reply = await playing
    assert (reply["code"], reply["message"], sources) == (410, "stopped", ["music"])


@pytest.mark.parametrize(
    ("media", "where"),
    [
        ({"type": "TEXT", "data": "hello"}, "/media/type"),
        ({"data": "/etc/passwd"}, "/media/data"),
        ({"data": "http://192.0.2.1/a.wav"}, "/media/data"),
        ({"data": "tone_stream://%(200,0,500)"}, "/media/data"),
        ({"data": "silence_stream://x"}, "/media/data"),
        ({"data": "..\\a"}, "/media/data"),
    ],
)
async def test_paths_addresses_and_texts_are_not_played(at: Script, media: Any, where: str) -> None:
    """X20: media ids, not paths; nothing is fetched."""
    leg = await at.dialled("1001")
    for name in ("XNode.Play", "XNode.ReadDTMF"):
        error = await at.error(name, uuid=leg.id, media=media)
        assert (error["code"], error["data"]["errors"][0]["pointer"]) == (-32602, where)


async def test_digits_are_read(at: Script) -> None:
    leg = await at.dialled("1001")
    for name in ("XNode.ReadDTMF", "XNode.ReadDigits"):
        reading = asyncio.create_task(at.result(name, uuid=leg.id, max_digits=4, terminators="#"))
        await until(lambda: leg.digits._getters)  # type: ignore[attr-defined]
        press(at, leg, "1", "2", "#")
        reply = await reading
        assert (reply["code"], reply["dtmf"], reply["terminator"]) == (200, "12", "#")
        leg._pressed = ("", "", -1.0)
    reply = await at.result("XNode.ReadDTMF", uuid=leg.id, timeout=1)
    assert (reply["code"], reply["dtmf"]) == (200, "")


async def test_reading_ends_with_the_channel(at: Script) -> None:
    leg = await at.dialled("1001")
    reading = asyncio.create_task(at.result("XNode.ReadDTMF", uuid=leg.id))
    await until(lambda: leg.digits._getters)  # type: ignore[attr-defined]
    leg.peer_left(Cause.NORMAL_CLEARING)
    reply = await reading
    assert (reply["code"], reply["reason"]) == (409, "conflict")


async def test_digits_are_sent_to_the_side_that_is_named(at: Script) -> None:
    leg = await at.dialled("1001")
    at.answers("1002")
    await at.result("XNode.Bridge", uuid=leg.id, destination={"call_params": [{"dial_string": "1002"}]})
    assert (await at.result("XNode.SendDTMF", uuid="to-1002", dtmf="12"))["code"] == 200
    assert "to-1002 digits 12@100" in at.world.scene
    assert (await at.error("XNode.SendDTMF", uuid=leg.id, dtmf="hello"))["data"]["errors"][0]["pointer"] == "/dtmf"


async def test_a_bridge_brings_somebody_and_unbridge_lets_them_go(at: Script) -> None:
    leg = await at.dialled("1001")
    at.answers("1002")
    params = {"flow_control": "NONE", "destination": {"call_params": [{"dial_string": "user/1002"}]}}
    assert (await at.result("XNode.Bridge", uuid=leg.id, **params))["code"] == 200
    await until(lambda: leg.bridged is not None)
    state = await at.result("XNode.GetState", uuid=leg.id)
    assert (state["channel_state"], state["bridged"], state["answer_state"]) == ("CS_EXCHANGE_MEDIA", True, "answered")
    error = await at.result("XNode.Bridge", uuid="to-1002", **params)
    assert error["code"] == 409
    assert (await at.result("XNode.UnBridge", uuid=leg.id))["code"] == 200
    await at.world.until("1002 < bye NORMAL_CLEARING")
    assert leg.cause is None
    assert (await at.result("XNode.UnBridge", uuid=leg.id))["code"] == 409


async def test_a_bridge_that_nobody_takes_leaves_the_channel(at: Script) -> None:
    leg = await at.dialled("1001")
    at.world.contact("1002").does = refuses(Cause.USER_BUSY)
    reply = await at.result("XNode.Bridge", uuid=leg.id, destination={"call_params": [{"dial_string": "1002"}]})
    assert (reply["code"], reply["cause"], leg.cause) == (409, "USER_BUSY", None)


async def test_channels_are_joined_until_one_leaves(at: Script) -> None:
    one, other = await at.dialled("1001"), await at.dialled("1002")
    joined = asyncio.create_task(at.result("XNode.ChannelBridge", uuid=one.id, peer_uuid=other.id))
    await until(lambda: one.bridged is other)
    assert not joined.done()
    assert (await at.result("XNode.Hangup", uuid=one.id, flag=1))["code"] == 200
    assert (await joined)["code"] == 200
    assert (other.cause, one.cause) == (Cause.NORMAL_CLEARING, None)


async def test_unbridge_parts_channels_that_were_joined(at: Script) -> None:
    one, other = await at.dialled("1001"), await at.dialled("1002")
    joined = asyncio.create_task(at.result("XNode.ChannelBridge", uuid=one.id, peer_uuid=other.id))
    await until(lambda: one.bridged is other)
    assert (await at.result("XNode.UnBridge", uuid=other.id))["code"] == 200
    assert (await joined)["code"] == 200
    assert (one.bridged, one.cause, other.cause) == (None, None, None)


async def test_a_channel_cannot_be_joined_with_itself(at: Script) -> None:
    one = await at.dialled("1001")
    error = await at.error("XNode.ChannelBridge", uuid=one.id, peer_uuid=one.id)
    assert error["data"]["code"] == Code.INVALID.value


@pytest.mark.parametrize("flag", ["BOTH", 2])
async def test_both_are_hung_up(at: Script, flag: Any) -> None:
    leg = await at.dialled("1001")
    at.answers("1002")
    await at.result("XNode.Bridge", uuid=leg.id, destination={"call_params": [{"dial_string": "1002"}]})
    await until(lambda: leg.bridged is not None)
    await at.result("XNode.Hangup", uuid=leg.id, cause="USER_BUSY", flag=flag)
    assert leg.cause is Cause.USER_BUSY
    await at.world.until("1002 < bye USER_BUSY")


async def test_a_channel_that_talks_to_nobody_has_no_peer_to_hang_up(at: Script) -> None:
    leg = await at.dialled("1001")
    assert (await at.result("XNode.Hangup", uuid=leg.id, flag="PEER"))["code"] == 409
    assert (await at.error("XNode.Hangup", uuid=leg.id, cause="NONSENSE"))["code"] == -32602


async def test_hold_mute_and_variables(at: Script) -> None:
    leg = await at.dialled("1001")
    for action, held in (("ON", True), ("TOGGLE", False), ("TOGGLE", True), ("OFF", False)):
        assert (await at.result("XNode.Hold", uuid=leg.id, action=action))["code"] == 200
        assert leg.held is held
    for level, muted in ((1, True), (0, False)):
        await at.result("XNode.Mute", uuid=leg.id, level=level, flag="FIRST")
        assert leg.muted is muted
    assert (await at.error("XNode.Mute", uuid=leg.id, direction="WRITE"))["data"]["errors"][0][
        "pointer"
    ] == "/direction"
    await at.result("XNode.SetVar", uuid=leg.id, data={"colour": "red"})
    reply = await at.result("XNode.GetVar", uuid=leg.id, data=["colour", "size"])
    assert reply["data"] == {"colour": "red"}
    data = (await at.result("XNode.GetChannelData", uuid=leg.id, format="JSON"))["data"]
    assert (data["Unique-ID"], data["variable_colour"], data["Answer-State"]) == (leg.id, "red", "answered")


async def test_a_transfer_sends_the_channel_that_is_named(at: Script) -> None:
    leg = await at.dialled("1001")
    at.answers("1002")
    assert (await at.result("XNode.Transfer", uuid=leg.id, extension="1002"))["code"] == 200
    await until(lambda: leg.bridged is not None and leg.bridged.party.number == "1002")
    error = await at.error("XNode.Transfer", uuid=leg.id, extension="a b")
    assert error["data"]["errors"][0]["pointer"] == "/extension"


async def test_a_channel_is_recorded_until_it_is_stopped(at: Script) -> None:
    leg = await at.dialled("1001")
    begun = await at.result("XNode.Record", uuid=leg.id, action="START", path="/tmp/a.wav")
    assert begun["path"].startswith("rec_")
    ended = await at.result("XNode.Record", uuid=leg.id, action="STOP")
    assert ended["path"] == begun["path"]
    recording = asyncio.create_task(at.result("XNode.Record", uuid=leg.id, action="RECORD"))
    await until(lambda: call_of(at, leg).recordings)
    assert not recording.done()
    [name] = call_of(at, leg).recordings
    await at.result("XNode.Record", uuid=leg.id, action="STOP")
    assert (await recording)["path"] == name


async def test_a_channel_listens_to_another(at: Script) -> None:
    agent, customer = await at.dialled("1001"), await at.dialled("1002")
    pair = {"uuid": agent.id, "target_uuid": customer.id}
    assert (await at.result("XNode.ThreeWay", direction="LISTEN", **pair))["code"] == 200
    await until(lambda: (agent.id, customer.id) in at.world.media.joined())
    assert (await at.result("XNode.ThreeWay", uuid=agent.id, direction="STOP"))["code"] == 200
    await until(lambda: not at.world.media.joined())
    assert (agent.cause, customer.cause) == (None, None)
    assert (await at.error("XNode.ThreeWay", direction="ABC", **pair))["data"]["code"] == "invalid"
    assert (await at.result("XNode.ThreeWay", direction="LISTEN", uuid=agent.id, target_uuid=agent.id))["code"] == 409


async def test_a_user_cannot_listen_to_anybody(at: Script) -> None:
    """X19: supervising needs the right to all calls."""
    agent = await at.dialled("1001")
    user = at.at.asker("user", "1001")
    error = await at.error("XNode.ThreeWay", user, uuid=agent.id, target_uuid=agent.id, direction="LISTEN")
    assert error["data"]["code"] == "forbidden"


async def test_info_is_not_sent_and_says_so(at: Script) -> None:
    leg = await at.dialled("1001")
    reply = await at.result("XNode.SendINFO", uuid=leg.id, content_type="text/plain", data="x")
    assert reply["code"] == 501


async def test_a_call_that_came_in_is_answered(at: Script) -> None:
    at.world.contact("1002")
    leg = at.world.call("1000", "1002")
    await at.world.until("1002 < invite offer opus")
    assert (await at.result("XNode.GetState", uuid=leg.id))["answered"] is False
    assert (await at.result("XNode.Play", uuid="to-1002", media={"data": "x"}))["code"] == 409  # it is only rung
    assert (await at.result("XNode.Answer", uuid=leg.id))["code"] == 200
    assert (await at.result("XNode.GetState", SYSTEM, uuid=leg.id))["answered"] is True


async def test_the_status_is_told(at: Script) -> None:
    await at.dialled("1001")
    data = (await at.result("XNode.JStatus", data={"command": "status"}))["data"]
    assert (data["version"], data["sessions"]["count"]["active"]) == ("1.2.3", 1)
    assert set(data["uptime"]) == {"days", "hours", "minutes", "seconds"}
