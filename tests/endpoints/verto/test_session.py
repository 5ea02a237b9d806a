"""Frames in and out, logging in, taking over, being silent."""

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.endpoints.verto.world import AUTH, World
from xswitch_py.base.address import Address
from xswitch_py.base.user import User
from xswitch_py.endpoints.verto.endpoint import Limits
from xswitch_py.logs import redact

INVALID = {"code": -32600, "message": "Invalid Request"}
NO_MESSAGE = {"code": -32600, "message": "Invalid message"}
PONG = {"message": "PONG", "sessid": "s"}
NO_METHOD = {"code": -32601, "message": "Invalid Method, Missing Method or Permission Denied"}
FAILED = {"code": -32001, "message": "Authentication Failure"}


async def test_the_stock_client_logs_in_by_two_bare_logins_and_a_real_one(world: World) -> None:
    """V14, V8, V13."""
    client = world.connect("sess")
    for _ in range(2):
        assert await client.error("login", sessid="sess") == AUTH
    reply = await client.login("1000", loginParams={}, userVariables={})
    assert reply["result"] == {"message": "logged in", "sessid": "sess"}
    assert await client.told("verto.clientReady") == {"reattached_sessions": []}
    await client.login("1000")
    await client.quiet()
    assert client.methods() == ["verto.clientReady"]


async def test_other_requests_before_login_are_challenged_and_work_afterwards(world: World) -> None:
    """V14: also methods that do not exist."""
    client = world.connect()
    for method in ("verto.ping", "no.such", "Uas.Ping"):
        assert await client.error(method) == AUTH
    await client.login("1000")
    assert await client.result("verto.ping") == {"message": "PONG"}


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"login": "1000", "passwd": "wrong"}, FAILED),
        ({"login": "nobody", "passwd": "1234"}, FAILED),
        ({"login": "1000"}, {"code": -32001, "message": "Missing passwd"}),
        ({"login": "1000", "passwd": ""}, {"code": -32001, "message": "Missing passwd"}),
        ({"login": "@pbx.test", "passwd": "1234"}, {"code": -32001, "message": "Missing or improper credentials"}),
        ({"login": "", "passwd": "1234"}, AUTH),
        ({"login": {"a": 1}, "passwd": "1234"}, AUTH),
    ],
)
async def test_a_login_that_fails_says_why_and_no_more(world: World, params: dict[str, Any], error: object) -> None:
    """V15: an unknown user and a wrong password look the same."""
    client = world.connect()
    assert await client.error("login", **params) == error
    assert await client.error("verto.ping") == AUTH
    assert "result" in await client.login("1000")


async def test_a_login_without_params_is_told_so(world: World) -> None:
    client = world.connect()
    client.socket.say({"jsonrpc": "2.0", "method": "login", "id": 1})
    assert (await client.reply(1))["error"] == {"code": -32001, "message": "Missing params"}


async def test_a_password_may_be_a_number_and_a_domain_any(world: World) -> None:
    client = world.connect()
    assert "result" in await client.ask("login", login="1000@elsewhere.example", passwd=1234)


async def test_flags_of_the_user_are_told_at_login(world: World) -> None:
    client = world.connect("s")
    reply = await client.login("admin")
    assert reply["result"] == {"message": "logged in", "moderator": True, "sessid": "s"}


@pytest.mark.parametrize("sessid", ["", "with space", "x" * 129, "<script>"])
async def test_who_gives_no_usable_sessid_gets_one(world: World, sessid: str) -> None:
    client = world.connect(sessid)
    reply = await client.login("1000")
    assert len(reply["result"]["sessid"]) == 36


async def test_a_second_login_replaces_the_user(world: World) -> None:
    client = await world.client("1000")
    assert "result" in await client.login("1001")
    await client.quiet()
    assert world.registry.find(Address("1000", "pbx.test")) == ()
    assert len(world.registry.find(Address("1001", "pbx.test"))) == 1


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        ("{not json", {"id": None, "error": INVALID}),
        (b"\0\1", {"id": None, "error": INVALID}),
        ("[" * 900, {"id": None, "error": INVALID}),
        ("42", {"id": None, "error": NO_MESSAGE}),
        ("{}", {"id": None, "error": NO_MESSAGE}),
        ('{"jsonrpc":"1.0","method":"verto.ping","id":1}', {"id": 1, "error": NO_MESSAGE}),
        ('{"jsonrpc":"2.0","method":"verto.ping","id":[1]}', {"id": None, "error": NO_MESSAGE}),
        ('{"jsonrpc":"2.0","method":"verto.ping","id":{}}', {"id": None, "error": NO_MESSAGE}),
        ('{"jsonrpc":"2.0","method":"verto.ping","id":true}', {"id": None, "error": NO_MESSAGE}),
        ('{"jsonrpc":"2.0","method":"verto.ping","id":NaN}', {"id": None, "error": INVALID}),
        ('{"jsonrpc":"2.0","method":"verto.ping","id":1e999}', {"id": None, "error": INVALID}),
        ('{"jsonrpc":"2.0","method":"verto.ping","id":"\\ud800"}', {"id": None, "error": INVALID}),
        ('{"jsonrpc":"2.0","id":5}', {"id": 5, "error": NO_METHOD}),
        ('{"jsonrpc":"2.0","method":7,"id":5}', {"id": 5, "error": NO_METHOD}),
        ('{"jsonrpc":"2.0","method":"verto.","params":{},"id":5}', {"id": 5, "error": NO_METHOD}),
        ('{"jsonrpc":"2.0","method":"echo","params":{},"id":5}', {"id": 5, "error": NO_METHOD}),
        ('{"jsonrpc":"2.0","method":"verto.ping","params":[1,2],"id":9}', {"id": 9, "result": PONG}),
        ('{"jsonrpc":"2.0","method":"verto.ping","id":null}', {"id": None, "result": PONG}),
    ],
)  # fmt: skip
async def test_every_odd_frame_has_its_reply_and_the_socket_lives(world: World, frame: str | bytes, reply: Any) -> None:
    """V2, V10, V16."""
    client = await world.client("1000", "s")
    before = len(client.socket.heard)
    client.socket.say(frame)
    await client.quiet()
    assert client.socket.heard[before] == {"jsonrpc": "2.0", **reply}
    assert client.socket.code is None


@pytest.mark.parametrize("request_id", [0, -1, "text", "", 1.5, 123456789012345678901234567890])
async def test_ids_are_echoed_exactly(world: World, request_id: Any) -> None:
    """V3."""
    client = await world.client()
    client.socket.say({"jsonrpc": "2.0", "method": "verto.ping", "params": {}, "id": request_id})
    assert (await client.reply(request_id))["result"]["message"] == "PONG"


@pytest.mark.parametrize(
    "frame",
    [
        "",
        '{"jsonrpc":"2.0","result":{},"id":999}',
        '{"jsonrpc":"2.0","error":{"code":1},"id":1}',
        '{"jsonrpc":"2.0","method":"verto.ping"}',
        '{"jsonrpc":"2.0","method":"no.such"}',
        '[{"jsonrpc":"2.0","method":"verto.ping"}]',
        "#",
        "#XY",
    ],
)
async def test_replies_notifications_and_nothing_get_no_reply(world: World, frame: str) -> None:
    """V5, V6."""
    client = await world.client()
    before = len(client.socket.sent)
    client.socket.say(frame)
    await client.ask("verto.ping")
    assert len(client.socket.sent) == before + 1


async def test_a_batch_gets_an_array_of_replies_in_order(world: World) -> None:
    """V7, V8."""
    client = await world.client("1000", "s")
    pings = [
        {"jsonrpc": "2.0", "method": method, "id": number}
        for number, method in enumerate(("verto.ping", "no", "Uas.Ping"))
    ]
    client.socket.say([pings[0], {"jsonrpc": "2.0", "method": "verto.ping"}, *pings[1:]])
    [batch] = await client.socket.until(
        lambda: [message for message in client.socket.heard if isinstance(message, list)]
    )
    assert [reply["id"] for reply in batch] == [0, 1, 2]
    assert batch[0]["result"] == {"message": "PONG", "sessid": "s"}
    assert batch[1]["error"] == NO_METHOD
    client.socket.say("[]")
    await client.socket.until(lambda: [] in client.socket.heard)
    client.socket.say(pings * 11)
    await client.socket.until(lambda: {"jsonrpc": "2.0", "id": None, "error": INVALID} in client.socket.heard)


async def test_echo_gives_back_what_was_sent(world: World) -> None:
    client = await world.client("1010", "s")
    sent = {"a": 1, "echoParams": True}
    assert await client.result("echo", **sent) == {**sent, "requestParams": sent}
    assert (await client.result("verto.ping", echoParams="mark"))["requestParams"] == "mark"
    client.socket.say({"jsonrpc": "2.0", "method": "echo", "id": 1})
    assert (await client.reply(1))["error"] == {"code": -32002, "message": "Params data missing"}


async def test_pings_are_answered_whatever_the_permissions(world: World) -> None:
    """V35, V36."""
    client = await world.client()
    assert await client.result("verto.ping") == {"message": "PONG"}
    assert await client.result("Uas.Ping") == {"message": "PONG"}


async def test_every_request_of_ours_has_a_number_and_an_object_of_params(world: World) -> None:
    """V4."""
    one, other, *_ = await world.pair()
    for message in (*one.requests, *other.requests):
        assert message["id"] > 0
        assert isinstance(message["params"], dict)


async def test_the_same_user_takes_over_a_session(world: World) -> None:
    """V11: the old socket is punted and closed."""
    old = await world.client("1000", "s")
    new = await world.client("1000", "s")
    assert await old.told("verto.punt") == {}
    assert old.socket.code == 1000
    await old.serving
    assert await new.result("verto.ping") == {"message": "PONG"}
    assert [contact.key for contact in world.registry.find(Address("1000", "pbx.test"))] == ["s"]


async def test_a_login_that_ends_after_the_session_was_taken_over_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V11: who took over can still be reached."""
    directory, asked, checked = world.switch.services.directory, asyncio.Event(), asyncio.Event()
    login = directory.login

    async def slow(name: str, password: str, host: str) -> User:
        if name.startswith("1001"):
            asked.set()
            await checked.wait()
        return await login(name, password, host)

    monkeypatch.setattr(directory, "login", slow)
    old = await world.client("1000", "s")
    old.socket.say({"jsonrpc": "2.0", "method": "login", "params": {"login": "1001", "passwd": "1234"}, "id": 1})
    await asked.wait()
    await world.client("1000", "s")
    checked.set()
    await old.serving
    assert [contact.key for contact in world.registry.find(Address("1000", "pbx.test"))] == ["s"]
    assert world.registry.find(Address("1001", "pbx.test")) == ()


async def test_another_user_cannot_take_a_session(world: World) -> None:
    """V12: the owner is undisturbed, and who tried is put out."""
    owner = await world.client("1000", "s")
    thief = world.connect("s")
    assert (await thief.login("1001", "wrong"))["error"] == FAILED
    assert (await thief.login("1001"))["error"] == {"code": -32001, "message": "Session in use"}
    await thief.serving
    assert thief.socket.code == 1000
    assert await owner.result("verto.ping") == {"message": "PONG"}
    assert owner.methods() == ["verto.clientReady"]


async def test_a_client_can_be_reached_from_login_to_its_end(world: World) -> None:
    client = await world.client("1000", "s")
    [contact] = world.registry.find(Address("1000", "pbx.test"))
    assert (contact.door, contact.key) == ("verto", "s")
    await client.gone()
    assert world.registry.find(Address("1000", "pbx.test")) == ()


class TestSilence:
    """Sockets that say nothing."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(login=0.02, idle_ping=0.02)

    async def test_a_stranger_is_put_out(self, world: World) -> None:
        client = world.connect()
        async with asyncio.timeout(5):
            await client.serving
        assert client.socket.code == 1008

    async def test_a_silent_client_is_pinged_again_and_again(self, world: World) -> None:
        """V35."""
        client = await world.client()
        for _ in range(2):
            ping = await client.told("verto.ping")
            assert ping["serno"] > 1_000_000_000
        client.socket.say({"jsonrpc": "2.0", "id": client.requests[-1]["id"], "result": {"method": "verto.ping"}})
        assert await client.result("verto.ping") == {"message": "PONG"}


class TestADeadlineLongerThanSilence:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(login=0.3, idle_ping=0.05)

    async def test_a_client_is_pinged_by_its_silence_alone(self, world: World) -> None:
        """V35: it does not wait for the deadline that strangers have."""
        start = asyncio.get_running_loop().time()
        client = await world.client()
        await client.told("verto.ping")
        assert asyncio.get_running_loop().time() - start < 0.3

    async def test_a_stranger_is_put_out_by_the_deadline_however_much_it_says(self, world: World) -> None:
        client = world.connect()
        start = asyncio.get_running_loop().time()
        async with asyncio.timeout(5):
            while client.socket.code is None:
                client.socket.say({"jsonrpc": "2.0", "method": "login", "params": {}, "id": 1})
                await asyncio.wait((client.serving,), timeout=0.01)
        assert client.socket.code == 1008
        assert asyncio.get_running_loop().time() - start >= 0.29
        assert "verto.ping" not in client.methods()


async def test_secrets_are_masked_in_the_log(world: World) -> None:
    with capture_logs() as logs:
        client = await world.client("1000", loginParams={"xui_sessid": 'tok\\"en'})
        await client.login("1000", "wrong")
        await client.invite("c1", "9196", "a=ice-ufrag:abcd\r\na=ice-pwd:hidden-pwd\r\n")
        await client.told("verto.answer")
    text = repr([redact(None, "", entry) for entry in logs])
    assert "verto.invite" in text and "abcd" in text
    assert not [secret for secret in ("1234", "wrong", "tok", "hidden") if secret in text.replace("user", "")]


async def test_a_method_that_fails_by_our_fault_says_nothing_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await world.client()
    monkeypatch.setattr(world.media, "open", lambda *_: 1 / 0)
    error = await client.error("verto.invite", sdp="x", dialogParams={"callID": "c1", "destination_number": "9196"})
    assert error == {"code": -32002, "message": "Internal error"}
    assert await client.result("verto.ping") == {"message": "PONG"}


async def test_a_message_is_valid_json_whatever_a_peer_put_into_it(world: World) -> None:
    client = await world.client("1010")
    odd = {"a": "\u2028\u0000\x7f", "b": 1e308, "c": [None, True, {}]}
    assert await client.result("echo", **odd) == odd
    assert all(json.loads(text) for text, _ in client.socket.sent)
