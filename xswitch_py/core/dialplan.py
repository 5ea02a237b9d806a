"""The dialplan: from who calls what to the steps of the call. Rules are data; the first that fits wins.

    [[rule]]
    name = "echo"
    number = "9196"                 # a regular expression for the whole number
    caller = "10\\d\\d"             # the same for the caller's number
    context = "default"
    hours = "mon-fri 09:00-17:30"   # local time
    steps = ["answer", "sleep 200", "echo"]

In a step, `$0` stands for the number dialled and `$1` to `$9` for the groups of `number`; signs that part targets and
words, which nobody's number has, are left out of them.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, ConfigError
from xswitch_py.base.offer import Offer
from xswitch_py.base.records import Route

__all__ = ["Hours", "Judged", "Rule", "Step", "as_table", "explain", "from_route", "load", "route"]

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS: Final = re.compile(
    r"(?:(?P<from>[a-z]{3})(?:-(?P<to>[a-z]{3}))? ?)?(?:(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d))?"
)
_PARTING: Final = re.compile(r"[\s,|/]+")  # see `core.targets`
_KEYS: Final = frozenset({"name", "number", "caller", "context", "hours", "steps"})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: the name of an action and what it is given."""

    action: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the week: weekdays (Monday is 0), and minutes of the day from `start` to before `end`."""

    days: frozenset[int]
    start: int
    end: int
    text: str = field(default="", compare=False)  # as it was written

    def holds(self, now: datetime) -> bool:
        """Say whether a moment lies within; a span may run over midnight and then belongs to the day it began."""
        minute, day = now.hour * 60 + now.minute, now.weekday()
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        return (day in self.days and minute >= self.start) or ((day - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what must hold, and the steps that follow."""

    name: str
    steps: tuple[Step, ...]
    number: re.Pattern[str] | None = None
    caller: re.Pattern[str] | None = None
    context: str = "default"
    hours: Hours | None = None
    origin: str = "file"  # or "database", "flow"
    id: str = ""  # of a route of the database

    def match(self, offer: Offer, now: datetime) -> tuple[str, ...] | None:
        """Give the number dialled and the groups of the pattern if the rule fits, else nothing."""
        dialled = offer.callee.number
        if self.context != offer.context or (self.hours and not self.hours.holds(now)):
            return None
        if self.caller and not self.caller.fullmatch(offer.caller.number):
            return None
        if self.number is None:
            return (dialled,)
        found = self.number.fullmatch(dialled)
        return None if found is None else (dialled, *(group or "" for group in found.groups()))

    def misfits(self, offer: Offer, now: datetime) -> tuple[str, ...]:
        """Name all conditions that do not hold: "context", "hours", "caller", "number"."""
        fits = {
            "context": self.context == offer.context,
            "hours": self.hours is None or self.hours.holds(now),
            "caller": self.caller is None or self.caller.fullmatch(offer.caller.number) is not None,
            "number": self.number is None or self.number.fullmatch(offer.callee.number) is not None,
        }
        return tuple([name for name, good in fits.items() if not good])


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule that was looked at for a call: why it does not fit, or the steps that follow."""

    rule: Rule
    misfits: tuple[str, ...]
    steps: tuple[Step, ...] = ()


def route(rules: tuple[Rule, ...], offer: Offer, now: datetime) -> tuple[Step, ...]:
    """Find the steps for a call.

    Raises:
        CallError: no rule fits (NO_ROUTE_DESTINATION).
    """
    for rule in rules:
        if (groups := rule.match(offer, now)) is not None:
            return _filled(rule, groups)
    raise CallError(Cause.NO_ROUTE_DESTINATION, f"no rule for {offer.callee.number!r}")


def explain(rules: Sequence[Rule], offer: Offer, now: datetime) -> list[Judged]:
    """Say which rules `route` looks at for a call, in order: none fits, or the last one alone does."""
    judged: list[Judged] = []
    for rule in rules:
        if (groups := rule.match(offer, now)) is not None:
            return [*judged, Judged(rule, (), _filled(rule, groups))]
        judged.append(Judged(rule, rule.misfits(offer, now)))
    return judged


def as_table(route: Route) -> dict[str, object]:
    """Write a route as a dialplan file would; what is empty fits any, and is left out."""
    texts = {key: getattr(route, key) for key in ("name", "number", "caller", "context", "hours")}
    return {key: text for key, text in texts.items() if text} | {"steps": list(route.steps)}


def from_route(route: Route, read: Callable[[Mapping[str, object]], Rule]) -> Rule:
    """Make the rule of a route of the database; `read` reads a table of a dialplan file.

    Raises:
        ConfigError: it cannot be read, any more: it names an action that is gone, say.
    """
    return replace(read(as_table(route)), origin="database", id=route.id)


def load(table: Mapping[str, object], actions: Collection[str]) -> tuple[Rule, ...]:
    """Read the rules of a dialplan file.

    Raises:
        ConfigError: with all that is wrong.
    """
    problems = [f"unknown key {key!r}; a dialplan has [[rule]] tables" for key in table if key != "rule"]
    rules: list[Rule] = []
    entries = table.get("rule", [])
    for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        found = list(_problems(entry, actions)) if isinstance(entry, dict) else ["is not a table"]
        problems += [f"rule {number}: {problem}" for problem in found]
        if not found:
            rules.append(_rule(entry))
    if problems:
        raise ConfigError(problems)
    return tuple(rules)


def _problems(entry: Mapping[str, object], actions: Collection[str]) -> Iterator[str]:
    for key, value in entry.items():
        if key not in _KEYS:
            yield f"unknown key {key!r}; known are {', '.join(sorted(_KEYS))}"
        elif key != "steps" and not isinstance(value, str):
            yield f"{key} must be text"
    for key in ("number", "caller"):
        if isinstance(value := entry.get(key), str) and (why := _pattern_problem(value)):
            yield f"{key}: {why}"
    if isinstance(hours := entry.get("hours"), str) and _hours(hours) is None:
        yield f'hours: {hours!r} is not like "mon-fri 09:00-17:30"'
    steps = entry.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, str) and step.strip() for step in steps):
        yield 'steps must be a list of texts like ["answer", "echo"]'
    else:
        for step in map(_step, steps):
            if step.action not in actions:
                yield f"no action {step.action!r}; known are {', '.join(sorted(actions))}"


def _pattern_problem(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return f"{text!r} is no regular expression: {error}"
    return ""


def _rule(entry: Mapping[str, object]) -> Rule:
    text = {key: value for key, value in entry.items() if isinstance(value, str)}
    steps = entry["steps"]
    assert isinstance(steps, list)
    return Rule(
        name=text.get("name", ""),
        steps=tuple(map(_step, steps)),
        number=re.compile(text["number"]) if "number" in text else None,
        caller=re.compile(text["caller"]) if "caller" in text else None,
        context=text.get("context", "default"),
        hours=_hours(text["hours"]) if "hours" in text else None,
    )


def _step(text: str) -> Step:
    action, _, argument = text.strip().partition(" ")
    return Step(action, argument.strip())


def _hours(text: str) -> Hours | None:
    found = _HOURS.fullmatch(text.strip().lower())
    if found is None or not found.group():
        return None
    first, last = found["from"] or "mon", found["to"] or found["from"] or "sun"
    if first not in _DAYS or last not in _DAYS:
        return None
    span = (_DAYS.index(last) - _DAYS.index(first)) % 7 + 1
    days = frozenset((_DAYS.index(first) + day) % 7 for day in range(span))
    start, end = _minutes(found["start"] or "00:00"), _minutes(found["end"] or "24:00")
    return Hours(days, start, end, text.strip()) if 0 <= start <= 1440 and 0 <= end <= 1440 else None


def _minutes(text: str) -> int:
    hours, minutes = map(int, text.split(":"))
    return hours * 60 + minutes if minutes < 60 else -1


def _filled(rule: Rule, groups: tuple[str, ...]) -> tuple[Step, ...]:
    return tuple(Step(step.action, _fill(step.argument, groups)) for step in rule.steps)


def _fill(argument: str, groups: tuple[str, ...]) -> str:
    """Put what was dialled into a step, as one word: whoever dials names no further targets, nor another gateway."""
    values = [_PARTING.sub("", group) for group in groups]
    return re.sub(r"\$(\d)", lambda found: values[int(found[1])] if int(found[1]) < len(values) else "", argument)
