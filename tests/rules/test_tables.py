"""Tables are whole: every action is listed, every cause is mapped, every shipped file is good."""

import ast
import importlib
import tomllib
from pathlib import Path
from typing import Final

from xswitch_py import __version__, assets
from xswitch_py.actions import ACTIONS
from xswitch_py.base.cause import CAUSES, Cause
from xswitch_py.core import dialplan

ROOT: Final = Path(__file__).parents[2]


def test_every_action_is_listed() -> None:
    modules = {path.stem for path in (ROOT / "xswitch_py/actions").glob("*.py")} - {"__init__"}
    homes = {action.__module__.rpartition(".")[2] for action in map(_function, ACTIONS.values())}
    assert homes == modules


def test_every_action_has_the_name_of_its_module() -> None:
    for name, action in ACTIONS.items():
        assert hasattr(importlib.import_module(f"xswitch_py.actions.{name}"), name), action


def test_every_cause_is_mapped() -> None:
    assert set(CAUSES) == set(Cause)
    codes = [row.code for row in CAUSES.values()]
    assert len(codes) == len(set(codes))


def test_the_shipped_dialplan_uses_actions_that_exist() -> None:
    assert dialplan.load(tomllib.loads(assets.conf("dialplan.toml").read_text("utf-8")), ACTIONS)


def test_there_is_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__


def test_every_dependency_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {name.lower().replace("-", "_") for name in map(_bare, project["dependencies"])}
    named = {"argon2_cffi": "argon2", "dnspython": "dns"}
    assert {named.get(name, name) for name in declared} - _imported() == set()


def _function(action: object) -> object:
    return getattr(action, "run", action)


def _bare(requirement: str) -> str:
    return requirement.split(">")[0].split("=")[0].split("<")[0].strip()


def _imported() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "xswitch_py").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found
