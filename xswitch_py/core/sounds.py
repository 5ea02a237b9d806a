"""The folder of sounds: what is in it, how much it may hold, and how one comes in."""

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from xswitch_py.base.errors import MediaError, Refused
from xswitch_py.base.problem import Code
from xswitch_py.media.sounds import SoundFacts, check_and_convert, facts
from xswitch_py.models.media import is_sound_name

__all__ = ["LARGEST", "find", "keep", "listed", "path_of", "workplace"]

log = structlog.get_logger("xswitch.core")

LARGEST: Final = 50_000_000  # bytes of a file that is brought
QUOTA: Final = 1_000_000_000  # bytes of all sounds
MOST: Final = 10_000  # sounds
TOGETHER: Final = 16  # that are being brought at a time
STALE: Final = 3600.0  # seconds after which nobody works there any more

_WORK: Final = ".brought-"  # how the names of workplaces begin; no sound is called so
_CONVERTING: Final = ThreadPoolExecutor(2, "sounds")  # each takes a core for as long as it goes on


def path_of(folder: Path, name: str) -> Path | None:
    """Say where a sound is, or would be; None: none can be called so."""
    return folder / f"{name}.wav" if is_sound_name(name) else None


def find(folder: Path, name: str) -> SoundFacts | None:
    """Find a sound that can be played; blocks."""
    path = path_of(folder, name)
    with suppress(MediaError):
        return facts(path) if path is not None else None
    return None


def listed(folder: Path, after: str, most: int) -> list[SoundFacts]:
    """List sounds by name, those after another; blocks."""
    found = list[SoundFacts]()
    for name in sorted(_names(folder)):
        if len(found) == most:
            break
        if name > after and (sound := find(folder, name)) is not None:
            found.append(sound)
    return found


@asynccontextmanager
async def workplace(folder: Path) -> AsyncIterator[Path]:
    """Give a place for one sound that is brought; it is gone afterwards, with all that is in it.

    Raises:
        Refused: too many are being brought, there is no room, or the folder cannot be written.
    """
    try:
        await asyncio.to_thread(_make_room, folder)
        place = folder / f"{_WORK}{secrets.token_hex(8)}"
        place.mkdir(mode=0o700)
    except OSError as error:
        log.error("no sounds can be kept", folder=str(folder), error=str(error))
        raise Refused(Code.UNAVAILABLE, "the folder of sounds cannot be written") from error
    try:
        yield place
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


async def keep(folder: Path, place: Path, source: Path, name: str, *, over: bool) -> SoundFacts:
    """Make a file that was brought a sound of the folder, which is there only when all of it is; `over` another.

    Raises:
        MediaError: it is no sound that can be used.
        Refused: the name is taken, or there is no room.
    """
    target = folder / f"{name}.wav"
    if not over and await asyncio.to_thread(os.path.lexists, target):
        raise _taken(name)
    made = place / "made.wav"
    found = await _converted(source, made, place)
    used, count = await asyncio.to_thread(_used, folder)
    if used + found.size > QUOTA or count >= MOST:
        raise _full(used, count)
    try:  # both at once or not at all, and nobody gets in between
        os.replace(made, target) if over else os.link(made, target)
    except FileExistsError:
        raise _taken(name) from None
    except OSError as error:
        log.error("a sound cannot be kept", name=name, error=str(error))
        raise Refused(Code.UNAVAILABLE, "the sound cannot be kept") from error
    return replace(found, name=name)


async def _converted(source: Path, made: Path, place: Path) -> SoundFacts:
    job = _CONVERTING.submit(check_and_convert, source, made)
    try:
        return await asyncio.wrap_future(job)
    except asyncio.CancelledError:  # a thread goes on until it is through, and may write until then
        job.add_done_callback(lambda _: shutil.rmtree(place, ignore_errors=True))
        raise


def _make_room(folder: Path) -> None:
    """Make the folder, and see that one more sound may come.

    Raises:
        Refused: not now.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    working = list(folder.glob(f"{_WORK}*"))
    old = [place for place in working if _age(place) > STALE]
    for place in old:  # of a switch that was killed
        shutil.rmtree(place, ignore_errors=True)
    if len(working) - len(old) >= TOGETHER:
        raise Refused(Code.TOO_MANY, "too many sounds are being brought", retry_after=5)
    used, count = _used(folder)
    if used >= QUOTA or count >= MOST:
        raise _full(used, count)


def _age(place: Path) -> float:
    with suppress(OSError):
        return time.time() - place.stat().st_mtime
    return 0.0


def _names(folder: Path) -> Iterator[str]:
    with suppress(OSError):
        for entry in os.scandir(folder):
            name, suffix = os.path.splitext(entry.name)
            if suffix == ".wav" and is_sound_name(name):
                yield name


def _used(folder: Path) -> tuple[int, int]:
    """Count the bytes of all files, and the files."""
    size = count = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.is_file():
                    size, count = size + entry.stat().st_size, count + 1
    return size, count


def _taken(name: str) -> Refused:
    return Refused(Code.TAKEN, f"there is a sound {name!r} already")


def _full(used: int, count: int) -> Refused:
    return Refused(Code.CONFLICT, "there is no room for more sounds", state={"bytes": used, "sounds": count})
