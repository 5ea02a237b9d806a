"""How the server ends: asked to, in a call; or killed, and what is left of its calls when it comes back."""

import asyncio
from pathlib import Path
from typing import Any, Final

from tests.flows.live import ECHO
from tests.peers.server import PASSWORD, Server, rows, running, start, xswitch
from tests.peers.verto import VertoPeer
from tests.sound import has_tone

USERS: Final = ("1000", "1001")


async def site(folder: Path) -> tuple[str, ...]:
    """Make a database with two users; gives the settings of a server that uses it."""
    settings = (f"store.path={folder / 'xswitch.db'}", "shutdown.drain=0")
    for user in USERS:
        await xswitch("user", "add", user, "--password", PASSWORD, "--set", settings[0])
    return settings


async def serve(folder: Path, settings: tuple[str, ...]) -> Server:
    """Start the real server on that database."""
    return await start(folder, *settings, command="serve", options=())


async def cdrs(folder: Path) -> list[dict[str, Any]]:
    """All call records."""
    return await asyncio.to_thread(rows, folder / "xswitch.db", "SELECT * FROM cdrs ORDER BY id")


async def closed_cdrs(folder: Path, count: int) -> list[dict[str, Any]]:
    """Wait until there are so many call records with an end, and give all records."""
    async with asyncio.timeout(5):
        while True:
            found = await cdrs(folder)
            if sum(row["ended"] is not None for row in found) == count:
                return found
            await asyncio.sleep(0.05)


async def test_sigterm_in_a_call_says_bye_and_then_goes_away(tmp_path: Path) -> None:
    async with running(tmp_path) as server, await VertoPeer.open(server.ws) as peer:
        await peer.login("1000")
        call = await peer.invite(ECHO)
        await call.answered()
        assert has_tone(*await call.media.hear(0.3, after=0.2), 440)
        server.terminate()
        bye = await call.ended()
        assert (bye["cause"], bye["causeCode"]) == ("SYSTEM_SHUTDOWN", 701)
        assert await peer.closed() == 1001
        assert await server.stopped() == 0


async def test_a_killed_server_comes_back_without_ghosts_and_loses_no_row(tmp_path: Path) -> None:
    settings = await site(tmp_path)
    first = await serve(tmp_path, settings)
    try:
        alice, bob = await VertoPeer.open(first.ws), await VertoPeer.open(first.ws)
        await alice.login("1000")
        await bob.login("1001")
        short = await alice.invite(ECHO)
        await short.answered()
        await short.bye()
        before = await closed_cdrs(tmp_path, 1)
        out = await alice.invite("1001")
        await bob.answer(await bob.ringing())
        await out.answered()
        await asyncio.sleep(0.5)  # what is written about a call that is up must be on disk by then
    finally:
        first.kill()
        await first.stopped()
    await alice.closed()
    await alice.close()
    await bob.close()

    second = await serve(tmp_path, settings)
    try:
        async with await VertoPeer.open(second.ws, alice.sessid) as back:
            assert (await back.login("1000"))["reattached_sessions"] == []  # no ghost
            after = await cdrs(tmp_path)
            assert after[: len(before)] == before
            assert len(after) == len(before) + 1
            assert after[-1]["cause"] == "CRASH"
            again = await back.invite(ECHO)
            await again.answered()
            await again.bye()
    finally:
        assert await second.stop() == 0
    assert len(await cdrs(tmp_path)) == len(before) + 2
