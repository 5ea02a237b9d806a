"""The dialplan as data: what fits, what follows, and what is said of mistakes."""

import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from xswitch_py.actions import ACTIONS
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, ConfigError
from xswitch_py.base.offer import Offer, Party
from xswitch_py.core.dialplan import Step, load, route

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
