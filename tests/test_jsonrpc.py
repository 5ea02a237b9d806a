"""JSON-RPC: what a request gets for an answer, and that nothing else ever comes out."""

import asyncio
import contextvars
import json
import math
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from xswitch_py.jsonrpc import BATCH, BadJson, Context, Refusal, Refusals, RpcError, answer, call, dump, is_reply, parse

VERTO = Refusals(
    json=Refusal(-32600, "Invalid Request"),
    version=Refusal(-32600, "Invalid message"),
    method=Refusal(-32601, "Invalid Method, Missing Method or Permission Denied"),
)


async def echo(context: Context, /, **params: Any) -> dict[str, Any]:
    return params


async def refuse(context: Context, /, **params: Any) -> dict[str, Any]:
    raise RpcError(-32002, "Invite failed", callID="c1", causeCode=17, cause="USER_BUSY")


async def refuse_without_code(context: Context, /, **params: Any) -> dict[str, Any]:
    raise RpcError(None, "no", subscribedChannels=[])


async def crash(context: Context, /, **params: Any) -> dict[str, Any]:
    raise ValueError("the secret")


async def later(context: Context, /, **params: Any) -> dict[str, Any]:
    context.after(lambda: order.get().append(params["n"]))
    await asyncio.sleep(0)
    order.get().append(f"called {params['n']}")
    return {}


order: contextvars.ContextVar[list[Any]] = contextvars.ContextVar("order")
METHODS = {
    "echo": echo,
    "refuse": refuse,
    "refuse_without_code": refuse_without_code,
    "crash": crash,
    "later": later,
}


def request(method: str = "echo", **members: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, **members}


@pytest.mark.parametrize("request_id", [0, 1, -1, "", "a", 1.5, 1e300, 2**64, None])
async def test_the_id_is_echoed_exactly(request_id: Any) -> None:
    """V3."""
    reply = await call(request(id=request_id, params={"a": 1}), METHODS, Context())
    assert reply == {"jsonrpc": "2.0", "id": request_id, "result": {"a": 1}}
    assert type(reply["id"]) is type(request_id)


REFUSED = [
    ({"method": "echo", "id": 7}, 7, "version"),
    (request(id=7) | {"jsonrpc": 2.0}, 7, "version"),
    ({"jsonrpc": "2.0", "id": 7}, 7, "request"),
    (request(id=7) | {"method": None}, 7, "request"),
    (request(id=True), None, "request"),
    (request(id=[1]), None, "request"),
    (request("nope", id=7), 7, "method"),
    (request("__class__", id=7), 7, "method"),
    (request(id=7, params=[]), 7, "params"),
    (request(id=7, params="text"), 7, "params"),
    (request(id=7, params=0), 7, "params"),
    (request("crash", id=7), 7, "internal"),
    ("text", None, "request"),
    (None, None, "request"),
    ([], None, "request"),
    ([request(id=1)] * (BATCH + 1), None, "request"),
]


@pytest.mark.parametrize(("message", "request_id", "refusal"), REFUSED)
@pytest.mark.parametrize("refusals", [Refusals(), VERTO])
async def test_what_cannot_be_done_is_refused(message: Any, request_id: Any, refusal: str, refusals: Refusals) -> None:
    """V2, V10."""
    reply = await answer(message, METHODS, Context(), refusals)
    assert reply == {"jsonrpc": "2.0", "id": request_id, "error": getattr(refusals, refusal)._asdict()}


async def test_a_refusal_carries_its_own_members_beside_the_code() -> None:
    reply = await call(request("refuse", id=1), METHODS, Context())
    error = {"code": -32002, "message": "Invite failed", "callID": "c1", "causeCode": 17, "cause": "USER_BUSY"}
    assert reply == {"jsonrpc": "2.0", "id": 1, "error": error}


async def test_a_refusal_may_have_no_code() -> None:
    reply = await call(request("refuse_without_code", id=1), METHODS, Context())
    assert reply == {"jsonrpc": "2.0", "id": 1, "error": {"message": "no", "subscribedChannels": []}}


async def test_the_text_of_an_exception_is_logged_and_never_leaves() -> None:
    with capture_logs() as logs:
        reply = await call(request("crash", id=1), METHODS, Context())
    assert "secret" not in dump(reply)
    assert [(entry["event"], entry["method"], entry["log_level"]) for entry in logs] == [
        ("method failed", "crash", "error")
    ]


@pytest.mark.parametrize("method", ["echo", "refuse", "crash", "nope"])
async def test_a_notification_is_never_answered(method: str) -> None:
    """V5."""
    assert await call(request(method), METHODS, Context()) is None
    assert await call(request(method, params=[]), METHODS, Context()) is None


@pytest.mark.parametrize("reply", [{"id": 1, "result": {}}, {"jsonrpc": "2.0", "id": 1, "error": {}}])
async def test_a_reply_is_never_answered(reply: Any) -> None:
    """V5."""
    assert is_reply(reply)
    assert await answer(reply, METHODS, Context()) is None
    assert await answer([reply], METHODS, Context()) is None


async def test_missing_and_null_params_are_none_at_all() -> None:
    some: list[dict[str, Any]] = [{}, {"params": None}, {"params": {}}]
    for members in some:
        reply = await call(request(id=1, **members), METHODS, Context())
        assert reply is not None and reply["result"] == {}


async def test_a_batch_is_answered_in_order_one_member_after_the_other() -> None:
    """V7."""
    order.set([])
    context = Context()
    members = [
        request("later", id=1, params={"n": 1}),
        request("later", params={"n": 2}),
        4,
        request("later", id=3, params={"n": 3}),
    ]
    replies = await answer(members, METHODS, context)
    assert isinstance(replies, list)
    assert [reply["id"] for reply in replies] == [1, None, 3]
    assert order.get() == ["called 1", "called 2", "called 3"]


async def test_a_batch_of_notifications_is_not_answered() -> None:
    assert await answer([request(), request()], METHODS, Context()) is None


async def test_effects_wait_for_the_reply_and_keep_their_order() -> None:
    """V9."""
    order.set([])
    context = Context()
    for n in (1, 2):
        await call(request("later", id=n, params={"n": n}), METHODS, context)
    order.get().append("sent")
    context.settle()
    context.settle()
    assert order.get() == ["called 1", "called 2", "sent", 1, 2]


def test_an_effect_that_fails_does_not_keep_back_the_others() -> None:
    done: list[int] = []
    context = Context()
    effects: list[Callable[[], object]] = [lambda: done.append(1), lambda: 1 / 0, lambda: done.append(2)]
    for effect in effects:
        context.after(effect)
    with capture_logs() as logs:
        context.settle()
    assert done == [1, 2]
    assert [entry["event"] for entry in logs] == ["effect failed"]


async def test_a_method_is_cancelled_with_its_caller() -> None:
    started = asyncio.Event()
    left: list[str] = []

    async def wait(context: Context, /, **params: Any) -> dict[str, Any]:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            left.append("cancelled")
            raise
        return {}

    task = asyncio.create_task(call(request("wait", id=1), {"wait": wait}, Context()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left == ["cancelled"]


BAD = {
    "nothing": "",
    "not JSON": "{",
    "two values": "1 2",
    "NaN": "NaN",
    "infinity": '{"id": -Infinity}',
    "out of range": "1e999",
    "too many digits": "1" * 101,
    "too many digits in a float": "0." + "1" * 100,
    "too deep": "[" * 33 + "]" * 33,
    "too deep in objects": '{"a":' * 33 + "1" + "}" * 33,
    "far too deep": "[" * 400_000,
    "too many members": "[" + "[]," * 2500 + "[]]",
    "far too many members": "[" + "{}," * 300_000 + "{}]",
    "too long": '"' + "x" * 1_000_000 + '"',
    "a lone surrogate": '{"id": "\\ud800"}',
    "a lone surrogate in a name": '{"\\uDFFF": 1}',
    "a lone surrogate unescaped": '"\ud800"',
    "bytes that are not UTF-8": b'"\xff"',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadJson):
        parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("1" * 100, int("1" * 100)),
        ("[" * 32 + "]" * 32, None),
        ("[" + ",".join(["[]"] * 2500) + "]", [[]] * 2500),
        ('"' + "[" * 500 + '"', "[" * 500),
        ('"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        ('"\\\\ud800"', "\\ud800"),
        (b'"\xc3\xa9"', "\u00e9"),
        ("-1.5e3", -1500.0),
    ],
)
def test_good_json_is_read(text: str, value: Any) -> None:
    read = parse(text)
    assert value is None or read == value


def test_json_is_written_compact_and_as_utf8() -> None:
    assert dump({"a": [1, "\u00e9"]}) == '{"a":[1,"\u00e9"]}'
    with pytest.raises(ValueError, match="JSON"):
        dump(math.nan)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
requests = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values,
        "method": st.sampled_from([*METHODS, "nope"]) | values,
        "id": values,
        "params": st.dictionaries(st.text(), values, max_size=3) | values,
        "result": values,
    },
)


def finished(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what never waits for anything, without a loop."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


@given(values)
def test_what_is_written_can_be_read_again(value: Any) -> None:
    assert parse(dump(value)) == value


@given(st.text() | st.binary() | (requests | st.lists(requests, max_size=4) | values).map(json.dumps))
def test_any_text_gives_a_reply_or_bad_json(text: str | bytes) -> None:
    order.set([])
    try:
        message = parse(text)
    except BadJson:
        return
    methods = METHODS | {"later": echo}
    with capture_logs():
        reply = finished(answer(message, methods, Context()))
    for one in reply if isinstance(reply, list) else [reply]:
        assert one is None or one.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
        assert "secret" not in dump(one)
