"""Events as they come over the bus, one of each kind that programs are told of."""

from typing import Final

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party

ALICE: Final = Address("1000", "example.org")
BOB: Final = Address("1001", "example.org")
CALL: Final = CallId("c1")
LEG: Final = LegId("l1")
AT: Final = 1_700_000_000.25

_ENDS: Final = (Party("Alice", "1000"), Party("Bob", "1001"))


def started(call: str = CALL, user: Address | None = ALICE) -> events.CallStarted:
    """A call begins."""
    return events.CallStarted(CallId(call), LEG, AT, *_ENDS, user, "verto")


def ended(call: str = CALL) -> events.CallEnded:
    """It is over."""
    leg, cause = LEG, Cause.NORMAL_CLEARING
    return events.CallEnded(CallId(call), leg, AT, AT + 1, AT + 3.5, cause, *_ENDS, ALICE, "opus", 1, 1, 0)


def answered(call: str = CALL) -> events.CallAnswered:
    """It is answered."""
    return events.CallAnswered(CallId(call), AT)


def gateway(name: str = "acme") -> events.GatewayChanged:
    """A gateway is up: nobody's own."""
    return events.GatewayChanged(name, AT, "REGED", "200 OK")


OF_CALL: Final[tuple[events.Event, ...]] = (
    started(),
    events.CallRinging(CALL, AT),
    answered(),
    events.CallBridged(CALL, AT, LEG, LegId("l2")),
    events.CallUnbridged(CALL, AT, LEG, LegId("l2")),
    events.CallTransferred(CALL, AT, "1002", CallId("c9")),
    events.LegHeld(LEG, AT, CALL),
    events.LegUnheld(LEG, AT, CALL),
    events.DigitHeard(LEG, AT, "5", 100, "rfc4733", CALL),
    events.DigitsGathered(CALL, LEG, AT, "55", "count"),
    events.PlaybackStarted(CALL, LEG, AT, "tone:busy"),
    events.PlaybackEnded(CALL, LEG, AT, "tone:busy", "done"),
    events.RecordingStarted("rec_1", CALL, LEG, AT),
    events.LegMeasured(LEG, AT, 2.5, {"codec": "opus"}, CALL),
    ended(),
    events.RecordingEnded("rec_1", CALL, LEG, AT, 2.5, 80_044, "hangup"),  # its file is closed after the call
)
OF_USER: Final[tuple[events.Event, ...]] = (
    events.ContactAdded(ALICE, "sip", AT),
    events.ContactRemoved(ALICE, "sip", AT),
)
OF_NOBODY: Final[tuple[events.Event, ...]] = (
    gateway(),
    events.SourceBlocked("192.0.2.1", AT, "login", 60.0),
    events.SourceUnblocked("192.0.2.1", AT),
    events.ConfigReloaded(AT, ("listen",)),
)
SAMPLES: Final = (*OF_CALL, *OF_USER, *OF_NOBODY)
