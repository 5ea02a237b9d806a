"""Every module is written the way all are."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = sorted((ROOT / "xswitch_py").rglob("*.py"))
FUNCTION_LINES: Final = 60
FILE_LINES: Final = 400

# Files that are longer, and why.
LONG: Final[dict[str, str]] = {}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def modules() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in MODULES}


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def exported(tree: ast.Module) -> list[str] | None:
    """Give the names in `__all__`, if there is one."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets):
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def opens_with_one_sentence(path: Path, tree: ast.Module) -> object:
    said = (ast.get_docstring(tree) or "").splitlines()
    return bool(path.read_text("utf-8").strip()) and not (said and said[0].endswith((".", ":")))


def says_what_others_may_import(path: Path, tree: ast.Module) -> object:
    names = exported(tree)
    if path.name == "__main__.py" or (path.name == "__init__.py" and len(tree.body) <= 1):
        return names is not None
    return not names


def exports_nothing_private(path: Path, tree: ast.Module) -> object:
    return [name for name in exported(tree) or () if name.startswith("_") and not name.startswith("__")]


def has_no_long_function(path: Path, tree: ast.Module) -> object:
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(tree)}
    return {name: length for name, length in lengths.items() if length > FUNCTION_LINES}


def is_not_too_long(path: Path, tree: ast.Module) -> object:
    lines = path.read_text("utf-8").count("\n")
    return lines if lines > FILE_LINES and named(path) not in LONG else 0


def imports_nothing_in_functions(path: Path, tree: ast.Module) -> object:
    return [
        node.name
        for node in functions(tree)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def imports_by_whole_names(path: Path, tree: ast.Module) -> object:
    return [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


def says_what_is_public_for(path: Path, tree: ast.Module) -> object:
    names = exported(tree) or ()
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name in names
        and not ast.get_docstring(node)
    ]


RULES: Final[tuple[Callable[[Path, ast.Module], object], ...]] = (  # each gives what is wrong with a module
    opens_with_one_sentence,
    says_what_others_may_import,
    exports_nothing_private,
    has_no_long_function,
    is_not_too_long,
    imports_nothing_in_functions,
    imports_by_whole_names,
    says_what_is_public_for,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module(rule: Callable[[Path, ast.Module], object], modules: dict[Path, ast.Module]) -> None:
    assert {named(path): wrong for path, tree in modules.items() if (wrong := rule(path, tree))} == {}


def test_long_files_are_listed_only_while_they_are_long() -> None:
    for name in LONG:
        assert (ROOT / name).read_text("utf-8").count("\n") > FILE_LINES


def test_nothing_is_called_utils() -> None:
    assert [named(path) for path in MODULES if path.stem in ("utils", "util", "helpers", "misc", "common")] == []
