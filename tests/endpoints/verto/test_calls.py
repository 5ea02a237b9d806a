"""Calls: placing, answering, ending, digits, text; and what a client may not do."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.endpoints.verto.world import DOMAIN, Client, World
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Offer, Party, Wish
from xswitch_py.core.registry import Contact
from xswitch_py.endpoints.verto.endpoint import Limits
from xswitch_py.media.api import Failed

GONE = "CALL DOES NOT EXIST"
MALFORMED = {"code": -32002, "causeCode": 95, "cause": "INVALID_MSG_UNSPECIFIED"}


async def test_an_echo_call_is_created_answered_and_ended(world: World) -> None:
    """V9, V18, V19: the reply first, the SDP once, and no bye to who said bye."""
    client = await world.client()
    assert await client.invite("c1", "9196") == {"message": "CALL CREATED", "callID": "c1"}
    answer = await client.told("verto.answer")
    assert answer == {"callID": "c1", "sdp": answer["sdp"], "variables": {}}
    heard = client.socket.heard
    assert heard.index(client.requests[-1]) > max(place for place, each in enumerate(heard) if "result" in each)
    ended = await client.result("verto.bye", dialogParams={"callID": "c1"}, cause="NORMAL_CLEARING", causeCode=16)
    assert ended == {"callID": "c1", "message": "CALL ENDED", "causeCode": 16, "cause": "NORMAL_CLEARING"}
    await client.quiet()
    assert client.methods() == ["verto.clientReady", "verto.answer"]
    assert world.media.closed == ["c1"]


async def test_a_user_who_is_disabled_or_changed_is_so_at_once(world: World) -> None:
    """X6: without a new login."""
    client = await world.client()
    world.people.users["1000"] = replace(world.people.users["1000"], context="other")
    await client.invite("c1", "9196")
    assert world.switch.legs[LegId("c1")].offer.context == "other"
    world.people.users["1000"] = replace(world.people.users["1000"], enabled=False)
    dialog = {"callID": "c2", "destination_number": "9196"}
    refused = await client.error("verto.invite", sdp="offer", dialogParams=dialog)
    assert (refused["causeCode"], refused["message"]) == (52, "Cannot create channel")
    assert LegId("c2") not in world.switch.legs


async def test_early_media_brings_the_sdp_and_the_answer_none(world: World) -> None:
    """V18."""
    client = await world.client()
    world.media.play = lambda *_, **__: asyncio.sleep(0)  # type: ignore[method-assign]
    await client.invite("c1", "9198")
    assert "sdp" in await client.told("verto.media")
    assert await client.told("verto.answer") == {"callID": "c1", "variables": {}}


async def test_a_call_between_two_clients_shows_each_the_other(world: World) -> None:
    """V24, V21: ringback comes as early media."""
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001", remote_caller_id_name="Outbound Call")
    invite = await other.told("verto.invite")
    names = {
        "caller_id_name": "User 1000",
        "caller_id_number": "1000",
        "callee_id_name": "User 1001",
        "callee_id_number": "1001",
    }
    rest = {"callID": invite["callID"], "sdp": invite["sdp"], "variables": {}, "display_direction": "outbound"}
    assert invite == {**names, **rest}
    assert "sdp" in await one.told("verto.media")
    assert await other.result("verto.answer", sdp="answer", dialogParams={"callID": invite["callID"]}) == {}
    assert "sdp" not in await one.told("verto.answer")
    shown = {"display_name": "User 1001", "display_number": "1001", "display_direction": "inbound"}
    assert await one.told("verto.display") == {"callID": "c1", **shown, **names}
    shown = {"display_name": "User 1000", "display_number": "1000", "display_direction": "outbound"}
    assert await other.told("verto.display") == {"callID": invite["callID"], **shown, **names}


async def test_who_answers_may_give_a_name_but_no_number(world: World) -> None:
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001", caller_id_name="Boss", caller_id_number="110")
    invite = await other.told("verto.invite")
    assert (invite["caller_id_name"], invite["caller_id_number"]) == ("User 1000", "1000")
    said = {"callID": invite["callID"], "callee_id_name": "Reception", "callee_id_number": "110"}
    await other.result("verto.answer", sdp="answer", dialogParams=said)
    display = await one.told("verto.display")
    assert (display["display_name"], display["display_number"]) == ("Reception", "1001")


async def test_all_sockets_ring_and_the_losers_are_told(world: World) -> None:
    """V27."""
    one, first, second = await world.client("1000"), await world.client("1001"), await world.client("1001")
    await one.invite("c1", "1001")
    calls = [(await each.told("verto.invite"))["callID"] for each in (first, second)]
    assert len({*calls}) == 2
    await second.result("verto.answer", sdp="answer", dialogParams={"callID": calls[1]})
    assert await first.told("verto.bye") == {"callID": calls[0], "causeCode": 702, "cause": "LOSE_RACE"}
    assert await first.error("verto.bye", dialogParams={"callID": calls[0]}) == {
        "callID": calls[0],
        "message": GONE,
        "code": -32002,
    }
    await first.quiet()
    assert first.methods().count("verto.bye") == 1


async def test_a_caller_who_gives_up_stops_the_ringing(world: World) -> None:
    """V27, V29: a bye without a cause."""
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    await other.told("verto.invite")
    assert (await one.result("verto.bye", dialogParams={"callID": "c1"}))["cause"] == "ORIGINATOR_CANCEL"
    assert (await other.told("verto.bye"))["causeCode"] == 487


@pytest.mark.parametrize(
    ("said", "cause", "code"),
    [
        ({}, "CALL_REJECTED", 21),
        ({"cause": "USER_BUSY"}, "USER_BUSY", 17),
        ({"causeCode": "17"}, "USER_BUSY", 17),
        ({"cause": None, "causeCode": 21}, "CALL_REJECTED", 21),
        ({"cause": "Device or Permission Error"}, "NORMAL_CLEARING", 16),
        ({"cause": {"a": 1}, "causeCode": [2]}, "NORMAL_CLEARING", 16),
    ],
)
async def test_the_caller_hears_why_the_callee_refused(
    world: World, said: dict[str, Any], cause: str, code: int
) -> None:
    """V29."""
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    invite = await other.told("verto.invite")
    ended = await other.result("verto.bye", dialogParams={"callID": invite["callID"]}, **said)
    assert (ended["cause"], ended["causeCode"]) == (cause, code)
    assert await one.told("verto.bye") == {"callID": "c1", "cause": cause, "causeCode": code}


@pytest.mark.parametrize(("number", "code"), [("9486", 17), ("5555", 3), ("", 3), ("1002", 806)])
async def test_a_call_that_goes_nowhere_is_created_and_then_ended(world: World, number: str, code: int) -> None:
    """V19: and the client's own bye for it is harmless."""
    client = await world.client()
    await client.invite("c1", number)
    assert (await client.told("verto.bye"))["causeCode"] == code
    assert (await client.error("verto.bye", dialogParams={"callID": "c1"}))["message"] == GONE


@pytest.mark.parametrize("sdp", ["", "bad"])
async def test_an_sdp_that_cannot_be_used_ends_the_call_later(world: World, sdp: str) -> None:
    client = await world.client()
    await client.invite("c1", "9196", sdp)
    assert (await client.told("verto.bye"))["cause"] == "INCOMPATIBLE_DESTINATION"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sdp": "x"}, "Dialog data missing"),
        ({"sdp": "x", "dialogParams": [1]}, "Dialog data missing"),
        ({"sdp": "x", "dialogParams": {}}, "CallID missing"),
        ({"sdp": "x", "dialogParams": {"callID": None}}, "CallID missing"),
        ({"sdp": "x", "dialogParams": {"callID": 5}}, "CallID missing"),
        ({"sdp": "x", "dialogParams": {"callID": "a b"}}, "CallID invalid"),
        ({"sdp": "x", "dialogParams": {"callID": "x" * 129}}, "CallID invalid"),
        ({"dialogParams": {"callID": "c1"}}, "SDP missing"),
        ({"sdp": 5, "dialogParams": {"callID": "c1"}}, "SDP missing"),
    ],
)
async def test_an_invite_that_lacks_something_is_told_what(world: World, params: dict[str, Any], message: str) -> None:
    """V25, V26."""
    client = await world.client()
    assert await client.error("verto.invite", **params) == {**MALFORMED, "message": message}


@pytest.mark.parametrize("method", ["verto.invite", "verto.answer", "verto.attach", "verto.bye", "verto.modify"])
async def test_call_methods_without_params_are_told_so(world: World, method: str) -> None:
    """V25."""
    client = await world.client()
    client.socket.say({"jsonrpc": "2.0", "method": method, "id": 1})
    assert (await client.reply(1))["error"]["message"] == "Params data missing"


async def test_a_call_id_is_taken_once(world: World) -> None:
    """V26."""
    one, other = await world.client("1000"), await world.client("1001")
    await one.echo("c1")
    for client in (one, other):
        error = await client.error("verto.invite", sdp="x", dialogParams={"callID": "c1", "destination_number": "9196"})
        assert error == {
            "code": -32002,
            "message": "Cannot create channel",
            "causeCode": 7,
            "cause": "CALL_AWARDED_DELIVERED",
        }


class TestLimits:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(calls=1)

    async def test_a_client_has_no_more_than_so_many_calls(self, world: World) -> None:
        client = await world.client("1000", "s")
        await client.echo("c1")
        error = await client.error("verto.invite", sdp="x", dialogParams={"callID": "c2"})
        assert (error["causeCode"], error["cause"]) == (42, "SWITCH_CONGESTION")
        contact = Contact(Address("1000", DOMAIN), "verto", "s")
        with pytest.raises(CallError):
            world.door.dial(contact, offer())


@pytest.mark.parametrize("method", ["verto.answer", "verto.attach", "verto.bye", "verto.modify", "verto.info"])
async def test_a_call_of_somebody_else_does_not_exist(world: World, method: str) -> None:
    """V17: not for another user, and not for another session of the same one."""
    owner, same, stranger = await world.client("1000"), await world.client("1000"), await world.client("1001")
    await owner.echo("c1")
    for client in (same, stranger):
        error = await client.error(method, sdp="x", action="hold", dtmf="1", dialogParams={"callID": "c1"})
        assert error["message"] == GONE
    assert (await owner.result("verto.modify", action="hold", dialogParams={"callID": "c1"}))["holdState"] == "held"


async def test_an_answer_counts_once_and_only_from_who_was_called(world: World) -> None:
    """V28."""
    one, other, mine, invited = await world.pair()
    again = {"sdp": "answer", "dialogParams": {"callID": invited}}
    assert await other.error("verto.answer", **again) == {"code": -32002, "message": "Call already answered"}
    assert (await one.error("verto.answer", sdp="answer", dialogParams={"callID": mine}))["message"] == GONE
    assert (await other.error("verto.answer", dialogParams={"callID": invited}))["message"] == "SDP missing"
    assert len(world.media.tracks[LegId(invited)].sdps) == 1
    assert world.media.bridges


async def test_two_answers_in_one_batch_count_once(world: World) -> None:
    """V28, V7."""
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    params = {"sdp": "answer", "dialogParams": {"callID": (await other.told("verto.invite"))["callID"]}}
    other.socket.say(
        [{"jsonrpc": "2.0", "method": "verto.answer", "params": params, "id": number} for number in (1, 2)]
    )
    [batch] = await other.socket.until(lambda: [each for each in other.socket.heard if isinstance(each, list)])
    assert ["result" in reply for reply in batch] == [True, False]
    await one.told("verto.answer")


async def test_an_answer_that_cannot_be_used_ends_the_leg(world: World) -> None:
    """The error leaves before the bye."""
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    invite = await other.told("verto.invite")
    error = await other.error("verto.answer", sdp="bad", dialogParams={"callID": invite["callID"]})
    assert error == {"code": -32002, "message": "CODEC ERROR"}
    await other.told("verto.bye")
    assert "error" in other.socket.heard[-2]
    assert (await one.told("verto.bye"))["cause"] == "INCOMPATIBLE_DESTINATION"


@pytest.mark.parametrize("failing", [True, False])
async def test_an_answer_to_a_call_that_ends_meanwhile_is_too_late(
    world: World, monkeypatch: pytest.MonkeyPatch, failing: bool
) -> None:
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c1", "1001")
    invited = (await other.told("verto.invite"))["callID"]

    async def end(leg: LegId, sdp: str) -> None:
        world.switch.legs[leg].hangup(Cause.ORIGINATOR_CANCEL)
        if failing:
            raise CallError(Cause.WRONG_CALL_STATE)

    monkeypatch.setattr(world.media, "read_answer", end)
    error = await other.error("verto.answer", sdp="answer", dialogParams={"callID": invited})
    assert error == {"code": -32002, "message": GONE}
    assert (await other.told("verto.bye"))["callID"] == invited


@pytest.mark.parametrize(
    "odd",
    [
        {"useStream": {}, "tag": None, "localTag": [], "audio": "x", "userVariables": [1], "recoverCall": "maybe"},
        {"destination_number": 9196, "caller_id_name": {"a": 1}, "remote_caller_id_name": 5, "screenShare": "true"},
        {"userVariables": {"a": 1, "b": True, "c": "x", "d": None}, "audio": {"echoCancellation": False}, "sdp": 7},
    ],
)
async def test_odd_types_never_fail_a_call(world: World, odd: dict[str, Any]) -> None:
    """V22."""
    client = await world.client()
    said = {"callID": "c1", "destination_number": "9196", **odd}
    await client.result("verto.invite", sdp="offer", dialogParams=said)
    await client.told("verto.answer")


async def test_variables_of_user_login_and_call_are_the_legs(world: World) -> None:
    client = await world.client("admin", "s", userVariables={"team": "red", "on": True, "n": 1})
    await client.echo("c1", userVariables={"email": "a@b.c"}, audio={"autoGainControl": True}, screenShare=True)
    variables = world.switch.legs[LegId("c1")].offer.variables
    assert variables == {
        "team": "red", "on": "true", "moderator": "true", "verto_dvar_email": "a@b.c", "verto_autoGainControl": "true",
        "video_screen_share": "true", "verto_user": f"admin@{DOMAIN}", "presence_id": f"admin@{DOMAIN}",
        "verto_host": DOMAIN, "verto_client_address": "192.0.2.1", "jsock_uuid_str": "s", "chat_proto": "verto",
    }  # fmt: skip


async def test_a_client_says_anew_who_it_is(world: World) -> None:
    """V22: `info` refreshes what the call knows of its client, in bounds, and nothing that is ours to say."""
    client = await world.client("1000", "s")
    call_id = await client.echo("c1", userVariables={"email": "a@b.c", "room": "1"}, audio={"user": "x", "h_a": "x"})
    leg, ours = world.switch.legs[LegId(call_id)], f"1000@{DOMAIN}"
    assert not {"verto_h_a"} & leg.offer.variables.keys()
    said = {"userVariables": {"room": "2"}, "audio": {"noiseSuppression": False, "user": "admin", "host": []}}
    assert await client.result("verto.info", type="mediaSettings", dialogParams={"callID": "c1", **said}) == {}
    found = leg.offer.variables
    assert (found["verto_dvar_email"], found["verto_dvar_room"]) == ("a@b.c", "2")
    assert (found["verto_noiseSuppression"], found["verto_user"]) == ("false", ours)
    for turn in range(20):
        many = {f"n{turn}-{number}": "x" for number in range(64)}
        await client.result("verto.info", dialogParams={"callID": "c1", "userVariables": many})
    assert len(leg.offer.variables) == 256
    assert leg.offer.variables["verto_user"] == ours


async def test_digits_are_heard_and_passed_on(world: World) -> None:
    """V32."""
    one, _, mine, invited = await world.pair()
    leg = world.switch.legs[LegId(mine)]
    assert await one.result("verto.info", dtmf="15#*w", dialogParams={"callID": mine}) == {"message": "SENT"}
    await one.result("verto.info", dtmf=7, dialogParams={"callID": mine})
    await one.result("verto.info", dtmf="aXF@100", dialogParams={"callID": mine})
    assert [leg.digits.get_nowait() for _ in range(leg.digits.qsize())] == list("15#*7AF")
    assert world.media.tracks[LegId(invited)].digits == ["15#*w@250", "7@250", "AF@100"]
    assert await one.result("verto.info", dtmf={}, dialogParams={"callID": mine}) == {"message": "SENT"}


async def test_digits_to_nobody_else_are_only_heard(world: World) -> None:
    client = await world.client()
    await client.echo("c1")
    assert await client.result("verto.info", dtmf="2468", dialogParams={"callID": "c1"}) == {"message": "SENT"}
    assert world.switch.legs[LegId("c1")].digits.qsize() == 4


async def test_info_about_nothing_is_a_success_and_about_no_call_an_error(world: World) -> None:
    """V32."""
    client = await world.client()
    assert await client.result("verto.info") == {}
    assert await client.result("verto.info", dialogParams={"callID": None}, type="mediaSettings", command={}) == {}
    error = await client.error("verto.info", dtmf="1", dialogParams={"callID": "nope"})
    assert error == {"code": -32002, "message": GONE, "callID": "nope"}


async def test_real_time_text_reaches_the_other_client(world: World) -> None:
    one, other, mine, invited = await world.pair()
    assert await one.result("verto.info", txt={"chars": "hi"}, dialogParams={"callID": mine}) == {}
    assert await other.told("verto.info") == {"callID": invited, "txt": {"chars": "hi"}}


async def test_media_that_fails_ends_the_call_with_its_cause(world: World) -> None:
    """V20, as the client sees it; `tests/flows/test_ghosts.py` has the time in it."""
    client = await world.client()
    await client.echo("c1")
    world.media.tracks[LegId("c1")].listener(Failed(Cause.MEDIA_TIMEOUT, "nothing heard"))
    assert (await client.told("verto.bye"))["causeCode"] == 804


async def test_nobody_is_dialled_who_has_left(world: World) -> None:
    client = await world.client("1000", "s")
    contact = client_contact("1000", "s")
    world.door.dial(contact, offer()).hangup(Cause.ORIGINATOR_CANCEL)
    for wrong in (client_contact("1001", "s"), client_contact("1000", "t")):
        with pytest.raises(CallError) as refused:
            world.door.dial(wrong, offer())
        assert refused.value.cause is Cause.DESTINATION_OUT_OF_ORDER
    await client.gone()
    with pytest.raises(CallError):
        world.door.dial(contact, offer())
    assert client.methods() == ["verto.clientReady"]  # a call that was never offered is not taken back


async def test_headers_for_the_application_go_along(world: World) -> None:
    client = await world.client("1000", "s")
    variables = {"verto_h_account": "42", "verto_svar_x": "1", "secret": "no"}
    leg = world.door.dial(client_contact("1000", "s"), offer(variables))
    await leg.place()
    invite = await client.told("verto.invite")
    assert invite["verto_h_account"] == "42"
    assert invite["variables"] == {"verto_svar_x": "1"}
    assert "secret" not in invite


async def test_closing_down_says_bye_to_all(world: World) -> None:
    client: Client = await world.client()
    await client.echo("c1")
    await world.switch.drain(0)
    assert (await client.told("verto.bye"))["cause"] == "SYSTEM_SHUTDOWN"
    error = await client.error("verto.invite", sdp="x", dialogParams={"callID": "c2"})
    assert error["cause"] == "SYSTEM_SHUTDOWN"


def client_contact(user: str, sessid: str) -> Contact:
    """Where a client can be reached."""
    return Contact(Address(user, DOMAIN), "verto", sessid)


def offer(variables: dict[str, str] | None = None) -> Offer:
    """A call to somebody."""
    return Offer(
        Party("Carol", "1003"),
        Party("", "1000"),
        Address("1000", DOMAIN),
        wish=Wish(("opus",)),
        variables=variables or {},
    )
