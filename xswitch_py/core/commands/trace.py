"""Commands about what happened to a call, and how well it was heard; also to one that ended of late."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, TypeVar

from xswitch_py.base.address import Address
from xswitch_py.base.errors import Refused
from xswitch_py.base.events import LegMeasured
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.trace import CallTrace, Entry, LegSeen, Report
from xswitch_py.models import trace as models
from xswitch_py.models.calls import Party, Side
from xswitch_py.models.shape import Model, moment

__all__ = ["quality", "report_quality", "trace"]

Shape = TypeVar("Shape", bound=Model)

_READ: Final = "calls:read"
_WRITE: Final = "calls:write"
_PREFIX: Final = "call_"
_LONGEST: Final = 16_384  # characters of a message
_TEXT: Final = 200
_BREATH: Final = 20  # entries after which others have their turn


@command("calls.trace", _READ, own=True)
async def trace(desk: Desk, who: Asker, call: str, messages: bool = True) -> models.CallTrace:
    """Show what happened to a call, from its first message to the end; without `messages` only a line for each.

    Who may only see calls of their own sees what went over their own wire, and what became of the call.
    """
    found, user = _found(desk, who, call, _READ), who.only(_READ)
    entries = list[models.TraceEntry]()
    for entry in found.entries():
        if _may_see(found, entry, user):
            entries.append(_entry(found, entry, messages))
        if len(entries) % _BREATH == _BREATH - 1:  # to take the secrets out of hundreds of messages takes its time
            await asyncio.sleep(0)
    return models.CallTrace.model_construct(
        call=call,
        began=moment(found.began),
        ended=None if found.ended is None else moment(found.ended),
        legs=[_leg(found, leg) for leg in found.legs.values()],
        entries=entries,
        missing=found.missing,
    )


@command("calls.quality", _READ, own=True)
async def quality(desk: Desk, who: Asker, call: str) -> models.CallQuality:
    """Show how well a call is heard, or was: as we measured it, and as its phones reported."""
    found = _found(desk, who, call, _READ)
    return models.CallQuality(
        call=call,
        legs=[_quality(desk, found, leg) for leg in found.legs.values()],
        reported=[
            models.Reported(at=moment(one.at), by=one.who, figures=models.Heard.model_validate(one.figures))
            for one in found.reports
        ],
    )


@command("calls.report_quality", _WRITE, own=True, quiet=True)
async def report_quality(desk: Desk, who: Asker, call: str, wish: models.Heard) -> None:
    """Keep how well a phone hears, as it says itself."""
    found = _found(desk, who, call, _WRITE)
    if wish.leg is not None and wish.leg not in found.legs:
        raise Refused(Code.INVALID, "the call has no such leg", errors=[{"pointer": "/leg", "detail": "no leg of it"}])
    name = who.name if who.user is None else str(who.user)
    desk.traces.report(found, Report(time.time(), name, wish.model_dump(exclude_none=True)))


def _found(desk: Desk, who: Asker, name: str, scope: str) -> CallTrace:
    """Find what is kept of a call; of a call of others nobody learns that it was."""
    found = desk.traces.find(CallId(name.removeprefix(_PREFIX))) if name.startswith(_PREFIX) else None
    user = who.only(scope)
    if found is None or (user is not None and user not in found.users):
        raise missing("call", name)
    return found


def _may_see(found: CallTrace, entry: Entry, user: Address | None) -> bool:
    if user is None or entry.layer == "call":
        return True
    leg = found.legs.get(entry.leg)
    return leg is not None and leg.user == user


def _entry(found: CallTrace, entry: Entry, messages: bool) -> models.TraceEntry:
    message = entry.message() if messages and entry.message is not None else None
    return models.TraceEntry.model_construct(
        at=moment(entry.at),
        ms=round((entry.at - found.began) * 1000, 1),
        leg=entry.leg or None,
        layer=entry.layer,
        way=entry.way,
        text=entry.text[:_TEXT],
        message=None if message is None else message[:_LONGEST],
    )


def _leg(found: CallTrace, leg: LegSeen) -> models.LegTraced:
    return models.LegTraced.model_construct(id=leg.id, side=_side(found, leg.id), door=leg.door, party=_party(leg))


def _side(found: CallTrace, leg: LegId) -> Side:
    return "caller" if leg == found.caller else "callee"


def _party(leg: LegSeen) -> Party:
    return Party(name=leg.party.name, number=leg.party.number)


def _quality(desk: Desk, found: CallTrace, leg: LegSeen) -> models.LegQuality:
    last = found.measured.get(leg.id)
    return models.LegQuality(
        leg=leg.id,
        side=_side(found, leg.id),
        door=leg.door,
        party=_party(leg),
        last=None if last is None else _now(last),
        total=_total(desk, found, leg.id),
    )


def _now(last: LegMeasured) -> models.LegNow:
    said: Mapping[str, Any] = last.quality
    return models.LegNow(
        at=moment(last.at),
        mos=last.mos,
        codec=said.get("codec", ""),
        heard=_shaped(models.WayNow, said.get("heard")),
        told=_shaped(models.WayNow, said.get("told")),
        rtt=said.get("rtt"),
    )


def _total(desk: Desk, found: CallTrace, leg: LegId) -> models.LegTotal | None:
    """Give the figures of a leg that is up as they are now, else those it ended with."""
    said: Mapping[str, Any] | None = found.totals.get(leg)
    if said is None and (live := desk.switch.legs.get(leg)) is not None and live.call == found.call:
        measured = desk.switch.services.media.stats(leg).quality
        said = None if measured is None else asdict(measured)
    if not said:
        return None
    heard, told = (_shaped(models.WayTotal, said.get(way)) for way in ("heard", "told"))
    return models.LegTotal(heard=heard, told=told, rtt=said.get("rtt"))


def _shaped(shape: type[Shape], said: Mapping[str, Any] | None) -> Shape | None:
    """Take from what was measured what is shown."""
    return None if said is None else shape.model_validate({name: said[name] for name in shape.model_fields})
