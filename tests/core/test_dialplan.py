"""The dialplan as data: what fits, what follows, and what is said of mistakes."""

import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from xswitch_py.actions import ACTIONS
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, ConfigError
from xswitch_py.base.offer import Offer, Party
from xswitch_py.base.records import Route
from xswitch_py.core.dialplan import Rule, Step, as_table, explain, from_route, load, route

MONDAY_NOON = datetime(2026, 11, 23, 12, 0)
SATURDAY_NOON = datetime(2026, 11, 28, 12, 0)


def offer(number: str, caller: str = "1000", context: str = "default") -> Offer:
    return Offer(Party("Alice", caller), Party("", number), context=context)


def steps(text: str, number: str, now: datetime = MONDAY_NOON, /, **who: str) -> tuple[Step, ...]:
    return route(load(tomllib.loads(text), ACTIONS), offer(number, **who), now)


def test_the_first_rule_that_fits_wins() -> None:
    text = """
    [[rule]]
    number = "9196"
    steps = ["answer", "echo"]
    [[rule]]
    number = "9.*"
    steps = ["hangup USER_BUSY"]
    """
    assert steps(text, "9196") == (Step("answer"), Step("echo"))
    assert steps(text, "9197") == (Step("hangup", "USER_BUSY"),)


def test_no_rule_no_route() -> None:
    with pytest.raises(CallError) as error:
        steps('[[rule]]\nnumber = "1"\nsteps = ["echo"]', "11")
    assert error.value.cause is Cause.NO_ROUTE_DESTINATION


def test_groups_fill_the_steps() -> None:
    text = '[[rule]]\nnumber = "9(\\\\d)(\\\\d)?"\nsteps = ["transfer $1-$2-$0-$9"]'
    assert steps(text, "95") == (Step("transfer", "5--95-"),)


@pytest.mark.parametrize(
    ("dialled", "step"),
    [
        ("1001|gateway/berlin/0900123", "bridge user/1001gatewayberlin0900123"),
        ("1001,gateway/berlin/0900123", "bridge user/1001gatewayberlin0900123"),
        ("../gateway/berlin/0900", "bridge user/..gatewayberlin0900"),
        (" 1001 \t\r\n1002\u2028", "bridge user/10011002"),
        ("|,/", "bridge user/"),
    ],
)
def test_who_dials_names_one_target_and_no_gateway(dialled: str, step: str) -> None:
    """X10, X20: however generous the rule is."""
    action, _, argument = step.partition(" ")
    assert steps('[[rule]]\nnumber = "(?s:(.*))"\nsteps = ["bridge user/$1"]', dialled) == (Step(action, argument),)


@pytest.mark.parametrize(
    ("condition", "who", "fits"),
    [
        ('caller = "10\\\\d\\\\d"', {"caller": "1000"}, True),
        ('caller = "10\\\\d\\\\d"', {"caller": "2000"}, False),
        ('context = "public"', {"context": "public"}, True),
        ('context = "public"', {}, False),
        ("", {"context": "public"}, False),
    ],
)
def test_conditions(condition: str, who: dict[str, str], fits: bool) -> None:
    text = f'[[rule]]\n{condition}\nsteps = ["echo"]'
    if fits:
        assert steps(text, "1", **who) == (Step("echo"),)
    else:
        with pytest.raises(CallError):
            steps(text, "1", **who)


@pytest.mark.parametrize(
    ("hours", "now", "fits"),
    [
        ("mon-fri 09:00-17:30", MONDAY_NOON, True),
        ("mon-fri 09:00-17:30", SATURDAY_NOON, False),
        ("mon-fri 09:00-17:30", MONDAY_NOON.replace(hour=17, minute=30), False),
        ("mon-fri", MONDAY_NOON, True),
        ("sat", SATURDAY_NOON, True),
        ("sat", MONDAY_NOON, False),
        ("fri-mon", MONDAY_NOON, True),
        ("fri-mon", datetime(2026, 11, 25, 12, 0), False),
        ("18:00-08:00", MONDAY_NOON, False),
        ("18:00-08:00", MONDAY_NOON.replace(hour=7), True),
        ("mon 18:00-08:00", datetime(2026, 11, 24, 7, 0), True),
        ("mon 18:00-08:00", MONDAY_NOON.replace(hour=7), False),
        ("Mon-Fri 09:00-17:30", MONDAY_NOON, True),
    ],
)
def test_hours(hours: str, now: datetime, fits: bool) -> None:
    text = f'[[rule]]\nhours = "{hours}"\nsteps = ["echo"]\n[[rule]]\nsteps = ["answer"]'
    assert steps(text, "1", now)[0].action == ("echo" if fits else "answer")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1", "unknown key 'x'"),
        ("rule = [1]", "rule 1: is not a table"),
        ("[[rule]]", "steps must be a list"),
        ("[[rule]]\nsteps = []", "steps must be a list"),
        ('[[rule]]\nsteps = [""]', "steps must be a list"),
        ('[[rule]]\nsteps = ["fly"]', "no action 'fly'"),
        ('[[rule]]\nsteps = ["echo"]\ncolour = "red"', "unknown key 'colour'"),
        ('[[rule]]\nsteps = ["echo"]\nnumber = 7', "number must be text"),
        ('[[rule]]\nsteps = ["echo"]\nnumber = "("', "number: '(' is no regular expression"),
        ('[[rule]]\nsteps = ["echo"]\nnumber = "a{99999999999}"', "is no regular expression"),
        ('[[rule]]\nsteps = ["echo"]\nhours = "late"', "hours: 'late'"),
        ('[[rule]]\nsteps = ["echo"]\nhours = "xyz"', "hours: 'xyz'"),
        ('[[rule]]\nsteps = ["echo"]\nhours = "09:75-10:00"', "hours: '09:75-10:00'"),
        ('[[rule]]\nsteps = ["echo"]\nhours = ""', "hours: ''"),
    ],
)
def test_mistakes_are_named(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(tomllib.loads(text), ACTIONS)
    assert problem in str(error.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        load(tomllib.loads('[[rule]]\nsteps = ["fly"]\n[[rule]]\nnumber = "("\nsteps = ["run"]'), ACTIONS)
    assert len(error.value.problems) == 3


def test_the_shipped_dialplan_is_good() -> None:
    table = tomllib.loads((Path(__file__).parents[2] / "conf" / "dialplan.toml").read_text("utf8"))
    rules = load(table, ACTIONS)
    assert route(rules, offer("9196"), MONDAY_NOON)[-1] == Step("echo")
    assert route(rules, offer("1001"), MONDAY_NOON) == (Step("bridge", "1001"),)


ALL = ("context", "caller", "number")
OFFICE = load(
    tomllib.loads(
        """
        [[rule]]
        name = "night"
        number = "8000"
        hours = "mon-fri 18:00-08:00"
        steps = ["hangup"]
        [[rule]]
        name = "boss"
        caller = "2\\\\d+"
        number = "8000"
        context = "boss"
        steps = ["bridge 1000"]
        [[rule]]
        name = "out"
        number = "0(\\\\d+)"
        steps = ["answer", "bridge gateway/berlin/$1"]
        [[rule]]
        name = "never asked"
        steps = ["echo"]
        """
    ),
    ACTIONS,
)


@pytest.mark.parametrize(
    ("number", "who", "looked_at", "followed"),
    [
        ("8000", {}, [("hours",), ("context", "caller"), ("number",), ()], "echo"),
        ("0301", {}, [("hours", "number"), ("context", "caller", "number"), ()], "answer"),
        ("8000", {"context": "boss", "caller": "22"}, [("context", "hours"), ()], "bridge"),
        ("2", {"context": "x"}, [("context", "hours", "number"), ALL, ("context", "number"), ("context",)], ""),
    ],
)  # fmt: skip
def test_all_that_does_not_fit_is_told(
    number: str, who: dict[str, str], looked_at: list[tuple[str, ...]], followed: str
) -> None:
    judged = explain(OFFICE, offer(number, **who), MONDAY_NOON)
    assert [each.misfits for each in judged] == looked_at
    assert [each.rule for each in judged] == list(OFFICE[: len(judged)])
    assert [each.steps[0].action for each in judged if each.steps] == ([followed] if followed else [])


def test_what_is_explained_is_what_is_routed() -> None:
    for number in ("8000", "0301", "1", ""):
        for moment in (MONDAY_NOON, SATURDAY_NOON, MONDAY_NOON.replace(hour=3)):
            last = explain(OFFICE, offer(number), moment)[-1]
            assert last.steps == route(OFFICE, offer(number), moment)
    assert explain(OFFICE, offer("0301"), MONDAY_NOON)[-1].steps[1] == Step("bridge", "gateway/berlin/301")
    assert explain((), offer("1"), MONDAY_NOON) == []


def test_a_route_of_the_database_is_read_as_one_of_the_file() -> None:
    row = Route("route_1", 1, "out", ("bridge $1",), number="0(.*)", caller="1.", context="boss", hours="sat")
    table = as_table(row)
    assert table == {
        "name": "out", "number": "0(.*)", "caller": "1.", "context": "boss", "hours": "sat", "steps": ["bridge $1"],
    }  # fmt: skip
    rule = from_route(row, lambda given: load({"rule": [given]}, ACTIONS)[0])
    assert (rule.origin, rule.id, rule.name) == ("database", "route_1", "out")
    assert rule.hours is not None and rule.hours.text == "sat"
    assert as_table(Route("route_2", 1, "", ("echo",))) == {"context": "default", "steps": ["echo"]}


def test_rules_are_of_the_file_unless_somebody_says_otherwise() -> None:
    assert {rule.origin for rule in OFFICE} == {"file"}
    assert Rule("x", ()).id == ""
