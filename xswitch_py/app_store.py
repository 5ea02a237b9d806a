"""The database of a switch that starts: a demo's is filled, and a new one gets its first admin."""

import hashlib
import os
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from xswitch_py.base.errors import ConfigError
from xswitch_py.base.records import ApiKey
from xswitch_py.base.user import User
from xswitch_py.config import Config, Demo
from xswitch_py.core.first_run import PASSWORD_FILE, first_admin
from xswitch_py.store.open import Store, open_store

__all__ = ["prepared_folders", "prepared_store"]

log = structlog.get_logger("xswitch.app")

_ADMIN_NUMBER: Final = "999"


async def prepared_store(config: Config, demo: Demo | None) -> Store:
    """Open the database, and bring it in order after a crash.

    Raises:
        StoreError: it cannot be opened.
    """
    store = await open_store(":memory:" if demo is not None else config.store.path)
    try:
        if demo is not None:
            await _populate(store, config.domain, demo)
        elif (password := await first_admin(store.users, config.domain)) is not None:
            _keep(config.store.path.parent / PASSWORD_FILE, password)
        recordings = await store.recordings.recover()
        if (calls := await store.cdrs.recover()) or recordings:
            log.warning("calls cut off by a crash", records=calls, recordings=len(recordings))
    except BaseException:
        await store.close()
        raise
    return store


def prepared_folders(config: Config, demo: Demo | None, opened: ExitStack) -> Config:
    """Make the folders of sounds and recordings; those of a demo are gone when `opened` is closed.

    Raises:
        ConfigError: they cannot be made.
    """
    if demo is not None:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="xswitch-")))
        default = config.store.path.parent
        media, record = config.media, config.record
        if media.sounds == default / "sounds":
            media = replace(media, sounds=folder / "sounds")
        if record.folder == default / "recordings":
            record = replace(record, folder=folder / "recordings")
        config = replace(config, media=media, record=record)
    for key, path in (("media.sounds", config.media.sounds), ("record.folder", config.record.folder)):
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError([f"{key} = {str(path)!r}: cannot be made: {error.strerror}"]) from error
    return config


async def _populate(store: Store, domain: str, demo: Demo) -> None:
    for account in demo.users:
        user = User(account.user, domain, f"User {account.user}", account.user)
        await store.users.add(user, phone_secret=account.password, web_password=account.password)
    name, password = demo.admin.user, demo.admin.password
    admin = User(name, domain, "Administrator", _ADMIN_NUMBER, role="admin")
    await store.users.add(admin, phone_secret=password, web_password=password)
    digest = hashlib.sha256(demo.key.encode()).hexdigest()
    await store.keys.add(ApiKey("key_demo", "demo", name, "admin", (), (), time.time(), hash=digest))


def _keep(path: Path, password: str) -> None:
    """Leave the first password where only the operator finds it: a log is read by others."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{password}\n")
    log.info("first start: admin may log in with the password in this file", path=str(path))
