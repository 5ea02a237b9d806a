"""Every command is a method, and whatever comes gets an answer that JSON-RPC knows."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rpc.desk import Script, script
from xswitch_py.base.problem import PROBLEMS, Code
from xswitch_py.core.access import SYSTEM, Asker
from xswitch_py.core.commands import COMMANDS
from xswitch_py.jsonrpc import dump
from xswitch_py.rpc.answer import IN_FLIGHT, Rpc
from xswitch_py.rpc.methods import LATER, METHODS, NEVER

NOBODY = Asker("nobody", "none", frozenset())
FIRST_RELEASE = (
    "Dial Answer Accept Play Stop Mute Record Hangup Bridge ChannelBridge UnBridge Hold Transfer ThreeWay SetVar "
    "GetVar GetState GetChannelData ReadDTMF ReadDigits SendDTMF SendINFO JStatus"
).split()
WORDS = {code.value: problem.rpc for code, problem in PROBLEMS.items()}


@pytest.mark.parametrize("name", sorted(COMMANDS))
async def test_every_command_is_a_method_that_says_what_is_wrong(at: Script, name: str) -> None:
    error = await at.error(name, no_such_member=1)
    assert (error["code"], error["data"]["code"]) == (-32602, "invalid")
    assert "/no_such_member" in [one["pointer"] for one in error["data"]["errors"]]


@pytest.mark.parametrize("name", sorted(name for name, method in METHODS.items() if method.scope))
async def test_without_rights_nothing_is_done_and_nothing_is_learnt(at: Script, name: str) -> None:
    method = METHODS[name]
    error = await at.error(name, NOBODY, **({} if name.startswith("events.") else {"no_such_member": 1}))
    assert (error["code"], error["data"]) == (-32003, {"code": "forbidden"})
    assert method.scope in error["message"]
    if name in COMMANDS:
        assert [(entry.command, entry.outcome) for entry in at.at.audit] == [(name, "forbidden")]


@pytest.mark.parametrize("name", FIRST_RELEASE)
def test_the_commands_of_the_first_release_are_there(name: str) -> None:
    assert f"XNode.{name}" in METHODS


def test_no_name_is_both_a_method_and_refused() -> None:
    assert not set(METHODS) & (LATER | set(NEVER))
    assert not LATER & set(NEVER)


@pytest.mark.parametrize(
    ("name", "word", "reason"),
    [
        ("XNode.NativeAPI", "method_not_allowed", NEVER["XNode.NativeAPI"]),
        ("XNode.Lua", "method_not_allowed", NEVER["XNode.Lua"]),
        ("XNode.DetectSpeech", "not_found", "it is not built"),
        ("XNode.Nonsense", "not_found", "rpc.discover lists all methods"),
        ("system", "not_found", "rpc.discover lists all methods"),
    ],
)
async def test_what_is_no_method_is_refused_with_the_reason(at: Script, name: str, word: str, reason: str) -> None:
    """X20: there is no command line, and nobody's text is run."""
    error = await at.error(name, cmd="status")
    assert (error["code"], error["data"]) == (-32601, {"code": word, "reason": reason})


async def test_a_batch_is_answered_in_order_and_notifications_are_not(at: Script) -> None:
    def request(method: str, **more: Any) -> Any:
        return {"jsonrpc": "2.0", "method": method, **more}

    batch = [request("calls.list", id=1), request("calls.list"), request("nonsense", id="b"), 4]
    replies = await at.rpc.answer(batch, SYSTEM)
    assert isinstance(replies, list)
    assert [reply["id"] for reply in replies] == [1, "b", None]
    assert replies[0]["result"]["items"] == []
    assert await at.rpc.answer([request("calls.list")], SYSTEM) is None
    too_long = await at.rpc.answer([request("calls.list", id=1)] * 33, SYSTEM)
    assert isinstance(too_long, dict)
    assert too_long["error"] == {"code": -32600, "message": "Invalid Request", "data": {"code": "malformed"}}


async def test_parameters_in_an_array_are_refused(at: Script) -> None:
    reply = await at.rpc.answer({"jsonrpc": "2.0", "id": 1, "method": "calls.list", "params": [1]}, SYSTEM)
    assert isinstance(reply, dict)
    assert reply["error"]["data"] == {"code": "invalid"}


async def test_what_goes_wrong_here_is_told_to_nobody(at: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """X3: no exception text reaches a peer."""

    async def crash(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr(COMMANDS["calls.list"], "function", crash)
    error = await at.error("calls.list")
    assert (error["code"], error["data"]) == (-32603, {"code": "internal"})
    assert "secret" not in json.dumps(error)


async def test_one_asker_has_only_so_many_requests_under_way_over_http(at: Script) -> None:
    leg = await at.dialled("1001")
    wait = {"jsonrpc": "2.0", "id": 1, "method": "XNode.ReadDTMF", "params": {"uuid": leg.id, "timeout": 600_000}}
    tasks = [asyncio.create_task(at.rpc.answer(wait, SYSTEM)) for _ in range(IN_FLIGHT)]
    await asyncio.sleep(0)
    reply = await at.rpc.answer(wait, SYSTEM)
    assert isinstance(reply, dict)
    assert (reply["error"]["code"], reply["error"]["data"]["code"]) == (-32029, "too_many_requests")
    other = await at.rpc.answer({**wait, "method": "calls.list", "params": {}}, NOBODY)
    assert isinstance(other, dict)
    assert other["error"]["data"]["code"] == "forbidden"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert "result" in await at.ask("calls.list")


async def test_of_many_mistakes_only_some_are_told(at: Script) -> None:
    """X3: the answer is no larger than it needs to be."""
    error = await at.error("calls.list", **{f"member{number}": 1 for number in range(1000)})
    assert len(error["data"]["errors"]) == 100


async def test_subscribing_needs_a_socket(at: Script) -> None:
    reply = await at.rpc.answer({"jsonrpc": "2.0", "id": 1, "method": "events.subscribe"}, SYSTEM)
    assert isinstance(reply, dict)
    assert (reply["error"]["code"], reply["error"]["data"]["code"]) == (-32601, "method_not_allowed")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
MEMBERS = st.sampled_from(["uuid", "call", "wish", "destination", "media", "types", "limit", "from", "data", "name"])
REQUESTS = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "method": st.sampled_from(sorted(METHODS)) | st.text(max_size=10)},
    optional={"id": JSON, "params": JSON | st.dictionaries(MEMBERS, JSON, max_size=4)},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rpc")


@given(message=JSON | REQUESTS | st.lists(REQUESTS, max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_json_gets_a_reply_or_nothing(folder: Path, message: Any) -> None:
    """X3: whatever is asked, what comes back is JSON-RPC in the words of our tables."""

    async def ask() -> Any:
        async with script(folder) as at:
            return await Rpc(at.desk).answer(message, SYSTEM)

    reply = asyncio.run(ask())
    for one in reply if isinstance(reply, list) else [reply] if reply is not None else []:
        assert one["jsonrpc"] == "2.0"
        assert ("result" in one) != ("error" in one)
        if "error" in one:
            assert one["error"]["code"] in {*WORDS.values(), -32601}
            assert one["error"]["data"]["code"] in set(WORDS) - {Code.INTERNAL}
        dump(one)
