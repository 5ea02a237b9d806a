"""Where we differ from FreeSWITCH on purpose: each row names its rule, and no other difference is let through."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.traces.scene import Step, parse

__all__ = ["RULES", "TABLE", "Difference", "apply"]

RULES: Final[Mapping[str, str]] = {
    "V2": "a text that is not one JSON document is -32600 Invalid Request",
    "V4": "params of requests are objects",
    "V5": "a notification gets no reply",
    "V8": "each result object has the socket's sessid, in batches too",
    "V15": "an unknown user and a wrong password look the same",
    "V21": "a caller hears ringback within a second, as early media",
    "V26": "a refused invite says what is missing",
    "V28": "an answer counts once, from whoever was called",
    "V30": "modify: an unknown action is an error",
    "V32": "info for an unknown call is reported",
    "V33": "a chat message without text is an error with a code",
    "V42": "all channels refused is an error with a code",
    "V43": "a channel subscribed again is listed as subscribed too",
    "V44": "a refused broadcast is a real error",
    "X12": "an offer without encryption or ICE is refused",
    "timers": "who does not log in within 10 s is put out (verto.md 16)",
}
"""The rules of ours that go beyond FreeSWITCH."""


@dataclass(frozen=True, slots=True)
class Difference:
    """In `scene`, wherever `recorded` stands, we say `ours` (lines of a scene; none if we say nothing)."""

    rule: str
    scene: str
    recorded: str
    ours: tuple[str, ...] = ()


TABLE: Final[tuple[Difference, ...]] = ()


def apply(scene: str, steps: Iterable[Step], table: Iterable[Difference] = TABLE) -> tuple[Step, ...]:
    """Put what we say in the place of what was recorded."""
    rows = {row.recorded: parse(row.ours) for row in table if row.scene == scene}
    return tuple(ours for step in steps for ours in rows.get(str(step), (step,)))
