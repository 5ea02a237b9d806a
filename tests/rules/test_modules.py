"""Every module is written the way all are."""

import ast
from collections.abc import Iterator
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


@pytest.fixture(params=MODULES, ids=named)
def module(request: pytest.FixtureRequest) -> tuple[Path, ast.Module]:
    path: Path = request.param
    return path, ast.parse(path.read_text("utf-8"))


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def exported(tree: ast.Module) -> list[str] | None:
    """Give the names in `__all__`, if there is one."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets):
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def test_it_opens_with_one_sentence(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    if path.read_text("utf-8").strip():
        said = (ast.get_docstring(tree) or "").splitlines()
        assert said, "has no docstring"
        assert said[0].endswith((".", ":"))


def test_it_says_what_others_may_import(module: tuple[Path, ast.Module]) -> None:
    path, tree = module
    names = exported(tree)
    if path.name == "__main__.py" or (path.name == "__init__.py" and len(tree.body) <= 1):
        assert names is None
    else:
        assert names, "has no __all__"


def test_nothing_private_is_exported(module: tuple[Path, ast.Module]) -> None:
    _, tree = module
    assert [name for name in exported(tree) or () if name.startswith("_") and not name.startswith("__")] == []


def test_no_function_is_too_long(module: tuple[Path, ast.Module]) -> None:
    _, tree = module
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(tree)}
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES} == {}


def test_it_is_not_too_long(module: tuple[Path, ast.Module]) -> None:
    path, _ = module
    lines = path.read_text("utf-8").count("\n")
    assert lines <= FILE_LINES or named(path) in LONG


def test_functions_import_nothing(module: tuple[Path, ast.Module]) -> None:
    _, tree = module
    inside = [
        node.name
        for node in functions(tree)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_imports_are_absolute(module: tuple[Path, ast.Module]) -> None:
    _, tree = module
    assert [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level] == []


def test_public_functions_and_classes_say_what_they_are_for(module: tuple[Path, ast.Module]) -> None:
    _, tree = module
    names = exported(tree) or ()
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name in names
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_long_files_are_listed_only_while_they_are_long() -> None:
    for name in LONG:
        assert (ROOT / name).read_text("utf-8").count("\n") > FILE_LINES


def test_nothing_is_called_utils() -> None:
    assert [named(path) for path in MODULES if path.stem in ("utils", "util", "helpers", "misc", "common")] == []
