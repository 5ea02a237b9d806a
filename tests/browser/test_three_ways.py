"""The README's script: one call by REST, by JSON-RPC and as a flow, between a stock Verto page and a SIP phone."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.conftest import BOB_HZ
from tests.browser.phones import Phone, StockPhone
from tests.browser.server import PASSWORD, Server, start_demo
from tests.peers.programs import Event, hearing, program, story
from tests.peers.sipp import Sipp
from tests.peers.sipp_scene import Scene
from tests.sound import tone_wav

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ROOT: Final = Path(__file__).parents[2]
GREETING_HZ: Final = 880
DIALLED: Final = {"rest": "", "rpc": "", "flow": "8000"}  # what is done is said later, or is what somebody dialled


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A demo with the flows that we show."""
    running = await start_demo(tmp_path_factory.mktemp("demo"), f"flow.folder={ROOT / 'examples' / 'flows'}")
    yield running
    running.terminate()
    assert await running.stopped() == 0
    assert running.faults() == []


@pytest_asyncio.fixture(loop_scope="session")
async def api(demo: Server, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A program, which has brought a sound."""
    async with program(demo.url("http"), demo.facts["api_key"]) as client:
        hello = tone_wav(tmp_path / "hello.wav", GREETING_HZ, 2.0, 8000).read_bytes()
        form = {"name": "welcome", "replace": "true"}
        answer = await client.post("/api/v1/media", data=form, files={"file": ("hello.wav", hello)})
        assert answer.status_code == 201, answer.text
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def page(bob_browser: Browser, site: str, demo: Server) -> AsyncIterator[Phone]:
    """The stock client's page, logged in as 1001; what it says is BOB_HZ."""
    phone = await StockPhone.open(bob_browser, site, demo)
    assert await phone.login("1001")
    yield phone
    assert await phone.errors() == []
    await phone.close()


@pytest_asyncio.fixture(loop_scope="session")
async def sipp(demo: Server, tmp_path: Path) -> AsyncIterator[Sipp]:
    """A SIP phone, registered as 1002; what it hears it says."""
    registered = Scene("1002", PASSWORD).register().mark("registered").pause()
    answers = Scene("1002", PASSWORD).called().answered().hung_up()
    async with await Sipp.start(tmp_path, demo.facts["sip"]["udp"], registered, answering=answers) as phone:
        await phone.reached("registered")
        yield phone


async def run_example(way: str, demo: Server) -> asyncio.subprocess.Process:
    """Start the script as the README says."""
    facts = {"XSWITCH_URL": demo.url("http"), "XSWITCH_KEY": demo.facts["api_key"]}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "examples/welcome.py", way, "1001", "1002"),
        cwd=ROOT, env=os.environ | facts, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("way", DIALLED)
async def test_one_call_with_the_same_events(
    way: str, demo: Server, api: httpx.AsyncClient, page: Phone, sipp: Sipp
) -> None:
    async with hearing(api, "call.*", "playback.*", "recording.*") as events:
        script = await run_example(way, demo)
        await page.wait_incoming()
        await page.answer()
        await page.hear(GREETING_HZ)
        await events.until("playback.ended")
        await page.dtmf("5")
        await sipp.reached("answered")
        await page.hear(BOB_HZ)
        out, errors = await script.communicate()
        assert script.returncode == 0, errors.decode()
        await page.hangup()
        await events.until("call.ended")
    assert story(events.all) == expected(DIALLED[way])
    assert {event["call_id"] for event in events.all} == {out.decode().strip()}


def expected(dialled: str) -> list[tuple[str, Event]]:
    """What is told of such a call: the page has leg 1, the SIP phone leg 2."""
    how = {"cause": "NORMAL_CLEARING", "direction": "internal", "codec": "opus"}
    callee, both = {"name": "", "number": dialled}, {"leg": "leg 1", "other": "leg 2"}
    caller = {"name": "User 1001", "number": "1001"}
    return [
        ("call.created", {"caller": caller | {"name": ""}, "callee": callee, "user": None, "door": "api", "leg": ""}),
        ("call.ringing", {}),
        ("call.answered", {}),
        ("playback.started", {"leg": "leg 1", "source": "file:welcome"}),
        ("playback.ended", {"leg": "leg 1", "source": "file:welcome", "why": "done"}),
        ("call.dtmf", {"leg": "leg 1", "digit": "5", "source": "info"}),
        ("call.gathered", {"leg": "leg 1", "digits": "5", "why": "count"}),
        ("call.ringing", {}),
        ("call.bridged", both),
        ("call.unbridged", both),
        ("call.ended", {"caller": caller, "callee": callee, **how}),
    ]
