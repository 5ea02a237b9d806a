"""The commands that ask a running switch: each once as text and as JSON, and what they say when they may not."""

import json
import os
import re
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.shell import Shell, run, serving

Facts = dict[str, Any]
NOBODY = "http://127.0.0.1:1"
CALL = re.compile(r"call_[0-9a-f-]{36}")


def test_status(shell: Shell) -> None:
    facts = shell.json("status")
    assert facts["ready"] is True
    said = shell("status")
    assert re.match(rf"xswitch +{re.escape(facts['version'])}, ready, up ", said)
    assert "\x1b" not in said


def test_a_call_is_placed_and_traced_also_when_it_is_over(shell: Shell) -> None:
    made = shell("call", "1000", "9196")
    assert re.fullmatch(rf"{CALL.pattern} \w+\n", made)
    name = made.split()[0]
    assert f"{name}  " in shell("trace", name, "--width", "80")
    traced = shell.json("trace", name.removeprefix("call_"))
    assert traced["call"] == name
    assert [entry["text"] for entry in traced["entries"]]
    assert "there is no call" in shell("hangup", name, code=1)


def test_a_call_that_fails_says_why(shell: Shell) -> None:
    assert shell("call", "1000", "9196", "--wait", code=1) == "xswitch: the call failed: USER_NOT_REGISTERED\n"
    made = shell.json("call", "1001", "--var", "a=b", "--caller-name", "Alice", "--ring-for", "5")
    assert (made["variables"]["a"], made["caller"]["number"]) == ("b", "1001") or made["id"]
    assert "--var: x: write it as name=value" in shell("call", "1000", "--var", "x", code=2)
    assert "ring_for: " in shell("call", "1000", "--ring-for", "0", code=2)


def test_calls_when_there_are_none(shell: Shell) -> None:
    assert shell("calls") == "no calls\n"
    assert shell.json("calls", "--limit", "3") == []


def test_routes_are_added_listed_moved_explained_and_removed(shell: Shell) -> None:
    made = shell.json(
        "route", "add", "answer", "echo", "--number", "77", "--name", "seven", "--hours", "mon-sun 00:00-24:00"
    )
    other = shell.json("route", "add", "hangup USER_BUSY", "--number", "7.*", "--position", "1")
    assert shell.json("route", "move", other["id"], "2")["position"] == 2
    rows = [line.split()[:3] for line in shell("route", "list").splitlines()[1:3]]
    assert rows == [[made["id"], "database", "1"], [other["id"], "database", "2"]]
    assert [route["id"] for route in shell.json("route", "list")][:2] == [made["id"], other["id"]]
    assert re.search(
        rf"{made['id']} seven \(database\): fits\n  -> answer\n  -> echo\n", shell("route", "explain", "77")
    )
    assert "bridge 1001\n       1. user 1001: not registered" in shell("route", "explain", "1001", "--user", "1000")
    assert shell.json("route", "explain", "78")["route"] == other["id"]
    shell("route", "remove", made["id"])
    shell("route", "remove", other["id"])
    assert "there is no route" in shell("route", "remove", made["id"], code=1)


def test_a_call_that_no_rule_takes_is_explained_as_a_failure(shell: Shell) -> None:
    failed = shell.run("route", "explain", "+77")
    assert (failed.exit_code, failed.stdout.splitlines()[-1]) == (1, "  fails: NO_ROUTE_DESTINATION")


def test_a_rule_that_makes_no_sense_is_wrong_use(shell: Shell) -> None:
    assert "steps" in shell("route", "add", "nope", "--number", "77", code=2)
    assert "number" in shell("route", "add", "answer", "--number", "(", code=2)


def test_gateways_are_added_listed_changed_and_removed(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("gateway-word\n")
    said = shell(
        "gateway", "add", "one", "127.0.0.1:9", "ping=0", "username=77", "--password-file", str(tmp_path / "secret")
    )
    assert "gateway-word" not in said
    shell("gateway", "add", "two", "127.0.0.1:9", "ping=0", "--password-file", "-", "username=78", input="other-word\n")
    one, two = shell.json("gateway", "list")
    assert (one["username"], one["has_password"], two["username"], two["has_password"]) == ("77", True, "78", True)
    assert [line.split()[0] for line in shell("gateway", "list").splitlines()] == ["NAME", "one", "two"]
    assert shell.json("gateway", "set", "two", "max_calls=5", 'codecs=["PCMU"]')["max_calls"] == 5
    assert "KEY=VALUE" in shell("gateway", "set", "two", code=2)
    assert shell.json("gateway", "ping", "one")["state"]
    assert shell("gateway", "ping", "one").startswith("one ")
    assert "xswitch: " in shell("gateway", "register", "one", code=1)  # it is not one that registers
    assert "xswitch: " in shell("gateway", "unregister", "one", code=1)
    shell("gateway", "remove", "one")
    shell("gateway", "remove", "two")
    assert shell("gateway", "list") == "no gateways yet: xswitch gateway add NAME PROXY\n"
    assert "there is no gateway" in shell("gateway", "ping", "one", code=1)


def test_a_key_is_shown_once_and_bounds_what_may_be_done(shell: Shell) -> None:
    made = shell.run("key", "add", "reader", "--scope", "calls:read", "--days", "1", "--network", "127.0.0.0/8")
    secret = made.stdout.strip()
    assert re.fullmatch(r"xs_\S+", secret)
    assert "not shown again" in made.stderr
    (key,) = [each for each in shell.json("key", "list") if each["name"] == "reader"]
    assert secret not in shell("key", "list")
    assert shell("calls", XSWITCH_KEY=secret) == "no calls\n"
    assert shell("hangup", "x", code=1, XSWITCH_KEY=secret) == "xswitch: not allowed: this needs calls:write\n"
    shell("key", "remove", key["id"])
    assert "not known there" in shell("calls", code=1, XSWITCH_KEY=secret)
    assert shell.json("key", "add", "other")["secret"].startswith("xs_")


def test_users_of_a_running_switch(shell: Shell, demo: Facts) -> None:
    there = ("--url", demo["http"])
    assert "1000" in [user["name"] for user in shell.json("user", "list", *there)]
    shell("user", "add", "77", "--password", "secret-word", "--display-name", "Seven", *there)
    shell("user", "set", "77", "--disabled", *there)
    word = shell("user", "reset-password", "77", "--web", "--made-up", *there).strip()
    assert len(word) >= 12
    (user,) = [user for user in shell.json("user", "list", *there) if user["name"] == "77"]
    assert (user["display_name"], user["enabled"], user["has_web_password"]) == ("Seven", False, True)
    shell("user", "remove", "77", *there)
    assert "there is no user '77'" in shell("user", "remove", "77", *there, code=1)
    assert "not both" in shell("user", "list", "--set", "domain=x", *there, code=2)


def test_do_does_any_command(shell: Shell, tmp_path: Path) -> None:
    assert shell.json("do", "users.get", "name=1000")["name"] == "1000"
    assert json.loads(shell("do", "users.list", "limit=2", "total=true"))["total"] >= 20
    (tmp_path / "word").write_text("secret-of-a-file\n")
    said = shell("do", "users.create", "name=79", f"phone_secret=@{tmp_path / 'word'}")
    assert "secret-of-a-file" not in said
    assert shell("do", "users.remove", "name=79") == "null\n"
    assert "known are users.get" in shell("do", "users.gett", code=2)
    assert "known are bridges.add, bridges." in shell("do", "bridges.nothing", code=2)
    assert "write it as key=value" in shell("do", "users.get", "1000", code=2)
    assert "name: Field required" in shell("do", "users.get", code=2)
    assert "--list" in shell("do", code=2)
    assert "@FILE" in shell("do", "users.get", "name=@/nonexistent/x", code=2)


def test_do_lists_all_commands(shell: Shell) -> None:
    said = shell("do", "--list", "calls.hang")
    assert said == "calls.hangup call=... [cause=...]\n    Hang up a call.\n"
    names = [method["name"] for method in shell.json("do", "--list")]
    assert {"status.get", "calls.originate", "XNode.Dial"} <= set(names)


def test_events_come_as_lines_and_as_json(shell: Shell) -> None:
    name = shell("call", "1000", "9196").split()[0]
    first = shell.json("events", "--count", "1", "--types", "call.created", "--after", "evt_none_0")
    assert first["type"] in ("events.gap", "call.created")
    shell("call", "1000", "9196")
    (line,) = shell("events", "--count", "1", "--types", "call.ended", "--after", "evt_none_0").splitlines()
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3} (call\.ended|events\.gap) ", line)
    assert name.startswith("call_")
    assert "types" in shell("events", "--types", "Nope", code=2)


def test_events_come_to_the_program_itself(demo: Facts, shell: Shell, tmp_path: Path) -> None:
    shell("call", "1000", "9196")
    made = run(
        tmp_path, "events", "--count", "1", "--json", "--after", "evt_none_0",
        XSWITCH_URL=demo["http"], XSWITCH_KEY=demo["api_key"],
    )  # fmt: skip
    assert (made.returncode, made.stderr, json.loads(made.stdout)["node"]) == (0, "", shell.json("status")["node"])


def test_without_a_server_everybody_says_so_in_one_line(nowhere: Shell) -> None:
    expected = f"xswitch: nothing answers at {NOBODY}; is `xswitch serve` running? --url names another\n"
    for words in (["status"], ["calls"], ["call", "1"], ["hangup", "x"], ["trace", "x"], ["events"], ["console"],
                  ["route", "list"], ["gateway", "list"], ["key", "list"], ["do", "x"], ["user", "list"]):  # fmt: skip
        assert nowhere(*words, "--url", NOBODY, code=1) == expected


def test_without_a_key_it_is_said_where_keys_come_from(nowhere: Shell, demo: Facts) -> None:
    assert "this needs an API key" in nowhere("status", "--url", demo["http"], code=1)
    assert "not known there" in nowhere("status", "--url", demo["http"], "--key", "xs_wrong", code=1)


def test_a_key_is_found_where_it_may_lie(nowhere: Shell, demo: Facts, tmp_path: Path) -> None:
    there, file, usual = ("--url", demo["http"]), tmp_path / "key", tmp_path / ".config/xswitch/key"
    file.write_text(f"{demo['api_key']}\n")
    assert nowhere("calls", *there, "--key-file", str(file))
    assert nowhere("calls", *there, XSWITCH_KEY_FILE=str(file))
    usual.parent.mkdir(parents=True)
    usual.write_text(file.read_text())
    assert nowhere("calls", *there)
    assert "not known there" in nowhere("calls", *there, code=1, XSWITCH_KEY="xs_wrong")
    assert nowhere("calls", *there, "--key-file", str(file), XSWITCH_KEY="xs_wrong")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--url", "nowhere"], "is no address"),
        (["--url", "ftp://x"], "is no address"),
        (["--url", "http://x:99999"], "is no address"),
        (["--key", "a", "--key-file", "b"], "not both"),
        (["--key-file", "/nonexistent/key"], "cannot be read"),
        (["--key", "a\nb"], "is not one"),
        (["--url", "https://127.0.0.1:1", "--ca", "/nonexistent/ca"], "--ca"),
    ],
)
def test_what_is_written_wrong_is_said_before_anybody_is_asked(nowhere: Shell, words: list[str], said: str) -> None:
    assert said in nowhere("status", *words, code=2)


def test_a_certificate_must_be_trusted(shell: Shell, demo: Facts, tmp_path: Path) -> None:
    assert "is not trusted" in shell("status", "--url", demo["https"], code=1)
    (tmp_path / "ca.pem").write_text(demo["tls_ca"])
    assert shell("status", "--url", demo["https"], "--ca", str(tmp_path / "ca.pem"))
    assert httpx.get(demo["https"], verify=ssl.create_default_context(cadata=demo["tls_ca"])).status_code < 500


def test_what_is_no_xswitch_is_told(shell: Shell) -> None:
    for answer in (b"<html>", b"{"):
        with serving(answer) as (url, _):
            assert "not as xswitch does" in shell("status", "--url", url, code=1)


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["status"], 0), (["serve", "--set", "domian=x"], 2)])
def test_it_starts_quickly(shell: Shell, demo: Facts, tmp_path: Path, words: list[str], code: int) -> None:
    def spent() -> float:
        times = os.times()
        return times.children_user + times.children_system

    best = 10.0
    for _ in range(3):
        before = spent()
        assert run(tmp_path, *words, XSWITCH_URL=demo["http"], XSWITCH_KEY=demo["api_key"]).returncode == code
        best = min(best, spent() - before)
    assert best < 1.0  # seconds of CPU; 0.1 and 0.4 where nothing else goes on
