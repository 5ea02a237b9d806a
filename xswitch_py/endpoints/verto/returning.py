"""A client that is back: it keeps the calls whose media went on, and is offered the others anew (verto.md 10)."""

from collections.abc import Collection, Iterable

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.verto.leg import Line, VertoWire
from xswitch_py.endpoints.verto.machine import Kept, Renewed, State

__all__ = ["regain"]

log = structlog.get_logger("xswitch.verto")


async def regain(
    line: Line, dialogs: Iterable[VertoWire], keep: Collection[str], switch: Switch
) -> tuple[list[VertoWire], list[VertoWire]]:
    """Give the calls that the client keeps, and those that it was offered anew; all others are over."""
    left = [each for each in dialogs if each.dialog.state is State.DETACHED]
    kept = [each for each in left if each.dialog.call_id in keep and each.dialog.flows]
    for each in kept:
        each.feed(Kept())
    return kept, [each for each in left if each not in kept and await _offer(line, each, switch)]


async def _offer(line: Line, dialog: VertoWire, switch: Switch) -> bool:
    try:
        sdp = await switch.services.media.renew(dialog.leg.id)
    except MediaError as error:
        log.warning("attach failed", leg=dialog.leg.id, why=str(error))
        dialog.leg.hangup(Cause.BEARERCAPABILITY_NOTAVAIL)
        return False
    if dialog.line is not line or dialog.dialog.state is not State.DETACHED:
        return False  # over, or the peer is gone again
    dialog.feed(Renewed(sdp))
    return True
