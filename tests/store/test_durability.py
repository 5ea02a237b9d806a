"""What a table has acknowledged is there after the process was killed."""

import asyncio
import signal
import sys
from pathlib import Path

from xswitch_py.base.ids import CallId
from xswitch_py.store.open import Store, open_store

VICTIM = """
import asyncio, sys
from xswitch_py.base.events import CallEnded
from xswitch_py.base.cause import Cause
from xswitch_py.base.offer import Party
from xswitch_py.base.records import *
from xswitch_py.base.user import User
from xswitch_py.store.open import open_store

async def main():
    store = await open_store(sys.argv[1])
    await store.webhooks.add(Webhook("hook", "https://x", ()))
    number = 0
    while True:
        number += 1
        name, at = str(number), float(number)
        await store.users.add(User(name, "x", number=name), phone_secret=name)
        await store.keys.add(ApiKey(name, "", "ann", "admin", (), (), at, hash=name))
        await store.sessions.add(WebSession("ann", "admin", "", "", at, at, hash=name, csrf=""))
        await store.routes.add(Route(name, 0, "", ("hangup",)), 1)
        await store.gateways.add(GatewayRecord(name, {"host": name}))
        await store.deliveries.add([Delivery(name, "hook", "e", "t", "{}", at, next_at=at)])
        await store.deliveries.attempted(name, at, delivered=True)
        await store.audit.add(AuditEntry(0, at, "ann", "admin", "", "users.create", name, "done"))
        await store.recordings.begin(Recording(name, name, "l", name, at, ("ann",)))
        await store.cdrs.finish([CallEnded(name, "l", at, at, at, Cause.SUCCESS, Party("", name), Party("", name),
            None, "", 0, 0, 0, "inbound", {"n": number})])
        print(number, flush=True)

asyncio.run(main())
"""


async def killed(path: Path, least: int) -> int:
    """Let a process write until it has said so often that it did, and kill it; returns what it said last."""
    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM, path, stdout=asyncio.subprocess.PIPE)
    assert victim.stdout is not None
    while int(await victim.stdout.readline()) < least:
        pass
    victim.send_signal(signal.SIGKILL)
    said = [int(line) for line in (await victim.stdout.read()).split(b"\n") if line.isdigit()]
    assert await victim.wait() == -signal.SIGKILL
    return max(said, default=least)


async def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    last = await killed(tmp_path / "xswitch.db", 20)
    store = await open_store(tmp_path / "xswitch.db")
    try:
        await found(store, last)
    finally:
        await store.close()


async def found(store: Store, last: int) -> None:
    """Find all of it."""
    names = [str(number) for number in range(1, last + 1)]
    for name in names:
        user, call = await store.users.get(name, "x"), await store.cdrs.get(CallId(name))
        assert user is not None and user.check_phone(name)
        assert call is not None and call.quality == {"n": int(name)}
        assert await store.keys.get(name) and await store.sessions.get(name)
        delivery, gateway = await store.deliveries.get(name), await store.gateways.get(name)
        assert delivery is not None and delivery.status == "delivered"
        assert gateway is not None and gateway.settings == {"host": name}
        assert await store.audit.list(target=name)
    assert {one.id for one in await store.recordings.list(1000, user="ann")} >= set(names)
    routes = await store.routes.list()
    assert [route.position for route in routes] == list(range(1, len(routes) + 1))
    assert [route.id for route in routes if route.id in names] == names[::-1]
    assert (await store.database.rows("PRAGMA integrity_check"))[0][0] == "ok"
