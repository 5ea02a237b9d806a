"""jsapi and fsapi: what is answered, and to whom."""

import json
from typing import Any

import pytest

from tests.endpoints.verto.world import World
from xswitch_py.base.ids import LegId
from xswitch_py.base.permissions import Permissions

REFUSED = {"code": -32602, "message": "Permission Denied"}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("jsapi", {"command": "fsapi", "data": {"cmd": "reloadxml"}}),
        ("jsapi", {"command": "fsapi", "data": {"cmd": "uuid_kill", "arg": "x"}}),
        ("jsapi", {"command": "nosuch", "data": {}}),
        ("jsapi", {"command": "status"}),
        ("jsapi", {"command": "status", "data": []}),
        ("jsapi", {"command": ["status"], "data": {}}),
        ("jsapi", {}),
        ("fsapi", {"cmd": "reloadxml"}),
        ("fsapi", {"cmd": "eval", "arg": "status"}),
    ],
)
async def test_what_is_not_granted_is_refused(world: World, method: str, params: dict[str, Any]) -> None:
    """V57."""
    client = await world.client("1010")
    assert await client.error(method, **params) == REFUSED


async def test_nothing_is_granted_to_users(world: World) -> None:
    """V16, V57."""
    client = await world.client("1000")
    for method in ("jsapi", "fsapi"):
        assert (await client.error(method, command="status", cmd="status", data={}))["code"] == -32601


async def test_a_command_needs_its_own_grant(world: World) -> None:
    client = await world.client("1010")
    assert "systemStatus" in await client.result("jsapi", command="status", data={})
    world.grants["operator"] = Permissions(methods=frozenset({"jsapi"}), fsapi=frozenset({"status"}))
    assert await client.error("jsapi", command="status", data={}) == REFUSED
    assert await client.error("jsapi", command="fsapi", data={"cmd": "status"}) == REFUSED


async def test_status_counts_sessions(world: World) -> None:
    client = await world.client("1010")
    await client.echo("c1")
    await client.echo("c2")
    await client.result("verto.bye", dialogParams={"callID": "c1"})
    status = await client.result("jsapi", command="status", data={})
    assert status["systemStatus"] == "ready"
    assert list(status["uptime"]) == ["years", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds"]
    count = status["sessions"]["count"]
    assert (count["total"], count["active"], count["peak"]) == (2, 1, 2)


async def command(world: World, cmd: str, arg: str = "", user: str = "admin") -> str:
    """What a text command says."""
    client = await world.client(user)
    text = (await client.result("fsapi", cmd=cmd, arg=arg))["message"]
    assert (await client.result("jsapi", command="fsapi", data={"cmd": cmd, "arg": arg}))["message"].strip()
    await client.gone()
    return str(text)


async def test_text_commands(world: World) -> None:
    assert "is ready" in await command(world, "status")
    assert await command(world, "uptime", "s") == "0\n"
    assert int(await command(world, "uptime", "us")) > 0
    assert "Version" in await command(world, "version")
    assert "admin@pbx.test\tclient" in await command(world, "verto", "status")
    assert await command(world, "verto", "") == "-USAGE: verto status\n"
    assert await command(world, "show") == await command(world, "show", "codecs")
    assert await command(world, "show", "channels as json") == '{"row_count": 0}\n'
    assert await command(world, "show", "channels") == "\n0 total.\n"
    assert await command(world, "sofia", "status") == "INVALID CALL"
    client = await world.client("admin")
    assert await client.result("fsapi") == {"message": "INVALID CALL"}


async def test_channels_calls_and_registrations_are_shown(world: World) -> None:
    _, _, mine, invited = await world.pair()
    rows = json.loads(await command(world, "show", "channels as json"))
    assert (rows["row_count"], {row["uuid"] for row in rows["rows"]}) == (2, {mine, invited})
    call = json.loads(await command(world, "show", "calls as json"))["rows"][0]
    assert (call["uuid"], call["b_uuid"], call["cid_num"], call["dest"]) == (mine, invited, "1000", "1001")
    assert (call["callstate"], call["read_codec"], call["name"]) == ("ACTIVE", "opus", "verto/1000")
    assert "3 total." in await command(world, "show", "registrations")
    text = await command(world, "show", "channels")
    assert text.splitlines()[0].startswith("uuid,direction,created,")
    leg = world.switch.legs[LegId(mine)]
    leg.hold(True)
    assert "HELD" in await command(world, "show", "calls")


async def test_data_of_a_channel(world: World) -> None:
    client = await world.client("1010")
    await client.echo("c1", userVariables={"email": "x"})
    data = (await client.result("jsapi", command="channelData", data={"uuid": "c1", "sockData": {"verto_user": "x"}}))[
        "channelData"
    ]
    assert (data["uuid"], data["verto_dvar_email"], data["verto_user"]) == ("c1", "x", "1010@pbx.test")
    stats = await client.result("jsapi", command="mediaStats", data={"uuid": "c1"})
    assert (stats["audio"]["codec"], stats["audio"]["packets_in"]) == ("opus", 7)
    for name in ("channelData", "mediaStats"):
        for uuid in ("nope", None):
            assert await client.result("jsapi", command=name, data={"uuid": uuid}) == {
                "response": "Session does not exist"
            }
    del world.media.tracks[LegId("c1")]
    assert await client.result("jsapi", command="mediaStats", data={"uuid": "c1"}) == {
        "response": "Session does not exist"
    }


@pytest.mark.parametrize(("more", "code"), [("", 703), (" USER_BUSY", 17), (" NONSENSE", 703)])
async def test_an_operator_ends_a_call(world: World, more: str, code: int) -> None:
    client, admin = await world.client("1000"), await world.client("admin")
    await client.echo("c1")
    assert (await admin.result("fsapi", cmd="uuid_kill", arg=f"c1{more}"))["message"] == "+OK\n"
    assert (await client.told("verto.bye"))["causeCode"] == code
    for arg in ("c1", "", 5):
        assert (await admin.result("fsapi", cmd="uuid_kill", arg=arg))["message"] == "-ERR No such channel!\n"
