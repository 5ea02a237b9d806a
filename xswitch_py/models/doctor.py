"""What is right and wrong with the set-up."""

from typing import Literal

from xswitch_py.models.shape import Model

__all__ = ["Check", "Diagnosis"]


class Check(Model):
    """One thing that was looked at."""

    name: str
    """What: `certificate`, `disk`, `port 8082/tcp`."""
    state: Literal["ok", "warn", "fail", "skip"]
    """`skip`: it was not looked at."""
    text: str
    """What was found."""
    fix: str
    """What to do about it; empty: nothing."""


class Diagnosis(Model):
    """Everything that was looked at."""

    checks: list[Check]
