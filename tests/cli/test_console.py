"""`xswitch console`: commands typed, or by a pipe."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell, environment

Facts = dict[str, Any]


def test_what_comes_by_a_pipe_is_done_line_by_line(shell: Shell) -> None:
    said = shell("console", input="status\n\n# a remark\ncalls\nusers.get name=1001\nexit\nnope\n")
    status, calls, user = re.fullmatch(r"(xswitch .*?)(no calls\n)(\{.*\})\n", said, re.DOTALL).groups()  # type: ignore[union-attr]
    assert "ready" in status
    assert calls
    assert json.loads(user)["name"] == "1001"


def test_facts_come_as_json_lines(shell: Shell) -> None:
    made = shell.run("console", "--json", input="status\ncalls\ncall 1000 9196\nusers.list limit=1\n")
    status, calls, call, users = map(json.loads, made.stdout.splitlines())
    assert (status["ready"], calls, call["id"][:5], len(users["items"])) == (True, [], "call_", 1)


def test_what_fails_is_told_and_the_rest_is_done(shell: Shell) -> None:
    lines = ["nope", "users.get nme=1", 'x "', "call", "hangup", "hangup x user_busy", "/events", "calls"]
    made = shell.run("console", input="\n".join(lines))
    assert (made.exit_code, made.stdout) == (1, "no calls\n")
    assert made.stderr.splitlines()[-1] == "xswitch: 7 of these failed"
    for part in ("there is no command nope", "name: Field required", "No closing quotation", "write it as: call A [B]",
                 "write it as: hangup", "there is no call 'call_x'", "write it as: /events on"):  # fmt: skip
        assert part in made.stderr


def test_help_is_given(shell: Shell) -> None:
    assert "hangup CALL" in shell("console", input="help\n")
    assert "calls.hangup call=... [cause=...]\n" in shell("console", input="help calls.hangup\n")


def test_events_scroll_by(demo: Facts, tmp_path: Path) -> None:
    environ = environment(tmp_path, XSWITCH_URL=demo["http"], XSWITCH_KEY=demo["api_key"])
    command = [sys.executable, "-m", "xswitch_py", "console"]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as made:
        assert made.stdin is not None and made.stdout is not None
        made.stdin.write("/events on call.*\ncall 1000 9196\n")
        made.stdin.flush()
        while "call.ended" not in made.stdout.readline():
            pass
        made.stdin.write("/events off\ncall 1000 9196\n")
        made.stdin.close()
        assert [line.split()[1] for line in made.stdout] == ["dialing"]
    assert made.returncode == 0


@pytest.fixture
def terminal(demo: Facts, tmp_path: Path) -> Iterator["Terminal"]:
    made = Terminal(demo, tmp_path)
    yield made
    made.close()


class Terminal:
    """The console on a terminal."""

    def __init__(self, demo: Facts, home: Path) -> None:
        self.ours, theirs = pty.openpty()
        self.seen = ""
        environ = environment(home, XSWITCH_URL=demo["http"], XSWITCH_KEY=demo["api_key"], TERM="xterm")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xswitch_py", "console"], env=environ, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self.ours, text.encode())

    def until(self, text: str) -> str:
        """Wait until it is shown; gives all that was since the last time."""
        end = time.monotonic() + 20
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self.ours], [], [], 0.1)[0]:
                self.seen += os.read(self.ours, 65536).decode("utf-8", "replace")
        before, found, self.seen = self.seen.partition(text)
        return before + found

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


def test_people_have_a_prompt_events_and_a_history_without_secrets(terminal: Terminal, tmp_path: Path) -> None:
    terminal.until("`exit` ends.")
    terminal.until("xswitch> ")
    terminal.type("/events on call.*\n")
    terminal.until("xswitch> ")
    terminal.type("call 1000 9196\n")
    terminal.until("call.ended")
    terminal.type("users.reset_password name=1009 what=phone password=new-word\n")
    terminal.until('"what"')
    terminal.type("/events off\ncal")
    terminal.type("ls\n")
    terminal.until("no calls")
    terminal.until("xswitch> ")
    terminal.type("\x04")
    assert terminal.process.wait(20) == 0
    kept = (tmp_path / ".local/state/xswitch/console.history").read_text()
    assert "call 1000 9196" in kept
    assert "new-word" not in kept
