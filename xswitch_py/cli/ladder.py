"""The trace of a call as a ladder: a lifeline for each party and one for the switch, time downwards; pure."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

__all__ = ["ladder"]

_SWITCH: Final = "xswitch"
_TIME: Final = 10  # columns of the time, with what parts it from the rest
_GAP: Final = 24  # columns between two lifelines, at least
_WIDEST: Final = 60  # and at most
_ALONE: Final = 34  # if nobody is called: there is more to say of what the switch does
_NARROW: Final = 60  # columns of a terminal below which we do not go
_NAME: Final = 22  # columns of a name


class _Signs(NamedTuple):
    line: str  # of a party
    along: str  # of an arrow
    right: str
    left: str
    cut: str
    dot: str  # before what the switch did


_DRAWN: Final = _Signs("│", "─", "▶", "◀", "…", "●")
_PLAIN: Final = _Signs("|", "-", ">", "<", ".", "*")


def ladder(trace: Mapping[str, Any], width: int = 100, *, plain: bool = False) -> list[str]:
    """Draw what `/calls/{id}/trace` gives, in lines of at most `width` columns; `plain` is ASCII alone.

    Callers stand left of the switch, who was called right. Of too many parties the last lifeline is all the others'.
    """
    return _Ladder(trace, max(width, _NARROW), _PLAIN if plain else _DRAWN).lines()


@dataclass(frozen=True, slots=True)
class _Party:
    name: str
    at: int  # column
    legs: frozenset[str]


class _Ladder:
    def __init__(self, trace: Mapping[str, Any], width: int, signs: _Signs) -> None:
        self._trace, self._width, self._signs = trace, width, signs
        legs: Sequence[Mapping[str, Any]] = trace["legs"]
        callers = [leg for leg in legs if leg["side"] == "caller"][:1]
        others = [leg for leg in legs if leg not in callers]
        room = max(2, (width - _TIME - _NAME) // _GAP + 1)  # lifelines
        groups = _grouped(others, max(room - 1 - len(callers), 1))
        count = len(callers) + 1 + len(groups)
        gap = min((width - _TIME - _NAME) // max(count - 1, 1), _WIDEST if groups else _ALONE)
        first = _TIME + _NAME // 2
        self._switch = first + gap * len(callers)
        places = [first + gap * place for place in range(count) if place != len(callers)]
        every = [*([leg] for leg in callers), *groups]
        self._parties = [
            _Party(_named(group), at, frozenset(leg["id"] for leg in group))
            for group, at in zip(every, places, strict=True)
        ]
        self._names = {leg["id"]: _clean(leg["party"]["number"] or leg["party"]["name"]) for leg in legs}

    def lines(self) -> list[str]:
        """Draw it all."""
        title = f"{self._trace['call']}  {self._trace['began']}"
        return [_clean(title)[: self._width], "", self._head(), *map(self._entry, self._trace["entries"])]

    def _head(self) -> str:
        canvas = _Canvas(self._width)
        for name, at in [(_SWITCH, self._switch), *((party.name, party.at) for party in self._parties)]:
            shown = _cut(name, _NAME - 1, self._signs.cut)
            canvas.write(at - len(shown) // 2, shown)
        return canvas.text()

    def _entry(self, entry: Mapping[str, Any]) -> str:
        canvas = _Canvas(self._width)
        canvas.write(0, _when(entry["ms"]))
        for at in (self._switch, *(party.at for party in self._parties)):
            canvas.write(at, self._signs.line)
        party = next((party for party in self._parties if entry["leg"] in party.legs), None)
        text = _clean(entry["text"])
        if entry["way"] and party is not None:
            self._arrow(canvas, party, text, outward=entry["way"] == ">")
        else:
            self._note(canvas, entry, text)
        return canvas.text()

    def _arrow(self, canvas: "_Canvas", party: _Party, text: str, *, outward: bool) -> None:
        """Draw an arrow between the switch and a party, through the lifelines of those between."""
        signs = self._signs
        low, high = sorted((self._switch, party.at))
        rightward = outward == (party.at > self._switch)
        room = high - low - 1
        shown = _cut(text, room - 4, signs.cut)
        middle = f" {shown} ".center(room - 1, signs.along)
        canvas.write(low + 1, middle + signs.right if rightward else signs.left + middle)

    def _note(self, canvas: "_Canvas", entry: Mapping[str, Any], text: str) -> None:
        """Write what the switch did beside its lifeline, with the layer and whose leg it was."""
        layer = "" if entry["layer"] == "call" else f"{entry['layer']}: "
        whose = self._names.get(entry["leg"], "")
        said = f"{self._signs.dot} {layer}{text}{f' [{whose}]' if whose else ''}"
        at = self._switch + 2
        canvas.write(at, _cut(said, self._width - at, self._signs.cut))


class _Canvas:
    """One line that is written here and there."""

    def __init__(self, width: int) -> None:
        self._cells = [" "] * width

    def write(self, at: int, text: str) -> None:
        """Write a text over what is there; what has no room is left out."""
        for place, sign in enumerate(text, max(at, 0)):
            if place < len(self._cells):
                self._cells[place] = sign

    def text(self) -> str:
        """Give the line."""
        return "".join(self._cells).rstrip()


def _grouped(legs: Sequence[Mapping[str, Any]], most: int) -> list[list[Mapping[str, Any]]]:
    """Give each leg a lifeline; of too many the last ones share one."""
    if len(legs) <= most:
        return [[leg] for leg in legs]
    return [*([leg] for leg in legs[: most - 1]), list(legs[most - 1 :])]


def _named(legs: Sequence[Mapping[str, Any]]) -> str:
    if len(legs) > 1:
        return f"{len(legs)} others"
    party = legs[0]["party"]
    return f"{_clean(party['number'] or party['name'])} ({legs[0]['door']})"


def _when(ms: float) -> str:
    return f"{ms / 1000:+9.3f}"


def _cut(text: str, room: int, sign: str) -> str:
    return text if len(text) <= room else text[: max(room - 1, 0)] + sign


def _clean(text: str) -> str:
    """Replace what would break the line or steer the terminal, and what takes two columns: peers choose some texts."""
    return "".join(sign if _is_plain(sign) else "?" for sign in text)


def _is_plain(sign: str) -> bool:
    return sign.isprintable() and unicodedata.east_asian_width(sign) not in "WF" and not unicodedata.combining(sign)
