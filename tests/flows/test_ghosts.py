"""Calls whose client has gone without a word, and what is written about them and about those that went well."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.live import ECHO
from tests.peers.light import LightPeer
from tests.peers.server import PASSWORD, Server, rows, start, xswitch
from tests.peers.verto import VertoPeer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETUP_S = 1.0


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its database, with two users."""
    made = tmp_path_factory.mktemp("ghosts")
    for user in ("1000", "1001"):
        await xswitch("user", "add", user, "--password", PASSWORD, "--set", f"store.path={made / 'xswitch.db'}")
    return made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(folder: Path) -> AsyncIterator[Server]:
    """A server that waits a second for a client's media."""
    settings = (f"store.path={folder / 'xswitch.db'}", f"call.setup_limit={SETUP_S:.0f}", "shutdown.drain=0")
    started = await start(folder, *settings, command="serve", options=())
    yield started
    assert await started.stop() == 0


async def record(folder: Path, leg: str) -> dict[str, Any]:
    """The one record of the call of this leg, once it is complete."""
    query = "SELECT * FROM cdrs WHERE leg = ? AND ended IS NOT NULL"
    async with asyncio.timeout(5):
        while not (found := await asyncio.to_thread(rows, folder / "xswitch.db", query, leg)):
            await asyncio.sleep(0.05)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("number", [ECHO, "1001"])
async def test_a_call_whose_client_hung_up_while_it_asked_is_reaped(server: Server, folder: Path, number: str) -> None:
    """V20: such a client sends no bye, and no media; whoever rings meanwhile is told that nobody waits."""
    async with await LightPeer.open(server.ws) as ghost, await LightPeer.open(server.ws) as callee:
        await ghost.login("1000", PASSWORD)
        await callee.login("1001", PASSWORD)
        start_at = time.monotonic()
        call_id = await ghost.invite(number)
        bye = await ghost.expect("verto.bye", callID=call_id)
        assert (bye["cause"], bye["causeCode"]) == ("MEDIA_TIMEOUT", 804)
        assert SETUP_S <= time.monotonic() - start_at < SETUP_S + 2
        assert (await record(folder, call_id))["cause"] == "MEDIA_TIMEOUT"
        if number != ECHO:
            rang = await callee.expect("verto.invite")
            assert (await callee.expect("verto.bye", callID=rang["callID"]))["cause"] == "ORIGINATOR_CANCEL"
        await ghost.request("verto.invite", sdp="bad", dialogParams={"callID": call_id})  # its id is free again
        await ghost.expect("verto.bye", callID=call_id)


async def test_a_call_leaves_one_record_with_all_there_is_to_say(server: Server, folder: Path) -> None:
    async with await VertoPeer.open(server.ws) as alice, await VertoPeer.open(server.ws) as bob:
        await alice.login("1000", PASSWORD)
        await bob.login("1001", PASSWORD)
        before = time.time()
        out = await alice.invite("1001")
        into = await bob.answer(await bob.ringing())
        await out.answered()
        await asyncio.gather(out.media.hear(0.5), into.media.hear(0.5))
        await into.bye()
        await out.ended()
        row = await record(folder, out.id)
    assert (row["caller_number"], row["callee_number"], row["cause"]) == ("1000", "1001", "NORMAL_CLEARING")
    assert before <= row["started"] <= row["answered"] < row["ended"] <= time.time()
    assert (row["codec"], row["lost"]) == ("opus", 0)
    assert row["packets_in"] >= 20
    assert row["packets_out"] >= 20
