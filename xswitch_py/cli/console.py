"""`xswitch console`: a prompt for all commands of a running switch, with events scrolling by."""

import contextlib
import json
import os
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from xswitch_py.cli import out, shown
from xswitch_py.cli.calls import call_id
from xswitch_py.cli.do import known
from xswitch_py.cli.listen import hear
from xswitch_py.cli.remote import RemoteError, Server, asking

try:
    import readline
except ImportError:  # not every Python has it
    readline = None  # type: ignore[assignment]

__all__ = ["Console", "console"]

_PROMPT: Final = "xswitch> "
_PATIENCE: Final = 5.0  # seconds
_HISTORY: Final = 1000  # lines that are kept
_SECRET: Final = ("password", "secret", "token")
_CLEAR: Final = "\r\x1b[K"  # the line that is being written
_HELP: Final = """\
status                   how the switch is
calls                    the calls that are up
call A [B]               ring A, and let it dial B
hangup CALL [CAUSE]      end a call
COMMAND key=value ...    any command: users.list limit=5
help [COMMAND]           this, or what a command is given; `help calls.` lists those
/events on|off [TYPES]   whether events scroll by: /events on call.*
exit                     or Ctrl-D"""


@asking
def console(server: Server, as_json: out.AsJson = False) -> None:
    """Type commands, see events. What comes by a pipe is done line by line, and ends with 1 if something failed."""
    prompt = sys.stdin.isatty()
    made = Console(server, as_json=as_json, prompt=prompt)
    if prompt:
        version = server.get("/status")["version"]
        out.line(f"xswitch {version} at {server.url}. `help` helps, `exit` ends.")
    with _history(made) if prompt else contextlib.nullcontext():
        made.run()
    if made.failed and not prompt:
        out.fail(1, f"{made.failed} of these failed")


class Console:
    """Reads lines and does what they say."""

    def __init__(self, server: Server, *, as_json: bool = False, prompt: bool = False) -> None:
        self.server = server
        self.methods = known(server)
        self.failed = 0
        self._as_json, self._prompt = as_json, prompt
        self._events: _Events | None = None
        self._short: Mapping[str, Callable[[list[str]], None]] = {
            "status": self._status,
            "calls": self._calls,
            "call": self._call,
            "hangup": self._hangup,
            "help": self._help,
            "/events": self._switch_events,
        }

    def run(self) -> None:
        """Go on until the end of what is typed, or `exit`."""
        try:
            while (text := self._read()) is not None:
                if text in ("exit", "quit", "/exit", "/quit"):
                    break
                if text and not text.startswith("#"):
                    self._obey(text)
        finally:
            self._end_events()

    def complete(self, start: str, number: int) -> str | None:
        """Give one of the words that may be meant, as readline asks for them."""
        found = [name for name in (*self._short, "exit", *self.methods.by_name) if name.startswith(start)]
        return found[number] if number < len(found) else None

    def _read(self) -> str | None:
        try:
            text = input(_PROMPT if self._prompt else "").strip()
            self._forget(text)
            return text
        except EOFError:
            if self._prompt:
                out.line("")
            return None
        except KeyboardInterrupt:  # what is typed is not meant
            out.line("")
            return ""

    def _forget(self, text: str) -> None:
        """Keep what looks like a secret out of the history."""
        if self._prompt and readline is not None and any(word in text.lower() for word in _SECRET):
            readline.remove_history_item(readline.get_current_history_length() - 1)

    def _obey(self, text: str) -> None:
        try:
            name, *words = shlex.split(text)
            short = self._short.get(name)
            self._perform(name, words) if short is None else short(words)
        except (ValueError, RemoteError) as error:
            self.failed += 1
            out.note(out.clean(str(error)))
        except KeyboardInterrupt:
            out.note("not waited for any longer")

    def _perform(self, name: str, words: list[str]) -> None:
        self.methods.check(name)
        self._print(self.server.rpc(name, self.methods.params(name, words)))

    def _print(self, result: Any) -> None:
        out.json_line(result) if self._as_json else out.line(json.dumps(result, ensure_ascii=False, indent=2))

    def _status(self, words: list[str]) -> None:
        facts = self.server.rpc("status.get", {})
        self._print(facts) if self._as_json else out.pairs(shown.status(facts))

    def _calls(self, words: list[str]) -> None:
        found = list(self.server.items("/calls"))
        if self._as_json:
            self._print(found)
        else:
            out.table(shown.CALLS, shown.calls(found, datetime.now(UTC)), "no calls")

    def _call(self, words: list[str]) -> None:
        if not 1 <= len(words) <= 2:
            raise ValueError("write it as: call A [B]")
        made = self.server.rpc("calls.originate", dict(zip(("from", "to"), words, strict=False)))
        self._print(made) if self._as_json else out.line(shown.call(made))

    def _hangup(self, words: list[str]) -> None:
        if not 1 <= len(words) <= 2:
            raise ValueError("write it as: hangup CALL [CAUSE]")
        cause = {"cause": words[1].upper()} if words[1:] else {}
        ended = self.server.rpc("calls.hangup", {"call": call_id(words[0]), **cause})
        self._print(ended) if self._as_json else out.line(f"{ended['id']} hung up")

    def _help(self, words: list[str]) -> None:
        if not words:
            out.line(_HELP)
            return
        for name in self.methods.near(words[0]):
            out.line(f"{self.methods.usage(name)}\n    {self.methods.by_name[name].get('summary', '')}")

    def _switch_events(self, words: list[str]) -> None:
        if words[:1] not in (["on"], ["off"]):
            raise ValueError("write it as: /events on [TYPES], or /events off")
        self._end_events()
        if words[0] == "on":
            self._events = _Events(self.server, ",".join(words[1:]), self._tell)

    def _end_events(self) -> None:
        if self._events is not None:
            self._events.stop()
            self._events = None

    def _tell(self, text: str) -> None:
        """Print a line from beside; what is being typed stands below it again."""
        if self._prompt and readline is not None:
            sys.stdout.write(f"{_CLEAR}{text}\n{_PROMPT}{readline.get_line_buffer()}")
            sys.stdout.flush()
        else:
            out.line(text)


class _Over(Exception):
    """Nobody wants to hear any more."""


class _Events:
    """Hears events in a thread of its own."""

    def __init__(self, server: Server, types: str, tell: Callable[[str], None]) -> None:
        self._server = Server(server.url, server.key, server.ca)
        self._types, self._tell = types, tell
        self._over, self._begun = threading.Event(), threading.Event()
        self._response: httpx.Response | None = None
        self._thread = threading.Thread(target=self._hear, name="events", daemon=True)
        self._thread.start()
        self._begun.wait(_PATIENCE)  # so that what is done next is heard

    def stop(self) -> None:
        """Hear no more: the connection ends, and with it the wait for its next event."""
        self._over.set()
        if self._response is not None:
            connection: socket.socket = self._response.extensions["network_stream"].get_extra_info("socket")
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(_PATIENCE)

    def _hear(self) -> None:
        try:
            for event in hear(self._server, self._types, lost=self._lost, opened=self._opened):
                self._tell(out.clean(shown.event(event)))
        except _Over:
            pass
        except RemoteError as error:
            self._tell(f"no events: {error}")
        finally:
            self._begun.set()
            self._server.client.close()

    def _opened(self, response: httpx.Response) -> None:
        self._response = response
        self._begun.set()

    def _lost(self, why: str) -> None:
        if self._over.is_set():
            raise _Over
        self._tell(f"({why}; trying again)")


@contextlib.contextmanager
def _history(made: Console) -> Any:
    """Remember what was typed, also over the end of this; complete the names of commands by the tabulator."""
    if readline is None:
        yield
        return
    state = os.environ.get("XDG_STATE_HOME") or Path(os.environ.get("HOME", "/")) / ".local/state"
    file = Path(state) / "xswitch/console.history"
    readline.set_completer(made.complete)
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete")
    readline.set_history_length(_HISTORY)
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file.touch(mode=0o600)
            readline.write_history_file(file)
