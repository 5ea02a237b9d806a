"""Commands about routes: the rules of the dialplan, changed while we run, and what becomes of a number."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import ConfigError, Refused
from xswitch_py.base.ids import new_id
from xswitch_py.base.offer import Offer, Party
from xswitch_py.base.problem import Code
from xswitch_py.base.records import Route
from xswitch_py.base.user import User
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.dialplan import Judged, Rule, Step, as_table, explain
from xswitch_py.core.targets import GATEWAY
from xswitch_py.models.given import Cursor, Limit
from xswitch_py.models.routes import (
    Explained,
    ExplainedStep,
    LookedAt,
    Move,
    NewRoute,
    Place,
    Reach,
    ReachedGateway,
    RouteChange,
    RouteShown,
    Unexplained,
)
from xswitch_py.models.shape import Page, moment

__all__ = ["change", "create", "explain_call", "get", "list_routes", "move", "remove"]

_READ: Final = "routes:read"
_WRITE: Final = "routes:write"
_MOST: Final = 1000  # routes of the database: each call may look at all of them
_TARGETS: Final = 50  # of one step that are explained
_KEYS: Final = ("name", "number", "caller", "context", "hours", "steps")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@command("routes.list", _READ)
async def list_routes(
    desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None, total: bool = False
) -> Page[RouteShown]:
    """List the rules in the order in which they are asked: the database's, those of flows, the file's."""
    everything = await _everything(desk)
    start = next((place for place, each in enumerate(everything, 1) if each.id == cursor), 0) if cursor else 0
    items = everything[start : start + limit]
    more = start + limit < len(everything)
    return Page[RouteShown](
        items=items, next_cursor=items[-1].id if more and items else None, total=len(everything) if total else None
    )


@command("routes.get", _READ)
async def get(desk: Desk, who: Asker, route: str) -> RouteShown:
    """Show a rule."""
    row = await desk.stores.routes.get(route)
    return _shown(row) if row is not None else _written(desk, route)


@command("routes.create", _WRITE)
async def create(desk: Desk, who: Asker, wish: NewRoute) -> RouteShown:
    """Make a rule; calls that are placed from now on are routed by it, too."""
    if len(await desk.stores.routes.list()) >= _MOST:
        raise Refused(Code.CONFLICT, f"there are {_MOST} routes already")
    now = round(time.time(), 3)
    row = Route(f"route_{new_id()}", 0, steps=tuple(wish.steps), created=now, changed=now, **_facts(wish))
    _check(desk, row)
    made = await desk.stores.routes.add(row, wish.position)
    await desk.renew_rules()
    return _shown(made)


@command("routes.change", _WRITE)
async def change(desk: Desk, who: Asker, route: str, wish: RouteChange) -> RouteShown:
    """Change a rule; what is left out stays."""
    row = await _row(desk, route)
    given: dict[str, Any] = {name: getattr(wish, name) for name in wish.model_fields_set}
    if "steps" in given:
        given["steps"] = tuple(given["steps"])
    changed = replace(row, changed=round(time.time(), 3), **given)
    _check(desk, changed)
    if not await desk.stores.routes.change(changed):
        raise missing("route", route)
    await desk.renew_rules()
    return _shown(changed)


@command("routes.move", _WRITE)
async def move(desk: Desk, who: Asker, route: str, wish: Move) -> RouteShown:
    """Let a rule be asked earlier or later, among those of the database."""
    await _row(desk, route)
    moved = await desk.stores.routes.move(route, wish.position)
    if moved is None:
        raise missing("route", route)
    await desk.renew_rules()
    return _shown(moved)


@command("routes.remove", _WRITE)
async def remove(desk: Desk, who: Asker, route: str) -> None:
    """Remove a rule; calls that follow it go on."""
    await _row(desk, route)
    if not await desk.stores.routes.remove(route):
        raise missing("route", route)
    await desk.renew_rules()


@command("routes.explain", _READ)
async def explain_call(desk: Desk, who: Asker, wish: Unexplained) -> Explained:
    """Say what would become of a call, and why: which rules are looked at, and whom a bridge would ring now.

    No call is made.
    """
    offer = await _offer(desk, wish)
    at = wish.at or datetime.now(UTC)
    local = at.astimezone().replace(tzinfo=None)  # what hours are of
    judged = explain(desk.switch.services.plan.rules, offer, local)
    looked_at = _looked_at(judged)
    found = judged[-1] if judged and not judged[-1].misfits else None
    return Explained(
        number=offer.callee.number,
        caller=offer.caller.number,
        context=offer.context,
        at=moment(at.timestamp()),
        local=f"{_DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}",
        looked_at=looked_at,
        route=looked_at[-1].id if found else None,
        steps=[await _step(desk, step) for step in found.steps] if found else [],
        cause=None if found else Cause.NO_ROUTE_DESTINATION.value,
    )


def _facts(wish: NewRoute) -> dict[str, Any]:
    return {name: getattr(wish, name) for name in (*_KEYS[:-1], "enabled")}


def _check(desk: Desk, row: Route) -> None:
    """Let a rule be read as one of a file would be."""
    try:
        desk.read_rule(as_table(row))
    except ConfigError as error:
        errors = [{"pointer": _place(problem), "detail": problem} for problem in error.problems]
        raise Refused(Code.INVALID, "this cannot be a rule", errors=errors) from error


def _place(problem: str) -> str:
    """Say which member a problem is about: it begins with its name, or is about the steps."""
    return next((f"/{key}" for key in _KEYS if problem.startswith((f"{key}:", f"{key} "))), "/steps")


async def _row(desk: Desk, name: str) -> Route:
    """Give a route that can be changed."""
    row = await desk.stores.routes.get(name)
    if row is None:
        shown = _written(desk, name)
        raise Refused(Code.CONFLICT, f"it comes from a {shown.origin}, and is changed there")
    return row


def _written(desk: Desk, name: str) -> RouteShown:
    """Give a rule that a file or a flow brings."""
    found = next((each for each in _fixed(desk) if each.id == name), None)
    if found is None:
        raise missing("route", name)
    return found


def _fixed(desk: Desk) -> list[RouteShown]:
    groups: Mapping[str, Sequence[Rule]] = {"flow": desk.flow_rules(), "file": desk.file_rules()}
    return [_of_rule(origin, place, rule) for origin, rules in groups.items() for place, rule in enumerate(rules, 1)]


async def _everything(desk: Desk) -> list[RouteShown]:
    return [*map(_shown, await desk.stores.routes.list()), *_fixed(desk)]


def _shown(row: Route) -> RouteShown:
    return RouteShown.model_validate(
        {
            "id": row.id,
            "origin": "database",
            "position": row.position,
            **{key: getattr(row, key) for key in (*_KEYS[:-1], "enabled", "created", "changed")},
            "steps": list(row.steps),
        }
    )


def _of_rule(origin: str, place: int, rule: Rule) -> RouteShown:
    return RouteShown.model_validate(
        {
            "id": f"{origin}_{place}",
            "origin": origin,
            "position": place,
            "name": rule.name,
            "number": rule.number.pattern if rule.number else "",
            "caller": rule.caller.pattern if rule.caller else "",
            "context": rule.context,
            "hours": rule.hours.text if rule.hours else "",
            "steps": [f"{step.action} {step.argument}".strip() for step in rule.steps],
            "enabled": True,
        }
    )


async def _offer(desk: Desk, wish: Unexplained) -> Offer:
    """Make what the call would bring."""
    user: User | None = None
    if wish.user is not None:
        user = await desk.switch.services.directory.find(wish.user)
        if user is None:
            raise missing("user", wish.user)
    caller = wish.caller if wish.caller is not None else (user.number or user.name) if user else ""
    context = wish.context or (user.context if user else "default")
    address = user.address if user else None
    return Offer(Party("", caller), Party("", wish.number), address, context)


def _looked_at(judged: Iterable[Judged]) -> list[LookedAt]:
    places: Counter[str] = Counter()  # what a file or a flow brings is named by its place there
    shown: list[LookedAt] = []
    for each in judged:
        origin = each.rule.origin
        places[origin] += 1
        shown.append(
            LookedAt.model_validate(
                {
                    "id": each.rule.id or f"{origin}_{places[origin]}",
                    "origin": origin,
                    "name": each.rule.name,
                    "fits": not each.misfits,
                    "misfits": list(each.misfits),
                }
            )
        )
    return shown


async def _step(desk: Desk, step: Step) -> ExplainedStep:
    reaches = await _reaches(desk, step.argument) if step.action == "bridge" else []
    return ExplainedStep(action=step.action, argument=step.argument, reaches=reaches)


async def _reaches(desk: Desk, wanted: str) -> list[Reach]:
    """Say what the words of a target mean now: see `core.targets`."""
    rounds = enumerate(wanted.split("|"), 1)
    names = [(place, name.strip()) for place, together in rounds for name in together.split(",")]
    return [await _reach(desk, name, place) for place, name in names[:_TARGETS]]


async def _reach(desk: Desk, name: str, place: int) -> Reach:
    kind, _, rest = name.partition("/")
    if kind == GATEWAY:
        return _by_gateway(desk, name, place, rest.partition("/")[0])
    services = desk.switch.services
    user = await services.directory.find_callee((rest if kind == "user" else name).partition("@")[0])
    found = services.registry.find(user.address) if user is not None else ()
    return Reach(
        target=name,
        round=place,
        kind="user",
        reachable=bool(found),
        why="" if found else "unknown" if user is None else "not_registered",
        user=None if user is None else str(user.address),
        places=[Place(door=each.door, transport=each.transport, agent=each.agent[:200]) for each in found],
    )


def _by_gateway(desk: Desk, target: str, place: int, names: str) -> Reach:
    """Any of several gateways will do: "berlin+paris"."""
    standing = {each.name: each for each in desk.carriers.status()}
    known = [(name, standing.get(name)) for name in names.split("+")]
    shown = [ReachedGateway(name=name, state=at.state if at else "", up=bool(at and at.up)) for name, at in known]
    up = any(each.up for each in shown)
    why = "" if up else "down" if any(at for _, at in known) else "unknown"
    return Reach.model_validate(
        {"target": target, "round": place, "kind": "gateway", "reachable": up, "why": why, "gateways": shown}
    )
