"""The fixture for users' tests: flows without a network, and almost without time."""

import asyncio
import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, Refused
from xswitch_py.base.offer import Party
from xswitch_py.flow import Call, CallEnded, flow
from xswitch_py.flow.testing import FakeCall

EXAMPLE = Path(__file__).parents[2] / "examples" / "flows" / "reception.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """The flows that we show."""
    spec = importlib.util.spec_from_file_location("example_reception", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_example_reaches_the_office(fake_call: FakeCall, example: ModuleType) -> None:
    await fake_call.presses("1").answers("user/1001", seconds=30).run(example.reception)
    assert fake_call.said == ["answer", "play file:welcome.wav", "bridge user/1001"]
    assert (fake_call.cause, fake_call.seconds) == ("NORMAL_CLEARING", 30)


async def test_the_example_takes_a_message_when_nobody_is_there(fake_call: FakeCall, example: ModuleType) -> None:
    began = time.monotonic()
    await fake_call.presses("", "2").refuses("user/1002", "NO_ANSWER").run(example.reception)
    assert fake_call.said == [
        "answer",
        "play file:welcome.wav",
        "play file:welcome.wav",
        "bridge user/1002",
        "play file:nobody.wav",
        "record",
        "play file:after-the-tone.wav",
        "play tone:beep",
        "play file:thanks.wav",
    ]
    assert fake_call.seconds == 125
    assert time.monotonic() - began < 1


async def test_the_example_keeps_the_message_of_who_hangs_up(fake_call: FakeCall, example: ModuleType) -> None:
    await fake_call.hangs_up(after=20).run(example.message)
    assert fake_call.variables == {"message": "rec_0"}
    assert (fake_call.cause, fake_call.seconds) == (Cause.NORMAL_CLEARING, 20)


async def test_who_calls_whom_can_be_said(fake_call: FakeCall) -> None:
    seen: list[Any] = []

    @flow()
    async def look(call: Call) -> None:
        seen.extend((call.caller.number, call.callee.number, call.user, dict(call.variables)))

    fake_call.caller, fake_call.callee = Party("Ada", "030123"), Party("", "8012")
    fake_call.user, fake_call.variables = "1000@example.org", {"language": "de"}
    await fake_call.run(look)
    assert seen == ["030123", "8012", "1000@example.org", {"language": "de"}]


@pytest.mark.parametrize(
    ("bursts", "least", "tries", "got", "prompts"),
    [
        (("1234",), 1, 1, "1234", 1),
        (("12#",), 1, 1, "12", 1),
        (("12",), 1, 1, "12", 1),
        ((), 1, 3, "", 3),
        (("", "5"), 1, 3, "5", 2),
        (("1", "12"), 2, 2, "12", 2),
        (("12345",), 1, 1, "1234", 1),
    ],
)
async def test_each_prompt_gets_what_is_pressed_then(
    fake_call: FakeCall, bursts: tuple[str, ...], least: int, tries: int, got: str, prompts: int
) -> None:
    heard: list[str] = []

    @flow()
    async def asks(call: Call) -> None:
        heard.append(await call.gather(play="menu.wav", digits=4, least=least, tries=tries, timeout=600))

    await fake_call.presses(*bursts).run(asks)
    assert heard == [got]
    assert fake_call.said == ["play file:menu.wav"] * prompts


async def test_what_was_pressed_too_early_counts_only_without_a_prompt(fake_call: FakeCall) -> None:
    heard: list[str | None] = []

    @flow()
    async def asks(call: Call) -> None:
        heard.append(await call.gather(digits=1))
        heard.append(await call.gather(digits=1))
        heard.append(await call.wait_for("dtmf"))
        heard.append(await call.gather(play="menu.wav", digits=1))
        heard.append(await call.wait_for("dtmf", timeout=5))

    await fake_call.presses("1234", "5").run(asks)
    assert heard == ["1", "2", "3", "5", None]
    assert fake_call.seconds == 5


async def test_who_is_not_named_is_not_there(fake_call: FakeCall) -> None:
    results: list[str] = []

    @flow()
    async def rings(call: Call) -> None:
        for target in ("1001", "user/1002", "gateway/berlin/030", "gateway/paris/01", "user/1003|user/1004"):
            talk = await call.bridge(target)
            results.append(f"{talk.answered} {talk.cause}")

    fake_call.answers("1002").answers("gateway/berlin/030").refuses("user/1003", "USER_BUSY").answers("user/1004")
    await fake_call.run(rings)
    assert results == [
        "False USER_NOT_REGISTERED", "True NORMAL_CLEARING", "True NORMAL_CLEARING", "False GATEWAY_DOWN",
        "True NORMAL_CLEARING",
    ]  # fmt: skip
    assert fake_call.said.count("answer") == 1
    assert fake_call.seconds == 180


async def test_a_caller_who_hangs_up_in_a_talk_ends_the_flow(fake_call: FakeCall) -> None:
    causes: list[Cause] = []

    @flow()
    async def rings(call: Call) -> None:
        try:
            await call.bridge("user/1001")
        except CallEnded as ended:
            causes.append(ended.cause)
            raise

    await fake_call.answers("user/1001", seconds=60).hangs_up(after=10).run(rings)
    assert causes == [Cause.NORMAL_CLEARING] and fake_call.seconds == 10


async def test_a_caller_for_whom_nothing_can_happen_hangs_up(fake_call: FakeCall) -> None:
    @flow()
    async def music(call: Call) -> None:
        await call.play("music", loop=True)

    await fake_call.run(music)
    assert fake_call.said == ["play music"]
    assert fake_call.cause is Cause.ORIGINATOR_CANCEL


async def test_transfers_and_causes_are_seen(fake_call: FakeCall) -> None:
    @flow()
    async def on(call: Call) -> None:
        await call.ring()
        await call.transfer("1002")

    @flow()
    async def off(call: Call) -> None:
        await call.hangup("USER_BUSY")

    await fake_call.run(on)
    assert (fake_call.said, fake_call.cause) == (["ring", "transfer 1002"], Cause.BLIND_TRANSFER)
    other = await FakeCall().run(off)
    assert (other.said, other.cause) == ([], Cause.USER_BUSY)


async def test_states_are_those_of_a_real_call(fake_call: FakeCall) -> None:
    @flow()
    async def holds(call: Call) -> None:
        with pytest.raises(CallError):
            await call.hold()
        await call.answer()
        await call.answer()
        await call.hold()
        await call.mute()
        await call.send_digits("12")
        await asyncio.sleep(0.01)
        assert (await call.wait_for("call.held", timeout=1)) is None
        events = call.events()
        await call.unhold()
        assert (await anext(events))["type"] == "call.unheld"

    await fake_call.run(holds)
    assert fake_call.said == ["answer", "hold", "mute", "digits 12", "unhold"]


async def test_commands_are_answered_by_the_test(fake_call: FakeCall) -> None:
    got: list[Any] = []

    @flow()
    async def does(call: Call) -> None:
        got.append(await call.do("calls.list", limit=5))
        for wrong in ({"limit": "many"}, {"number": 5}):
            with pytest.raises(Refused) as refused:
                await call.do("calls.list", **wrong)
            got.append(refused.value.code)
        with pytest.raises(LookupError, match=r"calls\.get"):
            await call.do("calls.get", call="call_1")
        with pytest.raises(Refused):
            await call.do("system.run")

    await fake_call.replies("calls.list", {"items": []}).run(does)
    assert got == [{"items": []}, "invalid", "invalid"]
    assert fake_call.said[0] == "do calls.list"


async def test_what_a_flow_raises_is_raised_in_the_test(fake_call: FakeCall) -> None:
    @flow()
    async def broken(call: Call) -> None:
        await call.answer()
        assert call.caller.number == "nobody"

    with pytest.raises(AssertionError):
        await fake_call.run(broken)
    assert fake_call.cause is Cause.NORMAL_TEMPORARY_FAILURE


async def test_a_flow_may_wait_for_other_things_too(fake_call: FakeCall) -> None:
    @flow(deadline=0.02)
    async def waits(call: Call) -> None:
        await asyncio.sleep(60)

    await fake_call.run(waits)
    assert fake_call.cause is Cause.ALLOTTED_TIMEOUT


def test_the_plugin_alone_imports_no_switch() -> None:
    program = "import sys, xswitch_py.pytest_plugin; sys.exit('xswitch_py.flow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=EXAMPLE.parents[2], timeout=30).returncode == 0
