"""What the checks of the switch say has words in the site, so that it can be read in every language."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xswitch_py import app_checks

_WORDS: Final = Path(__file__).parents[2] / "web/admin/words/en/doctor.js"
_MAKERS: Final = ("good", "warn", "fail", "skip")
_JOINED: Final = {
    "<>: <> is <>", "<>: <>", "<>; signed by ourselves", "<>", "Python <>, <>", "pip install <>", "chmod <>",
    "pip install '<>==<>.*'",
}  # fmt: skip
"""Put together of what is said elsewhere, or commands and names that are the same in all languages."""


def test_all_that_the_checks_say_has_words() -> None:
    known = [
        re.compile(re.sub(r"\\\{\w+\\\}", ".+?", re.escape(phrase)) + r"\Z")
        for _, phrase in re.findall(r"""^ +"doctor\.([\w.]+)":\s+["'](.*)["'],$""", _WORDS.read_text(), re.MULTILINE)
        for phrase in [json.loads(f'"{phrase}"') if "\\" in phrase else phrase]
    ]
    said = {*_said(ast.parse(Path(app_checks.__file__).read_text()))} - _JOINED
    assert len(known) > 40 and len(said) > 40
    assert [each for each in sorted(said) if not any(pattern.match(each) for pattern in known)] == []


def _said(tree: ast.Module) -> Iterator[str]:
    """List the second and third arguments of what makes checks, and what is put into variables for that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS:
            yield from (text for each in node.args[1:] if (text := _text(each)))
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("fix", "text"):
            yield from filter(None, [_text(node.value)])


def _text(node: ast.expr) -> str:
    """Write a string with `<>` for each gap; whatever else it is, nothing."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return re.sub(r"chmod .*", "chmod <>", "".join(_text(part) or "<>" for part in node.values))
    return ""
