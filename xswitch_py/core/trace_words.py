"""What the trace of a call says of an event: one table from what can happen to a layer and a line; pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from xswitch_py.base import events
from xswitch_py.base.ids import LegId
from xswitch_py.core.envelope import POOR

__all__ = ["Name", "words"]

Name = Callable[[LegId], str]  # who sits at a leg, or ""


def words(event: events.Event, name: Name) -> tuple[str, str] | None:
    """Give the layer and the text of an event; None for what a trace does not show."""
    row = _TABLE.get(type(event))
    if row is None:
        return None
    layer, text = row
    said = text(event, name)
    return (layer or event.layer, said) if said else None  # type: ignore[union-attr]  # only milestones have their own


def _leg_started(event: events.LegStarted, name: Name) -> str:
    return f"{event.door} leg {'to ' + event.callee.number if event.outbound else 'from ' + event.caller.number}"


def _digit(event: events.DigitHeard, name: Name) -> str:
    return f"digit {event.digit or '(secret)'} by {event.source}"


def _gathered(event: events.DigitsGathered, name: Name) -> str:
    return f"gathered {event.digits or 'digits'}: {event.why}"


def _measured(event: events.LegMeasured, name: Name) -> str:
    return f"poor quality, MOS {event.mos:.1f}" if event.mos < POOR else ""


def _recorded(event: events.RecordingEnded, name: Name) -> str:
    return f"{event.recording} ended after {event.seconds:.1f} s: {event.why}"


_TABLE: Final[Mapping[type, tuple[str, Callable[[Any, Name], str]]]] = {
    events.CallStarted: ("call", lambda event, name: f"call {event.caller.number} to {event.callee.number}"),
    events.CallRinging: ("call", lambda event, name: "call is ringing"),
    events.CallAnswered: ("call", lambda event, name: "call is answered"),
    events.CallBridged: ("call", lambda event, name: f"bridged with {name(event.other) or 'another leg'}"),
    events.CallUnbridged: ("call", lambda event, name: f"parted from {name(event.other) or 'the other leg'}"),
    events.CallTransferred: ("call", lambda event, name: f"transferred to {event.to}"),
    events.CallEnded: ("call", lambda event, name: f"call ended: {event.cause.value}"),
    events.LegStarted: ("call", _leg_started),
    events.LegRinging: ("call", lambda event, name: "ringing"),
    events.LegAnswered: ("call", lambda event, name: "answered"),
    events.LegHeld: ("call", lambda event, name: "on hold"),
    events.LegUnheld: ("call", lambda event, name: "off hold"),
    events.LegEnded: ("call", lambda event, name: f"leg ended: {event.cause.value}"),
    events.LegMilestone: ("", lambda event, name: event.text),
    events.LegMeasured: ("rtp", _measured),
    events.DigitHeard: ("media", _digit),
    events.DigitsGathered: ("media", _gathered),
    events.PlaybackStarted: ("media", lambda event, name: f"hears {event.source}"),
    events.PlaybackEnded: ("media", lambda event, name: f"{event.source} is over: {event.why}"),
    events.RecordingStarted: ("media", lambda event, name: f"{event.recording} begins"),
    events.RecordingEnded: ("media", _recorded),
}
