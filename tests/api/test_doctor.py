"""REST of /doctor: the checks on the switch that runs, made beside its loop."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import Api, settings
from tests.api.office import asking, served
from tests.core.commands.live import live
from xswitch_py import app_checks
from xswitch_py.api import doctor
from xswitch_py.app_checks import Check, Doctor, fail, good
from xswitch_py.core.commands import doctor as commands
from xswitch_py.core.commands.desk import Finding


async def test_a_demo_is_well(api: httpx.AsyncClient) -> None:
    """GET /doctor."""
    answer = await api.get("/doctor")
    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert {check["name"] for check in checks} >= {"config", "packages", "certificate", "disk", "media addresses"}
    assert [check for check in checks if check["state"] == "fail"] == []
    assert all(set(check) == {"name", "state", "text", "fix"} for check in checks)
    kept = [check["state"] for check in checks if check["name"] in ("certificate", "files")]
    assert kept == ["skip", "skip"], "it has neither, and looks at nobody else's"


async def test_what_is_wrong_comes_with_what_to_do(tmp_path: Path) -> None:
    async with live(tmp_path) as at:

        async def examine() -> Sequence[Finding]:
            return [good("disk", "there is room"), fail("certificate", "it ended", "put a new one there")]

        async with asking(served(replace(at.desk, doctor=examine), doctor.router)) as client:
            assert (await client.get("/doctor")).json()["checks"] == [
                {"name": "disk", "state": "ok", "text": "there is room", "fix": ""},
                {"name": "certificate", "state": "fail", "text": "it ended", "fix": "put a new one there"},
            ]


async def test_a_disk_that_does_not_answer_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_PATIENCE", 0.01)

    async def never() -> Sequence[Finding]:
        await asyncio.Event().wait()
        return []

    async with live(tmp_path) as at:
        async with asking(served(replace(at.desk, doctor=never), doctor.router)) as client:
            answer = await client.get("/doctor")
            assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
                503,
                "unavailable",
                "10",
            )


async def test_all_who_ask_at_a_time_share_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that hangs takes one thread, not all of them; and who gives up takes it from nobody."""
    looks, go_on = list[str](), threading.Event()

    def judge(config: Any, **more: bool) -> Iterator[Check]:
        looks.append(threading.current_thread().name)
        assert go_on.wait(5)
        yield good("disk", "there is room")

    monkeypatch.setattr(app_checks, "judge", judge)
    made = Doctor(settings(), lasting=False)
    asked = [asyncio.create_task(made.examine()) for _ in range(5)]
    await asyncio.sleep(0)
    asked[0].cancel()
    go_on.set()
    assert [len(found) for found in await asyncio.gather(*asked[1:])] == [1, 1, 1, 1]
    assert (len(looks), threading.main_thread().name in looks) == (1, False)
    assert len(await made.examine()) == 1
    assert len(looks) == 2, "who asks later gets what is so then"


@pytest.mark.parametrize("role", ["user", "operator"])
async def test_it_is_for_admins(tmp_path: Path, role: str) -> None:
    async with live(tmp_path) as at, asking(served(at.desk, doctor.router), role) as client:
        assert (await client.get("/doctor")).status_code == 403


async def test_the_switch_goes_on_meanwhile(switch: Api, api: httpx.AsyncClient) -> None:
    """It answers others before it is done with the checks, which touch disks."""
    work = asyncio.create_task(api.get("/doctor"))
    async with switch.client() as other:
        assert (await other.get("/status")).status_code == 200
    assert (await work).status_code == 200
