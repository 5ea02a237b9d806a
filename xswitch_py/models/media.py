"""Sounds that can be played."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Base64Bytes, Field

from xswitch_py.models.shape import Model, Moment

__all__ = ["BroughtSound", "NewSound", "Sound", "SoundName", "is_sound_name", "plain_name"]

_LONGEST: Final = 100  # characters
_MOST_BYTES: Final = 200  # of UTF-8: the name of a file may have 255
_SUFFIX: Final = ".wav"


def plain_name(name: str) -> str:
    """Give the name of a sound without the suffix of its file."""
    return name[: -len(_SUFFIX)] if name.lower().endswith(_SUFFIX) else name


def is_sound_name(name: str) -> bool:
    """Say whether a sound can have this name: it must not lead out of the folder, nor to a hidden file."""
    plain = 0 < len(name) <= _LONGEST and name.isprintable() and not name.startswith(".") and not {*"/\\:"} & {*name}
    return plain and name == name.strip() and len(name.encode()) <= _MOST_BYTES


def _checked(name: str) -> str:
    name = plain_name(name)
    if not is_sound_name(name):
        raise ValueError("a sound cannot have this name")
    return name


SoundName = Annotated[str, Field(max_length=_LONGEST + len(_SUFFIX)), AfterValidator(_checked)]


class Sound(Model):
    """A sound, mono or stereo."""

    name: str
    source: str
    """What plays it: `file:NAME`."""
    seconds: float
    rate: int
    """Hz."""
    channels: int
    size: int
    """Bytes of its file."""
    changed: Moment


class NewSound(Model):
    """A sound to be kept."""

    content: Annotated[Base64Bytes, Field(min_length=1, max_length=1 << 20)]
    """A file of WAV, MP3, Ogg or FLAC in base64; larger ones are sent as a form to `POST /api/v1/media`."""
    replace: bool = False
    """Whether one of this name may be there already."""


class BroughtSound(NewSound):
    """A sound that a door has put into a file. No program can ask for this: commands are given a `NewSound`."""

    as_text = True  # a form's
    content: Base64Bytes = b""
    file: Path
