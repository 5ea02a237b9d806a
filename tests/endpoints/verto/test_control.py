"""Scripts on the Verto socket: they do not get in Verto's way, nor Verto in theirs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any

import pytest

from tests.endpoints.verto.world import AUTH, Client, World
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.records import AuditEntry
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.feed import Feed
from xswitch_py.endpoints.verto.endpoint import Limits
from xswitch_py.endpoints.verto.methods import METHODS as VERTO
from xswitch_py.rpc import visit
from xswitch_py.rpc.answer import IN_FLIGHT, Rpc
from xswitch_py.rpc.methods import METHODS
from xswitch_py.rpc.visit import Programs

UNKNOWN = {"code": -32601, "message": "Invalid Method, Missing Method or Permission Denied"}
CALLS = frozenset({"calls:read", "calls:write", "events:read"})


class Controlled(World):
    """A door with scripts behind it."""

    def __init__(self) -> None:
        super().__init__(Limits())
        words = frozenset({"verto", "XNode", "rpc", "calls", "events"})
        self.grants["operator"] = Permissions(methods=words, api=CALLS)
        self.grants["admin"] = Permissions(methods=words)  # may ask, but do nothing
        self.feed = Feed("test")
        self.audit: list[AuditEntry] = []
        parts: dict[str, Any] = {one.name: None for one in fields(Desk)}
        parts |= {"switch": self.switch, "feed": self.feed, "roles": self.grants, "audit": self.audit.append}
        self.desk = Desk(**{**parts, "version": "1.2.3"})
        self.door.admit(Programs(Rpc(self.desk)))
        self.tasks.append(asyncio.create_task(self.feed.run(self.bus)))

    async def operator(self, user: str = "1010") -> Client:
        """Log a script in."""
        return await self.client(user)


@pytest.fixture
async def at() -> AsyncIterator[Controlled]:
    made = Controlled()
    yield made
    await made.close()


def told(client: Client, method: str) -> list[Any]:
    """Give the parameters of all notifications with this name so far."""
    return [message["params"] for message in client.requests if message["method"] == method]


def test_no_method_is_both_verto_s_and_a_script_s() -> None:
    assert not set(VERTO) & set(METHODS)


async def test_a_script_sees_and_ends_a_call(at: Controlled) -> None:
    one, *_ = await at.pair()
    script = await at.operator()
    reply = await script.ask("calls.list", sessid="s")  # as Verto's clients put it everywhere
    [call] = reply["result"]["items"]
    assert "sessid" not in reply["result"]
    reply = await script.ask("XNode.GetState", uuid="c-one")
    assert (reply["result"]["code"], reply["result"]["bridged"]) == (200, True)
    await script.ask("calls.hangup", call=call["id"], cause="USER_BUSY")
    assert (await one.told("verto.bye"))["cause"] == "USER_BUSY"
    entry = at.audit[-1]
    assert (entry.who, entry.role, entry.host, entry.command) == ("1010", "operator", "192.0.2.1", "calls.hangup")


async def test_before_the_login_there_is_nothing(at: Controlled) -> None:
    stranger = at.connect()
    for method in ("calls.list", "XNode.Hangup", "XNode.Lua", "rpc.discover"):
        assert await stranger.error(method) == AUTH


async def test_a_role_that_may_not_ask_hears_the_same_as_of_unknown_methods(at: Controlled) -> None:
    """V10: an unknown and a forbidden method look alike."""
    user = await at.client("1000")
    for method in ("calls.list", "XNode.Hangup", "XNode.Lua", "rpc.discover", "no.such"):
        assert await user.error(method) == UNKNOWN
    script = await at.operator()
    assert await script.error("users.list") == UNKNOWN  # the role's methods do not name it
    assert (await script.error("XNode.Lua"))["data"]["code"] == "method_not_allowed"


async def test_a_role_without_the_scope_is_refused(at: Controlled) -> None:
    admin = await at.client("admin")
    error = await admin.error("calls.list")
    assert (error["code"], error["data"]["code"]) == (-32003, "forbidden")


async def test_what_a_role_may_changes_at_once(at: Controlled) -> None:
    script = await at.operator()
    assert "result" in await script.ask("calls.list")
    at.grants["operator"] = Permissions(methods=frozenset({"calls"}))
    assert (await script.error("calls.list"))["data"]["code"] == "forbidden"
    at.grants["operator"] = Permissions()
    assert await script.error("calls.list") == UNKNOWN


async def test_who_was_removed_meanwhile_is_not_known(at: Controlled) -> None:
    script = await at.operator()
    del at.people.users["1010"]
    error = await script.error("calls.list")
    assert (error["code"], error["data"]["code"]) == (-32001, "not_authenticated")


async def test_a_long_request_keeps_nothing_else_waiting(at: Controlled) -> None:
    caller = await at.client("1000")
    await caller.echo("c-echo")
    script = await at.operator()
    waiting = {"jsonrpc": "2.0", "id": "long", "method": "XNode.Play", "params": {}}
    waiting["params"] = {"uuid": "c-echo", "media": {"data": "music"}}
    script.socket.say(waiting)
    assert (await script.result("Uas.Ping"))["message"] == "PONG"
    assert "result" in await script.ask("calls.list")
    assert not [message for message in script.socket.heard if message.get("id") == "long"]
    call = f"call_{at.switch.legs[next(iter(at.switch.legs))].call}"
    assert (await script.ask("calls.stop", call=call))["result"]["sounds"] == 1
    assert (await script.reply("long"))["result"]["code"] == 410


async def test_a_socket_has_only_so_many_requests_under_way(at: Controlled) -> None:
    caller = await at.client("1000")
    await caller.echo("c-echo")
    script = await at.operator()
    params = {"uuid": "c-echo", "timeout": 600_000}
    for number in range(IN_FLIGHT):
        script.socket.say({"jsonrpc": "2.0", "id": number, "method": "XNode.ReadDTMF", "params": params})
    error = await script.error("XNode.ReadDTMF", **params)
    assert (error["code"], error["data"]) == (-32029, {"code": "too_many_requests", "retry_after": 1})
    assert (await script.result("Uas.Ping"))["message"] == "PONG"
    await script.gone()
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "a script's request"]


async def test_a_batch_is_answered_in_order_as_one(at: Controlled) -> None:
    script = await at.operator()
    batch = [{"jsonrpc": "2.0", "id": number, "method": "calls.list"} for number in (2, 1)]
    script.socket.say([*batch, {"jsonrpc": "2.0", "method": "calls.list"}])
    replies = await script.socket.until(lambda: next((m for m in script.socket.heard if isinstance(m, list)), None))
    assert [reply["id"] for reply in replies] == [2, 1]


async def test_a_batch_is_verto_s_or_ours(at: Controlled) -> None:
    script = await at.operator()
    names = ("Uas.Ping", "calls.list")
    script.socket.say([{"jsonrpc": "2.0", "id": name, "method": name} for name in names])
    replies = await script.socket.until(lambda: next((m for m in script.socket.heard if isinstance(m, list)), None))
    assert ["result" in reply for reply in replies] == [True, False]
    assert replies[1]["error"] == UNKNOWN


async def test_events_come_after_the_reply_and_until_they_are_not_wanted(at: Controlled) -> None:
    script = await at.operator()
    reply = await script.ask("events.subscribe", types=["Event.Channel", "registration.*"])
    assert reply["result"] == {"types": ["Event.Channel", "registration.*"]}
    caller = await at.client("1000")
    await caller.echo("c-echo")
    await script.socket.until(lambda: len(told(script, "Event.Channel")) >= 2)
    assert [(each["uuid"], each["state"]) for each in told(script, "Event.Channel")][:2] == [
        ("c-echo", "START"),
        ("c-echo", "ANSWERED"),
    ]
    assert [each["type"] for each in told(script, "event")] == ["registration.added"]
    assert not [message for message in script.requests if message["method"] == "event" and "id" in message]
    assert (await script.ask("events.unsubscribe"))["result"] == {"types": []}
    before = len(script.socket.sent)
    await caller.echo("c-two")
    await asyncio.sleep(0)
    assert len(script.socket.sent) == before


async def test_another_user_on_the_socket_hears_nothing_of_what_the_first_wanted(at: Controlled) -> None:
    """X19: what was granted to somebody else ends."""
    script = await at.operator()
    await script.ask("events.subscribe", types=["Event.Channel"])
    await script.login("1000")
    await script.quiet()
    caller = await at.client("1001")
    await caller.echo("c-echo")
    await script.quiet()
    assert told(script, "Event.Channel") == []


async def test_who_may_listen_no_more_is_told_nothing_more(at: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    """X19: also at publish, not only at subscribe."""
    monkeypatch.setattr(visit, "CHECK", 0.01)
    script = await at.operator()
    await script.ask("events.subscribe", types=["Event.Channel"])
    at.grants["operator"] = Permissions(methods=frozenset({"events"}), api=frozenset({"calls:read"}))
    await script.told("events.ended")
    caller = await at.client("1001")
    await caller.echo("c-echo")
    await script.quiet()
    assert told(script, "Event.Channel") == []


async def test_a_lost_socket_takes_its_requests_and_its_events_along(at: Controlled) -> None:
    listeners, subscribers = len(at.bus._listeners), len(at.feed)
    script = await at.operator()
    await script.ask("events.subscribe")
    await script.quiet()
    assert (len(at.bus._listeners), len(at.feed)) == (listeners + 1, subscribers + 1)
    await script.gone()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (len(at.bus._listeners), len(at.feed)) == (listeners, subscribers)
