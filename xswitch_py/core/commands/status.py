"""Commands about the switch as a whole: how it is."""

import asyncio
import os
import shutil
import time
from pathlib import Path
from typing import Final

from xswitch_py.base.errors import StoreError
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.figures import Figures, Vitals
from xswitch_py.core.watchdog import Watchdog
from xswitch_py.models.shape import moment
from xswitch_py.models.status import Disk, Lateness, Status, Totals

__all__ = ["get", "lacking", "look", "vitals_of"]

_PATIENCE: Final = 2.0  # seconds for the database, or a disk, to answer
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@command("status.get", "status:read")
async def get(desk: Desk, who: Asker) -> Status:
    """Show how the switch is."""
    return await look(desk)


async def lacking(desk: Desk) -> list[str]:
    """Name what keeps calls from being taken; nothing, if all is well."""
    names = [name for name, holds in vitals_of(desk).checks.items() if not holds()]
    return names if await _database_answers(desk) else ["database", *names]


async def look(desk: Desk) -> Status:
    """See how the switch is."""
    vitals, switch, now = vitals_of(desk), desk.switch, time.time()
    missing, disks = await lacking(desk), await _disks(desk)
    return Status(
        version=desk.version,
        node=desk.feed.node,
        now=moment(now),
        since=moment(vitals.since),
        uptime=round(now - vitals.since, 3),
        ready=not missing,
        lacking=missing,
        calls=len(switch.calls),
        legs=len(switch.legs),
        registrations=len(switch.services.registry),
        gateways={each.name: each.state for each in desk.carriers.status()},
        cpu_seconds=round(time.process_time(), 3),
        memory=_memory(),
        open_files=_open_files(),
        loop=_lateness(vitals.watchdog),
        event_subscribers=len(desk.feed),
        events_lost=switch.services.bus.lost,
        disks=disks,
        totals=_totals(vitals.figures),
    )


def vitals_of(desk: Desk) -> Vitals:
    """Give what is known of the process."""
    found = getattr(desk, "vitals", None)
    return found if isinstance(found, Vitals) else Vitals(Figures(), Watchdog(), time.time(), None, {})


async def _database_answers(desk: Desk) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            await desk.stores.users.version()
    except (StoreError, ValueError, TimeoutError):  # a closed connection is a ValueError of aiosqlite
        return False
    return True


async def _disks(desk: Desk) -> list[Disk]:
    folders = {"store": vitals_of(desk).store, "recordings": desk.recordings}
    found = [_disk(name, folder) for name, folder in folders.items() if folder is not None]
    return [disk for disk in await asyncio.gather(*found) if disk is not None]


async def _disk(name: str, folder: Path) -> Disk | None:
    """Ask in a thread: a disk of the network may take its time. None: it does."""
    try:
        async with asyncio.timeout(_PATIENCE):
            free, size = await asyncio.to_thread(_usage, folder)
    except (OSError, TimeoutError):
        return None
    return Disk(folder=name, free=free, size=size)


def _usage(folder: Path) -> tuple[int, int]:
    """Give what is free, and the size; of where a folder will be, if it is not made yet."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    usage = shutil.disk_usage(there)
    return usage.free, usage.total


def _memory() -> int:
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE
    except OSError:
        return 0


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _lateness(watchdog: Watchdog) -> Lateness:
    return Lateness(worst_ms=round(1000 * watchdog.worst, 1), held_up=watchdog.lately, held_up_total=watchdog.held_up)


def _totals(figures: Figures) -> Totals:
    return Totals(
        started=dict(figures.started),
        answered=figures.answered,
        ended=dict(figures.ended),
        digits=figures.digits,
        recording=figures.recording,
        recorded=dict(figures.recorded),
        poor=figures.poor,
        blocked=figures.blocked,
    )
