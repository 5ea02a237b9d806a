"""How we log: one line for each thing that happened, call and leg in every line, secrets in none.

A logger is `structlog.get_logger("xswitch.<folder>")`. What `structlog.contextvars` binds, `call` and `leg`, is in
every line of that task. Wire traffic is DEBUG: its event is one of `<`, `>` and `=`, its text is in `text`.
"""

import logging
import re
import time
from collections import deque
from collections.abc import Mapping, MutableMapping
from itertools import count
from typing import Any, Final, TextIO

import structlog

__all__ = ["Line", "Ring", "redact", "redacted", "setup"]

_HIDDEN: Final = "***"
_SECRET: Final = (
    r"passwd|password|passphrase|pwd|secret|token|authorization|cookie|api_?key|ha1|private_?key|xui_sessid"
)
_SECRET_KEY: Final = re.compile(_SECRET, re.IGNORECASE)
_IN_TEXT: Final = (
    # JSON, also inside a JSON text; to the end if the text was cut.
    re.compile(
        rf'(?P<keep>(?P<q>\\*")[^"\\]{{0,64}}(?:{_SECRET})[^"\\]{{0,64}}(?P=q)\s*:\s*(?P=q))'
        r".*?(?P<rest>(?<!\\)(?P=q)|$)",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(
        rf'(?P<keep>"[^"\\]{{0,64}}(?:{_SECRET})[^"\\]{{0,64}}"\s*:\s*)[^"\s,{{}}\[\]]+(?P<rest>)', re.IGNORECASE
    ),
    re.compile(r"(?P<keep>a=ice-pwd:)[^\s\\\"]+(?P<rest>)"),
    re.compile(r"(?P<keep>a=crypto:\d+ \S+ inline:)[^\s\\\"|]+(?P<rest>)"),
    # Digest and bearer credentials, and secrets in the query of an address.
    re.compile(r'(?P<keep>\bresponse=\\*")[0-9a-fA-F]+(?P<rest>)'),
    re.compile(r"(?P<keep>\b(?:Bearer|Basic) )[A-Za-z0-9+/=._~-]+(?P<rest>)", re.IGNORECASE),
    re.compile(rf"(?P<keep>[?&;](?:[a-z_]{{0,32}}(?:{_SECRET}))=)[^\s&;\"]+(?P<rest>)", re.IGNORECASE),
)
_SUSPECT: Final = re.compile('[":=]|bearer |basic ', re.IGNORECASE)  # each of the patterns needs one of these
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_DEPTH: Final = 8  # how deep we look into a value
_KEPT: Final = 2000  # lines in memory
_ROOM: Final = 1000  # characters of each
_LEVELS: Final = frozenset({"debug", "info", "warning", "error", "critical"})
_KEY: Final = 8  # what a member takes beside its texts
_PLAIN: Final = frozenset({int, float, bool, type(None)})
_HEAD: Final = ("level", "logger", "event")
_END: Final = ("exception", "stack")  # their ends say most
_CUT: Final = "\u2026"

_Event = MutableMapping[str, Any]


class Line:
    """A line that is kept in memory, without secrets, and short."""

    __slots__ = ("_kept", "at", "id")

    def __init__(self, id: int, at: float, kept: Mapping[str, Any]) -> None:
        self.id, self.at = id, at
        self._kept = kept

    @property
    def level(self) -> str:
        """Its weight."""
        level = self._kept.get("level")
        return level if level in _LEVELS else "info"

    @property
    def logger(self) -> str:
        """Who wrote it."""
        return _seen(str(self._kept.get("logger", "")))

    @property
    def event(self) -> str:
        """What happened."""
        return _seen(str(self._kept.get("event", "")))

    @property
    def call(self) -> str:
        """The id of the call it is about; empty if there is none."""
        return str(self._kept.get("call", ""))

    @property
    def facts(self) -> Mapping[str, str | int | float | bool | None]:
        """What else it says."""
        facts = ((key, value) for key, value in self._kept.items() if key not in _HEAD and key[:1] != "_")
        return {_seen(key): _seen(value) if isinstance(value, str) else value for key, value in facts}


class Ring:
    """The last lines: a structlog processor that stands behind `redact`, and keeps what passes."""

    def __init__(self, most: int = _KEPT) -> None:
        self._lines: deque[tuple[int, float, Mapping[str, Any]]] = deque(maxlen=most)
        self._ids = count(int(time.time() * 1000))  # so that they rise over restarts, too

    def __call__(self, logger: object, method: str, event: _Event) -> _Event:
        """Keep a line; from any thread."""
        length = _KEY * len(event)
        for value in event.values():
            kind = type(value)
            if kind is str:
                length += len(value)
            elif kind not in _PLAIN:
                length = _ROOM + 1
        self._lines.append((next(self._ids), time.time(), dict(event) if length <= _ROOM else _short(event)))
        return event

    def after(self, id: int) -> list[Line]:
        """Give the lines that came after one, the oldest first."""
        return [Line(*line) for line in self._lines.copy() if line[0] > id]


def setup(level: str, *, as_json: bool, stream: TextIO, final: bool = False, ring: Ring | None = None) -> None:
    """Say what is logged from now on, how and where; also for the libraries, of which only warnings are.

    If that is `final`, a line costs half as much. A `ring` keeps the last lines.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        redact,
        *([] if ring is None else [ring]),
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%Y-%m-%d %H:%M:%S.%f", utc=as_json),
    ]
    last: list[Any] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [
            _one_line,
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=20
            ),
        ]
    )
    structlog.configure(
        processors=[_logger_name, *shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *names: _Stream(stream, *names),
        cache_logger_on_first_use=final,
    )
    _adopt_libraries(shared, last, stream)


def redact(logger: object, method: str, event: _Event) -> _Event:
    """Hide secrets in a line: a structlog processor."""
    return {key: _HIDDEN if _SECRET_KEY.search(key) else _clean(value, _DEPTH) for key, value in event.items()}


def redacted(text: str) -> str:
    """Hide the secrets in a text: JSON, SDP, SIP, addresses."""
    if not _SUSPECT.search(text):
        return text
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\g<keep>{_HIDDEN}\g<rest>", text)
    return text


class _Stream(structlog.WriteLogger):
    """Writes lines to a stream, and knows its name."""

    def __init__(self, stream: TextIO, name: str = "xswitch") -> None:
        super().__init__(stream)
        self.name = name


def _adopt_libraries(shared: list[Any], last: list[Any], stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def _logger_name(logger: _Stream, method: str, event: _Event) -> _Event:
    event["logger"] = logger.name
    return event


def _clean(value: object, depth: int) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redacted(value)
        case bytes():
            return redacted(value.decode("utf-8", "replace"))
        case Mapping() if depth:
            return {
                str(key): _HIDDEN if _SECRET_KEY.search(str(key)) else _clean(inner, depth - 1)
                for key, inner in value.items()
            }
        case list() | tuple() | set() | frozenset() if depth:
            return [_clean(inner, depth - 1) for inner in value]
        case _:
            return redacted(str(value))


def _one_line(logger: object, method: str, event: _Event) -> _Event:
    """Replace what would break the line or steer the terminal: peers choose some of these texts."""
    return {
        key: _UNSEEN.sub(_picture, value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


def _seen(text: str) -> str:
    return _UNSEEN.sub(_picture, text)


def _short(event: _Event) -> Mapping[str, Any]:
    """Give as much of a line as there is room for: what happened first, then the rest in order."""
    kept, room = dict[str, Any](), _ROOM
    for key in (*_HEAD, *(key for key in event if key not in _HEAD and key[:1] != "_")):
        if room <= 0:
            break
        value = event.get(key)
        if type(value) not in _PLAIN:
            text = str(value)
            value = text if len(text) <= room else f"{_CUT}{text[-room:]}" if key in _END else f"{text[:room]}{_CUT}"
            room -= len(text)
        kept[key[:_ROOM]] = value
        room -= _KEY + len(key)
    return kept


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
