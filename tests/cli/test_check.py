"""`xswitch check` judges everything that is configured."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from xswitch_py.cli.check import check


def judged(capsys: pytest.CaptureFixture[str], code: int, *arguments: Any, **named: Any) -> tuple[str, str]:
    """Run it; give what it said on standard output and standard error."""
    if code:
        with pytest.raises(typer.Exit) as ended:
            check(*arguments, **named)
        assert ended.value.exit_code == code
    else:
        check(*arguments, **named)
    said = capsys.readouterr()
    return said.out, said.err


def test_the_defaults_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(capsys, 0) == ("good\n", "")
    assert json.loads(judged(capsys, 0, as_json=True)[0]) == {"good": True, "problems": []}


def test_a_bad_config_is_told_in_clear_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[listen]\nhttp = 8081\n")
    said, told = judged(capsys, 2, path, ["call.ring_timeout=0"])
    assert said == ""
    assert told.splitlines() == [
        f'xswitch: {path}:2:1: listen.http = 8081: must be "host:port" such as "127.0.0.1:8081"',
        'xswitch: --set: call.ring_timeout = "0": must be seconds, from 1 to 3600',
    ]
    said, told = judged(capsys, 2, path, as_json=True)
    assert told == ""
    assert not json.loads(said)["good"]


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        ("dialplan", '[[rule]]\nnumber = "("\nsteps = ["fly"]\n', "rule 1: no action 'fly'"),
        ("dialplan", "[[rule]\n", ":1:7: "),
        ("permissions", 'user = ["verto"]\n', ":1:1: user = "),
        ("tones", '[tone]\nringback = "nowhere"\n', "nowhere"),
    ],
)
def test_the_other_files_are_judged_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, text: str, problem: str
) -> None:
    path = tmp_path / "other.toml"
    path.write_text(text)
    _, told = judged(capsys, 2, None, [f"files.{key}={path}"])
    assert all(line.startswith(f"xswitch: {path}") for line in told.splitlines())
    assert problem in told


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {"dialplan": "x = 1\n", "permissions": "x = 1\n", "tones": "x = 1\n"}
    for key, text in texts.items():
        (tmp_path / key).write_text(text)
    _, told = judged(capsys, 2, None, [f"files.{key}={tmp_path / key}" for key in texts])
    assert {line.split(": ")[1].split(":")[0] for line in told.splitlines()} == {str(tmp_path / key) for key in texts}


def test_music_must_be_a_recording_that_can_be_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tune.wav"
    path.write_text("no sound")
    _, told = judged(capsys, 2, None, [f"media.music={path}"])
    assert told.startswith("xswitch: media.music: tune.wav: no WAV file")


def test_ringback_must_be_a_tone_that_exists(capsys: pytest.CaptureFixture[str]) -> None:
    _, told = judged(capsys, 2, None, ["call.ringback=nothing"])
    assert "call.ringback" in told
