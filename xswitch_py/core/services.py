"""What a call may use: built once by the application, handed to every call."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from xswitch_py.core.bus import Bus
from xswitch_py.core.dialplan import Rule
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Endpoint
from xswitch_py.core.recording import Recorder
from xswitch_py.core.registry import Registry
from xswitch_py.core.trace import Traces
from xswitch_py.media.api import Media

__all__ = ["FlowBook", "Plan", "Services"]


@dataclass(slots=True)
class Plan:
    """What a reload exchanges as a whole; calls that are up keep the steps they have."""

    rules: tuple[Rule, ...]
    ring_timeout: float = 60.0  # seconds
    longest: float = 14_400.0  # seconds that a call may last once it is answered
    ringback: str = "tone:ringback"


class FlowBook(Protocol):
    """The call flows."""

    def body(self, name: str) -> Callable[[Any], Awaitable[None]] | None:
        """Give what a call does that is sent to a flow; None if there is none of that name."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the switch that calls work with."""

    media: Media
    bus: Bus
    directory: Directory
    registry: Registry
    plan: Plan
    doors: Mapping[str, Endpoint]  # by name; filled by the application before the first call
    recorder: Recorder | None = None
    traces: Traces | None = None
    flows: FlowBook | None = None
