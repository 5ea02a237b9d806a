"""REST of /status/history."""

import time

import httpx

from tests.api.conftest import Api
from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party

CALL, LEG, WHO = CallId("c"), LegId("l"), Party("", "1000")


async def test_the_last_minutes_and_today_are_shown(switch: Api, api: httpx.AsyncClient) -> None:
    """GET /status/history."""
    now, figures = time.time(), switch.app.desk.vitals.figures
    figures.count(events.CallStarted(CALL, LEG, now, WHO, WHO, None, "sip"))
    figures.count(events.CallAnswered(CALL, now))
    quality = {"heard": {"mos": 4.25}, "told": None}
    cause = Cause.NORMAL_CLEARING
    figures.count(events.CallEnded(CALL, LEG, now, now, now, cause, WHO, WHO, None, "", 0, 0, 0, quality=quality))
    answer = await api.get("/status/history")
    assert answer.status_code == 200
    shown = answer.json()
    figures_of_it = {"started": 1, "answered": 1, "ended": 1, "failed": 0, "busiest": 1, "mos": 4.25}
    assert shown["step_seconds"] == 60
    (minute,) = [each for each in shown["items"] if each["started"]]
    assert minute.items() >= figures_of_it.items()
    assert shown["today"].items() >= figures_of_it.items()
    assert minute["at"].endswith(":00Z")
    assert len(shown["items"]) <= 60
