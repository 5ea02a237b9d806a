"""Event channels, presence and chat."""

from typing import Any

import pytest

from tests.endpoints.verto.world import DOMAIN, Client, World
from xswitch_py.base.address import Address
from xswitch_py.base.permissions import Permissions
from xswitch_py.core.endpoint import Message
from xswitch_py.core.registry import Contact

REFUSED = {"code": -32002, "message": "Permission Denied"}


async def test_subscribing_lists_what_was_granted_known_and_refused(world: World) -> None:
    """V42, V43, V49."""
    client = await world.client("1010")
    assert await client.result("verto.subscribe", eventChannel="demo", subParams={}) == {"subscribedChannels": ["demo"]}
    again = await client.result("verto.subscribe", eventChannel="demo")
    assert again == {"subscribedChannels": ["demo"], "alreadySubscribedChannels": ["demo"]}
    many = await client.result("verto.subscribe", eventChannel=["presence", None, 7, "", "secret", {}, "demo.room1"])
    assert many == {"subscribedChannels": ["presence", "demo.room1"], "unauthorizedChannels": ["secret"]}
    assert await client.error("verto.subscribe", eventChannel="secret") == {
        **REFUSED,
        "unauthorizedChannels": ["secret"],
    }
    assert await client.error("verto.subscribe") == REFUSED


async def test_nothing_is_subscribed_without_a_grant_but_what_is_ones_own(world: World) -> None:
    """V16, V17: neither a session nor a call of somebody else."""
    client = await world.client("1000", "s")
    await client.echo("c1")
    assert await client.result("verto.subscribe", eventChannel=["s", "c1"]) == {"subscribedChannels": ["s", "c1"]}
    assert (await client.error("verto.subscribe", eventChannel=["demo", "other"]))["message"] == "Permission Denied"
    stranger = await world.client("1001")
    assert (await stranger.error("verto.subscribe", eventChannel=["s", "c1"]))["message"] == "Permission Denied"


@pytest.mark.parametrize("name", ["presence", "presence.1001", "demo", "demo.room1", "FSevent", "conference-chat"])
async def test_nobody_gets_into_a_channel_by_its_name(world: World, name: str) -> None:
    """V16, X19: sessions and calls are channels of their own, so none is named like one that must be granted."""
    spy = await world.client("1000", name)
    error = await spy.error("verto.invite", sdp="offer", dialogParams={"callID": name, "destination_number": "9196"})
    assert error["message"] == "CallID invalid"
    assert await spy.error("verto.subscribe", eventChannel=name) == {**REFUSED, "unauthorizedChannels": [name]}
    one, other = await world.client("1010"), await world.client("1011")
    await other.result("verto.subscribe", eventChannel="demo")
    await one.result("verto.broadcast", eventChannel="demo", data=1, localBroadcast=True)
    assert (await other.told("verto.event"))["data"] == 1
    await spy.quiet()
    assert "verto.event" not in spy.methods()


async def test_unsubscribing(world: World) -> None:
    client = await world.client("1010")
    await client.result("verto.subscribe", eventChannel=["demo", "presence"])
    assert await client.result("verto.unsubscribe", eventChannel="demo") == {"unsubscribedChannels": ["demo"]}
    error = await client.error("verto.unsubscribe", eventChannel="demo")
    assert error == {"code": -32002, "message": "Not subscribed", "notSubscribedChannels": ["demo"]}
    both = await client.result("verto.unsubscribe", eventChannel=["presence", "never"])
    assert both == {"unsubscribedChannels": ["presence"], "notSubscribedChannels": ["never"]}
    assert await client.result("verto.unsubscribe") == {}


async def test_a_broadcast_reaches_subscribers_if_the_sender_says_so(world: World) -> None:
    """V44, V45: once, numbered, and with the true sender."""
    sender, listener = await world.client("1010", "s"), await world.client("1011")
    await listener.result("verto.subscribe", eventChannel=["demo", "demo.room1"])
    spoof = {"userid": "admin@pbx.test", "fromDisplay": "Admin", "sessid": "other"}
    assert await sender.result("verto.broadcast", eventChannel="demo", data={"hello": "all"}) == {}
    await sender.result("verto.broadcast", eventChannel="demo", data={"hello": 1}, localBroadcast=True, **spoof)
    await sender.result("verto.broadcast", eventChannel="demo.room1", data="two", localBroadcast="true")
    await sender.result("verto.broadcast", eventChannel="demo.room2", data="three", localBroadcast=True)
    true = {"localBroadcast": True, "userid": f"1010@{DOMAIN}", "fromDisplay": "User 1010", "sessid": "s"}
    expected = [
        {"eventChannel": "demo", "data": {"hello": 1}, **true, "eventSerno": 0, "subscribedChannel": "demo"},
        {"eventChannel": "demo.room1", "data": "two", **true, "localBroadcast": "true", "eventSerno": 0,
         "subscribedChannel": "demo.room1"},
        {"eventChannel": "demo.room2", "data": "three", **true, "eventSerno": 1, "subscribedChannel": "demo"},
    ]  # fmt: skip
    assert [await listener.told("verto.event") for _ in range(3)] == expected
    await listener.quiet()
    assert listener.methods().count("verto.event") == 3
    assert not [urgent for text, urgent in listener.socket.sent if "verto.event" in text and urgent]  # V46


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"data": 1}, "eventChannel not specified."),
        ({"eventChannel": ["demo"]}, "eventChannel not specified."),
        ({"eventChannel": "secret", "data": 1}, "Permission Denied."),
        ({"eventChannel": "FSevent.x", "data": 1}, "Permission Denied."),
    ],
)
async def test_a_refused_broadcast_is_an_error(world: World, params: dict[str, Any], message: str) -> None:
    """V44."""
    client = await world.client("1010")
    assert await client.error("verto.broadcast", **params) == {"code": -32002, "message": message}


async def test_an_event_for_one_goes_to_that_one(world: World) -> None:
    """V45: by its sessid, or by a call of its."""
    client, admin = await world.client("1000", "s"), await world.client("admin")
    await client.echo("c1")
    await admin.result("verto.subscribe", eventChannel=["s", "c1"])
    for channel in ("s", "c1"):
        await admin.result("verto.broadcast", eventChannel=channel, data=1, localBroadcast=True)
        assert (await client.told("verto.event"))["eventChannel"] == channel
    await admin.quiet()
    assert "verto.event" not in admin.methods()


async def test_who_has_left_gets_no_more(world: World) -> None:
    one, other = await world.client("1010"), await world.client("1011", "s")
    await other.result("verto.subscribe", eventChannel="demo")
    await other.gone()
    back = await world.client("1011", "s")
    await one.result("verto.broadcast", eventChannel="demo", data=1, localBroadcast=True)
    await back.quiet()
    assert "verto.event" not in back.methods()


async def test_who_logs_in_as_another_user_has_that_users_channels_only(world: World) -> None:
    """V16."""
    client, sender = await world.client("1010"), await world.client("1011")
    await client.result("verto.subscribe", eventChannel="demo")
    for user, heard in (("1010", 1), ("1000", 1)):
        assert "result" in await client.login(user)
        await sender.result("verto.broadcast", eventChannel="demo", data=1, localBroadcast=True)
        await client.quiet()
        assert client.methods().count("verto.event") == heard


async def test_guests_see_what_is_granted_and_else_what_is_public(world: World) -> None:
    """A grant that was taken back counts at once."""
    admin, guest = await world.client("admin"), await world.client("guest1")
    await guest.result("verto.subscribe", eventChannel="demo")
    for word in ("private", "public"):
        await admin.result("verto.broadcast", eventChannel="demo", localBroadcast=True, contentVisibility=word)
    world.grants["operator"] = Permissions(methods=frozenset({"verto"}))
    for word in ("private", "public"):
        await admin.result("verto.broadcast", eventChannel="demo", localBroadcast=True, contentVisibility=word)
    assert [(await guest.told("verto.event"))["contentVisibility"] for _ in range(3)] == ["private", "public", "public"]
    await guest.quiet()
    assert guest.methods().count("verto.event") == 3


async def test_there_are_only_so_many_subscriptions_and_names_are_short(world: World) -> None:
    client = await world.client("admin")
    names = [f"n{number}" for number in range(1001)]
    assert (await client.result("verto.subscribe", eventChannel=names))["unauthorizedChannels"] == ["n1000"]
    assert (await client.error("verto.subscribe", eventChannel="x" * 257))["message"] == "Permission Denied"


# Presence


async def presence(client: Client, count: int) -> list[tuple[str, str, str]]:
    """The next changes: whose, from what, to what."""
    found = []
    for _ in range(count):
        event = await client.told("verto.event")
        data = event["data"]
        found.append(
            (data["channelPresenceID"].partition("@")[0], data["originalChannelCallState"], data["channelCallState"])
        )
    return found


async def test_presence_shows_who_is_on_a_call(world: World) -> None:
    watcher, caller = await world.client("1010"), await world.client("1000")
    await watcher.result("verto.subscribe", eventChannel="presence")
    await caller.echo("c1")
    event = await watcher.told("verto.event")
    data = {
        "channelCallState": "RINGING", "originalChannelCallState": "DOWN", "channelState": "CS_ROUTING",
        "callerUserName": f"1000@{DOMAIN}", "callerIDName": "User 1000", "callerIDNumber": "1000",
        "calleeIDName": "Outbound Call", "calleeIDNumber": "9196", "channelUUID": "c1",
        "presenceCallDirection": "inbound", "channelPresenceID": f"1000@{DOMAIN}",
    }  # fmt: skip
    assert event == {
        "data": data,
        "eventChannel": f"presence.1000@{DOMAIN}",
        "eventSerno": 0,
        "subscribedChannel": "presence",
    }
    for action in ("hold", "unhold"):
        await caller.result("verto.modify", action=action, dialogParams={"callID": "c1"})
    await caller.result("verto.bye", dialogParams={"callID": "c1"})
    assert await presence(watcher, 5) == [
        ("1000", "RINGING", "EARLY"),
        ("1000", "EARLY", "ACTIVE"),
        ("1000", "ACTIVE", "HELD"),
        ("1000", "HELD", "UNHELD"),
        ("1000", "UNHELD", "HANGUP"),
    ]


async def test_a_caller_who_hears_ringback_is_early_once(world: World) -> None:
    """As in FreeSWITCH: a caller's media is up before its call is."""
    watcher = await world.client("1010")
    await watcher.result("verto.subscribe", eventChannel=f"presence.1000@{DOMAIN}")
    await world.pair()
    assert await presence(watcher, 3) == [
        ("1000", "DOWN", "RINGING"),
        ("1000", "RINGING", "EARLY"),
        ("1000", "EARLY", "ACTIVE"),
    ]


async def test_presence_of_a_callee(world: World) -> None:
    watcher = await world.client("1010")
    await watcher.result("verto.subscribe", eventChannel=f"presence.1001@{DOMAIN}")
    await world.pair()
    assert await presence(watcher, 3) == [
        ("1001", "DOWN", "DIALING"),
        ("1001", "DIALING", "RINGING"),
        ("1001", "RINGING", "ACTIVE"),
    ]


async def test_a_new_watcher_is_shown_what_is_up(world: World) -> None:
    await world.pair()
    everybody, one = await world.client("1010"), await world.client("1011")
    await everybody.result("verto.subscribe", eventChannel="presence")
    await one.result("verto.subscribe", eventChannel=f"presence.1001@{DOMAIN}")
    assert {who for who, _, now in await presence(everybody, 2) if now == "ACTIVE"} == {"1000", "1001"}
    assert (await presence(one, 1))[0][0] == "1001"
    await one.result("verto.subscribe", eventChannel=f"presence.1009@{DOMAIN}")
    await one.quiet()
    assert one.methods().count("verto.event") == 1


# Chat


async def test_chat_reaches_all_sockets_of_the_addressee(world: World) -> None:
    """V33, V34: the sender is the socket's user, whatever is said."""
    one, *others = [await world.client(user) for user in ("1000", "1001", "1001")]
    said = {
        "from": "admin@pbx.test",
        "to": "1001@pbx.test",
        "body": "hello \u260e",
        "from_msg_name": "Bob",
        "from_user": "admin",
        "x": 1,
    }
    assert await one.result("verto.info", msg=said) == {"message": "SENT"}
    for client in others:
        assert await client.told("verto.info") == {
            "msg": {
                "from": "1000@pbx.test", "to": "1001@pbx.test", "body": "hello \u260e", "from_msg_name": "Bob",
                "from_user": "1000", "from_host": "pbx.test", "from_full": "1000",
            }
        }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"to": "nobody@pbx.test", "body": "x"}, "SENT"),
        ({"to": "1001", "body": "to a bare number"}, "SENT"),
        ({"to": "verto+1001", "body": 5}, "SENT"),
        ({"to": "conf+3000@pbx.test", "body": "x"}, "SENT"),
        ({"to": "1001", "body": "x", "inDialog": "true"}, "SENT"),
        ({"to": "api+reloadxml", "body": "x"}, "INVALID MESSAGE unknown protocol"),
        ({"to": "1001"}, "INVALID MESSAGE to and body params required"),
        ({"body": "x"}, "INVALID MESSAGE to and body params required"),
        (None, "INVALID MESSAGE to and body params required"),
        ([], "INVALID MESSAGE to and body params required"),
    ],
)
async def test_chat_is_sent_or_refused(world: World, said: object, answer: str) -> None:
    """V33."""
    client, other = await world.client("1000"), await world.client("1001")
    reply = await client.ask("verto.info", msg=said)
    assert reply.get("result", reply.get("error"))["message"] == answer
    assert reply.get("error", {"code": -32002})["code"] == -32002
    await other.quiet()
    reached = isinstance(said, dict) and answer == "SENT" and "1001" in said["to"] and "inDialog" not in said
    assert ("verto.info" in other.methods()) == reached


async def test_a_message_for_who_has_left_is_not_delivered(world: World) -> None:
    client = await world.client("1000", "s")
    message = Message(Address("1001", DOMAIN), Address("1000", DOMAIN), "hi")
    assert world.door.deliver(Contact(Address("1000", DOMAIN), "verto", "s"), message)
    assert (await client.told("verto.info"))["msg"]["body"] == "hi"
    assert not world.door.deliver(Contact(Address("1000", DOMAIN), "verto", "t"), message)
