"""SIGHUP: what is configured anew counts at once, what is wrong changes nothing, and calls go on."""

import asyncio
import signal
from pathlib import Path

from tests.flows.live import ECHO, undisturbed
from tests.peers.light import LightPeer
from tests.peers.server import running

PLAN = """
[[rule]]
number = "9196"
steps = ["answer", "echo"]

[[rule]]
number = "77"
steps = ["hangup {cause}"]
"""


async def ends(peer: LightPeer, number: str) -> str:
    """The cause a call to this number ends with."""
    call_id = await peer.invite(number)
    return str((await peer.expect("verto.bye", callID=call_id))["cause"])


async def logged(log: Path, word: str) -> None:
    """Wait until the server has logged something."""
    async with asyncio.timeout(5):
        while f'"event": "{word}"' not in await asyncio.to_thread(log.read_text):
            await asyncio.sleep(0.02)


async def test_a_new_dialplan_counts_at_once_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    plan = tmp_path / "dialplan.toml"
    plan.write_text(PLAN.format(cause="USER_BUSY"))
    async with (
        running(tmp_path, f"files.dialplan={plan}") as server,
        undisturbed(server),
        await LightPeer.open(server.ws) as peer,
    ):
        await peer.login("1000")
        assert await ends(peer, "77") == "USER_BUSY"
        plan.write_text(PLAN.format(cause="NO_ANSWER"))
        server.process.send_signal(signal.SIGHUP)
        await logged(server.log, "reloaded")
        assert await ends(peer, "77") == "NO_ANSWER"
        plan.write_text(PLAN.format(cause="NO_SUCH_CAUSE") + f'[[rule]]\nnumber = "{ECHO}"\nsteps = ["fly"]\n')
        server.process.send_signal(signal.SIGHUP)
        await logged(server.log, "not reloaded")
        assert await ends(peer, "77") == "NO_ANSWER"
