"""How we log: one line for each thing that happened, call and leg in every line, secrets in none.

A logger is `structlog.get_logger("xswitch.<folder>")`. What `structlog.contextvars` binds, `call` and `leg`, is in
every line of that task. Wire traffic is DEBUG: its event is one of `<`, `>` and `=`, its text is in `text`.
"""

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog

__all__ = ["redact", "redacted", "setup"]

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

_Event = MutableMapping[str, Any]


def setup(level: str, *, as_json: bool, stream: TextIO, final: bool = False) -> None:
    """Say what is logged from now on, how and where; also for the libraries, of which only warnings are.

    If that is `final`, a line costs half as much.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        redact,
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


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
