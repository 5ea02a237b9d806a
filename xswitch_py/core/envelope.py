"""What programs are told of an event: one table from what can happen to a type and its data; pure."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from xswitch_py.base import events
from xswitch_py.base.offer import Party

__all__ = ["GAP", "POOR", "TYPES", "Envelope", "told"]

GAP: Final = "events.gap"  # something is missing before the next event
POOR: Final = 3.1  # a MOS below which many are dissatisfied (ITU-T G.107 annex B, R below 60)

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as every program gets it. `users` are those whose it is; nobody is told who they are."""

    seq: int
    node: str
    type: str
    at: float  # Unix seconds
    data: Data
    call_id: str | None = None
    users: frozenset[str] = field(default_factory=frozenset)
    _text: list[str] = field(default_factory=list, init=False, repr=False, compare=False)  # once it was made

    @property
    def id(self) -> str:
        """A name that no other event has, also of another run. A gap stands behind the event with its number."""
        return f"evt_{self.node}_{self.seq}{'.gap' if self.type == GAP else ''}"

    def as_json(self) -> Data:
        """Return it as programs see it."""
        time = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        call = {} if self.call_id is None else {"call_id": self.call_id}
        return {
            "id": self.id,
            "type": self.type,
            "time": time,
            "node": self.node,
            "seq": self.seq,
            **call,
            "data": self.data,
        }

    def text(self) -> str:
        """Return it as compact JSON on one line, in signs that UTF-8 has; made once, for whoever asks."""
        if not self._text:
            self._text.append(_compact(self.as_json()).encode("utf-8", "replace").decode())
        return self._text[0]


def told(event: events.Event) -> tuple[str, Data] | None:
    """Give the type and the data of an event; None for what programs are not told."""
    row = _TABLE.get(type(event))
    if row is None:
        return None
    kind, data = row
    return None if isinstance(event, events.LegMeasured) and event.mos >= POOR else (kind, data(event))


def _compact(shown: Data) -> str:
    try:
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    except ValueError:  # a figure that JSON has no word for
        return json.dumps(_finite(shown), ensure_ascii=False, separators=(",", ":"), default=str)


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {name: _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case _:
            return value


def _party(party: Party) -> Data:
    return {"name": party.name, "number": party.number}


def _started(event: events.CallStarted) -> Data:
    user = str(event.user) if event.user is not None else None
    ends = {"caller": _party(event.caller), "callee": _party(event.callee)}
    return {**ends, "user": user, "door": event.door, "leg": event.leg}


def _ended(event: events.CallEnded) -> Data:
    answered = event.answered
    return {
        "caller": _party(event.caller),
        "callee": _party(event.callee),
        "cause": event.cause.value,
        "direction": event.direction,
        "duration": round(event.ended - event.started, 3),
        "billsec": round(event.ended - answered, 3) if answered is not None else 0.0,
        "codec": event.codec,
    }


def _recorded(event: events.RecordingEnded) -> Data:
    return _only(event, "recording", "leg", "seconds", "size", "why")


def _only(event: events.Event, *names: str) -> Data:
    return {name: getattr(event, name) for name in names}


def _picked(*names: str) -> Callable[[Any], Data]:
    return lambda event: _only(event, *names)


def _contact(event: Any) -> Data:
    return {"user": str(event.user), "door": event.door}


_TABLE: Final[Mapping[type, tuple[str, Callable[[Any], Data]]]] = {
    events.CallStarted: ("call.created", _started),
    events.CallRinging: ("call.ringing", _picked()),
    events.CallAnswered: ("call.answered", _picked()),
    events.CallBridged: ("call.bridged", _picked("leg", "other")),
    events.CallUnbridged: ("call.unbridged", _picked("leg", "other")),
    events.CallTransferred: (
        "call.transferred",
        lambda event: {"to": event.to, "goes_on": f"call_{event.goes_on}"},
    ),
    events.CallEnded: ("call.ended", _ended),
    events.LegHeld: ("call.held", _picked("leg")),
    events.LegUnheld: ("call.unheld", _picked("leg")),
    events.DigitHeard: ("call.dtmf", _picked("leg", "digit", "ms", "source")),
    events.DigitsGathered: ("call.gathered", _picked("leg", "digits", "why")),
    events.PlaybackStarted: ("playback.started", _picked("leg", "source")),
    events.PlaybackEnded: ("playback.ended", _picked("leg", "source", "why")),
    events.RecordingStarted: ("recording.started", _picked("recording", "leg")),
    events.RecordingEnded: ("recording.ended", _recorded),
    events.LegMeasured: ("quality.warning", _picked("leg", "mos", "quality")),
    events.ContactAdded: ("registration.added", _contact),
    events.ContactRemoved: ("registration.removed", _contact),
    events.GatewayChanged: ("gateway.changed", _picked("name", "state", "text")),
    events.SourceBlocked: ("security.blocked", _picked("source", "reason", "seconds")),
    events.SourceUnblocked: ("security.unblocked", _picked("source")),
    events.ConfigReloaded: ("config.reloaded", lambda event: {"needs_restart": list(event.restart)}),
}

TYPES: Final = (*(kind for kind, _ in _TABLE.values()), GAP)
"""Every type there is. A type's data only ever gains members."""
