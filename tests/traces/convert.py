"""Make scenes from recordings of FreeSWITCH: `python -m tests.traces.convert FOLDER_OF_JSONL`.

A recording has one JSON object a line: `conn`, `dir` (`c>s`, `s>c`, `note`) and `msg`. What is replayed and compared is
kept; SDPs, addresses, names of hosts and ids become labels.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.traces.scene import SCENES, Step, frame_text
from tests.traces.sip_side import noted, with_phone

__all__ = ["LEFT_OUT", "Converter", "folded", "main"]

LEFT_OUT: Final[Mapping[str, str]] = {
    "conference": "there are no conferences yet",
    "modify_update_media": "updateMedia does not exist yet",
}
"""Recordings that are not replayed, and why."""

_CLOSED_BY_SERVER: Final = {
    ("punt", "A"), ("punt", "X"), ("huge_frame", "A1010000"), ("huge_frame", "A4000000"),
    ("huge_frame_before_login", "A"), ("speed_test", "B"),
}  # fmt: skip
_DIALOG: Final = ("callID", "destination_number", "caller_id_number")
_EMPTY: Final = ("loginParams", "userVariables")
_DOMAIN: Final = "127.0.0.1"
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CUT: Final = re.compile(r"(?:x+|#SPB ?\.+)(?:\.\.\.)?<(\d+) characters in all>")


def main() -> None:
    """Convert all recordings of a folder, with the titles its README gives them."""
    folder = Path(sys.argv[1])
    titles = dict(re.findall(r"^\| `(\w+)\.jsonl` \| (.*) \|$", (folder / "README.md").read_text(), re.MULTILINE))
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem not in LEFT_OUT:
            lines = [
                f"# {titles[path.stem]}",
                *map(str, folded(with_phone(path.stem, Converter(path.stem).steps(path)))),
            ]
            (SCENES / f"{path.stem}.txt").write_text("\n".join(lines) + "\n")


class Converter:
    """Turns one recording into steps; keeps the labels it gave."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.labels: dict[str, str] = {}
        self.open: set[str] = set()

    def steps(self, path: Path) -> Iterator[Step]:
        """Convert line by line."""
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if entry["dir"] == "note" and (read := noted(entry["msg"])):
                yield from read
            elif step := self._step(entry["conn"], entry["dir"], entry["msg"]):
                yield step
        yield from (Step(socket, "close") for socket in sorted(self.open))

    def _step(self, socket: str, direction: str, message: Any) -> Step | None:
        if direction == "note":
            return self._note(socket, message)
        if direction == "s>c":
            return Step(socket, ">", self._labelled(frame_text(message)))
        if isinstance(message, dict) and ("result" in message or "error" in message):
            return None
        return Step(socket, "<", self._labelled(self._sent(socket, message)))

    def _note(self, socket: str, text: str) -> Step | None:
        if found := re.fullmatch(r"websocket open \((wss?)\)", text):
            self.open.add(socket)
            return Step(socket, "open", found[1])
        if found := re.fullmatch(r"websocket closed \(code (\d+)\)", text):
            self.open.discard(socket)
            if (self.name, socket) in _CLOSED_BY_SERVER:
                return Step(socket, ">", "closed")
            return Step(socket, "abort" if found[1] == "1006" else "close")
        return None

    def _sent(self, socket: str, message: Any) -> str:
        if isinstance(message, str):
            if message.startswith("<binary"):
                return "binary"
            return f"text {json.dumps(_CUT.sub(_uncut, message))}"
        if isinstance(message, dict) and _is_request(message):
            params = {
                key: self._param(socket, key, value) for key, value in message["params"].items() if key not in _EMPTY
            }
            return f"request {message['id']} {message['method']} {json.dumps(params, ensure_ascii=False)}"
        return f"json {json.dumps(message)}"

    def _param(self, socket: str, key: str, value: Any) -> Any:
        if key == "sessid":
            self.labels.setdefault(value, f"$sess{socket}")
        if key == "sdp":
            return _sdp(value)
        if key == "dialogParams":
            return {name: value[name] for name in _DIALOG if name in value}
        return _CUT.sub(_uncut, value) if isinstance(value, str) else value

    def _labelled(self, text: str) -> str:
        text = _CUT.sub(lambda found: "#SPB" if found[0].startswith("#") else "$xs", text)
        text = text.replace(f"@{_DOMAIN}", "@$domain").replace(f'_host": "{_DOMAIN}"', '_host": "$domain"')
        return _UUID.sub(self._label, text)

    def _label(self, found: re.Match[str]) -> str:
        calls = sum(label.startswith("$call") for label in self.labels.values())
        return self.labels.setdefault(found[0], f"$call{calls + 1}")


def _is_request(message: Mapping[str, Any]) -> bool:
    number, params = message.get("id"), message.get("params")
    return (
        message.get("jsonrpc") == "2.0"
        and isinstance(number, int)
        and isinstance(params, dict)
        and isinstance(message.get("method"), str)
    )


def _sdp(text: str) -> str:
    """A word for an SDP that the client made: what is remarkable about it."""
    remarks = {
        "garbage": "m=audio" not in text,
        "no_ice": "a=ice-ufrag" not in text,
        "plain": " RTP/AVP" in text,
        "no_fingerprint": "a=fingerprint" not in text,
        "no_codec": not re.search("opus|PCM", text),
        "answer": re.search("a=setup:(active|passive)", text),
        "pcmu": "opus" not in text,
    }
    order = ("garbage", "plain", "no_ice", "no_fingerprint", "no_codec", "answer", "pcmu")
    return f"${next((word for word in order if remarks[word]), 'offer')}" if text else ""


def _uncut(found: re.Match[str]) -> str:
    return "$block" if found[0].startswith("#") else f"$xs{found[1]}"


def folded(steps: Iterator[Step]) -> list[Step]:
    """Write equal steps in a row as one."""
    folded: list[Step] = []
    for step in steps:
        before = folded.pop() if folded else None
        if before and (before.socket, before.act, before.rest) == (step.socket, step.act, step.rest):
            folded.append(Step(step.socket, step.act, step.rest, before.times + 1))
        else:
            folded += [before, step] if before else [step]
    return folded


if __name__ == "__main__":
    main()
