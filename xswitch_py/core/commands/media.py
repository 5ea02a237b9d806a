"""Commands about sounds that can be played."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from xswitch_py.base.errors import MediaError, Refused
from xswitch_py.base.problem import Code
from xswitch_py.core import sounds
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.media.sounds import SoundFacts
from xswitch_py.models.given import Cursor, Id, Limit
from xswitch_py.models.media import BroughtSound, NewSound, Sound, SoundName, is_sound_name, plain_name
from xswitch_py.models.shape import Page, moment

__all__ = ["add", "file_of", "get", "list_media", "remove"]

log = structlog.get_logger("xswitch.core")

_READ: Final = "media:read"
_WRITE: Final = "media:write"


@command("media.list", _READ)
async def list_media(desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None) -> Page[Sound]:
    """List the sounds that can be played, by name."""
    found = await asyncio.to_thread(sounds.listed, desk.sounds, cursor or "", limit + 1)
    items = [_shown(sound) for sound in found[:limit]]
    return Page[Sound](items=items, next_cursor=items[-1].name if len(found) > limit else None)


@command("media.get", _READ)
async def get(desk: Desk, who: Asker, name: Id) -> Sound:
    """Show a sound."""
    found = await asyncio.to_thread(sounds.find, desk.sounds, plain_name(name))
    if found is None:
        raise missing("sound", name)
    return _shown(found)


@command("media.add", _WRITE)
async def add(desk: Desk, who: Asker, name: SoundName, wish: NewSound) -> Sound:
    """Keep a sound, to be played as `file:NAME`: WAV, MP3, Ogg or FLAC of at most 10 minutes, kept as 16 kHz mono."""
    name = plain_name(name)
    if not is_sound_name(name):
        raise _invalid("/name", "a sound cannot have this name")
    async with _brought(desk, wish) as file:
        try:
            return _shown(await sounds.keep(desk.sounds, file.parent, file, name, over=wish.replace))
        except MediaError as error:
            raise _invalid("/file" if isinstance(wish, BroughtSound) else "/content", str(error)) from None


@command("media.remove", _WRITE)
async def remove(desk: Desk, who: Asker, name: Id) -> None:
    """Remove a sound. Whoever hears it at the moment hears it to its end."""
    path = sounds.path_of(desk.sounds, plain_name(name))
    try:
        if path is None:
            raise missing("sound", name)
        await asyncio.to_thread(path.unlink)
    except FileNotFoundError:
        raise missing("sound", name) from None
    except OSError as error:
        log.error("a sound cannot be removed", name=name, error=str(error))
        raise Refused(Code.UNAVAILABLE, "the file cannot be removed") from error


def file_of(desk: Desk, who: Asker, name: str) -> Path:
    """Find the file of a sound.

    Raises:
        Refused: none can be called so, or they may not hear it.
    """
    who.only(_READ)
    path = sounds.path_of(desk.sounds, plain_name(name))
    if path is None:
        raise missing("sound", name)
    return path


@asynccontextmanager
async def _brought(desk: Desk, wish: NewSound) -> AsyncIterator[Path]:
    """Give the file of a sound that is brought, in a place of its own."""
    if isinstance(wish, BroughtSound):
        yield wish.file
        return
    async with sounds.workplace(desk.sounds) as place:
        file = place / "brought"
        await asyncio.to_thread(file.write_bytes, wish.content)
        yield file


def _invalid(pointer: str, detail: str) -> Refused:
    return Refused(Code.INVALID, detail, errors=[{"pointer": pointer, "detail": detail}])


def _shown(found: SoundFacts) -> Sound:
    return Sound(
        name=found.name,
        source=f"file:{found.name}",
        seconds=found.seconds,
        rate=found.rate,
        channels=found.channels,
        size=found.size,
        changed=moment(found.changed),
    )
