"""Figures: every event that is counted, and that those of the bus arrive."""

import asyncio

from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.core.bus import Bus
from xswitch_py.core.figures import Figures

CALL, LEG, WHO = CallId("c"), LegId("l"), Party("", "1000")


def started(door: str) -> events.CallStarted:
    return events.CallStarted(CALL, LEG, 1.0, WHO, WHO, None, door)


def ended(cause: Cause) -> events.CallEnded:
    return events.CallEnded(CALL, LEG, 1.0, None, 2.0, cause, WHO, WHO, None, "", 0, 0, 0)


def test_what_happens_is_counted() -> None:
    figures = Figures()
    for event in (
        started("sip"),
        started("verto"),
        started("sip"),
        events.CallAnswered(CALL, 1.0),
        ended(Cause.USER_BUSY),
        ended(Cause.NORMAL_CLEARING),
        ended(Cause.USER_BUSY),
        events.DigitHeard(LEG, 1.0, "1", 100, "rfc4733"),
        events.RecordingStarted("rec_1", CALL, LEG, 1.0),
        events.RecordingStarted("rec_2", CALL, LEG, 1.0),
        events.RecordingEnded("rec_1", CALL, LEG, 2.0, 1.0, 44, "disk"),
        events.GatewayChanged("berlin", 1.0, "REGED", ""),
        events.GatewayChanged("berlin", 1.0, "FAILED", ""),
        events.GatewayChanged("berlin", 1.0, "REGED", ""),
        events.LegMeasured(LEG, 1.0, 2.9, {}),
        events.LegMeasured(LEG, 1.0, 4.3, {}),
        events.SourceBlocked("192.0.2.1", 1.0, "digest", 300),
        events.CallRinging(CALL, 1.0),
    ):
        figures.count(event)
    assert figures.started == {"sip": 2, "verto": 1}
    assert figures.ended == {"USER_BUSY": 2, "NORMAL_CLEARING": 1}
    assert (figures.answered, figures.digits, figures.poor, figures.blocked) == (1, 1, 1, 1)
    assert (figures.recording, figures.recorded) == (1, {"disk": 1})
    assert figures.gateways == {("berlin", "REGED"): 2, ("berlin", "FAILED"): 1}


async def test_it_listens_until_the_bus_closes() -> None:
    bus, figures = Bus(), Figures()
    task = asyncio.create_task(figures.run(bus))
    await asyncio.sleep(0)
    for _ in range(500):
        bus.publish(started("sip"))
    bus.close()
    async with asyncio.timeout(2):
        await task
    assert figures.started == {"sip": 500}
