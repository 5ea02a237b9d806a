"""How the last hour went."""

from xswitch_py.models.shape import Model, Moment

__all__ = ["Minute", "StatusHistory", "Today"]


class _Figures(Model):
    started: int
    """Calls that began."""
    answered: int
    """Calls that were answered."""
    ended: int
    """Calls that ended."""
    failed: int
    """Of those that ended: nobody had answered. The answer-seizure ratio is (ended - failed) / ended."""
    busiest: int
    """Most calls at once."""
    mos: float | None
    """The mean of the calls that ended, from 1 to 4.5, of the worse way of each; null if none was measured."""


class Minute(_Figures):
    """What happened in a minute."""

    at: Moment
    """Its beginning."""


class Today(_Figures):
    """What happened today, by the local time of the switch."""

    since: Moment
    """Midnight, or the start of the switch, if that was later."""


class StatusHistory(Model):
    """What happened lately. A restart forgets it; call records stay."""

    step_seconds: int
    """The length of each."""
    items: list[Minute]
    """The last minutes, at most 60, the oldest first; the last one goes on."""
    today: Today
