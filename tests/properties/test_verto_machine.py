"""Whatever happens to a Verto door, in whatever order, it keeps its promises."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.endpoints.verto.world import World
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import ProtocolError
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.endpoint import Limits
from xswitch_py.endpoints.verto.machine import (
    Answer,
    Answered,
    Arm,
    Attached,
    Bye,
    Dialog,
    Disarm,
    Display,
    Effect,
    End,
    Expired,
    Invite,
    Kept,
    Left,
    Lost,
    Media,
    Renewed,
    Send,
    State,
    Suspend,
    Update,
    Watch,
)
from xswitch_py.endpoints.verto.methods import METHODS as METHOD_TABLE
from xswitch_py.endpoints.verto.visit import Bound, Displaced, Gone, Greeted, Silent, Visit, VisitEvent

PARTY = Party("x", "1")
EVENTS = st.lists(
    st.sampled_from(
        [
            Invite("s"), Media("s"), Answer("s"), Answer(None), Answered(PARTY), Display(PARTY), Bye(Cause.CRASH),
            Left(Cause.USER_BUSY), Lost(), Lost(keeps=True), Renewed("s"), Kept(), Attached(), Expired(), Update("s"),
        ]
    )
)  # fmt: skip
VISITS: st.SearchStrategy[list[VisitEvent]] = st.lists(
    st.sampled_from([Bound(), Greeted(()), Silent(), Displaced(), Gone()])
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
METHODS = st.sampled_from([*METHOD_TABLE, "nosuch", ""])
NAMES = st.sampled_from(
    "sdp dialogParams action dtmf txt msg eventChannel data command cmd arg cause causeCode destination replaceCallID"
    " localBroadcast echoParams sessid login passwd userVariables asked self".split()
)
DIALOGS = st.fixed_dictionaries(
    {},
    optional={
        "callID": st.sampled_from(["c1", "c2"]) | JSON,
        "destination_number": st.sampled_from(["9196", "1001", "9486"]) | JSON,
        "userVariables": JSON,
        "recoverCall": JSON,
    },
)
ACTIONS = st.sampled_from(["hold", "unhold", "toggleHold", "transfer", "replace", "videoRefresh"])
PARAMS = st.dictionaries(NAMES, JSON, max_size=4) | st.builds(
    lambda dialog, more: {"sdp": "s", **more, "dialogParams": dialog},
    DIALOGS,
    st.fixed_dictionaries(
        {}, optional={"action": ACTIONS, "dtmf": JSON, "destination": JSON, "msg": JSON, "txt": JSON}
    ),
)
REQUESTS = st.fixed_dictionaries({"jsonrpc": st.just("2.0"), "method": METHODS, "params": PARAMS | JSON, "id": JSON})
FRAMES = (
    REQUESTS.map(json.dumps)
    | st.lists(REQUESTS, max_size=3).map(json.dumps)
    | JSON.map(json.dumps)
    | st.text()
    | st.binary()
)


def run(dialog: Dialog, events: list[Any], check: Callable[[State, list[Effect]], None]) -> None:
    """Let everything happen that can."""
    for event in events:
        before = dialog.state
        with suppress(ProtocolError):
            check(before, dialog.receive(event))


@given(st.booleans(), st.booleans(), EVENTS)
def test_a_dialog_ends_once_and_tells_one_side_only(outbound: bool, recover: bool, events: list[Any]) -> None:
    """V19: whoever ended it is not told."""
    dialog, said = Dialog("c", outbound, PARTY, PARTY, {}, {}, recover), list[Effect]()
    run(dialog, events, lambda _, effects: said.extend(effects))
    ends = [each for each in said if isinstance(each, End) or (isinstance(each, Send) and each.method == "verto.bye")]
    assert len(ends) <= (dialog.state is State.ENDED)


@given(st.booleans(), EVENTS)
def test_nothing_is_said_to_who_is_not_there_and_each_timer_is_stopped(outbound: bool, events: list[Any]) -> None:
    armed, dialog = 0, Dialog("c", outbound, PARTY, PARTY, {}, {})

    def check(before: State, effects: list[Effect]) -> None:
        nonlocal armed
        for effect in effects:
            if isinstance(effect, Send):
                assert before is not State.DETACHED or dialog.state is State.ACTIVE or effect.method == "verto.attach"
            armed += isinstance(effect, Arm) - isinstance(effect, Disarm)
        assert armed == (dialog.state in (State.DETACHED, State.ATTACHING))
        stopped = Suspend() in effects or Watch(False) in effects
        assert stopped == (before is not dialog.state and dialog.state is State.DETACHED)

    run(dialog, events, check)


@given(VISITS)
def test_a_visit_says_ready_once_and_detaches_once(events: list[VisitEvent]) -> None:
    """V13."""
    visit, names = Visit(), list[str]()
    for event in events:
        with suppress(ProtocolError):
            for effect in visit.receive(event):
                names.append(effect.method if isinstance(effect, Send) else type(effect).__name__)
    for name in ("verto.clientReady", "Detach", "Close", "Greet", "verto.punt"):
        assert names.count(name) <= 1


@given(JSON)
def test_any_json_is_a_message(value: object) -> None:
    assert isinstance(wire.read(value), wire.Request | wire.Reply | wire.Bad)


@given(JSON)
def test_any_json_can_be_coerced(value: Any) -> None:
    """V22."""
    params = value if isinstance(value, dict) else {"dialogParams": value}
    wire.dialog(params)
    wire.digits(value)
    wire.names(value)
    wire.client_cause({"cause": value, "causeCode": value}, Cause.CRASH)
    assert isinstance(wire.text(value), str)


@settings(max_examples=30)
@given(st.lists(FRAMES, max_size=8))
def test_any_frames_have_replies_or_nothing_and_the_door_stands(frames: list[str | bytes]) -> None:
    asyncio.run(_talk(frames))


async def _talk(frames: list[str | bytes]) -> None:
    world = World(Limits())
    try:
        client, other = await world.client("admin", "s"), await world.client("1001")
        for frame in frames:
            client.socket.say(frame)
        if not client.serving.done():
            async with asyncio.timeout(5):
                await client.socket.until(lambda: client.socket.code is not None or _quiet(client))
        assert client.socket.code in (None, 1000)
        replies = [each for each in client.socket.heard if isinstance(each, dict) and "method" not in each]
        assert all(("result" in each) != ("error" in each) for each in replies)
        assert not [each for each in replies if each.get("error", {}).get("message") == "Internal error"]
        assert await other.result("verto.ping") == {"message": "PONG"}
        assert not client.serving.done() or client.serving.exception() is None
    finally:
        await world.close()


def _quiet(client: Any) -> bool:
    """Ask once, and see whether the reply is there."""
    if not getattr(client, "asked", False):
        client.asked = True
        client.socket.say({"jsonrpc": "2.0", "method": "Uas.Ping", "id": "the last"})
    return any(isinstance(each, dict) and each.get("id") == "the last" for each in client.socket.heard)
