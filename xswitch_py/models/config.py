"""The configuration: what is in force, and judging another."""

from typing import Annotated, Any, Final

from pydantic import StringConstraints

from xswitch_py.models.shape import Model

__all__ = ["ConfigShown", "ConfigText", "Judgement", "Reloaded", "Setting"]

_LONGEST: Final = 262_144  # characters


class Setting(Model):
    """One key."""

    value: Any
    origin: str
    """`default`, `file`, `environment` or `set` (on the command line)."""


class ConfigShown(Model):
    """Everything that is in force."""

    settings: dict[str, Setting]
    """By `section.key`. Secrets are masked."""


class ConfigText(Model):
    """A configuration to be judged."""

    toml: Annotated[str, StringConstraints(max_length=_LONGEST)]
    """The text of an `xswitch.toml`."""


class Judgement(Model):
    """Whether a configuration could be used."""

    good: bool
    problems: list[str]


class Reloaded(Model):
    """The files were read again."""

    needs_restart: list[str]
    """The sections with changes that only a restart takes."""
