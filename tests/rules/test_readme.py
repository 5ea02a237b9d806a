"""What the README tells people to type is there, and its programs are those of the examples."""

import os
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast
from urllib.parse import urlsplit

import pytest
import typer

from xswitch_py import assets
from xswitch_py.api.app import Gatekeeping, http_app
from xswitch_py.cli import main
from xswitch_py.core.commands import COMMANDS
from xswitch_py.core.commands.desk import Desk
from xswitch_py.models.shape import Model

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text("utf-8")
EXAMPLES: Final = ROOT / "examples"
BLOCKS: Final = [
    [line.strip() for line in lines]
    for code, lines in groupby(README.splitlines(), lambda line: line.startswith("    "))
    if code
]
SPANS: Final = re.findall(r"`([^`\n]+)`", README)
OF_CURL: Final = {"-N": 0, "-c": 1, "-b": 1, "-H": 1, "-F": 1, "--json": 1}  # options, and how many words belong to one
SENDS: Final = {"-F", "--json"}


def typed(command: str) -> list[list[str]]:
    """Give what is typed that begins with a command, or goes on with it behind `&&`."""
    lines = [re.split(r" {2,}# ", line)[0] for block in BLOCKS for line in block] + SPANS
    parts = (part.strip() for line in lines for part in line.split("&&"))
    return [shlex.split(part) for part in parts if re.match(rf"{command} \S", part)]


@pytest.fixture(scope="module")
def served() -> dict[str, Any]:
    """Describe what there is by HTTP."""
    desk = cast(Desk, SimpleNamespace(version=""))
    document: dict[str, Any] = http_app(desk, cast(Gatekeeping, SimpleNamespace()), assets.web()).openapi()
    return cast(dict[str, Any], document["paths"])


@pytest.mark.parametrize("words", typed("xswitch"), ids=" ".join)
def test_every_command_can_be_typed(words: list[str]) -> None:
    command: Any = typer.main.get_command(main.command)
    rest = words[1:]
    while hasattr(command, "resolve_command"):  # a group; it complains if there is no such command
        _, command, rest = command.resolve_command(typer.Context(command), rest)
    known = {option for each in command.params for option in each.opts} | {"--help"}
    assert {word for word in rest if word.startswith("--")} <= known
    if words[1] == "do" and not rest[0].startswith("-"):
        shape: type[Model] = COMMANDS[rest[0]].params
        assert {word.partition("=")[0] for word in rest[1:]} <= shape.model_fields.keys()


@pytest.mark.parametrize("words", typed("curl"), ids=" ".join)
def test_every_request_can_be_made(words: list[str], served: dict[str, Any]) -> None:
    rest, used, urls = words[1:], set[str](), list[str]()
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            used.add(word)
            del rest[: OF_CURL[word]]
        else:
            urls.append(word)
    (url,) = urls
    path = urlsplit(url.replace("$XSWITCH_URL", "http://localhost")).path
    assert ("post" if used & SENDS else "get") in served[path]


@pytest.mark.parametrize("sign", ["post(api", "ask(api", "@flow"])
def test_the_programs_are_those_of_the_examples(sign: str) -> None:
    (block,) = [block for block in BLOCKS if any(sign in line for line in block)]
    text = "".join(path.read_text("utf-8") for path in (EXAMPLES / "welcome.py", EXAMPLES / "flows" / "welcome.py"))
    assert "\n".join(block) in "\n".join(line.strip() for line in text.splitlines())


def test_the_flow_can_be_tested_as_it_says(tmp_path: Path) -> None:
    (first,) = [line for line in README.splitlines() if line.startswith("    from flows.")]
    text = README[README.index(first) :]
    lines = text[: text.index("\n- ")].splitlines()
    (tmp_path / "test_welcome.py").write_text("\n".join(line.removeprefix("    ") for line in lines))
    plugins = "-p", "pytest_asyncio.plugin", "-p", "xswitch_py.pytest_plugin", "-p", "no:cacheprovider"
    words = sys.executable, "-m", "pytest", *plugins, "-o", "asyncio_mode=auto", "--rootdir", tmp_path, tmp_path
    here = {"PYTHONPATH": os.pathsep.join([str(EXAMPLES), str(ROOT)]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=os.environ | here, capture_output=True, timeout=60)
    assert b"1 passed" in done.stdout, done.stdout.decode()


def test_every_file_that_it_points_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    named = [word for words in typed("python") for word in words if word.endswith(".py")]
    assert [each for each in links + named if not (ROOT / each).exists()] == []
    assert "examples/welcome.py" in named
