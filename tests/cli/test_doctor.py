"""`xswitch doctor`: the program itself, beside a switch that runs, and without."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell, run

Facts = dict[str, Any]
FREE = ("--set", "listen.http=127.0.0.1:0", "--set", "listen.https=127.0.0.1:0", "--set", "media.webrtc_port=0",
        "--set", "listen.sip_udp=", "--set", "listen.sip_tcp=", "--set", "listen.sip_tls=")  # fmt: skip


def examined(home: Path, code: int, *arguments: str, **more: str) -> dict[str, dict[str, Any]]:
    """Run it with `--json`; gives the last check of each name."""
    made = run(home, "doctor", "--json", *FREE, *arguments, **more)
    assert (made.returncode, made.stderr) == (code, "")
    found = json.loads(made.stdout)
    assert found["good"] == (code == 0)
    return {check["name"]: check for check in found["checks"]}


def test_a_tone_is_heard_in_a_call_of_its_own(demo: Facts, tmp_path: Path) -> None:
    made = run(tmp_path, "doctor", *FREE, XSWITCH_URL=demo["http"], XSWITCH_KEY=demo["api_key"])
    assert made.returncode == 0, made.stdout
    assert "\nok    call: 9197 is answered, and its tone heard: 1004 Hz at -13 dB, PCMU\n" in made.stdout
    assert made.stdout.endswith("\nall is well\n")
    assert "\x1b" not in made.stdout


def test_it_calls_by_tls_too(demo: Facts, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(demo["tls_ca"])
    found = examined(tmp_path, 0, "--ca", str(tmp_path / "ca.pem"), "--url", demo["https"], "--key", demo["api_key"])
    assert (found["server"]["state"], found["call"]["state"]) == ("ok", "ok")


def test_what_is_no_tone_fails(demo: Facts, shell: Shell, tmp_path: Path) -> None:
    there = ("--url", demo["http"], "--key", demo["api_key"])
    call = examined(tmp_path, 1, "--number", "9198", *there)["call"]
    assert (call["state"], "no steady tone" in call["text"]) == ("fail", True)
    call = examined(tmp_path, 1, "--number", "1000", *there)["call"]
    assert (call["state"], "USER_NOT_REGISTERED" in call["text"], bool(call["fix"])) == ("fail", True, True)


def test_without_a_key_the_rest_is_not_looked_at(demo: Facts, tmp_path: Path) -> None:
    found = examined(tmp_path, 0, "--url", demo["http"])
    assert [found[name]["state"] for name in ("server", "ready", "API key", "call")] == ["ok", "ok", "warn", "skip"]
    found = examined(tmp_path, 1, "--url", demo["http"], "--key", "xs_wrong")
    assert (found["API key"]["state"], found["call"]["state"]) == ("fail", "skip")


def test_without_a_switch_the_rest_is_looked_at(tmp_path: Path) -> None:
    found = examined(tmp_path, 0, "--url", "http://127.0.0.1:1")
    assert (found["server"]["state"], found["certificate"]["state"], "call" in found) == ("skip", "ok", False)
    assert not (tmp_path / ".local").exists()


def test_a_key_that_others_can_read_is_found(tmp_path: Path) -> None:
    key = tmp_path / ".config/xswitch/key"
    key.parent.mkdir(parents=True)
    key.write_text("xs_word\n")
    key.chmod(0o644)
    assert examined(tmp_path, 1, "--url", "http://127.0.0.1:1")["key file"]["fix"] == f"chmod 600 {key}"


@pytest.mark.parametrize("wrong", ["[listen]\nhttp = 8081\n", "[nope]\nx = 1\n"])
def test_a_config_that_cannot_be_read_is_all_that_is_told(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(wrong)
    assert list(examined(tmp_path, 1, "--config", str(file))) == ["config"]
