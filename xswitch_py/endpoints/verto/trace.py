"""What the traces of calls keep of one peer's frames: those that are about a call of its own."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from xswitch_py.base.ids import LegId
from xswitch_py.core.leg import Leg
from xswitch_py.core.trace import Traces
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.leg import VertoWire
from xswitch_py.endpoints.verto.wire import Json
from xswitch_py.jsonrpc import dump
from xswitch_py.logs import redact, redacted

__all__ = ["Frames", "Heard", "quiet", "shown"]

_ABOUT_CALLS: Final = frozenset(
    f"verto.{name}" for name in ("answer", "attach", "bye", "display", "info", "invite", "media")
)
_ASKED: Final = 32  # requests of ours that have no reply yet
_LONG: Final = 65_536  # characters of a frame
_TEXT: Final = 200  # characters
_REPLY: Final = 500  # bytes that one takes
_ICE: Final = re.compile(r"(a=ice-(?:pwd|ufrag):)[^\s\\\"]+")
_GATHERED: Final = re.compile(r'("digits":)"[^"]*"')  # a script is told; whether they are secret nobody knows any more
_DIGITS: Final = re.compile(r'("dtmf":)(?:"(?:[^"\\]|\\.)*"?|[^",}\]]+)')

Dialogs = Mapping[str, VertoWire]


@dataclass(frozen=True, slots=True)
class Heard:
    """A request of the peer that names a call, before it is served."""

    call_id: str
    at: float  # Unix seconds
    frame: str
    known: bool  # it is a call of the peer's
    secret: bool  # nobody is told what is pressed now


class Frames:
    """The frames of one session."""

    __slots__ = ("_asked", "_traces")

    def __init__(self, traces: Traces | None) -> None:
        self._traces = traces
        self._asked: dict[int, tuple[LegId, str]] = {}  # what we asked about calls, by the id of the request

    def heard(self, dialogs: Dialogs, params: Json | None, frame: str) -> Heard | None:
        """Look at a request that is about to be served; None if it is about no call."""
        if self._traces is None or not params:
            return None
        call_id = wire.mapping(params.get("dialogParams")).get("callID") or params.get("callID")
        if not isinstance(call_id, str) or not call_id:
            return None
        dialog = dialogs.get(call_id)
        secret = dialog is not None and _is_secret(dialog.leg)
        return Heard(call_id, time.time(), frame[:_LONG], dialog is not None, secret)

    def served(self, dialogs: Dialogs, heard: Heard | None, method: str, reply: Json | None) -> None:
        """Keep a request, and our reply that leaves now. A peer has no say in the traces of others (V17)."""
        if heard is None or self._traces is None or not (heard.known or heard.call_id in dialogs):
            return
        leg, note = LegId(heard.call_id), self._traces.note
        message = partial(shown, heard.frame, heard.secret)
        note(leg, "verto", "<", method[:_TEXT], message, size=len(heard.frame), at=heard.at)
        if reply is not None:
            note(leg, "verto", ">", _outcome(reply), partial(_shown_reply, reply, heard.secret), size=_REPLY)

    def asks(self, number: int, method: str, params: Json, dialogs: Dialogs) -> LegId | None:
        """Say which call a request of ours is about, and remember it for the reply."""
        if self._traces is None or method not in _ABOUT_CALLS:
            return None
        call_id = params.get("callID")
        if not isinstance(call_id, str) or (method == "verto.info" and call_id not in dialogs):  # a chat message
            return None
        leg = LegId(call_id)
        self._asked[number] = leg, method
        if len(self._asked) > _ASKED:
            del self._asked[next(iter(self._asked))]
        return leg

    def told(self, leg: LegId, method: str, text: str) -> None:
        """Keep a request of ours that leaves now."""
        if self._traces is not None:
            self._traces.note(leg, "verto", ">", method, partial(shown, text, False), size=len(text))

    def replied(self, message: Json, frame: str) -> None:
        """Keep a reply of the peer to what we asked about a call."""
        number = message.get("id")
        asked = self._asked.pop(number, None) if isinstance(number, int) else None
        if asked is not None and self._traces is not None:
            leg, method = asked
            text = f"{_outcome(message)[:_TEXT]} ({method})"
            self._traces.note(leg, "verto", "<", text, partial(shown, frame[:_LONG], False), size=len(frame))


def shown(frame: str, digits: bool) -> str:
    """Write a frame without its secrets: credentials, keys, and if they are secret the `digits` that were pressed."""
    try:
        value: Any = json.loads(frame)
        text = dump(redact(None, "", value if isinstance(value, dict) else {"": value}))
    except ValueError:  # it was cut
        text = redacted(frame)
    return _masked(text, digits)


def quiet(dialogs: Dialogs, frame: str) -> str:
    """Write a frame for the log, which hides all secrets but digits: without those that nobody is told."""
    if '"digits"' in frame:
        frame = _GATHERED.sub(r'\1"***"', frame)
    if '"dtmf"' in frame and any(_is_secret(dialog.leg) for dialog in dialogs.values()):
        return shown(frame, True)
    return frame


def _shown_reply(reply: Json, digits: bool) -> str:
    return shown(dump(reply), digits)


def _masked(text: str, digits: bool) -> str:
    text = _ICE.sub(r"\1***", text)
    return _DIGITS.sub(r'\1"***"', text) if digits else text


def _is_secret(leg: Leg) -> bool:
    return leg.secret or (leg.bridged is not None and leg.bridged.secret)


def _outcome(reply: Json) -> str:
    """Say what a reply says, in some words."""
    if "error" in reply:
        error = wire.mapping(reply["error"])
        return f"error {wire.text(error.get('code'))} {wire.text(error.get('message'))}"[:_TEXT]
    return f"result {wire.text(wire.mapping(reply.get('result')).get('message'))}".rstrip()[:_TEXT]
