"""Routes: made, changed and moved while we run, refused where they cannot be read, and explained."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.core.commands.live import Live, live
from xswitch_py.actions import ACTIONS
from xswitch_py.base.errors import ConfigError, Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import SYSTEM, Asker
from xswitch_py.core.commands import routes
from xswitch_py.core.commands.desk import Desk, Standing
from xswitch_py.core.dialplan import Rule, from_route, load
from xswitch_py.models.routes import Explained, Move, NewRoute, RouteChange, RouteShown, Unexplained

FILE = load(
    {
        "rule": [
            {"name": "echo", "number": "9196", "hours": "mon-fri 09:00-17:30", "steps": ["answer", "echo"]},
            {"name": "users", "number": "1\\d\\d\\d", "steps": ["bridge $0"]},
        ]
    },
    ACTIONS,
)
FLOW = (replace(load({"rule": [{"name": "hello", "number": "8000", "steps": ["echo"]}]}, ACTIONS)[0], origin="flow"),)


@dataclass(frozen=True)
class Gateway:
    """How a gateway stands."""

    name: str
    state: str
    up: bool
    code: int = 200
    text: str = ""
    since: float = 0.0
    inbound: int = 0
    outbound: int = 0
    target: str = ""


@dataclass
class Carriers:
    """A gateway that is up, and one that is not."""

    told: list[str] = field(default_factory=list)

    def status(self) -> Sequence[Standing]:
        return (Gateway("berlin", "REGED", True), Gateway("paris", "DOWN", False))

    def register(self, name: str) -> None: ...
    def unregister(self, name: str) -> None: ...
    def ping(self, name: str) -> None: ...


def read_rule(table: Mapping[str, Any]) -> Rule:
    """Read a rule as the application does."""
    try:
        return load({"rule": [dict(table)]}, ACTIONS)[0]
    except ConfigError as error:
        raise ConfigError([each.removeprefix("rule 1: ") for each in error.problems]) from None


def renewing(desk: Desk) -> Callable[[], Awaitable[None]]:
    async def renew() -> None:
        rows = [row for row in await desk.stores.routes.list() if row.enabled]
        made = [from_route(row, read_rule) for row in rows]
        desk.switch.services.plan.rules = (*made, *FLOW, *FILE)

    return renew


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        renew = renewing(made.desk)
        made.desk = replace(
            made.desk,
            carriers=Carriers(),
            file_rules=lambda: FILE,
            flow_rules=lambda: FLOW,
            read_rule=read_rule,
            renew_rules=renew,
        )
        await renew()
        yield made


async def made(desk: Desk, number: str, *steps: str, **more: Any) -> RouteShown:
    wish = NewRoute.model_validate({"number": number, "steps": list(steps) or ["echo"], **more})
    return await routes.create(desk, SYSTEM, wish)


async def explained(desk: Desk, number: str, **more: Any) -> Explained:
    return await routes.explain_call(desk, SYSTEM, Unexplained.model_validate({"number": number, **more}))


async def order(desk: Desk) -> list[str]:
    page = await routes.list_routes(desk, SYSTEM, 500)
    return [each.name or each.id for each in page.items]


async def refused(work: Awaitable[object]) -> Refused:
    with pytest.raises(Refused) as error:
        await work
    return error.value


async def test_a_new_route_is_asked_first_by_the_next_call(office: Live) -> None:
    before = time.time() - 0.01
    shown = await made(office.desk, "9196", "hangup USER_BUSY", name="closed", caller="10.*", hours="mon-sun")
    assert shown.id.startswith("route_") and (shown.origin, shown.position, shown.enabled) == ("database", 1, True)
    assert shown.created is not None and shown.created.timestamp() >= before and shown.created == shown.changed
    assert await routes.get(office.desk, SYSTEM, shown.id) == shown
    rule = office.desk.switch.services.plan.rules[0]
    assert (rule.id, rule.steps[0].action) == (shown.id, "hangup")


async def test_all_rules_are_listed_in_the_order_in_which_they_are_asked(office: Live) -> None:
    for name in ("b", "c"):
        await made(office.desk, "1", name=name)
    await made(office.desk, "1", name="a", position=1)
    assert await order(office.desk) == ["a", "b", "c", "hello", "echo", "users"]
    page = await routes.list_routes(office.desk, SYSTEM, 500, None, True)
    assert page.total == 6 and page.next_cursor is None
    assert [(each.id, each.origin) for each in page.items[3:]] == [
        ("flow_1", "flow"),
        ("file_1", "file"),
        ("file_2", "file"),
    ]
    echo = page.items[4]
    assert (echo.number, echo.hours, echo.steps) == ("9196", "mon-fri 09:00-17:30", ["answer", "echo"])
    assert await routes.get(office.desk, SYSTEM, "file_1") == echo


async def test_lists_come_in_pages(office: Live) -> None:
    for name in "abc":
        await made(office.desk, "1", name=name)
    names, cursor = list[str](), None
    for _ in range(3):
        page = await routes.list_routes(office.desk, SYSTEM, 2, cursor)
        names += [each.name for each in page.items]
        cursor, total = page.next_cursor, page.total
    assert (names, cursor, total) == (["a", "b", "c", "hello", "echo", "users"], None, None)


async def test_a_route_is_moved(office: Live) -> None:
    ids = [(await made(office.desk, "1", name=name)).id for name in "abc"]
    assert (await routes.move(office.desk, SYSTEM, ids[2], Move(position=1))).position == 1
    assert (await order(office.desk))[:3] == ["c", "a", "b"]
    assert (await routes.move(office.desk, SYSTEM, ids[2], Move(position=99))).position == 3
    assert (await order(office.desk))[:3] == ["a", "b", "c"]
    assert [rule.name for rule in office.desk.switch.services.plan.rules[:3]] == ["a", "b", "c"]


async def test_only_what_is_given_changes(office: Live) -> None:
    shown = await made(office.desk, "9", name="nine", hours="sat")
    changed = await routes.change(office.desk, SYSTEM, shown.id, RouteChange(number="8", hours=""))
    assert (changed.name, changed.number, changed.hours, changed.steps) == ("nine", "8", "", ["echo"])
    changed = await routes.change(office.desk, SYSTEM, shown.id, RouteChange(steps=["answer"], enabled=False))
    assert (changed.steps, changed.enabled) == (["answer"], False)
    assert await routes.get(office.desk, SYSTEM, shown.id) == changed
    assert [rule.name for rule in office.desk.switch.services.plan.rules] == ["hello", "echo", "users"]


async def test_a_removed_route_is_gone(office: Live) -> None:
    shown = await made(office.desk, "9196", "hangup")
    await routes.remove(office.desk, SYSTEM, shown.id)
    assert (await refused(routes.get(office.desk, SYSTEM, shown.id))).code is Code.NOT_FOUND
    assert len(office.desk.switch.services.plan.rules) == 3


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"number": "("}, ["/number"]),
        ({"number": "a{99999999999}"}, ["/number"]),
        ({"caller": "[", "hours": "late"}, ["/caller", "/hours"]),
        ({"steps": ["fly"]}, ["/steps"]),
        ({"steps": [" "]}, ["/steps"]),
        ({"number": "*", "steps": ["answer", "fly", "run"]}, ["/number", "/steps", "/steps"]),
    ],
)
async def test_what_cannot_be_a_rule_is_refused_with_all_that_is_wrong(
    office: Live, members: dict[str, Any], pointers: list[str]
) -> None:
    error = await refused(routes.create(office.desk, SYSTEM, NewRoute.model_validate({"steps": ["echo"], **members})))
    assert (error.code, [each["pointer"] for each in error.facts["errors"]]) == (Code.INVALID, pointers)
    shown = await made(office.desk, "1")
    error = await refused(routes.change(office.desk, SYSTEM, shown.id, RouteChange.model_validate(members)))
    assert (error.code, [each["pointer"] for each in error.facts["errors"]]) == (Code.INVALID, pointers)
    assert await routes.get(office.desk, SYSTEM, shown.id) == shown


@pytest.mark.parametrize("name", ["file_1", "flow_1"])
async def test_what_a_file_or_a_flow_brings_is_not_changed_here(office: Live, name: str) -> None:
    for work in (
        routes.change(office.desk, SYSTEM, name, RouteChange(name="x")),
        routes.move(office.desk, SYSTEM, name, Move(position=1)),
        routes.remove(office.desk, SYSTEM, name),
    ):
        assert (await refused(work)).code is Code.CONFLICT


@pytest.mark.parametrize("name", ["file_3", "flow_2", "route_x", "", "file_", "x" * 1000])
async def test_what_is_not_there_is_not_found(office: Live, name: str) -> None:
    for work in (
        routes.get(office.desk, SYSTEM, name),
        routes.change(office.desk, SYSTEM, name, RouteChange(name="x")),
        routes.move(office.desk, SYSTEM, name, Move(position=1)),
        routes.remove(office.desk, SYSTEM, name),
    ):
        assert (await refused(work)).code is Code.NOT_FOUND


async def test_there_is_a_most(office: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_MOST", 2)
    for _ in range(2):
        await made(office.desk, "1")
    assert (await refused(made(office.desk, "1"))).code is Code.CONFLICT


async def test_users_may_not_see_and_operators_not_change(office: Live) -> None:
    user, operator = office.asker("user", "1000"), office.asker("operator", "op")
    assert (await refused(routes.list_routes(office.desk, user))).code is Code.FORBIDDEN
    assert (await refused(routes.explain_call(office.desk, user, Unexplained(number="1")))).code is Code.FORBIDDEN
    assert await routes.list_routes(office.desk, operator)
    wish = NewRoute(steps=["echo"])
    assert (await refused(routes.create(office.desk, operator, wish))).code is Code.FORBIDDEN


async def test_changes_are_audited(office: Live) -> None:
    shown = await made(office.desk, "1")
    await routes.move(office.desk, Asker("admin", "admin", SYSTEM.granted), shown.id, Move(position=1))
    assert [(each.command, each.target, each.outcome) for each in office.audit] == [
        ("routes.create", "", "done"),
        ("routes.move", shown.id, "done"),
    ]


# What becomes of a number.

NOON = datetime(2026, 11, 23, 12, 0).astimezone()  # a Monday, where the switch is
NIGHT = NOON.replace(hour=23)


@pytest.mark.parametrize(
    ("number", "more", "looked_at", "steps"),
    [
        ("8000", {}, {"boss": ["context"], "hello": []}, ["echo "]),
        ("8000", {"context": "boss"}, {"boss": []}, ["bridge 8000"]),
        ("9196", {"at": NOON}, {"boss": ["context", "number"], "hello": ["number"], "echo": []}, ["answer ", "echo "]),
        (
            "9196",
            {"at": NIGHT},
            {"boss": ["context", "number"], "hello": ["number"], "echo": ["hours"], "users": ["number"]},
            [],
        ),
        ("8000", {"context": "boss", "caller": "5", "at": NOON}, {"boss": ["caller"], "hello": ["context"],
            "echo": ["context", "number"], "users": ["context", "number"]}, []),
        ("1234", {"at": NOON}, {"boss": ["context", "number"], "hello": ["number"], "echo": ["number"], "users": []},
            ["bridge 1234"]),
    ],
)  # fmt: skip
async def test_what_becomes_of_a_number_and_why(
    office: Live, number: str, more: dict[str, Any], looked_at: dict[str, list[str]], steps: list[str]
) -> None:
    made_now = await made(office.desk, "(8)(.*)", "bridge $1$2", name="boss", context="boss", caller="(1.*)?")
    found = await explained(office.desk, number, **more)
    assert {each.name: each.misfits for each in found.looked_at} == looked_at
    assert [f"{step.action} {step.argument}" for step in found.steps] == steps
    assert [each.fits for each in found.looked_at] == [not misfits for misfits in looked_at.values()]
    assert found.cause == (None if steps else "NO_ROUTE_DESTINATION")
    ids = {"boss": made_now.id, "hello": "flow_1", "echo": "file_1", "users": "file_2"}
    assert [each.id for each in found.looked_at] == [ids[name] for name in looked_at]
    assert found.route == (ids[list(looked_at)[-1]] if steps else None)


async def test_hours_are_local_and_times_are_utc(office: Live) -> None:
    found = await explained(office.desk, "9196", at=NOON.astimezone(UTC).isoformat())
    assert (found.local, found.at, found.route) == ("mon 2026-11-23 12:00", NOON, "file_1")
    now = await explained(office.desk, "9196")
    assert abs(now.at.timestamp() - time.time()) < 5


async def test_a_user_brings_number_and_context(office: Live) -> None:
    await made(office.desk, ".*", "hangup", name="only 1002", caller="1002")
    assert (await explained(office.desk, "1", user="1002")).looked_at[-1].name == "only 1002"
    assert (await explained(office.desk, "1", user="1001")).caller == "1001"
    assert (await explained(office.desk, "1", user="1002", caller="7")).caller == "7"
    assert (await refused(explained(office.desk, "1", user="nobody"))).code is Code.NOT_FOUND


async def test_what_a_bridge_means_now_is_told(office: Live) -> None:
    office.world.contact("1001")
    office.world.contact("1001")
    target = "1001,user/1002|gateway/berlin+paris/0$1,gateway/paris/1|gateway/rome/2,nobody"
    await made(office.desk, "5(.)", "answer", f"bridge {target}")
    answer, bridge = (await explained(office.desk, "57")).steps
    assert answer.reaches == []
    assert bridge.argument == target.replace("$1", "7")
    assert [(each.target, each.round, each.kind, each.reachable, each.why) for each in bridge.reaches] == [
        ("1001", 1, "user", True, ""),
        ("user/1002", 1, "user", False, "not_registered"),
        ("gateway/berlin+paris/07", 2, "gateway", True, ""),
        ("gateway/paris/1", 2, "gateway", False, "down"),
        ("gateway/rome/2", 3, "gateway", False, "unknown"),
        ("nobody", 3, "user", False, "unknown"),
    ]
    first, second, third = bridge.reaches[:3]
    assert (first.user, [place.door for place in first.places]) == ("1001@example.org", ["door", "door"])
    assert second.user == "1002@example.org" and second.places == []
    assert [(each.name, each.state, each.up) for each in third.gateways] == [
        ("berlin", "REGED", True),
        ("paris", "DOWN", False),
    ]


async def test_no_call_is_made_by_explaining(office: Live) -> None:
    office.world.contact("1001")
    await explained(office.desk, "1001", user="1000")
    assert not office.desk.switch.calls and not office.desk.switch.legs and office.world.scene == []


async def test_a_list_of_targets_is_explained_as_far_as_is_good(office: Live) -> None:
    await made(office.desk, "7", f"bridge {','.join(['1'] * 190)}")
    assert len((await explained(office.desk, "7")).steps[0].reaches) == 50


async def test_scripts_give_members_among_the_others(office: Live) -> None:
    """As JSON-RPC and the command line do."""
    shown = await routes.create.ask(office.desk, SYSTEM, {"number": "5", "steps": ["answer"], "name": "five"})
    changed = await routes.change.ask(office.desk, SYSTEM, {"route": shown["id"], "enabled": False})
    assert changed | {"enabled": True, "changed": shown["changed"]} == shown
    found = await routes.explain_call.ask(office.desk, SYSTEM, {"number": "8000", "at": "2026-11-23T12:00:00Z"})
    assert (found["route"], found["at"]) == ("flow_1", "2026-11-23T12:00:00Z")
    error = await refused(routes.move.ask(office.desk, SYSTEM, {"route": shown["id"], "position": "first"}))
    assert (error.code, error.facts["errors"][0]["pointer"]) == (Code.INVALID, "/position")
