"""What a role may do: sets of names, empty unless something is granted (verto.md 4.2, V16)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["ANY", "KINDS", "NOTHING", "Kind", "Permissions"]

Kind = Literal["methods", "jsapi", "fsapi", "channels", "api"]

ANY: Final = "__ANY__"  # FreeSWITCH's word for all names
KINDS: Final[Mapping[Kind, bool]] = {"methods": True, "jsapi": False, "fsapi": False, "channels": True, "api": False}
"""Each kind, and whether a granted `verto` also grants `verto.invite`: what precedes the first dot counts."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one role may use. Nothing is allowed that is not granted."""

    methods: frozenset[str] = frozenset()
    jsapi: frozenset[str] = frozenset()
    fsapi: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    api: frozenset[str] = frozenset()  # scopes, such as "calls:read"

    def allows(self, kind: Kind, name: str) -> bool:
        """Say whether a name of this kind may be used."""
        granted: frozenset[str] = getattr(self, kind)
        if ANY in granted or name in granted:
            return True
        return KINDS[kind] and name.partition(".")[0] in granted


NOTHING: Final = Permissions()
