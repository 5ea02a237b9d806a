"""What is left after SIGKILL: all that was acknowledged, however busy the switch was."""

import asyncio
import hashlib
import random
import time
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np

from tests.core.webhooks.receiver import OK, Receiver, receiving
from tests.flows.ledger import KINDS, Ledger
from tests.peers.light import LightPeer
from tests.peers.programs import program
from tests.peers.server import PASSWORD, Server, rows, start
from tests.peers.verto import VertoPeer
from tests.peers.wire import Closed
from tests.sound import has_tone
from xswitch_py.base.records import ApiKey
from xswitch_py.base.user import User
from xswitch_py.store.open import open_store

KEY: Final = "xs_of-a-test"
HZ: Final = 440.0
ECHO: Final = "9196"
MUSIC: Final = "9198"
DOMAIN: Final = "localhost"
WRITTEN: Final = 0.5  # seconds after which the end of a call is on the disk
TAIL: Final = 1.9  # seconds of a recording that a crash may cost


@dataclass(slots=True)
class Round:
    """What was going on when the switch was killed. Times are of the monotonic clock."""

    up: list[str] = field(default_factory=list)  # calls
    short: dict[str, float] = field(default_factory=dict)  # legs of calls that were over, and since when
    recording: str = ""
    since: float = 0.0  # when it began
    killed: float = 0.0


async def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    """Twice: what the first crash left must survive the second one, too."""
    database, ledgers = tmp_path / "xswitch.db", [Ledger(kind) for kind in KINDS]
    await prepare(database)
    async with receiving(Receiver(None)) as receiver:
        async with serving(tmp_path) as (server, api):
            await asked(api, "/webhooks", {"url": receiver.url, "events": ["call.created", "recording.*"]})
            seen = await busy(server, api, ledgers)
        for crash in (True, False):
            receiver.told, receiver.answers, due = [], [OK], waiting(database)
            async with serving(tmp_path) as (server, api):
                await all_is_there(database, api, ledgers, seen)
                await delivered(due, receiver)
                if crash:
                    receiver.answers = [None]
                    seen = await busy(server, api, ledgers)
                else:
                    await works(server)
                    assert await server.stop() == 0
    assert '"level": "error"' not in server.log.read_text()


async def prepare(database: Path) -> None:
    """Make a database with phones, and the key of a program."""
    store = await open_store(database)
    for name in ("1000", "1001", "1002"):
        await store.users.add(User(name, DOMAIN, f"User {name}", name), phone_secret=PASSWORD)
    await store.users.add(User("admin", DOMAIN, role="admin"), web_password="not-to-be-guessed")
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    await store.keys.add(ApiKey("key_test", "test", "admin", "admin", (), (), time.time(), hash=digest))
    await store.close()


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
    """Run `xswitch serve` with the folder's database, and a program that asks it."""
    settings = f"store.path={folder / 'xswitch.db'}", 'api.webhook_networks=["127.0.0.0/8"]', "shutdown.drain=0"
    server = await start(folder, *settings, command="serve", options=())
    try:
        async with program(str(server.facts["http"]), KEY) as api:
            yield server, api
    finally:
        if server.process.returncode is None:
            server.kill()
            await server.stopped()


async def busy(server: Server, api: httpx.AsyncClient, ledgers: list[Ledger]) -> Round:
    """Let calls go on, one of them recorded, and everything be changed; then kill the switch at any moment."""
    seen = Round()
    async with AsyncExitStack() as peers:
        phone = await peers.enter_async_context(await VertoPeer.open(server.ws))
        light, hasty = [await peers.enter_async_context(await LightPeer.open(server.ws)) for _ in range(2)]
        for peer, user in ((phone, "1000"), (light, "1001"), (hasty, "1002")):
            await peer.login(user)
        call = await phone.invite(ECHO, HZ)
        await call.answered()
        music = await light.invite(MUSIC)
        await light.expect("verto.answer", callID=music)
        up = {leg["id"]: one["id"] for one in (await api.get("/api/v1/calls")).json()["items"] for leg in one["legs"]}
        seen.up = [up[call.id], up[music]]
        seen.recording = (await asked(api, f"/calls/{up[call.id]}/record", {}))["id"]
        seen.since = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for ledger in ledgers:
                group.create_task(ledger.write(api))
            group.create_task(call_again_and_again(hasty, seen))
            await asyncio.sleep(random.uniform(2.2, 2.8))
            seen.killed = time.monotonic()
            server.kill()
        await server.stopped()
    return seen


async def call_again_and_again(phone: LightPeer, seen: Round) -> None:
    """Place calls and hang up, until the switch is gone."""
    with suppress(Closed):
        while True:
            leg = await phone.invite(MUSIC)
            await phone.expect("verto.answer", callID=leg)
            await phone.bye(leg)
            seen.short[leg] = time.monotonic()


async def all_is_there(database: Path, api: httpx.AsyncClient, ledgers: list[Ledger], seen: Round) -> None:
    """Look for all of it, with the switch up again."""
    for ledger in ledgers:
        assert ledger.answers > 0
        await ledger.check(api)
        for name, secret in ledger.secrets.items():
            if secret.startswith("xs_"):
                headers = {"Authorization": f"Bearer {secret}"}
                status = (await api.get("/api/v1/status", headers=headers)).status_code
                assert status == (200 if name in ledger.state else 401)
    places = [row["position"] for row in rows(database, "SELECT position FROM routes ORDER BY position")]
    assert places == list(range(1, len(places) + 1))
    calls = {row["call"]: row for row in rows(database, "SELECT * FROM cdrs")}
    assert all(row["ended"] is not None and row["cause"] for row in calls.values())
    assert [calls[call.removeprefix("call_")]["cause"] for call in seen.up] == ["CRASH"] * 2
    causes = {row["leg"]: row["cause"] for row in calls.values()}
    written = [leg for leg, at in seen.short.items() if at < seen.killed - WRITTEN]
    assert written and {causes[leg] for leg in written} == {"NORMAL_CLEARING"}
    (row,) = rows(database, "SELECT * FROM recordings WHERE id = ?", seen.recording)
    assert row["why"] == "crash"
    readable(database.parent / "recordings" / row["file"], seen.killed - seen.since - TAIL)


def readable(path: Path, seconds: float) -> None:
    """Read a recording: what its caller said, for at least so long."""
    with wave.open(str(path)) as file:
        assert file.getnchannels() == 2
        rate, frames = file.getframerate(), file.readframes(file.getnframes())
    said = np.frombuffer(frames, "<i2")[::2]
    assert len(said) >= seconds * rate
    assert has_tone(said[rate // 10 :], rate, HZ)


def waiting(database: Path) -> set[str]:
    """List the deliveries that wait."""
    return {row["id"] for row in rows(database, "SELECT id FROM deliveries WHERE status = 'waiting'")}


async def delivered(due: set[str], receiver: Receiver) -> None:
    """Wait until the receiver, which answers now, has got them all."""
    assert due
    while missing := len(due - {told.id for told in receiver.told}):
        await receiver.until(len(receiver.told) + missing)


async def works(server: Server) -> None:
    """Place a call and hear it."""
    async with await VertoPeer.open(server.ws) as phone:
        await phone.login("1000")
        call = await phone.invite(ECHO, HZ)
        await call.answered()
        assert has_tone(*await call.media.hear(0.3), HZ)
        await call.bye()


async def asked(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask for something; it must be granted."""
    answer = await api.post(f"/api/v1{path}", json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())
