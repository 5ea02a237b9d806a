"""`xswitch first-key`: the way in for who has no key yet."""

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

from xswitch_py.base.records import ApiKey
from xswitch_py.core.first_run import first_admin
from xswitch_py.store.open import open_store


def first_key(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xswitch_py", "first-key", "--set", f"store.path={path}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


async def found(path: Path, digest: str) -> ApiKey | None:
    store = await open_store(path)
    try:
        return await store.keys.get(digest)
    finally:
        await store.close()


async def an_admin(path: Path) -> None:
    store = await open_store(path)
    await first_admin(store.users, "localhost")
    await store.close()


def test_it_is_the_administrators_and_may_all_that_they_may(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    asyncio.run(an_admin(path))
    done = first_key(path)
    assert (done.returncode, done.stdout[:3]) == (0, "xs_"), done.stderr
    key = asyncio.run(found(path, hashlib.sha256(done.stdout.strip().encode()).hexdigest()))
    assert key is not None
    assert (key.owner, key.role, key.scopes) == ("admin", "admin", ())


def test_without_an_administrator_it_says_what_to_do(tmp_path: Path) -> None:
    done = first_key(tmp_path / "x.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert "start `xswitch serve` once" in done.stderr
