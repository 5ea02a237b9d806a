"""Every item of the conformance checklists is cited by a test: V1 to V62 of Verto, S1 to S110 of SIP.

Items of what is not built are left out: of Verto those in `LATER`, of SIP those that the README of the library lists.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
LATER: Final = {41, *range(47, 57), 61}  # conferences and screens; V49 and V53 to V55 are about nothing else
CITED: Final = re.compile(r"\bV([1-9][0-9]?)\b")
DOCSTRING: Final = re.compile(r'^ *(?:async )?def test_(?:[^"]|"(?!""))*?:\n +"""(.*?)"""', re.MULTILINE | re.DOTALL)

README: Final = TESTS.parent / "xswitch_py" / "pysip" / "README.md"
LEFT_OUT: Final = "## What is left out"
SIP_ITEMS: Final = [f"S{number}" for number in range(1, 111)]


def files() -> list[Path]:
    """All files of tests."""
    return [path for path in TESTS.rglob("test_*.py") if "node_modules" not in path.parts]


@cache
def cited() -> set[int]:
    """The Verto items that docstrings of tests name."""
    found = set[int]()
    for path in files():
        for docstring in DOCSTRING.findall(path.read_text()):
            found |= {int(number) for number in CITED.findall(docstring)}
    return found


def marked(source: str) -> set[str]:
    """The items of all marks that a test has: on it or its class, in `pytestmark`, or on one of its parameters."""
    return {item for place in _places(ast.parse(source)) for item in _items(place)}


def left_out(readme: str) -> set[str]:
    """The SIP items listed under the heading: each line of the list names them first, as in "- S1, S2: why"."""
    section = readme.partition(f"{LEFT_OUT}\n")[2].partition("\n## ")[0]
    named = re.findall(r"^- ((?:S[0-9]+(?:, )?)+):", section, re.MULTILINE)
    return {item for names in named for item in names.split(", ")}


@pytest.mark.parametrize("number", [number for number in range(1, 63) if number not in LATER])
def test_each_item_is_proven_by_a_test_that_names_it(number: int) -> None:
    assert number in cited()


@pytest.mark.parametrize("item", SIP_ITEMS)
def test_each_item_of_sip_is_proven_by_a_test_that_is_marked_with_it(item: str, sip_marks: set[str]) -> None:
    assert (item in sip_marks) != (item in left_out(README.read_text()))


def test_no_mark_names_what_is_no_item(sip_marks: set[str]) -> None:
    assert sip_marks <= set(SIP_ITEMS)


def test_marks_are_found_wherever_they_may_be() -> None:
    source = """
import pytest
pytestmark = [pytest.mark.item("S1"), pytest.mark.slow]
@pytest.mark.item("S2")
class TestA:
    pytestmark = pytest.mark.item("S3")
    @pytest.mark.item("S4")
    @pytest.mark.item("S5")
    async def test_b(self): ...
@pytest.mark.parametrize("x", [pytest.param(1, marks=[pytest.mark.item("S6")]), pytest.param(2, marks=m.item("S0"))])
def test_c(x): ...
@pytest.mark.item("S0")
def helper(): ...
OTHER = pytest.mark.item("S0")
"""
    assert marked(source) == {"S1", "S2", "S3", "S4", "S5", "S6"}


def test_what_is_left_out_is_read() -> None:
    readme = f"x\n- S1: no\n{LEFT_OUT}\n\nBecause S2.\n\n- S3, S4: why\n- Others.\n\n## More\n- S5: no\n"
    assert left_out(readme) == {"S3", "S4"}


@pytest.fixture(scope="module")
def sip_marks() -> set[str]:
    return {item for path in files() for item in marked(path.read_text())}


def _places(module: ast.Module) -> Iterator[ast.expr]:
    """Where the marks of tests stand: decorators of tests and their classes, and what `pytestmark` is set to."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test_"):
                yield from node.decorator_list
            case ast.ClassDef(name=name) if name.startswith("Test"):
                yield from node.decorator_list
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                yield value


def _items(place: ast.expr) -> Iterator[str]:
    for node in ast.walk(place):
        match node:
            case ast.Call(func=called, args=[ast.Constant(value=str(item))]) if (
                ast.unparse(called) == "pytest.mark.item"
            ):
                yield item
