"""Every row of calls and bridges, over HTTP, with phones that talk: what is heard is measured."""

import asyncio
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import httpx
import numpy as np
import pytest
import pytest_asyncio

from tests.api.conftest import Api, settings
from tests.peers.verto import Call, VertoPeer
from tests.sound import dominant, has_tone, is_silent, power
from xswitch_py import app
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.records import Cdr
from xswitch_py.cli.serve import accounts
from xswitch_py.core.commands import keys
from xswitch_py.models.keys import NewKey

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD: Final = "secret-word"
ONE, OTHER, THIRD = 440.0, 660.0, 880.0  # what they say
TONES: Final = (ONE, OTHER, THIRD)
SOON_S: Final = 5.0

Json = dict[str, Any]
Phone = Callable[[str], Any]


class Desk:
    """The switch, the administrator's client, and phones to log in."""

    def __init__(self, switch: Api, client: httpx.AsyncClient, peers: AsyncExitStack) -> None:
        self.switch, self.client, self._peers = switch, client, peers

    async def phone(self, user: str) -> VertoPeer:
        """Log a phone in."""
        peer = await self._peers.enter_async_context(await VertoPeer.open(self.switch.facts["ws"]))
        await peer.login(user, PASSWORD)
        return peer

    async def up(self, user: str, hz: float = ONE, **wish: Any) -> tuple[str, Call]:
        """Place a call that a phone of its own answers; its id, and the phone's end of it."""
        phone = await self.phone(user)
        asked = asyncio.create_task(self.client.post("/calls", json={"from": user, "wait": True, **wish}))
        call = await phone.answer(await phone.ringing(), hz)
        reply = await asked
        assert reply.status_code == 202, reply.text
        return reply.json()["id"], call

    async def pair(self) -> tuple[str, Call, Call]:
        """Place a call and bridge it to another phone."""
        name, one = await self.up("1000")
        phone = await self.phone("1001")
        asked = asyncio.create_task(self.does(name, "bridge", to="1001", wait=True))
        other = await phone.answer(await phone.ringing(), OTHER)
        assert (await asked)["state"] == "answered"
        return name, one, other

    async def does(self, call: str, what: str, **wish: Any) -> Json:
        """Do something to a call that can be done."""
        reply = await self.client.post(f"/calls/{call}/{what}", json=wish)
        assert reply.is_success, reply.text
        return dict(reply.json())

    async def shown(self, call: str) -> Json:
        """Show a call."""
        return dict((await self.client.get(f"/calls/{call}")).raise_for_status().json())

    async def comes(self, call: str, holds: Callable[[Json], bool]) -> Json:
        """Wait until a call is shown in some way."""
        async with asyncio.timeout(SOON_S):
            while not holds(found := await self.shown(call)):
                await asyncio.sleep(0.02)
        return found

    async def gone(self, call: str) -> None:
        """Wait until a call is over."""
        async with asyncio.timeout(SOON_S):
            while (await self.client.get(f"/calls/{call}")).status_code != 404:
                await asyncio.sleep(0.02)

    async def last_record(self) -> int:
        """Give the number of the newest record of a call."""
        return next(iter([row.id for row in await self.switch.app.desk.stores.cdrs.list(1)]), 0)

    async def record(self, wanted: Callable[[Cdr], bool]) -> Cdr:
        """Wait until the newest record is the one that is wanted, and complete."""
        async with asyncio.timeout(SOON_S):
            while True:
                for row in await self.switch.app.desk.stores.cdrs.list(1):
                    if wanted(row) and row.ended is not None:
                        return row
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def switch() -> AsyncIterator[Api]:
    """One switch for all tests."""
    made = app.build(settings('guard.allow=["127.0.0.0/8"]'), demo=accounts(PASSWORD))
    await made.start()
    try:
        yield Api(made)
    finally:
        made.stop()
        await made.run()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(switch: Api) -> AsyncIterator[Desk]:
    """What a test works with; its calls end with it."""
    async with switch.client() as client, AsyncExitStack() as peers:
        yield Desk(switch, client, peers)
        for call in (await client.get("/calls")).json()["items"]:
            await client.delete(f"/calls/{call['id']}")


@pytest_asyncio.fixture(loop_scope="module")
async def user(switch: Api) -> AsyncIterator[httpx.AsyncClient]:
    """User 1000, by a key."""
    made = switch.app.desk
    maker = made.asker("1000", "operator", user=Address("1000", "localhost"))
    key = await keys.create(made, maker, NewKey(name="a script", scopes=["__ANY__"]))
    async with switch.client(key.secret) as client:
        yield client


async def hears(call: Call, after: float = 0.25) -> float | None:
    """Say which of the tones somebody hears, once what they heard before is through."""
    return dominant(*await call.media.hear(0.3, after), TONES)


# Placing, showing, ending.


async def test_a_call_is_placed_shown_and_hung_up_with_a_cause(desk: Desk) -> None:
    phone = await desk.phone("1000")
    reply = await desk.client.post("/calls", json={"from": "1000", "to": "9196", "caller_name": "The echo"})
    call = reply.json()
    assert (reply.status_code, call["state"], call["answered"]) == (202, "dialing", None)
    assert reply.headers["Location"] == f"/api/v1/calls/{call['id']}"
    invite = await phone.ringing()
    assert invite["caller_id_name"] == "The echo"
    talk = await phone.answer(invite, ONE)
    assert await hears(talk) == ONE
    shown = await desk.shown(call["id"])
    assert (shown["state"], shown["legs"][0]["codec"], shown["user"]) == ("answered", "opus", "1000@localhost")
    assert [each["id"] for each in (await desk.client.get("/calls")).json()["items"]] == [call["id"]]
    reply = await desk.client.delete(f"/calls/{call['id']}", params={"cause": "USER_BUSY"})
    assert (reply.status_code, reply.json()["id"]) == (200, call["id"])
    assert (await talk.ended())["cause"] == "USER_BUSY"
    await desk.gone(call["id"])


async def test_calls_are_listed_in_pages(desk: Desk) -> None:
    await desk.phone("1000")
    names = [(await desk.client.post("/calls", json={"from": "1000"})).json()["id"] for _ in range(3)]
    first = (await desk.client.get("/calls", params={"limit": 2})).json()
    assert ([each["id"] for each in first["items"]], first["next_cursor"]) == (names[:2], names[1])
    last = (await desk.client.get("/calls", params={"limit": 2, "cursor": names[1]})).json()
    assert ([each["id"] for each in last["items"]], last["next_cursor"]) == (names[2:], None)


async def test_the_same_request_sent_twice_is_one_call(desk: Desk) -> None:
    phone = await desk.phone("1000")
    ask = {"json": {"from": "1000"}, "headers": {"Idempotency-Key": "order-7"}}
    replies = await asyncio.gather(*(desk.client.post("/calls", **ask) for _ in range(3)))  # type: ignore[arg-type]
    assert {reply.status_code for reply in replies} == {202}
    assert len({reply.json()["id"] for reply in replies}) == 1
    await phone.ringing()
    assert phone.waiting("verto.invite") == []
    other = await desk.client.post("/calls", json={"from": "1001"}, headers=ask["headers"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await desk.client.get("/calls")).json()["items"]) == 1


@pytest.mark.parametrize(("who", "cause"), [("1000", Cause.USER_BUSY), ("1009", Cause.USER_NOT_REGISTERED)])
async def test_who_waits_hears_why_a_call_failed_and_so_does_its_record(desk: Desk, who: str, cause: Cause) -> None:
    phone, last = await desk.phone("1000"), await desk.last_record()
    asked = asyncio.create_task(desk.client.post("/calls", json={"from": who, "to": "9196", "wait": True}))
    if who == "1000":
        await phone.refuse(await phone.ringing())
    problem = (await asked).json()
    assert (problem["status"], problem["code"], problem["cause"]) == (502, "call_failed", cause.value)
    row = await desk.record(lambda row: row.id > last)
    assert (row.cause, row.answered) == (cause, None)


async def test_a_call_that_nobody_waits_for_fails_into_its_record(desk: Desk) -> None:
    name = (await desk.client.post("/calls", json={"from": "1009"})).json()["id"]
    await desk.gone(name)
    row = await desk.record(lambda row: row.call == name.removeprefix("call_"))
    assert row.cause is Cause.USER_NOT_REGISTERED


async def test_a_call_that_came_in_is_answered_by_a_program(desk: Desk) -> None:
    made = await desk.client.post("/routes", json={"number": "7000", "steps": ["control 30"]})
    phone = await desk.phone("1000")
    try:
        mine = await phone.invite("7000")
        async with asyncio.timeout(SOON_S):
            while not (calls := (await desk.client.get("/calls")).json()["items"]):
                await asyncio.sleep(0.02)
        assert calls[0]["answered"] is None
        assert (await desk.does(calls[0]["id"], "answer"))["state"] == "answered"
        await mine.answered()
        assert (await desk.does(calls[0]["id"], "answer"))["state"] == "answered"  # a second one changes nothing
    finally:
        await desk.client.delete(f"/routes/{made.json()['id']}")


# Two who talk.


async def test_a_bridged_call_hears_the_other_and_is_listed(desk: Desk) -> None:
    name, one, other = await desk.pair()
    assert (await hears(one), await hears(other)) == (OTHER, ONE)
    assert (await desk.shown(name))["state"] == "bridged"
    [bridge] = (await desk.client.get("/bridges")).json()["items"]
    assert (bridge["kind"], bridge["calls"], len(bridge["legs"])) == ("call", [name], 2)
    await other.bye()
    await one.ended()
    await desk.gone(name)


async def test_a_bridge_that_fails_can_leave_the_call_up(desk: Desk) -> None:
    name, one = await desk.up("1000")
    path = f"/calls/{name}/bridge"
    problem = (await desk.client.post(path, json={"to": "1009", "wait": True, "then": "stay"})).json()
    assert (problem["status"], problem["code"], problem["cause"]) == (502, "call_failed", "USER_NOT_REGISTERED")
    assert (await desk.shown(name))["state"] == "answered"
    assert (await desk.client.post(path, json={"to": "1009", "wait": True})).status_code == 502
    assert (await one.ended())["cause"] == "USER_NOT_REGISTERED"


async def test_who_is_held_hears_music_until_it_is_over(desk: Desk) -> None:
    name, _, other = await desk.pair()
    assert (await desk.does(name, "hold"))["state"] == "held"
    sound, rate = await other.media.hear(0.5, 0.3)
    assert not is_silent(sound)
    assert not has_tone(sound, rate, ONE)
    assert (await desk.does(name, "unhold"))["state"] == "bridged"
    assert await hears(other) == ONE


async def test_who_is_muted_is_heard_by_nobody(desk: Desk) -> None:
    name, one, other = await desk.pair()
    assert (await desk.does(name, "mute", side="callee"))["legs"][1]["muted"]
    assert is_silent((await one.media.hear(0.3, 0.3))[0])
    assert await hears(other) == ONE
    await desk.does(name, "mute", side="callee", muted=False)
    assert await hears(one) == OTHER


async def test_the_caller_is_sent_on_and_the_other_let_go(desk: Desk) -> None:
    name, one, other = await desk.pair()
    await desk.does(name, "transfer", to="9196")
    await other.ended()
    assert await hears(one) == ONE
    assert (await desk.shown(name))["state"] == "answered"


async def test_the_callee_is_sent_on_as_a_call_of_its_own(desk: Desk) -> None:
    name, one, other = await desk.pair()
    await desk.does(name, "transfer", to="9196", side="callee")
    await one.ended()
    assert await hears(other) == OTHER
    await desk.gone(name)
    assert len((await desk.client.get("/calls")).json()["items"]) == 1


async def test_a_supervisor_hears_both_and_is_heard_by_none(desk: Desk) -> None:
    name, one, other = await desk.pair()
    phone = await desk.phone("1002")
    made = await desk.client.post(f"/calls/{name}/supervise", json={"by": "1002"})
    assert made.status_code == 202
    third = await phone.answer(await phone.ringing(), THIRD)
    sound, rate = await third.media.hear(0.5, 0.4)
    assert min(power(sound, rate, ONE), power(sound, rate, OTHER)) > 0.1
    assert (await hears(one), await hears(other)) == (OTHER, ONE)
    await desk.client.delete(f"/calls/{name}")
    await third.ended()
    await desk.gone(made.json()["id"])


# One who is alone with a program.


async def test_digits_reach_a_phone(desk: Desk) -> None:
    name, one = await desk.up("1000")
    await desk.does(name, "dtmf", digits="17#")
    assert await one.media.pressed(3) == "17#"


async def test_a_sound_is_played_and_stopped(desk: Desk) -> None:
    name, one = await desk.up("1000")
    assert await desk.does(name, "play", source="silence:60", wait=True) == {"why": "done"}
    assert await desk.does(name, "play", source="music", loop=True) == {"why": "playing"}
    assert not is_silent((await one.media.hear(0.4, 0.4))[0])
    assert await desk.does(name, "stop") == {"sounds": 1, "recordings": 0}
    assert await desk.does(name, "stop") == {"sounds": 0, "recordings": 0}
    asked = asyncio.create_task(desk.does(name, "play", source="silence:60000", wait=True))
    async with asyncio.timeout(SOON_S):
        while (await desk.does(name, "stop"))["sounds"] == 0:
            await asyncio.sleep(0.02)
    assert await asked == {"why": "stopped"}
    missing = await desk.client.post(f"/calls/{name}/play", json={"source": "file:nothing", "wait": True})
    assert (missing.status_code, missing.json()["code"]) in ((502, "call_failed"), (404, "not_found"))


async def test_pressed_digits_are_gathered(desk: Desk) -> None:
    name, one = await desk.up("1000")
    asked = asyncio.create_task(desk.does(name, "gather", most=6, timeout=10, play=["silence:60000"]))
    await one.media.press("42#")
    assert await asked == {"digits": "42", "why": "terminator", "terminator": "#"}
    assert await desk.does(name, "gather", timeout=0) == {"digits": "", "why": "timeout", "terminator": ""}
    assert (await desk.does(name, "gather", wait=False))["why"] == "waiting"


async def test_a_recording_has_what_was_said(desk: Desk) -> None:
    name, _, _ = await desk.pair()
    reply = await desk.client.post(f"/calls/{name}/record", json={"longest": 60})
    begun = reply.json()
    assert (reply.status_code, begun["call"], begun["ended"], begun["why"]) == (201, name, None, "")
    assert begun["users"] == ["1000@localhost", "1001@localhost"]
    await asyncio.sleep(0.8)  # so long is the recording
    assert await desk.does(name, "stop") == {"sounds": 0, "recordings": 1}
    made = desk.switch.app.desk
    async with asyncio.timeout(SOON_S):
        while (row := await made.stores.recordings.get(begun["id"])) is None or row.ended is None:
            await asyncio.sleep(0.02)
    assert row.why == "stopped"
    with wave.open(str(made.recordings / row.file)) as file:
        rate, sound = file.getframerate(), np.frombuffer(file.readframes(1 << 20), "<i2").reshape(-1, 2)
    said, heard = sound[-rate // 2 :, 0], sound[-rate // 2 :, 1]
    assert (dominant(said, rate, TONES), dominant(heard, rate, TONES)) == (ONE, OTHER)


async def test_variables_are_set_and_removed(desk: Desk) -> None:
    name, _ = await desk.up("1000", variables={"order": "7", "queue": "sales"})
    path = f"/calls/{name}/variables"
    reply = await desk.client.patch(path, json={"variables": {"order": "8", "queue": None, "more": "x"}})
    assert reply.json()["variables"] == {"order": "8", "more": "x"} == (await desk.shown(name))["variables"]


# Bridges that programs make.


async def test_calls_are_joined_parted_and_joined_again(desk: Desk) -> None:
    (first, one), (second, other) = await desk.up("1000"), await desk.up("1001", OTHER)
    reply = await desk.client.post("/bridges", json={"calls": [first, second], "then": "stay"})
    bridge = reply.json()
    assert (reply.status_code, bridge["kind"], bridge["calls"]) == (201, "meeting", [first, second])
    assert (await hears(one), await hears(other)) == (OTHER, ONE)
    assert [each["id"] for each in (await desk.client.get("/bridges")).json()["items"]] == [bridge["id"]]
    reply = await desk.client.post(f"/bridges/{bridge['id']}/remove", json={"call": second})
    assert (reply.status_code, reply.json()["calls"]) == (200, [first])
    assert await one.media.flows(0.3) < 5  # what was on its way, and then nothing
    await desk.comes(second, lambda call: call["state"] == "answered")
    reply = await desk.client.post(f"/bridges/{bridge['id']}/add", json={"call": second})
    assert (reply.status_code, reply.json()["calls"]) == (200, [first, second])
    assert await hears(one) == OTHER


async def test_a_third_call_and_a_stranger_find_no_place(desk: Desk) -> None:
    (first, _), (second, _), (third, _) = [await desk.up(name) for name in ("1000", "1001", "1002")]
    bridge = (await desk.client.post("/bridges", json={"calls": [first, second]})).json()["id"]
    full = (await desk.client.post(f"/bridges/{bridge}/add", json={"call": third})).json()
    assert (full["status"], full["state"]) == (409, [first, second])
    strange = (await desk.client.post(f"/bridges/{bridge}/remove", json={"call": third})).json()
    assert (strange["status"], strange["state"]) == (409, "answered")
    for path, wish in (
        ("/bridges/bridge_none/add", {"call": third}),
        ("/bridges/bridge_none/remove", {"call": third}),
        (f"/bridges/{bridge}/add", {"call": "call_none"}),
        ("/bridges", {"calls": [third, "call_none"]}),
    ):
        assert (await desk.client.post(path, json=wish)).status_code == 404, path
    twice = await desk.client.post("/bridges", json={"calls": [third, third]})
    assert (twice.status_code, twice.json()["code"]) == (422, "invalid")
    most = await desk.client.post("/bridges", json={"calls": [first, second, third]})
    assert (most.status_code, most.json()["errors"][0]["pointer"]) == (422, "/calls")


# What is refused.

ROWS: Final[tuple[tuple[str, str, Json | None], ...]] = (
    ("GET", "", None),
    ("DELETE", "", None),
    ("POST", "/answer", None),
    ("POST", "/bridge", {"to": "1002"}),
    ("POST", "/hold", {}),
    ("POST", "/unhold", {}),
    ("POST", "/mute", {}),
    ("POST", "/transfer", {"to": "9196"}),
    ("POST", "/dtmf", {"digits": "1"}),
    ("POST", "/play", {"source": "music"}),
    ("POST", "/stop", None),
    ("POST", "/record", {}),
    ("POST", "/gather", {"timeout": 0}),
    ("POST", "/supervise", {"by": "1002"}),
    ("PATCH", "/variables", {"variables": {}}),
    ("GET", "/trace", None),
    ("GET", "/quality", None),
    ("POST", "/quality", {"mos": 4.0}),
)


@pytest.mark.parametrize(("method", "path", "wish"), ROWS)
async def test_a_call_that_is_not_there_is_not_found(desk: Desk, method: str, path: str, wish: Json | None) -> None:
    for name in ("call_none", "none", "call_", "call_%00", "call_" + "x" * 70):
        problem = (await desk.client.request(method, f"/calls/{name}{path}", json=wish)).json()
        assert (problem["status"], problem["code"]) == (404, "not_found"), name
    assert (await desk.client.request(method, f"/calls/{'x' * 81}{path}", json=wish)).status_code == 422


@pytest.mark.parametrize("what", ["hold", "unhold", "mute", "dtmf", "play", "gather", "record", "transfer"])
async def test_a_side_where_nobody_is_is_a_conflict_with_the_state(desk: Desk, what: str) -> None:
    await desk.phone("1000")
    name = (await desk.client.post("/calls", json={"from": "1000"})).json()["id"]
    wish = {"dtmf": {"digits": "1"}, "play": {"source": "music"}, "transfer": {"to": "9196"}}.get(what, {})
    for side in ("caller", "callee"):
        problem = (await desk.client.post(f"/calls/{name}/{what}", json={**wish, "side": side})).json()
        assert (problem["status"], problem["code"], problem["state"]) == (409, "conflict", "dialing")


@pytest.mark.parametrize(
    ("path", "wish", "pointer"),
    [
        ("", {}, "/from"),
        ("", {"from": "1000", "to": "a b"}, "/to"),
        ("", {"from": "1000", "ring_for": 0}, "/ring_for"),
        ("", {"from": "1000", "ring_for": "5"}, "/ring_for"),
        ("", {"from": "1000", "wait": 1}, "/wait"),
        ("", {"from": "1000", "variables": {"a b": "c"}}, "/variables/a b/[key]"),
        ("", {"from": "1000", "codec": "PCMA"}, "/codec"),
        ("/call_none/bridge", {"to": "1001", "then": "weep"}, "/then"),
        ("/call_none/hold", {"side": "both"}, "/side"),
        ("/call_none/mute", {"muted": "yes"}, "/muted"),
        ("/call_none/transfer", {"to": "sip:1@example.org"}, "/to"),
        ("/call_none/dtmf", {"digits": "12x"}, "/digits"),
        ("/call_none/play", {"source": "file:../secret"}, "/source"),
        ("/call_none/play", {"source": "http://example.org/a.wav"}, "/source"),
        ("/call_none/record", {"longest": 0}, "/longest"),
        ("/call_none/gather", {"most": 129}, "/most"),
        ("/call_none/supervise", {"by": "1002", "mode": "whisper"}, "/mode"),
    ],
)
async def test_what_cannot_be_meant_is_pointed_at(desk: Desk, path: str, wish: Json, pointer: str) -> None:
    problem = (await desk.client.post(f"/calls{path}", json=wish)).json()
    assert (problem["status"], problem["code"]) == (422, "invalid")
    assert pointer in [each["pointer"] for each in problem["errors"]]


async def test_an_unknown_cause_is_refused(desk: Desk) -> None:
    reply = await desk.client.delete("/calls/call_none", params={"cause": "BOREDOM"})
    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/query/cause")


async def test_a_user_places_only_calls_of_their_own(desk: Desk, user: httpx.AsyncClient) -> None:
    phone = await desk.phone("1000")
    for wish in ({"from": "1001"}, {"from": "gateway/carrier/112"}, {"from": "1001|1000"}, {"from": "1000,1001"}):
        assert (await user.post("/calls", json=wish)).status_code == 403, wish
    asked = asyncio.create_task(user.post("/calls", json={"from": "1000", "to": "9196", "wait": True}))
    await phone.answer(await phone.ringing())
    name = (await asked).json()["id"]
    assert [each["id"] for each in (await user.get("/calls")).json()["items"]] == [name]
    out = await user.post(f"/calls/{name}/bridge", json={"to": "gateway/carrier/112"})
    assert (out.status_code, out.json()["code"]) == (403, "forbidden")
    assert (await user.post(f"/calls/{name}/supervise", json={"by": "1000"})).status_code == 403
    assert (await user.delete(f"/calls/{name}")).status_code == 200


async def test_a_user_learns_nothing_of_the_calls_of_others(desk: Desk, user: httpx.AsyncClient) -> None:
    """X19."""
    name, _ = await desk.up("1001")
    assert (await user.get("/calls")).json()["items"] == (await user.get("/bridges")).json()["items"] == []
    for method, path, wish in ROWS:
        reply = await user.request(method, f"/calls/{name}{path}", json=wish)
        assert reply.status_code == (403 if path == "/supervise" else 404), path
    assert (await user.post("/bridges", json={"calls": [name]})).status_code == 404
    bridge = (await desk.client.post("/bridges", json={"calls": [name]})).json()["id"]
    assert (await user.post(f"/bridges/{bridge}/add", json={"call": name})).status_code == 404
    assert (await user.post(f"/bridges/{bridge}/remove", json={"call": name})).status_code == 404
    assert (await desk.shown(name))["state"] == "answered"


async def test_nobody_without_a_key_does_anything(desk: Desk) -> None:
    async with desk.switch.client("") as nobody:
        for method, path, wish in (("POST", "", {"from": "1000"}), *((m, f"/call_none{p}", w) for m, p, w in ROWS)):
            assert (await nobody.request(method, f"/calls{path}", json=wish)).status_code == 401, path
        for path in ("", "/bridge_none/add", "/bridge_none/remove"):
            assert (await nobody.post(f"/bridges{path}", json={"calls": [], "call": ""})).status_code == 401
