"""Flows of a folder: loaded, changed, broken, crowded."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from structlog.testing import capture_logs

from tests.flow.house import House
from xswitch_py.actions import ACTIONS
from xswitch_py.actions.flow import flow as flow_action
from xswitch_py.base.cause import Cause
from xswitch_py.base.events import CallEnded
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.dialplan import Rule, Step
from xswitch_py.core.script import follow
from xswitch_py.core.switch import Switch
from xswitch_py.flow import Call, flow
from xswitch_py.flow.book import Flows

Write = Callable[[str, str], Path]


@flow()
async def elsewhere(call: Call) -> None:
    """Be imported by a file of flows."""


def no_desk() -> Desk:
    raise LookupError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    return tmp_path / "flows"


@pytest.fixture
def write(folder: Path) -> Write:
    """Write a file of flows; what it says comes after the usual imports."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.write_text(f"import asyncio\nfrom xswitch_py.flow import Call, flow\n{dedent(text)}")
        return path

    return write


@pytest.fixture
def flows(folder: Path) -> Flows:
    return Flows(folder, no_desk)


SAYS = """
@flow(number="{number}")
async def {name}(call: Call) -> None:
    await call.hangup("{cause}")
"""


def serve(house: House, flows: Flows) -> None:
    """Let the world's calls be routed to flows."""
    actions = {**ACTIONS, "flow": flow_action}
    services = replace(house.desk.switch.services, flows=flows)
    house.world.switch = Switch(services, follow(actions))
    services.plan.rules = (Rule("by name", (Step("flow", "lost"),), context="elsewhere"), *flows.rules())


def allow(path: Path, mode: int) -> None:
    path.chmod(mode)


def problems(flows: Flows) -> list[str]:
    return list(flows.problems)


async def dialled(house: House, number: str) -> Cause | None:
    """Call a number, and give the cause by which that ends."""
    seen = len(house.world.bus.seen)
    house.world.call("1000", number)
    async with asyncio.timeout(2):
        while house.world.switch.calls:
            await asyncio.sleep(0)
    return next((event.cause for event in house.world.bus.seen[seen:] if isinstance(event, CallEnded)), None)


@pytest.mark.parametrize("name", ["nowhere", None])
async def test_a_folder_that_is_not_there_has_no_flows(
    tmp_path: Path, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stranger.py").write_text("1 / 0")
    flows = Flows(tmp_path / name if name else Path(), no_desk)
    assert not await flows.reload()
    assert (flows.rules(), flows.problems, dict(flows.flows)) == ((), (), {})


async def test_flows_become_rules_in_order(flows: Flows, write: Write) -> None:
    write("b.py", SAYS.format(number="82..", name="second", cause="USER_BUSY"))
    write(
        "a.py",
        '@flow(number="81..", context="inside")\nasync def first(call): ...\n@flow()\nasync def third(call): ...',
    )
    write(".hidden.py", "1 / 0")
    assert await flows.reload()
    rules = flows.rules()
    assert [(rule.name, rule.context, rule.steps) for rule in rules] == [
        ("first", "inside", (Step("flow", "first"),)),
        ("second", "default", (Step("flow", "second"),)),
    ]
    assert list(flows.flows) == ["first", "third", "second"]
    assert problems(flows) == []
    assert flows.body("third") is not None and flows.body("fourth") is None


async def test_nothing_is_loaded_again_that_has_not_changed(flows: Flows, write: Write, folder: Path) -> None:
    path = write("a.py", SAYS.format(number="8000", name="first", cause="USER_BUSY"))
    assert await flows.reload()
    before = flows.flows["first"]
    assert not await flows.reload()
    write("b.py", SAYS.format(number="8001", name="second", cause="USER_BUSY"))
    assert await flows.reload()
    assert flows.flows["first"] is before
    path.unlink()
    assert await flows.reload()
    assert list(flows.flows) == ["second"]
    assert not (folder / "__pycache__").exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\n1 / 0\n", "broken.py:4: ZeroDivisionError: division by zero"),
        ("def f(:\n", "broken.py:3: SyntaxError: "),
        ("import nowhere_at_all\n", "broken.py:3: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        (
            '@flow(number="(")\nasync def f(call): ...\n',
            "broken.py:3: ValueError: number: '(' is no regular expression",
        ),
        ("raise SystemExit(3)\n", "broken.py:3: SystemExit: 3"),
        ("x = '\0'\n", "broken.py"),
    ],
)
async def test_a_broken_file_is_reported_and_hurts_no_other(
    flows: Flows, write: Write, text: str, problem: str
) -> None:
    write("a.py", SAYS.format(number="8000", name="first", cause="USER_BUSY"))
    write("broken.py", text)
    with capture_logs() as logs:
        assert await flows.reload()
        assert not await flows.reload()
    assert list(flows.flows) == ["first"]
    [told] = flows.problems
    assert told.startswith(problem)
    assert [line["why"] for line in logs if line["log_level"] == "error"] == [told]


async def test_a_file_that_breaks_keeps_what_it_had(flows: Flows, write: Write) -> None:
    write("a.py", SAYS.format(number="8000", name="first", cause="USER_BUSY"))
    await flows.reload()
    before = flows.flows["first"]
    write("a.py", "1 / 0")
    assert await flows.reload()
    assert flows.flows["first"] is before and problems(flows) == ["a.py:3: ZeroDivisionError: division by zero"]
    write("a.py", SAYS.format(number="8000", name="again", cause="USER_BUSY"))
    assert await flows.reload()
    assert list(flows.flows) == ["again"] and problems(flows) == []


async def test_a_name_is_taken_once(flows: Flows, write: Write) -> None:
    for name in ("a.py", "b.py"):
        write(name, SAYS.format(number="8000", name="reception", cause="USER_BUSY"))
    await flows.reload()
    assert problems(flows) == ["b.py: there is a flow 'reception' already, in a.py"]
    assert len(flows.rules()) == 1


async def test_a_flow_that_is_imported_from_elsewhere_is_not_the_files(flows: Flows, write: Write) -> None:
    write("a.py", "from tests.flow.test_book import elsewhere\n@flow()\nasync def mine(call): ...\nother = mine\n")
    await flows.reload()
    assert (list(flows.flows), problems(flows)) == (["mine"], [])


async def test_what_others_may_write_is_not_run(flows: Flows, write: Write, folder: Path) -> None:
    path = write("a.py", SAYS.format(number="8000", name="first", cause="USER_BUSY"))
    allow(path, 0o666)
    await flows.reload()
    assert problems(flows) == [f"a.py: others may write to it (mode 666); chmod go-w {path}"]
    assert flows.rules() == ()
    allow(path, 0o644)
    await flows.reload()
    assert (problems(flows), len(flows.rules())) == ([], 1)
    allow(folder, 0o777)
    write("b.py", SAYS.format(number="8001", name="second", cause="USER_BUSY"))
    with capture_logs() as logs:
        assert await flows.reload()
        assert not await flows.reload()
    assert problems(flows) == [f"flows: others may write to it (mode 777); chmod go-w {folder}"]
    assert list(flows.flows) == ["first"]
    assert len([line for line in logs if line["log_level"] == "error"]) == 1


async def test_what_is_no_file_is_not_opened(flows: Flows, folder: Path) -> None:
    os.mkfifo(folder / "pipe.py", 0o600)
    (folder / "folder.py").mkdir(mode=0o700)
    async with asyncio.timeout(2):
        await flows.reload()
    assert [problem.partition(":")[0] for problem in flows.problems] == ["folder.py", "pipe.py"]


async def test_dataclasses_and_names_of_the_module_work(flows: Flows, write: Write) -> None:
    write("a.py", "").write_text(
        dedent("""
        from __future__ import annotations
        from dataclasses import dataclass
        from xswitch_py.flow import Call, flow

        @dataclass(kw_only=True)
        class Menu:
            prompt: str = "welcome.wav"

        @flow()
        async def menu(call: Call) -> None:
            await call.play(Menu().prompt)
        """)
    )
    await flows.reload()
    assert list(flows.flows) == ["menu"]


async def test_calls_reach_flows_by_the_action(house: House, flows: Flows, write: Write) -> None:
    write("a.py", SAYS.format(number="80.*", name="first", cause="USER_BUSY"))
    await flows.reload()
    serve(house, flows)
    assert await dialled(house, "8012") is Cause.USER_BUSY
    assert await dialled(house, "9012") is Cause.NO_ROUTE_DESTINATION


async def test_a_flow_that_is_not_there_any_more_refuses_the_call(house: House, flows: Flows, write: Write) -> None:
    path = write("a.py", SAYS.format(number="80.*", name="first", cause="USER_BUSY"))
    await flows.reload()
    serve(house, flows)
    path.unlink()
    await flows.reload()
    assert await dialled(house, "8000") is Cause.NO_ROUTE_DESTINATION


async def test_new_calls_get_new_code_and_running_ones_keep_theirs(house: House, flows: Flows, write: Write) -> None:
    text = """
    CAUSE = "{cause}"

    @flow(number="8000")
    async def reception(call: Call) -> None:
        await call.answer()
        if await call.wait_for("dtmf"):
            await call.hangup(CAUSE)
    """
    write("a.py", text.format(cause="USER_BUSY"))
    await flows.reload()
    serve(house, flows)
    old = house.world.call("1000", "8000")
    await house.until("1000 < answer answer opus")
    write("a.py", text.format(cause="NO_ANSWER"))
    await flows.reload()
    new = house.world.call("1001", "8000")
    await house.until("1001 < answer answer opus")
    for leg in (old, new):
        leg.peer_pressed("1", 100, "info")
    await house.until("1000 < bye USER_BUSY", "1001 < bye NO_ANSWER")


async def test_more_calls_than_a_flow_takes_are_refused(house: House, flows: Flows, write: Write) -> None:
    write("a.py", '@flow(number="8000", at_once=2)\nasync def few(call):\n    await call.sleep(60)\n')
    await flows.reload()
    serve(house, flows)
    legs = [house.world.call(caller, "8000") for caller in ("1000", "1001")]
    await asyncio.sleep(0.01)
    house.world.call("1002", "8000")
    await house.until("1002 < bye SWITCH_CONGESTION")
    legs[0].peer_left(Cause.NORMAL_CLEARING)
    await asyncio.sleep(0.01)
    house.world.call("1003", "8000")
    await asyncio.sleep(0.01)
    assert "1003 < bye SWITCH_CONGESTION" not in house.world.scene
    await house.world.switch.drain(0)
    await flows.close()


async def test_closing_waits_for_what_flows_do_at_their_end(house: House, flows: Flows, write: Write) -> None:
    write(
        "a.py",
        """
        @flow(number="8000")
        async def slow(call: Call) -> None:
            try:
                await call.sleep(60)
            finally:
                await asyncio.sleep(0.05)
                call.variables["noted"] = "yes"
        """,
    )
    await flows.reload()
    serve(house, flows)
    house.world.call("1000", "8000")
    await asyncio.sleep(0.01)
    [call] = house.world.switch.calls.values()
    await house.world.switch.drain(0)
    assert "noted" not in call.variables
    await flows.close()
    assert call.variables["noted"] == "yes"


async def test_changes_are_looked_for(flows: Flows, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.flow.book._POLL", 0.01)
    changed = asyncio.Event()

    async def renew() -> None:
        changed.set()

    watching = asyncio.create_task(flows.watch(renew))
    write("a.py", SAYS.format(number="8000", name="first", cause="USER_BUSY"))
    async with asyncio.timeout(2):
        await changed.wait()
    assert list(flows.flows) == ["first"]
    watching.cancel()
    await asyncio.wait((watching,))
