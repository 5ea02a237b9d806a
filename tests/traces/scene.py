"""Scenes: what the two sides of a recorded call said, reduced to what is compared, as plain text.

One line a step; a name stands for each socket:

    # The caller gives up.                    a remark
    A open ws                                 the client connects (`wss` over TLS)
    A < request 4 verto.bye {"cause": ...}    it asks; `< text`, `< json` and `< binary` are frames of other kinds
    A > result 4 {"message": ...}             the server's reply; also `> error 4`
    A > verto.bye {"callID": "$call1", ...}   what the server says by itself
    A > text "..."   A > json [...]           frames of other kinds; ` x640` at the end: so often in a row
    A > closed                                the server closes the socket
    A close   A abort                         the client closes it, or loses it without a word
    A = sound opus                            it hears the SIP phone in its newest call, by this codec
    A < digits 3079   A > digits 79           digits as events in RTP that it sends, or has got by now

The SIP phone, if there is one:

    SIP open 1005                             it registers as this user
    SIP < INVITE 1001   SIP < 183 sdp         it calls, answers a call, or sends `CANCEL` or `BYE`
    SIP > INVITE from 1000 to 1005 sdp        a request that it gets, and its Reason: `SIP > BYE Q.850;...`
    SIP > 200 INVITE sdp again                an answer; `again`: with the same SDP as the one before
    SIP < digits 79   SIP > digits 3079       digits as events in RTP
    SIP = sound   SIP = packets               it hears the Verto client, or gets any RTP
    SIP close                                 it unregisters

`$call1`, `$sessA` and `$domain` stand for what differs from run to run; SDPs are `$offer`, `$answer` and the like.
The client's replies to the server's requests are left out: they always follow at once.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["SCENES", "Step", "facts", "frame_text", "load", "parse"]

SCENES: Final = Path(__file__).parent / "scenes"

_DROPPED: Final = frozenset({
    "jsonrpc", "variables", "caller_id_name", "callee_id_name", "display_name", "callerUserName", "callerIDName",
    "calleeIDName", "channelState", "serno", "idleCPU", "stackSizeKB",
})  # fmt: skip
_VOLATILE: Final = frozenset({"sdp", "uptime", "sessions", "version"})
_TEXTS: Final = (
    (re.compile(r"^\d+\n$"), "$number"),
    (re.compile(r"^(FreeSWITCH|xswitch)\S* .*", re.DOTALL | re.IGNORECASE), "$version"),
    (re.compile(r"^#SP([UD]) \d+$"), r"#SP\1 $ms"),
    (re.compile(r"^#SPB.*", re.DOTALL), "#SPB"),
    (re.compile(r"^(x{9})x{991,}$"), "$xs"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a scene: who, what (`open`, `<`, `>`, ...), the rest of the line, and how often in a row."""

    socket: str
    act: str
    rest: str = ""
    times: int = 1

    def __str__(self) -> str:
        times = f" x{self.times}" if self.times > 1 else ""
        return f"{self.socket} {self.act} {self.rest}".rstrip() + times

    def body(self, words: int) -> Any:
        """What JSON stands behind the first `words` words of the rest."""
        return json.loads(self.rest.split(" ", words)[words])


def load(path: Path) -> tuple[Step, ...]:
    """Read a scene."""
    return parse(path.read_text().splitlines())


def parse(lines: Iterable[str]) -> tuple[Step, ...]:
    """Read the lines of a scene; remarks and empty ones count for nothing."""
    return tuple(_step(line) for line in lines if line and not line.startswith("#"))


def frame_text(message: Any) -> str:
    """Write a frame of the server as a scene does, with all that is not compared left out."""
    if isinstance(message, str):
        return f"text {json.dumps(facts(message))}"
    if isinstance(message, Mapping):
        if "method" in message:
            return f"{message['method']} {_json(facts(message['params']))}"
        for kind in ("result", "error"):
            if kind in message and "id" in message:
                return f"{kind} {json.dumps(message['id'])} {_json(facts(message[kind]))}"
    return f"json {_json(facts(message))}"


def facts(value: Any) -> Any:
    """Reduce what the server said to what is compared."""
    if isinstance(value, Mapping):
        return {
            key: f"${key}" if key in _VOLATILE else facts(each) for key, each in value.items() if key not in _DROPPED
        }
    if isinstance(value, list):
        return [facts(each) for each in value]
    if isinstance(value, str):
        return _plain(value)
    return value


def _plain(text: str) -> str:
    for pattern, instead in _TEXTS:
        text = pattern.sub(instead, text)
    return text


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _step(line: str) -> Step:
    found = re.fullmatch(r"(\S+) (\S+)(?: (.*?))?(?: x(\d+))?", line)
    assert found, line
    return Step(found[1], found[2], found[3] or "", int(found[4] or 1))
