"""Commands about what happened lately, in figures."""

import time
from typing import Any, Final

from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.commands.status import vitals_of
from xswitch_py.core.history import STEP, Span
from xswitch_py.models.history import Minute, StatusHistory, Today
from xswitch_py.models.shape import moment

__all__ = ["get"]

_FIGURES: Final = ("started", "answered", "ended", "failed", "busiest", "mos")


@command("status.history", "status:read")
async def get(desk: Desk, who: Asker) -> StatusHistory:
    """Show calls and how they sounded, minute by minute of the last hour, and of today as a whole."""
    history, now = vitals_of(desk).figures.history, time.time()
    today = history.today(now)
    return StatusHistory(
        step_seconds=STEP,
        items=[Minute(at=moment(span.at), **_figures(span)) for span in history.minutes(now)],
        today=Today(since=moment(today.at), **_figures(today)),
    )


def _figures(span: Span) -> dict[str, Any]:
    return {name: getattr(span, name) for name in _FIGURES}
