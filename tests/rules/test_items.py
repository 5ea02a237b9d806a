"""Every item of the Verto conformance checklist is cited by a test: V1 to V62, but those of what is not built yet."""

import re
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
LATER: Final = {41, *range(47, 57), 61}  # conferences and screens; V49 and V53 to V55 are about nothing else
CITED: Final = re.compile(r"\bV([1-9][0-9]?)\b")
DOCSTRING: Final = re.compile(r'^ *(?:async )?def test_(?:[^"]|"(?!""))*?:\n +"""(.*?)"""', re.MULTILINE | re.DOTALL)


def cited() -> set[int]:
    """The items that docstrings of tests name."""
    found = set[int]()
    for path in TESTS.rglob("test_*.py"):
        if "node_modules" not in path.parts:
            for docstring in DOCSTRING.findall(path.read_text()):
                found |= {int(number) for number in CITED.findall(docstring)}
    return found


@pytest.mark.parametrize("number", [number for number in range(1, 63) if number not in LATER])
def test_each_item_is_proven_by_a_test_that_names_it(number: int) -> None:
    assert number in cited()
