"""What the switch counts of itself, since it started: a listener on the bus."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from xswitch_py.base import events
from xswitch_py.core.bus import Bus
from xswitch_py.core.envelope import POOR
from xswitch_py.core.history import History
from xswitch_py.core.watchdog import Watchdog

__all__ = ["Figures", "Vitals"]

_PAUSE: Final = 0.2  # seconds in which what happens gathers


@dataclass(slots=True)
class Figures:
    """Plain counters; they only ever rise, but for `recording`."""

    started: Counter[str] = field(default_factory=Counter)  # calls, by the door that they came through
    answered: int = 0
    ended: Counter[str] = field(default_factory=Counter)  # calls, by cause
    digits: int = 0
    recording: int = 0  # recordings that go on now
    recorded: Counter[str] = field(default_factory=Counter)  # recordings, by why they ended
    gateways: Counter[tuple[str, str]] = field(default_factory=Counter)  # changes, by name and the state that came
    poor: int = 0  # times that somebody heard badly for some seconds
    blocked: int = 0  # sources
    history: History = field(default_factory=History)  # the same, of the last hour

    async def run(self, bus: Bus) -> None:
        """Count until the bus closes."""
        async for batch in bus.batches(_PAUSE, size=100_000, only=tuple(_COUNTED)):
            for event in batch:
                self.count(event)

    def count(self, event: events.Event) -> None:
        """Count one event; most are not counted."""
        if (count := _COUNTED.get(type(event))) is not None:
            count(self, event)


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is known of the process as a whole."""

    figures: Figures
    watchdog: Watchdog
    since: float  # Unix seconds when it started
    store: Path | None  # the folder of the database; None: it is in memory
    checks: Mapping[str, Callable[[], bool]]  # what must hold for calls to be taken: "media", "calls"


def _answered(figures: Figures, event: events.CallAnswered) -> None:
    figures.answered += 1
    figures.history.answered(event)


def _digit(figures: Figures, event: events.DigitHeard) -> None:
    figures.digits += 1


def _recording(figures: Figures, event: events.RecordingStarted) -> None:
    figures.recording += 1


def _recorded(figures: Figures, event: events.RecordingEnded) -> None:
    figures.recording -= 1
    figures.recorded[event.why] += 1


def _measured(figures: Figures, event: events.LegMeasured) -> None:
    figures.poor += event.mos < POOR


def _blocked(figures: Figures, event: events.SourceBlocked) -> None:
    figures.blocked += 1


def _started(figures: Figures, event: events.CallStarted) -> None:
    figures.started[event.door] += 1
    figures.history.started(event)


def _ended(figures: Figures, event: events.CallEnded) -> None:
    figures.ended[event.cause.value] += 1
    figures.history.ended(event)


def _gateway(figures: Figures, event: events.GatewayChanged) -> None:
    figures.gateways[event.name, event.state] += 1


_COUNTED: Final[Mapping[type, Callable[[Figures, Any], None]]] = {
    events.CallStarted: _started,
    events.CallAnswered: _answered,
    events.CallEnded: _ended,
    events.DigitHeard: _digit,
    events.RecordingStarted: _recording,
    events.RecordingEnded: _recorded,
    events.GatewayChanged: _gateway,
    events.LegMeasured: _measured,
    events.SourceBlocked: _blocked,
}
