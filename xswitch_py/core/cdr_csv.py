"""Records of calls as a table that spreadsheets read (RFC 4180); pure."""

import csv
import io
from collections.abc import Iterable
from typing import Final

from xswitch_py.base.records import Cdr
from xswitch_py.models.shape import moment

__all__ = ["HEADER", "lines"]

_COLUMNS: Final = (
    "id", "started", "answered", "ended", "duration", "billsec", "cause", "direction", "door", "user", "reached",
    "caller_name", "caller_number", "callee_name", "callee_number", "codec", "packets_in", "packets_out", "lost",
    "heard_mos", "heard_loss", "heard_jitter", "told_mos", "told_loss", "told_jitter", "rtt",
)  # fmt: skip
HEADER: Final = ",".join(_COLUMNS) + "\r\n"

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet calculates begins so
_FIGURES: Final = ("mos", "loss", "jitter")
_NOTHING: Final = (None,) * len(_FIGURES)


def lines(rows: Iterable[Cdr]) -> str:
    """Write a line for each record. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(map(_cells, rows))
    return text.getvalue()


def _cells(row: Cdr) -> Iterable[object]:
    """Give what `_COLUMNS` names; what others chose is never left as it is."""
    started, answered, ended, caller, callee = row.started, row.answered, row.ended, row.caller, row.callee
    heard, told = row.quality.get("heard"), row.quality.get("told")
    return (
        f"call_{row.call}", _time(started), _time(answered), _time(ended),
        _seconds(started, ended), "0.000" if ended and answered is None else _seconds(answered, ended),
        row.cause, row.direction, row.door, _text(str(row.user or "")), _text(str(row.reached or "")),
        _text(caller.name), _text(caller.number), _text(callee.name), _text(callee.number),
        _text(row.codec), row.packets_in, row.packets_out, row.lost,
        *_way(heard), *_way(told), row.quality.get("rtt"),
    )  # fmt: skip


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _time(at: float | None) -> str:
    return "" if at is None else f"{moment(at).isoformat(timespec='milliseconds')[:23]}Z"


def _seconds(begin: float | None, end: float | None) -> str:
    return "" if begin is None or end is None else f"{max(0.0, end - begin):.3f}"


def _way(figures: object) -> Iterable[object]:
    return [figures.get(name) for name in _FIGURES] if isinstance(figures, dict) else _NOTHING
