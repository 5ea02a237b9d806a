"""What the switch says, in the words of people; pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

__all__ = ["CALLS", "call", "calls", "event", "party", "since", "size", "status"]

Facts = Mapping[str, Any]

CALLS: Final = ("call", "state", "from", "to", "for", "legs")
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))
_SIZES: Final = ("B", "kB", "MB", "GB", "TB")


def status(facts: Facts) -> list[tuple[str, str]]:
    """Say how the switch is."""
    ready = "ready" if facts["ready"] else f"not ready: {', '.join(facts['lacking'])}"
    totals, loop = facts["totals"], facts["loop"]
    gateways = [f"{name} {state}" for name, state in facts["gateways"].items()]
    return [
        ("xswitch", f"{facts['version']}, {ready}, up {since(facts['uptime'])}"),
        ("calls", f"{facts['calls']} ({facts['legs']} legs), {totals['answered']} answered since the start"),
        ("ended", ", ".join(f"{count} {cause}" for cause, count in totals["ended"].items()) or "none"),
        ("registrations", str(facts["registrations"])),
        ("gateways", ", ".join(gateways) or "none"),
        ("recordings", f"{totals['recording']} going on"),
        ("blocked", f"{totals['blocked']} sources since the start"),
        ("events", f"{facts['event_subscribers']} listen, {facts['events_lost']} lost"),
        ("process", f"{size(facts['memory'])}, {facts['open_files']} open files, {facts['cpu_seconds']:.1f} s of CPU"),
        ("loop", f"at most {loop['worst_ms']:g} ms late in the last minute, held up {loop['held_up_total']} times"),
        *((f"disk {disk['folder']}", f"{size(disk['free'])} free of {size(disk['size'])}") for disk in facts["disks"]),
    ]


def calls(items: Sequence[Facts], now: datetime) -> list[list[str]]:
    """Make the rows of a table of calls."""
    return [
        [
            one["id"],
            one["state"],
            party(one["caller"]),
            party(one["callee"]),
            since((now - datetime.fromisoformat(one["started"])).total_seconds()),
            " ".join(f"{leg['door']}:{leg['codec'] or '-'}" for leg in one["legs"]),
        ]
        for one in items
    ]


def call(facts: Facts) -> str:
    """Say in one line which call it is, and how far."""
    return f"{facts['id']} {facts['state']}"


def party(facts: Facts) -> str:
    """Name somebody."""
    name, number = facts["name"], facts["number"]
    return f"{name} <{number}>" if name and number and name != number else number or name or "-"


def event(told: Facts) -> str:
    """Tell an event in one line."""
    words = [told["time"][11:23], told["type"], told.get("call_id") or ""]
    words += (f"{name}={_value(value)}" for name, value in told["data"].items() if value not in (None, "", [], {}))
    return " ".join(word for word in words if word)


def since(seconds: float) -> str:
    """Write a time with its two largest units."""
    left, words = max(0, round(seconds)), list[str]()
    for length, unit in _UNITS:
        if left >= length:
            words.append(f"{left // length} {unit}")
            left %= length
    return " ".join([*words, f"{left} s"][:2])


def size(count: float) -> str:
    """Write so many bytes."""
    power = 0
    while count >= 1000 and power < len(_SIZES) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.3g} {_SIZES[power]}"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if " " in text and isinstance(value, str) else text
