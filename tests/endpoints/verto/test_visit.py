"""The states of a visit, one by one."""

import pytest

from xswitch_py.base.errors import ProtocolError
from xswitch_py.endpoints.verto.machine import Send
from xswitch_py.endpoints.verto.visit import (
    Bound,
    Close,
    Detach,
    Displaced,
    Gone,
    Greet,
    Greeted,
    Phase,
    Register,
    Silent,
    Unregister,
    Visit,
    VisitEvent,
)

PING = Send("verto.ping", {"serno": 5})
READY = Send("verto.clientReady", {"reattached_sessions": ["c"]})


@pytest.mark.parametrize(
    ("before", "event", "after", "effects"),
    [
        (Phase.STRANGER, Bound(), Phase.GREETING, [Greet()]),
        (Phase.STRANGER, Silent(), Phase.GONE, [Close(1008, "login timeout")]),
        (Phase.STRANGER, Gone(), Phase.GONE, []),
        (Phase.GREETING, Bound(), Phase.GREETING, []),
        (Phase.GREETING, Greeted(("c",)), Phase.READY, [READY, Register()]),
        (Phase.GREETING, Silent(), Phase.GREETING, [PING]),
        (Phase.GREETING, Gone(), Phase.GONE, [Unregister(), Detach()]),
        (Phase.READY, Bound(), Phase.READY, [Register()]),
        (Phase.READY, Silent(), Phase.READY, [PING]),
        (Phase.READY, Displaced(), Phase.GONE, [Unregister(), Detach(), Send("verto.punt", {}), Close(1000, "")]),
        (Phase.READY, Gone(), Phase.GONE, [Unregister(), Detach()]),
        (Phase.GONE, Bound(), Phase.GONE, []),
        (Phase.GONE, Gone(), Phase.GONE, []),
    ],
)
def test_each_step(before: Phase, event: VisitEvent, after: Phase, effects: list[object]) -> None:
    """V11, V13, V35."""
    visit = Visit(before)
    assert visit.receive(event, 5) == effects
    assert visit.phase is after


@pytest.mark.parametrize(
    ("phase", "event"), [(Phase.STRANGER, Displaced()), (Phase.STRANGER, Greeted(())), (Phase.READY, Greeted(()))]
)
def test_what_cannot_follow_changes_nothing(phase: Phase, event: VisitEvent) -> None:
    visit = Visit(phase)
    with pytest.raises(ProtocolError):
        visit.receive(event)
    assert visit.phase is phase
