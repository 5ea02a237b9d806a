"""`xswitch export`: what generators of clients read."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell

Facts = dict[str, Any]


@pytest.mark.parametrize(("which", "inside"), [("openapi", "paths"), ("openrpc", "methods")])
def test_without_a_switch_it_is_the_same_as_of_one(nowhere: Shell, demo: Facts, which: str, inside: str) -> None:
    ours = json.loads(nowhere("export", which))
    theirs = json.loads(nowhere("export", which, "--url", demo["http"]))
    assert len(ours[inside]) > 20
    assert ours == theirs


def test_it_is_written_to_a_file(nowhere: Shell, tmp_path: Path) -> None:
    assert nowhere("export", "openrpc", "-o", str(tmp_path / "x.json")) == ""
    assert json.loads((tmp_path / "x.json").read_text())["openrpc"]
    assert "cannot be written" in nowhere("export", "openrpc", "-o", str(tmp_path / "no/x.json"), code=1)


def test_there_are_two(nowhere: Shell) -> None:
    nowhere("export", "nope", code=2)
    assert "nothing answers" in nowhere("export", "openapi", "--url", "http://127.0.0.1:1", code=1)
