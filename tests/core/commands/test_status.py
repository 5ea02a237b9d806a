"""The status: what is counted, and what keeps calls from being taken."""

import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from tests.core.commands.live import Live, live
from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import Refused, StoreError
from xswitch_py.base.ids import CallId
from xswitch_py.base.problem import Code
from xswitch_py.core.access import SYSTEM
from xswitch_py.core.commands import status
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.figures import Figures, Vitals
from xswitch_py.core.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Sickbed(Desk):
    """A desk that knows how the process does."""

    vitals: Vitals


def watched(desk: Desk, **more: Any) -> Sickbed:
    """Give a desk vitals."""
    known: dict[str, Any] = {
        "figures": Figures(),
        "watchdog": Watchdog(),
        "since": time.time() - 60,
        "store": None,
        "checks": {"media": lambda: True, "calls": lambda: True},
    }
    parts = {one.name: getattr(desk, one.name) for one in fields(Desk)}
    return Sickbed(**(parts | {"vitals": Vitals(**(known | more))}))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        yield made


async def test_the_status_tells_how_it_is(office: Live, tmp_path: Path) -> None:
    figures, dog = Figures(), Watchdog()
    figures.count(events.CallAnswered(CallId("c"), 1.0))
    dog.note(0.0701, 1.0)
    office.world.contact("1001")
    office.world.call("1000", "9196")
    desk = watched(office.desk, figures=figures, watchdog=dog, store=tmp_path)
    shown = await status.get(desk, office.asker("operator"))
    assert (shown.version, shown.node) == ("1.2.3", "test")
    assert (shown.calls, shown.legs, shown.registrations, shown.gateways) == (1, 1, 1, {})
    assert (shown.ready, shown.lacking) == (True, [])
    assert 60 <= shown.uptime < 70 and shown.cpu_seconds > 0
    assert shown.memory > 10_000_000 and shown.open_files > 3
    assert shown.loop.model_dump() == {"worst_ms": 70.1, "held_up": 1, "held_up_total": 1}
    assert [(disk.folder, 0 < disk.free <= disk.size) for disk in shown.disks] == [
        ("store", True),
        ("recordings", True),
    ]
    assert (shown.totals.answered, shown.event_subscribers, shown.events_lost) == (1, 0, 0)
    await office.desk.switch.drain(0)


async def test_a_folder_that_is_not_made_yet_has_the_room_of_where_it_will_be(office: Live, tmp_path: Path) -> None:
    desk = replace(watched(office.desk), recordings=tmp_path / "not" / "yet")
    (disk,) = (await status.get(desk, SYSTEM)).disks
    assert disk.folder == "recordings" and disk.size == shutil.disk_usage(tmp_path).total


async def test_a_disk_that_does_not_answer_is_left_out(
    office: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "_PATIENCE", 0.05)
    over = threading.Event()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: over.wait(5))
    try:
        assert (await status.get(watched(office.desk, store=tmp_path), SYSTEM)).disks == []
    finally:
        over.set()


@pytest.mark.parametrize(
    ("checks", "missing"),
    [
        ({"media": lambda: True, "calls": lambda: True}, []),
        ({"media": lambda: False, "calls": lambda: True}, ["media"]),
        ({"media": lambda: False, "calls": lambda: False}, ["media", "calls"]),
    ],
)
async def test_what_keeps_calls_from_being_taken_is_named(
    office: Live, checks: dict[str, Callable[[], bool]], missing: list[str]
) -> None:
    assert await status.lacking(watched(office.desk, checks=checks)) == missing


async def test_a_database_that_does_not_answer_is_noticed(office: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> object:
        raise StoreError("disk I/O error")

    monkeypatch.setattr(office.desk.stores.users, "version", broken)
    assert await status.lacking(watched(office.desk)) == ["database"]
    shown = await status.get(watched(office.desk), SYSTEM)
    assert (shown.ready, shown.lacking) == (False, ["database"])


async def test_users_may_not_see_it(office: Live) -> None:
    with pytest.raises(Refused) as error:
        await status.get(office.desk, office.asker("user"))
    assert error.value.code is Code.FORBIDDEN


async def test_calls_are_counted_by_how_they_ended(office: Live) -> None:
    figures = Figures()
    office.world.call("1000", "9486")
    for event in await office.world.over():
        figures.count(event)
    shown = await status.get(watched(office.desk, figures=figures), SYSTEM)
    assert shown.totals.ended == {Cause.USER_BUSY.value: 1}
