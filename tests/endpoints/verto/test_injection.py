"""What a client names may end up in the words of other doors: what these could not write is refused (S105)."""

from typing import Any

import pytest

from tests.endpoints.verto.world import World
from xswitch_py.endpoints.verto import wire
from xswitch_py.pysip.uri import Uri, escape_user, parse_uri


@pytest.mark.item("S105")
@pytest.mark.parametrize(
    "destination",
    [
        "1001\r\nX-Evil: 1",
        "1001\n",
        "1001\x00",
        "<sip:1001@evil.test>",
        "1001@evil.test",
        "1001;phone-context=evil.test",
        "1001?Route=evil",
        "gateway/one/049",
        "1001,1002",
        "1001|1002",
        'a"b',
        "a b",
        "1" * 65,
        "${evil}",
    ],
)
async def test_a_destination_that_is_none_is_refused_and_nobody_hears_of_it(world: World, destination: str) -> None:
    one, other, mine, _ = await world.pair()
    heard, legs = len(other.socket.heard), dict(world.switch.legs)
    dialog = {"callID": "c9", "destination_number": destination}
    error = await one.error("verto.invite", sdp="offer", dialogParams=dialog)
    assert (error["code"], error["message"], error["cause"]) == (-32002, "Destination invalid", "INVALID_NUMBER_FORMAT")
    more: dict[str, Any] = {"action": "transfer", "destination": destination, "dialogParams": {"callID": mine}}
    error = await one.error("verto.modify", **more)
    assert (error["code"], error["message"]) == (-32002, "destination invalid")
    assert world.switch.legs == legs
    assert len(other.socket.heard) == heard


@pytest.mark.item("S105")
@pytest.mark.parametrize("member", ["caller_id_name", "remote_caller_id_name"])
@pytest.mark.parametrize("name", ["Ann\r\nX-Evil: 1", "a\x00", "\x7f", "\x85", "n" * 129])
async def test_a_name_that_is_none_is_refused(world: World, member: str, name: str) -> None:
    client = await world.client()
    dialog = {"callID": "c1", "destination_number": "1001", member: name}
    error = await client.error("verto.invite", sdp="offer", dialogParams=dialog)
    assert (error["code"], error["message"]) == (-32002, "Name invalid")
    assert not world.switch.legs


@pytest.mark.item("S105")
async def test_who_answers_by_a_name_that_is_none_is_refused_and_may_try_again(world: World) -> None:
    one, other = await world.client(), await world.client("1001")
    await one.invite("c1", "1001")
    invited = (await other.told("verto.invite"))["callID"]
    said = {"callID": invited, "callee_id_name": "Bob\r\nX: y"}
    assert (await other.error("verto.answer", sdp="answer", dialogParams=said))["message"] == "Name invalid"
    said["callee_id_name"] = 'Bob "the" <Builder>'
    await other.result("verto.answer", sdp="answer", dialogParams=said)
    await one.told("verto.answer")


@pytest.mark.item("S105")
@pytest.mark.parametrize(
    ("destination", "plain"),
    [
        ("9196", "9196"),
        ("+49 (30) 123-45.6", "+49301234 56".replace(" ", "")),
        ("*98#", "*98#"),
        ("anna.müller", "anna.müller"),
        ("张伟", "张伟"),
        ("o'neil-x_y~z!", "o'neil-x_y~z!"),
        ("a-b", "a-b"),
        ("", ""),
        ("(", ""),
    ],
)
def test_what_may_be_called(destination: str, plain: str) -> None:
    called = wire.called(destination)
    assert called == plain
    if called:
        uri = Uri(user=escape_user(called), host="pbx.test")
        assert parse_uri(str(uri)).name == called
